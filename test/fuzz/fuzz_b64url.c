/* SPDX-License-Identifier: MIT
 * Fuzz target of b64url. Property: a text that decodes encodes to itself, and any bytes survive encoding. */
#include "codec/b64url.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(8 << 20);
    str input = {(const char *)data, size};
    uint8_t *out = arena_take(a, size + 1);
    size_t n;
    if (out == NULL || size > 1 << 20) {
        arena_release(a);
        return 0;
    }
    if (size > 0 && !FAILED(b64url_decode(input, out, size, &n))) {
        INVARIANT(B64URL_LENGTH(n) == size);
        INVARIANT(str_equal(b64url_encode(a, out, n), input));
        INVARIANT(!FAILED(b64url_decode_exact(input, out, n)));
        INVARIANT(n == 0 || FAILED(b64url_decode(input, out, n - 1, &n)));
    }
    str text = b64url_encode(a, data, size);
    struct buf b = buf_new(a, 4 << 20);
    str joined;
    b64url_add(&b, data, size);
    INVARIANT(!FAILED(buf_done(&b, &joined)) && str_equal(joined, text));
    INVARIANT(!FAILED(b64url_decode(text, out, size, &n)) && n == size && (size == 0 || memcmp(out, data, size) == 0));
    str plain;
    if (!FAILED(b64_decode(a, input, &plain)))
        INVARIANT(plain.n <= size);
    arena_release(a);
    return 0;
}
