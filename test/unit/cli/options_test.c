/* SPDX-License-Identifier: MIT
 * options: what is accepted, what is wrong usage, and that no secret comes from the command line. */
#include "cli/options.h"
#include "base/buf.h"
#include <criterion/criterion.h>
#include <string.h>

static const struct option table[] = {
    {"name", OPTION_TEXT, "NAME", 1, 0, "a name"},
    {"scope", OPTION_WORDS, "WORDS", 0, 0, "scopes"},
    {"uri", OPTION_URLS, "URI", 0, 0, "addresses"},
    {"seconds", OPTION_NUMBER, "SECONDS", 1, 100, "a time"},
    {"kind", OPTION_CHOICE, "a|b", 0, 0, "a kind"},
    {"id", OPTION_ID, "ID", 0, 0, "an id"},
    {"access_lifetime", OPTION_SETTING, "SECONDS", 0, 0, "a setting"},
    {"first-stdin", OPTION_SECRET, NULL, 0, 0, "a secret"},
    {"second-stdin", OPTION_SECRET, NULL, 0, 0, "a secret"},
    {NULL, OPTION_END, NULL, 0, 0, NULL},
};
static const struct option common[] = {
    {"json", OPTION_FLAG, NULL, 0, 0, "json"},
    {"help", OPTION_FLAG, NULL, 0, 0, "help"},
    {NULL, OPTION_END, NULL, 0, 0, NULL},
};
static struct arena *a;
static struct options o;
static const char *trouble;

static void begin(void)
{
    a = arena_new(1 << 20);
}
static void end(void)
{
    arena_release(a);
}
TestSuite(options, .init = begin, .fini = end);

static bool parse(const char *const *words)
{
    const struct option *const tables[2] = {table, common};
    trouble = NULL;
    return !FAILED(options_parse(a, tables, words, &o, &trouble));
}
#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

Test(options, values_come_behind_a_space_or_an_equals_sign)
{
    cr_assert(PARSE("one", "--name", "x y", "--seconds=7", "--json", "two"));
    cr_assert(str_is(options_text(&o, "name"), "x y"));
    cr_assert_eq(options_number(&o, "seconds", 1), 7);
    cr_assert(options_has(&o, "json") && !options_has(&o, "help"));
    cr_assert_eq(o.argument_count, 2);
    cr_assert(str_is(o.arguments[1], "two"));
}
Test(options, two_dashes_end_the_options)
{
    cr_assert(PARSE("--", "--name"));
    cr_assert(str_is(o.arguments[0], "--name"));
}
Test(options, lists_gather_and_other_options_do_not_repeat)
{
    cr_assert(PARSE("--scope", "a b", "--scope", "c", "--uri", "https://a/", "--uri", "https://b/"));
    cr_assert(str_is(options_text(&o, "scope"), "a b c"));
    cr_assert(str_is(options_text(&o, "uri"), "https://a/\nhttps://b/"));
    cr_assert(!PARSE("--name", "a", "--name", "a"));
    cr_assert(!PARSE("--json", "--json"));
}
Test(options, an_empty_list_stands_alone)
{
    cr_assert(PARSE("--uri", ""));
    cr_assert(options_has(&o, "uri") && options_text(&o, "uri").n == 0);
    cr_assert(!PARSE("--uri", "", "--uri", "https://a/"));
}
Test(options, malformed_values_are_wrong_usage)
{
    cr_expect(!PARSE("--name", ""));
    cr_expect(!PARSE("--name", "a\nb"));
    cr_expect(!PARSE("--name"));
    cr_expect(!PARSE("--name", "--json"));
    cr_expect(!PARSE("--scope", "a  b"));
    cr_expect(!PARSE("--scope", "a\"b"));
    cr_expect(!PARSE("--uri", "nowhere"));
    cr_expect(!PARSE("--seconds", "0"));
    cr_expect(!PARSE("--seconds", "101"));
    cr_expect(!PARSE("--seconds", "7s"));
    cr_expect(!PARSE("--kind", "c"));
    cr_expect(!PARSE("--id", "a b"));
    cr_expect(!PARSE("--access-lifetime", "0"));
    cr_expect(!PARSE("--unknown"));
    cr_expect(!PARSE("-x"));
    cr_expect(!PARSE("--json=yes"));
}
Test(options, a_secret_takes_no_value_from_the_command_line)
{
    cr_assert(!PARSE("--first-stdin=hunter2"));
    cr_assert_not_null(strstr(trouble, "standard input"));
}
Test(options, settings_are_judged_by_their_row)
{
    cr_assert(PARSE("--access-lifetime", "60"));
    cr_assert(PARSE("--access_lifetime", "60"));
}
static int reads;
static err read_numbered(struct arena *arena, str *line)
{
    *line = str_format(arena, "line %d", ++reads);
    return OK;
}
Test(options, secrets_are_read_in_the_order_of_the_command_line)
{
    reads = 0;
    cr_assert(PARSE("--second-stdin", "--first-stdin"));
    cr_assert(!FAILED(options_read_secrets(a, &o, read_numbered, &trouble)));
    cr_assert(str_is(options_text(&o, "second-stdin"), "line 1"));
    cr_assert(str_is(options_text(&o, "first-stdin"), "line 2"));
    reads = 0;
    cr_assert(PARSE("--json"));
    cr_assert(!FAILED(options_read_secrets(a, &o, read_numbered, &trouble)));
    cr_assert_eq(reads, 0, "nothing is read that nobody asked for");
}
Test(options, every_failed_allocation_is_an_error)
{
    for (size_t n = 1; n < 20; n++) {
        arena_reset(a);
        arena_fail_after(n);
        bool done = PARSE("--scope", "a", "--scope", "b", "--uri", "https://a/", "--uri", "https://b/");
        arena_fail_after(0);
        if (done && str_is(options_text(&o, "scope"), "a b") && str_is(options_text(&o, "uri"), "https://a/\nhttps://b/"))
            return;
        cr_assert(!done, "a list lost a part");
    }
    cr_assert_fail("never came through");
}
