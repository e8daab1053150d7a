/* SPDX-License-Identifier: MIT
 * cmd_resource: added whole, changed in part, removed. */
#include "../console.h"

static const struct db_resource *find_resource(struct console *c, const char *uri)
{
    return cache_resource(console_context(c)->snapshot, str_of(uri));
}
Test(cmd_resource, what_is_not_said_is_the_default_and_what_is_edited_leaves_the_rest)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "scope", "add", "read", "--description", "Read."), COMMAND_DONE);
    json *made = CONSOLE_JSON(&c, "resource", "add", "https://api.example/", "--name", "API", "--scope", "read");
    cr_expect(str_is(json_member_text(made, "token_format"), "jwt") && str_is(json_member_text(made, "alg"), "ES256"));
    cr_expect(str_is(json_member_text(made, "scope"), "read"));
    json *changed = CONSOLE_JSON(&c, "resource", "edit", "https://api.example/", "--name", "Other");
    cr_expect(str_is(json_member_text(changed, "name"), "Other") && str_is(json_member_text(changed, "scope"), "read"));
    cr_assert_eq(CONSOLE(&c, "resource", "edit", "https://api.example/", "--scope", ""), COMMAND_DONE);
    const struct db_resource *now = find_resource(&c, "https://api.example/");
    cr_assert_not_null(now);
    cr_expect(str_is(now->name, "Other") && !str_filled(now->scopes), "an empty list takes all of them away");
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "resource", "list")), 1);
    cr_assert_eq(CONSOLE(&c, "resource", "remove", "https://api.example/"), COMMAND_DONE);
    cr_expect_null(find_resource(&c, "https://api.example/"));
}
Test(cmd_resource, what_is_wrong_changes_nothing)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "resource", "add", "https://api.example/", "--name", "API", "--token-format", "sealed"), COMMAND_DONE);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "resource", "add", "https://api.example/", "--name", "Again");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "resource", "add", "https://api.example/#part", "--name", "x");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "resource", "add", "https://b.example/", "--name", "x", "--client", "nobody");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "resource", "edit", "https://api.example/", "--scope", "nosuch");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "resource", "edit", "https://b.example/", "--name", "x");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "resource", "add", "https://b.example/");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "resource", "add", "https://b.example/", "--name", "x", "--alg", "HS256");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "resource", "edit", "https://api.example/");
    cr_expect(str_is(find_resource(&c, "https://api.example/")->name, "API"));
    cr_expect_null(find_resource(&c, "https://b.example/"));
}
