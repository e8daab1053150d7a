/* SPDX-License-Identifier: MIT
 * cmd_issuer: whose assertions are taken. */
#include "../console.h"
#include "store/table/db_issuer.h"
#include <stdlib.h>

static const char public_key[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\",\"use\":\"sig\",\"alg\":\"ES256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"; /* RFC 7515 A.3 */

static struct console console_with_client(void)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "scope", "add", "read", "--description", "Read."), COMMAND_DONE);
    cr_assert_eq(CONSOLE(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "jwt_bearer"), COMMAND_DONE);
    return c;
}
static size_t count_issuers(struct console *c, struct db_issuer **rows)
{
    size_t count = 0;
    cr_assert(!FAILED(db_issuer_all(store_each(c->authority->store), c->a, rows, &count)));
    return count;
}
Test(cmd_issuer, its_keys_come_from_a_file_and_the_rest_from_options)
{
    struct console c = console_with_client();
    struct db_issuer *rows;
    str file = str_format(c.a, "%s/keys.json", c.directory);
    FILE *f = fopen(file.p, "w");
    cr_assert(f != NULL && fputs(public_key, f) >= 0 && fclose(f) == 0);
    json *made = CONSOLE_JSON(&c, "issuer", "add", "https://idp.example", "--jwks", file.p, "--subject-is", "email", "--client", "app", "--scope", "read");
    cr_expect(str_is(json_member_text(made, "issuer"), "https://idp.example"));
    cr_assert_eq(count_issuers(&c, &rows), 1);
    cr_expect(str_is(rows[0].subject_is, "email") && rows[0].life_max == 300 && console_has(rows[0].jwks, "f83OJ3D2xF1Bg8vub9t"));
    const json *row = json_at(CONSOLE_JSON(&c, "issuer", "list"), 0);
    cr_expect(str_is(json_text_of(json_at(json_member(row, "clients"), 0)), "app"));
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "issuer", "add", "https://idp.example", "--jwks", file.p, "--subject-is", "email", "--client", "app", "--scope",
                    "read");
    cr_expect(console_has(c.err, "already exists"));
    cr_expect(console_flag(CONSOLE_JSON(&c, "issuer", "remove", "https://idp.example"), "removed"));
    cr_expect_eq(count_issuers(&c, &rows), 0);
}
Test(cmd_issuer, neither_or_both_ways_to_its_keys_or_an_unreadable_one_is_misuse)
{
    struct console c = console_with_client();
    struct db_issuer *rows;
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "issuer", "add", "https://i", "--subject-is", "email", "--client", "app", "--scope", "read");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "issuer", "add", "https://i", "--subject-is", "email", "--jwks", "x", "--jwks-uri", "https://i/k");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "issuer", "add", "https://i", "--subject-is", "email", "--jwks", "/nonexistent");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "issuer", "add", "https://i", "--jwks-uri", "https://i/k");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "issuer", "add", "https://i", "--jwks-uri", "https://i/k", "--subject-is", "email", "--client", "nobody", "--scope",
                    "read");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "issuer", "add", "https://i", "--jwks-uri", "http://i/k", "--subject-is", "email", "--client", "app", "--scope",
                    "read");
    cr_expect_eq(count_issuers(&c, &rows), 0);
}
