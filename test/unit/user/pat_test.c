/* SPDX-License-Identifier: MIT
 * pat: who makes, sees and revokes personal access tokens (PT-01 to PT-04). */
#include "people.h"
#include "token/opaque.h"

#include "base/banned.h"

static err make(struct scene *s, const struct actor *by, const struct db_user *user, struct pat_made *out)
{
    struct pat_edit edit = {.user = user->id, .name = STR("cron")};
    return pat_add(s->ctx, by, &edit, &s->p, out);
}

Test(pat, who_may_make_one) /* PT-03 */
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *anna = scene_person(&s, "anna", NULL, false);
    struct db_user *editor = scene_person(&s, "editor", "edit-users view-users create-users", false);
    struct db_client machine = {.number = 9, .id = STR("robot")};
    struct actor stale = by_session(anna), stale_root = by_session(root);
    stale.auth_time = stale_root.auth_time = NOW - s.authority->policy.reauthentication - 1;
    struct actor refused[] = {
        {0},
        stale,
        stale_root,
        by_token(anna, "view-users", false),
        by_token(anna, "", false),
        by_personal(anna, ""),
        by_personal(anna, "edit-users"),
        by_personal(root, ""),
        by_personal(root, "edit-users create-users"),
        by_token(root, "edit-users", false),
        by_session(editor),
        by_token(editor, "", true),
        by_client(&machine, "edit-users create-users"),
    };
    struct pat_made out = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_kind(make(&s, &refused[i], anna, &out), INSUFFICIENT_SCOPE);
    cr_expect_not(str_present(out.token));
    struct actor allowed[] = {by_session(anna), by_token(anna, "", true), by_session(root), by_token(root, "", true), actor_owner};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        assert_done(make(&s, &allowed[i], anna, &out));
        cr_expect_eq(out.pat.user_number, anna->number);
    }
    cr_expect_eq(event_count(&s, "pat.added"), (int64_t)(sizeof allowed / sizeof *allowed));
    struct db_user nobody = {.id = STR("nobody")};
    expect_kind(make(&s, &allowed[0], &nobody, &out), INSUFFICIENT_SCOPE);
    expect_kind(make(&s, &allowed[2], &nobody, &out), NOT_FOUND);
    expect_kind(make(&s, &allowed[0], root, &out), INSUFFICIENT_SCOPE);
}

Test(pat, the_token_leaves_once_and_is_kept_as_a_hash) /* PT-01 */
{
    struct scene s = scene_new();
    struct db_user *anna = scene_person(&s, "anna", NULL, false);
    struct pat_made out = {0};
    assert_done(make(&s, &actor_owner, anna, &out));
    cr_expect(str_starts(out.token, STR("jtn_pat_")));
    expect_kind(opaque_plain_check(out.token, OPAQUE_PERSONAL), OK);
    cr_expect(str_filled(out.pat.id));
    struct token_hash hash = token_hash_of(out.token);
    struct db_pat *kept = NULL;
    assert_done(cache_pat(s.authority->cache, store_each(s.authority->store), s.a, &hash, &kept));
    cr_assert_not_null(kept);
    cr_expect(str_equal(kept->id, out.pat.id));
}

Test(pat, lifetimes_keep_their_bounds) /* PT-02 */
{
    struct scene s = scene_new();
    struct db_user *anna = scene_person(&s, "anna", NULL, false);
    struct pat_edit edit = {.user = anna->id, .name = STR("cron")};
    struct pat_made out = {0};
    struct policy *policy = &s.authority->policy;
    policy->personal_lifetime = 1000;
    policy->personal_lifetime_max = 5000;
    const int64_t bad[] = {-1, 5001, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 4; i++) {
        edit.expires_in = bad[i];
        expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "expires_in");
    }
    const int64_t good[][2] = {{0, 1000}, {1, 1}, {5000, 5000}};
    for (size_t i = 0; i < 3; i++) {
        edit.expires_in = good[i][0];
        assert_done(pat_add(s.ctx, &actor_owner, &edit, &s.p, &out));
        cr_expect_eq(out.pat.expires_at, NOW + good[i][1]);
    }
    edit.expires_in = 0;
    policy->personal_lifetime = 9000;
    assert_done(pat_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect_eq(out.pat.expires_at, NOW + 5000, "the default never passes the longest");
    policy->personal_lifetime = 0;
    assert_done(pat_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect_eq(out.pat.expires_at, NOW + 5000);
    policy->personal_lifetime_max = 0;
    assert_done(pat_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect_eq(out.pat.expires_at, 0);
}

Test(pat, names_scopes_and_blocked_people_are_judged)
{
    struct scene s = scene_new();
    struct db_user *anna = scene_person(&s, "anna", NULL, false);
    struct pat_edit edit = {.user = anna->id, .name = STR("")};
    struct pat_made out = {0};
    expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "name");
    edit.name = STR_ABSENT;
    expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "name");
    edit.name = STR("a\tb");
    expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "name");
    edit.name = STR("cron");
    edit.scopes = STR("view-users unknown");
    expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "scopes");
    edit.scopes = STR("view-users \"x\"");
    expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "scopes");
    edit.scopes = STR(" view-users edit-users view-users ");
    assert_done(pat_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect(str_is(out.pat.scope, "view-users edit-users"));
    assert_done(user_block(s.ctx, &actor_owner, anna->id, true));
    expect_problem(&s, pat_add(s.ctx, &actor_owner, &edit, &s.p, &out), "user");
}

Test(pat, seen_and_revoked_by_the_person_or_who_edits_people) /* PT-04 AD-02 */
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *anna = scene_person(&s, "anna", NULL, false);
    struct db_user *other = scene_person(&s, "other", "view-users", false), *editor = scene_person(&s, "editor", "edit-users", false);
    struct pat_made out = {0}, of_root = {0};
    assert_done(make(&s, &actor_owner, anna, &out));
    assert_done(make(&s, &actor_owner, root, &of_root));
    struct db_page page = {.limit = 10};
    struct db_pat_rows rows = {0};
    struct db_pat *pat = NULL;
    bool revoked = true;
    struct actor refused[] = {{0}, by_session(other), by_token(editor, "view-users", false), by_personal(other, "")};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        expect_kind(pat_list(s.ctx, &refused[i], anna->id, &page, &rows), INSUFFICIENT_SCOPE);
        expect_kind(pat_get(s.ctx, &refused[i], anna->id, out.pat.id, &pat), INSUFFICIENT_SCOPE);
        expect_kind(pat_revoke(s.ctx, &refused[i], anna->id, out.pat.id, &revoked), INSUFFICIENT_SCOPE);
        expect_kind(pat_revoke(s.ctx, &refused[i], STR_ABSENT, out.pat.id, &revoked), INSUFFICIENT_SCOPE);
        expect_kind(pat_list(s.ctx, &refused[i], STR("nobody"), &page, &rows), INSUFFICIENT_SCOPE);
    }
    struct actor reads = by_personal(anna, ""), self = by_session(anna), edits = by_session(editor), admin = by_session(root);
    assert_done(pat_list(s.ctx, &reads, anna->id, &page, &rows));
    cr_expect_eq(rows.total, 1);
    struct pat_made second = {0};
    struct actor narrowed = by_token(anna, "view-scopes view-own-profile", false), own = by_token(anna, "view-own-tokens delete-own-tokens", false);
    assert_done(make(&s, &actor_owner, anna, &second));
    expect_kind(pat_list(s.ctx, &narrowed, anna->id, &page, &rows), INSUFFICIENT_SCOPE);
    expect_kind(pat_revoke(s.ctx, &narrowed, anna->id, second.pat.id, &revoked), INSUFFICIENT_SCOPE);
    expect_kind(pat_revoke(s.ctx, &reads, anna->id, second.pat.id, &revoked), INSUFFICIENT_SCOPE); /* PT-03: it reads */
    expect_kind(pat_revoke(s.ctx, &own, root->id, of_root.pat.id, &revoked), INSUFFICIENT_SCOPE);
    assert_done(pat_list(s.ctx, &own, anna->id, &page, &rows));
    assert_done(pat_revoke(s.ctx, &own, anna->id, second.pat.id, &revoked));
    cr_expect(revoked);
    assert_done(pat_get(s.ctx, &self, anna->id, of_root.pat.id, &pat)); /* another person's id under one's own */
    cr_expect_null(pat);
    assert_done(pat_revoke(s.ctx, &self, anna->id, of_root.pat.id, &revoked));
    cr_expect_not(revoked);
    expect_kind(pat_revoke(s.ctx, &edits, root->id, of_root.pat.id, &revoked), INSUFFICIENT_SCOPE);
    expect_kind(pat_list(s.ctx, &edits, STR_ABSENT, &page, &rows), INSUFFICIENT_SCOPE);
    assert_done(pat_list(s.ctx, &admin, STR_ABSENT, &page, &rows));
    cr_expect_eq(rows.total, 2);
    expect_kind(pat_list(s.ctx, &admin, STR("nobody"), &page, &rows), NOT_FOUND);
    expect_kind(pat_list(s.ctx, &admin, anna->id, &(struct db_page){.limit = 101}, &rows), UNPROCESSABLE);
    assert_done(pat_revoke(s.ctx, &edits, anna->id, out.pat.id, &revoked));
    cr_expect(revoked);
    assert_done(pat_revoke(s.ctx, &edits, anna->id, out.pat.id, &revoked));
    cr_expect_not(revoked);
    assert_done(pat_get(s.ctx, &self, anna->id, out.pat.id, &pat));
    cr_expect_null(pat);
    assert_done(pat_revoke(s.ctx, &actor_owner, STR_ABSENT, of_root.pat.id, &revoked));
    cr_expect(revoked);
    struct token_hash hash = token_hash_of(out.token);
    assert_done(cache_pat(s.authority->cache, store_each(s.authority->store), s.a, &hash, &pat));
    cr_expect(pat == NULL || pat->revoked_at != 0, "at once in memory too");
    cr_expect_eq(event_count(&s, "pat.revoked"), 3);
}
