/* SPDX-License-Identifier: MIT
 * oauth_userinfo: the claims of a token's person over HTTP (OpenID Connect Core 5.3). */
#include "endpoint/visit.h"

#include "base/banned.h"

static void with_openid(struct client_edit *edit)
{
    edit->scopes = STR("openid profile email read");
}

static void begin(void)
{
    struct user_edit edit = {.admin = -1, .full_name = STR("Ada L"), .email = STR("ada@example.com")};
    visit_open();
    (void)stage_client(&stage, "app", with_openid);
    assert_done(user_change(stage.s.ctx, &actor_owner, ada->id, &edit, &stage.s.p));
    scene_next(&stage.s);
}

TestSuite(oauth_userinfo, .init = begin);

#define APP "client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope="

static str token_with(const char *scope)
{
    struct token_answer made;
    str code = stage_code(&stage, visit_z(visit_text("%s%s", APP, scope)));
    assert_done(stage_redeem(&stage, "app", code, "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", &made));
    return made.access_token;
}

static struct answer posts(str bearer, str body)
{
    return visit(&(struct visit){.method = "POST", .target = "/oauth/userinfo", .bearer = bearer, .type = FORM_TYPE, .body = body});
}

Test(oauth_userinfo, the_scopes_say_what_is_told)
{
    struct answer r = visit_api("GET", token_with("openid"), "/oauth/userinfo", NULL);
    cr_expect(r.status == 200 && str_equal(json_member_text(visit_json(&r), "sub"), ada->id) && json_count(visit_json(&r)) == 1, "%.*s", STR_FMT(r.body));
    r = visit_api("GET", token_with("openid+profile+email"), "/oauth/userinfo", NULL);
    cr_expect(visit_member_is(visit_json(&r), "name", "Ada L") && visit_member_is(visit_json(&r), "email", "ada@example.com"));
    cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "no-store"));
}

Test(oauth_userinfo, a_token_stands_in_one_place) /* AT-15 */
{
    str token = token_with("openid"), field = visit_text("access_token=%.*s", STR_FMT(token));
    expect_status(posts(token, STR("")), 200);
    expect_status(posts(STR_ABSENT, field), 200);
    expect_refused(posts(token, field), 400, INVALID_REQUEST);
    expect_refused(visit_api("GET", STR_ABSENT, visit_z(visit_text("/oauth/userinfo?%.*s", STR_FMT(field))), NULL), 401, INVALID_TOKEN);
}

Test(oauth_userinfo, who_brings_no_fit_token_is_challenged)
{
    struct answer r = visit_api("GET", STR_ABSENT, "/oauth/userinfo", NULL);
    str challenge = visit_answer_header(&r, "WWW-Authenticate");
    cr_expect(r.status == 401 && str_starts(challenge, STR("Bearer ")) && memmem(challenge.p, challenge.n, "error=", 6) == NULL);
    r = visit_api("GET", STR("nonsense"), "/oauth/userinfo", NULL);
    challenge = visit_answer_header(&r, "WWW-Authenticate");
    cr_expect(r.status == 401 && memmem(challenge.p, challenge.n, "invalid_token", 13) != NULL);
    expect_refused(visit_api("GET", token_with("read"), "/oauth/userinfo", NULL), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("GET", visit_own_token("view-users"), "/oauth/userinfo", NULL), 401, INVALID_TOKEN); /* TE-08 */
}

Test(oauth_userinfo, a_token_ends_with_its_person_and_its_time)
{
    str token = token_with("openid"), later = token_with("openid");
    assert_done(user_block(stage.s.ctx, &actor_owner, ada->id, true));
    expect_refused(visit_api("GET", token, "/oauth/userinfo", NULL), 401, INVALID_TOKEN);
    assert_done(user_block(stage.s.ctx, &actor_owner, ada->id, false));
    visit_wait(3601);
    expect_refused(visit_api("GET", later, "/oauth/userinfo", NULL), 401, INVALID_TOKEN);
}

Test(oauth_userinfo, who_registered_for_a_signature_gets_a_jwt)
{
    struct client_edit edit = client_edit_nothing();
    edit.metadata[METADATA_userinfo_signed_response_alg] = STR("ES256");
    str token = token_with("openid");
    assert_done(client_change(stage.s.ctx, &actor_owner, STR("app"), &edit, &stage.s.p));
    struct answer r = visit_api("GET", token, "/oauth/userinfo", NULL);
    size_t dots = 0;
    for (size_t i = 0; i < r.body.n; i++)
        dots += r.body.p[i] == '.';
    cr_expect(r.status == 200 && str_starts(r.body, STR("ey")) && dots == 2);
}

Test(oauth_userinfo, memory_that_ends_anywhere_gives_no_half_answer)
{
    struct visit v = {.target = "/oauth/userinfo", .bearer = token_with("openid+profile")};
    struct answer r = {0};
    for (size_t n = 1; n < 300 && r.status != 200; n++) {
        v.memory = n;
        r = visit(&v);
        cr_assert(r.status == 200 || r.status == 503, "%zu: %d %s", n, r.status, err_why(r.refused));
    }
    cr_expect(r.status == 200 && visit_member_is(visit_json(&r), "name", "Ada L"));
}
