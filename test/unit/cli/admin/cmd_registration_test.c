/* SPDX-License-Identifier: MIT
 * cmd_registration: initial access tokens, shown once. */
#include "../console.h"
#include "store/table/db_initial.h"

Test(cmd_registration, the_token_is_shown_once_and_the_store_has_its_hash)
{
    struct console c = console_new();
    struct db_initial_rows rows;
    json *made = CONSOLE_JSON(&c, "registration", "add", "--label", "Partner", "--uses", "2", "--expires-in", "60", "--grant", "authorization_code");
    str token = json_member_text(made, "token"), id = json_member_text(made, "id");
    cr_assert(str_filled(token) && str_filled(id));
    cr_assert(!FAILED(db_initial_list(store_each(c.authority->store), c.a, &rows)) && rows.count == 1);
    cr_expect(str_equal(rows.rows[0].id, id) && rows.rows[0].uses_left == 2 && rows.rows[0].expires_at - rows.rows[0].created_at == 60);
    struct token_hash hash = token_hash_of(token);
    struct db_initial *found = NULL;
    cr_assert(!FAILED(db_initial_find(store_each(c.authority->store), c.a, &hash, clock_now(), &found)) && found, "it is this token's");
    json *list = CONSOLE_JSON(&c, "registration", "list");
    cr_expect(json_count(list) == 1 && !json_member(json_at(list, 0), "token") && !console_has(c.out, token.p));
    cr_expect(console_flag(CONSOLE_JSON(&c, "registration", "remove", id.p), "removed"));
    cr_assert(!FAILED(db_initial_list(store_each(c.authority->store), c.a, &rows)));
    cr_expect_eq(rows.count, 0);
}
Test(cmd_registration, without_limits_uses_and_end_are_null)
{
    struct console c = console_new();
    json *made = CONSOLE_JSON(&c, "registration", "add", "--label", "Open");
    int64_t number;
    cr_expect(json_member(made, "uses_left") && !json_integer_of(json_member(made, "uses_left"), &number));
    cr_expect(json_member(made, "expires_at") && !json_is_text(json_member(made, "expires_at")));
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "registration", "add");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "registration", "add", "--label", "x", "--uses", "0");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "registration", "add", "--label", "x", "--grant", "nosuch");
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "registration", "list")), 1);
}
