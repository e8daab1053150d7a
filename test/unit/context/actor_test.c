/* SPDX-License-Identifier: MIT
 * actor: who may what, as plain structs. */
#include "people.h"

#include "base/banned.h"

static struct db_user plain = {.number = 1, .id = STR("u1"), .permissions = STR("view-users edit-users")};
static struct db_user admin = {.number = 2, .id = STR("u2"), .admin = true, .permissions = STR("")};
static struct db_client machine = {.number = 3, .id = STR("robot"), .scopes = STR("view-users")};

static const char *const words[] = {"view-users",          "create-users",      "edit-users",          "delete-users", "view-auth_clients",
                                    "create-auth_clients", "edit-auth_clients", "delete-auth_clients", "edit-scopes"};
enum { WORDS = sizeof words / sizeof *words };

Test(actor, the_command_line_may_all)
{
    for (size_t i = 0; i < WORDS; i++)
        cr_expect(actor_may(&actor_owner, words[i]));
    cr_expect(actor_is_admin(&actor_owner));
    cr_expect(str_is(actor_name(&actor_owner), "command line"));
}

Test(actor, nobody_may_nothing)
{
    struct actor none = {0};
    struct actor hollow[] = {
        {.kind = ACTOR_USER, .way = ACTOR_BY_SESSION}, {.kind = ACTOR_CLIENT, .way = ACTOR_BY_TOKEN}, {.kind = ACTOR_USER, .user = &admin}, none};
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < WORDS; i++)
            cr_expect_not(actor_may(&hollow[k], words[i]), "%zu %s", k, words[i]);
    cr_expect_not(actor_may(NULL, "view-users"));
    cr_expect_not(actor_is_admin(NULL));
    cr_expect_not(actor_is_admin(&none));
    cr_expect_not(actor_is_admin(&hollow[2]));
    cr_expect_not(str_present(actor_name(&none)));
    cr_expect_not(actor_may(&actor_owner, ""), "a permission without a name is none");
}

Test(actor, a_session_has_what_the_person_has)
{
    struct actor a = by_session(&plain), b = by_session(&admin);
    for (size_t i = 0; i < WORDS; i++) {
        cr_expect_eq(actor_may(&a, words[i]), i == 0 || i == 2, "%s", words[i]);
        cr_expect(actor_may(&b, words[i]));
    }
    cr_expect_not(actor_is_admin(&a));
    cr_expect(actor_is_admin(&b));
    cr_expect_not(actor_may(&a, "view-user"), "a part of a word is another word");
    cr_expect_not(actor_may(&a, "view-users edit-users"));
}

Test(actor, a_token_narrows_and_never_widens)
{
    struct actor narrowed = by_token(&admin, "view-users", false), wide = by_token(&plain, "delete-users view-users", false);
    cr_expect(actor_may(&narrowed, "view-users"));
    cr_expect_not(actor_may(&narrowed, "edit-users"));
    cr_expect_not(actor_is_admin(&narrowed));
    cr_expect(actor_may(&wide, "view-users"));
    cr_expect_not(actor_may(&wide, "delete-users"), "the scope is there, the permission is not");
    narrowed.unscoped_full = true;
    cr_expect_not(actor_may(&narrowed, "edit-users"), "a scope narrows whatever else is set");
    cr_expect_not(actor_is_admin(&narrowed));
}

Test(actor, an_unscoped_token_is_full_only_when_it_says_so)
{
    struct actor full = by_token(&admin, "", true), empty = by_token(&admin, "", false), own = by_token(&plain, "", true);
    cr_expect(actor_may(&full, "delete-users") && actor_is_admin(&full));
    cr_expect_not(actor_may(&empty, "view-users"));
    cr_expect_not(actor_is_admin(&empty));
    cr_expect(actor_may(&own, "edit-users"));
    cr_expect_not(actor_may(&own, "delete-users"));
    full.scope = STR_ABSENT;
    cr_expect(actor_is_admin(&full), "absent is as empty");
}

Test(actor, an_unscoped_personal_token_reads_and_does_not_administer) /* PT-03 */
{
    struct actor reads = by_personal(&admin, ""), scoped = by_personal(&admin, "edit-users");
    cr_expect(actor_may(&reads, "view-users") && actor_may(&reads, "view-auth_clients"));
    cr_expect_not(actor_may(&reads, "edit-users"));
    cr_expect_not(actor_may(&reads, "create-auth_clients"));
    cr_expect(actor_may(&scoped, "edit-users"));
    cr_expect_not(actor_may(&scoped, "view-users"));
    reads.unscoped_full = true;
    cr_expect_not(actor_is_admin(&reads));
    cr_expect_not(actor_is_admin(&scoped));
    cr_expect_not(actor_may(&reads, "edit-users"));
}

Test(actor, a_client_has_its_token_s_scope_alone)
{
    struct actor a = by_client(&machine, "view-users"), none = by_client(&machine, "");
    cr_expect(actor_may(&a, "view-users"));
    cr_expect_not(actor_may(&a, "edit-users"));
    cr_expect_not(actor_may(&none, "view-users"));
    none.unscoped_full = true;
    cr_expect_not(actor_may(&none, "view-users"));
    cr_expect_not(actor_is_admin(&a));
    cr_expect_not(actor_is(&a, 3));
    cr_expect(str_is(actor_name(&a), "client:robot"));
    struct db_client off = machine;
    off.disabled = true;
    a.client = &off;
    cr_expect_not(actor_may(&a, "view-users"));
}

Test(actor, the_blocked_may_nothing_whatever_way_they_come)
{
    struct db_user blocked = admin;
    blocked.blocked = true;
    struct actor ways[] = {by_session(&blocked), by_token(&blocked, "", true), by_token(&blocked, "view-users", false), by_personal(&blocked, "")};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_not(actor_may(&ways[i], "view-users"));
        cr_expect_not(actor_is_admin(&ways[i]));
        cr_expect_not(actor_may_self(&ways[i], blocked.number, "view-users"));
    }
}

Test(actor, self_is_this_person_and_no_other)
{
    struct actor a = by_session(&plain);
    cr_expect(actor_is(&a, 1));
    cr_expect_not(actor_is(&a, 2));
    cr_expect_not(actor_is(&a, 0));
    cr_expect_not(actor_is(&actor_owner, 1));
    cr_expect(actor_may_self(&a, 1, "edit-own-profile"));
    cr_expect_not(actor_may_self(&a, 2, "edit-own-profile"));
    struct actor narrowed = by_token(&plain, "view-scopes", false), personal = by_personal(&plain, "");
    cr_expect_not(actor_may_self(&narrowed, 1, "edit-own-profile"));
    cr_expect(actor_may_self(&personal, 1, "view-own-tokens"));
    cr_expect_not(actor_may_self(&personal, 1, "delete-own-tokens"));
    struct actor scoped = by_token(&plain, "openid view-own-events", false), empty = by_token(&plain, "", false);
    cr_expect(actor_may_self(&scoped, 1, "view-own-events"));
    cr_expect_not(actor_may_self(&scoped, 1, "view-own-profile"));
    cr_expect_not(actor_may_self(&empty, 1, "view-own-profile"), "an empty scope is not an unscoped token");
    empty.unscoped = true;
    cr_expect(actor_may_self(&empty, 1, "view-own-profile"));
    cr_expect_not(actor_may_self(&empty, 1, "edit-own-profile"));
}

Test(actor, names_of_long_client_ids_stay_whole_and_bounded)
{
    char id[300];
    for (size_t i = 0; i < sizeof id; i++)
        id[i] = 'x';
    struct db_client longest = {.id = {id, 255}}, longer = {.id = {id, 300}};
    struct actor a = by_client(&longest, ""), b = by_client(&longer, "");
    cr_expect_eq(actor_name(&a).n, 7 + 255);
    cr_expect_eq(actor_name(&b).n, 7 + 255);
}
