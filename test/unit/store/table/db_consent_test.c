/* SPDX-License-Identifier: MIT
 * db_consent: what was agreed to only grows, a word stands there once, and withdrawing takes all of it. */
#include "store/fresh.h"

#include "base/banned.h"

Test(consent, remembering_adds_each_word_once_and_forgetting_takes_all)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app"), d = fresh_client(&s, "other");
    str scope = STR("x");
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert_not(str_present(scope));
    MUST(db_consent_remember(s.tx, u.number, c.number, STR(""), T0));
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert(str_present(scope) && scope.n == 0); /* agreed, to nothing by name */
    MUST(db_consent_remember(s.tx, u.number, c.number, STR("openid mail"), T0));
    MUST(db_consent_remember(s.tx, u.number, c.number, STR("mail phone"), T0));
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert(str_is(scope, "openid mail phone"));
    MUST(db_consent_get(s.tx, s.a, u.number, d.number, &scope));
    cr_assert_not(str_present(scope));
    MUST(db_consent_forget(s.tx, u.number, c.number));
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert_not(str_present(scope));
    fresh_end(&s);
}

/* What no longer fits is asked for again: the last yes is always there, and none is refused because of those before it. */
Test(consent, a_list_that_grew_too_long_begins_anew_with_the_last_yes)
{
    enum { YESES = 100, WORD = 1000 };
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app");
    str scope = STR_ABSENT, first = STR_ABSENT;
    size_t longest = 0;
    for (int i = 0; i < YESES; i++) {
        str word = str_format(s.a, "word%0*d", WORD, i);
        first = i == 0 ? word : first;
        MUST(db_consent_remember(s.tx, u.number, c.number, word, T0 + i));
        MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
        cr_assert(str_has_word(scope, word));
        longest = scope.n > longest ? scope.n : longest;
    }
    cr_assert_gt(longest, 60u * WORD);
    cr_assert_lt(scope.n, longest);
    cr_assert_not(str_has_word(scope, first));
    fresh_end(&s);
}
