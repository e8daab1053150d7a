/* SPDX-License-Identifier: MIT
 * Fuzz target of utf8. Property: it agrees with a second reading, written the other way round: decode, judge the number,
 * encode. */
#include "codec/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static size_t encode(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 63));
    out[0] = (uint8_t)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}

/* Length of the code point at p that encodes to these very bytes; 0 when there is none. */
static size_t reference(const uint8_t *p, size_t size, uint32_t *code)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > size)
        return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 63);
    uint8_t again[4];
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || encode(c, again) != n || memcmp(p, again, n) != 0)
        return 0;
    *code = c;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = {(const char *)data, size};
    size_t at = 0, count = 0;
    bool valid = true, controls = false;
    while (valid && at < size) {
        uint32_t c = 0;
        size_t n = reference(data + at, size - at, &c);
        valid = n > 0;
        controls = controls || c < 0x20 || (c >= 0x7f && c < 0xa0);
        at += n;
        count++;
    }
    INVARIANT(utf8_valid(text) == valid);
    INVARIANT(utf8_no_controls(text) == (valid && !controls));
    if (valid)
        INVARIANT(utf8_length(text) == count);
    return 0;
}
