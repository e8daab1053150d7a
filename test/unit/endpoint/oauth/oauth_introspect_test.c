/* SPDX-License-Identifier: MIT
 * oauth_introspect: what is told about a token, and its end (RFC 7662, RFC 9701, RFC 7009). */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(oauth_introspect, .init = visit_open);

#define ASK      "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

static struct token_answer given(void)
{
    struct token_answer made;
    assert_done(stage_redeem(&stage, "web", stage_code(&stage, ASK), REDIRECT, &made));
    return made;
}

static struct answer about(const char *target, str token)
{
    return visit_client(target, visit_text("token=%.*s", STR_FMT(token)));
}

static bool is_active(str token)
{
    struct answer r = about("/oauth/introspect", token);
    cr_assert_eq(r.status, 200, "%.*s", STR_FMT(r.body));
    return visit_flag(visit_json(&r), "active");
}

Test(oauth_introspect, a_live_token_is_told_with_its_facts)
{
    struct answer r = about("/oauth/introspect", given().access_token);
    const json *j = visit_json(&r);
    cr_expect(r.status == 200 && visit_flag(j, "active") && visit_member_is(j, "scope", "read") && visit_member_is(j, "client_id", "web"));
    cr_expect(visit_member_is(j, "username", "ada") && str_equal(json_member_text(j, "sub"), ada->id) && visit_member_is(j, "iss", FIXTURE_ISSUER));
    cr_expect_eq(visit_number(j, "exp") - visit_number(j, "iat"), 3600);
}

Test(oauth_introspect, of_what_is_not_active_nothing_is_told) /* IR-03 */
{
    static const char *const none[] = {"nonsense", "jtn_at_x", "jtn_rt_x", "jtn_pat_x", "a.b.c"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct answer r = about("/oauth/introspect", str_of(none[i]));
        cr_expect(r.status == 200 && str_is(r.body, "{\"active\":false}"), "%s: %d %.*s", none[i], r.status, STR_FMT(r.body));
    }
    str token = given().access_token;
    visit_wait(3601);
    struct answer r = about("/oauth/introspect", token);
    cr_expect(str_is(r.body, "{\"active\":false}"));
}

Test(oauth_introspect, it_is_for_clients_that_prove_themselves)
{
    str token = given().access_token;
    struct visit v = {.method = "POST",
                      .target = "/oauth/introspect",
                      .bearer = STR_ABSENT,
                      .type = FORM_TYPE,
                      .body = visit_text("client_id=pub&token=%.*s", STR_FMT(token))};
    expect_refused(visit(&v), 401, INVALID_CLIENT);
    v.body = visit_text("token=%.*s", STR_FMT(token));
    expect_refused(visit(&v), 401, INVALID_CLIENT);
    expect_refused(visit_client("/oauth/introspect", STR("tokne=x")), 400, INVALID_REQUEST);
    expect_refused(visit_client("/oauth/introspect", STR("token=")), 400, INVALID_REQUEST);
}

Test(oauth_introspect, who_wants_a_signed_answer_gets_one) /* RFC 9701 */
{
    struct client_edit edit = client_edit_nothing();
    edit.metadata[METADATA_introspection_signed_response_alg] = STR("ES256");
    str token = given().access_token;
    assert_done(client_change(stage.s.ctx, &actor_owner, STR("web"), &edit, &stage.s.p));
    struct answer r = about("/oauth/introspect", token);
    size_t dots = 0;
    for (size_t i = 0; i < r.body.n; i++)
        dots += r.body.p[i] == '.';
    cr_expect(r.status == 200 && str_starts(r.body, STR("ey")) && dots == 2 && !visit_shows(&r, "active"));
}

Test(oauth_introspect, a_revoked_token_is_dead_and_an_unknown_one_is_no_matter) /* RFC 7009 2.2 */
{
    struct token_answer made = given();
    cr_expect(is_active(made.access_token));
    expect_status(about("/oauth/revoke", made.access_token), 200);
    cr_expect_not(is_active(made.access_token));
    expect_status(about("/oauth/revoke", made.access_token), 200);
    expect_status(about("/oauth/revoke", STR("nonsense")), 200);
    cr_expect(is_active(made.refresh_token));
    expect_status(about("/oauth/revoke", made.refresh_token), 200);
    cr_expect_not(is_active(made.refresh_token));
    expect_refused(visit_client("/oauth/revoke", STR("token_type_hint=access_token")), 400, INVALID_REQUEST);
}

Test(oauth_introspect, nobody_ends_a_token_of_somebody_else)
{
    str token = given().access_token;
    struct visit v = {
        .method = "POST", .target = "/oauth/revoke", .bearer = STR_ABSENT, .type = FORM_TYPE, .body = visit_text("client_id=pub&token=%.*s", STR_FMT(token))};
    struct answer r = visit(&v);
    cr_expect_eq(r.status, 200, "%d", r.status);
    cr_expect(is_active(token));
    v.body = visit_text("token=%.*s", STR_FMT(token));
    expect_refused(visit(&v), 401, INVALID_CLIENT);
    cr_expect(is_active(token));
}

static size_t revocations_kept(void)
{
    struct db_revocation *rows;
    size_t count;
    assert_done(db_revocation_since(store_each(stage.s.authority->store), visit_memory(), 0, &rows, &count));
    return count;
}

Test(oauth_introspect, a_store_that_fails_says_neither_inactive_nor_revoked) /* IR-09 */
{
    struct token_answer made = given();
    visit_break("grants");
    struct answer r = about("/oauth/introspect", made.refresh_token);
    cr_expect(r.status == 503 && !visit_shows(&r, "active\""), "%d %.*s", r.status, STR_FMT(r.body));
    expect_refused(about("/oauth/revoke", made.refresh_token), 503, UNAVAILABLE);
    visit_mend("grants");
    cr_expect(is_active(made.refresh_token));
}

Test(oauth_introspect, a_revocation_that_the_store_has_not_kept_is_made_by_the_next_try) /* IR-09 */
{
    str token = given().access_token;
    visit_break("revocations");
    expect_refused(about("/oauth/revoke", token), 503, UNAVAILABLE);
    visit_mend("revocations");
    cr_expect_eq(revocations_kept(), 0u);
    expect_status(about("/oauth/revoke", token), 200);
    cr_expect_eq(revocations_kept(), 1u);
    expect_status(about("/oauth/revoke", token), 200); /* once is enough */
    cr_expect_eq(revocations_kept(), 1u);
    cr_expect_not(is_active(token));
}
