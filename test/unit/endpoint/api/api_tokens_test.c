/* SPDX-License-Identifier: MIT
 * api_tokens: a person's personal access tokens over the API. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(api_tokens, .init = visit_open);

static const char *tokens_of(const struct db_user *user, const char *more)
{
    return visit_z(visit_text("/api/1.0/users/%.*s/tokens%s", STR_FMT(user->id), more));
}

static const char *token_at(const struct db_user *user, str id)
{
    return tokens_of(user, visit_z(visit_text("/%.*s", STR_FMT(id))));
}

Test(api_tokens, a_token_is_told_once_and_works) /* PT-01 */
{
    struct answer made =
        visit_api("POST", visit_full_token("ada"), tokens_of(ada, ""), "{\"name\":\"Backup\",\"scopes\":[\"view-own-tokens\"],\"expires_in\":3600}");
    cr_assert_eq(made.status, 201, "%.*s", STR_FMT(made.body));
    str raw = json_member_text(visit_json(&made), "accessToken");
    cr_assert(str_starts(raw, STR("jtn_pat_")));
    struct answer list = visit_api("GET", raw, tokens_of(ada, ""), NULL);
    cr_expect(list.status == 200 && visit_shows(&list, "\"Backup\"") && !visit_shows(&list, "jtn_pat_") && !visit_shows(&list, "hash"));
    str id = json_member_text(json_member(visit_json(&made), "token"), "id");
    struct answer one = visit_api("GET", raw, token_at(ada, id), NULL);
    cr_expect(one.status == 200 && !visit_shows(&one, "jtn_pat_") && !visit_flag(visit_json(&one), "revoked"));
    cr_expect(visit_member_is(visit_json(&one), "expires_at", visit_z(clock_rfc3339(visit_memory(), clock_now() + 3600))));
}

Test(api_tokens, none_is_made_with_a_narrow_token_or_for_somebody_else) /* PT-03 */
{
    const char *body = "{\"name\":\"x\"}";
    expect_refused(visit_api("POST", visit_token(ada, ALL_OWN), tokens_of(ada, ""), body), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("POST", visit_token(ada, ""), tokens_of(ada, ""), body), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("POST", visit_full_token("ada"), tokens_of(root, ""), body), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_api("POST", visit_own_token(ALL_PERMISSIONS), tokens_of(ada, ""), body), 403, INSUFFICIENT_SCOPE);
    struct db_pat_rows rows;
    assert_done(pat_list(stage.s.ctx, &actor_owner, root->id, &(struct db_page){.limit = 10}, &rows));
    cr_expect_eq(rows.total, 0);
}

Test(api_tokens, a_token_needs_a_name_known_scopes_and_a_sound_period)
{
    static const struct {
        const char *body, *member;
    } rows[] = {
        {"{}", "name"},
        {"{\"name\":\"x\",\"scopes\":[\"no-such\"]}", "scopes"},
        {"{\"name\":\"x\",\"expires_in\":-5}", "expires_in"},
        {"{\"name\":\"x\",\"expires_in\":\"1\"}", "expires_in"},
        {"{\"name\":\"x\",\"dpop_jkt\":\"short\"}", "dpop_jkt"},
        {"{\"name\":\"x\",\"user\":\"y\"}", "body"},
        {"{\"name\":\"x\",\"hash\":\"y\"}", "body"},
    };
    str token = visit_full_token("ada");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = visit_api("POST", token, tokens_of(ada, ""), rows[i].body);
        cr_expect(visit_problem(&r, rows[i].member), "%s: %d %.*s", rows[i].body, r.status, STR_FMT(r.body));
    }
}

Test(api_tokens, a_token_ends_at_once_and_only_by_who_may) /* PT-04, AD-02 */
{
    str raw = visit_token(ada, "view-own-tokens"), own = visit_token(ada, ALL_OWN);
    struct answer list = visit_api("GET", raw, tokens_of(ada, "?order_by=created_at"), NULL);
    str id = json_member_text(json_at(json_member(visit_json(&list), "data"), 0), "id");
    expect_refused(visit_api("DELETE", raw, token_at(ada, id), NULL), 403, INSUFFICIENT_SCOPE);
    expect_status(visit_api("DELETE", visit_token(root, ALL_OWN), token_at(root, id), NULL), 404);
    expect_status(visit_api("DELETE", visit_token(root, ALL_OWN), token_at(ada, id), NULL), 403);
    expect_status(visit_api("GET", raw, token_at(ada, id), NULL), 200);
    expect_status(visit_api("DELETE", own, token_at(ada, STR("00000000-0000-4000-8000-000000000000")), NULL), 404);
    expect_status(visit_api("DELETE", own, token_at(ada, id), NULL), 204);
    expect_status(visit_api("DELETE", own, token_at(ada, id), NULL), 404);
    expect_refused(visit_api("GET", raw, tokens_of(ada, ""), NULL), 401, INVALID_TOKEN);
}

Test(api_tokens, somebody_elses_token_is_not_found_under_ones_own_name) /* AD-02 */
{
    visit_token(root, "view-own-tokens");
    struct db_pat_rows rows;
    assert_done(pat_list(stage.s.ctx, &actor_owner, root->id, &(struct db_page){.limit = 10}, &rows));
    str id = str_dup(visit_memory(), rows.rows[0].id);
    expect_refused(visit_api("GET", visit_token(ada, ALL_OWN), token_at(ada, id), NULL), 404, NOT_FOUND);
    expect_refused(visit_api("DELETE", visit_token(ada, ALL_OWN), token_at(ada, id), NULL), 404, NOT_FOUND);
}

Test(api_tokens, a_store_that_fails_is_no_answer)
{
    str full = visit_full_token("ada");
    visit_break("pats");
    expect_refused(visit_api("GET", full, tokens_of(ada, ""), NULL), 503, UNAVAILABLE);
    expect_refused(visit_api("POST", full, tokens_of(ada, ""), "{\"name\":\"x\"}"), 503, UNAVAILABLE);
    expect_refused(visit_api("DELETE", full, token_at(ada, STR("00000000-0000-4000-8000-000000000000")), NULL), 503, UNAVAILABLE);
}
