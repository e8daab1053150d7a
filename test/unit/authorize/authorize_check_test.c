/* SPDX-License-Identifier: MIT
 * authorize_check: what may be asked for, what is said of the rest, and by which way it is answered. */
#include "authorize/authorize.h"
#include "asked.h"

Test(authorize_check, AZ_02_code_and_nothing_else)
{
    struct stage t = stage_new();
    struct authorize_request r;
    static const char *const types[] = {"token", "id_token", "code+token", "code+id_token", "none", "CODE", "code+", "+code"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        cr_expect_eq(asked_judge(&t, str_z(t.s.a, stage_text(&t, "client_id=web&response_type=", str_of(types[i]), "")), &r).kind,
                     ERR_UNSUPPORTED_RESPONSE_TYPE, "%s", types[i]);
    expect_kind(asked_judge(&t, "client_id=web", &r), INVALID_REQUEST);
    expect_kind(asked_judge(&t, "client_id=web&response_type=", &r), INVALID_REQUEST);
    expect_kind(asked_judge(&t, ASK, &r), OK);
}

static void shape_compat(struct client_edit *edit)
{
    edit->compat_processmaker = 1;
}

static void shape_machine(struct client_edit *edit)
{
    edit->grants = STR("client_credentials");
}

Test(authorize_check, contract_4_a_compat_client_may_leave_response_type_out)
{
    struct stage t = stage_new();
    struct authorize_request r;
    (void)stage_client(&t, "pm", shape_compat);
    expect_kind(asked_judge(&t, "client_id=pm", &r), OK);
    cr_expect(r.assumed_code);
    expect_kind(asked_judge(&t, "client_id=pm&response_type=token", &r), UNSUPPORTED_RESPONSE_TYPE);
}

Test(authorize_check, what_is_wrong_is_said_by_its_own_word)
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
        cr_expect_eq(asked_judge(&t, str_z(t.s.a, stage_text(&t, ASK, str_of(rows[i].more), "")), &r).kind, rows[i].kind, "%s", rows[i].more);
    expect_kind(asked_judge(&t, "client_id=pub&response_type=code", &r), INVALID_REQUEST); /* PK-01 */
    struct form f = stage_form(&t, "client_id=machine&response_type=code");
    expect_kind(authorize_read(t.s.ctx, &f, &r), OK);
    expect_kind(authorize_check(t.s.ctx, &f, &r), UNAUTHORIZED_CLIENT);
}

static void shape_login_alone(struct client_edit *edit)
{
    edit->scopes = STR("openid");
}

Test(authorize_check, AZ_15_the_claims_parameter_is_no_way_around_the_list_of_scopes)
{
    struct stage t = stage_new();
    struct authorize_request r;
    (void)stage_client(&t, "narrow", shape_login_alone);
#define CLAIMS "&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D"
    expect_kind(asked_judge(&t, "client_id=narrow&response_type=code&scope=openid+email&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", &r), INVALID_SCOPE);
    assert_done(asked_judge(&t, "client_id=narrow" CLAIMS, &r));
    cr_expect(!str_present(r.claims) && !str_filled(r.claims_scopes));
}

static struct db_client_metadata *metadata_of(struct stage *t, const char *id, struct db_client *row)
{
    *row = *stage_find(t, id);
    return &row->metadata;
}

static void save_client(struct stage *t, const struct db_client *row)
{
    assert_done(db_client_save(store_each(t->s.authority->store), row));
    scene_next(&t->s);
}

Test(authorize_check, AZ_09_the_way_of_the_answer_is_known_before_anything_can_fail)
{
    struct stage t = stage_new();
    struct authorize_request r;
    static const char *const wrong[] = {"&request_uri=https%3A%2F%2Fx", "&request=x", "&registration=x", "&scope=nosuch", "&prompt=x", "&max_age=x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect(FAILED(asked_judge(&t, str_z(t.s.a, stage_text(&t, ASK "&response_mode=form_post", str_of(wrong[i]), "")), &r)), "%s", wrong[i]);
        cr_expect_eq(r.mode, REDIRECT_FORM_POST, "%s", wrong[i]);
    }
}

Test(authorize_check, AZ_09_a_way_that_is_refused_is_answered_by_the_nearest_that_is_allowed)
{
    struct stage t = stage_new();
    struct db_client row;
    struct authorize_request r;
    static const struct {
        const char *registered, *asked;
        enum redirect_mode answered;
    } rows[] = {{"", "fragment", REDIRECT_QUERY},
                {"", "fragment.jwt", REDIRECT_QUERY_JWT},
                {"", "web_message", REDIRECT_QUERY},
                {"form_post query.jwt", "fragment.jwt", REDIRECT_QUERY_JWT},
                {"form_post query.jwt", "query", REDIRECT_QUERY_JWT},
                {"form_post fragment", "form_post.jwt", REDIRECT_FORM_POST},
                {"fragment", "form_post", REDIRECT_FRAGMENT},
                {"jwt", "query", REDIRECT_QUERY_JWT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metadata_of(&t, "web", &row)->response_modes = str_of(rows[i].registered);
        save_client(&t, &row);
        expect_kind(asked_judge(&t, str_z(t.s.a, stage_text(&t, ASK "&response_mode=", str_of(rows[i].asked), "")), &r), INVALID_REQUEST);
        cr_expect_eq(r.mode, rows[i].answered, "%s, asked for %s", rows[i].registered, rows[i].asked);
    }
}

Test(authorize_check, what_is_registered_stands_in_for_what_is_not_sent)
{
    struct stage t = stage_new();
    struct db_client row;
    struct authorize_request r;
    struct db_client_metadata *m = metadata_of(&t, "web", &row);
    m->default_max_age = STR("600");
    m->default_acr_values = STR("urn:one");
    save_client(&t, &row);
    assert_done(asked_judge(&t, ASK, &r));
    cr_expect(r.max_age == 600 && str_is(r.acr_wished, "urn:one") && !str_present(r.acr_essential));
    assert_done(asked_judge(&t, ASK "&max_age=0&acr_values=urn%3Atwo", &r));
    cr_expect(r.max_age == 0 && str_is(r.acr_wished, "urn:two"));
    assert_done(asked_judge(&t, "client_id=other&response_type=code", &r));
    cr_expect(r.max_age == -1 && !str_filled(r.acr_wished));
}

Test(authorize_check, AC_06_a_key_is_a_thumbprint_and_nothing_else)
{
    struct stage t = stage_new();
    struct authorize_request r;
    static const char *const bad[] = {"x", CHALLENGE "=", CHALLENGE "A", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
                                      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw_c!"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(asked_judge(&t, str_z(t.s.a, stage_text(&t, ASK "&dpop_jkt=", str_of(bad[i]), "")), &r).kind, ERR_INVALID_REQUEST, "%s", bad[i]);
    assert_done(asked_judge(&t, ASK "&dpop_jkt=" CHALLENGE, &r));
    cr_expect(str_is(r.jkt, CHALLENGE));
    assert_done(asked_judge(&t, ASK, &r));
    cr_expect_not(str_present(r.jkt));
}

Test(authorize_check, a_nonce_beyond_the_limit_or_with_control_characters_is_refused)
{
    struct stage t = stage_new();
    struct authorize_request r;
    char text[sizeof ASK "&nonce=" + AUTHORIZE_NONCE_MAX + 2] = ASK "&nonce=";
    size_t n = strlen(text);
    memset(text + n, 'a', AUTHORIZE_NONCE_MAX);
    assert_done(asked_judge(&t, text, &r));
    cr_expect_eq(r.nonce.n, AUTHORIZE_NONCE_MAX);
    text[n + AUTHORIZE_NONCE_MAX] = 'a';
    expect_kind(asked_judge(&t, text, &r), INVALID_REQUEST);
    expect_kind(asked_judge(&t, ASK "&nonce=a%0Ab", &r), INVALID_REQUEST);
    expect_kind(asked_judge(&t, ASK "&nonce=a%7Fb", &r), INVALID_REQUEST);
}

Test(authorize_check, PR_03_who_must_push_is_not_heard_otherwise_whoever_says_so)
{
    struct stage t = stage_new();
    struct db_client row;
    struct authorize_request r;
    metadata_of(&t, "web", &row)->require_pushed_authorization_requests = true;
    save_client(&t, &row);
    expect_kind(asked_judge(&t, ASK, &r), INVALID_REQUEST);
    assert_done(asked_judge(&t, "client_id=other&response_type=code", &r));
    t.s.authority->policy.require_par = true;
    expect_kind(asked_judge(&t, "client_id=other&response_type=code", &r), INVALID_REQUEST);
}

static err judge_again(struct context *ctx, void *context)
{
    struct form f;
    struct authorize_request r;
    TRY(form_parse(ctx->arena, *(const str *)context, &f));
    TRY(authorize_read(ctx, &f, &r));
    return authorize_check(ctx, &f, &r);
}

Test(authorize_check, memory_that_ends_is_no_verdict_about_a_request)
{
    struct stage t = stage_new();
    str text = STR(ASK "&scope=read&state=s&nonce=n&prompt=consent&max_age=5&acr_values=a&code_challenge_method=S256&code_challenge=" CHALLENGE);
    size_t n = 1;
    scene_next(&t.s);
    while (n < 500 && !scene_torture(&t.s, n, judge_again, &text))
        n++;
    cr_expect(n > 1 && n < 500, "%zu", n);
}
