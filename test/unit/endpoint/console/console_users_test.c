/* SPDX-License-Identifier: MIT
 * console_users: people on an administrator's pages: who may change whom, first passwords, and what is ended for whom. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_users, .init = visit_open);

#define ASK      "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

static const char *place_of(const struct db_user *user, const char *more)
{
    return visit_z(visit_text("/admin/users/%.*s%s", STR_FMT(user->id), more));
}

static struct db_user *named(const char *username)
{
    struct db_user *user;
    scene_next(&stage.s);
    assert_done(user_find(stage.s.ctx, str_of(username), &user));
    return user;
}

/* The id of the grant that ada has given the client web. */
static str ada_allows(void)
{
    struct token_answer made;
    struct db_authorization *rows;
    size_t count;
    assert_done(stage_redeem(&stage, "web", stage_code(&stage, ASK), REDIRECT, &made));
    assert_done(db_authorization_list(store_each(stage.s.authority->store), visit_memory(), ada->number, &rows, &count));
    cr_assert_eq(count, 1u);
    return rows[0].id;
}

Test(console_users, a_person_is_made_changed_blocked_and_deleted)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_post(b, "/admin/new-user", "username=grace&full_name=%3Cscript%3Ealert(1)&email=g%40example.com&password=a+first+password");
    struct db_user *grace = named("grace");
    cr_assert_not_null(grace);
    cr_expect(str_is(visit_answer_header(&r, "Location"), place_of(grace, "?done=added")) && grace->must_change_password); /* AD-06 */
    visit_browser(grace);                                                                                                  /* a session to show */
    r = visit_get(b, place_of(grace, "?done=added"));
    expect_page(r, "user", 200);
    cr_expect(visit_shows(&r, "192.0.2.7") && visit_shows(&r, "&lt;script&gt;") && !visit_shows(&r, "$argon2"));
    r = visit_post(b, place_of(grace, ""), "username=x&full_name=Grace");
    expect_page(r, "user_problem", 422);
    cr_expect(visit_shows(&r, "id=\"username-problem\""));
    expect_goes(visit_post(b, place_of(grace, ""), "username=grace&permissions%5B%5D=view-users"), place_of(grace, "?done=saved"));
    cr_expect(str_is(visit_again(grace)->permissions, "view-users"));
    expect_goes(visit_post(b, place_of(grace, "/block"), "blocked=1"), place_of(grace, "?done=blocked"));
    cr_expect(visit_again(grace)->blocked);
    expect_page(visit_get(b, place_of(grace, "?done=blocked")), "user_blocked", 200);
    expect_goes(visit_post(b, place_of(grace, "/block"), "blocked=0"), place_of(grace, "?done=unblocked"));
    expect_page(visit_get(b, place_of(grace, "/remove")), "user_remove", 200);
    cr_expect_not_null(named("grace"));
    expect_goes(visit_post(b, place_of(grace, "/remove"), ""), "/admin/users?done=removed");
    cr_expect_null(named("grace"));
}

Test(console_users, who_may_edit_people_gives_nobody_rights) /* AD-04, AD-07 */
{
    struct db_user *helper = visit_person("helper", "view-users create-users edit-users delete-users");
    struct browser *b = visit_browser(helper);
    visit_post(b, "/admin/new-user", "username=mallory&admin=1&permissions%5B%5D=view-users");
    cr_assert_not_null(named("mallory"));
    cr_expect(!named("mallory")->admin && !str_filled(named("mallory")->permissions));
    expect_goes(visit_post(b, place_of(helper, ""), "username=helper&admin=1&permissions%5B%5D=view-events"), place_of(helper, "?done=saved"));
    cr_expect(!visit_again(helper)->admin && !str_has_word(visit_again(helper)->permissions, STR("view-events")));
    cr_expect(str_has_word(visit_again(helper)->permissions, STR("edit-users"))); /* and takes none away */
    static const char *const posts[] = {"", "/block", "/password", "/remove"};
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++)
        expect_status(visit_post(b, place_of(root, posts[i]), "username=root&email=evil%40example.com&password=quite+a+new+secret&blocked=1"), 403);
    cr_expect(!visit_again(root)->blocked && !str_filled(visit_again(root)->email) && named("root") != NULL);
    struct answer r = visit_get(b, place_of(ada, ""));
    cr_expect(r.status == 200 && !visit_shows(&r, "name=\"admin\"") && !visit_shows(&r, "id=\"sessions\""));
}

Test(console_users, each_permission_opens_its_own_door) /* AD-01 */
{
    struct browser *eyes = visit_browser(visit_person("eyes", "view-users"));
    expect_status(visit_get(eyes, "/admin/users"), 200);
    struct answer r = visit_get(eyes, place_of(ada, ""));
    cr_expect(r.status == 200 && !visit_shows(&r, "name=\"version\"") && !visit_shows(&r, "/block\""));
    static const char *const posts[] = {"", "/block", "/password", "/remove", "/tokens/x/revoke", "/grants/x/revoke", "/sessions/x/end"};
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++)
        expect_refused(visit_post(eyes, place_of(ada, posts[i]), "username=ada"), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_post(eyes, "/admin/new-user", "username=new"), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_get(eyes, place_of(ada, "/remove")), 403, INSUFFICIENT_SCOPE);
}

Test(console_users, who_is_not_there_is_not_found_and_a_name_is_no_id)
{
    struct browser *b = visit_browser(root);
    static const char *const ids[] = {"ada", "00000000-0000-4000-8000-000000000000"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        expect_refused(visit_get(b, visit_z(visit_text("/admin/users/%s", ids[i]))), 404, NOT_FOUND);
        expect_refused(visit_post(b, visit_z(visit_text("/admin/users/%s/remove", ids[i])), ""), 404, NOT_FOUND);
        expect_refused(visit_post(b, visit_z(visit_text("/admin/users/%s/block", ids[i])), "blocked=1"), 404, NOT_FOUND);
    }
    cr_expect(named("ada") != NULL && !named("ada")->blocked);
}

Test(console_users, the_last_administrator_stays) /* AD-07 */
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_post(b, place_of(root, "/remove"), "");
    expect_page(r, "user_last", 422);
    cr_expect(visit_shows(&r, "id=\"error\""));
    expect_status(visit_post(b, place_of(root, "/block"), "blocked=1"), 422);
    expect_status(visit_post(b, place_of(root, ""), "username=root"), 422); /* the box is not checked */
    cr_expect(visit_again(root)->admin && !visit_again(root)->blocked);
}

Test(console_users, a_page_of_before_overwrites_nothing) /* AD-05 */
{
    struct browser *b = visit_browser(root);
    const char *first = visit_z(visit_text("username=ada&full_name=First&version=%lld", (long long)visit_again(ada)->version));
    const char *second = visit_z(visit_text("username=ada&full_name=Second&version=%lld", (long long)visit_again(ada)->version));
    expect_goes(visit_post(b, place_of(ada, ""), first), place_of(ada, "?done=saved"));
    expect_page(visit_post(b, place_of(ada, ""), second), "user_conflict", 409);
    expect_status(visit_post(b, place_of(ada, ""), "username=ada&full_name=Third&version=x"), 422);
    cr_expect(str_is(visit_again(ada)->full_name, "First"));
}

Test(console_users, an_administrators_own_address_needs_a_recent_password_here_too) /* LS-13 */
{
    struct browser *b = visit_browser(root);
    visit_wait(stage.s.authority->policy.reauthentication + 1);
    expect_goes(visit_post(b, place_of(root, ""), "username=root&admin=1&email=new%40example.com"),
                visit_z(visit_text("/login?again=1&return_to=%%2Fadmin%%2Fusers%%2F%.*s", STR_FMT(root->id))));
    cr_expect_not(str_filled(visit_again(root)->email));
}

Test(console_users, a_first_password_must_be_changed_and_the_own_one_is_not_set_here) /* AD-06, LS-13 */
{
    struct browser *b = visit_browser(root), *theirs = visit_browser(ada);
    str hash = visit_again(ada)->password_hash;
    struct answer r = visit_post(b, place_of(ada, "/password"), "password=short");
    expect_page(r, "user_password_problem", 422);
    cr_expect(visit_shows(&r, "id=\"password-problem\"") && !visit_shows(&r, "value=\"short\""));
    expect_goes(visit_post(b, place_of(ada, "/password"), "password=quite+a+new+secret"), place_of(ada, "?done=saved"));
    cr_expect(visit_again(ada)->must_change_password && !str_equal(visit_again(ada)->password_hash, hash));
    expect_status(visit_get(theirs, "/account"), 303); /* their sessions have ended */
    expect_goes(visit_post(b, place_of(ada, "/password"), "lift=1"), place_of(ada, "?done=saved"));
    cr_expect_not(visit_again(ada)->must_change_password);
    expect_goes(visit_post(b, place_of(ada, "/password"), ""), place_of(ada, "?done=saved")); /* the demand alone */
    cr_expect(visit_again(ada)->must_change_password);
    hash = visit_again(root)->password_hash;
    expect_status(visit_post(b, place_of(root, "/password"), "password=quite+a+new+secret"), 422);
    cr_expect(str_equal(visit_again(root)->password_hash, hash) && !visit_again(root)->must_change_password);
}

Test(console_users, what_is_ended_belongs_to_the_person_of_the_page) /* AD-02 */
{
    struct browser *b = visit_browser(root), *theirs = visit_browser(ada);
    str grant = ada_allows();
    struct db_pat_rows pats;
    visit_token(ada, "read");
    assert_done(pat_list(stage.s.ctx, &actor_owner, ada->id, &(struct db_page){.limit = 10}, &pats));
    str pat = str_dup(visit_memory(), pats.rows[0].id);
    const struct {
        const char *path, *word;
        str id;
    } rows[] = {{"/grants/%.*s/revoke", "access-ended", grant},
                {"/sessions/%.*s/end", "session-ended", theirs->session.row->id},
                {"/tokens/%.*s/revoke", "revoked", pat}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char more[128];
        str form = str_of(rows[i].path);
        size_t at = str_find(form, '%');
        (void)snprintf(more, sizeof more, "%.*s%.*s%s", (int)at, form.p, STR_FMT(rows[i].id), form.p + at + 4);
        struct answer foreign = visit_post(b, place_of(root, more), "");
        cr_expect(foreign.status == 404, "%s of somebody else: %d", more, foreign.status);
        expect_status(visit_forged(b, place_of(ada, more), ""), 400);
        struct answer own = visit_post(b, place_of(ada, more), "");
        cr_expect(str_is(visit_answer_header(&own, "Location"), place_of(ada, visit_z(visit_text("?done=%s", rows[i].word)))), "%s: %d", more, own.status);
        expect_status(visit_post(b, place_of(ada, more), ""), 404);
    }
    expect_status(visit_get(theirs, "/account"), 303);
}

Test(console_users, a_helper_ends_no_grant_by_the_page_of_somebody_else) /* AD-02 */
{
    str grant = ada_allows();
    struct db_user *helper = visit_person("helper", "view-users edit-users");
    expect_status(visit_post(visit_browser(helper), place_of(ada, visit_z(visit_text("/grants/%.*s/revoke", STR_FMT(grant)))), ""), 403);
    cr_expect(str_filled(grant));
}

Test(console_users, a_name_that_looks_like_anothers_is_asked_about)
{
    struct browser *b = visit_browser(root);
    visit_person("paypal", "");
    struct answer r = visit_post(b, "/admin/new-user", "username=paypa1");
    expect_page(r, "user_look_alike", 422);
    cr_expect(visit_shows(&r, "id=\"allow_look_alike-problem\"") && visit_shows(&r, "name=\"allow_look_alike\""));
    r = visit_post(b, "/admin/new-user", "username=paypa1&allow_look_alike=1");
    cr_expect_eq(r.status, 303);
}

Test(console_users, the_list_is_filtered_and_paged)
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_get(b, "/admin/users?filter=AD");
    cr_expect(visit_shows(&r, "<bdi>ada</bdi></a>") && !visit_shows(&r, "<bdi>root</bdi></a>"));
    expect_page(visit_get(b, "/admin/users?filter=%22%3E%3Cscript%3Ealert(1)"), "users_none", 200);
    expect_page(visit_get(b, "/admin/users?page=999999999999999999999"), "users_far", 200);
    expect_page(visit_get(b, "/admin/users?page=1000000"), "users_beyond", 200);
    for (int i = 0; i < 26; i++)
        visit_person(visit_z(visit_text("paged%02d", i)), "");
    r = visit_get(b, "/admin/users?filter=paged&page=2");
    cr_expect(visit_shows(&r, "<bdi>paged25</bdi>") && !visit_shows(&r, "<bdi>paged00</bdi>") && visit_shows(&r, "?filter=paged&amp;page=1"));
}

Test(console_users, a_store_that_fails_changes_nobody)
{
    struct browser *b = visit_browser(root);
    str grant = ada_allows();
    visit_break("grants");
    expect_refused(visit_get(b, place_of(ada, "")), 503, UNAVAILABLE);
    expect_refused(visit_post(b, place_of(ada, visit_z(visit_text("/grants/%.*s/revoke", STR_FMT(grant)))), ""), 503, UNAVAILABLE);
    expect_refused(visit_post(b, place_of(ada, "/block"), "blocked=1"), 503, UNAVAILABLE);
    visit_mend("grants");
    cr_expect_not(visit_again(ada)->blocked);
    visit_break("users");
    expect_refused(visit_post(b, "/admin/new-user", "username=grace"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, place_of(ada, "/remove"), ""), 503, UNAVAILABLE);
    visit_mend("users");
    cr_expect(named("ada") != NULL && named("grace") == NULL);
}
