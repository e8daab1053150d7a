/* SPDX-License-Identifier: MIT
 * scopes: what the administrator defines. */
#include "people.h"

#include <string.h>

#include "base/banned.h"

static struct resource_edit orders(void)
{
    return (struct resource_edit){.uri = STR("https://orders.example.com/api"), .name = STR("Orders")};
}

Test(scopes, every_verb_needs_edit_scopes)
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *plain = scene_person(&s, "plain", "view-scopes", false);
    struct db_user *editor = scene_person(&s, "editor", "edit-scopes", false);
    struct db_client machine = {.number = 9, .id = STR("robot")};
    struct actor refused[] = {{0},
                              by_session(plain),
                              by_token(root, "view-scopes", false),
                              by_personal(root, ""),
                              by_personal(plain, "edit-scopes"),
                              by_client(&machine, "view-scopes")};
    struct resource_edit edit = orders();
    bool removed = true;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        expect_kind(scopes_add(s.ctx, &refused[i], STR("orders"), STR("Your orders"), &s.p), INSUFFICIENT_SCOPE);
        expect_kind(scopes_remove(s.ctx, &refused[i], STR("orders"), &removed), INSUFFICIENT_SCOPE);
        expect_kind(scopes_resource_add(s.ctx, &refused[i], &edit, &s.p), INSUFFICIENT_SCOPE);
        expect_kind(scopes_resource_remove(s.ctx, &refused[i], edit.uri, &removed), INSUFFICIENT_SCOPE);
    }
    struct actor allowed[] = {
        by_session(root), by_session(editor), by_token(root, "edit-scopes", false), by_personal(editor, "edit-scopes"), by_client(&machine, "edit-scopes"),
        actor_owner};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        assert_done(scopes_add(s.ctx, &allowed[i], STR("orders"), STR("Your orders"), &s.p));
        assert_done(scopes_resource_add(s.ctx, &allowed[i], &edit, &s.p));
        scene_next(&s);
        cr_expect_not_null(cache_scope(s.ctx->snapshot, STR("orders")));
        cr_expect_not_null(cache_resource(s.ctx->snapshot, edit.uri));
        expect_problem(&s, scopes_add(s.ctx, &allowed[i], STR("orders"), STR("Again"), &s.p), "name");
        expect_problem(&s, scopes_resource_add(s.ctx, &allowed[i], &edit, &s.p), "uri");
        assert_done(scopes_remove(s.ctx, &allowed[i], STR("orders"), &removed));
        cr_expect(removed);
        assert_done(scopes_resource_remove(s.ctx, &allowed[i], edit.uri, &removed));
        cr_expect(removed);
        assert_done(scopes_remove(s.ctx, &allowed[i], STR("orders"), &removed));
        cr_expect_not(removed);
        scene_next(&s);
        cr_expect_null(cache_scope(s.ctx->snapshot, STR("orders")));
        cr_expect_null(cache_resource(s.ctx->snapshot, edit.uri));
    }
}

Test(scopes, the_server_s_own_stay)
{
    struct scene s = scene_new();
    bool removed = true;
    expect_kind(scopes_remove(s.ctx, &actor_owner, STR("view-users"), &removed), UNPROCESSABLE);
    cr_expect_not_null(cache_scope(s.ctx->snapshot, STR("view-users")));
    expect_problem(&s, scopes_add(s.ctx, &actor_owner, STR("view-users"), STR("Mine"), &s.p), "name");
}

Test(scopes, names_are_scope_tokens) /* RFC 6749 3.3 */
{
    struct scene s = scene_new();
    static const char *const bad[] = {"", "a b", "a\"b", "a\\b", "\xc3\xa4", "a\n", "\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_problem(&s, scopes_add(s.ctx, &actor_owner, str_of(bad[i]), STR("x"), &s.p), "name");
    char text[300];
    memset(text, 's', sizeof text);
    expect_problem(&s, scopes_add(s.ctx, &actor_owner, (str){text, 129}, STR("x"), &s.p), "name");
    assert_done(scopes_add(s.ctx, &actor_owner, (str){text, 128}, STR("x"), &s.p));
    assert_done(scopes_add(s.ctx, &actor_owner, STR("https://example.com/scope#x!"), STR("x"), &s.p));
    expect_problem(&s, scopes_add(s.ctx, &actor_owner, STR("fine"), STR(""), &s.p), "description");
    expect_problem(&s, scopes_add(s.ctx, &actor_owner, STR("fine"), STR("a\nb"), &s.p), "description");
    expect_problem(&s, scopes_add(s.ctx, &actor_owner, STR("fine"), (str){text, 256}, &s.p), "description");
}

Test(scopes, lists_are_known_words_64_at_most)
{
    struct scene s = scene_new();
    static const char *const good[] = {"", "view-users", "view-users edit-users", " view-users  view-users "};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_kind(scopes_known(s.ctx, str_of(good[i]), "scopes", &s.p), OK);
    expect_kind(scopes_known(s.ctx, STR_ABSENT, "scopes", &s.p), OK);
    static const char *const bad[] = {"nope", "view-users nope", "view-users,edit-users", "view-users\tedit-users", "\"", "VIEW-USERS", "*"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_problem(&s, scopes_known(s.ctx, str_of(bad[i]), "scopes", &s.p), "scopes");
    struct buf b = buf_new(s.a, 65536);
    for (int i = 0; i < 65; i++) {
        str name = str_format(s.a, "s%d", i);
        assert_done(scopes_add(s.ctx, &actor_owner, name, STR("x"), &s.p));
        buf_format(&b, "s%d ", i);
    }
    scene_next(&s);
    str all;
    assert_done(buf_done(&b, &all));
    expect_problem(&s, scopes_known(s.ctx, all, "scopes", &s.p), "scopes");
    expect_kind(scopes_known(s.ctx, (str){all.p, all.n - 4}, "scopes", &s.p), OK);
    char *big = arena_take(s.a, 70000);
    memset(big, ' ', 70000);
    expect_problem(&s, scopes_known(s.ctx, (str){big, 70000}, "scopes", &s.p), "scopes");
}

Test(scopes, resources_are_absolute_and_another_s) /* RFC 8707 2 */
{
    struct scene s = scene_new();
    static const char *const bad[] = {"",
                                      "/api",
                                      "orders",
                                      "https://o.example/#f",
                                      "https://o.example/#",
                                      "https://u@o.example/",
                                      "https://o.example/a b",
                                      FIXTURE_ISSUER,
                                      FIXTURE_ISSUER "/",
                                      "HTTPS://AUTH.example.com//"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct resource_edit edit = orders();
        edit.uri = str_of(bad[i]);
        expect_problem(&s, scopes_resource_add(s.ctx, &actor_owner, &edit, &s.p), "uri");
    }
    static const char *const algs[] = {"none", "HS256", "es256", "ES384"};
    for (size_t i = 0; i < 4; i++) {
        struct resource_edit edit = orders();
        edit.alg = str_of(algs[i]);
        expect_problem(&s, scopes_resource_add(s.ctx, &actor_owner, &edit, &s.p), "alg");
    }
    struct resource_edit edit = orders();
    edit.token_format = STR("paper");
    expect_problem(&s, scopes_resource_add(s.ctx, &actor_owner, &edit, &s.p), "token_format");
    edit = orders();
    edit.client_id = STR("nothing");
    expect_problem(&s, scopes_resource_add(s.ctx, &actor_owner, &edit, &s.p), "client_id");
    edit = orders();
    edit.name = STR("");
    expect_problem(&s, scopes_resource_add(s.ctx, &actor_owner, &edit, &s.p), "name");
    static const char *const good[] = {"ES256", "RS256", "EdDSA", NULL};
    for (size_t i = 0; i < 4; i++) {
        edit = orders();
        edit.uri = str_format(s.a, "https://o.example/%zu", i);
        edit.alg = str_of(good[i]);
        assert_done(scopes_resource_add(s.ctx, &actor_owner, &edit, &s.p));
        scene_next(&s);
        const struct db_resource *kept = cache_resource(s.ctx->snapshot, edit.uri);
        cr_assert_not_null(kept);
        cr_expect(str_is(kept->alg, good[i] != NULL ? good[i] : "ES256"));
        cr_expect(str_is(kept->token_format, "jwt"));
    }
}
