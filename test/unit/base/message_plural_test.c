/* SPDX-License-Identifier: MIT
 * Claims about plural rules: those of real languages count as their grammars do; what is no rule is form 0 and told. */
#include "base/message.h"

#include <criterion/criterion.h>
#include <string.h>

Test(message_plural, rules_of_languages)
{
    static const struct {
        const char *rule;
        unsigned forms;
        struct {
            uint64_t n;
            unsigned form;
        } rows[8];
    } languages[] = {
        {"(n != 1)", 2, {{0, 1}, {1, 0}, {2, 1}, {UINT64_MAX, 1}}}, /* English, German, Spanish */
        {"n > 1", 2, {{0, 0}, {1, 0}, {2, 1}}},                     /* French */
        {"0", 1, {{0, 0}, {1, 0}, {99, 0}}},                        /* Japanese */
        {"n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5",
         6,
         {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {110, 3}, {11, 4}, {99, 4}, {102, 5}}}, /* Arabic */
        {"(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)",
         3,
         {{1, 0}, {21, 0}, {11, 2}, {3, 1}, {13, 2}, {24, 1}, {5, 2}, {0, 2}}},                                          /* Russian */
        {"n==1 ? 0 : n==0 || (n!=1 && n%100>=1 && n%100<=19) ? 1 : 2", 3, {{1, 0}, {0, 1}, {19, 1}, {20, 2}, {101, 1}}}, /* Romanian */
    };
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        for (size_t k = 0; k < 8 && (k == 0 || languages[i].rows[k].n || languages[i].rows[k].form); k++) {
            bool sound;
            unsigned form = message_plural(languages[i].rule, languages[i].forms, languages[i].rows[k].n, &sound);
            cr_expect(sound && form == languages[i].rows[k].form, "%s: %llu is %u", languages[i].rule, (unsigned long long)languages[i].rows[k].n, form);
        }
}

Test(message_plural, precedence_is_that_of_c)
{
    bool sound;
    cr_expect_eq(message_plural("1 + 2 * 3 == 7 ? 1 : 0", 2, 0, &sound), 1);
    cr_expect_eq(message_plural("8 - 4 - 2 == 2", 2, 0, &sound), 1);
    cr_expect_eq(message_plural("!n == 0", 2, 5, &sound), 1);
    cr_expect_eq(message_plural("1 || 0 && 0", 2, 0, &sound), 1);
    cr_expect_eq(message_plural("1 < 2 == 1", 2, 0, &sound), 1);
    cr_expect_eq(message_plural("0 ? 1 : 0 ? 2 : 3", 4, 0, &sound), 3);
    cr_expect_eq(message_plural("1 ? 0 ? 1 : 2 : 3", 4, 0, &sound), 2);
    cr_expect_eq(message_plural("17 % 5 / 2 == 1", 2, 0, &sound), 1);
    cr_expect_eq(message_plural("n == 0 ? 0 : 10 / n == 5", 2, 0, &sound), 0);
    cr_expect(sound, "what is not needed may divide by zero");
    cr_expect_eq(message_plural("n != 0 && 10 / n == 5", 2, 2, &sound), 1);
}

Test(message_plural, what_is_no_rule_is_the_first_form_and_told)
{
    static const char *const rules[] = {
        "",  "n n", "nn", "n ==",    "(n", "n)", "n ? 1", "n ? 1 : ", "m", "n = 1", "n & 1", "n | 1", "1 / n", "1 % 0", "99999999999999999999",
        "2", "n--", "n;", "1 ? : 2", "\n"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bool sound = true;
        cr_expect_eq(message_plural(rules[i], 2, 0, &sound), 0);
        cr_expect_not(sound, "%s", rules[i]);
    }
}

Test(message_plural, length_and_depth_are_bounded)
{
    char deep[MESSAGE_PLURAL_MAX + 8];
    bool sound = true;
    memset(deep, '!', MESSAGE_PLURAL_MAX);
    memcpy(deep + MESSAGE_PLURAL_DEPTH + 1, "n", 2);
    message_plural(deep, 2, 1, &sound);
    cr_expect_not(sound);
    memset(deep, '(', 100);
    memcpy(deep + 100, "n", 2);
    message_plural(deep, 2, 1, &sound);
    cr_expect_not(sound);
    memset(deep, ' ', MESSAGE_PLURAL_MAX);
    memcpy(deep + MESSAGE_PLURAL_MAX, "1", 2);
    message_plural(deep, 2, 1, &sound);
    cr_expect_not(sound);
    memset(deep, 0, sizeof deep);
    for (size_t i = 0; i < 40; i++)
        memcpy(deep + i * 4, "n?1:", 4);
    deep[160] = '0';
    message_plural(deep, 2, 0, &sound);
    cr_expect_not(sound);
}

Test(message_plural, every_compiled_language_has_a_sound_rule_for_every_number)
{
    for (size_t i = 0; message_language_at(i); i++) {
        struct arena *a = arena_new(1 << 20);
        for (int64_t n = 0; n < 1000; n++) {
            struct message m = MESSAGE_MANY("{n} hour", "{n} hours", MESSAGE_NUMBER("n", n));
            cr_assert_gt(message_text(a, message_language_at(i), &m).n, 0);
        }
        arena_release(a);
    }
}
