/* SPDX-License-Identifier: MIT
 * oauth_token: the token endpoint as a client meets it (RFC 6749 3.2, 5). */
#include "endpoint/oauth/oauth.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(oauth_token, .init = visit_open);

#define ASK      "client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid+read"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

static str secret_of_app;

static void with_openid(struct client_edit *edit)
{
    edit->scopes = STR("openid read");
}

static str code(void)
{
    if (!str_present(secret_of_app))
        secret_of_app = stage_client(&stage, "app", with_openid);
    return stage_code(&stage, ASK);
}

static struct answer redeem(str one)
{
    str body = visit_text("client_id=app&client_secret=%.*s&grant_type=authorization_code&code=%.*s%s", STR_FMT(secret_of_app), STR_FMT(one), REDIRECT);
    return visit(&(struct visit){.method = "POST", .target = "/oauth/token", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body});
}

static bool tells(const struct answer *r, int status, const char *error)
{
    return r->status == status && visit_member_is(visit_json(r), "error", error) && !visit_shows(r, "access_token");
}

Test(oauth_token, an_answer_has_its_members_and_is_kept_by_nobody) /* TE-03, TE-09 */
{
    struct answer r = redeem(code());
    cr_assert_eq(r.status, 200, "%.*s", STR_FMT(r.body));
    const json *j = visit_json(&r);
    cr_expect(visit_member_is(j, "token_type", "Bearer") && str_filled(json_member_text(j, "access_token")) && visit_member_is(j, "scope", "openid read"));
    cr_expect(str_filled(json_member_text(j, "refresh_token")) && str_filled(json_member_text(j, "id_token")) && visit_number(j, "expires_in") == 3600);
    cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "no-store") && str_is(visit_answer_header(&r, "Pragma"), "no-cache"));
}

Test(oauth_token, where_it_runs_is_said_by_the_grant)
{
    static const struct {
        const char *fields;
        enum grant_pool pool;
    } rows[] = {{"grant_type=client_credentials", GRANT_INLINE},
                {"grant_type=authorization_code", GRANT_WRITE},
                {"grant_type=refresh_token", GRANT_WRITE},
                {"grant_type=password", GRANT_HASH},
                {"grant_type=nosuch", GRANT_INLINE},
                {"", GRANT_INLINE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct form f = stage_form(&stage, rows[i].fields);
        cr_expect_eq(oauth_token_pool(&f), rows[i].pool, "%s", rows[i].fields);
    }
}

Test(oauth_token, a_client_that_does_not_prove_itself_spends_nothing) /* AC-07, TE-04 */
{
    str one = code();
    str body = visit_text("client_id=app&client_secret=wrong&grant_type=authorization_code&code=%.*s%s", STR_FMT(one), REDIRECT);
    struct visit v = {.method = "POST", .target = "/oauth/token", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body};
    struct answer r = visit(&v);
    cr_expect(tells(&r, 401, "invalid_client") && !str_present(visit_answer_header(&r, "WWW-Authenticate")));
    v.body = visit_text("grant_type=authorization_code&code=%.*s%s", STR_FMT(one), REDIRECT);
    v.more[0] = (struct http_header){STR("Authorization"), STR("Basic YXBwOndyb25n")};
    r = visit(&v);
    cr_expect(tells(&r, 401, "invalid_client") && str_starts(visit_answer_header(&r, "WWW-Authenticate"), STR("Basic ")));
    cr_expect_eq(redeem(one).status, 200);
}

Test(oauth_token, a_code_is_good_once) /* AC-03 */
{
    str one = code();
    cr_expect_eq(redeem(one).status, 200);
    struct answer r = redeem(one);
    cr_expect(tells(&r, 400, "invalid_grant"));
    r = redeem(STR("jtn_ac_nonsense"));
    cr_expect(tells(&r, 400, "invalid_grant"));
}

Test(oauth_token, what_is_malformed_is_told_in_the_form_of_the_endpoint)
{
    struct answer r = visit_client("/oauth/token", STR("grant_type=nosuch"));
    cr_expect(tells(&r, 400, "unsupported_grant_type"));
    r = visit_client("/oauth/token", STR("a=b"));
    cr_expect(tells(&r, 400, "invalid_request"));
    r = visit_client("/oauth/token", STR("grant_type=password&grant_type=password"));
    cr_expect(tells(&r, 400, "invalid_request"));
    r = visit(&(struct visit){.method = "POST", .target = "/oauth/token", .bearer = STR_ABSENT, .type = "text/plain", .body = STR("grant_type=password")});
    cr_expect(tells(&r, 415, "invalid_request"));
    r = visit_get(NULL, "/oauth/token");
    cr_expect(tells(&r, 405, "invalid_request"));
}

Test(oauth_token, guesses_at_a_password_are_slowed) /* RL-01 */
{
    struct answer r = {0};
    for (int i = 0; i < 60 && r.status != 429; i++)
        r = visit_client("/oauth/token", STR("grant_type=password&username=ada&password=wrong"));
    cr_expect(r.status == 429 && str_filled(visit_answer_header(&r, "Retry-After")));
}

Test(oauth_token, a_store_that_fails_gives_no_token_and_takes_no_code) /* IR-09 */
{
    str one = code();
    visit_break("codes");
    struct answer r = redeem(one);
    cr_expect(tells(&r, 503, "temporarily_unavailable") && str_filled(visit_answer_header(&r, "Retry-After")));
    visit_mend("codes");
    cr_expect_eq(redeem(one).status, 200);
    visit_break("grants");
    r = visit_client("/oauth/token", STR("grant_type=password&username=ada&password=correct+horse+battery"));
    cr_expect(tells(&r, 503, "temporarily_unavailable"));
}

Test(oauth_token, memory_that_ends_anywhere_gives_no_half_answer)
{
    struct visit v = {.method = "POST",
                      .target = "/oauth/token",
                      .bearer = STR_ABSENT,
                      .type = FORM_TYPE,
                      .body = visit_text("client_id=web&client_secret=%.*s&grant_type=client_credentials&scope=read", STR_FMT(stage.secret))};
    struct answer r = {0};
    for (size_t n = 1; n < 300 && r.status != 200; n++) {
        v.memory = n;
        r = visit(&v);
        cr_assert(r.status == 200 || (r.status == 503 && !visit_shows(&r, "access_token")), "%zu: %d %.*s", n, r.status, STR_FMT(r.body));
    }
    cr_expect(r.status == 200 && str_filled(json_member_text(visit_json(&r), "access_token")));
}
