/* SPDX-License-Identifier: MIT
 * exchange_token: what is read of a token that was handed in, and what is no token to hand in. */
#include "grant/exchange_token.h"
#include "client/subject.h"
#include "exchange.h"
#include "user/user.h"

#include "base/banned.h"

#define TYPE_ACCESS STR(EXCHANGE_TYPE "access_token")
#define TYPE_JWT    STR(EXCHANGE_TYPE "jwt")
#define TYPE_ID     STR(EXCHANGE_TYPE "id_token")

static err read_it(struct stage *t, str token, str type, struct exchange_token *out)
{
    scene_next(&t->s);
    return exchange_token_read(t->s.ctx, stage_find(t, "gate"), token, type, out);
}

static enum err_kind refused(struct stage *t, str token, str type)
{
    struct exchange_token ignored;
    return read_it(t, token, type, &ignored).kind;
}

Test(exchange_token, an_access_token_says_whose_for_whom_how_far_and_until_when)
{
    struct stage t = exchange_stage();
    struct exchange_token x;
    assert_done(read_it(&t, exchange_tokens(&t, "web", "&scope=read"), TYPE_ACCESS, &x));
    cr_expect(str_is(x.client_id, "web") && str_equal(x.subject, t.ada->id) && str_equal(x.user->id, t.ada->id) && str_is(x.scope, "read"));
    cr_expect(str_present(x.authorization_id) && !x.resource && !str_present(x.act) && !x.may_act && !str_present(x.session_id));
    cr_expect(x.auth_time == NOW && x.expires_at == NOW + 3600 && str_is(x.acr, ACR_PASSWORD));
    assert_done(read_it(&t, exchange_tokens(&t, "web", "&resource=" FILES), TYPE_JWT, &x));
    cr_expect(x.resource && str_is(x.resource->uri, FILES) && str_is(x.scope, "read write"));
}

Test(exchange_token, a_token_without_scope_is_told_from_one_that_has_none)
{
    struct stage t = exchange_stage();
    struct token_answer own;
    struct exchange_token x;
    exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000011"));
    assert_done(read_it(&t, exchange_id_token(&t, "gate", NOW + 300), TYPE_ID, &x));
    cr_expect(!str_present(x.scope) && !str_present(x.authorization_id), "an ID token has no scope");
    assert_done(stage_token(&t, "gate", STR("grant_type=client_credentials&scope=read"), &own));
    assert_done(read_it(&t, own.access_token, TYPE_ACCESS, &x));
    cr_expect(!x.user && str_is(x.subject, "client:gate") && !str_present(x.authorization_id) && str_is(x.scope, "read"));
}

Test(exchange_token, a_type_is_one_of_three_and_must_be_the_tokens)
{
    struct stage t = exchange_stage();
    str sealed = exchange_tokens(&t, "web", ""), jwt = exchange_tokens(&t, "web", "&resource=" FILES), id = exchange_id_token(&t, "gate", NOW + 300);
    static const char *const unknown[] = {
        "", "access_token", EXCHANGE_TYPE, EXCHANGE_TYPE "refresh_token", EXCHANGE_TYPE "saml2", EXCHANGE_TYPE "Access_token"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_expect_eq(refused(&t, sealed, str_of(unknown[i])), ERR_INVALID_REQUEST, "%s", unknown[i]);
    cr_expect_eq(refused(&t, sealed, STR_ABSENT), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, sealed, TYPE_JWT), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, jwt, TYPE_ID), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, id, TYPE_ACCESS), ERR_INVALID_REQUEST); /* AT-04 */
    cr_expect_eq(refused(&t, id, TYPE_JWT), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, jwt, TYPE_ACCESS), ERR_OK);
}

/* A session of Ada's at the client gate, and the ID token that tells of it: by its id, or by the hint that this server alone reads. */
static str id_token_of(struct stage *t, const struct session *s, bool by_hint)
{
    struct id_token what = {
        .issuer = STR(FIXTURE_ISSUER), .subject = t->ada->id, .client_id = STR("gate"), .auth_time = NOW, .issued_at = NOW, .expires_at = NOW + 300};
    str token;
    scene_next(&t->s);
    if (by_hint)
        assert_done(subject_session_hint(t->s.ctx, stage_find(t, "gate"), s->row->id, &what.session_hint));
    else
        what.session_id = s->row->id;
    assert_done(id_token_sign(t->s.a, t->s.ctx->keys, SIGN_ES256, &what, &token));
    return token;
}

Test(exchange_token, an_id_token_ends_with_the_login_that_it_tells_of) /* RF-08 */
{
    for (int by_hint = 0; by_hint < 2; by_hint++) {
        struct stage t = exchange_stage();
        struct exchange_token x;
        exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000012")); /* of another login: it stays */
        struct session one = stage_session(&t, t.ada), other = stage_session(&t, t.ada);
        str session_id = str_dup(t.s.a, one.row->id), token = id_token_of(&t, &one, by_hint);
        assert_done(read_it(&t, token, TYPE_ID, &x));
        cr_expect(str_equal(x.session_id, session_id), "the exchange must end with it too");
        assert_done(session_end(t.s.ctx, &one));
        cr_expect_eq(refused(&t, token, TYPE_ID), ERR_INVALID_REQUEST, "by hint: %d", by_hint);
        cr_expect_eq(refused(&t, id_token_of(&t, &other, by_hint), TYPE_ID), ERR_OK);
    }
}

Test(exchange_token, who_is_blocked_or_must_change_the_password_is_nobody) /* LS-14, CVE-2026-1609 */
{
    struct stage t = exchange_stage();
    exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000013"));
    str id = exchange_id_token(&t, "gate", NOW + 300), access = exchange_tokens(&t, "web", "");
    struct db_user due = *scene_again(&t.s, t.ada);
    due.must_change_password = true;
    assert_done(db_user_save(store_each(t.s.authority->store), t.s.a, &due, NULL));
    cr_expect_eq(refused(&t, id, TYPE_ID), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, access, TYPE_ACCESS), ERR_INVALID_REQUEST);
    due = *scene_again(&t.s, t.ada);
    due.must_change_password = false;
    assert_done(db_user_save(store_each(t.s.authority->store), t.s.a, &due, NULL));
    cr_expect_eq(refused(&t, access, TYPE_ACCESS), ERR_OK);
    scene_next(&t.s);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    cr_expect_eq(refused(&t, id, TYPE_ID), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, access, TYPE_ACCESS), ERR_INVALID_REQUEST);
}

Test(exchange_token, an_id_token_with_a_pairwise_name_is_not_read_as_an_id) /* AT-14 */
{
    struct stage t = exchange_stage();
    exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000014"));
    str id = exchange_id_token(&t, "gate", NOW + 300);
    cr_expect_eq(refused(&t, id, TYPE_ID), ERR_OK);
    struct db_client next = *stage_find(&t, "gate");
    next.metadata.subject_type = STR("pairwise");
    assert_done(db_client_save(store_each(t.s.authority->store), &next));
    cr_expect_eq(refused(&t, id, TYPE_ID), ERR_INVALID_REQUEST);
}

struct handed {
    str token, type;
};

static err read_again(struct context *ctx, void *context)
{
    const struct handed *h = context;
    struct exchange_token x;
    return exchange_token_read(ctx, cache_client(ctx->snapshot, STR("gate")), h->token, h->type, &x);
}

Test(exchange_token, memory_that_ends_is_no_verdict_about_a_token)
{
    struct stage t = exchange_stage();
    exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000015"));
    struct session s = stage_session(&t, t.ada);
    struct handed all[] = {{exchange_tokens(&t, "web", ""), TYPE_ACCESS},
                           {exchange_tokens(&t, "web", "&resource=" FILES), TYPE_JWT},
                           {id_token_of(&t, &s, false), TYPE_ID},
                           {id_token_of(&t, &s, true), TYPE_ID}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t n = 1;
        while (n < 500 && !scene_torture(&t.s, n, read_again, &all[i]))
            n++;
        cr_expect(n > 1 && n < 500, "%zu: %zu", i, n);
    }
}
