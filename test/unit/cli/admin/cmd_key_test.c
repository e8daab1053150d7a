/* SPDX-License-Identifier: MIT
 * cmd_key: states of keys; what is rotated goes on checking; no private half is shown. */
#include "../console.h"

static size_t count_in_state(const json *list, const char *use, const char *state)
{
    size_t n = 0;
    for (size_t i = 0; i < json_count(list); i++)
        n += str_is(json_member_text(json_at(list, i), "use"), use) && str_is(json_member_text(json_at(list, i), "state"), state);
    return n;
}
Test(cmd_key, a_rotation_puts_the_next_to_use_and_keeps_the_old, .timeout = 60)
{
    struct console c = console_new();
    json *before = CONSOLE_JSON(&c, "key", "list");
    size_t active = count_in_state(before, "sig", "active");
    cr_assert_gt(active, 0);
    cr_expect_eq(count_in_state(before, "seal", "active"), 1);
    json *after = CONSOLE_JSON(&c, "key", "rotate", "--now");
    cr_expect_eq(count_in_state(after, "sig", "active"), active, "one of each algorithm");
    cr_expect_eq(count_in_state(after, "seal", "active"), 1);
    for (size_t i = 0; i < json_count(before); i++) {
        str kid = json_member_text(json_at(before, i), "kid"), state = json_member_text(json_at(before, i), "state");
        const json *now = console_row(after, "kid", kid.p);
        cr_assert_not_null(now, "%s is not forgotten", kid.p);
        if (str_is(state, "active"))
            cr_expect(str_is(json_member_text(now, "state"), "old") && json_is_text(json_member(now, "destroy_after")));
        if (str_is(state, "next"))
            cr_expect(str_is(json_member_text(now, "state"), "active"));
    }
    cr_expect(json_count(CONSOLE_JSON(&c, "key", "list")) == json_count(after), "as the store has it");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "key", "rotate"); /* the next ones were not published for an hour */
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "key", "list")), json_count(after));
    cr_expect_gt(json_count(CONSOLE_JSON(&c, "key", "rotate", "--now")), json_count(after));
}
Test(cmd_key, no_private_half_is_shown)
{
    struct console c = console_new();
    json *list = CONSOLE_JSON(&c, "key", "list");
    static const char *const shown[] = {"kid", "use", "alg", "state", "created_at", "active_at", "retired_at", "destroy_after", "ready_at", "due_at"};
    for (size_t i = 0; i < json_count(list); i++) {
        void *at = NULL;
        str name;
        const json *value;
        while (json_each(json_at(list, i), &at, &name, &value)) {
            bool known = false;
            for (size_t n = 0; n < sizeof shown / sizeof shown[0]; n++)
                known = known || str_is(name, shown[n]);
            cr_expect(known && json_text_of(value).n <= 64, "%.*s", STR_FMT(name));
        }
    }
}
