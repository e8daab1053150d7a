/* SPDX-License-Identifier: MIT
 * ciba: CIBA Core 1.0: who may ask for whom, how the person answers, what the client gets. */
#include "base/pace.h"
#include "grant/ciba.h"
#include "user/user.h"
#include "client_ways.h"
#include "store/table/db_delivery.h"
#include "token/id_token.h"

#define GRANT "grant_type=urn:openid:params:grant-type:ciba&auth_req_id="
#define PLAIN "scope=openid+read&login_hint=ada"

static void shape_bank(struct client_edit *edit)
{
    edit->grants = STR("ciba");
    edit->scopes = STR("openid read");
}

static struct stage stage_ciba(void)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "bank", shape_bank);
    (void)stage_client(&t, "shop", shape_bank);
    return t;
}

static void register_as(struct stage *t, const char *id, const struct db_client_metadata *metadata)
{
    struct db_client next = *stage_find(t, id);
    next.metadata = *metadata;
    assert_done(db_client_save(store_each(t->s.authority->store), &next));
    scene_next(&t->s);
}

static err ask(struct stage *t, const char *id, const char *form, struct ciba_answer *out)
{
    scene_next(&t->s);
    struct client_proof proof = stage_proof(t, id);
    struct form f = stage_form(t, form);
    return ciba_request(t->s.ctx, &proof, &f, out);
}

static enum err_kind refused(struct stage *t, const char *form)
{
    struct ciba_answer answer;
    return ask(t, "bank", form, &answer).kind;
}

static struct ciba_answer asked(struct stage *t, const char *form)
{
    struct ciba_answer answer;
    assert_done(ask(t, "bank", form, &answer));
    return answer;
}

static err poll(struct stage *t, const char *id, str code, struct token_answer *out)
{
    return stage_token(t, id, stage_text(t, GRANT, code, ""), out);
}

static err decide(struct stage *t, const struct db_user *user, bool allow)
{
    struct db_deferred *rows, *row;
    size_t count;
    str pending;
    scene_next(&t->s);
    struct session s = stage_session(t, user);
    TRY(ciba_waiting(t->s.ctx, &s, &rows, &count));
    if (count == 0)
        FAIL(NOT_FOUND, "nothing waits");
    TRY(deferred_pend(t->s.ctx, &rows[0], &s, &pending));
    TRY(deferred_resume(t->s.ctx, pending, &s, &row));
    return ciba_decide(t->s.ctx, row, &s, allow);
}

Test(ciba, a_yes_becomes_tokens_once)
{
    struct stage t = stage_ciba();
    struct token_answer answer;
    struct bearer b;
    struct ciba_answer request = asked(&t, PLAIN "&binding_message=K-17");
    cr_expect(str_starts(request.auth_req_id, STR("jtn_cr_")));
    cr_expect_eq(request.expires_in, 300);
    cr_expect_eq(poll(&t, "bank", request.auth_req_id, &answer).kind, ERR_AUTHORIZATION_PENDING);
    cr_expect_eq(poll(&t, "bank", request.auth_req_id, &answer).kind, ERR_SLOW_DOWN);
    assert_done(decide(&t, t.ada, true));
    cr_expect_eq(poll(&t, "shop", request.auth_req_id, &answer).kind, ERR_INVALID_GRANT, "another client's");
    assert_done(poll(&t, "bank", request.auth_req_id, &answer));
    cr_expect(str_is(answer.scope, "openid read"));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_equal(b.user->id, t.ada->id));
    cr_expect_eq(poll(&t, "bank", request.auth_req_id, &answer).kind, ERR_INVALID_GRANT);
}

Test(ciba, a_no_is_told)
{
    struct stage t = stage_ciba();
    struct token_answer answer;
    struct ciba_answer request = asked(&t, PLAIN);
    assert_done(decide(&t, t.ada, false));
    cr_expect_eq(poll(&t, "bank", request.auth_req_id, &answer).kind, ERR_ACCESS_DENIED);
    cr_expect_eq(decide(&t, t.ada, true).kind, ERR_NOT_FOUND, "nothing waits any more");
}

Test(ciba, nobody_else_sees_or_answers_it)
{
    struct stage t = stage_ciba();
    struct token_answer answer;
    struct db_deferred *rows;
    size_t count;
    struct db_user *eve = fixture_user(t.s.authority, t.s.a, "eve");
    struct ciba_answer request = asked(&t, PLAIN);
    cr_expect_eq(decide(&t, eve, true).kind, ERR_NOT_FOUND);
    struct session hers = stage_session(&t, eve), own = stage_session(&t, t.ada);
    assert_done(ciba_waiting(t.s.ctx, &own, &rows, &count));
    cr_assert_eq(count, 1);
    cr_expect_eq(ciba_decide(t.s.ctx, &rows[0], &hers, true).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(poll(&t, "bank", request.auth_req_id, &answer).kind, ERR_AUTHORIZATION_PENDING);
}

Test(ciba, requests_that_cannot_be_met_get_their_own_words)
{
    struct stage t = stage_ciba();
    cr_expect_eq(refused(&t, "scope=openid&id_token_hint=x"), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, "scope=openid+write&login_hint=ada"), ERR_INVALID_SCOPE);
    cr_expect_eq(refused(&t, PLAIN "&requested_expiry=0"), ERR_INVALID_REQUEST);
    cr_expect_eq(refused(&t, PLAIN "&requested_expiry=x"), ERR_INVALID_REQUEST);
}

static enum err_kind hinted(struct stage *t, str subject)
{
    struct id_token what = {
        .issuer = STR(FIXTURE_ISSUER), .subject = subject, .client_id = STR("bank"), .auth_time = NOW, .issued_at = NOW, .expires_at = NOW + 300};
    str token;
    scene_next(&t->s);
    assert_done(id_token_sign(t->s.a, t->s.ctx->keys, SIGN_ES256, &what, &token));
    return refused(t, stage_text(t, "scope=openid&id_token_hint=", token, "").p);
}

/* AT-14: an ID token's subject is an id; after its person is gone, somebody may be called so. */
Test(ciba, an_id_token_hint_names_by_id_alone)
{
    struct stage t = stage_ciba();
    cr_expect_eq(hinted(&t, t.ada->id), ERR_OK);
    cr_expect_eq(hinted(&t, STR("ada")), ERR_UNKNOWN_USER_ID);
}

Test(ciba, only_confidential_clients_with_the_grant_may_ask)
{
    struct stage t = stage_ciba();
    struct ciba_answer answer;
    cr_expect_eq(ask(&t, "web", PLAIN, &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    cr_expect_eq(ask(&t, "pub", PLAIN, &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    register_as(&t, "bank", &(struct db_client_metadata){.backchannel_token_delivery_mode = STR("push")});
    cr_expect_eq(ask(&t, "bank", PLAIN, &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    register_as(&t, "shop", &(struct db_client_metadata){.backchannel_authentication_request_signing_alg = STR("ES256")});
    cr_expect_eq(ask(&t, "shop", PLAIN, &answer).kind, ERR_INVALID_REQUEST, "it promised to sign");
}

Test(ciba, a_person_is_meant_by_name_id_or_address)
{
    struct stage t = stage_ciba();
    struct problems p = {0};
    struct user_edit edit = edit_nothing();
    edit.email = STR("ada@example.org");
    assert_done(user_change(t.s.ctx, &actor_owner, t.ada->id, &edit, &p));
    (void)asked(&t, "scope=openid&login_hint=ADA");
    cr_expect_eq(refused(&t, "scope=openid&login_hint=ada%40example.org"), ERR_UNKNOWN_USER_ID, "nobody verified it");
    scene_next(&t.s);
    edit.claims.values[USER_CLAIMS_email_verified] = STR("true");
    assert_done(user_change(t.s.ctx, &actor_owner, t.ada->id, &edit, &p));
    (void)asked(&t, "scope=openid&login_hint=Ada%40example.org");
    (void)asked(&t, stage_text(&t, "scope=openid&login_hint=", t.ada->id, "").p);
    cr_expect_eq(refused(&t, "scope=openid&login_hint=da%40example.org"), ERR_UNKNOWN_USER_ID);
}

Test(ciba, a_blocked_person_is_nobody_and_gets_nothing)
{
    struct stage t = stage_ciba();
    struct token_answer answer;
    struct ciba_answer request = asked(&t, PLAIN);
    assert_done(decide(&t, t.ada, true));
    scene_next(&t.s);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    cr_expect_eq(poll(&t, "bank", request.auth_req_id, &answer).kind, ERR_INVALID_GRANT); /* LS-16 */
    cr_expect_eq(refused(&t, PLAIN), ERR_UNKNOWN_USER_ID);
}

Test(ciba, guessing_at_people_is_slowed_down)
{
    struct stage t = stage_ciba();
    struct ciba_answer answer = {0};
    for (int i = 0; i < 50; i++)
        cr_assert_eq(refused(&t, "scope=openid&login_hint=nobody"), ERR_UNKNOWN_USER_ID);
    cr_expect_eq(ask(&t, "bank", "scope=openid&login_hint=nobody", &answer).kind, ERR_THROTTLED);
    cr_expect_gt(answer.retry_after, 0);
}

Test(ciba, a_person_is_not_drowned_in_requests)
{
    struct stage t = stage_ciba();
    struct ciba_answer answer = {0};
    t.s.authority->policy.ciba_caps = (struct db_deferred_caps){.all = 1000, .client = 200, .user = 20, .client_of_user = 5};
    for (int i = 0; i < 5; i++)
        (void)asked(&t, PLAIN);
    cr_expect_eq(ask(&t, "bank", PLAIN, &answer).kind, ERR_BUSY); /* RL-06 */
    cr_expect_gt(answer.retry_after, 0);
    assert_done(ask(&t, "shop", PLAIN, &answer)); /* another client's share */
}

Test(ciba, RL_06_one_client_does_not_ask_one_person_without_end)
{
    struct stage t = stage_ciba();
    struct ciba_answer answer = {0};
    int asked_for = 0;
    while (asked_for < 1000 && !FAILED(ask(&t, "bank", PLAIN, &answer)))
        asked_for++;
    cr_expect_eq(asked_for, 60);
    cr_expect_gt(answer.retry_after, 0);
}

Test(ciba, requested_expiry_is_kept_within_bounds)
{
    struct stage t = stage_ciba();
    cr_expect_eq(asked(&t, PLAIN "&requested_expiry=45").expires_in, 45);
    cr_expect_eq(asked(&t, PLAIN "&requested_expiry=5").expires_in, 30);
    cr_expect_eq(asked(&t, PLAIN "&requested_expiry=99999").expires_in, 600);
}

Test(ciba, a_ping_waits_in_the_outbox_and_is_sealed)
{
    struct stage t = stage_ciba();
    struct db_delivery *rows;
    size_t count;
    str body, bearer;
    register_as(&t, "bank",
                &(struct db_client_metadata){.backchannel_token_delivery_mode = STR("ping"),
                                             .backchannel_client_notification_endpoint = STR("https://bank.example/ping")});
    cr_expect_eq(refused(&t, PLAIN), ERR_INVALID_REQUEST, "no client_notification_token");
    cr_expect_eq(refused(&t, PLAIN "&client_notification_token=a+b"), ERR_INVALID_REQUEST);
    struct ciba_answer request = asked(&t, PLAIN "&client_notification_token=8d67dc78-7faa");
    assert_done(decide(&t, t.ada, true));
    assert_done(db_delivery_take(store_each(t.s.authority->store), t.s.a, NOW + 1, NOW + 60, &rows, &count));
    cr_assert_eq(count, 1);
    cr_expect(str_is(rows[0].url, "https://bank.example/ping") && str_is(rows[0].kind, "ping") && !str_present(rows[0].bearer));
    cr_expect(str_starts(rows[0].body, STR("jtn_co_")));
    assert_done(ciba_ping_open(t.s.ctx, rows[0].body, &body, &bearer));
    cr_expect(str_is(bearer, "8d67dc78-7faa"));
    cr_expect(str_equal(body, stage_text(&t, "{\"auth_req_id\":\"", request.auth_req_id, "\"}")));
}

static err fill_outbox(void *context)
{
    struct stage *t = context;
    struct db_delivery one = {.kind = STR("ping"),
                              .client_number = stage_find(t, "bank")->number,
                              .url = STR("https://bank.example/ping"),
                              .media_type = STR("application/json"),
                              .body = STR("x")};
    for (int i = 0; i < DB_DELIVERIES_PER_CLIENT; i++) {
        struct db_delivery next = one;
        TRY(db_delivery_add(t->s.ctx->tx, &next));
    }
    return OK;
}

Test(ciba, RL_06_a_full_outbox_does_not_take_a_persons_no)
{
    struct stage t = stage_ciba();
    struct token_answer out;
    register_as(&t, "bank",
                &(struct db_client_metadata){.backchannel_token_delivery_mode = STR("ping"),
                                             .backchannel_client_notification_endpoint = STR("https://bank.example/ping")});
    struct ciba_answer answer = asked(&t, PLAIN "&client_notification_token=abc");
    assert_done(authority_together(t.s.ctx, fill_outbox, &t));
    assert_done(decide(&t, t.ada, false));
    scene_next(&t.s);
    expect_kind(poll(&t, "bank", answer.auth_req_id, &out), ACCESS_DENIED);
}

static err ask_again(struct context *ctx, void *context)
{
    struct form f;
    struct ciba_answer answer;
    struct client_proof proof = {.client = cache_client(ctx->snapshot, STR("bank")), .authenticated = true};
    TRY(form_parse(ctx->arena, *(const str *)context, &f));
    return ciba_request(ctx, &proof, &f, &answer);
}

Test(ciba, memory_that_ends_is_no_verdict_about_a_hint)
{
    struct stage t = stage_ciba();
    struct id_token what = {
        .issuer = STR(FIXTURE_ISSUER), .subject = t.ada->id, .client_id = STR("bank"), .auth_time = NOW, .issued_at = NOW, .expires_at = NOW + 300};
    str token;
    assert_done(id_token_sign(t.s.a, t.s.ctx->keys, SIGN_ES256, &what, &token));
    str hinted_by_token = stage_text(&t, "scope=openid&id_token_hint=", token, ""), hinted_by_name = STR(PLAIN);
    stage_torture(&t, ask_again, &hinted_by_token);
    stage_torture(&t, ask_again, &hinted_by_name);
}
