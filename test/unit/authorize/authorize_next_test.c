/* SPDX-License-Identifier: MIT
 * authorize_next: the parameters of OpenID Connect, and what they make of a browser and its person. */
#include "session/assurance.h"
#include "client_ways.h"
#include "authorize/pushed.h"
#include "token/id_token.h"
#include "token/opaque.h"

#define ASK "client_id=oidc&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid"

static void unlisted(struct client_edit *edit)
{
    edit->scopes = STR_ABSENT;
    edit->grants = STR("authorization_code refresh_token client_credentials");
}

static struct stage oidc_stage(void)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "oidc", unlisted);
    return t;
}

static err judge(struct stage *t, const char *more, struct authorize_request *r)
{
    struct form f = stage_form(t, str_z(t->s.a, stage_text(t, ASK, str_of(more), "")));
    TRY(authorize_read(t->s.ctx, &f, r));
    return authorize_check(t->s.ctx, &f, r);
}

static err step_of(struct stage *t, const char *more, const struct session *s, enum authorize_step *step)
{
    struct authorize_request r;
    TRY(judge(t, more, &r));
    return authorize_next(t->s.ctx, &r, s, step);
}

static enum authorize_step next(struct stage *t, const char *more, const struct session *s)
{
    enum authorize_step step = 0;
    assert_done(step_of(t, more, s, &step));
    return step;
}

Test(authorize_next, scopes_of_openid_requests)
{
    struct stage t = oidc_stage();
    struct authorize_request r;
    static const struct {
        const char *scope, *granted; /* NULL: invalid_scope */
    } rows[] = {
        {"", "openid"},
        {"+email+profile+address+phone", "openid email profile address phone"},
        {"+nosuch", "openid"}, /* OpenID Connect Core 3.1.2.2 */
        {"+offline_access", "openid offline_access"},
        {"+read", "openid read"}, /* any scope that people may grant */
        {"+view-users", NULL},    /* a right over this server: never among any (AZ-15) */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err e = judge(&t, rows[i].scope, &r);
        cr_expect_eq(e.kind, rows[i].granted ? ERR_OK : ERR_INVALID_SCOPE, "%s", rows[i].scope);
        if (rows[i].granted)
            cr_expect(str_is(r.scope, rows[i].granted), "%s: %.*s", rows[i].scope, STR_FMT(r.scope));
    }
    struct form f = stage_form(&t, "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid");
    assert_done(authorize_read(t.s.ctx, &f, &r));
    expect_kind(authorize_check(t.s.ctx, &f, &r), INVALID_SCOPE); /* a client with a list: only what is in it */
    f = stage_form(&t, "client_id=oidc&response_type=code&scope=openid");
    expect_kind(authorize_read(t.s.ctx, &f, &r), INVALID_REQUEST); /* RU-05 */
}

Test(authorize_next, parameters_that_are_wrong_are_said_by_their_word)
{
    struct stage t = oidc_stage();
    struct authorize_request r;
    static const struct {
        const char *more;
        enum err_kind kind;
    } rows[] = {
        {"&nonce=n&display=popup&ui_locales=de+en&claims_locales=de&acr_values=x&login_hint=ada&x=1", ERR_OK},
        {"&claims=%7B%22userinfo%22%3A5%7D", ERR_INVALID_REQUEST},
        {"&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22x%22%7D%7D%7D", ERR_UNMET_AUTHENTICATION},
        {"&id_token_hint=x", ERR_INVALID_REQUEST},
        {"&id_token_hint=eyJhbGciOiJub25lIn0.e30.", ERR_INVALID_REQUEST},
        {"&prompt=none+select_account", ERR_INVALID_REQUEST},
        {"&prompt=create", ERR_INVALID_REQUEST},
        {"&max_age=1.5", ERR_INVALID_REQUEST},
        {"&registration=x", ERR_REGISTRATION_NOT_SUPPORTED},
        {"&dpop_jkt=short", ERR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(judge(&t, rows[i].more, &r).kind, rows[i].kind, "%s", rows[i].more);
    char text[AUTHORIZE_NONCE_MAX + 16] = "&nonce=";
    size_t n = strlen(text);
    memset(text + n, 'a', AUTHORIZE_NONCE_MAX + 1);
    text[n + AUTHORIZE_NONCE_MAX + 1] = '\0';
    expect_kind(judge(&t, text, &r), INVALID_REQUEST);
    text[n + AUTHORIZE_NONCE_MAX] = '\0';
    expect_kind(judge(&t, text, &r), OK);
}

static str hint_of(struct stage *t, const char *sub, unix_time expires_at)
{
    str token;
    struct id_token what = {.issuer = STR(FIXTURE_ISSUER),
                            .subject = str_of(sub),
                            .client_id = STR("oidc"),
                            .auth_time = NOW - 7200,
                            .issued_at = NOW - 7200,
                            .expires_at = expires_at};
    assert_done(id_token_sign(t->s.a, t->s.ctx->keys, SIGN_ES256, &what, &token));
    return token;
}

Test(authorize_next, AZ_14_a_hint_about_somebody_else_is_never_answered_for_who_is_here)
{
    struct stage t = oidc_stage();
    enum authorize_step step;
    struct session ada = stage_session(&t, t.ada);
    const char *own = str_z(t.s.a, stage_text(&t, "&id_token_hint=", hint_of(&t, str_z(t.s.a, t.ada->id), NOW - 3600), "")); /* expired */
    const char *other = str_z(t.s.a, stage_text(&t, "&id_token_hint=", hint_of(&t, "somebody-else", NOW + 60), ""));
    cr_expect_eq(next(&t, own, &ada), AUTHORIZE_ASK);
    cr_expect_eq(next(&t, other, &ada), AUTHORIZE_LOGIN);
    expect_kind(step_of(&t, str_z(t.s.a, stage_text(&t, other, STR("&prompt=none"), "")), &ada, &step), LOGIN_REQUIRED);
    expect_kind(step_of(&t, "&prompt=none&claims=%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22x%22%7D%7D%7D", &ada, &step), LOGIN_REQUIRED);
    str ticket; /* and logging in as the wrong one again is told, not asked for ever */
    assert_done(authorize_ticket(t.s.ctx, &(struct authorize_request){0}, &ada, &ticket));
    assert_done(session_reauthenticated(t.s.ctx, STR("pwd"), &ada));
    str back = stage_text(&t, other, stage_text(&t, "&login_ticket=", ticket, ""), "");
    expect_kind(step_of(&t, str_z(t.s.a, back), &ada, &step), LOGIN_REQUIRED);
}

Test(authorize_next, AZ_12_the_age_of_a_login_is_measured_on_the_strict_side)
{
    struct stage t = oidc_stage();
    struct session ada = stage_session(&t, t.ada);
    cr_expect_eq(next(&t, "&max_age=1", &ada), AUTHORIZE_ASK);
    clock_set(NOW + 1);
    scene_next(&t.s);
    cr_expect_eq(next(&t, "&max_age=1", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, "&max_age=10000", &ada), AUTHORIZE_ASK);
    ways_register(&t, "oidc", "client_secret_basic", &(struct db_client_metadata){.default_max_age = STR("1")});
    cr_expect_eq(next(&t, "", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, "&max_age=10000", &ada), AUTHORIZE_ASK); /* the request overrides the registration */
}

/* OpenID Connect Core 3.1.2.1, 5.5.1.1 */
Test(authorize_next, a_level_that_a_session_has_is_not_asked_for_again_and_one_that_it_lacks_is)
{
    struct stage t = oidc_stage();
    enum authorize_step step;
    struct session ada = stage_session(&t, t.ada), nobody = stage_session(&t, NULL);
    const char *essential = "&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22" ACR_PASSWORD "%22%7D%7D%7D";
    const char *none = str_z(t.s.a, stage_text(&t, essential, STR("&prompt=none"), ""));
    cr_expect_eq(next(&t, "&acr_values=" ACR_PASSWORD, &ada), AUTHORIZE_ASK);
    cr_expect_eq(next(&t, "&acr_values=urn:unknown", &ada), AUTHORIZE_ASK, "a wish that cannot come true stops nobody");
    cr_expect_eq(next(&t, essential, &ada), AUTHORIZE_ASK);
    cr_expect_eq(next(&t, essential, &nobody), AUTHORIZE_LOGIN);
    ada.row->amr = STR("gone"); /* a way that was taken away since proves nothing any more */
    cr_expect_eq(next(&t, "", &ada), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, essential, &ada), AUTHORIZE_LOGIN);
    expect_kind(step_of(&t, none, &ada, &step), LOGIN_REQUIRED);
    str ticket; /* nor does a login that proves no more go round for ever */
    assert_done(authorize_ticket(t.s.ctx, &(struct authorize_request){0}, &ada, &ticket));
    assert_done(session_reauthenticated(t.s.ctx, STR("gone"), &ada));
    str back = stage_text(&t, essential, stage_text(&t, "&login_ticket=", ticket, ""), "");
    expect_kind(step_of(&t, str_z(t.s.a, back), &ada, &step), UNMET_AUTHENTICATION);
}

Test(authorize_next, who_must_add_a_second_factor_anyway_adds_it_for_a_request_that_needs_it)
{
    struct stage t = oidc_stage();
    enum authorize_step step;
    struct session ada = stage_session(&t, t.ada);
    const char *mfa = "&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22" ACR_MFA "%22%7D%7D%7D";
    const char *unknown = "&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22value%22%3A%22x%22%7D%7D%7D";
    expect_kind(step_of(&t, mfa, &ada, &step), UNMET_AUTHENTICATION);
    t.s.authority->policy.second_factor_required = true;
    cr_expect_eq(next(&t, "", &ada), AUTHORIZE_ENROL);
    cr_expect_eq(next(&t, mfa, &ada), AUTHORIZE_ENROL);
    expect_kind(step_of(&t, str_z(t.s.a, stage_text(&t, mfa, STR("&prompt=none"), "")), &ada, &step), INTERACTION_REQUIRED);
    expect_kind(step_of(&t, unknown, &ada, &step), UNMET_AUTHENTICATION);
}

Test(authorize_next, select_account_is_answered_by_a_button_of_this_session_or_by_a_login)
{
    struct stage t = oidc_stage();
    struct authorize_request r;
    str choice, ticket;
    struct session ada = stage_session(&t, t.ada), elsewhere = stage_session(&t, t.ada), nobody = stage_session(&t, NULL);
    cr_expect_eq(next(&t, "&prompt=select_account", &nobody), AUTHORIZE_LOGIN);
    cr_expect_eq(next(&t, "&prompt=select_account", &ada), AUTHORIZE_SELECT);
    assert_done(judge(&t, "&prompt=select_account", &r));
    assert_done(authorize_choice(t.s.ctx, &r, &ada, &choice));
    const char *pressed = str_z(t.s.a, stage_text(&t, "&prompt=select_account&login_ticket=", choice, ""));
    cr_expect_eq(next(&t, pressed, &ada), AUTHORIZE_ASK);
    cr_expect_eq(next(&t, pressed, &elsewhere), AUTHORIZE_SELECT);
    cr_expect_eq(next(&t, str_z(t.s.a, stage_text(&t, "&prompt=login&login_ticket=", choice, "")), &ada), AUTHORIZE_LOGIN, "a choice is no password");
    assert_done(authorize_ticket(t.s.ctx, &r, &ada, &ticket));
    assert_done(session_reauthenticated(t.s.ctx, STR("pwd"), &ada));
    cr_expect_eq(next(&t, str_z(t.s.a, stage_text(&t, "&prompt=select_account&login_ticket=", ticket, "")), &ada), AUTHORIZE_ASK);
}

Test(authorize_next, CO_01_single_claims_are_agreed_to_as_the_scope_that_they_amount_to)
{
    struct stage t = oidc_stage();
    struct authorize_request r;
    struct session ada = stage_session(&t, t.ada);
    const char *email = "&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D";
    (void)stage_allow(&t, ASK);
    cr_expect_eq(next(&t, "", &ada), AUTHORIZE_ANSWER);
    cr_expect_eq(next(&t, email, &ada), AUTHORIZE_ASK);
    assert_done(judge(&t, email, &r));
    cr_expect(str_is(r.claims_scopes, "email") && str_is(r.scope, "openid"));
    (void)stage_allow(&t, str_z(t.s.a, stage_text(&t, ASK, str_of(email), "")));
    cr_expect_eq(next(&t, email, &ada), AUTHORIZE_ANSWER);
    cr_expect_eq(next(&t, "+email", &ada), AUTHORIZE_ANSWER);
}

Test(authorize_next, what_was_asked_lies_with_the_grant_and_the_code)
{
    struct stage t = oidc_stage();
    struct db_authorization *authorization;
    str code = stage_code(&t, ASK "&nonce=n-0S6&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D&dpop_jkt=" CHALLENGE);
    assert_done(db_authorization_get(store_each(t.s.authority->store), t.s.a, 1, &authorization));
    cr_expect(str_is(authorization->claims, "{\"userinfo\":{\"email\":null}}"));
    int64_t numbers[2];
    struct db_taken taken = {0};
    struct token_hash hash = token_hash_of(code);
    assert_done(opaque_numbers_open(t.s.a, t.s.ctx->keys, OPAQUE_CODE, code, numbers));
    assert_done(db_code_take(store_each(t.s.authority->store), t.s.a, numbers[0], &hash, &taken));
    cr_expect(str_is(taken.code->nonce, "n-0S6") && str_is(taken.code->jkt, CHALLENGE));
}

Test(authorize_next, a_profile_demands_what_its_table_says)
{
    struct stage t = oidc_stage();
    struct authorize_request r;
    struct pushed_answer pushed;
    ways_register(&t, "oidc", "private_key_jwt", &(struct db_client_metadata){.profile = STR("fapi2-security")});
    const char *pkce = "&code_challenge_method=S256&code_challenge=" CHALLENGE;
    expect_kind(judge(&t, pkce, &r), INVALID_REQUEST); /* must be pushed */
    struct client_proof proof = stage_proof(&t, "oidc");
    struct form f = stage_form(&t, ASK);
    expect_kind(pushed_accept(t.s.ctx, &proof, &f, &pushed), INVALID_REQUEST); /* PKCE */
    f = stage_form(&t, str_z(t.s.a, stage_text(&t, ASK, str_of(pkce), "")));
    expect_kind(pushed_accept(t.s.ctx, &proof, &f, &pushed), OK);
    ways_register(&t, "oidc", "private_key_jwt", &(struct db_client_metadata){.profile = STR("fapi2-message-signing")});
    proof = stage_proof(&t, "oidc");
    f = stage_form(&t, str_z(t.s.a, stage_text(&t, ASK "&response_mode=jwt", str_of(pkce), "")));
    expect_kind(pushed_accept(t.s.ctx, &proof, &f, &pushed), INVALID_REQUEST); /* must be signed */
}
