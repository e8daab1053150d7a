/* SPDX-License-Identifier: MIT
 * api_users: people over the API: what a token's scopes tell, who may write what, and that a request which is refused changes nothing. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(api_users, .init = visit_open);

static const char *place_of(const struct db_user *user)
{
    return visit_z(visit_text("/api/1.0/users/%.*s", STR_FMT(user->id)));
}

static struct answer put(str token, const struct db_user *user, const char *body)
{
    return visit_api("PUT", token, place_of(user), body);
}

static struct answer put_if(str token, const struct db_user *user, const char *match, const char *body)
{
    return visit(&(struct visit){.method = "PUT",
                                 .target = place_of(user),
                                 .bearer = token,
                                 .type = "application/json",
                                 .body = str_of(body),
                                 .more = {{STR("If-Match"), str_of(match)}}});
}

Test(api_users, me_tells_what_the_scopes_tell)
{
    struct answer r = visit_api("GET", visit_token(ada, "openid"), "/api/1.0/users/me", NULL);
    const json *me = visit_json(&r);
    cr_expect(r.status == 200 && str_equal(json_member_text(me, "sub"), ada->id) && json_member(me, "username") == NULL && json_member(me, "email") == NULL);
    r = visit_api("GET", visit_token(ada, "view-own-profile"), "/api/1.0/users/me", NULL);
    cr_expect(visit_member_is(visit_json(&r), "username", "ada") && json_member(visit_json(&r), "permissions") != NULL);
    cr_expect_not(visit_shows(&r, "password_hash") || visit_shows(&r, "$argon2"));
    r = visit_api("GET", visit_own_token("view-users"), "/api/1.0/users/me", NULL);
    me = visit_json(&r);
    cr_expect(r.status == 200 && json_member(me, "username") == NULL && visit_member_is(json_member(me, "client"), "id", "robot"));
}

Test(api_users, a_person_is_made_as_given_and_no_more_than_that) /* AD-04 */
{
    str token = visit_token(root, ALL_PERMISSIONS);
    struct answer r = visit_api("POST", token, "/api/1.0/users", "{\"username\":\"grace\",\"email\":\"g@example.com\",\"password\":\"a first password\"}");
    cr_assert_eq(r.status, 201, "%.*s", STR_FMT(r.body));
    cr_expect(!visit_flag(visit_json(&r), "admin") && visit_member_is(visit_json(&r), "status", "ACTIVE") && !visit_shows(&r, "a first password"));
    struct db_user *grace;
    assert_done(user_find(stage.s.ctx, STR("grace"), &grace));
    cr_expect(grace != NULL && !grace->admin && str_is(grace->email, "g@example.com"));
    static const char *const foreign[] = {"id", "blocked", "status", "version", "created_at", "password_hash", "number"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        r = visit_api("POST", token, "/api/1.0/users", visit_z(visit_text("{\"username\":\"henry\",\"%s\":\"x\"}", foreign[i])));
        cr_expect(visit_problem(&r, "body"), "%s: %d", foreign[i], r.status);
    }
    r = visit_api("POST", token, "/api/1.0/users", "{\"username\":\"GRACE\"}");
    cr_expect(visit_problem(&r, "username"), "%d", r.status);
}

Test(api_users, nobody_gives_rights_who_is_no_administrator) /* AD-04, AD-07 */
{
    struct db_user *helper = visit_person("helper", "view-users create-users edit-users");
    str token = visit_token(helper, ALL_PERMISSIONS " " ALL_OWN);
    expect_status(visit_api("POST", token, "/api/1.0/users", "{\"username\":\"mallory\",\"admin\":true}"), 403);
    expect_status(visit_api("POST", token, "/api/1.0/users", "{\"username\":\"mallory\",\"permissions\":[\"view-users\"]}"), 403);
    expect_status(put(token, helper, "{\"admin\":true}"), 403);
    expect_status(put(token, helper, "{\"permissions\":[\"delete-users\"]}"), 403);
    expect_status(put(token, root, "{\"email\":\"evil@example.com\"}"), 403);
    expect_status(put(token, ada, "{\"admin\":true}"), 403);
    struct db_user *none;
    assert_done(user_find(stage.s.ctx, STR("mallory"), &none));
    cr_expect(none == NULL && !visit_again(helper)->admin && !visit_again(ada)->admin && !str_filled(visit_again(root)->email));
}

Test(api_users, each_permission_opens_its_own_door) /* AD-01 */
{
    struct db_user *sees = visit_person("sees", "view-users"), *edits = visit_person("edits", "edit-users"), *removes = visit_person("removes", "delete-users");
    str eyes = visit_token(sees, ALL_PERMISSIONS), pen = visit_token(edits, ALL_PERMISSIONS), axe = visit_token(removes, ALL_PERMISSIONS);
    expect_status(visit_api("GET", eyes, "/api/1.0/users", NULL), 200);
    expect_status(visit_api("GET", pen, "/api/1.0/users", NULL), 403);
    expect_status(visit_api("POST", pen, "/api/1.0/users", "{\"username\":\"new\"}"), 403);
    expect_status(put(eyes, ada, "{\"full_name\":\"x\"}"), 403);
    expect_status(put(pen, ada, "{\"full_name\":\"Ada L\"}"), 204);
    expect_status(visit_api("DELETE", pen, place_of(ada), NULL), 403);
    expect_status(visit_api("DELETE", axe, "/api/1.0/users/ada", NULL), 404);
    expect_status(visit_api("DELETE", axe, place_of(ada), NULL), 204);
    expect_status(visit_api("DELETE", axe, place_of(ada), NULL), 404);
}

Test(api_users, an_etag_holds_a_change_back_that_is_over_somebody_elses) /* AD-05 */
{
    str token = visit_token(root, ALL_PERMISSIONS);
    struct answer r = visit_api("GET", token, place_of(ada), NULL);
    const char *etag = visit_z(visit_answer_header(&r, "ETag"));
    expect_status(put_if(token, ada, etag, "{\"full_name\":\"First\"}"), 204);
    expect_refused(put_if(token, ada, etag, "{\"full_name\":\"Second\"}"), 409, CONFLICT);
    expect_refused(put_if(token, ada, etag, "{\"status\":\"BLOCKED\"}"), 409, CONFLICT);
    expect_status(put_if(token, ada, "*", "{\"full_name\":\"Third\"}"), 204);
    cr_expect(str_is(visit_again(ada)->full_name, "Third") && !visit_again(ada)->blocked);
}

Test(api_users, what_is_no_etag_of_ours_matches_nothing)
{
    str token = visit_token(root, ALL_PERMISSIONS);
    long long version = visit_again(ada)->version;
    static const char *const forms[] = {
        "%lld", "\"%lld", "%lld\"", "\"%lldx", "\"%lld5", "W/\"%lld\"", "\"+%lld\"", "\"\"", "\"0\"", "\"", "\"99999999999999999999\""};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char match[64];
        str form = str_of(forms[i]);
        size_t at = str_find(form, '%');
        if (at == form.n)
            (void)snprintf(match, sizeof match, "%s", forms[i]);
        else
            (void)snprintf(match, sizeof match, "%.*s%lld%s", (int)at, form.p, version, form.p + at + 4);
        expect_refused(put_if(token, ada, match, "{\"full_name\":\"x\"}"), 409, CONFLICT);
    }
    cr_expect_not(str_is(visit_again(ada)->full_name, "x"));
}

Test(api_users, a_password_of_ones_own_needs_the_one_before) /* LS-13 */
{
    str token = visit_full_token("ada");
    str hash = visit_again(ada)->password_hash;
    struct answer r = put(token, ada, "{\"password\":\"quite a new secret\",\"current_password\":\"wrong one\"}");
    cr_expect(visit_problem(&r, "current_password"), "%d %.*s", r.status, STR_FMT(r.body));
    r = put(token, ada, "{\"password\":\"quite a new secret\"}");
    cr_expect(visit_problem(&r, "current_password"), "%d %.*s", r.status, STR_FMT(r.body));
    cr_expect(str_equal(visit_again(ada)->password_hash, hash));
    r = put(token, ada, "{\"password\":\"quite a new secret\",\"current_password\":\"correct horse battery\",\"full_name\":\"x\"}");
    cr_expect(visit_problem(&r, "password"));
    expect_status(put(token, ada, "{\"password\":\"quite a new secret\",\"current_password\":\"correct horse battery\"}"), 204);
    cr_expect_not(str_equal(visit_again(ada)->password_hash, hash));
}

Test(api_users, guesses_at_the_current_password_are_slowed) /* RL-01 */
{
    str token = visit_full_token("ada");
    struct answer r = {0};
    for (int i = 0; i < 20 && r.status != 429; i++)
        r = put(token, ada, "{\"password\":\"quite a new secret\",\"current_password\":\"wrong one\"}");
    cr_expect(r.status == 429 && str_filled(visit_answer_header(&r, "Retry-After")));
}

Test(api_users, a_password_for_somebody_else_must_be_changed_by_them) /* AD-06 */
{
    str token = visit_full_token("root");
    struct answer r = put(token, ada, "{\"password\":\"quite a new secret\"}");
    cr_expect(visit_problem(&r, "must_change_password"));
    r = put(token, ada, "{\"password\":\"quite a new secret\",\"must_change_password\":false}");
    cr_expect(visit_problem(&r, "must_change_password"));
    expect_status(put(token, ada, "{\"password\":\"quite a new secret\",\"must_change_password\":true}"), 204);
    cr_expect(visit_again(ada)->must_change_password);
}

Test(api_users, a_refused_request_leaves_the_person_as_they_were)
{
    str token = visit_token(root, ALL_PERMISSIONS);
    struct answer r = put(token, ada, "{\"full_name\":\"New\",\"status\":\"GONE\"}");
    cr_expect(visit_problem(&r, "status"));
    r = put(token, ada, "{\"full_name\":\"New\",\"username\":\"x\"}");
    cr_expect(visit_problem(&r, "username"));
    r = put(token, ada, "{\"full_name\":\"New\",\"sub\":\"x\"}");
    cr_expect(visit_problem(&r, "body"));
    cr_expect_not(str_filled(visit_again(ada)->full_name));
    expect_status(put(token, ada, "{\"status\":\"BLOCKED\"}"), 204);
    cr_expect(visit_again(ada)->blocked);
    expect_status(put(token, ada, "{\"status\":\"ACTIVE\"}"), 204);
    cr_expect_not(visit_again(ada)->blocked);
}

Test(api_users, a_profile_is_not_changed_by_a_request_whose_block_is_refused)
{
    str token = visit_full_token("root");
    expect_status(put(token, root, "{\"full_name\":\"New\",\"status\":\"BLOCKED\"}"), 422); /* nobody blocks themself */
    cr_expect(!str_filled(visit_again(root)->full_name) && !visit_again(root)->blocked);
    visit_sql("CREATE TRIGGER broken BEFORE UPDATE OF blocked ON users WHEN NEW.blocked = 1 BEGIN SELECT RAISE(ABORT, 'broken'); END");
    cr_expect_geq(put(token, ada, "{\"full_name\":\"New\",\"status\":\"BLOCKED\"}").status, 400);
    cr_expect(!str_filled(visit_again(ada)->full_name) && !visit_again(ada)->blocked);
    visit_sql("DROP TRIGGER broken");
    expect_status(put(token, ada, "{\"full_name\":\"New\",\"status\":\"BLOCKED\"}"), 204);
    cr_expect(str_is(visit_again(ada)->full_name, "New") && visit_again(ada)->blocked);
}

Test(api_users, the_last_administrator_stays) /* AD-07 */
{
    str token = visit_full_token("root");
    expect_status(visit_api("DELETE", token, place_of(root), NULL), 422);
    expect_status(put(token, root, "{\"admin\":false}"), 422);
    expect_status(put(token, root, "{\"status\":\"BLOCKED\"}"), 422);
    cr_expect(visit_again(root)->admin && !visit_again(root)->blocked);
}

Test(api_users, a_store_that_fails_is_no_answer)
{
    str token = visit_token(root, ALL_PERMISSIONS);
    visit_break("users");
    expect_refused(visit_api("POST", token, "/api/1.0/users", "{\"username\":\"grace\"}"), 503, UNAVAILABLE);
    expect_refused(put(token, ada, "{\"full_name\":\"x\"}"), 503, UNAVAILABLE);
    expect_refused(visit_api("DELETE", token, place_of(ada), NULL), 503, UNAVAILABLE);
    visit_mend("users");
    cr_expect_not(str_is(visit_again(ada)->full_name, "x"));
}
