/* SPDX-License-Identifier: MIT
 * verb: pages, what a change prints, and a name that is not there. */
#include "cli/admin/verb.h"
#include "../console.h"

static size_t asked, most_rows;
static bool fails;

/* Gives rows 0.. up to most_rows, a page at a time. */
static err read_numbers(struct verb_rows *rows)
{
    asked++;
    if (fails && asked == 2)
        FAIL(UNAVAILABLE, "the disk is gone");
    for (int64_t i = 0; i < rows->page.limit && rows->page.offset + i < (int64_t)most_rows; i++) {
        json *row = json_object_new(rows->call->arena);
        json_put_integer(rows->call->arena, row, "n", rows->page.offset + i);
        verb_add_row(rows, row);
    }
    rows->total = (int64_t)most_rows;
    return OK;
}
static int list_numbers(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open_db, .read_page = read_numbers, .columns = "n"};
    return verb_run_list(call, &what);
}
static int find_nobody(struct command_call *call, struct site *site, str *owner)
{
    (void)site;
    (void)owner;
    return command_refuse(call, "nobody");
}
static int list_of_nobody(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open_db, .find_owner = find_nobody, .read_page = read_numbers, .columns = "n"};
    return verb_run_list(call, &what);
}
static err apply_nothing(struct context *ctx, const void *edit, struct problems *p)
{
    (void)ctx;
    const enum err_kind *kind = edit;
    if (*kind == ERR_UNPROCESSABLE)
        problem_add(p, "name", STR("Wrong."));
    return (err){.kind = *kind};
}
static json *show_nothing(struct command_call *call, const struct site *site)
{
    (void)call;
    (void)site;
    return NULL;
}
static enum err_kind outcome;
static int change_thing(struct command_call *call)
{
    static const struct verb_change what = {SITE_MUST_EXIST, "oyster", "The oyster ", " is there.", apply_nothing, show_nothing};
    return verb_run_change(call, &what, &outcome);
}
/* Runs a verb of this file's own with its output kept. */
static int run_kept(struct console *c, int (*verb)(struct command_call *))
{
    const char *words[] = {"pearl", "--json", "--data", c->directory, NULL};
    struct command_call call = console_call(c, words);
    console_take(c);
    return console_give_back(c, verb(&call));
}

Test(verb, a_list_of_many_pages_is_whole_and_has_each_row_once)
{
    struct console c = console_new();
    static const size_t counts[] = {0, 1, 99, 100, 101, 200, 250};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        asked = 0;
        most_rows = counts[i];
        cr_assert_eq(run_kept(&c, list_numbers), COMMAND_DONE);
        const json *list = console_parse(&c);
        cr_assert_eq(json_count(list), counts[i]);
        for (size_t n = 0; n < counts[i]; n++) {
            int64_t number = -1;
            cr_assert(json_integer_of(json_member(json_at(list, n), "n"), &number) && number == (int64_t)n);
        }
        cr_expect_eq(asked, counts[i] == 0 ? 1 : (counts[i] + 99) / 100, "asked %zu times for %zu rows", asked, counts[i]);
    }
}
Test(verb, a_page_that_fails_is_no_short_list)
{
    struct console c = console_new();
    fails = true;
    most_rows = 150;
    cr_assert_eq(run_kept(&c, list_numbers), COMMAND_REFUSED);
    cr_expect_eq(asked, 2);
    cr_expect_eq(c.out.n, 0);
}
Test(verb, without_its_owner_nothing_is_read)
{
    struct console c = console_new();
    cr_assert_eq(run_kept(&c, list_of_nobody), COMMAND_REFUSED);
    cr_expect_eq(asked, 0);
    cr_expect_eq(c.out.n, 0);
}
Test(verb, what_a_change_says_of_an_error_names_the_thing)
{
    struct console c = console_new();
    static const struct {
        enum err_kind kind;
        const char *word;
    } rows[] = {{ERR_CONFLICT, "the oyster \"pearl\" already exists"},
                {ERR_NOT_FOUND, "no oyster \"pearl\""},
                {ERR_UNPROCESSABLE, "name: "},
                {ERR_OK, "in the meantime"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outcome = rows[i].kind;
        cr_expect_eq(run_kept(&c, change_thing), COMMAND_REFUSED, "what is gone after the change is no success");
        cr_expect(console_has(c.err, rows[i].word), "%.*s", STR_FMT(c.err));
        cr_expect_eq(c.out.n, 0);
    }
}
Test(verb, of_every_noun_a_name_that_is_not_there_is_not_removed)
{
    struct console c = console_new();
    static const char *const nouns[][2] = {{"scope", "remove"},  {"resource", "remove"}, {"details", "remove"},      {"issuer", "remove"},
                                           {"client", "remove"}, {"pat", "revoke"},      {"registration", "remove"}, {"user", "remove"}};
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        CONSOLE_REFUSED(&c, COMMAND_REFUSED, nouns[i][0], nouns[i][1], "nosuch");
        cr_expect(console_has(c.err, "\"nosuch\"") && console_has(c.err, ", run jeton "), "%s: %.*s", nouns[i][0], STR_FMT(c.err));
    }
}
