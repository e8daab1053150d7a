/* SPDX-License-Identifier: MIT
 * db_user_text: what two people may not share, and what an older database is told of its people. */
#include "store/fresh.h"
#include "store/table/db_user_text.h"

#include "base/banned.h"

Test(user_text, names_and_addresses_have_the_keys_by_which_they_are_compared)
{
    struct arena *a = arena_new(1 << 16);
    struct db_user_text t;
    MUST(db_user_text_of(a, STR("  Ada.L "), STR("Ada@Example.ORG"), &t));
    cr_assert(str_is(t.shown, "Ada.L") && str_is(t.key, "ada.l") && str_is(t.name_email, "ada.l"));
    cr_assert(str_is(t.email, "ada@example.org") && str_is(t.email_name, "ada@example.org") && !str_present(t.skeleton));
    MUST(db_user_text_of(a, STR("ada"), STR_ABSENT, &t));
    cr_assert(!str_present(t.email) && !str_present(t.email_name));
    MUST(db_user_text_of(a, STR("ada"), STR("\"a b\"@x"), &t));
    cr_assert(str_present(t.email) && !str_present(t.email_name), "no name can be so");
    t.key = STR("untouched");
    MUST_FAIL(INVALID_REQUEST, db_user_text_of(a, STR("a<b"), STR_ABSENT, &t));
    cr_assert(str_is(t.key, "untouched"));
    arena_release(a);
}

static enum db_user_clash_with clash_of(struct fresh *s, const char *name, const char *email, bool verified, bool wanted)
{
    struct db_user u = {.username = str_of(name), .email = str_of(email), .email_verified = verified};
    struct db_user_clash clash = {.look_alike_wanted = wanted};
    err e = db_user_add(s->tx, s->a, &u, &clash);
    cr_assert_eq(e.kind, clash.with == DB_USER_CLASH_NONE ? ERR_OK : ERR_CONFLICT, "%s: %s", name, err_why(e));
    return clash.with;
}

Test(user_text, nobody_gets_anothers_name_or_verified_address)
{
    struct fresh s = fresh_new(true);
    cr_assert_eq(clash_of(&s, "ada", "Ada@example.org", true, false), DB_USER_CLASH_NONE);
    cr_assert_eq(clash_of(&s, "ADA", NULL, false, false), DB_USER_CLASH_NAME);
    cr_assert_eq(clash_of(&s, "ADA", NULL, false, true), DB_USER_CLASH_NAME, "not even when it is wanted");
    cr_assert_eq(clash_of(&s, "ada@EXAMPLE.org", NULL, false, false), DB_USER_CLASH_NAME_IS_EMAIL);
    cr_assert_eq(clash_of(&s, "bob", "ada@example.ORG", true, false), DB_USER_CLASH_EMAIL);
    cr_assert_eq(clash_of(&s, "bob", "ada@example.ORG", false, false), DB_USER_CLASH_NONE, "said, but not verified");
    cr_assert_eq(clash_of(&s, "eve@example.org", NULL, false, false), DB_USER_CLASH_NONE);
    cr_assert_eq(clash_of(&s, "mallory", "eve@example.org", true, false), DB_USER_CLASH_EMAIL_IS_NAME);
    cr_assert_eq(clash_of(&s, "Iris", NULL, false, false), DB_USER_CLASH_NONE);
    cr_assert_eq(clash_of(&s, "lris", NULL, false, false), DB_USER_CLASH_LOOK); /* LS-22 */
    cr_assert_eq(clash_of(&s, "lris", NULL, false, true), DB_USER_CLASH_NONE);
    fresh_end(&s);
}

Test(user_text, a_person_may_keep_what_was_theirs_before)
{
    struct fresh s = fresh_new(true);
    struct db_user one = {.username = STR("Iris"), .email = STR("i@example.org"), .email_verified = true}, two = {.username = STR("lris")};
    MUST(db_user_add(s.tx, s.a, &one, NULL));
    MUST(db_user_add(s.tx, s.a, &two, &(struct db_user_clash){.look_alike_wanted = true}));
    two.full_name = STR("L. Ris");
    MUST(db_user_save(s.tx, s.a, &two, NULL)); /* the look is no news */
    one.username = STR("iris");
    MUST(db_user_save(s.tx, s.a, &one, NULL)); /* another case of one's own name */
    two.version++;
    two.email = STR("I@example.org");
    struct db_user_clash clash = {0};
    MUST(db_user_save(s.tx, s.a, &two, &clash));
    two.version++;
    two.email_verified = true;
    MUST_FAIL(CONFLICT, db_user_save(s.tx, s.a, &two, &clash)); /* now it would be verified */
    cr_assert(clash.with == DB_USER_CLASH_EMAIL && str_is(clash.other, "iris"));
    two.email = STR("l@example.org");
    MUST(db_user_save(s.tx, s.a, &two, &clash));
    two.version++;
    two.email = STR("i@example.org");
    clash = (struct db_user_clash){0};
    MUST_FAIL(CONFLICT, db_user_save(s.tx, s.a, &two, &clash)); /* verified before, but not this one */
    cr_assert_eq(clash.with, DB_USER_CLASH_EMAIL);
    fresh_end(&s);
}

Test(user_text, people_of_before_are_given_their_keys_and_who_came_first_keeps_an_address)
{
    enum { BEFORE = DB_USER_TEXT_VERSION - 1 };
#define PERSON(number_, name_, email_, claims_)                                                                                                         \
    "INSERT INTO users (number, id, username, username_key, email, claims, admin, blocked, created_at, updated_at, last_login_at, password_changed_at," \
    " version) VALUES (" number_ ", '" name_ "', '" name_ "', '" name_ "', '" email_ "', '{\"email_verified\":" claims_ "}', 0, 0, 0, 0, 0, 0, 1);"
    struct fresh s = {0};
    fresh_path(&s);
    struct db_conn *c = fresh_bare(&s);
    fresh_steps(c, BEFORE);
    MUST(c->driver->script(c, PERSON("1", "ada", "A@example.org", "true") PERSON("2", "bob", "a@Example.org", "true")
                                  PERSON("3", "c@example.org", "x@example.org", "true") PERSON("4", "dan", "C@example.org", "true")
                                      PERSON("5", "eve", "a@example.org", "false")));
    fresh_bare_end(c);
    s.a = arena_new(1 << 20);
    fresh_open(&s, false);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE email_key = 'a@example.org'"), 3);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE username_skeleton IS NOT NULL"), 5);
    cr_assert_eq(by_hand(&s, "SELECT sum(number) FROM users WHERE email_verified = 1"), 1 + 3, "bob came second, dan has another's name, eve never was");
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE claims LIKE '%\"email_verified\":true%'"), 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE version = 2"), 2, "who edits them now is told of the change");
    fresh_end(&s);
}
