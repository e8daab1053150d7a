/* SPDX-License-Identifier: MIT
 * issuers: whose assertions may be trusted, who says so, and what of it is refused by its field. */
#include "client/issuers.h"
#include "client_ways.h"

#include "base/banned.h"

#define ISS "https://idp.example"

static struct issuer_edit edit_right(struct stage *t)
{
    return (struct issuer_edit){.issuer = STR(ISS),
                                .jwks = ways_jwks(t, foreign_key(t->s.a, SIGN_ES256), "k1"),
                                .subject_is = STR("email"),
                                .clients = STR("web\nother"),
                                .scopes = STR("read"),
                                .life_max = 300};
}

static err add_it(struct stage *t, const struct actor *by, const struct issuer_edit *edit)
{
    scene_next(&t->s);
    return issuers_add(t->s.ctx, by, edit, &t->s.p);
}

static size_t issuer_count(struct stage *t)
{
    struct db_issuer *rows;
    size_t count;
    assert_done(issuers_list(t->s.ctx, &actor_owner, &rows, &count));
    return count;
}

Test(issuers, what_was_added_is_kept_as_it_was_said_and_told)
{
    struct stage t = stage_new();
    struct issuer_edit edit = edit_right(&t);
    struct db_issuer *rows;
    size_t count;
    assert_done(add_it(&t, &actor_owner, &edit));
    assert_done(issuers_list(t.s.ctx, &actor_owner, &rows, &count));
    cr_assert_eq(count, 1);
    cr_expect(str_is(rows[0].issuer, ISS) && str_equal(rows[0].jwks, edit.jwks) && !str_filled(rows[0].jwks_uri) && str_is(rows[0].subject_is, "email"));
    cr_expect(str_is(rows[0].client_ids, "web\nother") && str_is(rows[0].scopes, "read") && rows[0].life_max == 300 && rows[0].created_at == NOW);
    cr_expect_eq(event_count(&t.s, "issuer.added"), 1);
    expect_kind(add_it(&t, &actor_owner, &edit), CONFLICT);
    cr_expect_eq(event_count(&t.s, "issuer.added"), 1);
}

Test(issuers, nobody_but_administrators_and_the_command_line) /* AD-01 */
{
    struct stage t = stage_new();
    struct issuer_edit edit = edit_right(&t);
    struct db_issuer *rows;
    size_t count;
    bool removed;
    struct db_user *root = scene_person(&t.s, "root", "", true), *clerk = scene_person(&t.s, "clerk", "edit-auth_clients create-auth_clients", false);
    struct actor admin = by_session(root), low[] = {by_session(clerk), by_token(root, "edit-auth_clients", false), by_personal(root, ""), actor_software, {0}};
    for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
        expect_kind(add_it(&t, &low[i], &edit), INSUFFICIENT_SCOPE);
        expect_kind(issuers_list(t.s.ctx, &low[i], &rows, &count), INSUFFICIENT_SCOPE);
        expect_kind(issuers_remove(t.s.ctx, &low[i], STR(ISS), &removed), INSUFFICIENT_SCOPE);
    }
    cr_expect_eq(issuer_count(&t), 0);
    assert_done(add_it(&t, &admin, &edit));
    for (size_t i = 0; i < sizeof low / sizeof *low; i++)
        expect_kind(issuers_remove(t.s.ctx, &low[i], STR(ISS), &removed), INSUFFICIENT_SCOPE);
    cr_expect_eq(issuer_count(&t), 1);
}

static void issuer_empty(struct issuer_edit *edit)
{
    edit->issuer = STR("");
}

static void issuer_blank(struct issuer_edit *edit)
{
    edit->issuer = STR("https://idp.example/a b");
}

static void issuer_foreign_letters(struct issuer_edit *edit)
{
    edit->issuer = STR("https://idp.ex\xc3\xa4mple");
}

static void issuer_long(struct issuer_edit *edit)
{
    static char text[2002];
    memset(text, 'a', 2001);
    edit->issuer = str_of(text);
}

static void keys_none(struct issuer_edit *edit)
{
    edit->jwks = STR_ABSENT;
}

static void keys_twice(struct issuer_edit *edit)
{
    edit->jwks_uri = STR("https://idp.example/keys");
}

static void keys_empty(struct issuer_edit *edit)
{
    edit->jwks = STR("{\"keys\":[]}");
}

static void keys_shared_secret(struct issuer_edit *edit) /* AT-05 */
{
    edit->jwks = STR("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}");
}

static void keys_no_json(struct issuer_edit *edit)
{
    edit->jwks = STR("keys");
}

static void address_plain(struct issuer_edit *edit)
{
    edit->jwks = STR_ABSENT;
    edit->jwks_uri = STR("http://idp.example/keys");
}

static void address_plain_here(struct issuer_edit *edit) /* MD-05: this server calls no plain address, on no machine */
{
    edit->jwks = STR_ABSENT;
    edit->jwks_uri = STR("http://127.0.0.1:8080/keys");
}

static void address_none(struct issuer_edit *edit)
{
    edit->jwks = STR_ABSENT;
    edit->jwks_uri = STR("idp.example/keys");
}

static void address_port(struct issuer_edit *edit)
{
    edit->jwks = STR_ABSENT;
    edit->jwks_uri = STR("https://idp.example:8443/keys");
}

static void subject_other(struct issuer_edit *edit)
{
    edit->subject_is = STR("nickname");
}

static void subject_none(struct issuer_edit *edit)
{
    edit->subject_is = STR_ABSENT;
}

static void clients_none(struct issuer_edit *edit)
{
    edit->clients = STR("");
}

static void clients_unknown(struct issuer_edit *edit)
{
    edit->clients = STR("web\nnosuch");
}

static void scopes_none(struct issuer_edit *edit)
{
    edit->scopes = STR("");
}

static void scopes_unknown(struct issuer_edit *edit)
{
    edit->scopes = STR("read nosuch");
}

static void life_short(struct issuer_edit *edit)
{
    edit->life_max = 9;
}

static void life_long(struct issuer_edit *edit)
{
    edit->life_max = 86401;
}

Test(issuers, what_is_wrong_is_a_problem_by_its_field_and_nothing_is_kept) /* CA-13, MD-05 */
{
    static const struct {
        const char *field;
        void (*spoil)(struct issuer_edit *edit);
    } rows[] = {{"issuer", issuer_empty},
                {"issuer", issuer_blank},
                {"issuer", issuer_foreign_letters},
                {"issuer", issuer_long},
                {"jwks", keys_none},
                {"jwks", keys_twice},
                {"jwks", keys_empty},
                {"jwks", keys_shared_secret},
                {"jwks", keys_no_json},
                {"jwks_uri", address_plain},
                {"jwks_uri", address_plain_here},
                {"jwks_uri", address_none},
                {"jwks_uri", address_port},
                {"subject_is", subject_other},
                {"subject_is", subject_none},
                {"clients", clients_none},
                {"clients", clients_unknown},
                {"scopes", scopes_none},
                {"scopes", scopes_unknown},
                {"life_max", life_short},
                {"life_max", life_long}};
    struct stage t = stage_new();
    t.s.authority->policy.fetch.ports = STR("443");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct issuer_edit edit = edit_right(&t);
        rows[i].spoil(&edit);
        expect_kind(add_it(&t, &actor_owner, &edit), UNPROCESSABLE);
        cr_expect(t.s.p.count == 1 && problem_at(&t.s.p, rows[i].field), "%zu: %s", i, rows[i].field);
    }
    cr_expect_eq(issuer_count(&t), 0);
    struct issuer_edit far = edit_right(&t), bounds = edit_right(&t);
    far.jwks = STR_ABSENT;
    far.jwks_uri = STR("https://idp.example/keys");
    far.life_max = 10;
    bounds.issuer = STR("second");
    bounds.life_max = 86400;
    assert_done(add_it(&t, &actor_owner, &far));
    assert_done(add_it(&t, &actor_owner, &bounds));
}

Test(issuers, one_is_removed_by_its_whole_name_once)
{
    struct stage t = stage_new();
    struct issuer_edit edit = edit_right(&t);
    bool removed;
    assert_done(add_it(&t, &actor_owner, &edit));
    static const char *const others[] = {"", "https://idp.example/", "HTTPS://IDP.EXAMPLE", "https://idp.exampl", "%"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_done(issuers_remove(t.s.ctx, &actor_owner, str_of(others[i]), &removed));
        cr_expect_not(removed, "%s", others[i]);
    }
    cr_expect_eq(event_count(&t.s, "issuer.removed"), 0);
    assert_done(issuers_remove(t.s.ctx, &actor_owner, STR(ISS), &removed));
    cr_expect(removed && issuer_count(&t) == 0);
    assert_done(issuers_remove(t.s.ctx, &actor_owner, STR(ISS), &removed));
    cr_expect_not(removed);
    cr_expect_eq(event_count(&t.s, "issuer.removed"), 1);
}
