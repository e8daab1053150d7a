/* SPDX-License-Identifier: MIT
 * client_secret: kept only for who signs with it, bound to its client, and of use only while it lives (CA-14). */
#include "client/client_secret.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

enum { NOW = 1700000000 };
static struct context *ctx;

static void begin(void)
{
    clock_set(NOW);
    struct arena *a = fixture_arena();
    ctx = fixture_context(fixture_authority(a), a);
}

TestSuite(client_secret, .init = begin);

static struct db_client client_with(const char *id, const char *method)
{
    return (struct db_client){.id = str_of(id), .auth_method = str_of(method)};
}

static void live(struct db_client *c, const char *raw, unix_time until)
{
    c->secrets[c->secret_count++] = (struct db_client_secret){.hash = token_hash_of(str_of(raw)), .expires_at = until};
}

static size_t count_live(const struct db_client *c, str raw[DB_CLIENT_SECRETS])
{
    size_t count = 99;
    cr_assert_eq(client_secret_live(ctx, c, raw, &count).kind, ERR_OK);
    return count;
}

Test(client_secret, of_others_nothing_but_the_hash_is_kept)
{
    static const char *const ways[] = {"client_secret_basic", "client_secret_post", "private_key_jwt", "none", "any", ""};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct db_client c = client_with("c", ways[i]);
        c.metadata.sealed_secret = STR("left from before");
        cr_assert_eq(client_secret_keep(ctx, STR("raw"), &c).kind, ERR_OK);
        cr_expect(!client_secret_kept(&c) && !str_present(c.metadata.sealed_secret), "%s", ways[i]);
    }
}

Test(client_secret, what_is_kept_is_sealed_and_had_again_newest_first)
{
    str raw[DB_CLIENT_SECRETS];
    struct db_client c = client_with("c", "client_secret_jwt");
    cr_assert_eq(client_secret_keep(ctx, STR("first-secret"), &c).kind, ERR_OK);
    live(&c, "first-secret", NOW + 1);
    cr_assert(count_live(&c, raw) == 1 && str_is(raw[0], "first-secret"));
    cr_assert_eq(client_secret_keep(ctx, STR("second-secret"), &c).kind, ERR_OK);
    live(&c, "second-secret", 0);
    cr_assert(count_live(&c, raw) == 2 && str_is(raw[0], "second-secret") && str_is(raw[1], "first-secret"));
    cr_expect_null(memmem(c.metadata.sealed_secret.p, c.metadata.sealed_secret.n, "secret", 6));
}

Test(client_secret, what_has_ended_is_not_handed_out)
{
    str raw[DB_CLIENT_SECRETS];
    struct db_client c = client_with("c", "client_secret_jwt");
    cr_assert_eq(client_secret_keep(ctx, STR("one"), &c).kind, ERR_OK);
    cr_expect_eq(count_live(&c, raw), 0u); /* the store knows no such secret */
    live(&c, "one", NOW);
    cr_expect_eq(count_live(&c, raw), 0u); /* it ended this second */
    c.secrets[0].expires_at = NOW + 1;
    cr_expect_eq(count_live(&c, raw), 1u);
}

Test(client_secret, another_clients_box_does_not_open)
{
    str raw[DB_CLIENT_SECRETS];
    size_t count;
    struct db_client c = client_with("c", "client_secret_jwt"), d = client_with("d", "client_secret_jwt");
    cr_assert_eq(client_secret_keep(ctx, STR("one"), &c).kind, ERR_OK);
    d.metadata.sealed_secret = c.metadata.sealed_secret;
    live(&d, "one", 0);
    cr_expect(FAILED(client_secret_live(ctx, &d, raw, &count)));
}

Test(client_secret, a_very_long_one_is_refused)
{
    static char text[1025];
    struct db_client c = client_with("c", "client_secret_jwt");
    memset(text, 'x', sizeof text);
    cr_expect_eq(client_secret_keep(ctx, (str){text, 1025}, &c).kind, ERR_UNPROCESSABLE);
    cr_expect_eq(client_secret_keep(ctx, (str){text, 1024}, &c).kind, ERR_OK);
}
