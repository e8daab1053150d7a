/* SPDX-License-Identifier: MIT
 * cmd_details: types of authorization details. */
#include "../console.h"

Test(cmd_details, a_type_is_there_until_it_is_removed)
{
    struct console c = console_new();
    json *made = CONSOLE_JSON(&c, "details", "add", "payment", "--description", "Pay.", "--fields", "amount:The amount;to:Whom");
    cr_expect(str_is(json_member_text(made, "type"), "payment"));
    cr_expect_eq(json_count(json_member(made, "fields")), 2);
    cr_expect_not_null(cache_details_type(console_context(&c)->snapshot, STR("payment")));
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "details", "list")), 1);
    cr_expect(console_flag(CONSOLE_JSON(&c, "details", "remove", "payment"), "removed"));
    cr_expect_null(cache_details_type(console_context(&c)->snapshot, STR("payment")));
    cr_expect_eq(CONSOLE(&c, "details", "list"), COMMAND_DONE);
    cr_expect(str_is(c.out, "none\n"));
}
Test(cmd_details, what_is_there_or_malformed_is_refused)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "details", "add", "payment", "--description", "Pay."), COMMAND_DONE);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "details", "add", "payment", "--description", "Again.");
    cr_expect(console_has(c.err, "type: "));
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "details", "add", "other", "--description", "x", "--fields", "without words");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "details", "add", "other");
    cr_expect_null(cache_details_type(console_context(&c)->snapshot, STR("other")));
}
