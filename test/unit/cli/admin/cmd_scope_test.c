/* SPDX-License-Identifier: MIT
 * cmd_scope: defined, listed, removed; the server's own stay. */
#include "../console.h"

Test(cmd_scope, what_is_added_is_there_for_all_and_what_is_removed_is_not)
{
    struct console c = console_new();
    json *made = CONSOLE_JSON(&c, "scope", "add", "passing", "--description", "For a moment.");
    cr_expect(str_is(json_member_text(made, "name"), "passing") && !console_flag(made, "builtin"));
    const struct db_scope *scope = cache_scope(console_context(&c)->snapshot, STR("passing"));
    cr_assert_not_null(scope);
    cr_expect(str_is(scope->description, "For a moment."));
    cr_expect_not_null(console_row(CONSOLE_JSON(&c, "scope", "list"), "name", "passing"));
    json *gone = CONSOLE_JSON(&c, "scope", "remove", "passing");
    cr_expect(console_flag(gone, "removed") && str_is(json_member_text(gone, "name"), "passing"));
    cr_expect_null(cache_scope(console_context(&c)->snapshot, STR("passing")));
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "scope", "remove", "passing");
}
Test(cmd_scope, a_second_one_a_wrong_name_and_no_description_are_refused)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "scope", "add", "one", "--description", "First."), COMMAND_DONE);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "scope", "add", "one", "--description", "Second.");
    cr_expect(console_has(c.err, "name: "));
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "scope", "add", "two words", "--description", "x");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "scope", "add", "three");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "scope", "add", "three", "--description", "");
    cr_expect(str_is(cache_scope(console_context(&c)->snapshot, STR("one"))->description, "First."));
}
Test(cmd_scope, the_servers_own_permissions_stay)
{
    struct console c = console_new();
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "scope", "remove", "view-users");
    const json *row = console_row(CONSOLE_JSON(&c, "scope", "list"), "name", "view-users");
    cr_assert_not_null(row);
    cr_expect(console_flag(row, "builtin"));
}
