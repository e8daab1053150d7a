/* SPDX-License-Identifier: MIT
 * token_request: the one way through the token endpoint: who may which grant, what is asked before anything is spent, how long tokens live,
 * and that what is signed is made afterwards or not at all. */
#include "grant/token_request.h"
#include "authorize/consent.h"
#include "client_ways.h"
#include "proof.h"
#include "scope/details_types.h"
#include "user/user.h"

#define ASK      "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
#define PASSWORD "grant_type=password&username=ada&password=correct+horse+battery"

static void save_resource(struct stage *t, const char *uri, const char *alg)
{
    struct db_resource row = {
        .uri = str_of(uri), .name = str_of(uri), .token_format = STR("jwt"), .alg = str_of(alg), .client_id = STR("other"), .created_at = NOW};
    assert_done(db_resource_add(store_each(t->s.authority->store), &row));
    scene_next(&t->s);
}

Test(token_request, TE_05_a_grant_is_named_known_and_the_clients)
{
    struct stage t = stage_new();
    struct token_answer answer;
    static const struct {
        const char *client, *text;
        enum err_kind kind;
    } rows[] = {{"web", "", ERR_INVALID_REQUEST},
                {"web", "grant_type=", ERR_INVALID_REQUEST},
                {"web", "grant_type=nosuch", ERR_UNSUPPORTED_GRANT_TYPE},
                {"web", "grant_type=implicit", ERR_UNSUPPORTED_GRANT_TYPE},
                {"web", "grant_type=Password", ERR_UNSUPPORTED_GRANT_TYPE},
                {"web", "grant_type=device_code", ERR_UNSUPPORTED_GRANT_TYPE}, /* our word, not the wire's */
                {"web", "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x", ERR_UNAUTHORIZED_CLIENT},
                {"web", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", ERR_UNAUTHORIZED_CLIENT},
                {"pub", "grant_type=client_credentials", ERR_UNAUTHORIZED_CLIENT}, /* TE-07 */
                {"pub", "grant_type=urn:openid:params:grant-type:ciba&auth_req_id=x", ERR_UNAUTHORIZED_CLIENT},
                {"web", "grant_type=client_credentials", ERR_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(stage_token(&t, rows[i].client, str_of(rows[i].text), &answer).kind, rows[i].kind, "%s %s", rows[i].client, rows[i].text);
        cr_expect_eq(str_present(answer.access_token), rows[i].kind == ERR_OK);
    }
}

Test(token_request, TE_07_who_did_not_authenticate_is_public_whatever_is_registered)
{
    struct stage t = stage_new();
    struct token_answer answer = {0};
    struct client_proof proof = {.client = stage_find(&t, "web"), .authenticated = false};
    struct form f = stage_form(&t, "grant_type=client_credentials");
    expect_kind(token_request_answer(t.s.ctx, &proof, &f, &answer), UNAUTHORIZED_CLIENT);
}

Test(token_request, what_must_be_proved_is_asked_for_before_anything_is_spent) /* DP-01 */
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct holder h = holder_new(&t);
    str code = stage_code(&t, ASK);
    t.s.authority->started = NOW - 1000;
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.dpop_bound_access_tokens = true});
    str redeem = stage_text(&t, "grant_type=authorization_code&code=", code, REDIRECT);
    expect_kind(proof_token(&t, "web", NULL, redeem, &answer), INVALID_REQUEST);
    assert_done(proof_token(&t, "web", &h, redeem, &answer));
    cr_expect(str_is(answer.token_type, "DPoP"));
}

Test(token_request, TE_10_lifetimes_are_the_clients_within_the_servers_and_a_refresh_ends_absolutely) /* RF-07 */
{
    struct stage t = stage_new();
    struct db_client client = *stage_find(&t, "web");
    struct policy *p = &t.s.authority->policy;
    cr_expect_eq(token_request_lifetime(t.s.ctx, &client), p->access_lifetime);
    client.access_lifetime = 60;
    cr_expect_eq(token_request_lifetime(t.s.ctx, &client), 60);
    client.access_lifetime = p->access_lifetime_max + 1;
    cr_expect_eq(token_request_lifetime(t.s.ctx, &client), p->access_lifetime_max);
    cr_expect_eq(token_request_refresh_end(t.s.ctx, &client, NOW), NOW + p->refresh_lifetime);
    client.refresh_lifetime = 100;
    cr_expect_eq(token_request_refresh_end(t.s.ctx, &client, NOW), NOW + 100);
    cr_expect_eq(token_request_refresh_end(t.s.ctx, &client, NOW - p->refresh_absolute + 40), NOW + 40);
    cr_expect_eq(token_request_refresh_end(t.s.ctx, &client, NOW - p->refresh_absolute - 40), NOW - 40, "it has ended");
}

Test(token_request, details_may_be_repeated_in_part_and_never_changed) /* RFC 9396 6 */
{
    struct stage t = stage_new();
    const str granted = STR("[{\"type\":\"pay\",\"amount\":5,\"to\":[\"a\",\"b\"]},{\"type\":\"read\"}]");
    static const struct {
        const char *asked, *given; /* NULL: refused */
    } rows[] = {{"[{\"type\":\"read\"}]", "[{\"type\":\"read\"}]"},
                {"[{\"to\":[\"a\",\"b\"],\"type\":\"pay\",\"amount\":5}]", "[{\"to\":[\"a\",\"b\"],\"type\":\"pay\",\"amount\":5}]"},
                {"[{\"type\":\"pay\",\"amount\":6,\"to\":[\"a\",\"b\"]}]", NULL},
                {"[{\"type\":\"pay\",\"amount\":5,\"to\":[\"b\",\"a\"]}]", NULL},
                {"[{\"type\":\"pay\",\"amount\":5}]", NULL},
                {"[{\"type\":\"read\"},{\"type\":\"write\"}]", NULL},
                {"[]", NULL},
                {"{\"type\":\"read\"}", NULL},
                {"[{\"type\":\"read\"}", NULL},
                {"[7]", NULL},
                {"null", NULL}};
    str details;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err e = token_request_details(t.s.a, granted, str_of(rows[i].asked), &details);
        cr_expect_eq(e.kind, rows[i].given ? ERR_OK : ERR_INVALID_AUTHORIZATION_DETAILS, "%s", rows[i].asked);
        cr_expect(FAILED(e) || str_is(details, rows[i].given), "%s", rows[i].asked);
    }
    assert_done(token_request_details(t.s.a, granted, STR_ABSENT, &details));
    cr_expect(str_equal(details, granted));
    expect_kind(token_request_details(t.s.a, STR_ABSENT, STR("[{\"type\":\"read\"}]"), &details), INVALID_AUTHORIZATION_DETAILS);
    arena_fail_after(1);
    expect_kind(token_request_details(t.s.a, granted, STR("[{\"type\":\"read\"}]"), &details), UNAVAILABLE);
    arena_fail_after(0);
}

Test(token_request, what_is_signed_is_owed_until_its_effects_are_durable)
{
    struct stage t = stage_new();
    struct token_answer answer = {0}, broken;
    struct bearer b;
    save_resource(&t, "https://s", "ES256");
    struct client_proof proof = stage_proof(&t, "web");
    struct form f = stage_form(&t, PASSWORD "&scope=read&resource=https%3A%2F%2Fs");
    assert_done(token_request_answer(t.s.ctx, &proof, &f, &answer));
    cr_expect(answer.owed.access && !str_present(answer.access_token) && !answer.owed.id);
    broken = answer;
    assert_done(token_request_finish(t.s.ctx, &answer));
    cr_expect(str_filled(answer.access_token) && !answer.owed.access);
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(b.kind == BEARER_JWT && str_is(b.facts.permit.audience, "https://s"));
    arena_fail_after(1);
    cr_expect_eq(token_request_finish(t.s.ctx, &broken).kind, ERR_UNAVAILABLE);
    arena_fail_after(0);
    cr_expect(!str_present(broken.access_token) && broken.owed.access, "half an answer is none");
}

/* What a refresh gives when something was taken since: AZ-15, RF-08. */
Test(token_request, what_was_taken_since_is_not_given_again)
{
    struct stage t = stage_new();
    struct token_answer answer, again;
    bool removed;
    save_resource(&t, "https://s", "ES256");
    assert_done(stage_password(&t, "web", "&scope=read+write&resource=https%3A%2F%2Fs", &answer));
    struct db_client client = *stage_find(&t, "web");
    client.scopes = STR("write");
    assert_done(db_client_save(store_each(t.s.authority->store), &client));
    assert_done(stage_refresh(&t, "web", answer.refresh_token, "", &again));
    cr_expect(str_is(again.scope, "write"));
    client = *stage_find(&t, "web");
    client.scopes = STR("openid");
    assert_done(db_client_save(store_each(t.s.authority->store), &client));
    expect_kind(stage_refresh(&t, "web", again.refresh_token, "", &answer), INVALID_SCOPE); /* for a service it would be another kind of token */
    client = *stage_find(&t, "web");
    client.scopes = STR("read write");
    assert_done(db_client_save(store_each(t.s.authority->store), &client));
    scene_next(&t.s);
    assert_done(scopes_resource_remove(t.s.ctx, &actor_owner, STR("https://s"), &removed));
    expect_kind(stage_refresh(&t, "web", again.refresh_token, "", &answer), INVALID_TARGET);
}

static void shape_openid(struct client_edit *edit)
{
    edit->scopes = STR("openid email");
}

/* Single claims are scopes by another way: they go with them. */
Test(token_request, AZ_15_claims_of_a_scope_that_was_taken_since_are_not_told_again)
{
    struct stage t = stage_new();
    struct token_answer answer, again;
    struct bearer b;
    (void)stage_client(&t, "oidc", shape_openid);
    str code = stage_code(&t, "client_id=oidc&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid"
                              "&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%2C%22id_token%22%3A%7B%22email%22%3Anull%7D%7D");
    assert_done(stage_redeem(&t, "oidc", code, REDIRECT, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_is(b.facts.permit.userinfo_claims, "email"));
    struct db_client client = *stage_find(&t, "oidc");
    client.scopes = STR("openid");
    assert_done(db_client_save(store_each(t.s.authority->store), &client));
    scene_next(&t.s);
    struct client_proof proof = stage_proof(&t, "oidc");
    struct form f = stage_form(&t, stage_text(&t, "grant_type=refresh_token&refresh_token=", answer.refresh_token, "").p);
    again = (struct token_answer){0};
    assert_done(token_request_answer(t.s.ctx, &proof, &f, &again));
    cr_expect(again.owed.id && !str_filled(again.owed.claims));
    assert_done(stage_bearer(&t, again.access_token, &b));
    cr_expect_not(str_filled(b.facts.permit.userinfo_claims));
}

Test(token_request, AZ_15_details_of_a_type_that_was_taken_since_are_not_given_again)
{
    struct stage t = stage_new();
    struct token_answer answer, again;
    struct details_edit pay = {STR("pay"), STR("Pay"), STR_ABSENT}, look = {STR("look"), STR("Look"), STR_ABSENT};
    assert_done(details_types_add(t.s.ctx, &actor_owner, &pay, &t.s.p));
    assert_done(details_types_add(t.s.ctx, &actor_owner, &look, &t.s.p));
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.authorization_details_types = STR("pay look")});
    str code = stage_code(&t, ASK "&scope=read&authorization_details=%5B%7B%22type%22%3A%22pay%22%7D%2C%7B%22type%22%3A%22look%22%7D%5D");
    assert_done(stage_redeem(&t, "web", code, REDIRECT, &answer));
    cr_expect(str_is(answer.details, "[{\"type\":\"pay\"},{\"type\":\"look\"}]"));
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.authorization_details_types = STR("look")});
    assert_done(stage_refresh(&t, "web", answer.refresh_token, "", &again));
    cr_expect(str_is(again.details, "[{\"type\":\"look\"}]"), "%.*s", STR_FMT(again.details));
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){0});
    assert_done(stage_refresh(&t, "web", again.refresh_token, "", &answer));
    cr_expect(!str_present(answer.details) && str_is(answer.scope, "read"));
}

Test(token_request, LS_14_who_must_change_the_password_or_is_blocked_gets_nothing_by_any_grant)
{
    struct stage t = stage_new();
    struct token_answer answer, again;
    str code = stage_code(&t, ASK);
    assert_done(stage_password(&t, "web", "", &answer));
    struct db_user due = *scene_again(&t.s, t.ada);
    due.must_change_password = true;
    assert_done(db_user_save(store_each(t.s.authority->store), t.s.a, &due, NULL));
    expect_kind(stage_redeem(&t, "web", code, REDIRECT, &again), INVALID_GRANT);
    expect_kind(stage_refresh(&t, "web", answer.refresh_token, "", &again), INVALID_GRANT);
    expect_kind(stage_password(&t, "web", "", &again), INVALID_GRANT);
    cr_expect(!str_present(again.access_token));
}

Test(token_request, LG_01_a_grant_that_is_audited_is_told_once_and_a_refusal_is_not)
{
    struct stage t = stage_new();
    struct token_answer answer;
    expect_kind(stage_token(&t, "web", STR("grant_type=password&username=ada&password=wrong"), &answer), INVALID_GRANT);
    cr_expect_eq(event_count(&t.s, "token.issued"), 0);
    assert_done(stage_password(&t, "web", "", &answer));
    cr_expect_eq(event_count(&t.s, "token.issued"), grant_types[GRANT_TYPE_password].audited ? 1 : 0);
}
