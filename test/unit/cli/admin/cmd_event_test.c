/* SPDX-License-Identifier: MIT
 * cmd_event: the trail newest first for people, oldest first and whole for machines; works while keys are broken. */
#include "../console.h"
#include "store/table/db_event.h"
#include "store/table/db_scope.h"

enum { MADE = 230, PAGE = 1000 }; /* PAGE: of an export */
static void add_events(struct console *c, const char *fence, int from, int to)
{
    for (int i = from; i < to; i++) {
        struct db_event e = {.at = 1000 + i, .name = STR("test.made"), .actor = i % 2 ? STR("client:odd") : STR("command line"), .class = 1 + i % 3};
        e.detail = str_format(c->a, "n%03d", i);
        db_event_add(store_each(c->authority->store), &e);
    }
    cr_assert(!FAILED(db_scope_add(store_each(c->authority->store), str_of(fence), STR("Committed behind all of them."))));
}
static struct console console_with_events(void)
{
    struct console c = console_new();
    add_events(&c, "fence", 0, MADE);
    return c;
}
static int64_t number_of_row(const json *row)
{
    int64_t n = -1;
    cr_assert(json_integer_of(json_member(row, "number"), &n));
    return n;
}
Test(cmd_event, a_list_is_newest_first_and_as_long_as_its_limit)
{
    struct console c = console_with_events();
    static const struct {
        const char *limit;
        size_t rows;
    } rows[] = {{"1", 1}, {"99", 99}, {"100", 100}, {"101", 101}, {"230", MADE}, {"10000", MADE}};
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "event", "list")), 50);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json *list = CONSOLE_JSON(&c, "event", "list", "--limit", rows[i].limit);
        cr_expect_eq(json_count(list), rows[i].rows, "%s: %zu", rows[i].limit, json_count(list));
        cr_expect(str_is(json_member_text(json_at(list, 0), "detail"), "n229"));
        for (size_t n = 1; n < json_count(list); n++)
            cr_expect_lt(number_of_row(json_at(list, n)), number_of_row(json_at(list, n - 1)));
    }
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "event", "list", "--limit", "0");
}
Test(cmd_event, filter_and_actor_narrow_the_list)
{
    struct console c = console_with_events();
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "event", "list", "--filter", "n10", "--limit", "500")), 10);
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "event", "list", "--actor", "client:odd", "--limit", "500")), MADE / 2);
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "event", "list", "--actor", "client:od")), 0);
}
static size_t count_exported(struct console *c, int64_t *last)
{
    str rest = c->out, line;
    size_t n = 0;
    int64_t before = -1;
    while (str_next(&rest, '\n', &line) && line.n > 0) {
        json *row;
        cr_assert(!FAILED(json_parse(c->a, line, &row)), "%.*s", STR_FMT(line));
        *last = number_of_row(row);
        cr_expect_gt(*last, before);
        before = *last;
        n++;
    }
    return n;
}
Test(cmd_event, an_export_is_whole_and_a_later_one_goes_on_behind_it)
{
    struct console c = console_with_events();
    int64_t last = 0;
    cr_assert_eq(CONSOLE(&c, "event", "export"), COMMAND_DONE);
    cr_expect_eq(count_exported(&c, &last), MADE);
    cr_assert_eq(CONSOLE(&c, "event", "export", "--after", str_format(c.a, "%lld", (long long)last - 7).p), COMMAND_DONE);
    cr_expect_eq(count_exported(&c, &last), 7);
    cr_assert_eq(CONSOLE(&c, "event", "export", "--after", str_format(c.a, "%lld", (long long)last).p), COMMAND_DONE);
    cr_expect_eq(c.out.n, 0, "nothing new is nothing");
    for (int i = MADE; i < PAGE + 2; i += 193)
        add_events(&c, str_format(c.a, "fence%d", i).p, i, i + 193 < PAGE + 2 ? i + 193 : PAGE + 2);
    cr_assert_eq(CONSOLE(&c, "event", "export"), COMMAND_DONE);
    cr_expect_eq(count_exported(&c, &last), PAGE + 2, "more than a page");
    size_t sum = 0;
    static const char *const classes[] = {"administration", "people", "machines"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(CONSOLE(&c, "event", "export", "--class", classes[i]), COMMAND_DONE);
        cr_expect(console_has(c.out, classes[i]) && !console_has(c.out, classes[(i + 1) % 3]));
        sum += count_exported(&c, &last);
    }
    cr_expect_eq(sum, PAGE + 2);
}
Test(cmd_event, the_trail_can_be_read_while_the_keys_cannot) /* LG-01 */
{
    struct console c = console_with_events();
    str key = str_format(c.a, "%s/master.key", c.directory);
    cr_assert_eq(unlink(key.p), 0);
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "event", "list")), 50);
    cr_expect_eq(CONSOLE(&c, "event", "export"), COMMAND_DONE);
    cr_expect_eq(access(key.p, F_OK), -1, "and no other key was made");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "key", "list");
}
