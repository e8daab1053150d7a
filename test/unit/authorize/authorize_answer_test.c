/* SPDX-License-Identifier: MIT
 * authorize_answer: the person's answer comes back as it was asked, counts once, and gives nothing that was taken back meanwhile. */
#include "authorize/authorize.h"
#include "asked.h"
#include "authorize/consent.h"
#include "store/table/db_consent.h"

Test(authorize_answer, CO_03_the_pending_request_comes_back_as_it_was)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct session s = stage_session(&t, t.ada);
    str sealed = asked_pend(&t,
                            ASK "&scope=read&state=a%26b&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&code_challenge_method=S256&"
                                "code_challenge=" CHALLENGE,
                            &s);
    assert_done(authorize_resume(t.s.ctx, sealed, &s, &p));
    cr_expect(str_is(p.request.scope, "read") && str_is(p.request.state, "a&b") && str_is(p.request.challenge, CHALLENGE));
    cr_expect(str_is(p.request.redirect_uri, CALLBACK) && str_is(p.request.redirect_uri_sent, CALLBACK));
    assert_done(authorize_resume(t.s.ctx, asked_pend(&t, ASK, &s), &s, &p));
    cr_expect(!str_present(p.request.redirect_uri_sent) && !str_present(p.request.state) && !str_present(p.request.challenge));
}

Test(authorize_answer, AZ_24_it_belongs_to_one_browser_and_ten_minutes)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct session s = stage_session(&t, t.ada), elsewhere = stage_session(&t, t.ada), nobody = stage_session(&t, NULL);
    str sealed = asked_pend(&t, ASK, &s);
    expect_kind(authorize_resume(t.s.ctx, sealed, &elsewhere, &p), STALE_FORM);
    expect_kind(authorize_resume(t.s.ctx, sealed, &nobody, &p), STALE_FORM);
    expect_kind(authorize_resume(t.s.ctx, STR_ABSENT, &s, &p), INVALID_REQUEST);
    expect_kind(authorize_resume(t.s.ctx, s.cookie, &s, &p), INVALID_REQUEST);
    expect_kind(authorize_resume(t.s.ctx, (str){sealed.p, sealed.n - 1}, &s, &p), INVALID_REQUEST);
    clock_set(NOW + 599);
    scene_next(&t.s);
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), OK);
    clock_set(NOW + 600);
    scene_next(&t.s);
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), STALE_FORM);
}

Test(authorize_answer, a_client_that_was_changed_meanwhile_gets_nothing)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct session s = stage_session(&t, t.ada);
    str sealed = asked_pend(&t, ASK, &s);
    struct client_edit edit = client_edit_nothing();
    edit.redirect_uris = STR("https://app.example.com/new");
    assert_done(client_change(t.s.ctx, &actor_owner, STR("web"), &edit, &t.s.p));
    scene_next(&t.s);
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), INVALID_REQUEST);
    sealed = asked_pend(&t, ASK, &s);
    stage_revoke_client(&t, "web", true);
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), INVALID_REQUEST);
    stage_revoke_client(&t, "web", false); /* CA-15: what was before its end does not come back with it */
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), INVALID_REQUEST);
    assert_done(authorize_resume(t.s.ctx, asked_pend(&t, ASK, &s), &s, &p));
}

Test(authorize_answer, AZ_25_one_answer_to_one_page)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct redirect_sent sent;
    struct session s = stage_session(&t, t.ada);
    assert_done(authorize_resume(t.s.ctx, asked_pend(&t, ASK, &s), &s, &p));
    assert_done(authorize_allow(t.s.ctx, &p, &s, &sent));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
    expect_kind(authorize_deny(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
    assert_done(authorize_resume(t.s.ctx, asked_pend(&t, ASK "&state=s", &s), &s, &p));
    assert_done(authorize_deny(t.s.ctx, &p, &s, &sent));
    cr_expect(str_is(stage_parameter(&t, sent.location, "error"), "access_denied") && str_is(stage_parameter(&t, sent.location, "state"), "s"));
    cr_expect(!str_present(stage_parameter(&t, sent.location, "code")));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
}

Test(authorize_answer, AZ_25_what_gives_no_code_is_not_remembered_and_not_told)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct redirect_sent sent;
    struct session s = stage_session(&t, t.ada);
    str remembered;
    struct db_event_rows before, after;
    assert_done(authorize_resume(t.s.ctx, asked_pend(&t, ASK, &s), &s, &p));
    assert_done(authorize_deny(t.s.ctx, &p, &s, &sent));
    assert_done(db_event_list(t.s.ctx->tx, t.s.ctx->arena, STR_ABSENT, &(struct db_page){.limit = 1}, &before));
    cr_expect(str_is(before.rows[0].name, "consent.denied"));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
    assert_done(db_consent_get(t.s.ctx->tx, t.s.ctx->arena, s.user->number, p.request.client->number, &remembered));
    cr_expect(!str_present(remembered));
    assert_done(db_event_list(t.s.ctx->tx, t.s.ctx->arena, STR_ABSENT, &(struct db_page){.limit = 1}, &after));
    cr_expect_eq(after.total, before.total);
}

Test(authorize_answer, AZ_21_who_may_be_told_of_a_failure)
{
    struct stage t = stage_new();
    struct authorize_request r;
    struct session nobody = stage_session(&t, NULL), ada = stage_session(&t, t.ada);
    err wrong = ERR(INVALID_SCOPE, "test"), down = ERR(UNAVAILABLE, "test");
    struct form f = stage_form(&t, "client_id=pub&response_type=code");
    assert_done(authorize_read(t.s.ctx, &f, &r));
    cr_expect(authorize_may_tell(&r, &nobody, wrong) && authorize_may_tell(&r, &nobody, down));
    cr_expect(!authorize_may_tell(&r, &nobody, ERR(ELSEWHERE, "test")));
    static const char *const origins[] = {"open", "dynamic", "document"};
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        struct db_client came = *r.client;
        came.metadata.origin = str_of(origins[i]);
        r.client = &came;
        cr_expect(!authorize_may_tell(&r, &nobody, wrong) && authorize_may_tell(&r, &ada, wrong), "%s", origins[i]);
        r.source = AUTHORIZE_SIGNED; /* whoever registers has keys */
        cr_expect(!authorize_may_tell(&r, &nobody, wrong), "%s", origins[i]);
        f = stage_form(&t, "client_id=pub&response_type=code&prompt=none");
        assert_done(authorize_read(t.s.ctx, &f, &r));
        r.client = &came;
        cr_expect(authorize_may_tell(&r, &nobody, wrong), "%s", origins[i]);
        f = stage_form(&t, "client_id=pub&response_type=code");
        assert_done(authorize_read(t.s.ctx, &f, &r));
    }
}

static struct authorize_pending pended(struct stage *t, const char *request, const struct session *s)
{
    struct authorize_pending p;
    assert_done(authorize_resume(t->s.ctx, asked_pend(t, request, s), s, &p));
    return p;
}

/* The one that was made last, redeemed or not; NULL: none. */
static struct db_authorization *last_authorization(struct stage *t)
{
    struct db_authorization *row = NULL, *last = NULL;
    for (int64_t number = 1; number < 9; number++) {
        assert_done(db_authorization_get(store_each(t->s.authority->store), t->s.a, number, &row));
        last = row ? row : last;
    }
    return last;
}

Test(authorize_answer, LS_04_a_session_that_ended_meanwhile_gives_no_code)
{
    struct stage t = stage_new();
    struct redirect_sent sent;
    str remembered;
    struct session s = stage_session(&t, t.ada), copy = s;
    struct authorize_pending p = pended(&t, ASK, &s);
    assert_done(session_end(t.s.ctx, &copy));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), LOGIN_REQUIRED);
    assert_done(db_consent_get(t.s.ctx->tx, t.s.a, t.ada->number, p.request.client->number, &remembered));
    cr_expect(!last_authorization(&t) && !str_present(remembered) && event_count(&t.s, "consent.given") == 0);
}

Test(authorize_answer, CO_04_without_a_question_what_was_taken_back_meanwhile_is_not_agreed_to)
{
    struct stage t = stage_new();
    struct redirect_sent sent;
    (void)stage_allow(&t, ASK);
    scene_next(&t.s);
    struct session s = stage_session(&t, t.ada);
    struct authorize_pending unasked = pended(&t, ASK, &s), more = pended(&t, ASK "&scope=read", &s);
    unasked.asked = more.asked = false;
    assert_done(authorize_allow(t.s.ctx, &more, &s, &sent));
    int64_t number = last_authorization(&t)->number;
    assert_done(consent_revoke_client(t.s.ctx, &s.actor, t.ada->number, STR("web")));
    expect_kind(authorize_allow(t.s.ctx, &unasked, &s, &sent), CONSENT_REQUIRED);
    cr_expect_eq(last_authorization(&t)->number, number);
    unasked.asked = true;
    assert_done(authorize_allow(t.s.ctx, &unasked, &s, &sent));
    cr_expect_gt(last_authorization(&t)->number, number);
}

Test(authorize_answer, the_grant_says_when_and_how_the_person_logged_in)
{
    struct stage t = stage_new();
    struct redirect_sent sent;
    struct session s = stage_session(&t, t.ada);
    str session_id = str_dup(t.s.a, s.row->id);
    clock_set(NOW + 500);
    scene_next(&t.s);
    struct authorize_pending p = pended(&t, ASK "&scope=read", &s);
    assert_done(authorize_allow(t.s.ctx, &p, &s, &sent));
    const struct db_authorization *made = last_authorization(&t);
    cr_assert_not_null(made);
    cr_expect(made->auth_time == NOW && made->created_at == NOW + 500 && str_is(made->amr, "pwd") && str_is(made->acr, ACR_PASSWORD));
    cr_expect(str_equal(made->session_id, session_id) && str_is(made->scope, "read") && str_is(made->flow, "authorization_code"));
    cr_expect_eq(made->expires_at, NOW + 560, "AC-02: as its code, until that is redeemed");
}

Test(authorize_answer, AC_02_a_profile_shortens_a_code_and_lengthens_none)
{
    static const struct {
        const char *profile;
        int64_t setting, seconds;
    } rows[] = {{"", 600, 600}, {"fapi2-security", 600, 60}, {"fapi2-security", 30, 30}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage t = stage_new();
        struct redirect_sent sent;
        struct db_authorization *found;
        struct session s = stage_session(&t, t.ada);
        struct authorize_pending p = pended(&t, ASK, &s);
        struct db_client client = *p.request.client;
        t.s.authority->policy.code_lifetime = rows[i].setting;
        client.metadata.profile = str_of(rows[i].profile);
        p.request.client = &client;
        assert_done(authorize_allow(t.s.ctx, &p, &s, &sent));
        assert_done(db_authorization_get(store_each(t.s.authority->store), t.s.a, 1, &found));
        cr_expect_eq(found->expires_at, NOW + rows[i].seconds, "%zu", i);
    }
}

Test(authorize_answer, a_failure_that_has_no_word_of_its_own_is_told_as_one_that_passes)
{
    struct stage t = stage_new();
    struct redirect_sent sent;
    struct session s = stage_session(&t, t.ada);
    struct authorize_pending p = pended(&t, ASK "&state=s", &s);
    static const enum err_kind kinds[] = {ERR_THROTTLED, ERR_CONFLICT, ERR_UNAVAILABLE};
    static const struct err_reason reason = {.why = "test"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_done(authorize_refuse(t.s.ctx, &p.request, (err){kinds[i], &reason}, &sent));
        cr_expect(str_is(stage_parameter(&t, sent.location, "error"), "temporarily_unavailable"), "%.*s", STR_FMT(sent.location));
        cr_expect(str_is(stage_parameter(&t, sent.location, "state"), "s") && str_is(stage_parameter(&t, sent.location, "iss"), FIXTURE_ISSUER)); /* AZ-07 */
    }
}

struct resumed {
    str pending;
    const struct session *s;
};

static err resume_again(struct context *ctx, void *context)
{
    const struct resumed *w = context;
    struct authorize_pending p;
    return authorize_resume(ctx, w->pending, w->s, &p);
}

Test(authorize_answer, memory_that_ends_does_not_make_a_page_stale)
{
    struct stage t = stage_new();
    struct session s = stage_session(&t, t.ada);
    struct resumed w = {asked_pend(&t, ASK "&scope=read&state=s", &s), &s};
    size_t n = 1;
    while (n < 500 && !scene_torture(&t.s, n, resume_again, &w))
        n++;
    cr_expect(n > 1 && n < 500, "%zu", n);
}
