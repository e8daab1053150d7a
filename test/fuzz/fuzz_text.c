/* SPDX-License-Identifier: MIT
 * Fuzz target of text. Properties: what came out of a form goes in again as it is; a username's key holds nothing that is not ASCII of the
 * allowed kind or beyond ASCII, and no text that cannot be read is a username. */
#include "codec/text.h"
#include "codec/utf8.h"

#include "base/banned.h"

static void same_twice(struct arena *a, err (*form)(struct arena *, str, str *), str text)
{
    str once, twice;
    if (FAILED(form(a, text, &once)))
        return;
    INVARIANT(utf8_valid(once));
    INVARIANT(!FAILED(form(a, once, &twice)) && str_equal(once, twice));
}

static void username(struct arena *a, str text)
{
    str shown, key, again, same;
    bool readable = false;
    if (FAILED(text_username(a, text, &shown, &key)))
        return;
    INVARIANT(!FAILED(text_username(a, key, &again, &same)) && str_equal(key, same));
    INVARIANT(!FAILED(text_username(a, shown, &again, &same)) && str_equal(key, same) && str_equal(shown, again));
    for (size_t i = 0; i < key.n; i++)
        INVARIANT((unsigned char)key.p[i] >= 0x80 || (key.p[i] >= '!' && key.p[i] <= '~' && !(key.p[i] >= 'A' && key.p[i] <= 'Z')) ||
                  (key.p[i] == ' ' && i > 0 && i + 1 < key.n && key.p[i + 1] != ' '));
    INVARIANT(key.n == 0 || (!FAILED(text_readable(a, key, &readable)) && readable));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MEMORY = 8 << 20, LONGEST = 512 };
    str text = {(const char *)data, size}, skeleton;
    bool readable;
    if (size > LONGEST || !utf8_valid(text))
        return 0;
    struct arena *a = arena_new(MEMORY);
    INVARIANT(a != NULL);
    same_twice(a, text_nfc, text);
    same_twice(a, text_password, text);
    same_twice(a, text_fold, text);
    (void)!FAILED(text_skeleton(a, text, &skeleton));
    if (!FAILED(text_readable(a, text, &readable)) && readable)
        INVARIANT(utf8_no_controls(text));
    username(a, text);
    arena_release(a);
    return 0;
}
