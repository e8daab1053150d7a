/* SPDX-License-Identifier: MIT
 * Claims about messages: keys, arguments, plural forms. The tests' catalogue has a second language, qaa, with every text in brackets. */
#include "base/message.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct message_language *pseudo(void)
{
    return message_choose(STR("qaa"), STR_ABSENT);
}

static str shown(struct arena *a, const struct message_language *l, struct message m)
{
    return message_text(a, l, &m);
}

Test(message, a_key_is_shown_in_its_language_and_an_unknown_one_in_english)
{
    cr_assert(str_is(message_word(pseudo(), STR("Log in")), "⟦Log in⟧"));
    cr_assert(str_is(message_word(NULL, STR("Log in")), "Log in"));
    cr_assert(str_is(message_word(pseudo(), STR("Log in!")), "Log in!"));
    cr_assert(str_is(message_word(pseudo(), STR("Log i")), "Log i"), "a beginning is no key");
    cr_assert(str_is(message_word(pseudo(), STR("")), ""));
    cr_assert_not(str_present(message_word(pseudo(), STR_ABSENT)));
    cr_assert(message_known(NULL, STR("Log in")));
    cr_assert_not(message_known("verb", STR("Log in")), "a context is part of the key");
    cr_assert_not(message_known(NULL, STR("")), "the header is no text");
}

Test(message, every_key_is_found_by_itself)
{
    size_t found = 0;
    const struct message_language *l = pseudo();
    static const char *const some[] = {"Save", "Administration", "The request is malformed.", "{n} hour", "yes", "no", "⟦"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        found += message_known(NULL, str_of(some[i]));
    cr_assert_eq(found, 6);
    cr_assert_str_eq(message_direction(l), "rtl");
    cr_assert(str_is(message_tag(l), "qaa"));
    cr_assert_str_eq(message_direction(NULL), "ltr");
    cr_assert(str_is(message_tag(NULL), "en"));
    cr_assert_eq(message_language_at(1), l);
    cr_assert_null(message_language_at(2));
}

Test(message, arguments_stand_where_the_text_wants_them_and_are_not_read_again)
{
    struct arena *a = arena_new(1 << 20);
    str text = shown(a, NULL, MESSAGE("The scope `{scope}` is unknown; define it first, or leave it out.", MESSAGE_TEXT("scope", STR("{scope} <b>"))));
    cr_assert(str_is(text, "The scope `{scope} <b>` is unknown; define it first, or leave it out."));
    text = shown(a, pseudo(),
                 MESSAGE("{what} must have {least} to {most} characters; it has {length}.", MESSAGE_WORD("what", "The name"), MESSAGE_NUMBER("least", 1),
                         MESSAGE_NUMBER("most", INT64_MIN), MESSAGE_NUMBER("length", INT64_MAX)));
    cr_assert(str_is(text, "⟦⟦The name⟧ must have 1 to -9223372036854775808 characters; it has 9223372036854775807.⟧"), "%.*s", STR_FMT(text));
    text = shown(a, NULL, MESSAGE("At {time}.", MESSAGE_TIME("time", 1795316400)));
    cr_assert(str_is(text, "At 2026-11-22 03:00 UTC."));
    text = shown(a, NULL, MESSAGE("At {time}.", MESSAGE_TIME("time", INT64_MAX)));
    cr_assert(str_is(text, "At ."));
    arena_release(a);
}

Test(message, what_is_no_argument_stays_as_it_is)
{
    struct arena *a = arena_new(1 << 20);
    static const char *const texts[] = {"{", "}", "{}", "{a", "{A}", "{a b}", "<", "</", "</>", "<b>", "a{b}c", "{{a}}", "<a href>", "{\n}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert(str_is(shown(a, NULL, (struct message){.text = str_of(texts[i]), .arguments = {MESSAGE_TEXT("x", STR("no"))}}), texts[i]), "%s", texts[i]);
    arena_release(a);
}

Test(message, the_number_chooses_the_form_of_the_language)
{
    struct arena *a = arena_new(1 << 20);
    static const struct {
        int64_t n;
        const char *english, *pseudo;
    } rows[] = {{0, "0 hours", "⟦0:0 hours⟧"},    {1, "1 hour", "⟦1:1 hour⟧"},         {2, "2 hours", "⟦2:2 hours⟧"},  {7, "7 hours", "⟦3:7 hours⟧"},
                {11, "11 hours", "⟦4:11 hours⟧"}, {100, "100 hours", "⟦5:100 hours⟧"}, {-1, "-1 hour", "⟦1:-1 hour⟧"}, {103, "103 hours", "⟦3:103 hours⟧"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message m = MESSAGE_MANY("{n} hour", "{n} hours", MESSAGE_NUMBER("n", rows[i].n));
        cr_assert(str_is(message_text(a, NULL, &m), rows[i].english));
        cr_assert(str_is(message_text(a, pseudo(), &m), rows[i].pseudo));
        m = MESSAGE_MANY("{n} moon", "{n} moons", MESSAGE_NUMBER("n", rows[i].n)); /* in no catalogue */
        cr_assert(str_ends(message_text(a, pseudo(), &m), rows[i].n == 1 || rows[i].n == -1 ? STR("moon") : STR("moons")));
    }
    arena_release(a);
}

Test(message, one_that_grows_too_long_is_none_and_lost_memory_is_told)
{
    struct arena *a = arena_new(1 << 20);
    char *long_text = arena_take(a, MESSAGE_TEXT_MAX);
    memset(long_text, 'x', MESSAGE_TEXT_MAX);
    struct message m = MESSAGE("{x}{x}", MESSAGE_TEXT("x", ((str){long_text, MESSAGE_TEXT_MAX - 1})));
    cr_assert_not(str_present(message_text(a, NULL, &m)));
    arena_fail_after(1);
    cr_assert_not(str_present(shown(a, NULL, MESSAGE("{x}", MESSAGE_TEXT("x", STR("y"))))));
    arena_fail_after(0);
    arena_release(a);
}
