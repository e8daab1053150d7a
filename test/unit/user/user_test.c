/* SPDX-License-Identifier: MIT
 * user: who may do what to whom; what is refused; what ends. */
#include "people.h"
#include "store/table/db_authorization.h"
#include "store/table/db_session.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct cast {
    struct db_user *root, *second, *editor, *plain, *other;
};

static struct cast cast_new(struct scene *s)
{
    struct cast c;
    c.root = scene_person(s, "root", NULL, true);
    c.second = scene_person(s, "second", NULL, true);
    c.editor = scene_person(s, "editor", "view-users create-users edit-users delete-users", false);
    c.plain = scene_person(s, "plain", NULL, false);
    c.other = scene_person(s, "other", NULL, false);
    return c;
}

static err change(struct scene *s, const struct actor *by, const struct db_user *user, struct user_edit edit)
{
    return user_change(s->ctx, by, user->id, &edit, &s->p);
}

/* Every verb on another person, refused to every kind of actor that lacks the permission. */
Test(user, every_verb_is_refused_without_its_permission)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct db_client machine = {.number = 9, .id = STR("robot")};
    struct actor actors[] = {
        {0},
        by_session(c.plain),
        by_token(c.plain, "", true),
        by_token(c.editor, "view-scopes", false),
        by_token(c.root, "view-scopes", false),
        by_token(c.root, "", false),
        by_personal(c.plain, ""),
        by_personal(c.plain, "view-users edit-users create-users delete-users"),
        by_client(&machine, "view-scopes"),
        by_client(&machine, ""),
    };
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        struct user_edit edit = edit_nothing();
        struct db_user *out = NULL;
        struct db_user_rows rows = {0};
        bool ended = false;
        edit.username = STR("newcomer");
        expect_kind(user_add(s.ctx, &actors[i], &edit, &s.p, &out), INSUFFICIENT_SCOPE);
        edit = edit_nothing();
        edit.email = STR("x@example.com");
        expect_kind(change(&s, &actors[i], c.other, edit), INSUFFICIENT_SCOPE);
        expect_kind(user_block(s.ctx, &actors[i], c.other->id, true), INSUFFICIENT_SCOPE);
        expect_kind(user_remove(s.ctx, &actors[i], c.other->id), INSUFFICIENT_SCOPE);
        expect_kind(user_list(s.ctx, &actors[i], &(struct db_page){.limit = 10}, &rows), INSUFFICIENT_SCOPE);
        expect_kind(user_end_session(s.ctx, &actors[i], c.other->number, STR("x"), &ended), INSUFFICIENT_SCOPE);
        /* an unknown id gives nothing away */
        expect_kind(user_block(s.ctx, &actors[i], STR("nobody"), true), INSUFFICIENT_SCOPE);
        expect_kind(user_remove(s.ctx, &actors[i], STR("nobody")), INSUFFICIENT_SCOPE);
        expect_kind(change(&s, &actors[i], &(struct db_user){.id = STR("nobody")}, edit), INSUFFICIENT_SCOPE);
    }
    cr_expect_eq(s.p.count, 0);
    cr_expect_not(scene_again(&s, c.other)->blocked);
}

Test(user, every_verb_works_with_its_permission)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct db_client machine = {.number = 9, .id = STR("robot")};
    const char *all = "view-users create-users edit-users delete-users";
    struct actor actors[] = {
        by_session(c.editor),     by_session(c.root), by_token(c.editor, "", true), by_token(c.root, all, false), by_personal(c.editor, all),
        by_client(&machine, all), actor_owner};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        struct user_edit edit = edit_nothing();
        struct db_user *made = NULL;
        struct db_user_rows rows = {0};
        edit.username = STR("newcomer");
        edit.full_name = STR("New Comer");
        assert_done(user_add(s.ctx, &actors[i], &edit, &s.p, &made));
        cr_expect(str_filled(made->id) && made->number > 0);
        cr_expect_not(made->admin || made->blocked);
        edit = edit_nothing();
        edit.email = STR("new@example.com");
        edit.username = STR("renamed");
        assert_done(change(&s, &actors[i], made, edit));
        cr_expect(str_is(scene_again(&s, made)->email, "new@example.com"));
        cr_expect(str_is(scene_again(&s, made)->username, "renamed"));
        cr_expect(str_is(scene_again(&s, made)->full_name, "New Comer"), "absent leaves it as it is");
        assert_done(user_block(s.ctx, &actors[i], made->id, true));
        cr_expect(scene_again(&s, made)->blocked);
        assert_done(user_block(s.ctx, &actors[i], made->id, true));
        assert_done(user_block(s.ctx, &actors[i], made->id, false));
        cr_expect_not(scene_again(&s, made)->blocked);
        assert_done(user_list(s.ctx, &actors[i], &(struct db_page){.limit = 100, .filter = STR("RENAM")}, &rows));
        cr_expect_eq(rows.total, 1);
        assert_done(user_remove(s.ctx, &actors[i], made->id));
        struct db_user *gone = made;
        assert_done(user_find(s.ctx, made->id, &gone));
        cr_expect_null(gone);
        expect_kind(user_remove(s.ctx, &actors[i], made->id), NOT_FOUND);
        scene_next(&s);
    }
    cr_expect_eq(event_count(&s, "user.blocked"), (int64_t)(sizeof actors / sizeof *actors));
    cr_expect_eq(event_count(&s, "user.unblocked"), (int64_t)(sizeof actors / sizeof *actors));
    cr_expect_eq(event_count(&s, "user.removed"), (int64_t)(sizeof actors / sizeof *actors));
}

Test(user, only_an_administrator_gives_rights) /* AD-04 */
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor actors[] = {by_session(c.editor), by_token(c.root, "edit-users create-users", false), by_personal(c.root, "edit-users create-users"),
                             by_personal(c.root, "")};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        struct user_edit edit = edit_nothing();
        struct db_user *out = NULL;
        edit.username = STR("mole");
        edit.admin = 1;
        expect_kind(user_add(s.ctx, &actors[i], &edit, &s.p, &out), INSUFFICIENT_SCOPE);
        edit.admin = -1;
        edit.permissions = STR("view-users");
        expect_kind(user_add(s.ctx, &actors[i], &edit, &s.p, &out), INSUFFICIENT_SCOPE);
        edit = edit_nothing();
        edit.admin = 1;
        expect_kind(change(&s, &actors[i], c.other, edit), INSUFFICIENT_SCOPE);
        edit = edit_nothing();
        edit.permissions = STR("edit-users");
        expect_kind(change(&s, &actors[i], c.other, edit), INSUFFICIENT_SCOPE);
    }
    cr_expect_not(scene_again(&s, c.other)->admin);
    struct actor root = by_session(c.root);
    struct user_edit edit = edit_nothing();
    edit.admin = 1;
    edit.permissions = STR("edit-users  view-users edit-users");
    assert_done(change(&s, &root, c.other, edit));
    cr_expect(scene_again(&s, c.other)->admin);
    cr_expect(str_is(scene_again(&s, c.other)->permissions, "edit-users view-users"), "each once");
}

Test(user, one_s_own_rights_and_name_stay) /* AD-04 */
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor self = by_session(c.plain);
    struct user_edit edit = edit_nothing();
    edit.email = STR("me@example.com");
    edit.full_name = STR("Mé");
    assert_done(change(&s, &self, c.plain, edit));
    cr_expect(str_is(scene_again(&s, c.plain)->email, "me@example.com"));
    edit = edit_nothing();
    edit.admin = 1;
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_SCOPE);
    edit = edit_nothing();
    edit.permissions = STR("view-users");
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_SCOPE);
    edit = edit_nothing();
    edit.username = STR("plainer");
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_SCOPE);
    /* the same again is no change: a whole resource sent back is fine */
    edit = edit_nothing();
    edit.username = STR("plain");
    edit.admin = 0;
    edit.permissions = STR("");
    edit.full_name = STR("Me");
    assert_done(change(&s, &self, c.plain, edit));
    expect_kind(user_block(s.ctx, &self, c.plain->id, true), INSUFFICIENT_SCOPE);
    expect_kind(user_remove(s.ctx, &self, c.plain->id), INSUFFICIENT_SCOPE);
}

Test(user, a_narrowed_token_does_not_change_its_own_person)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor refused[] = {by_token(c.plain, "view-scopes", false), by_token(c.plain, "", false), by_personal(c.plain, ""),
                              by_personal(c.plain, "view-users")};
    struct user_edit edit = edit_nothing();
    edit.full_name = STR("Changed");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_kind(change(&s, &refused[i], c.plain, edit), INSUFFICIENT_SCOPE);
    struct actor full = by_token(c.plain, "", true);
    assert_done(change(&s, &full, c.plain, edit));
}

Test(user, one_s_own_address_changes_with_a_fresh_password_alone) /* LS-13 */
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor self = by_session(c.plain);
    self.auth_time = NOW - s.authority->policy.reauthentication - 1;
    struct user_edit edit = edit_nothing();
    edit.email = STR("me@example.com");
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_AUTHENTICATION);
    self.auth_time = 0;
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_AUTHENTICATION);
    edit.email = STR_ABSENT;
    edit.full_name = STR("Me");
    assert_done(change(&s, &self, c.plain, edit));
    edit.email = STR("me@example.com");
    self.auth_time = NOW - s.authority->policy.reauthentication;
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_AUTHENTICATION);
    self.auth_time = NOW + 7200; /* the clock was set back since */
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_AUTHENTICATION);
    self.auth_time = NOW - s.authority->policy.reauthentication + 1;
    assert_done(change(&s, &self, c.plain, edit));
}

Test(user, who_is_no_administrator_does_not_touch_one)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor actors[] = {by_session(c.editor), by_token(c.second, "edit-users delete-users", false), by_personal(c.second, "edit-users delete-users")};
    struct user_edit edit = edit_nothing();
    edit.email = STR("stolen@example.com");
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        expect_kind(change(&s, &actors[i], c.root, edit), INSUFFICIENT_SCOPE);
        expect_kind(user_block(s.ctx, &actors[i], c.root->id, true), INSUFFICIENT_SCOPE);
        expect_kind(user_remove(s.ctx, &actors[i], c.root->id), INSUFFICIENT_SCOPE);
    }
    struct actor second = by_session(c.second);
    assert_done(change(&s, &second, c.root, edit));
}

Test(user, the_last_administrator_stays) /* AD-07 */
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *second = scene_person(&s, "second", NULL, true);
    struct user_edit edit = edit_nothing();
    edit.admin = 0;
    struct actor by = by_session(root);
    assert_done(user_block(s.ctx, &by, second->id, true));
    expect_problem(&s, change(&s, &actor_owner, root, edit), "admin");
    expect_problem(&s, change(&s, &by, root, edit), "admin");
    expect_kind(user_block(s.ctx, &actor_owner, root->id, true), UNPROCESSABLE);
    expect_kind(user_remove(s.ctx, &actor_owner, root->id), UNPROCESSABLE);
    expect_kind(user_remove(s.ctx, &by, root->id), UNPROCESSABLE);
    cr_expect(scene_again(&s, root)->admin && !scene_again(&s, root)->blocked);
    assert_done(user_block(s.ctx, &by, second->id, false));
    assert_done(change(&s, &actor_owner, root, edit));
}

Test(user, nobody_blocks_themselves)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor root = by_session(c.root), editor = by_session(c.editor);
    expect_kind(user_block(s.ctx, &root, c.root->id, true), UNPROCESSABLE);
    expect_kind(user_block(s.ctx, &editor, c.editor->id, true), UNPROCESSABLE);
}

Test(user, usernames_follow_their_rule)
{
    struct scene s = scene_new();
    static const char *const bad[] = {"",
                                      "a",
                                      " a ",
                                      "a:b",
                                      "a/b",
                                      "a,b",
                                      "\xe2\x82\xac"
                                      "uro",
                                      "a\"b",
                                      "<b>",
                                      "a\nb",
                                      "a%b",
                                      "a\\b",
                                      "client:x"};
    static const char *const good[] = {"ab", "a b", " \xc3\xa4rger ", "a.!#$*+=^_`|~@-", "Anna.Lena@example.com", "42", "--"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct user_edit edit = edit_nothing();
        struct db_user *out = NULL;
        edit.username = str_of(bad[i]);
        expect_problem(&s, user_add(s.ctx, &actor_owner, &edit, &s.p, &out), "username");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        scene_person(&s, good[i], NULL, false);
    char *text = arena_take(s.a, 300);
    for (size_t i = 0; i < 256; i++)
        text[i] = 'n';
    struct user_edit edit = edit_nothing();
    struct db_user *out = NULL;
    edit.username = (str){text, 256};
    expect_problem(&s, user_add(s.ctx, &actor_owner, &edit, &s.p, &out), "username");
    edit.username = (str){text, 255};
    assert_done(user_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    edit.username = STR_ABSENT;
    expect_problem(&s, user_add(s.ctx, &actor_owner, &edit, &s.p, &out), "username");
}

Test(user, usernames_are_unique_in_any_letter_case)
{
    struct scene s = scene_new();
    struct db_user *first = scene_person(&s, "Anna", NULL, false), *second = scene_person(&s, "berta", NULL, false), *out = NULL;
    struct user_edit edit = edit_nothing();
    edit.username = STR("aNNA");
    expect_problem(&s, user_add(s.ctx, &actor_owner, &edit, &s.p, &out), "username");
    expect_problem(&s, change(&s, &actor_owner, second, edit), "username");
    assert_done(change(&s, &actor_owner, first, edit)); /* its own name in another case */
    assert_done(user_find(s.ctx, STR("ANNA"), &out));
    cr_expect(out != NULL && out->number == first->number);
    assert_done(user_find(s.ctx, first->id, &out));
    cr_expect(out != NULL && out->number == first->number);
    assert_done(user_find(s.ctx, STR("nobody"), &out));
    cr_expect_null(out);
}

Test(user, addresses_and_names_are_sane)
{
    struct scene s = scene_new();
    struct db_user *user = scene_person(&s, "anna", NULL, false);
    static const char *const bad[] = {"x", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a@b\n", "a@\x01", "\xff@b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct user_edit edit = edit_nothing();
        edit.email = str_of(bad[i]);
        expect_problem(&s, change(&s, &actor_owner, user, edit), "email");
    }
    static const char *const good[] = {"a@b", "", "Änna@example.com", "a+b@sub.example.com"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct user_edit edit = edit_nothing();
        edit.email = str_of(good[i]);
        assert_done(change(&s, &actor_owner, user, edit));
    }
    char *text = arena_take(s.a, 600);
    for (size_t i = 0; i < 600; i++)
        text[i] = i == 3 ? '@' : 'e';
    struct user_edit edit = edit_nothing();
    edit.email = (str){text, 255};
    expect_problem(&s, change(&s, &actor_owner, user, edit), "email");
    edit.email = (str){text, 254};
    assert_done(change(&s, &actor_owner, user, edit));
    edit = edit_nothing();
    edit.full_name = (str){text, 256};
    expect_problem(&s, change(&s, &actor_owner, user, edit), "full_name");
    edit.full_name = STR("line\nbreak");
    expect_problem(&s, change(&s, &actor_owner, user, edit), "full_name");
    edit.full_name = STR("\xc3");
    expect_problem(&s, change(&s, &actor_owner, user, edit), "full_name");
    for (size_t i = 0; i < 510; i += 2)
        text[i] = '\xc3', text[i + 1] = '\xa4';
    edit.full_name = (str){text, 510}; /* 255 code points */
    assert_done(change(&s, &actor_owner, user, edit));
}

Test(user, unknown_permissions_are_refused)
{
    struct scene s = scene_new();
    struct db_user *user = scene_person(&s, "anna", NULL, false);
    assert_done(scopes_add(s.ctx, &actor_owner, STR("orders"), STR("Your orders"), &s.p));
    scene_next(&s);
    static const char *const bad[] = {"fly", "view-users fly", "orders", "view-users,edit-users", "*", "view-user"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct user_edit edit = edit_nothing();
        edit.permissions = str_of(bad[i]);
        expect_problem(&s, change(&s, &actor_owner, user, edit), "permissions");
    }
    cr_expect_eq(scene_again(&s, user)->permissions.n, 0);
}

Test(user, an_old_version_is_a_conflict) /* AD-05 */
{
    struct scene s = scene_new();
    struct db_user *user = scene_person(&s, "anna", NULL, false);
    struct user_edit edit = edit_nothing();
    edit.version = scene_again(&s, user)->version;
    edit.full_name = STR("One");
    assert_done(change(&s, &actor_owner, user, edit));
    edit.full_name = STR("Two");
    expect_kind(change(&s, &actor_owner, user, edit), CONFLICT);
    cr_expect(str_is(scene_again(&s, user)->full_name, "One"));
    edit.version = 0;
    assert_done(change(&s, &actor_owner, user, edit));
}

Test(user, lists_refuse_odd_pages_and_hold_no_hash) /* AD-09 AD-03 */
{
    struct scene s = scene_new();
    fixture_user(s.authority, s.a, "anna");
    struct db_user_rows rows = {0};
    struct db_page bad[] = {{.limit = 0},
                            {.limit = 101},
                            {.limit = 1000000000},
                            {.limit = -1},
                            {.limit = 10, .offset = -1},
                            {.limit = 10, .order_by = STR("password_hash")},
                            {.limit = 10, .order_by = STR("username; --")}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_kind(user_list(s.ctx, &actor_owner, &bad[i], &rows), UNPROCESSABLE);
    struct db_page page = {.limit = 100, .order_by = STR("username"), .descending = true};
    assert_done(user_list(s.ctx, &actor_owner, &page, &rows));
    cr_assert_eq(rows.count, 1);
    cr_expect_not(str_present(rows.rows[0].password_hash));
}

static struct db_authorization grant_for(struct scene *s, const struct db_user *user, const struct db_client *client)
{
    struct db_authorization authorization = {.id = STR("8f14e45f-ceea-467f-a0e6-4b1d2f1c9a11"),
                                             .user_number = user->number,
                                             .client_number = client->number,
                                             .client_epoch = client->epoch,
                                             .scope = STR(""),
                                             .flow = STR("password"),
                                             .created_at = NOW,
                                             .auth_time = NOW,
                                             .last_used_at = NOW,
                                             .expires_at = NOW + 1000};
    assert_done(db_authorization_reserve(store_each(s->authority->store), &authorization.number));
    assert_done(db_authorization_add(store_each(s->authority->store), &authorization));
    return authorization;
}

Test(user, a_block_ends_grants_at_once)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct client_edit edit = client_edit_nothing();
    struct client_added app = {0};
    edit.name = STR("App");
    edit.grants = STR("password");
    assert_done(client_add(s.ctx, &actor_owner, &edit, &s.p, &app));
    scene_next(&s);
    struct db_authorization authorization = grant_for(&s, c.plain, app.client);
    cr_assert_not(cache_revoked(s.authority->cache, "grant", authorization.id));
    assert_done(user_block(s.ctx, &actor_owner, c.plain->id, true));
    cr_expect(cache_revoked(s.authority->cache, "grant", authorization.id));
    struct db_user *seen = NULL;
    assert_done(cache_user(s.authority->cache, store_each(s.authority->store), s.a, c.plain->number, &seen));
    cr_expect(seen != NULL && seen->blocked);
    assert_done(user_block(s.ctx, &actor_owner, c.plain->id, false));
    cr_expect(cache_revoked(s.authority->cache, "grant", authorization.id), "what a block ended stays ended");
}

Test(user, a_removal_ends_grants_and_frees_nothing)
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct client_edit edit = client_edit_nothing();
    struct client_added app = {0};
    edit.name = STR("App");
    edit.grants = STR("password");
    assert_done(client_add(s.ctx, &actor_owner, &edit, &s.p, &app));
    scene_next(&s);
    struct db_authorization authorization = grant_for(&s, c.plain, app.client);
    assert_done(user_remove(s.ctx, &actor_owner, c.plain->id));
    cr_expect(cache_revoked(s.authority->cache, "grant", authorization.id));
    struct db_user *seen = c.plain;
    assert_done(cache_user(s.authority->cache, store_each(s.authority->store), s.a, c.plain->number, &seen));
    cr_expect_null(seen);
    scene_person(&s, "plain", NULL, false); /* the name is free again, the id is not */
}

Test(user, sessions_are_ended_by_their_person_or_an_administrator) /* LS-17 */
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor self = by_session(c.plain), other = by_session(c.other), editor = by_session(c.editor), root = by_session(c.root);
    for (int i = 0; i < 2; i++) {
        struct db_session row = {.id = i ? STR("second-one") : STR("first-one"),
                                 .user_number = c.plain->number,
                                 .created_at = NOW,
                                 .last_seen_at = NOW,
                                 .auth_time = NOW,
                                 .expires_at = NOW + 1000,
                                 .address = STR(""),
                                 .user_agent = STR("")};
        row.hash.bytes[0] = 1;
        assert_done(db_session_reserve(store_each(s.authority->store), &row.number));
        assert_done(db_session_open(store_each(s.authority->store), &row));
    }
    bool ended = true;
    expect_kind(user_end_session(s.ctx, &other, c.plain->number, STR("first-one"), &ended), INSUFFICIENT_SCOPE);
    expect_kind(user_end_session(s.ctx, &editor, c.plain->number, STR("first-one"), &ended), INSUFFICIENT_SCOPE);
    assert_done(user_end_session(s.ctx, &other, c.other->number, STR("first-one"), &ended)); /* AD-02: not this person's */
    cr_expect_not(ended);
    assert_done(user_end_session(s.ctx, &self, c.plain->number, STR("first-one"), &ended));
    cr_expect(ended);
    assert_done(user_end_session(s.ctx, &root, c.plain->number, STR("second-one"), &ended));
    cr_expect(ended);
    assert_done(user_end_session(s.ctx, &self, c.plain->number, STR("second-one"), &ended));
    cr_expect_not(ended);
}

struct torture {
    struct user_edit edit;
    str id;
};

static err torture_add(struct context *ctx, void *context)
{
    struct torture *t = context;
    struct problems p = {0};
    struct db_user *out = NULL;
    return user_add(ctx, &actor_owner, &t->edit, &p, &out);
}

static err torture_change(struct context *ctx, void *context)
{
    struct torture *t = context;
    struct problems p = {0};
    return user_change(ctx, &actor_owner, t->id, &t->edit, &p);
}

static err torture_block(struct context *ctx, void *context)
{
    return user_block(ctx, &actor_owner, ((struct torture *)context)->id, true);
}

Test(user, no_failed_allocation_makes_half_a_person)
{
    struct scene s = scene_new();
    struct torture t = {.edit = edit_nothing()};
    struct db_user *user = NULL;
    t.edit.username = STR("anna");
    t.edit.permissions = STR("view-users edit-users");
    size_t n = 1;
    for (; n < 100 && !scene_torture(&s, n, torture_add, &t); n++) {
        assert_done(user_find(s.ctx, t.edit.username, &user));
        cr_expect_null(user, "allocation %zu", n);
    }
    cr_expect(n > 3 && n < 100);
    assert_done(user_find(s.ctx, t.edit.username, &user));
    cr_assert_not_null(user);
    cr_expect(str_is(user->permissions, "view-users edit-users"));
    t.id = user->id;
    t.edit.permissions = STR("view-users");
    for (n = 1; n < 100 && !scene_torture(&s, n, torture_change, &t); n++)
        cr_expect(str_is(scene_again(&s, user)->permissions, "view-users edit-users") || str_is(scene_again(&s, user)->permissions, "view-users"));
    cr_expect(n > 3 && n < 100);
    for (n = 1; n < 100 && !scene_torture(&s, n, torture_block, &t); n++)
        ;
    cr_expect(n > 1 && n < 100);
    cr_expect(scene_again(&s, user)->blocked);
}

static str verdict(struct scene *s, const struct db_user *user, enum user_claims_name which)
{
    struct db_user *row;
    struct user_claims_edit claims;
    cr_assert(!FAILED(user_find(s->ctx, user->id, &row)));
    cr_assert(!FAILED(user_claims_values(s->a, row, &claims)));
    return claims.values[which];
}

Test(user, nobody_vouches_for_the_own_address_and_a_new_one_is_unverified) /* AD-04 */
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct actor self = by_session(c.plain), editor = by_session(c.editor);
    struct user_edit edit = edit_nothing();
    edit.claims.values[USER_CLAIMS_email_verified] = STR("true");
    expect_kind(change(&s, &self, c.plain, edit), INSUFFICIENT_SCOPE);
    edit.claims.values[USER_CLAIMS_phone_number] = STR("+41446681800");
    edit.claims.values[USER_CLAIMS_phone_number_verified] = STR("true");
    expect_kind(change(&s, &editor, c.plain, edit), OK);
    cr_assert(str_is(verdict(&s, c.plain, USER_CLAIMS_email_verified), "true"));
    edit = edit_nothing();
    edit.claims.values[USER_CLAIMS_nickname] = STR("P");
    expect_kind(change(&s, &self, c.plain, edit), OK);
    cr_assert(str_is(verdict(&s, c.plain, USER_CLAIMS_email_verified), "true"), "another change took the verdict");
    edit.email = STR("new@example.com");
    edit.claims.values[USER_CLAIMS_email_verified] = STR("true"); /* as it was read, or a try */
    edit.claims.values[USER_CLAIMS_phone_number] = STR("+41446681801");
    expect_kind(change(&s, &self, c.plain, edit), OK);
    cr_assert(str_is(verdict(&s, c.plain, USER_CLAIMS_email_verified), "false"));
    cr_assert(str_is(verdict(&s, c.plain, USER_CLAIMS_phone_number_verified), "false"));
}

Test(user, a_removed_person_leaves_no_claims) /* ST-06 */
{
    struct scene s = scene_new();
    struct cast c = cast_new(&s);
    struct user_edit edit = edit_nothing();
    edit.claims.values[USER_CLAIMS_street_address] = STR("7 Memory Lane");
    expect_kind(change(&s, &actor_owner, c.plain, edit), OK);
    expect_kind(user_remove(s.ctx, &actor_owner, c.plain->id), OK);
    char path[300];
    (void)snprintf(path, sizeof path, "%s/copy.store", fixture_directory());
    (void)unlink(path);
    expect_kind(store_backup(s.authority->store, path), OK);
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f);
    static char bytes[8 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    (void)unlink(path);
    cr_assert(n > 0 && memmem(bytes, n, "Memory Lane", 11) == NULL);
}
