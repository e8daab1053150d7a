/* SPDX-License-Identifier: MIT
 * client: what an application may be, who may change it, what is unique, and that nobody gets past their own rights by one. */
#include "people.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static struct client_edit app(const char *name)
{
    struct client_edit edit = client_edit_nothing();
    edit.name = str_of(name);
    edit.grants = STR("authorization_code");
    edit.redirect_uris = STR("https://app.example.com/cb");
    return edit;
}

static const struct db_client *made(struct scene *s, struct client_edit edit)
{
    struct client_added out = {0};
    err e = client_add(s->ctx, &actor_owner, &edit, &s->p, &out);
    cr_assert(!FAILED(e), "%s: %s", err_why(e), s->p.count ? s->p.rows[0].message.p : "");
    scene_next(s);
    return out.client;
}

static err add(struct scene *s, const struct actor *by, struct client_edit edit)
{
    struct client_added out = {0};
    return client_add(s->ctx, by, &edit, &s->p, &out);
}

static err change(struct scene *s, const struct actor *by, const struct db_client *client, struct client_edit edit)
{
    return client_change(s->ctx, by, client->id, &edit, &s->p);
}

static const struct db_client *now(struct scene *s, const struct db_client *client)
{
    str id = str_dup(s->a, client->id);
    scene_next(s);
    return client_find(s->ctx, id);
}

Test(client, every_verb_is_refused_without_its_permission)
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *plain = scene_person(&s, "plain", "view-users", false);
    const struct db_client *c = made(&s, app("App"));
    struct db_client machine = {.number = 99, .id = STR("robot")};
    struct actor actors[] = {{0},
                             by_session(plain),
                             by_token(plain, "", true),
                             by_token(root, "view-users", false),
                             by_token(root, "", false),
                             by_personal(plain, ""),
                             by_personal(plain, "view-auth_clients create-auth_clients edit-auth_clients delete-auth_clients"),
                             by_client(&machine, "view-users"),
                             by_client(&machine, "")};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        struct client_rows rows = {0};
        struct client_rotation how = {.overlap = -1};
        str secret = STR_ABSENT;
        expect_kind(add(&s, &actors[i], app("Other")), INSUFFICIENT_SCOPE);
        expect_kind(change(&s, &actors[i], c, app("Other")), INSUFFICIENT_SCOPE);
        expect_kind(client_rotate_secret(s.ctx, &actors[i], c->id, &how, &secret), INSUFFICIENT_SCOPE);
        expect_kind(client_set_disabled(s.ctx, &actors[i], c->id, true), INSUFFICIENT_SCOPE);
        expect_kind(client_remove(s.ctx, &actors[i], c->id), INSUFFICIENT_SCOPE);
        expect_kind(client_remove(s.ctx, &actors[i], STR("nothing")), INSUFFICIENT_SCOPE);
        expect_kind(client_list(s.ctx, &actors[i], &(struct db_page){.limit = 10}, &rows), INSUFFICIENT_SCOPE);
        cr_expect_not(str_present(secret));
    }
}

Test(client, each_permission_opens_its_verb_alone)
{
    struct scene s = scene_new();
    static const char *const words[] = {"view-auth_clients", "create-auth_clients", "edit-auth_clients", "delete-auth_clients"};
    const struct db_client *c = made(&s, app("App"));
    for (size_t i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "person%zu", i);
        struct db_user *user = scene_person(&s, name, words[i], false);
        struct actor ways[] = {by_session(user), by_token(user, words[i], false), by_personal(user, words[i]), by_token(user, "", true)};
        for (size_t w = 0; w < 4; w++) {
            struct client_rows rows = {0};
            snprintf(name, sizeof name, "App %zu %zu", i, w);
            cr_expect_eq(client_list(s.ctx, &ways[w], &(struct db_page){.limit = 10}, &rows).kind, i == 0 ? ERR_OK : ERR_INSUFFICIENT_SCOPE);
            cr_expect_eq(add(&s, &ways[w], app(name)).kind, i == 1 ? ERR_OK : ERR_INSUFFICIENT_SCOPE);
            cr_expect_eq(client_set_disabled(s.ctx, &ways[w], c->id, w % 2 == 0).kind, i == 2 ? ERR_OK : ERR_INSUFFICIENT_SCOPE);
            cr_expect_eq(client_remove(s.ctx, &ways[w], STR("nothing")).kind, i == 3 ? ERR_NOT_FOUND : ERR_INSUFFICIENT_SCOPE);
        }
    }
}

Test(client, one_with_more_rights_is_switched_by_administrators_alone) /* AD-04 */
{
    struct scene s = scene_new();
    struct db_user *editor = scene_person(&s, "editor", "edit-auth_clients", false), *root = scene_person(&s, "root", NULL, true);
    struct actor by_editor = by_session(editor), by_root = by_session(root);
    struct client_edit house = app("House"), robot = app("Robot");
    house.first_party = 1;
    robot.grants = STR("client_credentials");
    robot.scopes = STR("delete-users");
    const struct client_edit strong[] = {house, robot};
    for (size_t i = 0; i < 2; i++) {
        const struct db_client *c = made(&s, strong[i]);
        expect_kind(client_set_disabled(s.ctx, &by_editor, c->id, true), INSUFFICIENT_SCOPE);
        cr_expect(!FAILED(client_set_disabled(s.ctx, &by_root, c->id, true)));
        expect_kind(client_set_disabled(s.ctx, &by_editor, c->id, false), INSUFFICIENT_SCOPE);
        cr_expect(now(&s, c)->disabled);
    }
}

Test(client, a_confidential_one_gets_a_secret_once)
{
    struct scene s = scene_new();
    struct client_edit edit = app("App");
    struct client_added out = {0};
    assert_done(client_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect(str_starts(out.secret, STR("jtn_cs_")));
    cr_expect_eq(out.client->id.n, 36);
    cr_expect(str_is(out.client->auth_method, "any"));
    cr_expect(str_is(out.client->grants, "authorization_code refresh_token"));
    cr_expect_not(out.client->require_pkce || out.client->first_party || out.client->is_public || out.client->disabled);
    scene_next(&s);
    const struct db_client *kept = client_find(s.ctx, out.client->id);
    cr_assert_not_null(kept);
    struct token_hash hash = token_hash_of(out.secret);
    cr_assert_eq(kept->secret_count, 1);
    cr_expect(token_hash_equal(&kept->secrets[0].hash, &hash));
    cr_expect(client_allows_grant(kept, STR("refresh_token")));
    cr_expect_not(client_allows_grant(kept, STR("password")));
    cr_expect_not(client_allows_grant(kept, STR("refresh")));
    cr_expect_eq(event_count(&s, "client.added"), 1);
}

Test(client, a_public_one_has_none_and_always_pkce)
{
    struct scene s = scene_new();
    struct client_edit edit = app("Phone");
    edit.is_public = 1;
    edit.require_pkce = 0;
    struct client_added out = {0};
    assert_done(client_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect_not(str_present(out.secret));
    cr_expect_eq(out.client->secret_count, 0);
    cr_expect(str_is(out.client->auth_method, "none") && out.client->require_pkce);
    scene_next(&s);
    str secret = STR_ABSENT;
    expect_kind(client_rotate_secret(s.ctx, &actor_owner, out.client->id, &(struct client_rotation){.overlap = 0}, &secret), UNPROCESSABLE);
    edit = app("Other phone");
    edit.auth_method = STR("none");
    cr_expect(made(&s, edit)->is_public, "none says it");
    struct client_edit bad = app("Bad phone");
    bad.is_public = 1;
    bad.grants = STR("client_credentials");
    expect_problem(&s, add(&s, &actor_owner, bad), "grants");
    bad = app("Bad phone");
    bad.is_public = 1;
    bad.auth_method = STR("client_secret_basic");
    expect_problem(&s, add(&s, &actor_owner, bad), "auth_method");
    bad.is_public = 0;
    bad.auth_method = STR("none");
    expect_problem(&s, add(&s, &actor_owner, bad), "auth_method");
    bad.auth_method = STR("private_key");
    expect_problem(&s, add(&s, &actor_owner, bad), "auth_method");
    bad = app("Bad phone");
    bad.is_public = 1;
    bad.secret = STR("0123456789abcdef0123456789abcdef");
    expect_problem(&s, add(&s, &actor_owner, bad), "secret");
    bad.secret = STR_ABSENT;
    bad.compat_processmaker = 1;
    expect_problem(&s, add(&s, &actor_owner, bad), "compat_processmaker");
}

Test(client, a_given_secret_is_taken_once)
{
    struct scene s = scene_new();
    struct client_edit edit = app("App");
    edit.secret = STR("a secret with spaces is none!!!!!!!");
    expect_problem(&s, add(&s, &actor_owner, edit), "secret");
    edit.secret = STR("short");
    expect_problem(&s, add(&s, &actor_owner, edit), "secret");
    edit.secret = STR("0123456789abcdef0123456789abcdef");
    const struct db_client *c = made(&s, edit);
    struct token_hash hash = token_hash_of(edit.secret);
    cr_expect(token_hash_equal(&now(&s, c)->secrets[0].hash, &hash));
    edit.name = STR("Twin");
    expect_problem(&s, add(&s, &actor_owner, edit), "secret");
}

Test(client, ids_are_unique_now_and_ever)
{
    struct scene s = scene_new();
    struct client_edit edit = app("App");
    edit.id = STR("42");
    made(&s, edit);
    edit.name = STR("Other");
    expect_problem(&s, add(&s, &actor_owner, edit), "id");
    assert_done(client_remove(s.ctx, &actor_owner, STR("42")));
    scene_next(&s);
    cr_expect_null(client_find(s.ctx, STR("42")));
    expect_kind(client_remove(s.ctx, &actor_owner, STR("42")), NOT_FOUND);
    expect_problem(&s, add(&s, &actor_owner, edit), "id");
    edit.id = STR_ABSENT;
    edit.name = STR("App");
    made(&s, edit); /* the name is free again */
    char *text = arena_take(s.a, 300);
    memset(text, 'i', 300);
    static const char *const bad[] = {"", "a b", "a\n", "\xc3\xa4", "\x7f"};
    edit.name = STR("Third");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        edit.id = str_of(bad[i]);
        expect_problem(&s, add(&s, &actor_owner, edit), "id");
    }
    edit.id = (str){text, 256};
    expect_problem(&s, add(&s, &actor_owner, edit), "id");
    edit.id = (str){text, 255};
    cr_expect_eq(made(&s, edit)->id.n, 255);
}

Test(client, names_are_needed_and_unique_in_any_letter_case)
{
    struct scene s = scene_new();
    const struct db_client *first = made(&s, app("Payroll")), *second = made(&s, app("Stock"));
    expect_problem(&s, add(&s, &actor_owner, app("PAYROLL")), "name");
    expect_problem(&s, add(&s, &actor_owner, app("  payroll ")), "name");
    expect_problem(&s, add(&s, &actor_owner, app("")), "name");
    expect_problem(&s, add(&s, &actor_owner, app("   ")), "name");
    expect_problem(&s, add(&s, &actor_owner, app(NULL)), "name");
    expect_problem(&s, add(&s, &actor_owner, app("a\nb")), "name");
    expect_problem(&s, add(&s, &actor_owner, app("\xff")), "name");
    struct client_edit edit = client_edit_nothing();
    edit.name = STR("payroll");
    expect_problem(&s, change(&s, &actor_owner, second, edit), "name");
    assert_done(change(&s, &actor_owner, first, edit));
    cr_expect(str_is(now(&s, first)->name, "payroll"));
    char *text = arena_take(s.a, 300);
    memset(text, 'n', 300);
    edit.name = (str){text, 256};
    expect_problem(&s, change(&s, &actor_owner, second, edit), "name");
}

Test(client, grants_come_from_the_table)
{
    struct scene s = scene_new();
    static const struct {
        const char *given;
        int refresh;
        const char *kept;
    } rows[] = {
        {"authorization_code", -1, "authorization_code refresh_token"},
        {"authorization_code", 0, "authorization_code"},
        {"password", -1, "password refresh_token"},
        {"client_credentials", -1, "client_credentials"},
        {"client_credentials", 1, "client_credentials"},
        {"refresh_token password", -1, "password refresh_token"},
        {"password  password", 0, "password"},
        {"personal_access", -1, "personal_access"},
        {"", -1, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[16];
        snprintf(name, sizeof name, "App %zu", i);
        struct client_edit edit = app(name);
        edit.grants = str_of(rows[i].given);
        edit.refresh = rows[i].refresh;
        cr_expect(str_is(made(&s, edit)->grants, rows[i].kept), "%s", rows[i].given);
    }
    static const char *const bad[] = {"implicit", "authorization_code,password", "Password", "password\tx", "urn:x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client_edit edit = app("Bad");
        edit.grants = str_of(bad[i]);
        expect_problem(&s, add(&s, &actor_owner, edit), "grants");
    }
    struct client_edit edit = app("Bad");
    edit.grants = STR("implicit");
    expect_kind(add(&s, &actor_owner, edit), UNPROCESSABLE);
    cr_expect(str_is(s.p.rows[0].message, "A grant is unknown. The grants are authorization_code, refresh_token, client_credentials, "
                                          "password, personal_access, device_code, ciba, token_exchange, jwt_bearer."));
    s.p.count = 0;
    edit = app("Bad");
    edit.redirect_uris = STR_ABSENT;
    expect_problem(&s, add(&s, &actor_owner, edit), "redirect_uris");
    edit.grants = STR_ABSENT;
    expect_problem(&s, add(&s, &actor_owner, edit), "redirect_uris");
}

Test(client, a_change_touches_what_was_given_alone)
{
    struct scene s = scene_new();
    struct client_edit edit = app("App");
    edit.description = STR("Before");
    edit.refresh = 0;
    edit.scopes = STR("view-users");
    const struct db_client *c = made(&s, edit);
    edit = client_edit_nothing();
    edit.description = STR("After");
    assert_done(change(&s, &actor_owner, c, edit));
    c = now(&s, c);
    cr_expect(str_is(c->description, "After") && str_is(c->name, "App") && str_is(c->grants, "authorization_code"));
    cr_expect(str_is(c->redirect_uris, "https://app.example.com/cb") && str_is(c->scopes, "view-users"));
    cr_expect_eq(c->secret_count, 1);
    edit = client_edit_nothing();
    edit.refresh = 1;
    assert_done(change(&s, &actor_owner, c, edit));
    c = now(&s, c);
    cr_expect(str_is(c->grants, "authorization_code refresh_token"));
    edit.refresh = 0;
    assert_done(change(&s, &actor_owner, c, edit));
    c = now(&s, c);
    cr_expect(str_is(c->grants, "authorization_code"));
    edit = client_edit_nothing();
    edit.redirect_uris = STR("");
    expect_problem(&s, change(&s, &actor_owner, c, edit), "redirect_uris");
    edit.grants = STR("client_credentials");
    assert_done(change(&s, &actor_owner, c, edit));
}

Test(client, what_never_changes_is_refused) /* AD-04 */
{
    struct scene s = scene_new();
    const struct db_client *c = made(&s, app("App"));
    struct client_edit edit = client_edit_nothing();
    edit.id = STR("other");
    expect_problem(&s, change(&s, &actor_owner, c, edit), "id");
    edit = client_edit_nothing();
    edit.secret = STR("0123456789abcdef0123456789abcdef");
    expect_problem(&s, change(&s, &actor_owner, c, edit), "secret");
    edit = client_edit_nothing();
    edit.is_public = 1;
    expect_problem(&s, change(&s, &actor_owner, c, edit), "is_public");
    edit.is_public = 0;
    assert_done(change(&s, &actor_owner, c, edit));
    edit = client_edit_nothing();
    edit.auth_method = STR("none");
    expect_problem(&s, change(&s, &actor_owner, c, edit), "auth_method");
    expect_kind(change(&s, &actor_owner, &(struct db_client){.id = STR("nothing")}, client_edit_nothing()), NOT_FOUND);
}

Test(client, an_old_version_is_a_conflict) /* AD-05 */
{
    struct scene s = scene_new();
    const struct db_client *c = made(&s, app("App"));
    c = now(&s, c);
    struct client_edit edit = client_edit_nothing();
    edit.version = c->version;
    edit.description = STR("One");
    str id = str_dup(s.a, c->id);
    assert_done(client_change(s.ctx, &actor_owner, id, &edit, &s.p));
    edit.description = STR("Two");
    expect_kind(client_change(s.ctx, &actor_owner, id, &edit, &s.p), CONFLICT);
    edit.version = 0;
    assert_done(client_change(s.ctx, &actor_owner, id, &edit, &s.p));
}

Test(client, redirect_uris_are_a_list_of_20_at_most)
{
    struct scene s = scene_new();
    struct client_edit edit = app("App");
    edit.redirect_uris = STR("https://a.example/cb\r\n\n  https://b.example/cb  \nhttps://a.example/cb\n");
    cr_expect(str_is(made(&s, edit)->redirect_uris, "https://a.example/cb\nhttps://b.example/cb"));
    edit = app("Bad");
    edit.redirect_uris = STR("https://a.example/cb\njavascript:alert(1)");
    expect_problem(&s, add(&s, &actor_owner, edit), "redirect_uris");
    edit = app("Bad");
    edit.post_logout_redirect_uris = STR("http://a.example/bye");
    expect_problem(&s, add(&s, &actor_owner, edit), "post_logout_redirect_uris");
    struct buf b = buf_new(s.a, 4096);
    for (int i = 0; i < 20; i++)
        buf_format(&b, "https://a.example/%d\n", i);
    edit = app("Many");
    assert_done(buf_done(&b, &edit.redirect_uris));
    made(&s, edit);
    buf_add_z(&b, "https://a.example/20\n");
    edit = app("Too many");
    assert_done(buf_done(&b, &edit.redirect_uris));
    expect_problem(&s, add(&s, &actor_owner, edit), "redirect_uris");
    char *big = arena_take(s.a, 70000);
    memset(big, '\n', 70000);
    edit.redirect_uris = (str){big, 70000};
    expect_problem(&s, add(&s, &actor_owner, edit), "redirect_uris");
}

Test(client, lifetimes_keep_their_bounds)
{
    struct scene s = scene_new();
    int64_t most = s.authority->policy.access_lifetime_max, longest = s.authority->policy.refresh_absolute;
    const struct db_client *c = made(&s, app("App"));
    const int64_t bad_access[] = {1, 59, -2, most + 1, INT64_MAX, INT64_MIN}, good_access[] = {60, most, 0};
    const int64_t bad_refresh[] = {1, 59, -2, longest + 1, INT64_MAX}, good_refresh[] = {60, longest, 0};
    struct client_edit edit = client_edit_nothing();
    for (size_t i = 0; i < sizeof bad_access / sizeof *bad_access; i++) {
        edit.access_lifetime = bad_access[i];
        expect_problem(&s, change(&s, &actor_owner, c, edit), "access_lifetime");
    }
    edit = client_edit_nothing();
    for (size_t i = 0; i < sizeof bad_refresh / sizeof *bad_refresh; i++) {
        edit.refresh_lifetime = bad_refresh[i];
        expect_problem(&s, change(&s, &actor_owner, c, edit), "refresh_lifetime");
    }
    for (size_t i = 0; i < 3; i++) {
        edit.access_lifetime = good_access[i];
        edit.refresh_lifetime = good_refresh[i];
        assert_done(change(&s, &actor_owner, c, edit));
        c = now(&s, c);
        cr_expect_eq(c->access_lifetime, good_access[i]);
        cr_expect_eq(c->refresh_lifetime, good_refresh[i]);
    }
}

Test(client, scopes_and_owners_must_be_known)
{
    struct scene s = scene_new();
    struct db_user *user = scene_person(&s, "anna", NULL, false);
    struct client_edit edit = app("App");
    edit.scopes = STR("view-users nonsense");
    expect_problem(&s, add(&s, &actor_owner, edit), "scopes");
    edit.scopes = STR("view-users view-users");
    edit.owner = STR("nobody");
    expect_problem(&s, add(&s, &actor_owner, edit), "owner");
    edit.owner = STR("ANNA");
    const struct db_client *c = made(&s, edit);
    cr_expect(str_equal(c->owner_id, user->id));
    cr_expect(str_is(c->scopes, "view-users"));
    edit = client_edit_nothing();
    edit.owner = STR("");
    assert_done(change(&s, &actor_owner, c, edit));
    cr_expect_not(str_filled(now(&s, c)->owner_id));
}

/* Who may make and change clients does not get more rights by one. */
Test(client, nobody_gives_a_client_more_than_they_have)
{
    struct scene s = scene_new();
    struct db_user *maker = scene_person(&s, "maker", "create-auth_clients edit-auth_clients view-users", false);
    struct db_user *root = scene_person(&s, "root", NULL, true);
    struct actor by = by_session(maker), admin = by_session(root), narrowed = by_token(root, "create-auth_clients", false);
    struct client_edit robot = client_edit_nothing();
    robot.name = STR("Robot");
    robot.grants = STR("client_credentials");
    robot.scopes = STR("view-users edit-users");
    expect_kind(add(&s, &by, robot), INSUFFICIENT_SCOPE);
    expect_kind(add(&s, &narrowed, robot), INSUFFICIENT_SCOPE);
    struct client_edit first = app("First party");
    first.first_party = 1;
    expect_kind(add(&s, &by, first), INSUFFICIENT_SCOPE);
    expect_kind(add(&s, &narrowed, first), INSUFFICIENT_SCOPE);
    struct client_added strong = {0};
    assert_done(client_add(s.ctx, &admin, &robot, &s.p, &strong));
    scene_next(&s);
    const struct db_client *own = made(&s, first);
    struct client_edit edit = client_edit_nothing();
    edit.redirect_uris = STR("https://thief.example/cb");
    expect_kind(change(&s, &by, own, edit), INSUFFICIENT_SCOPE);
    edit = client_edit_nothing();
    edit.description = STR("mine");
    expect_kind(change(&s, &by, strong.client, edit), INSUFFICIENT_SCOPE);
    str secret = STR_ABSENT;
    struct client_rotation how = {.overlap = 0};
    expect_kind(client_rotate_secret(s.ctx, &by, strong.client->id, &how, &secret), INSUFFICIENT_SCOPE);
    robot.name = STR("Small robot");
    robot.scopes = STR("view-users");
    assert_done(add(&s, &by, robot)); /* what they have themselves */
    struct client_edit delegated = app("Delegated");
    delegated.scopes = STR("edit-users"); /* acts with a person's rights only */
    assert_done(add(&s, &by, delegated));
}

Test(client, a_rotated_secret_overlaps_and_ends)
{
    struct scene s = scene_new();
    const struct db_client *c = made(&s, app("App"));
    str id = str_dup(s.a, c->id), secret = STR_ABSENT;
    struct client_rotation bad[] = {{.overlap = -2}, {.overlap = 91 * 86400}, {.overlap = 0, .secret = STR("short")}};
    for (size_t i = 0; i < 3; i++)
        expect_kind(client_rotate_secret(s.ctx, &actor_owner, id, &bad[i], &secret), UNPROCESSABLE);
    expect_kind(client_rotate_secret(s.ctx, &actor_owner, STR("nothing"), &bad[0], &secret), NOT_FOUND);
    cr_expect_not(str_present(secret));
    assert_done(client_rotate_secret(s.ctx, &actor_owner, id, &(struct client_rotation){.overlap = -1}, &secret));
    scene_next(&s);
    c = client_find(s.ctx, id);
    cr_assert_eq(c->secret_count, 2);
    struct token_hash hash = token_hash_of(secret);
    size_t fresh = token_hash_equal(&c->secrets[0].hash, &hash) ? 0 : 1;
    cr_expect(token_hash_equal(&c->secrets[fresh].hash, &hash));
    cr_expect_eq(c->secrets[fresh].expires_at, 0);
    cr_expect_eq(c->secrets[1 - fresh].expires_at, NOW + s.authority->policy.secret_overlap);
    assert_done(client_rotate_secret(s.ctx, &actor_owner, id, &(struct client_rotation){.overlap = 0}, &secret));
    scene_next(&s);
    c = client_find(s.ctx, id);
    hash = token_hash_of(secret);
    cr_assert_eq(c->secret_count, 1);
    cr_expect(token_hash_equal(&c->secrets[0].hash, &hash));
    cr_expect_eq(event_count(&s, "client.secret_rotated"), 2);
}

Test(client, a_disabled_one_says_so_at_once_and_its_epoch_moves)
{
    struct scene s = scene_new();
    const struct db_client *c = made(&s, app("App"));
    c = now(&s, c);
    int64_t epoch = c->epoch;
    str id = str_dup(s.a, c->id);
    assert_done(client_set_disabled(s.ctx, &actor_owner, id, true));
    assert_done(client_set_disabled(s.ctx, &actor_owner, id, true));
    scene_next(&s);
    c = client_find(s.ctx, id);
    cr_expect(c->disabled);
    cr_expect_gt(c->epoch, epoch);
    assert_done(client_set_disabled(s.ctx, &actor_owner, id, false));
    scene_next(&s);
    cr_expect_not(client_find(s.ctx, id)->disabled);
    cr_expect_gt(client_find(s.ctx, id)->epoch, epoch);
    cr_expect_eq(event_count(&s, "client.disabled"), 1);
    cr_expect_eq(event_count(&s, "client.enabled"), 1);
}

Test(client, lists_are_filtered_sorted_and_cut)
{
    struct scene s = scene_new();
    static const char *const names[] = {"delta", "Alpha", "charlie", "Bravo"};
    for (size_t i = 0; i < 4; i++) {
        struct client_edit edit = app(names[i]);
        char id[8];
        snprintf(id, sizeof id, "id-%zu", 9 - i);
        edit.id = str_of(id);
        clock_set(NOW + (int64_t)i);
        scene_next(&s);
        made(&s, edit);
    }
    struct client_rows r = {0};
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 2}, &r));
    cr_assert(r.total == 4 && r.count == 2);
    cr_expect(str_is(r.rows[0]->name, "Alpha") && str_is(r.rows[1]->name, "Bravo"));
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 2, .offset = 3}, &r));
    cr_assert_eq(r.count, 1);
    cr_expect(str_is(r.rows[0]->name, "delta"));
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 2, .offset = INT64_MAX}, &r));
    cr_expect_eq(r.count, 0);
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 9, .order_by = STR("id"), .descending = true}, &r));
    cr_expect(str_is(r.rows[0]->id, "id-9") && str_is(r.rows[3]->id, "id-6"));
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 9, .order_by = STR("created_at")}, &r));
    cr_expect(str_is(r.rows[0]->name, "delta") && str_is(r.rows[3]->name, "Bravo"));
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 9, .filter = STR("LPH")}, &r));
    cr_expect(r.count == 1 && str_is(r.rows[0]->name, "Alpha"));
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 9, .filter = STR("id-8")}, &r));
    cr_expect(r.count == 1 && r.total == 1);
    assert_done(client_list(s.ctx, &actor_owner, &(struct db_page){.limit = 9, .filter = STR("%")}, &r));
    cr_expect_eq(r.count, 0);
    struct db_page bad[] = {
        {.limit = 0}, {.limit = 101}, {.limit = 1, .offset = -1}, {.limit = 1, .order_by = STR("secret")}, {.limit = 1, .order_by = STR("")}};
    for (size_t i = 0; i < 5; i++)
        expect_kind(client_list(s.ctx, &actor_owner, &bad[i], &r), UNPROCESSABLE);
}

/* Memory, where names are compared, does not know it yet: the transaction does. */
Test(client, a_name_that_another_process_took_at_this_moment_is_taken)
{
    struct scene s = scene_new(), other = {.a = s.a};
    other.authority = fixture_authority_again(s.a);
    other.ctx = fixture_context(other.authority, s.a);
    const struct db_client *mine = made(&s, app("Mine"));
    scene_next(&other);
    (void)made(&other, app("Bank"));
    scene_unheard(&s);
    cr_expect_eq(add(&s, &actor_owner, app("bank")).kind, ERR_UNPROCESSABLE);
    cr_expect_eq(s.p.count, 1u);
    scene_next(&s);
    (void)made(&other, app("Shop"));
    scene_unheard(&s);
    cr_expect_eq(change(&s, &actor_owner, mine, app("Shop")).kind, ERR_UNPROCESSABLE);
    scene_next(&s);
    (void)made(&other, app("Another"));
    scene_unheard(&s);
    cr_expect_eq(add(&s, &actor_owner, app("Free")).kind, ERR_OK);
}

struct torture {
    struct client_edit edit;
    str secret;
};

static err torture_add(struct context *ctx, void *context)
{
    struct torture *t = context;
    struct problems p = {0};
    struct client_added out = {0};
    err e = client_add(ctx, &actor_owner, &t->edit, &p, &out);
    cr_expect_eq(str_present(out.secret), e.kind == ERR_OK);
    return e;
}

Test(client, no_failed_allocation_makes_half_a_client)
{
    struct scene s = scene_new();
    struct torture t = {.edit = app("Torture")};
    t.edit.scopes = STR("view-users");
    size_t n = 1, count = 0;
    for (; n < 200 && !scene_torture(&s, n, torture_add, &t); n++) {
        (void)cache_clients(s.ctx->snapshot, s.ctx->arena, &count);
        cr_expect_eq(count, 0, "allocation %zu", n);
    }
    cr_expect(n > 10 && n < 200);
    const struct db_client **rows = cache_clients(s.ctx->snapshot, s.ctx->arena, &count), *all = rows[0];
    cr_assert_eq(count, 1);
    cr_expect(str_is(all->scopes, "view-users") && str_is(all->redirect_uris, "https://app.example.com/cb"));
    cr_expect(str_is(all->grants, "authorization_code refresh_token") && all->secret_count == 1);
}
