/* SPDX-License-Identifier: MIT
 * console_tokens: a person's personal access tokens on their own page. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_tokens, .init = visit_open);

static struct db_pat_rows tokens_of(const struct db_user *user)
{
    struct db_pat_rows rows;
    scene_next(&stage.s);
    assert_done(pat_list(stage.s.ctx, &actor_owner, user->id, &(struct db_page){.limit = 100}, &rows));
    return rows;
}

static const char *revoke_of(str id)
{
    return visit_z(visit_text("/account/tokens/%.*s/revoke", STR_FMT(id)));
}

Test(console_tokens, a_token_is_made_shown_once_and_revoked) /* PT-01, PT-04 */
{
    struct browser *b = visit_browser(ada);
    struct answer r = visit_post(b, "/account/tokens", "name=Backup+%3Cscript%3Ealert(1)&expires=30&scopes%5B%5D=view-own-profile&scopes%5B%5D=read");
    expect_page(r, "token_made", 201);
    cr_assert(visit_shows(&r, "value=\"jtn_pat_"));
    r = visit_get(b, "/account/tokens");
    expect_page(r, "tokens", 200);
    cr_expect(visit_shows(&r, "Backup &lt;script&gt;") && !visit_shows(&r, "jtn_pat_"));
    struct db_pat_rows rows = tokens_of(ada);
    cr_assert_eq(rows.count, 1u);
    cr_expect_eq(rows.rows[0].expires_at - rows.rows[0].created_at, 30 * 86400);
    cr_expect(str_is(rows.rows[0].scope, "view-own-profile read"), "%.*s", STR_FMT(rows.rows[0].scope));
    expect_page(visit_get(b, revoke_of(rows.rows[0].id)), "token_revoke", 200);
    cr_expect_eq(tokens_of(ada).count, 1u); /* a page only asks */
    expect_goes(visit_post(b, revoke_of(rows.rows[0].id), ""), "/account/tokens?done=revoked");
    cr_expect_eq(tokens_of(ada).count, 0u);
    expect_refused(visit_post(b, revoke_of(rows.rows[0].id), ""), 404, NOT_FOUND);
}

Test(console_tokens, a_token_needs_a_name_and_a_sound_period)
{
    static const struct {
        const char *fields, *field;
    } rows[] = {
        {"name=x&expires=custom&days=-1", "days"},
        {"name=x&expires=custom&days=0", "days"},
        {"name=x&expires=custom&days=36501", "days"},
        {"name=x&expires=custom&days=1e3", "days"},
        {"name=x&expires=custom", "days"},
        {"name=x&expires=8", "expires_in"},
        {"name=x&expires=8&days=8", "expires_in"},
        {"expires=7", "name"},
        {"name=x&expires=7&scopes%5B%5D=nosuch", "scopes"},
        {"name=x&expires=7&dpop_jkt=short", "dpop_jkt"},
    };
    struct browser *b = visit_browser(ada);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = visit_post(b, "/account/tokens", rows[i].fields);
        cr_expect(r.status == 422 && visit_shows(&r, visit_z(visit_text("id=\"%s-problem\"", rows[i].field))), "%s: %d", rows[i].fields, r.status);
    }
    cr_expect_eq(tokens_of(ada).count, 0u);
    expect_status(visit_post(b, "/account/tokens", "name=x&expires=custom&days=36500"), 201);
}

Test(console_tokens, what_was_typed_is_kept_in_a_refused_form)
{
    struct answer r = visit_post(visit_browser(ada), "/account/tokens", "expires=365&scopes%5B%5D=read&dpop_jkt=%22%3E%3Cscript%3Ealert(1)");
    expect_page(r, "tokens_problem", 422);
    cr_expect(visit_shows(&r, "value=\"365\" selected") && visit_shows(&r, "value=\"read\" checked") && !visit_shows(&r, "value=\"write\" checked"));
}

Test(console_tokens, a_token_needs_a_recent_password) /* PT-03 */
{
    struct browser *b = visit_browser(ada);
    visit_wait(stage.s.authority->policy.reauthentication + 1);
    expect_goes(visit_post(b, "/account/tokens", "name=x&expires=7"), "/login?again=1&return_to=%2Faccount%2Ftokens");
    struct answer r = visit_get(b, "/account/tokens");
    cr_expect(r.status == 200 && !visit_shows(&r, "name=\"expires\"") && visit_shows(&r, "/login?again=1"));
    cr_expect_eq(tokens_of(ada).count, 0u);
}

Test(console_tokens, somebody_elses_token_is_not_found) /* AD-02 */
{
    visit_token(root, "view-own-tokens");
    str id = str_dup(visit_memory(), tokens_of(root).rows[0].id);
    struct browser *b = visit_browser(ada);
    expect_refused(visit_get(b, revoke_of(id)), 404, NOT_FOUND);
    expect_refused(visit_post(b, revoke_of(id), ""), 404, NOT_FOUND);
    expect_status(visit_forged(visit_browser(root), revoke_of(id), ""), 400);
    cr_expect_eq(tokens_of(root).count, 1u);
}

Test(console_tokens, many_tokens_are_told_by_pages) /* AD-09 */
{
    struct browser *b = visit_browser(ada);
    for (int i = 0; i < 27; i++)
        visit_token(ada, "read");
    struct answer first = visit_get(b, "/account/tokens"), last = visit_get(b, "/account/tokens?page=2&filter=x"),
                  beyond = visit_get(b, "/account/tokens?page=9");
    cr_expect(visit_shows(&first, "href=\"?page=2\"") && visit_shows(&last, "href=\"?page=1\"") && beyond.status == 200);
}

Test(console_tokens, a_store_that_fails_makes_and_ends_nothing)
{
    struct browser *b = visit_browser(ada);
    visit_token(ada, "read");
    str id = str_dup(visit_memory(), tokens_of(ada).rows[0].id);
    visit_break("pats");
    expect_refused(visit_get(b, "/account/tokens"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/account/tokens", "name=x&expires=7"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, revoke_of(id), ""), 503, UNAVAILABLE);
    visit_mend("pats");
    cr_expect_eq(tokens_of(ada).count, 1u);
}
