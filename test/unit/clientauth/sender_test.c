/* SPDX-License-Identifier: MIT
 * Claims about sender-constrained tokens (DP-02 to DP-05; RFC 9449, RFC 8705): a proof is good once, a nonce for five minutes, and a bound
 * token for its holder alone. */
#include "clientauth/sender.h"
#include "proof.h"
#include "clientauth/sender_memory.h"
#include "base/banned.h"

static const char me[] = FIXTURE_ISSUER "/api/1.0/users/me";

/* The process began long ago: proofs without a nonce are believed. */
static struct stage started_long_ago(void)
{
    struct stage t = stage_new();
    t.s.authority->started = NOW - 1000;
    return t;
}

static err shown(struct stage *t, const struct holder *h, const struct proof_of *p, struct sender *out)
{
    scene_next(&t->s);
    proof_send(t, "POST", TOKEN_URL, proof_make(t, h, p));
    return sender_proof(t->s.ctx, STR_ABSENT, out);
}

Test(sender, a_proof_is_good_once) /* RFC 9449 11.1 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t), other = holder_new(&t);
    struct sender s;
    assert_done(shown(&t, &h, &(struct proof_of){.jti = "a"}, &s));
    cr_expect(str_equal(s.jkt, h.jkt) && !str_present(s.x5t));
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "a"}, &s), INVALID_DPOP_PROOF);
    expect_kind(shown(&t, &other, &(struct proof_of){.jti = "a"}, &s), OK); /* nobody burns another's */
    clock_set(NOW + 60);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "a", .at = NOW}, &s), INVALID_DPOP_PROOF); /* to the end of its window */
}

Test(sender, the_same_request_may_be_judged_twice)
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct context_proof kept = {0};
    struct sender s;
    scene_next(&t.s);
    proof_send(&t, "POST", TOKEN_URL, proof_make(&t, &h, &(struct proof_of){.jti = "twice"}));
    t.s.ctx->proven = &kept;
    assert_done(sender_proof(t.s.ctx, STR_ABSENT, &s));
    assert_done(sender_proof(t.s.ctx, STR_ABSENT, &s));
    cr_expect(str_equal(s.jkt, h.jkt));
    expect_kind(sender_proof(t.s.ctx, STR("another question"), &s), INVALID_DPOP_PROOF);
}

Test(sender, what_may_be_older_than_the_process_needs_a_nonce_made_since)
{
    struct stage t = stage_new();
    struct holder h = holder_new(&t);
    struct sender s;
    t.s.authority->started = NOW;
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "b"}, &s), USE_DPOP_NONCE);
    t.s.authority->begun[0] ^= 1; /* the process before this one */
    str before = sender_nonce(t.s.ctx);
    t.s.authority->begun[0] ^= 1;
    clock_set(NOW + 5);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "b", .nonce = before}, &s), USE_DPOP_NONCE);
    scene_next(&t.s);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "b", .nonce = sender_nonce(t.s.ctx)}, &s), OK);
    clock_set(NOW + 11);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "c"}, &s), OK);
}

Test(sender, a_nonce_is_ours_and_young) /* DP-03 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct sender s;
    t.s.authority->policy.dpop_nonce = true;
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "d"}, &s), USE_DPOP_NONCE);
    scene_next(&t.s);
    str nonce = sender_nonce(t.s.ctx);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "d", .nonce = nonce}, &s), OK);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "e", .nonce = STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")}, &s), USE_DPOP_NONCE);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "e", .nonce = STR("?")}, &s), USE_DPOP_NONCE);
    clock_set(NOW + SENDER_NONCE_SECONDS);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "f", .nonce = nonce}, &s), OK);
    clock_set(NOW + SENDER_NONCE_SECONDS + 1);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "g", .nonce = nonce}, &s), USE_DPOP_NONCE);
}

Test(sender, a_proof_from_the_future_is_none)
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct sender s;
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "h", .at = NOW + 11}, &s), INVALID_DPOP_PROOF);
    expect_kind(shown(&t, &h, &(struct proof_of){.jti = "h", .at = NOW + 10}, &s), OK);
}

Test(sender, memory_that_is_full_believes_nothing) /* RL-06 */
{
    bool fresh;
    err e = OK;
    size_t n = 0;
    for (; n < (size_t)SENDER_MEMORY_SHARDS * SENDER_MEMORY_SLOTS && !FAILED(e); n++) {
        char jti[24];
        for (size_t i = 0; i < 8; i++)
            jti[i] = (char)('a' + (char)(n >> (4 * i) & 15));
        e = sender_memory_take(STR("key"), (str){jti, 8}, 1000, 70, &fresh);
        cr_assert(FAILED(e) || fresh);
    }
    cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    cr_assert_gt(n, 500000);
    expect_kind(sender_memory_take(STR("key"), STR("aaaaaaaa"), 1070, 70, &fresh), OK);
    cr_expect_not(fresh);
    expect_kind(sender_memory_take(STR("key"), STR("later"), 1300, 70, &fresh), OK); /* and heals */
    cr_expect(fresh);
}

Test(sender, a_bound_token_is_good_with_its_proof_alone) /* DP-02 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t), thief = holder_new(&t);
    struct token_answer answer;
    struct actor actor;
    assert_done(proof_token(&t, "web", &h, STR("grant_type=password&username=ada&password=correct+horse+battery"), &answer));
    cr_expect(str_is(answer.token_type, "DPoP"));
    str token = answer.access_token;
    scene_next(&t.s);
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, false}, &actor), INVALID_TOKEN);
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, true}, &actor), INVALID_TOKEN);
    proof_send(&t, "GET", me, proof_make(&t, &h, &(struct proof_of){.method = "GET", .url = me, .jti = "i", .access_token = token}));
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, false}, &actor), INVALID_TOKEN);
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, true}, &actor), OK);
    proof_send(&t, "GET", me, proof_make(&t, &thief, &(struct proof_of){.method = "GET", .url = me, .jti = "j", .access_token = token}));
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, true}, &actor), INVALID_TOKEN);
    proof_send(&t, "GET", me, proof_make(&t, &h, &(struct proof_of){.method = "GET", .url = me, .jti = "k"}));
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, true}, &actor), INVALID_DPOP_PROOF);
}

Test(sender, an_unbound_token_is_no_dpop_token) /* RFC 9449 7.1 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct token_answer answer;
    struct actor actor;
    assert_done(stage_password(&t, "web", "", &answer));
    cr_expect(str_is(answer.token_type, "Bearer"));
    str token = answer.access_token;
    scene_next(&t.s);
    proof_send(&t, "GET", me, proof_make(&t, &h, &(struct proof_of){.method = "GET", .url = me, .jti = "l", .access_token = token}));
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, true}, &actor), INVALID_TOKEN);
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, false}, &actor), OK);
}

Test(sender, a_bound_personal_token_needs_its_proof_too) /* CVE-2024-49755 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct pat_edit edit = {.user = t.ada->id, .name = STR("bound"), .dpop_jkt = STR("nonsense")};
    struct pat_made made;
    struct actor actor;
    expect_kind(pat_add(t.s.ctx, &actor_owner, &edit, &t.s.p, &made), UNPROCESSABLE);
    edit.dpop_jkt = h.jkt;
    scene_next(&t.s);
    assert_done(pat_add(t.s.ctx, &actor_owner, &edit, &t.s.p, &made));
    scene_next(&t.s);
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){made.token, false}, &actor), INVALID_TOKEN);
    proof_send(&t, "GET", me, proof_make(&t, &h, &(struct proof_of){.method = "GET", .url = me, .jti = "m", .access_token = made.token}));
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){made.token, true}, &actor), OK);
}

/* ---- at the token endpoint ---- */

static void with_metadata(struct stage *t, const char *id, void (*change)(struct db_client_metadata *))
{
    struct db_client client = *stage_find(t, id);
    change(&client.metadata);
    assert_done(db_client_save(store_each(t->s.authority->store), &client));
    scene_next(&t->s);
}

static void wants_dpop(struct db_client_metadata *m)
{
    m->dpop_bound_access_tokens = true;
}

static void wants_certificate(struct db_client_metadata *m)
{
    m->tls_client_certificate_bound_access_tokens = true;
}

static void fapi(struct db_client_metadata *m)
{
    m->profile = STR("fapi2-security");
}

Test(sender, what_is_registered_is_demanded)
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct token_answer answer;
    struct bearer b;
    const str machine = STR("grant_type=client_credentials");
    with_metadata(&t, "web", wants_dpop);
    expect_kind(proof_token(&t, "web", NULL, machine, &answer), INVALID_REQUEST); /* RFC 9449 5.2 */
    assert_done(proof_token(&t, "web", &h, machine, &answer));
    assert_done(bearer_check(t.s.ctx, answer.access_token, &b));
    cr_expect(str_equal(b.jkt, h.jkt));
    with_metadata(&t, "other", fapi);
    expect_kind(proof_token(&t, "other", NULL, machine, &answer), INVALID_REQUEST);
    assert_done(proof_token(&t, "other", &h, machine, &answer));
}

Test(sender, a_certificate_binds_and_is_asked_for) /* DP-05 */
{
    struct stage t = started_long_ago();
    struct token_answer answer;
    struct actor actor;
    with_metadata(&t, "web", wants_certificate);
    struct client_proof proof = stage_proof(&t, "web");
    struct form f = stage_form(&t, "grant_type=client_credentials");
    answer = (struct token_answer){0};
    expect_kind(token_request_answer(t.s.ctx, &proof, &f, &answer), INVALID_REQUEST);
    t.s.ctx->certificate = STR("pretend this is DER");
    assert_done(token_request_answer(t.s.ctx, &proof, &f, &answer));
    cr_expect(str_is(answer.token_type, "Bearer")); /* RFC 8705 3 */
    struct bearer_sent sent = {answer.access_token, false};
    expect_kind(bearer_actor(t.s.ctx, &sent, &actor), OK);
    t.s.ctx->certificate = STR("another");
    expect_kind(bearer_actor(t.s.ctx, &sent, &actor), INVALID_TOKEN);
    t.s.ctx->certificate = STR_ABSENT;
    expect_kind(bearer_actor(t.s.ctx, &sent, &actor), INVALID_TOKEN);
}

static void public_and_refreshing(struct client_edit *edit)
{
    edit->is_public = 1;
    edit->grants = STR("authorization_code refresh_token password");
}

Test(sender, a_public_clients_refresh_token_is_its_keys) /* DP-04, RF-01 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t), thief = holder_new(&t);
    struct token_answer answer;
    (void)stage_client(&t, "app", public_and_refreshing);
    str code = stage_code(&t, "response_type=code&client_id=app&redirect_uri=" CALLBACK "&code_challenge=" CHALLENGE "&code_challenge_method=S256");
    assert_done(
        proof_token(&t, "app", &h, stage_text(&t, "grant_type=authorization_code&code=", code, "&redirect_uri=" CALLBACK "&code_verifier=" VERIFIER), &answer));
    str ask = stage_text(&t, "grant_type=refresh_token&refresh_token=", answer.refresh_token, "");
    expect_kind(proof_token(&t, "app", NULL, ask, &answer), INVALID_GRANT);
    expect_kind(proof_token(&t, "app", &thief, ask, &answer), INVALID_GRANT);
    assert_done(proof_token(&t, "app", &h, ask, &answer)); /* and nothing was spent by the tries */
    cr_expect(str_is(answer.token_type, "DPoP"));
}

static void refreshing(struct client_edit *edit)
{
    edit->grants = STR("password refresh_token client_credentials");
}

Test(sender, a_confidential_client_binds_anew_at_each_refresh)
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t), next = holder_new(&t);
    struct token_answer answer;
    struct bearer b;
    (void)stage_client(&t, "desk", refreshing);
    assert_done(proof_token(&t, "desk", &h, STR("grant_type=password&username=ada&password=correct+horse+battery"), &answer));
    str ask = stage_text(&t, "grant_type=refresh_token&refresh_token=", answer.refresh_token, "");
    assert_done(proof_token(&t, "desk", &next, ask, &answer));
    assert_done(bearer_check(t.s.ctx, answer.access_token, &b));
    cr_expect(str_equal(b.jkt, next.jkt));
}

Test(sender, steady_refresh_tokens_go_on) /* FAPI 2.0 Security Profile 5.3.2.1 */
{
    struct stage t = started_long_ago();
    struct holder h = holder_new(&t);
    struct token_answer answer;
    (void)stage_client(&t, "bank", refreshing);
    assert_done(proof_token(&t, "bank", &h, STR("grant_type=password&username=ada&password=correct+horse+battery"), &answer));
    with_metadata(&t, "bank", fapi);
    str first = answer.refresh_token, ask = stage_text(&t, "grant_type=refresh_token&refresh_token=", first, "");
    for (int i = 0; i < 3; i++) {
        clock_set(NOW + 100 * i);
        assert_done(proof_token(&t, "bank", &h, ask, &answer));
        cr_expect(str_equal(answer.refresh_token, first));
    }
    expect_kind(proof_token(&t, "bank", &h, STR("grant_type=password&username=ada&password=correct+horse+battery"), &answer), UNAUTHORIZED_CLIENT);
}
