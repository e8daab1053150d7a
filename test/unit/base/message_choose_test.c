/* SPDX-License-Identifier: MIT
 * Claims about the choice of a language. The tests' catalogues are en and qaa. */
#include "base/message.h"

#include <criterion/criterion.h>
#include <string.h>

static bool chooses(const char *ui_locales, const char *accept, const char *tag)
{
    return str_is(message_tag(message_choose(str_of(ui_locales), str_of(accept))), tag);
}

Test(message_choose, nothing_asked_is_english)
{
    cr_expect(chooses(NULL, NULL, "en"));
    cr_expect(chooses("", "", "en"));
    cr_expect(chooses("de fr", "ja, ar;q=0.5", "en"));
}

Test(message_choose, lookup_shortens_a_range_from_its_end)
{
    cr_expect(chooses("qaa-Latn-CH", NULL, "qaa"));
    cr_expect(chooses("QAA", NULL, "qaa"));
    cr_expect(chooses("qaa-x-one-two", NULL, "qaa"), "a single letter goes with what follows it (RFC 4647 3.4)");
    cr_expect(chooses("qa", NULL, "en"), "a beginning of a subtag is another language");
    cr_expect(chooses("qaab", NULL, "en"));
    cr_expect(chooses("x-qaa", NULL, "en"));
}

Test(message_choose, ui_locales_go_first_in_their_order)
{
    cr_expect(chooses("qaa en", "en", "qaa"));
    cr_expect(chooses("en qaa", "qaa", "en"));
    cr_expect(chooses("de qaa en", "en", "qaa"));
    cr_expect(chooses("de", "qaa", "qaa"), "what is not here leaves the header to speak");
    cr_expect(chooses("qaa,en", "en", "en"), "a comma parts nothing there");
}

Test(message_choose, weights_decide_and_of_equals_the_first)
{
    cr_expect(chooses(NULL, "en;q=0.4, qaa;q=0.5", "qaa"));
    cr_expect(chooses(NULL, "en, qaa", "en"));
    cr_expect(chooses(NULL, "qaa, en", "qaa"));
    cr_expect(chooses(NULL, "en;q=0.9,qaa;q=0.901", "qaa"));
    cr_expect(chooses(NULL, " qaa ; q=1.000 , en ; Q=0.999", "qaa"));
    cr_expect(chooses(NULL, "de-CH, qaa-CH;q=0.8, *;q=0.1", "qaa"));
    cr_expect(chooses(NULL, "qaa;q=0", "en"));
    cr_expect(chooses(NULL, "qaa;q=0.000, en;q=0.001", "en"));
}

Test(message_choose, what_is_malformed_is_passed_over)
{
    static const char *const wishes[] = {"qaa;q=2", "qaa;q=1.001", "qaa;q=.5", "qaa;q=0.1234", "qaa;q=", "qaa;p=1", "qaa;q=1;q=1",       "qaa_CH",
                                         "-qaa",    "qaa-",        "qaa--CH",  "qaa-\x80",     "q aa",   ";qaa",    "qaa-toolongsubtag", "*-qaa"};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
        cr_expect(chooses(NULL, wishes[i], "en"), "%s", wishes[i]);
    cr_expect(chooses(NULL, ",, ,qaa,", "qaa"));
    cr_expect(chooses("  qaa", NULL, "qaa"));
}

Test(message_choose, lists_are_read_up_to_their_bounds)
{
    char list[MESSAGE_LANGUAGE_MAX + 64];
    size_t n = 0;
    for (int i = 0; i < MESSAGE_RANGES_MAX - 1; i++, n += 3)
        memcpy(list + n, "de,", 3);
    memcpy(list + n, "qaa", 4);
    cr_expect(chooses(NULL, list, "qaa"));
    memcpy(list + n, "de,qaa", 7);
    cr_expect(chooses(NULL, list, "en"));
    memset(list, ' ', sizeof list);
    memcpy(list + MESSAGE_LANGUAGE_MAX, "qaa", 4);
    cr_expect(chooses(NULL, list, "en"));
    cr_expect(chooses(list, NULL, "en"));
}
