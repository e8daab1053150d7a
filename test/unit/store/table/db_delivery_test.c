/* SPDX-License-Identifier: MIT
 * Claims about the outbox: what is due is taken once a lease, failures wait, nothing grows without bound, and the notices of a
 * session's end stand exactly when the session is gone (LO-02, RL-06, RF-08). */
#include "store/fresh.h"
#include "store/table/db_delivery.h"
#include "base/banned.h"

static struct db_delivery one(int64_t client, const char *url)
{
    return (struct db_delivery){
        .kind = STR("ping"), .client_number = client, .url = str_of(url), .media_type = STR("application/json"), .body = STR("{}"), .bearer = STR("b")};
}

static size_t due(struct fresh *s, unix_time now, struct db_delivery **rows)
{
    size_t count;
    MUST(db_delivery_take(s->tx, s->a, now, now + 100, rows, &count));
    return count;
}

Test(delivery, is_taken_once_a_lease_and_gone_when_done)
{
    struct fresh s = fresh_new(true);
    struct db_delivery d = one(7, "https://a.example/x"), *rows;
    MUST(db_delivery_add(s.tx, &d));
    cr_assert_eq(due(&s, T0 - 1, &rows), 0u);
    cr_assert_eq(due(&s, T0, &rows), 1u);
    cr_assert_eq(rows[0].number, d.number);
    cr_assert(str_is(rows[0].bearer, "b"));
    cr_assert_eq(due(&s, T0 + 99, &rows), 0u, "taken twice");
    cr_assert_eq(due(&s, T0 + 100, &rows), 1u, "lost with the process that took it");
    MUST(db_delivery_return(s.tx, &rows[0]));
    cr_assert_eq(due(&s, T0 + 100, &rows), 1u, "a stop must not cost a lease");
    MUST(db_delivery_done(s.tx, d.number));
    cr_assert_eq(due(&s, T0 + 9999, &rows), 0u);
    fresh_end(&s);
}

Test(delivery, a_failure_holds_back_all_for_the_same_receiver_alone)
{
    struct fresh s = fresh_new(true);
    struct db_delivery a = one(7, "https://a.example/x"), b = one(7, "https://a.example/x"), c = one(8, "https://b.example/y"), *rows;
    bool any;
    unix_time next;
    MUST(db_delivery_add(s.tx, &a));
    MUST(db_delivery_add(s.tx, &b));
    MUST(db_delivery_add(s.tx, &c));
    MUST(db_delivery_postpone(s.tx, &a, T0 + 60));
    cr_assert_eq(due(&s, T0, &rows), 1u);
    cr_assert_eq(rows[0].number, c.number);
    MUST(db_delivery_done(s.tx, c.number));
    MUST(db_delivery_next(s.tx, &next, &any));
    cr_assert(any && next == T0 + 60);
    cr_assert_eq(due(&s, T0 + 60, &rows), 2u);
    cr_assert_eq(rows[0].number, b.number, "what failed before goes last");
    cr_assert_eq(rows[1].tries, 1);
    fresh_end(&s);
}

Test(delivery, one_client_cannot_fill_the_outbox) /* RL-06 */
{
    struct fresh s = fresh_new(false);
    struct db_delivery d;
    for (int i = 0; i < DB_DELIVERIES_PER_CLIENT; i++) {
        d = one(7, "https://a.example/x");
        MUST(db_delivery_add(s.tx, &d));
    }
    d = one(7, "https://a.example/x");
    MUST_FAIL(THROTTLED, db_delivery_add(s.tx, &d));
    d = one(8, "https://a.example/x");
    MUST(db_delivery_add(s.tx, &d));
    fresh_end(&s);
}

static int calls;
static void called(void *context)
{
    (void)context;
    calls++;
}

Test(delivery, who_waits_is_called_after_the_commit_and_only_then)
{
    struct fresh s = fresh_new(true);
    struct db_delivery d = one(7, "https://a.example/x");
    db_delivery_when_added(s.store, called, NULL);
    MUST(store_ready(s.store));
    cr_assert_eq(calls, 0);
    MUST(db_delivery_add(s.tx, &d));
    cr_assert_eq(calls, 1);
    db_delivery_when_added(s.store, NULL, NULL);
    fresh_end(&s);
}

Test(delivery, what_nobody_fetched_is_purged)
{
    struct fresh s = fresh_new(true);
    struct db_delivery ends = one(7, "https://a.example/x"), open_end = one(7, "https://a.example/x");
    int64_t deleted;
    ends.expires_at = T0 + 10;
    MUST(db_delivery_add(s.tx, &ends));
    MUST(db_delivery_add(s.tx, &open_end));
    MUST(db_purge(s.store, T0 + 86400, 1000, &deleted));
    cr_assert_eq(deleted, 0);
    MUST(db_purge(s.store, T0 + 10 + 86400, 1000, &deleted));
    cr_assert_eq(deleted, 1);
    MUST(db_purge(s.store, T0 + 33 * 86400, 1000, &deleted));
    cr_assert_eq(deleted, 1);
    fresh_end(&s);
}

/* ---- the end of a session ---- */

static int64_t hearing_client(struct fresh *s, const char *id, const char *uri)
{
    struct db_client c = {.id = str_of(id), .name = STR("App"), .auth_method = STR("any"), .grants = STR("authorization_code"), .scopes = STR("openid")};
    c.metadata.backchannel_logout_uri = str_of(uri);
    MUST(db_client_add(s->tx, &c));
    return c.number;
}

static void session_of(struct fresh *s, int64_t user, const char *id)
{
    struct db_session row = {
        .id = str_of(id), .hash = hash_of(id), .user_number = user, .created_at = T0, .last_seen_at = T0, .auth_time = T0, .expires_at = T0 + 1000};
    MUST(db_session_reserve(s->tx, &row.number));
    MUST(db_session_open(s->tx, &row));
}

static int64_t grant_in(struct fresh *s, int64_t user, int64_t client, const char *session, const char *scope)
{
    struct db_authorization g = {.user_number = user,
                                 .client_number = client,
                                 .client_epoch = 1,
                                 .scope = str_of(scope),
                                 .flow = STR("authorization_code"),
                                 .created_at = T0,
                                 .auth_time = T0,
                                 .expires_at = T0 + 60,
                                 .session_id = str_of(session)};
    char id[37];
    random_uuid(id);
    g.id = str_dup(s->a, str_of(id));
    MUST(db_authorization_reserve(s->tx, &g.number));
    MUST(db_authorization_add(s->tx, &g));
    return g.number;
}

Test(logout, tells_the_clients_of_that_session_and_spares_offline_access) /* LO-02, RF-08 */
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t a = hearing_client(&s, "a", "https://a.example/out"), b = hearing_client(&s, "b", "https://b.example/out");
    int64_t deaf = fresh_client(&s, "deaf").number;
    session_of(&s, u.number, "one");
    session_of(&s, u.number, "two");
    int64_t ends = grant_in(&s, u.number, a, "one", "openid"), lives = grant_in(&s, u.number, a, "one", "openid offline_access");
    int64_t other = grant_in(&s, u.number, b, "two", "openid"), bare = grant_in(&s, u.number, deaf, "one", NULL);
    struct db_delivery *rows;
    struct db_authorization *row;
    bool open;
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){u.number, STR("one")}, &open));
    cr_assert(open);
    cr_assert_eq(store_revoked(&s), 2u);
    const int64_t numbers[] = {ends, bare, lives, other};
    for (size_t i = 0; i < 4; i++) {
        MUST(db_authorization_get(s.tx, s.a, numbers[i], &row));
        cr_assert_eq(row->revoked_at != 0, i < 2, "%zu", i);
    }
    cr_assert_eq(due(&s, T0, &rows), 1u, "each client hears once, the others nothing");
    cr_assert_eq(rows[0].client_number, a);
    cr_assert(str_is(rows[0].url, "https://a.example/out"));
    cr_assert(strstr(rows[0].body.p, "\"sid\":\"one\"") != NULL && strstr(rows[0].body.p, u.id.p) != NULL);
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){u.number, STR("one")}, &open));
    cr_assert_not(open);
    cr_assert_eq(due(&s, T0, &rows), 0u, "an end is told once");
    fresh_end(&s);
}

Test(logout, of_all_sessions_leaves_the_one_that_is_kept)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t a = hearing_client(&s, "a", "https://a.example/out");
    struct db_session *sessions;
    struct db_delivery *rows;
    size_t count;
    session_of(&s, u.number, "one");
    session_of(&s, u.number, "two");
    (void)grant_in(&s, u.number, a, "one", "openid");
    (void)grant_in(&s, u.number, a, "two", "openid");
    MUST(db_session_list(s.tx, s.a, u.number, &sessions, &count)); /* newest first */
    struct db_new_password change = {.user = u.number, .hash = "$x", .keep_session = sessions[0].number};
    MUST(db_user_set_password(s.tx, s.a, &change));
    cr_assert_eq(due(&s, T0, &rows), 1u);
    cr_assert(strstr(rows[0].body.p, "\"sid\":\"one\"") != NULL);
    MUST(db_user_remove(s.tx, s.a, u.number));
    cr_assert_eq(due(&s, T0, &rows), 1u);
    cr_assert(strstr(rows[0].body.p, "\"sid\":\"two\"") != NULL);
    fresh_end(&s);
}

Test(logout, a_full_outbox_keeps_nobody_logged_in) /* RL-06, LO-02 */
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t flooded = hearing_client(&s, "a", "https://a.example/out"), calm = hearing_client(&s, "b", "https://b.example/out");
    struct db_delivery *rows, d;
    bool open;
    session_of(&s, u.number, "one");
    (void)grant_in(&s, u.number, flooded, "one", "openid");
    (void)grant_in(&s, u.number, calm, "one", "openid");
    for (int i = 0; i < DB_DELIVERIES_PER_CLIENT; i++) {
        d = one(flooded, "https://a.example/x");
        d.due_at = T0 + 500;
        MUST(db_delivery_add(s.tx, &d));
    }
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){u.number, STR("one")}, &open));
    cr_assert(open && store_revoked(&s) == 2);
    cr_assert_eq(due(&s, T0, &rows), 1u, "who has room hears it");
    cr_assert_eq(rows[0].client_number, calm);
    fresh_end(&s);
}
