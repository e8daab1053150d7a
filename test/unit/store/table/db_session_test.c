/* SPDX-License-Identifier: MIT
 * db_session: a session lives to its end and no longer, and whoever ends it ends what was allowed in it. */
#include "store/fresh.h"

#include "base/banned.h"

Test(session, lives_until_it_ends_and_not_a_second_longer)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_session row = fresh_session(&s, u.number, "public"), *r = NULL;
    MUST(db_session_seen(s.tx, row.number, T0 + 50));
    clock_set(T0 + 99);
    MUST(db_session_get(s.tx, s.a, row.number, &r));
    cr_assert(token_hash_equal(&r->hash, &row.hash));
    cr_assert_eq(r->last_seen_at, T0 + 50);
    cr_assert(str_is(r->user_agent, "Browser"));
    clock_set(T0 + 100);
    MUST(db_session_get(s.tx, s.a, row.number, &r));
    cr_assert_null(r);
    fresh_end(&s);
}

Test(session, is_ended_by_number_or_by_its_owners_id_with_what_was_allowed_in_it)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), other = fresh_user(&s, "bob");
    struct db_session a = fresh_session(&s, u.number, "a"), b = fresh_session(&s, u.number, "b"), *r, *rows;
    size_t count;
    bool ended = true;
    MUST(db_session_end(s.tx, a.number));
    MUST(db_session_get(s.tx, s.a, a.number, &r));
    cr_assert_null(r);
    struct db_session_name foreign = {other.number, b.id}, own = {u.number, b.id};
    struct db_client client = fresh_client(&s, "app");
    struct db_authorization inside = fresh_authorization(&s, u.number, client.number), outside = fresh_authorization(&s, u.number, client.number);
    inside.session_id = b.id;
    inside.id = STR("given in b");
    MUST(db_authorization_reserve(s.tx, &inside.number));
    MUST(db_authorization_add(s.tx, &inside));
    MUST(db_authorization_end_session(s.tx, s.a, &foreign, &ended));
    cr_assert_not(ended);
    MUST(db_session_list(s.tx, s.a, u.number, &rows, &count));
    cr_assert_eq(count, 1u);
    MUST(db_authorization_end_session(s.tx, s.a, &own, &ended));
    cr_assert(ended);
    struct db_authorization *kept;
    struct db_revocation *told;
    MUST(db_authorization_get(s.tx, s.a, outside.number, &kept));
    cr_assert_eq(kept->revoked_at, 0);
    MUST(db_revocation_since(s.tx, s.a, 0, &told, &count));
    cr_assert_eq(count, 1u);
    cr_assert(str_equal(told[0].id, inside.id), "in the same transaction");
    MUST(db_session_end(s.tx, b.number)); /* once more harms nobody */
    MUST_FAIL(CONFLICT,
              db_session_open(s.tx, &(struct db_session){
                                        .number = fresh_session(&s, u.number, "z").number, .id = STR("x"), .hash = hash_of("y"), .user_number = u.number}));
    fresh_end(&s);
}

Test(session, the_last_use_is_seen_by_all_and_of_nobody_there_is_none)
{
    struct fresh s = fresh_new(true);
    struct db_session row = fresh_session(&s, fresh_user(&s, "ada").number, "a"), *r;
    MUST(db_session_seen(s.tx, row.number, T0 + 60));
    MUST(db_session_seen(s.tx, row.number + 1, T0 + 60)); /* gone meanwhile: harms nobody */
    MUST(db_session_get(s.tx, s.a, row.number, &r));
    cr_assert_eq(r->last_seen_at, T0 + 60);
    cr_assert_eq(by_hand(&s, "SELECT last_seen_at FROM sessions"), T0 + 60, "other connections see it too");
    fresh_end(&s);
}

Test(session, of_nobody_is_refused)
{
    struct fresh s = fresh_new(true);
    struct db_session row = {.id = STR("x"), .hash = hash_of("x"), .user_number = 4711, .expires_at = T0 + 10};
    MUST(db_session_reserve(s.tx, &row.number));
    MUST_FAIL(NOT_FOUND, db_session_open(s.tx, &row));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM sessions"), 0);
    fresh_end(&s);
}

Test(session, lists_are_of_the_newest_hundred)
{
    enum { MANY = 101 };
    struct fresh s = fresh_new(false);
    int64_t user = fresh_user(&s, "ada").number, last = 0;
    struct db_session *rows;
    size_t count;
    for (int i = 0; i < MANY; i++)
        last = fresh_session(&s, user, str_format(s.a, "s%d", i).p).number;
    MUST(db_session_list(s.tx, s.a, user, &rows, &count));
    cr_assert(count == MANY - 1 && rows[0].number == last && rows[count - 1].number == last - MANY + 2);
    clock_set(T0 + 100);
    MUST(db_session_list(s.tx, s.a, user, &rows, &count));
    cr_assert_eq(count, 0u);
    fresh_end(&s);
}
