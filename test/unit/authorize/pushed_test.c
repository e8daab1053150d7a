/* SPDX-License-Identifier: MIT
 * pushed: RFC 9126: judged like any request, bound, short-lived, ended once. */
#include "authorize/pushed.h"
#include "proof.h"
#include "client_ways.h"
#include "store/table/db_pushed.h"

#define ASKS "response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read&state=secret-state"

static err push(struct stage *t, const char *id, const char *body, struct pushed_answer *out)
{
    scene_next(&t->s);
    struct client_proof proof = stage_proof(t, id);
    struct form f = stage_form(t, body);
    return pushed_accept(t->s.ctx, &proof, &f, out);
}

static err come(struct stage *t, const char *client, str uri, const char *more, struct authorize_request *r)
{
    scene_next(&t->s);
    struct buf b = buf_new(t->s.a, 8192);
    buf_add_z(&b, client);
    buf_add_z(&b, "&request_uri=");
    percent_add(&b, uri);
    buf_add_z(&b, more);
    struct form f = stage_form(t, str_z(t->s.a, (str){b.p, b.n}));
    TRY(authorize_read(t->s.ctx, &f, r));
    return authorize_check(t->s.ctx, &f, r);
}

Test(pushed, PR_04_the_address_is_all_that_comes_back_and_says_nothing)
{
    struct stage t = stage_new();
    struct pushed_answer a, b;
    struct authorize_request r;
    assert_done(push(&t, "web", ASKS, &a));
    assert_done(push(&t, "web", ASKS, &b));
    cr_expect(str_starts(a.request_uri, STR("urn:ietf:params:oauth:request_uri:jtn_pr_")) && !str_equal(a.request_uri, b.request_uri));
    cr_expect(a.expires_in == 90);
    assert_done(come(&t, "client_id=web", a.request_uri, "&scope=write&state=front&redirect_uri=https%3A%2F%2Fevil.example", &r)); /* PR-05 */
    cr_expect(str_is(r.scope, "read") && str_is(r.state, "secret-state") && str_is(r.redirect_uri, CALLBACK));
    cr_expect(r.source == AUTHORIZE_PUSHED && r.pushed == 1);
    struct db_pushed *row;
    assert_done(db_pushed_get(store_each(t.s.authority->store), t.s.a, 1, &row));
    struct token_hash hash = token_hash_of(a.request_uri);
    cr_expect(token_hash_equal(&row->hash, &hash));
}

Test(pushed, PR_02_it_is_judged_as_the_authorization_endpoint_would)
{
    struct stage t = stage_new();
    struct pushed_answer a;
    static const struct {
        const char *body;
        enum err_kind kind;
    } rows[] = {
        {"client_id=web&" ASKS, ERR_OK},
        {"client_id=other&" ASKS, ERR_INVALID_REQUEST},
        {ASKS "&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax", ERR_INVALID_REQUEST},
        {ASKS "&request_uri=", ERR_INVALID_REQUEST},
        {"response_type=code&redirect_uri=https%3A%2F%2Fevil.example", ERR_INVALID_REQUEST}, /* RU-06 */
        {"redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", ERR_INVALID_REQUEST},
        {"response_type=token&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", ERR_UNSUPPORTED_RESPONSE_TYPE},
        {"response_type=code&scope=nosuch", ERR_INVALID_SCOPE},
        {"response_type=code&scope=openid", ERR_INVALID_REQUEST}, /* RU-05 */
        {ASKS "&code_challenge=" CHALLENGE "&code_challenge_method=plain", ERR_INVALID_REQUEST},
        {ASKS "&prompt=none+login", ERR_INVALID_REQUEST},
        {ASKS "&resource=https%3A%2F%2Fx", ERR_INVALID_TARGET},
        {ASKS "&response_mode=fragment", ERR_INVALID_REQUEST},
        {ASKS "&authorization_details=x", ERR_INVALID_AUTHORIZATION_DETAILS},
        {ASKS "&request=x.y.z", ERR_INVALID_REQUEST_OBJECT},
        {ASKS "&request=eyJhbGciOiJub25lIn0.e30.", ERR_INVALID_REQUEST_OBJECT}, /* {"alg":"none"} */
        {ASKS "&dpop_jkt=x", ERR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(push(&t, "web", rows[i].body, &a).kind, rows[i].kind, "%s", rows[i].body);
    expect_kind(push(&t, "pub", ASKS, &a), INVALID_REQUEST); /* PK-01 */
}

Test(pushed, PR_01_another_client_a_changed_letter_and_time_end_it)
{
    struct stage t = stage_new();
    struct pushed_answer a;
    struct authorize_request r;
    assert_done(push(&t, "web", ASKS, &a));
    expect_kind(come(&t, "client_id=other", a.request_uri, "", &r), INVALID_REQUEST_URI);
    expect_kind(come(&t, "client_id=web", (str){a.request_uri.p, a.request_uri.n - 1}, "", &r), INVALID_REQUEST_URI);
    expect_kind(come(&t, "client_id=web", STR("urn:ietf:params:oauth:request_uri:"), "", &r), INVALID_REQUEST_URI);
    clock_set(NOW + 89);
    expect_kind(come(&t, "client_id=web", a.request_uri, "", &r), OK);
    clock_set(NOW + 90);
    expect_kind(come(&t, "client_id=web", a.request_uri, "", &r), INVALID_REQUEST_URI);
    clock_set(NOW);
    stage_revoke_client(&t, "web", true);
    stage_revoke_client(&t, "web", false);
    expect_kind(come(&t, "client_id=web", a.request_uri, "", &r), INVALID_REQUEST_URI); /* the epoch grew */
}

Test(pushed, a_person_who_began_in_time_may_take_their_time_at_the_login_page)
{
    struct stage t = stage_new();
    struct pushed_answer a, b;
    struct authorize_request r;
    str ticket;
    assert_done(push(&t, "web", ASKS, &a));
    assert_done(push(&t, "web", ASKS, &b));
    assert_done(come(&t, "client_id=web", a.request_uri, "", &r));
    struct session nobody = stage_session(&t, NULL);
    assert_done(authorize_ticket(t.s.ctx, &r, &nobody, &ticket));
    const char *back = str_z(t.s.a, stage_text(&t, "&login_ticket=", ticket, ""));
    clock_set(NOW + 600);
    expect_kind(come(&t, "client_id=web", a.request_uri, back, &r), OK);
    expect_kind(come(&t, "client_id=web", b.request_uri, back, &r), INVALID_REQUEST_URI); /* another one's ticket */
    clock_set(NOW + 3700);
    expect_kind(come(&t, "client_id=web", a.request_uri, back, &r), INVALID_REQUEST_URI);
}

Test(pushed, PR_01_the_first_end_is_the_only_one)
{
    struct stage t = stage_new();
    struct pushed_answer a;
    struct authorize_request r;
    struct authorize_pending first, second;
    struct redirect_sent sent;
    str one, two;
    assert_done(push(&t, "web", ASKS, &a));
    assert_done(come(&t, "client_id=web", a.request_uri, "", &r));
    struct session ada = stage_session(&t, t.ada);
    assert_done(authorize_pend(t.s.ctx, &r, &ada, &one));
    assert_done(authorize_pend(t.s.ctx, &r, &ada, &two)); /* a second window */
    assert_done(authorize_resume(t.s.ctx, one, &ada, &first));
    assert_done(authorize_resume(t.s.ctx, two, &ada, &second));
    assert_done(authorize_allow(t.s.ctx, &first, &ada, &sent));
    cr_expect(str_is(stage_parameter(&t, sent.location, "state"), "secret-state"));
    expect_kind(authorize_allow(t.s.ctx, &second, &ada, &sent), INVALID_REQUEST_URI);
    expect_kind(authorize_deny(t.s.ctx, &second, &ada, &sent), INVALID_REQUEST_URI);
    expect_kind(come(&t, "client_id=web", a.request_uri, "", &r), INVALID_REQUEST_URI);
}

Test(pushed, PR_01_an_error_that_was_told_ends_it_too) /* CVE-2026-96446: prompt=none */
{
    struct stage t = stage_new();
    struct pushed_answer a;
    struct authorize_request r;
    enum authorize_step step;
    struct redirect_sent sent;
    assert_done(push(&t, "web", ASKS "&prompt=none", &a));
    assert_done(come(&t, "client_id=web", a.request_uri, "", &r));
    struct session nobody = stage_session(&t, NULL);
    err e = authorize_next(t.s.ctx, &r, &nobody, &step);
    expect_kind(e, LOGIN_REQUIRED);
    cr_expect(authorize_may_tell(&r, &nobody, e));
    assert_done(authorize_refuse(t.s.ctx, &r, e, &sent));
    expect_kind(authorize_refuse(t.s.ctx, &r, e, &sent), INVALID_REQUEST_URI);
    expect_kind(come(&t, "client_id=web", a.request_uri, "", &r), INVALID_REQUEST_URI);
}

Test(pushed, PR_03_who_must_push_must_push)
{
    struct stage t = stage_new();
    struct pushed_answer a;
    struct authorize_request r;
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.require_pushed_authorization_requests = true});
    struct form f = stage_form(&t, "client_id=web&" ASKS);
    assert_done(authorize_read(t.s.ctx, &f, &r));
    expect_kind(authorize_check(t.s.ctx, &f, &r), INVALID_REQUEST);
    assert_done(push(&t, "web", ASKS, &a));
    expect_kind(come(&t, "client_id=web", a.request_uri, "", &r), OK);
}

Test(pushed, the_proof_of_a_key_binds_the_code_as_dpop_jkt_does) /* RFC 9449 10.1 */
{
    struct stage t = stage_new();
    struct pushed_answer a;
    struct authorize_request r;
    struct holder h = holder_new(&t);
    t.s.authority->started = NOW - 1000;
    scene_next(&t.s);
    struct client_proof proof = stage_proof(&t, "web");
    struct form f = stage_form(&t, ASKS);
    proof_send(&t, "POST", FIXTURE_ISSUER "/oauth/par", proof_make(&t, &h, &(struct proof_of){.url = FIXTURE_ISSUER "/oauth/par", .jti = "a"}));
    assert_done(pushed_accept(t.s.ctx, &proof, &f, &a));
    assert_done(come(&t, "client_id=web", a.request_uri, "", &r));
    cr_expect(str_equal(r.jkt, h.jkt));
    scene_next(&t.s);
    proof = stage_proof(&t, "web");
    f = stage_form(&t, ASKS "&dpop_jkt=" CHALLENGE);
    proof_send(&t, "POST", FIXTURE_ISSUER "/oauth/par", proof_make(&t, &h, &(struct proof_of){.url = FIXTURE_ISSUER "/oauth/par", .jti = "b"}));
    expect_kind(pushed_accept(t.s.ctx, &proof, &f, &a), INVALID_DPOP_PROOF);
    assert_done(push(&t, "web", ASKS "&dpop_jkt=" CHALLENGE, &a));
    assert_done(come(&t, "client_id=web", a.request_uri, "", &r));
    cr_expect(str_is(r.jkt, CHALLENGE));
}

static void shape_pusher(struct client_edit *edit)
{
    stage_public(edit);
    edit->name = STR("pusher");
}

Test(pushed, RL_06_a_client_that_is_anybody_pushes_so_much_from_one_place_in_a_minute)
{
    struct stage t = stage_new();
    struct pushed_answer a = {0};
    err last = OK;
    int taken = 0;
    (void)stage_client(&t, "pusher", shape_pusher);
    static const char asks[] = ASKS "&code_challenge=" CHALLENGE "&code_challenge_method=S256";
    struct client_proof proof = stage_proof(&t, "pusher");
    struct form f = stage_form(&t, asks);
    while (taken <= PUSHED_A_MINUTE && !FAILED(last)) {
        last = pushed_accept(t.s.ctx, &proof, &f, &a);
        taken += !FAILED(last);
    }
    cr_expect_eq(last.kind, ERR_THROTTLED);
    cr_expect_eq(taken, PUSHED_A_MINUTE);
    cr_expect(a.retry_after >= 1 && a.retry_after <= 60);
    t.s.ctx->address = STR("192.0.2.99");
    expect_kind(pushed_accept(t.s.ctx, &proof, &f, &a), OK);
    clock_set(NOW + 60);
    scene_next(&t.s);
    proof = stage_proof(&t, "pusher");
    f = stage_form(&t, asks);
    expect_kind(pushed_accept(t.s.ctx, &proof, &f, &a), OK);
    for (int i = 0; i < 3; i++) /* who authenticates is known, and is not counted */
        expect_kind(push(&t, "web", ASKS, &a), OK);
}
