/* SPDX-License-Identifier: MIT
 * deferred: what device authorization and CIBA share: a request is kept without its secrets, decided once by a session that is open, and fetched
 * once by the client that asked. */
#include "grant/deferred.h"
#include "authorize/consent.h"
#include "proof.h"
#include "stage.h"
#include "token/opaque.h"
#include "user/user.h"

#define DEVICE "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code="
#define CIBA   "grant_type=urn:openid:params:grant-type:ciba&auth_req_id="

static void shape_both(struct client_edit *edit)
{
    edit->grants = STR("device_code ciba");
    edit->scopes = STR("openid read");
}

static void shape_tv(struct client_edit *edit)
{
    edit->is_public = 1;
    edit->grants = STR("device_code");
}

struct desk {
    struct stage t;
    struct session ada;
    int64_t number;
    str code;
};

/* The client "both" (or tv) asked, for the scope read; ada is logged in. */
static struct desk desk_new(enum deferred_kind kind, const char *client, struct db_deferred row)
{
    struct desk d = {.t = stage_new()};
    struct token_raw code;
    (void)stage_client(&d.t, "both", shape_both);
    (void)stage_client(&d.t, "tv", shape_tv);
    d.ada = stage_session(&d.t, d.t.ada);
    struct deferred_begin how = {.kind = kind, .client = stage_find(&d.t, client), .lifetime = 300};
    d.t.s.ctx->address = STR("192.0.2.7");
    if (!str_present(row.scope))
        row.scope = STR("read");
    if (kind == DEFERRED_CIBA)
        row.user_number = d.t.ada->number;
    assert_done(deferred_begin(d.t.s.ctx, &how, &row, &code));
    d.number = row.number;
    d.code = code.text;
    return d;
}

static struct db_deferred *row_of(struct desk *d)
{
    struct db_deferred *row;
    assert_done(db_deferred_get(d->t.s.ctx->tx, d->t.s.a, d->number, &row));
    return row;
}

static err poll(struct desk *d, const char *client, const char *grant, const char *more, struct token_answer *out)
{
    return stage_token(&d->t, client, stage_text(&d->t, grant, d->code, more), out);
}

static void says_yes(struct desk *d)
{
    scene_next(&d->t.s);
    assert_done(deferred_decide(d->t.s.ctx, row_of(d), &d->ada, true));
}

Test(deferred, the_row_holds_what_was_asked_and_no_secret)
{
    struct desk d = desk_new(DEFERRED_CIBA, "both", (struct db_deferred){.notification = STR("clients-own-token"), .binding_message = STR("K-17")});
    const struct db_deferred *row = row_of(&d);
    struct token_hash hash = token_hash_of(d.code);
    cr_expect(str_is(row->kind, "ciba") && str_is(row->state, "pending") && str_is(row->scope, "read") && str_is(row->binding_message, "K-17"));
    cr_expect(token_hash_equal(&row->hash, &hash) && row->created_at == NOW && row->expires_at == NOW + 300 && row->interval_seconds == 5);
    cr_expect(row->client_number == stage_find(&d.t, "both")->number && row->authorization_number == 0 && str_filled(row->source));
    cr_expect(memmem(row->notification.p, row->notification.n, "clients-own-token", 17) == NULL &&
              memmem(row->notification.p, row->notification.n, d.code.p, d.code.n) == NULL);
    cr_expect(str_starts(d.code, STR("jtn_cr_")));
}

Test(deferred, a_word_that_is_taken_is_a_conflict_and_too_many_are_told_so) /* RL-06 */
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){.user_code = STR("BCDFGHJK")});
    struct db_deferred same = {.user_code = STR("BCDFGHJK"), .scope = STR("")}, other = {.user_code = STR("BCDFGHJL"), .scope = STR("")};
    struct token_raw code;
    struct deferred_begin how = {.kind = DEFERRED_DEVICE, .client = stage_find(&d.t, "tv"), .lifetime = 300, .caps = {.all = 1}};
    expect_kind(deferred_begin(d.t.s.ctx, &how, &other, &code), BUSY);
    how.caps.all = 10;
    expect_kind(deferred_begin(d.t.s.ctx, &how, &same, &code), CONFLICT);
    assert_done(deferred_begin(d.t.s.ctx, &how, &other, &code));
}

Test(deferred, the_client_is_the_one_that_asked_or_nobody)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    cr_expect(deferred_client(d.t.s.ctx, row_of(&d)) == stage_find(&d.t, "tv"));
    stage_revoke_client(&d.t, "tv", true);
    cr_expect_null(deferred_client(d.t.s.ctx, row_of(&d)));
    stage_revoke_client(&d.t, "tv", false);
    cr_expect_null(deferred_client(d.t.s.ctx, row_of(&d)), "it ended meanwhile, so its request did");
}

Test(deferred, DV_06_a_page_is_of_one_session_one_request_and_while_both_are_there)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    struct session elsewhere = stage_session(&d.t, d.t.ada), nobody = stage_session(&d.t, NULL);
    struct db_deferred *row = NULL;
    str page;
    assert_done(deferred_pend(d.t.s.ctx, row_of(&d), &d.ada, &page));
    assert_done(deferred_resume(d.t.s.ctx, page, &d.ada, &row));
    cr_expect_eq(row->number, d.number);
    expect_kind(deferred_resume(d.t.s.ctx, page, &elsewhere, &row), STALE_FORM);
    expect_kind(deferred_resume(d.t.s.ctx, page, &nobody, &row), STALE_FORM);
    const str others[] = {STR_ABSENT, STR(""), d.code, d.ada.cookie, {page.p, page.n - 1}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(deferred_resume(d.t.s.ctx, others[i], &d.ada, &row).kind, ERR_INVALID_REQUEST, "%zu", i); /* AC-11 */
    stage_revoke_client(&d.t, "tv", true);
    expect_kind(deferred_resume(d.t.s.ctx, page, &d.ada, &row), INVALID_REQUEST);
    stage_revoke_client(&d.t, "tv", false);
    clock_set(NOW + 300);
    scene_next(&d.t.s);
    expect_kind(deferred_resume(d.t.s.ctx, page, &d.ada, &row), INVALID_REQUEST);
}

/* The consent page of the authorization endpoint is sealed in the same way. */
Test(deferred, a_consent_page_decides_nothing_here)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    struct db_deferred *row;
    struct authorize_request asked;
    struct authorize_pending pending;
    str page, other;
    struct form f = stage_form(&d.t, "client_id=web&response_type=code");
    assert_done(authorize_read(d.t.s.ctx, &f, &asked));
    assert_done(authorize_check(d.t.s.ctx, &f, &asked));
    assert_done(authorize_pend(d.t.s.ctx, &asked, &d.ada, &other));
    expect_kind(deferred_resume(d.t.s.ctx, other, &d.ada, &row), INVALID_REQUEST);
    assert_done(deferred_pend(d.t.s.ctx, row_of(&d), &d.ada, &page));
    expect_kind(authorize_resume(d.t.s.ctx, page, &d.ada, &pending), INVALID_REQUEST);
}

Test(deferred, LS_04_a_session_that_ended_says_nothing_any_more)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    struct session nobody = stage_session(&d.t, NULL), copy = d.ada;
    struct token_answer answer;
    expect_kind(deferred_decide(d.t.s.ctx, row_of(&d), &nobody, true), LOGIN_REQUIRED);
    expect_kind(deferred_decide(d.t.s.ctx, row_of(&d), &nobody, false), LOGIN_REQUIRED);
    assert_done(session_end(d.t.s.ctx, &copy));
    expect_kind(deferred_decide(d.t.s.ctx, row_of(&d), &d.ada, true), LOGIN_REQUIRED);
    cr_expect(str_is(row_of(&d)->state, "pending") && row_of(&d)->authorization_number == 0);
    expect_kind(poll(&d, "tv", DEVICE, "", &answer), AUTHORIZATION_PENDING);
}

Test(deferred, the_grant_is_of_the_session_that_said_yes)
{
    struct desk d = desk_new(DEFERRED_CIBA, "both", (struct db_deferred){.scope = STR("openid read")});
    struct db_authorization *grant;
    str session_id = str_dup(d.t.s.a, d.ada.row->id);
    clock_set(NOW + 100);
    says_yes(&d);
    assert_done(db_authorization_get(d.t.s.ctx->tx, d.t.s.a, row_of(&d)->authorization_number, &grant));
    cr_expect(str_equal(grant->session_id, session_id) && grant->auth_time == NOW && grant->created_at == NOW + 100 && grant->user_number == d.t.ada->number);
    cr_expect(str_is(grant->scope, "openid read") && str_is(grant->flow, "ciba") && str_is(grant->amr, "pwd") && grant->expires_at == NOW + 300);
}

Test(deferred, RF_08_what_ended_between_yes_and_fetching_gives_nothing)
{
    for (int cause = 0; cause < 4; cause++) {
        struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
        struct token_answer answer;
        says_yes(&d);
        scene_next(&d.t.s);
        if (cause == 0)
            assert_done(session_end(d.t.s.ctx, &d.ada));
        else if (cause == 1)
            assert_done(user_block(d.t.s.ctx, &actor_owner, d.t.ada->id, true));
        else if (cause == 2)
            assert_done(consent_revoke_client(d.t.s.ctx, &d.ada.actor, d.t.ada->number, STR("tv")));
        else
            stage_revoke_client(&d.t, "tv", true), stage_revoke_client(&d.t, "tv", false);
        cr_expect_eq(poll(&d, "tv", DEVICE, "", &answer).kind, ERR_INVALID_GRANT, "%d", cause);
        cr_expect(!str_present(answer.access_token) && !str_present(answer.refresh_token));
    }
}

Test(deferred, AC_11_a_code_of_one_flow_is_none_of_the_other)
{
    struct desk device = desk_new(DEFERRED_DEVICE, "both", (struct db_deferred){0});
    struct token_answer answer;
    says_yes(&device);
    expect_kind(poll(&device, "both", CIBA, "", &answer), INVALID_GRANT);
    assert_done(poll(&device, "both", DEVICE, "", &answer));
    cr_expect(str_is(answer.scope, "read"));
    expect_kind(poll(&device, "both", DEVICE, "", &answer), INVALID_GRANT);
}

Test(deferred, DV_04_a_poll_adds_no_scope_and_no_resource)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    struct token_answer answer;
    struct db_resource resource = {
        .uri = STR("https://s"), .name = STR("s"), .token_format = STR("jwt"), .alg = STR("ES256"), .client_id = STR("other"), .created_at = NOW};
    assert_done(db_resource_add(store_each(d.t.s.authority->store), &resource));
    says_yes(&d);
    expect_kind(poll(&d, "tv", DEVICE, "&resource=https%3A%2F%2Fnosuch", &answer), INVALID_TARGET);
    struct desk e = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    says_yes(&e);
    assert_done(poll(&e, "tv", DEVICE, "&scope=read+write", &answer));
    cr_expect(str_is(answer.scope, "read"));
}

Test(deferred, DP_04_the_refresh_token_of_a_public_client_is_its_keys)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    struct holder h = holder_new(&d.t), thief = holder_new(&d.t);
    struct token_answer answer, again;
    d.t.s.authority->started = NOW - 1000;
    says_yes(&d);
    assert_done(proof_token(&d.t, "tv", &h, stage_text(&d.t, DEVICE, d.code, ""), &answer));
    cr_assert(str_is(answer.token_type, "DPoP") && str_filled(answer.refresh_token));
    str refresh = stage_text(&d.t, "grant_type=refresh_token&refresh_token=", answer.refresh_token, "");
    expect_kind(proof_token(&d.t, "tv", NULL, refresh, &again), INVALID_GRANT);
    expect_kind(proof_token(&d.t, "tv", &thief, refresh, &again), INVALID_GRANT);
    assert_done(proof_token(&d.t, "tv", &h, refresh, &again));
}

struct resumed {
    str page;
    const struct session *s;
};

static err resume_again(struct context *ctx, void *context)
{
    const struct resumed *w = context;
    struct db_deferred *row;
    return deferred_resume(ctx, w->page, w->s, &row);
}

Test(deferred, memory_that_ends_makes_no_page_stale_and_no_code_unknown)
{
    struct desk d = desk_new(DEFERRED_DEVICE, "tv", (struct db_deferred){0});
    struct resumed w = {.s = &d.ada};
    size_t n = 1;
    assert_done(deferred_pend(d.t.s.ctx, row_of(&d), &d.ada, &w.page));
    while (n < 500 && !scene_torture(&d.t.s, n, resume_again, &w))
        n++;
    cr_expect(n > 1 && n < 500, "%zu", n);
    says_yes(&d);
    stage_torture_token(&d.t, "tv", stage_text(&d.t, DEVICE, d.code, ""));
}
