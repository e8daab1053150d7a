/* SPDX-License-Identifier: MIT
 * Fuzz target of percent and html. Properties: what decodes is UTF-8 without NUL and survives encoding and decoding; escaped
 * HTML holds no character that ends text or an attribute. */
#include "codec/percent.h"

#include "codec/html.h"
#include "codec/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void check_round(struct arena *a, str text)
{
    struct buf b = buf_new(a, 8 << 20);
    str encoded, again;
    percent_add(&b, text);
    INVARIANT(!FAILED(buf_done(&b, &encoded)));
    INVARIANT(!FAILED(percent_decode(a, encoded, PERCENT_PLUS_SPACE, &again)) && str_equal(again, text));
    INVARIANT(!FAILED(percent_decode(a, encoded, PERCENT_PLUS_LITERAL, &again)) && str_equal(again, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    struct arena *a = arena_new(64 << 20);
    str input = {size > 0 ? (const char *)data : "", size}, text;
    if (!FAILED(percent_decode(a, input, PERCENT_PLUS_SPACE, &text))) {
        INVARIANT(utf8_valid(text) && memchr(text.p, '\0', text.n) == NULL);
        check_round(a, text);
    }
    if (!FAILED(percent_decode(a, input, PERCENT_PLUS_LITERAL, &text)))
        check_round(a, text);
    if (utf8_valid(input))
        check_round(a, input);
    struct buf b = buf_new(a, 8 << 20);
    str html;
    html_add(&b, input);
    INVARIANT(!FAILED(buf_done(&b, &html)) && html.n >= size);
    for (size_t i = 0; i < html.n; i++)
        INVARIANT(memchr("<>\"'", html.p[i], 4) == NULL);
    arena_release(a);
    return 0;
}
