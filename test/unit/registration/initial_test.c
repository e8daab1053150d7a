/* SPDX-License-Identifier: MIT
 * initial: administrators alone make, see and remove initial access tokens, and none carries more than software may have (RFC 7591 3). */
#include "registration/initial.h"
#include "people.h"
#include "token/opaque.h"

#include "base/banned.h"

static const struct initial_edit plain = {.label = STR("CI")};

Test(initial, what_was_made_is_found_by_its_hash_and_shown_once)
{
    struct scene s = scene_new();
    struct initial_made made;
    struct db_initial *row = NULL;
    struct db_initial_rows rows;
    struct initial_edit edit = {.label = STR(" CI "), .grants = STR("authorization_code"), .uses = 2, .life = 60};
    assert_done(initial_add(s.ctx, &actor_owner, &edit, &s.p, &made));
    cr_expect(!FAILED(opaque_plain_check(made.token, OPAQUE_INITIAL)) && str_is(made.row->label, "CI"));
    struct token_hash hash = token_hash_of(made.token), other = token_hash_of(STR("x"));
    assert_done(db_initial_find(s.ctx->tx, s.a, &hash, NOW + 59, &row));
    cr_expect(row != NULL && row->uses_left == 2 && row->expires_at == NOW + 60);
    assert_done(db_initial_find(s.ctx->tx, s.a, &hash, NOW + 60, &row));
    cr_expect_null(row);
    assert_done(db_initial_find(s.ctx->tx, s.a, &other, NOW, &row));
    cr_expect_null(row);
    assert_done(initial_list(s.ctx, &actor_owner, &rows));
    cr_expect_eq(rows.count, 1u);
    cr_expect_eq(event_count(&s, "initial_token.added"), 1);
    assert_done(initial_remove(s.ctx, &actor_owner, made.row->id));
    assert_done(db_initial_find(s.ctx->tx, s.a, &hash, NOW, &row));
    cr_expect_null(row);
    expect_kind(initial_remove(s.ctx, &actor_owner, made.row->id), NOT_FOUND);
    cr_expect_eq(event_count(&s, "initial_token.removed"), 1);
}

Test(initial, nobody_but_administrators) /* AD-04 */
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true);
    struct db_user *editor = scene_person(&s, "editor", "view-auth_clients create-auth_clients edit-auth_clients", false);
    struct db_client machine = {.number = 9, .id = STR("robot")};
    struct actor others[] = {{0},
                             actor_software,
                             by_session(editor),
                             by_token(root, "view-auth_clients", false),
                             by_personal(root, "create-auth_clients"),
                             by_client(&machine, "create-auth_clients")};
    struct initial_made made;
    struct db_initial_rows rows;
    struct actor admin = by_session(root);
    assert_done(initial_add(s.ctx, &admin, &plain, &s.p, &made));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct initial_made none;
        expect_kind(initial_add(s.ctx, &others[i], &plain, &s.p, &none), INSUFFICIENT_SCOPE);
        expect_kind(initial_list(s.ctx, &others[i], &rows), INSUFFICIENT_SCOPE);
        expect_kind(initial_remove(s.ctx, &others[i], made.row->id), INSUFFICIENT_SCOPE);
    }
    assert_done(initial_list(s.ctx, &admin, &rows));
    cr_expect_eq(rows.count, 1u);
}

static void expect_refused(struct scene *s, const struct initial_edit *edit, const char *field)
{
    struct initial_made made;
    s->p.count = 0;
    expect_kind(initial_add(s->ctx, &actor_owner, edit, &s->p, &made), UNPROCESSABLE);
    cr_expect(problem_at(&s->p, field), "%s", field);
}

Test(initial, what_software_may_not_have_is_refused) /* MD-04 */
{
    struct scene s = scene_new();
    struct db_initial_rows rows;
    expect_refused(&s, &(struct initial_edit){.label = STR(" ")}, "label");
    expect_refused(&s, &(struct initial_edit){.label = STR("a\nb")}, "label");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .grants = STR("authorization_code implicit")}, "grants");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .grants = STR("nosuch")}, "grants");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .scopes = STR("nosuch")}, "scopes");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .scopes = STR("openid view-users")}, "scopes");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .uses = -1}, "uses");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .uses = 1000001}, "uses");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .life = -1}, "expires_in");
    expect_refused(&s, &(struct initial_edit){.label = STR("x"), .life = INT64_MAX}, "expires_in");
    assert_done(initial_list(s.ctx, &actor_owner, &rows));
    cr_expect_eq(rows.count, 0u);
}
