/* SPDX-License-Identifier: MIT
 * Fuzz target of message. The first byte chooses: 0 and 1, a wish for languages: some language is chosen, and a wish for what was chosen
 * chooses it again; 2, a text: its pieces put together are the text, and shown without arguments it is itself; 3, a plural rule: no form
 * that is not there. */
#include "base/message.h"

#include <string.h>

#include "base/banned.h"

static void check_choice(str wish, bool header)
{
    const struct message_language *l = header ? message_choose(STR_ABSENT, wish) : message_choose(wish, STR_ABSENT);
    bool here = false;
    for (size_t i = 0; message_language_at(i); i++)
        here = here || message_language_at(i) == l;
    INVARIANT(here && message_choose(message_tag(l), wish) == l && message_choose(STR_ABSENT, message_tag(l)) == l);
}

static void check_text(struct arena *a, str text)
{
    struct message_piece piece;
    struct message m = {.text = text};
    size_t n = 0;
    for (str rest = text; message_next(&rest, &piece); n += piece.whole.n)
        INVARIANT(piece.whole.n > 0 && piece.whole.p == text.p + n && piece.text.n <= piece.whole.n);
    INVARIANT(n == text.n);
    str shown = message_text(a, NULL, &m);
    INVARIANT(text.n >= MESSAGE_TEXT_MAX || str_equal(shown, text));
    (void)message_known(NULL, text);
    (void)message_word(message_language_at(1), text);
}

static void check_rule(struct arena *a, str text)
{
    const char *rule = str_z(a, text);
    static const uint64_t numbers[] = {0, 1, 2, 3, 11, 100, 1000000, UINT64_MAX};
    for (size_t i = 0; rule != NULL && i < sizeof numbers / sizeof numbers[0]; i++) {
        bool sound;
        unsigned form = message_plural(rule, 6, numbers[i], &sound);
        INVARIANT(form < 6 && (sound || form == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 14)
        return 0;
    struct arena *a = arena_new(4 << 20);
    str rest = {(const char *)data + 1, size - 1};
    if (data[0] % 4 < 2)
        check_choice(rest, data[0] % 4 == 1);
    else if (data[0] % 4 == 2)
        check_text(a, rest);
    else
        check_rule(a, rest);
    arena_release(a);
    return 0;
}
