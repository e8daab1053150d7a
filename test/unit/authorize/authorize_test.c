/* SPDX-License-Identifier: MIT
 * authorize: what is judged before and after the redirect URI is trusted, what comes next, and that one answer is one answer.
 */
#include "authorize/authorize.h"
#include "asked.h"

Test(authorize, AZ_01_unknown_missing_and_disabled_clients_stay_here)
{
    struct stage t = stage_new();
    struct authorize_request r;
    expect_kind(asked_read(&t, "response_type=code", &r), INVALID_REQUEST);
    expect_kind(asked_read(&t, "client_id=&response_type=code", &r), INVALID_REQUEST);
    expect_kind(asked_read(&t, "client_id=nosuch", &r), INVALID_REQUEST);
    expect_kind(asked_read(&t, "client_id=WEB", &r), INVALID_REQUEST);
    expect_kind(asked_read(&t, "client_id=web&redirect_uri=https%3A%2F%2Fevil.com", &r), INVALID_REQUEST); /* RU-06 */
    stage_revoke_client(&t, "web", true);
    expect_kind(asked_read(&t, "client_id=web", &r), INVALID_REQUEST);
}

Test(authorize, AZ_06_a_state_beyond_the_limit_is_refused_and_not_cut)
{
    struct stage t = stage_new();
    struct authorize_request r;
    char text[sizeof ASK "&state=" + AUTHORIZE_STATE_MAX + 2] = ASK "&state=";
    size_t n = strlen(text);
    memset(text + n, 'a', AUTHORIZE_STATE_MAX);
    expect_kind(asked_read(&t, text, &r), OK);
    cr_expect_eq(r.state.n, AUTHORIZE_STATE_MAX);
    text[n + AUTHORIZE_STATE_MAX] = 'a';
    expect_kind(asked_read(&t, text, &r), OK); /* told to the client, without it */
    expect_kind(r.broken, INVALID_REQUEST);
    cr_expect(!str_present(r.state));
}

Test(authorize, login_then_question_then_answer)
{
    struct stage t = stage_new();
    struct session nobody = stage_session(&t, NULL), ada = stage_session(&t, t.ada);
    cr_expect_eq(asked_next(&t, ASK, &nobody), AUTHORIZE_LOGIN);
    cr_expect_eq(asked_next(&t, ASK, &ada), AUTHORIZE_ASK);
    (void)stage_allow(&t, ASK);
    cr_expect_eq(asked_next(&t, ASK, &ada), AUTHORIZE_ANSWER);
    cr_expect_eq(asked_next(&t, ASK "&prompt=consent", &ada), AUTHORIZE_ASK);
    cr_expect_eq(asked_next(&t, ASK "&prompt=login", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(asked_next(&t, ASK "&max_age=0", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(asked_next(&t, ASK "&max_age=100", &ada), AUTHORIZE_ANSWER);
    clock_set(NOW + 101);
    scene_next(&t.s);
    cr_expect_eq(asked_next(&t, ASK "&max_age=100", &ada), AUTHORIZE_LOGIN);
}

Test(authorize, AZ_11_prompt_none_never_asks)
{
    struct stage t = stage_new();
    struct authorize_request r;
    enum authorize_step step;
    struct session nobody = stage_session(&t, NULL), ada = stage_session(&t, t.ada);
    assert_done(asked_judge(&t, ASK "&prompt=none", &r));
    expect_kind(authorize_next(t.s.ctx, &r, &nobody, &step), LOGIN_REQUIRED);
    expect_kind(authorize_next(t.s.ctx, &r, &ada, &step), CONSENT_REQUIRED);
    assert_done(asked_judge(&t, ASK "&prompt=none&max_age=0", &r));
    expect_kind(authorize_next(t.s.ctx, &r, &ada, &step), LOGIN_REQUIRED);
    (void)stage_allow(&t, ASK);
    cr_expect_eq(asked_next(&t, ASK "&prompt=none", &ada), AUTHORIZE_ANSWER);
}
