/* SPDX-License-Identifier: MIT
 * cmd_pat: personal access tokens, shown once, listed by owner, revoked by id. */
#include "../console.h"
#include "store/table/db_pat.h"

Test(cmd_pat, the_token_is_shown_once_and_is_the_persons_until_it_is_revoked)
{
    struct console c = console_new();
    struct db_user *ada = fixture_user(c.authority, c.a, "ada");
    (void)fixture_user(c.authority, c.a, "bob");
    json *made = CONSOLE_JSON(&c, "pat", "add", "ada", "--name", "laptop", "--scope", "view-users", "--expires-in", "600");
    str token = json_member_text(made, "token"), id = json_member_text(made, "id");
    struct token_hash hash = token_hash_of(token);
    struct db_pat *pat = NULL;
    cr_assert(!FAILED(db_pat_by_hash(store_each(c.authority->store), c.a, &hash, &pat)) && pat);
    cr_expect(pat->user_number == ada->number && str_is(pat->scope, "view-users") && pat->expires_at - pat->created_at == 600);
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "pat", "list", "ada")), 1);
    cr_expect(!console_has(c.out, token.p) && console_has(c.out, "laptop"));
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "pat", "list", "bob")), 0, "another person's list");
    cr_expect(console_flag(CONSOLE_JSON(&c, "pat", "revoke", id.p), "revoked"));
    cr_assert(!FAILED(db_pat_by_hash(store_each(c.authority->store), c.a, &hash, &pat)) && pat);
    cr_expect_neq(pat->revoked_at, 0);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "pat", "revoke", id.p);
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "pat", "list", "ada")), 0);
}
Test(cmd_pat, nobody_no_name_and_an_unknown_scope_make_no_token)
{
    struct console c = console_new();
    (void)fixture_user(c.authority, c.a, "ada");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "pat", "add", "nobody", "--name", "x");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "pat", "list", "nobody");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "pat", "add", "ada");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "pat", "add", "ada", "--name", "x", "--scope", "nosuch");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "pat", "add", "ada", "--name", "x", "--dpop-jkt", "short");
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "pat", "list", "ada")), 0);
}
