/* SPDX-License-Identifier: MIT
 * authorize: what is judged before and after the redirect URI is trusted, what comes next, and that one answer is one answer.
 */
#include "authorize/authorize.h"
#include "stage.h"
#include "store/table/db_consent.h"

#define ASK "client_id=web&response_type=code"

static err read_it(struct stage *t, const char *request, struct authorize_request *out)
{
    struct form f = stage_form(t, request);
    return authorize_read(t->s.ctx, &f, out);
}

static err judge(struct stage *t, const char *request, struct authorize_request *out)
{
    struct form f = stage_form(t, request);
    assert_done(authorize_read(t->s.ctx, &f, out));
    return authorize_check(t->s.ctx, &f, out);
}

static enum authorize_step next(struct stage *t, const char *request, const struct session *s)
{
    struct authorize_request asked;
    enum authorize_step step = 0;
    assert_done(judge(t, request, &asked));
    assert_done(authorize_next(t->s.ctx, &asked, s, &step));
    return step;
}

Test(authorize, AZ_01_unknown_missing_and_disabled_clients_stay_here)
{
    struct stage t = stage_new();
    struct authorize_request r;
    expect_kind(read_it(&t, "response_type=code", &r), INVALID_REQUEST);
    expect_kind(read_it(&t, "client_id=&response_type=code", &r), INVALID_REQUEST);
    expect_kind(read_it(&t, "client_id=nosuch", &r), INVALID_REQUEST);
    expect_kind(read_it(&t, "client_id=WEB", &r), INVALID_REQUEST);
    expect_kind(read_it(&t, "client_id=web&redirect_uri=https%3A%2F%2Fevil.com", &r), INVALID_REQUEST); /* RU-06 */
    stage_revoke_client(&t, "web", true);
    expect_kind(read_it(&t, "client_id=web", &r), INVALID_REQUEST);
}

Test(authorize, AZ_02_code_and_nothing_else)
{
    struct stage t = stage_new();
    struct authorize_request r;
    static const char *const types[] = {"token", "id_token", "code+token", "code+id_token", "none", "CODE", "code+", "+code"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        cr_expect_eq(judge(&t, str_z(t.s.a, stage_text(&t, "client_id=web&response_type=", str_of(types[i]), "")), &r).kind, ERR_UNSUPPORTED_RESPONSE_TYPE,
                     "%s", types[i]);
    expect_kind(judge(&t, "client_id=web", &r), INVALID_REQUEST);
    expect_kind(judge(&t, "client_id=web&response_type=", &r), INVALID_REQUEST);
    expect_kind(judge(&t, ASK, &r), OK);
}

static void shape_compat(struct client_edit *edit)
{
    edit->compat_processmaker = 1;
}

static void shape_machine(struct client_edit *edit)
{
    edit->grants = STR("client_credentials");
}

Test(authorize, contract_4_a_compat_client_may_leave_response_type_out)
{
    struct stage t = stage_new();
    struct authorize_request r;
    (void)stage_client(&t, "pm", shape_compat);
    expect_kind(judge(&t, "client_id=pm", &r), OK);
    cr_expect(r.assumed_code);
    expect_kind(judge(&t, "client_id=pm&response_type=token", &r), UNSUPPORTED_RESPONSE_TYPE);
}

Test(authorize, what_is_wrong_is_said_by_its_own_word)
{
    struct stage t = stage_new();
    struct authorize_request r;
    (void)stage_client(&t, "machine", shape_machine);
    static const struct {
        const char *more;
        enum err_kind kind;
    } rows[] = {
        {"&request=x", ERR_INVALID_REQUEST_OBJECT},
        {"&request=x&request_uri=x", ERR_INVALID_REQUEST},
        {"&request_uri=https%3A%2F%2Fx", ERR_INVALID_REQUEST_URI},
        {"&registration=%7B%7D", ERR_REGISTRATION_NOT_SUPPORTED},
        {"&response_mode=fragment", ERR_INVALID_REQUEST},
        {"&response_mode=form_post", ERR_OK},
        {"&scope=nosuch", ERR_INVALID_SCOPE},
        {"&scope=view-users", ERR_INVALID_SCOPE},
        {"&resource=https%3A%2F%2Fx", ERR_INVALID_TARGET},
        {"&prompt=none+login", ERR_INVALID_REQUEST},
        {"&prompt=nonsense", ERR_INVALID_REQUEST},
        {"&max_age=-1", ERR_INVALID_REQUEST},
        {"&max_age=x", ERR_INVALID_REQUEST},
        {"&code_challenge=" CHALLENGE, ERR_INVALID_REQUEST},
        {"&x=1&state=&nonce=&request=&prompt=&max_age=&scope=", ERR_OK} /* AZ-04, AZ-05 */,
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(judge(&t, str_z(t.s.a, stage_text(&t, ASK, str_of(rows[i].more), "")), &r).kind, rows[i].kind, "%s", rows[i].more);
    expect_kind(judge(&t, "client_id=pub&response_type=code", &r), INVALID_REQUEST); /* PK-01 */
    struct form f = stage_form(&t, "client_id=machine&response_type=code");
    expect_kind(authorize_read(t.s.ctx, &f, &r), OK);
    expect_kind(authorize_check(t.s.ctx, &f, &r), UNAUTHORIZED_CLIENT);
}

static void shape_login_alone(struct client_edit *edit)
{
    edit->scopes = STR("openid");
}

Test(authorize, AZ_15_the_claims_parameter_is_no_way_around_the_list_of_scopes)
{
    struct stage t = stage_new();
    struct authorize_request r;
    (void)stage_client(&t, "narrow", shape_login_alone);
#define CLAIMS "&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D"
    expect_kind(judge(&t, "client_id=narrow&response_type=code&scope=openid+email&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", &r), INVALID_SCOPE);
    assert_done(judge(&t, "client_id=narrow" CLAIMS, &r));
    cr_expect(!str_present(r.claims) && !str_filled(r.claims_scopes));
}

Test(authorize, AZ_06_a_state_beyond_the_limit_is_refused_and_not_cut)
{
    struct stage t = stage_new();
    struct authorize_request r;
    char text[sizeof ASK "&state=" + AUTHORIZE_STATE_MAX + 2] = ASK "&state=";
    size_t n = strlen(text);
    memset(text + n, 'a', AUTHORIZE_STATE_MAX);
    expect_kind(read_it(&t, text, &r), OK);
    cr_expect_eq(r.state.n, AUTHORIZE_STATE_MAX);
    text[n + AUTHORIZE_STATE_MAX] = 'a';
    expect_kind(read_it(&t, text, &r), OK); /* told to the client, without it */
    expect_kind(r.broken, INVALID_REQUEST);
    cr_expect(!str_present(r.state));
}

Test(authorize, login_then_question_then_answer)
{
    struct stage t = stage_new();
    struct session nobody = stage_session(&t, NULL), ada = stage_session(&t, t.ada);
    cr_expect_eq(next(&t, ASK, &nobody), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, ASK, &ada), AUTHORIZE_ASK);
    (void)stage_allow(&t, ASK);
    cr_expect_eq(next(&t, ASK, &ada), AUTHORIZE_ANSWER);
    cr_expect_eq(next(&t, ASK "&prompt=consent", &ada), AUTHORIZE_ASK);
    cr_expect_eq(next(&t, ASK "&prompt=login", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, ASK "&max_age=0", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, ASK "&max_age=100", &ada), AUTHORIZE_ANSWER);
    clock_set(NOW + 101);
    scene_next(&t.s);
    cr_expect_eq(next(&t, ASK "&max_age=100", &ada), AUTHORIZE_LOGIN);
}

Test(authorize, AZ_11_prompt_none_never_asks)
{
    struct stage t = stage_new();
    struct authorize_request r;
    enum authorize_step step;
    struct session nobody = stage_session(&t, NULL), ada = stage_session(&t, t.ada);
    assert_done(judge(&t, ASK "&prompt=none", &r));
    expect_kind(authorize_next(t.s.ctx, &r, &nobody, &step), LOGIN_REQUIRED);
    expect_kind(authorize_next(t.s.ctx, &r, &ada, &step), CONSENT_REQUIRED);
    assert_done(judge(&t, ASK "&prompt=none&max_age=0", &r));
    expect_kind(authorize_next(t.s.ctx, &r, &ada, &step), LOGIN_REQUIRED);
    (void)stage_allow(&t, ASK);
    cr_expect_eq(next(&t, ASK "&prompt=none", &ada), AUTHORIZE_ANSWER);
}

static const char *with_ticket(struct stage *t, str ticket)
{
    return str_z(t->s.a, stage_text(t, ASK "&prompt=login&login_ticket=", ticket, ""));
}

Test(authorize, AZ_12_the_way_back_from_the_login_page_is_not_a_circle)
{
    struct stage t = stage_new();
    str ticket;
    struct authorize_request r;
    struct session s = stage_session(&t, t.ada);
    assert_done(judge(&t, ASK, &r));
    assert_done(authorize_ticket(t.s.ctx, &r, &s, &ticket));
    cr_expect_eq(next(&t, with_ticket(&t, ticket), &s), AUTHORIZE_LOGIN, "AZ-13: abandoned, the old session goes nowhere");
    clock_set(NOW + 500);
    scene_next(&t.s);
    assert_done(session_reauthenticated(t.s.ctx, STR("pwd"), &s));
    cr_expect_eq(next(&t, with_ticket(&t, ticket), &s), AUTHORIZE_ASK);
}

Test(authorize, AZ_12_an_old_ticket_does_not_speak_for_a_password_given_for_something_else)
{
    struct stage t = stage_new();
    str anybodys;
    struct authorize_request r;
    struct session visitor = stage_session(&t, NULL);
    assert_done(judge(&t, ASK, &r));
    assert_done(authorize_ticket(t.s.ctx, &r, &visitor, &anybodys));
    clock_set(NOW + 1000);
    scene_next(&t.s);
    struct session ada = stage_session(&t, t.ada);
    clock_set(NOW + 1061);
    scene_next(&t.s);
    cr_expect_eq(next(&t, with_ticket(&t, anybodys), &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, ASK "&prompt=login&login_ticket=jtn_vi_AAAA", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, with_ticket(&t, ada.cookie), &ada), AUTHORIZE_LOGIN);
}

static str pend(struct stage *t, const char *request, const struct session *s)
{
    struct authorize_request r;
    str sealed;
    assert_done(judge(t, request, &r));
    assert_done(authorize_pend(t->s.ctx, &r, s, &sealed));
    return sealed;
}

Test(authorize, CO_03_the_pending_request_comes_back_as_it_was)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct session s = stage_session(&t, t.ada);
    str sealed = pend(&t,
                      ASK "&scope=read&state=a%26b&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&code_challenge_method=S256&"
                          "code_challenge=" CHALLENGE,
                      &s);
    assert_done(authorize_resume(t.s.ctx, sealed, &s, &p));
    cr_expect(str_is(p.request.scope, "read") && str_is(p.request.state, "a&b") && str_is(p.request.challenge, CHALLENGE));
    cr_expect(str_is(p.request.redirect_uri, CALLBACK) && str_is(p.request.redirect_uri_sent, CALLBACK));
    assert_done(authorize_resume(t.s.ctx, pend(&t, ASK, &s), &s, &p));
    cr_expect(!str_present(p.request.redirect_uri_sent) && !str_present(p.request.state) && !str_present(p.request.challenge));
}

Test(authorize, AZ_24_it_belongs_to_one_browser_and_ten_minutes)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct session s = stage_session(&t, t.ada), elsewhere = stage_session(&t, t.ada), nobody = stage_session(&t, NULL);
    str sealed = pend(&t, ASK, &s);
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

Test(authorize, a_client_that_was_changed_meanwhile_gets_nothing)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct session s = stage_session(&t, t.ada);
    str sealed = pend(&t, ASK, &s);
    struct client_edit edit = client_edit_nothing();
    edit.redirect_uris = STR("https://app.example.com/new");
    assert_done(client_change(t.s.ctx, &actor_owner, STR("web"), &edit, &t.s.p));
    scene_next(&t.s);
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), INVALID_REQUEST);
    sealed = pend(&t, ASK, &s);
    stage_revoke_client(&t, "web", true);
    expect_kind(authorize_resume(t.s.ctx, sealed, &s, &p), INVALID_REQUEST);
}

Test(authorize, AZ_25_one_answer_to_one_page)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct redirect_sent sent;
    struct session s = stage_session(&t, t.ada);
    assert_done(authorize_resume(t.s.ctx, pend(&t, ASK, &s), &s, &p));
    assert_done(authorize_allow(t.s.ctx, &p, &s, &sent));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
    expect_kind(authorize_deny(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
    assert_done(authorize_resume(t.s.ctx, pend(&t, ASK "&state=s", &s), &s, &p));
    assert_done(authorize_deny(t.s.ctx, &p, &s, &sent));
    cr_expect(str_is(stage_parameter(&t, sent.location, "error"), "access_denied") && str_is(stage_parameter(&t, sent.location, "state"), "s"));
    cr_expect(!str_present(stage_parameter(&t, sent.location, "code")));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
}

Test(authorize, AZ_25_what_gives_no_code_is_not_remembered_and_not_told)
{
    struct stage t = stage_new();
    struct authorize_pending p;
    struct redirect_sent sent;
    struct session s = stage_session(&t, t.ada);
    str remembered;
    struct db_event_rows before, after;
    assert_done(authorize_resume(t.s.ctx, pend(&t, ASK, &s), &s, &p));
    assert_done(authorize_deny(t.s.ctx, &p, &s, &sent));
    assert_done(db_event_list(t.s.ctx->tx, t.s.ctx->arena, STR_ABSENT, &(struct db_page){.limit = 1}, &before));
    cr_expect(str_is(before.rows[0].name, "consent.denied"));
    expect_kind(authorize_allow(t.s.ctx, &p, &s, &sent), INVALID_REQUEST);
    assert_done(db_consent_get(t.s.ctx->tx, t.s.ctx->arena, s.user->number, p.request.client->number, &remembered));
    cr_expect(!str_present(remembered));
    assert_done(db_event_list(t.s.ctx->tx, t.s.ctx->arena, STR_ABSENT, &(struct db_page){.limit = 1}, &after));
    cr_expect_eq(after.total, before.total);
}
