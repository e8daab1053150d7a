/* SPDX-License-Identifier: MIT
 * People: names, conflicts, the last administrator, what ends with a block, a password, a removal; lists. */
#include "store/fresh.h"

#include "base/banned.h"

static int64_t sessions_of(struct fresh *s, int64_t user)
{
    struct db_session *rows;
    size_t count;
    MUST(db_session_list(s->tx, s->a, user, &rows, &count));
    return (int64_t)count;
}

static int64_t session_for(struct fresh *s, int64_t user)
{
    struct db_session row = {
        .id = STR("public"), .hash = hash_of("x"), .user_number = user, .created_at = T0, .expires_at = T0 + 1000, .address = STR("192.0.2.1")};
    MUST(db_session_reserve(s->tx, &row.number));
    MUST(db_session_open(s->tx, &row));
    return row.number;
}

static struct db_pat pat_for(struct fresh *s, int64_t user, const char *token)
{
    struct db_pat p = {.user_number = user, .hash = hash_of(token), .name = STR("laptop"), .scope = STR("openid")};
    MUST(db_pat_add(s->tx, s->a, &p));
    return p;
}

Test(user, is_found_by_number_id_and_name_in_any_letter_case)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "Ada.Lovelace"), *r = NULL;
    cr_assert_eq(u.id.n, 36);
    cr_assert_eq(u.version, 1);
    cr_assert_eq(u.created_at, T0);
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_is(r->username, "Ada.Lovelace"));
    cr_assert(str_is(r->email, "a@example.org"));
    cr_assert_not(r->admin);
    MUST(db_user_by_id(s.tx, s.a, u.id, &r));
    cr_assert_eq(r->number, u.number);
    MUST(db_user_by_name(s.tx, s.a, STR("aDA.lOVELACE"), &r));
    cr_assert_eq(r->number, u.number);
    fresh_end(&s);
}

Test(user, absence_is_null_not_a_failure)
{
    struct fresh s = fresh_new(true);
    struct db_user *r = (struct db_user *)&s;
    MUST(db_user_by_number(s.tx, s.a, 4711, &r));
    cr_assert_null(r);
    MUST(db_user_by_id(s.tx, s.a, STR("nobody"), &r));
    cr_assert_null(r);
    MUST(db_user_by_name(s.tx, s.a, STR("nobody"), &r));
    cr_assert_null(r);
    fresh_end(&s);
}

Test(user, an_absent_text_differs_from_an_empty_one)
{
    struct fresh s = fresh_new(true);
    struct db_user u = {.username = STR("a"), .email = STR("")}, *r;
    MUST(db_user_add(s.tx, s.a, &u, NULL));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_present(r->email));
    cr_assert_not(str_present(r->full_name));
    cr_assert_not(str_present(r->password_hash));
    fresh_end(&s);
}

Test(user, a_name_is_taken_in_any_letter_case_and_outputs_stay_untouched)
{
    struct fresh s = fresh_new(true);
    (void)fresh_user(&s, "ada");
    struct db_user u = {.username = STR("ADA")};
    MUST_FAIL(CONFLICT, db_user_add(s.tx, s.a, &u, NULL));
    cr_assert_eq(u.number, 0);
    cr_assert_not(str_present(u.id));
    struct db_user_rows rows;
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.limit = 10}, &rows));
    cr_assert_eq(rows.total, 1);
    fresh_end(&s);
}

Test(user, an_arena_without_room_fails_and_adds_nobody)
{
    struct fresh s = fresh_new(true);
    struct arena *small = arena_new(16);
    struct db_user u = {.username = STR("ada")};
    MUST_FAIL(UNAVAILABLE, db_user_add(s.tx, small, &u, NULL));
    arena_release(small);
    struct db_user_rows rows;
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.limit = 10}, &rows));
    cr_assert_eq(rows.total, 0);
    fresh_end(&s);
}

Test(user, saving_needs_the_version_that_was_read)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), *r;
    u.full_name = STR("First");
    MUST(db_user_save(s.tx, s.a, &u, NULL));
    cr_assert_eq(store_revoked(&s), 0u);
    u.full_name = STR("Second");
    MUST_FAIL(CONFLICT, db_user_save(s.tx, s.a, &u, NULL));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_is(r->full_name, "First"));
    cr_assert_eq(r->version, 2);
    fresh_end(&s);
}

Test(user, saving_a_taken_name_is_a_conflict_and_changes_nothing)
{
    struct fresh s = fresh_new(true);
    (void)fresh_user(&s, "ada");
    struct db_user u = fresh_user(&s, "bob"), *r;
    u.username = STR("Ada");
    MUST_FAIL(CONFLICT, db_user_save(s.tx, s.a, &u, NULL));
    MUST(db_user_by_name(s.tx, s.a, STR("bob"), &r));
    cr_assert_eq(r->version, 1);
    fresh_end(&s);
}

Test(user, saving_nobody_is_not_found)
{
    struct fresh s = fresh_new(true);
    struct db_user u = {.number = 99, .version = 1, .username = STR("x")};
    MUST_FAIL(NOT_FOUND, db_user_save(s.tx, s.a, &u, NULL));
    fresh_end(&s);
}

/* AD-07 */
Test(user, the_last_administrator_stays)
{
    struct fresh s = fresh_new(true);
    struct db_user root = fresh_admin(&s, "root"), two = fresh_admin(&s, "two"), change = two, *r;
    change.blocked = true;
    MUST(db_user_save(s.tx, s.a, &change, NULL)); /* two is blocked: root is the last one who can log in */
    change = root;
    change.admin = false;
    MUST_FAIL(UNPROCESSABLE, db_user_save(s.tx, s.a, &change, NULL));
    change = root;
    change.blocked = true;
    MUST_FAIL(UNPROCESSABLE, db_user_save(s.tx, s.a, &change, NULL));
    MUST_FAIL(UNPROCESSABLE, db_user_remove(s.tx, s.a, root.number));
    MUST(db_user_by_number(s.tx, s.a, root.number, &r));
    cr_assert(r->admin && !r->blocked);
    MUST(db_user_remove(s.tx, s.a, two.number)); /* a blocked administrator is not the last one */
    change = root;
    change.full_name = STR("Still here");
    MUST(db_user_save(s.tx, s.a, &change, NULL));
    (void)fresh_admin(&s, "three");
    MUST(db_user_remove(s.tx, s.a, root.number));
    fresh_end(&s);
}

Test(user, a_block_ends_sessions_and_grants_but_not_personal_tokens)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), other = fresh_user(&s, "bob");
    struct db_client c = fresh_client(&s, "app");
    struct db_authorization g = fresh_authorization(&s, u.number, c.number), h = fresh_authorization(&s, other.number, c.number);
    (void)session_for(&s, u.number);
    (void)session_for(&s, other.number);
    struct db_pat p = pat_for(&s, u.number, "pat"), *q;
    u.blocked = true;
    MUST(db_user_save(s.tx, s.a, &u, NULL));
    cr_assert_eq(store_revoked(&s), 1u);
    cr_assert(str_equal(store_revoked_last(&s), g.id));
    cr_assert_eq(store_authorization_again(&s, g.number)->revoked_at, T0);
    cr_assert_eq(store_authorization_again(&s, h.number)->revoked_at, 0);
    cr_assert_eq(sessions_of(&s, u.number), 0);
    cr_assert_eq(sessions_of(&s, other.number), 1);
    MUST(db_pat_by_id(s.tx, s.a, p.id, &q));
    cr_assert_eq(q->revoked_at, 0);
    u.version++;
    u.blocked = false;
    MUST(db_user_save(s.tx, s.a, &u, NULL));
    cr_assert_eq(store_authorization_again(&s, g.number)->revoked_at, T0); /* what a block ended stays ended */
    fresh_end(&s);
}

Test(user, a_new_password_ends_all_but_the_session_that_asked)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), *r;
    struct db_client c = fresh_client(&s, "app");
    struct db_authorization g = fresh_authorization(&s, u.number, c.number);
    int64_t keep = session_for(&s, u.number);
    (void)session_for(&s, u.number);
    struct db_pat p = pat_for(&s, u.number, "pat"), *q;
    struct db_session *session;
    MUST(db_user_set_password(s.tx, s.a, &(struct db_new_password){u.number, "$new", keep, false, false}));
    cr_assert_eq(store_revoked(&s), 1u);
    cr_assert_neq(store_authorization_again(&s, g.number)->revoked_at, 0);
    MUST(db_session_get(s.tx, s.a, keep, &session));
    cr_assert_not_null(session);
    cr_assert_eq(sessions_of(&s, u.number), 1);
    MUST(db_pat_by_id(s.tx, s.a, p.id, &q));
    cr_assert_eq(q->revoked_at, 0);
    MUST(db_user_set_password(s.tx, s.a, &(struct db_new_password){u.number, "$newer", 0, true, false}));
    cr_assert_eq(sessions_of(&s, u.number), 0);
    MUST(db_pat_by_id(s.tx, s.a, p.id, &q));
    cr_assert_eq(q->revoked_at, T0);
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_is(r->password_hash, "$newer"));
    cr_assert_eq(r->password_changed_at, T0);
    MUST_FAIL(NOT_FOUND, db_user_set_password(s.tx, s.a, &(struct db_new_password){99, "$x", 0, false, false}));
    fresh_end(&s);
}

Test(user, a_rehash_ends_nothing_and_loses_to_a_new_password)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), *r;
    (void)session_for(&s, u.number);
    MUST(db_user_rehash(s.tx, u.number, u.password_hash, "$better"));
    MUST(db_user_rehash(s.tx, u.number, STR("$stale"), "$worse"));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_is(r->password_hash, "$better"));
    cr_assert_eq(sessions_of(&s, u.number), 1);
    fresh_end(&s);
}

Test(user, a_login_is_noted_without_disturbing_an_edit)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), *r;
    MUST(db_user_logged_in(s.tx, u.number, T0 + 5));
    u.full_name = STR("New");
    MUST(db_user_save(s.tx, s.a, &u, NULL));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert_eq(r->last_login_at, T0 + 5);
    fresh_end(&s);
}

/* ST-06 */
Test(user, a_removed_person_leaves_number_and_id_and_nothing_else)
{
    struct fresh s = fresh_new(false);
    struct db_user u = fresh_user(&s, "Ada"), *r;
    struct db_client c = fresh_client(&s, "app");
    struct db_authorization g = fresh_authorization(&s, u.number, c.number);
    struct db_pat p = pat_for(&s, u.number, "pat"), *q;
    (void)session_for(&s, u.number);
    MUST(db_consent_remember(s.tx, u.number, c.number, STR("openid"), T0));
    db_event_add(s.tx, &(struct db_event){.name = STR("login.ok"), .actor = u.id, .address = STR("192.0.2.1")});
    db_event_add(s.tx, &(struct db_event){.name = STR("login.failed"), .subject = STR("ada"), .address = STR("192.0.2.1")});
    MUST(db_user_remove(s.tx, s.a, u.number));
    cr_assert_eq(store_revoked(&s), 1u);
    cr_assert(str_equal(store_revoked_last(&s), g.id));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert_null(r);
    MUST(db_user_by_id(s.tx, s.a, u.id, &r));
    cr_assert_null(r);
    MUST(db_pat_by_hash(s.tx, s.a, &p.hash, &q));
    cr_assert_null(q);
    cr_assert_eq(sessions_of(&s, u.number), 0);
    str scope;
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert_not(str_present(scope));
    struct db_event_rows events;
    MUST(db_event_list(s.tx, s.a, STR_ABSENT, &(struct db_page){.limit = 10}, &events));
    cr_assert_eq(events.count, 2u);
    for (size_t i = 0; i < events.count; i++) {
        cr_assert_not(str_present(events.rows[i].address));
        cr_assert_not(str_is(events.rows[i].subject, "ada"));
    }
    MUST_FAIL(NOT_FOUND, db_user_remove(s.tx, s.a, u.number));
    struct db_user again = fresh_user(&s, "ada"); /* the name is free, number and id are not */
    cr_assert_neq(again.number, u.number);
    cr_assert_not(str_equal(again.id, u.id));
    char command[160];
    store_close(s.store);
    (void)snprintf(command, sizeof(command), "%s/jeton.db", s.directory);
    fresh_open(&s, false);
    fresh_end(&s);
}

Test(user, nobody_can_stand_in_the_way_of_a_tombstone)
{
    struct fresh s = fresh_new(false);
    struct db_user u = fresh_user(&s, "ada");
    struct db_user in_the_way = {.username = str_format(s.a, "REMOVED:%.*s", STR_FMT(u.id))};
    MUST_FAIL(INVALID_REQUEST, db_user_add(s.tx, s.a, &in_the_way, NULL));
    MUST(db_user_remove(s.tx, s.a, u.number));
    fresh_end(&s);
}

/* ---- lists ---- */

static void three(struct fresh *s)
{
    static const char *const names[] = {"carl", "Ada", "bob_100~"};
    for (size_t i = 0; i < 3; i++) {
        struct db_user u = {.username = str_of(names[i]), .created_at = T0 + (int64_t)i, .email = i == 0 ? STR("ADA@carl.example") : STR("x@example.org")};
        MUST(db_user_add(s->tx, s->a, &u, NULL));
    }
}

static str first_of(struct fresh *s, const char *column, bool descending)
{
    struct db_user_rows rows;
    struct db_page page = {.order_by = str_of(column), .descending = descending, .limit = 1};
    MUST(db_user_list(s->tx, s->a, &page, &rows));
    cr_assert_eq(rows.total, 3);
    cr_assert_eq(rows.count, 1u);
    return rows.rows[0].username;
}

Test(users, are_ordered_by_each_column_both_ways)
{
    struct fresh s = fresh_new(true);
    three(&s);
    cr_assert(str_is(first_of(&s, NULL, false), "Ada"));
    cr_assert(str_is(first_of(&s, "username", true), "carl"));
    cr_assert(str_is(first_of(&s, "created_at", false), "carl"));
    cr_assert(str_is(first_of(&s, "created_at", true), "bob_100~"));
    cr_assert(str_is(first_of(&s, "email", false), "carl"));
    static const char *const columns[] = {"full_name", "updated_at", "last_login_at", "id"};
    for (size_t i = 0; i < 4; i++) {
        (void)first_of(&s, columns[i], false);
        (void)first_of(&s, columns[i], true);
    }
    fresh_end(&s);
}

Test(users, are_paged_and_filtered_and_wildcards_are_letters)
{
    struct fresh s = fresh_new(true);
    three(&s);
    struct db_user_rows rows;
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.limit = 2, .offset = 2}, &rows));
    cr_assert_eq(rows.count, 1u);
    cr_assert_eq(rows.total, 3);
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.filter = STR("aDa"), .limit = 10}, &rows));
    cr_assert_eq(rows.total, 2); /* a name and an address */
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.filter = STR("_100~"), .limit = 10}, &rows));
    cr_assert_eq(rows.total, 1);
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.filter = STR("a_a"), .limit = 10}, &rows));
    cr_assert_eq(rows.total, 0);
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.filter = STR("!"), .limit = 10}, &rows));
    cr_assert_eq(rows.total, 0);
    fresh_end(&s);
}

/* AD-09 */
Test(users, refuse_what_is_not_in_the_table)
{
    struct fresh s = fresh_new(true);
    struct db_user_rows rows;
    static const char *const columns[] = {"password_hash", "username; DROP TABLE users", "", "USERNAME", "number--"};
    for (size_t i = 0; i < 5; i++)
        MUST_FAIL(UNPROCESSABLE, db_user_list(s.tx, s.a, &(struct db_page){.order_by = str_of(columns[i]), .limit = 1}, &rows));
    MUST_FAIL(UNPROCESSABLE, db_user_list(s.tx, s.a, &(struct db_page){.limit = 0}, &rows));
    MUST_FAIL(UNPROCESSABLE, db_user_list(s.tx, s.a, &(struct db_page){.limit = 101}, &rows));
    MUST_FAIL(UNPROCESSABLE, db_user_list(s.tx, s.a, &(struct db_page){.limit = 1, .offset = -1}, &rows));
    char *big = arena_take(s.a, 300);
    memset(big, 'a', 300);
    MUST_FAIL(UNPROCESSABLE, db_user_list(s.tx, s.a, &(struct db_page){.filter = {big, 300}, .limit = 1}, &rows));
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.filter = STR("' OR 1=1 --"), .limit = 1}, &rows));
    cr_assert_eq(rows.total, 0);
    fresh_end(&s);
}
