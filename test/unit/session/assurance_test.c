/* SPDX-License-Identifier: MIT
 * Claims about assurance: the tables are whole, a ladder is a ladder, and the one question has one answer for each case. */
#include "rules.h"
#include <criterion/criterion.h>
#include "base/banned.h"

#define S(text_)                 \
    {                            \
        text_, sizeof(text_) - 1 \
    }
#define NONE    \
    {           \
        NULL, 0 \
    }
enum { NOW = 1700000000 };

Test(assurance, each_row_of_the_table_is_whole_and_its_words_are_its_own)
{
    const struct assurance_rules *r = &assurance_usual;
    bool begins = false;
    cr_assert(r->count > 0 && r->level_count > 0 && r->enough < r->level_count);
    for (size_t i = 0; i < r->count; i++) {
        const struct authenticator *row = &r->rows[i];
        cr_assert(row->name && row->amr && row->field && row->judge && row->proves != 0, "%zu", i);
        cr_assert(row->first || row->next, "%s: never offered", row->name);
        cr_assert(str_find(str_of(row->name), ' ') == str_of(row->name).n && str_find(str_of(row->amr), ' ') == str_of(row->amr).n);
        cr_assert(assurance_row(r, str_of(row->name)) == row);
        begins = begins || row->first;
        for (size_t j = 0; j < i; j++)
            cr_assert(!str_is(str_of(row->amr), r->rows[j].amr) || row->proves == r->rows[j].proves, "%s stands for two things", row->amr);
    }
    cr_assert(begins, "nobody could log in");
    cr_assert_null(assurance_row(r, STR("nothing")));
    cr_assert_null(assurance_row(r, STR_ABSENT));
}

Test(assurance, each_level_that_metadata_tells_can_be_reached_and_no_other_is_told)
{
    const struct assurance_rules *r = &assurance_usual;
    str rest = STR(ACR_WORDS), word;
    size_t told = 0;
    for (; str_next(&rest, ' ', &word); told++) {
        cr_assert(told < r->level_count && str_is(word, r->levels[told].acr));
        cr_assert(assurance_reachable(r, word));
    }
    cr_assert_eq(told, r->level_count);
}

Test(assurance, ways_amount_to_the_strongest_level_that_they_reach)
{
    static const struct {
        str amr;
        const char *acr; /* NULL: none */
    } rows[] = {
        {NONE, NULL},
        {S(""), NULL},
        {S("unknown"), NULL},
        {S("pw"), NULL},
        {S("pwd"), ACR_PASSWORD},
        {S("pwd pwd"), ACR_PASSWORD},
        {S("otp"), ACR_PASSWORD},
        {S("pwd otp"), ACR_TWO},
        {S("otp pwd"), ACR_TWO},
        {S("hwk"), ACR_PHISH},
        {S("pwd hwk"), ACR_PHISH},
        {S("pwd unknown"), ACR_PASSWORD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str acr = assurance_acr(&rules_one, rows[i].amr);
        cr_assert(rows[i].acr ? str_is(acr, rows[i].acr) : !str_present(acr), "%zu", i);
    }
    cr_assert(assurance_reaches(&rules_one, STR("hwk"), STR(ACR_TWO)), "stronger is enough");
    cr_assert(!assurance_reaches(&rules_one, STR("pwd"), STR(ACR_TWO)));
    cr_assert(!assurance_reaches(&rules_one, STR("hwk"), STR("urn:unknown")));
    cr_assert(!assurance_reaches(&rules_one, STR("hwk"), STR("")));
    cr_assert(assurance_reachable(&rules_one, STR(ACR_PHISH)) && !assurance_reachable(&assurance_usual, STR(ACR_PHISH)));
}

Test(assurance, says_what_is_missing_for_each_request)
{
    static const struct {
        const struct assurance_rules *rules;
        struct assurance_need need;
        struct assurance_have have;
        enum assurance_missing missing;
    } rows[] = {
        {&rules_one, {-1, false, NONE, NONE}, {NONE, NULL, 0, NOW}, ASSURANCE_LOGIN},
        {&rules_one, {-1, false, NONE, NONE}, {S("pwd"), NULL, 0, NOW}, ASSURANCE_NOTHING},
        {&rules_one, {-1, true, NONE, NONE}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_AGAIN},
        {&rules_one, {0, false, NONE, NONE}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_AGAIN},
        {&rules_one, {60, false, NONE, NONE}, {S("pwd"), NULL, NOW - 59, NOW}, ASSURANCE_NOTHING},
        {&rules_one, {60, false, NONE, NONE}, {S("pwd"), NULL, NOW - 60, NOW}, ASSURANCE_AGAIN},
        {&rules_one, {60, false, NONE, NONE}, {S("pwd"), NULL, 0, NOW}, ASSURANCE_AGAIN},
        /* the policy was raised while the session lived */
        {&rules_two, {-1, false, NONE, NONE}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_STEP},
        {&rules_two, {-1, false, NONE, NONE}, {S("pwd otp"), NULL, NOW, NOW}, ASSURANCE_NOTHING},
        {&rules_one, {-1, false, NONE, NONE}, {S("gone"), NULL, NOW, NOW}, ASSURANCE_STEP},
        /* an essential level */
        {&rules_one, {-1, false, S(ACR_PASSWORD), NONE}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_NOTHING},
        {&rules_one, {-1, false, S(ACR_TWO), NONE}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_STEP},
        {&rules_one, {-1, false, S("urn:unknown " ACR_TWO), NONE}, {S("pwd otp"), NULL, NOW, NOW}, ASSURANCE_NOTHING},
        {&rules_one, {-1, false, S("urn:unknown"), NONE}, {S("hwk"), NULL, NOW, NOW}, ASSURANCE_NEVER},
        {&assurance_usual, {-1, false, S(ACR_TWO), NONE}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_NEVER},
        {&assurance_usual, {-1, false, S(ACR_TWO), NONE}, {NONE, NULL, 0, NOW}, ASSURANCE_NEVER},
        /* a wish goes as far as it goes */
        {&rules_one, {-1, false, NONE, S(ACR_TWO)}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_STEP},
        {&rules_one, {-1, false, NONE, S(ACR_TWO " " ACR_PASSWORD)}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_NOTHING},
        {&rules_one, {-1, false, NONE, S("urn:unknown")}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_NOTHING},
        {&assurance_usual, {-1, false, NONE, S(ACR_PHISH)}, {S("pwd"), NULL, NOW, NOW}, ASSURANCE_NOTHING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(assurance_missing(rows[i].rules, &rows[i].need, &rows[i].have), rows[i].missing, "%zu", i);
}

/* Whoever has a second factor shows it; a wish that this person cannot fulfil stops nobody, an essential one does. */
Test(assurance, what_a_person_has_enrolled_is_asked_of_them)
{
    static const str nothing = {NULL, 0}, app = S("totp"), app_and_codes = S("totp recovery");
    static const struct {
        const str *has;
        str amr, essential, wished;
        enum assurance_missing lacks;
    } rows[] = {
        {&nothing, S("pwd"), NONE, NONE, ASSURANCE_NOTHING},       {&app, S("pwd"), NONE, NONE, ASSURANCE_STEP},
        {&app, S("pwd otp mfa"), NONE, NONE, ASSURANCE_NOTHING},   {&app_and_codes, S("pwd"), NONE, S(ACR_PASSWORD), ASSURANCE_STEP},
        {&nothing, S("pwd"), NONE, S(ACR_MFA), ASSURANCE_NOTHING}, {&nothing, S("pwd"), S(ACR_MFA), NONE, ASSURANCE_NEVER},
        {&app, S("pwd"), S(ACR_MFA), NONE, ASSURANCE_STEP},        {NULL, NONE, S(ACR_MFA), NONE, ASSURANCE_LOGIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct assurance_need need = {.max_age = -1, .essential = rows[i].essential, .wished = rows[i].wished};
        const struct assurance_have have = {rows[i].amr, rows[i].has, NOW, NOW};
        cr_expect_eq(assurance_missing(&assurance_usual, &need, &have), rows[i].lacks, "row %zu", i);
    }
    cr_expect_eq(assurance_factors(&assurance_usual, STR("pwd")), 1);
    cr_expect_eq(assurance_factors(&assurance_usual, STR("pwd otp mfa")), 2);
    cr_expect_eq(assurance_factors(&assurance_usual, STR_ABSENT), 0);
}
