/* SPDX-License-Identifier: MIT
 * db_initial: a use is counted once, and a client is purged only when nothing can hang on it (RFC 7591 3, RL-06). */
#include "store/fresh.h"

#include "base/banned.h"

static struct db_initial token_of(struct fresh *s, const char *text, int64_t uses)
{
    struct db_initial t = {.label = str_of(text), .hash = hash_of(text), .grants = STR("authorization_code"), .uses_left = uses, .expires_at = T0 + 100};
    MUST(db_initial_add(s->tx, s->a, &t));
    return t;
}

static bool take(struct fresh *s, int64_t number, unix_time now)
{
    bool taken = false;
    MUST(db_initial_take(s->tx, number, now, &taken));
    return taken;
}

Test(initial, each_use_is_counted_and_one_that_came_to_nothing_given_back)
{
    struct fresh s = fresh_new(true);
    struct db_initial t = token_of(&s, "two", 2), *row;
    cr_assert(take(&s, t.number, T0) && take(&s, t.number, T0));
    cr_assert_not(take(&s, t.number, T0));
    MUST(db_initial_find(s.tx, s.a, &t.hash, T0, &row));
    cr_assert_null(row, "used up");
    MUST(db_initial_give_back(s.tx, t.number));
    MUST(db_initial_find(s.tx, s.a, &t.hash, T0 + 99, &row));
    cr_assert(row != NULL && row->uses_left == 1 && str_is(row->grants, "authorization_code") && !str_present(row->scopes));
    cr_assert_not(take(&s, t.number, T0 + 100), "ended");
    MUST(db_initial_find(s.tx, s.a, &t.hash, T0 + 100, &row));
    cr_assert_null(row);
    fresh_end(&s);
}

Test(initial, without_limit_nothing_is_counted)
{
    struct fresh s = fresh_new(true);
    struct db_initial t = token_of(&s, "ever", -1), *row;
    for (int i = 0; i < 5; i++)
        cr_assert(take(&s, t.number, T0));
    MUST(db_initial_give_back(s.tx, t.number)); /* and nothing is given back: -1 is no number of uses */
    MUST(db_initial_find(s.tx, s.a, &t.hash, T0, &row));
    cr_assert_eq(row->uses_left, -1);
    fresh_end(&s);
}

Test(initial, lists_show_the_newest_first_and_a_removed_one_is_gone)
{
    struct fresh s = fresh_new(true);
    struct db_initial a = token_of(&s, "a", 1), b = token_of(&s, "b", 1), twin = {.hash = a.hash};
    struct db_initial_rows rows;
    bool removed = false;
    MUST_FAIL(CONFLICT, db_initial_add(s.tx, s.a, &twin));
    cr_assert(twin.number == 0 && !str_present(twin.id));
    MUST(db_initial_list(s.tx, s.a, &rows));
    cr_assert(rows.count == 2 && rows.rows[0].number == b.number && str_equal(rows.rows[1].id, a.id));
    MUST(db_initial_remove(s.tx, a.id, &removed));
    cr_assert(removed);
    MUST(db_initial_remove(s.tx, a.id, &removed));
    cr_assert_not(removed);
    cr_assert_not(take(&s, a.number, T0));
    fresh_end(&s);
}

/* ---- clients that nobody used ---- */

static int64_t purge_made_before(struct fresh *s, unix_time before)
{
    int64_t removed = -1;
    MUST(db_initial_purge_unused(s->tx, before, &removed));
    return removed;
}

static struct db_client client_of(struct fresh *s, const char *id, const char *origin, const char *grants)
{
    struct db_client c = {.id = str_of(id), .grants = str_of(grants), .auth_method = STR("any"), .created_at = T0};
    c.metadata.origin = str_of(origin);
    c.metadata.contacts = STR("\"origin\":\"open\""); /* words of a stranger are no member */
    MUST(db_client_add(s->tx, &c));
    return c;
}

Test(initial, only_what_came_by_itself_and_old_enough_is_purged)
{
    struct fresh s = fresh_new(true);
    (void)client_of(&s, "by-hand", NULL, "authorization_code");
    (void)client_of(&s, "with-a-token", "dynamic", "authorization_code");
    (void)client_of(&s, "machine", "open", "client_credentials");
    cr_assert_eq(purge_made_before(&s, T0 + 1), 0);
    (void)client_of(&s, "open", "open", "authorization_code");
    (void)client_of(&s, "document", "document", "authorization_code refresh_token");
    cr_assert_eq(purge_made_before(&s, T0), 0, "not before its time");
    cr_assert_eq(purge_made_before(&s, T0 + 1), 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM clients"), 3);
    struct db_client again = {.id = STR("open")};
    MUST(db_client_add(s.tx, &again)); /* it left no tombstone */
    fresh_end(&s);
}

Test(initial, a_client_with_a_grant_a_consent_or_a_request_stays)
{
    struct fresh s = fresh_new(true);
    int64_t user = fresh_user(&s, "ada").number;
    struct db_client granted = fresh_open_client(&s, "granted"), agreed = fresh_open_client(&s, "agreed"), asked = fresh_open_client(&s, "asked");
    struct db_deferred row = fresh_deferred(&s, asked.number, "CODE");
    (void)fresh_authorization(&s, user, granted.number);
    MUST(db_consent_remember(s.tx, user, agreed.number, STR("openid"), T0));
    MUST(db_deferred_add(s.tx, &row, &(struct db_deferred_caps){0}));
    cr_assert_eq(purge_made_before(&s, T0 + 1), 0);
    (void)fresh_open_client(&s, "unused");
    cr_assert_eq(purge_made_before(&s, T0 + 1), 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 3, "its secret went along");
    fresh_end(&s);
}

static int64_t held_by(struct fresh *s, const char *source)
{
    int64_t held = -1;
    MUST(db_registration_held(s->tx, str_of(source), &held));
    return held;
}

Test(initial, room_is_made_where_most_are_held)
{
    struct fresh s = fresh_new(true);
    struct db_client few = client_of(&s, "few", "open", "authorization_code");
    MUST(db_registration_note(s.tx, few.number, STR("at:198.51.100.7")));
    struct db_client first = fresh_open_client(&s, "first"), used = fresh_open_client(&s, "used");
    (void)fresh_open_client(&s, "last");
    (void)fresh_authorization(&s, fresh_user(&s, "ada").number, used.number);
    cr_assert(held_by(&s, "at:192.0.2.1") == 3 && held_by(&s, "at:198.51.100.7") == 1 && held_by(&s, "at:203.0.113.1") == 0);
    int64_t removed = -1;
    MUST(db_registration_make_room(s.tx, T0, &removed));
    cr_assert_eq(removed, 0, "all are too young");
    MUST(db_registration_make_room(s.tx, T0 + 1, &removed));
    cr_assert_eq(removed, 1);
    char sql[80];
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM clients WHERE number = %d", (int)first.number);
    cr_assert_eq(by_hand(&s, sql), 0, "the oldest of them");
    cr_assert(held_by(&s, "at:192.0.2.1") == 2 && held_by(&s, "at:198.51.100.7") == 1);
    MUST(db_client_remove(s.tx, used.number));
    cr_assert_eq(held_by(&s, "at:192.0.2.1"), 1, "who is gone holds nothing");
    fresh_end(&s);
}
