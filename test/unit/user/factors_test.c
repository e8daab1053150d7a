/* SPDX-License-Identifier: MIT
 * Claims about others' second factors: who sees them, who takes them away, and what is written of it. */
#include "people.h"
#include "user/factors.h"
#include <string.h>

#include "base/banned.h"

static void give(struct scene *s, const struct db_user *user)
{
    struct db_authenticator row = {.id = str_format(s->a, "id-%lld", (long long)user->number),
                                   .user_number = user->number,
                                   .kind = STR(DB_FACTOR_TOTP),
                                   .name = STR("phone"),
                                   .secret = STR("box")};
    err e = db_authenticator_add(s->ctx->tx, s->a, &row, 0);
    cr_assert(!FAILED(e), "%s", err_why(e));
}

static struct actor session_of(const struct db_user *user)
{
    return (struct actor){.kind = ACTOR_USER, .way = ACTOR_BY_SESSION, .user = user, .auth_time = NOW};
}

static err reset(struct scene *s, const struct actor *by, const struct db_user *of, const char *reason)
{
    s->p.count = 0;
    return factors_reset(s->ctx, by, of->id, str_of(reason), &s->p);
}

Test(factors, the_person_and_who_edits_people_see_them_without_the_secret)
{
    struct scene s = scene_new();
    struct factors all;
    struct db_user *ada = fixture_user(s.authority, s.a, "ada"), *eve = fixture_user(s.authority, s.a, "eve");
    struct actor own = session_of(ada), other = session_of(eve);
    give(&s, ada);
    cr_assert(!FAILED(factors_list(s.ctx, &own, ada->id, &all)));
    cr_assert_eq(all.count, 1);
    cr_assert(str_is(all.rows[0].name, "phone") && !str_present(all.rows[0].secret));
    cr_assert_eq(factors_list(s.ctx, &other, ada->id, &all).kind, ERR_INSUFFICIENT_SCOPE);
    cr_assert_eq(factors_list(s.ctx, &other, STR("nobody-at-all"), &all).kind, ERR_INSUFFICIENT_SCOPE, "nor whether somebody is there");
    eve->permissions = STR("edit-users");
    cr_assert(!FAILED(factors_list(s.ctx, &other, ada->id, &all)));
    cr_assert_eq(factors_list(s.ctx, &other, STR("nobody-at-all"), &all).kind, ERR_NOT_FOUND);
}

Test(factors, a_reset_needs_the_right_and_a_reason_and_takes_all)
{
    struct scene s = scene_new();
    struct factors all;
    struct db_user *ada = fixture_user(s.authority, s.a, "ada"), *help = fixture_user(s.authority, s.a, "help");
    struct actor by = session_of(help), own = session_of(ada);
    give(&s, ada);
    cr_assert_eq(reset(&s, &by, ada, "lost the phone").kind, ERR_INSUFFICIENT_SCOPE);
    cr_assert_eq(reset(&s, &own, ada, "me").kind, ERR_INSUFFICIENT_SCOPE);
    help->permissions = STR("edit-users");
    cr_assert_eq(reset(&s, &by, ada, " \t").kind, ERR_UNPROCESSABLE);
    cr_assert(s.p.count == 1 && strcmp(s.p.rows[0].field, "reason") == 0);
    cr_assert(!FAILED(factors_list(s.ctx, &actor_owner, ada->id, &all)));
    cr_assert_eq(all.count, 1);
    cr_assert(!FAILED(reset(&s, &by, ada, "lost the phone")));
    cr_assert(!FAILED(factors_list(s.ctx, &actor_owner, ada->id, &all)));
    cr_assert_eq(all.count, 0);
    cr_assert_eq(reset(&s, &by, ada, "again").kind, ERR_UNPROCESSABLE, "there is nothing left");
    give(&s, help);
    cr_assert_eq(reset(&s, &by, help, "my own").kind, ERR_UNPROCESSABLE);
}

Test(factors, who_is_no_administrator_takes_nothing_from_one)
{
    struct scene s = scene_new();
    struct db_user root = {.username = STR("root"), .admin = true}, *help = fixture_user(s.authority, s.a, "help");
    struct actor by = session_of(help);
    cr_assert(!FAILED(db_user_add(s.ctx->tx, s.a, &root, NULL)));
    give(&s, &root);
    help->permissions = STR("edit-users");
    cr_assert_eq(reset(&s, &by, &root, "trust me").kind, ERR_INSUFFICIENT_SCOPE);
    cr_assert(!FAILED(reset(&s, &actor_owner, &root, "by the machine's owner")));
}
