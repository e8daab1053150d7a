/* SPDX-License-Identifier: MIT
 * client_credentials: a client for itself, never a person. */
#include "grant/client_credentials.h"
#include "stage.h"

static err redeem(struct stage *t, const char *id, const char *more, struct token_answer *out)
{
    return stage_token(t, id, stage_text(t, "grant_type=client_credentials", str_of(more), ""), out);
}

static void shape_code(struct client_edit *edit)
{
    edit->grants = STR("authorization_code");
}

static void shape_short(struct client_edit *edit)
{
    edit->access_lifetime = 120;
}

static void shape_long(struct client_edit *edit)
{
    edit->access_lifetime = 86400;
}

Test(client_credentials, TE_07_no_refresh_token_and_no_person)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    struct actor actor;
    assert_done(redeem(&t, "web", "&scope=read", &answer));
    cr_expect(!str_present(answer.refresh_token) && str_is(answer.scope, "read"));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(b.user == NULL && b.facts.permit.user_number == 0 && str_is(b.facts.permit.subject, "client:web")); /* TE-08 */
    assert_done(bearer_actor(t.s.ctx, &(struct bearer_sent){answer.access_token, false}, &actor));
    cr_expect(actor.kind == ACTOR_CLIENT && !actor.unscoped_full);
    cr_expect(!actor_is_admin(&actor) && !actor_may(&actor, "view-users"));
}

Test(client_credentials, public_clients_and_clients_without_the_grant_are_refused)
{
    struct stage t = stage_new();
    struct token_answer answer;
    (void)stage_client(&t, "plain", shape_code);
    expect_kind(redeem(&t, "pub", "", &answer), UNAUTHORIZED_CLIENT);
    expect_kind(redeem(&t, "plain", "", &answer), UNAUTHORIZED_CLIENT);
    expect_kind(redeem(&t, "web", "&scope=view-users", &answer), INVALID_SCOPE);
    expect_kind(stage_token(&t, "web", STR("grant_type=implicit"), &answer), UNSUPPORTED_GRANT_TYPE); /* TE-05 */
    expect_kind(stage_token(&t, "web", STR("scope=read"), &answer), INVALID_REQUEST);
}

/* An RSA signature takes milliseconds: event threads have none to give. */
Test(client_credentials, slow_signatures_are_made_elsewhere)
{
    struct stage t = stage_new();
    struct token_answer answer;
    static const struct {
        const char *uri, *alg;
        enum err_kind inline_answer;
    } rows[] = {{"https://rsa.example", "RS256", ERR_ELSEWHERE}, {"https://ec.example", "ES256", ERR_OK}};
    for (size_t i = 0; i < 2; i++) {
        struct db_resource row = {.uri = str_of(rows[i].uri), .name = STR("x"), .token_format = STR("jwt"), .alg = str_of(rows[i].alg), .created_at = NOW};
        assert_done(db_resource_add(store_each(t.s.authority->store), &row));
        str more = str_format(t.s.a, "&resource=%s", rows[i].uri);
        assert_done(redeem(&t, "web", more.p, &answer));
        cache_inline(true);
        err e = redeem(&t, "web", more.p, &answer);
        cache_inline(false);
        cr_expect_eq(e.kind, rows[i].inline_answer, "%s", rows[i].alg);
    }
}

static void shape_compat(struct client_edit *edit)
{
    edit->compat_processmaker = 1;
}

/* The whole request, as the pipeline runs it: on an event thread, or on a worker. */
static err by_secret_alone(struct stage *t, str secret, bool on_event_thread)
{
    struct token_answer answer;
    struct client_proof proof;
    scene_next(&t->s);
    struct form f = stage_form(t, stage_text(t, "grant_type=client_credentials&resource=https://rsa.example&client_secret=", secret, "").p);
    cache_inline(on_event_thread);
    err e = client_auth_check(t->s.ctx, &(struct client_claim){STR_ABSENT, &f, true}, &proof);
    if (!FAILED(e))
        e = token_request_answer(t->s.ctx, &proof, &f, &answer);
    cache_inline(false);
    return e;
}

Test(client_credentials, what_is_run_again_elsewhere_is_told_once)
{
    struct stage t = stage_new();
    struct db_resource row = {.uri = STR("https://rsa.example"), .name = STR("x"), .token_format = STR("jwt"), .alg = STR("RS256"), .created_at = NOW};
    assert_done(db_resource_add(store_each(t.s.authority->store), &row));
    str secret = stage_client(&t, "pm", shape_compat);
    expect_kind(by_secret_alone(&t, secret, true), ELSEWHERE);
    assert_done(by_secret_alone(&t, secret, false));
    cr_expect_eq(event_count(&t.s, "client.deprecated"), 1);
}

Test(client_credentials, TE_10_lifetimes_are_the_clients_within_the_servers)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    (void)stage_client(&t, "short", shape_short);
    (void)stage_client(&t, "long", shape_long);
    t.s.authority->policy.access_lifetime_max = 7200;
    assert_done(redeem(&t, "long", "", &answer));
    cr_expect_eq(answer.expires_in, 7200);
    assert_done(redeem(&t, "short", "", &answer));
    cr_expect_eq(answer.expires_in, 120);
    clock_set(NOW + 119);
    expect_kind(stage_bearer(&t, answer.access_token, &b), OK);
    clock_set(NOW + 120);
    expect_kind(stage_bearer(&t, answer.access_token, &b), INVALID_TOKEN);
}
