/* SPDX-License-Identifier: MIT
 * db_logout: whose clients hear of the end of a session, that they hear it once, and that nothing keeps the session alive (LO-02, RL-06, RF-08). */
#include "store/fresh.h"

#include "base/banned.h"

static int64_t hearing_client(struct fresh *s, const char *id, const char *uri)
{
    struct db_client c = {.id = str_of(id), .name = STR("App"), .auth_method = STR("any"), .grants = STR("authorization_code"), .scopes = STR("openid")};
    c.metadata.backchannel_logout_uri = str_of(uri);
    MUST(db_client_add(s->tx, &c));
    return c.number;
}

static int64_t grant_in(struct fresh *s, int64_t user, int64_t client, const char *session, const char *scope)
{
    struct db_authorization g = fresh_authorization_made(s, user, client);
    g.session_id = str_of(session);
    g.scope = str_of(scope);
    MUST(db_authorization_add(s->tx, &g));
    return g.number;
}

Test(logout, tells_the_clients_of_that_session_and_spares_offline_access) /* LO-02, RF-08 */
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t a = hearing_client(&s, "a", "https://a.example/out"), b = hearing_client(&s, "b", "https://b.example/out");
    int64_t deaf = fresh_client(&s, "deaf").number;
    (void)fresh_session(&s, u.number, "one");
    (void)fresh_session(&s, u.number, "two");
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
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u, "each client hears once, the others nothing");
    cr_assert_eq(rows[0].client_number, a);
    cr_assert(str_is(rows[0].url, "https://a.example/out"));
    cr_assert(strstr(rows[0].body.p, "\"sid\":\"one\"") != NULL && strstr(rows[0].body.p, u.id.p) != NULL);
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){u.number, STR("one")}, &open));
    cr_assert_not(open);
    cr_assert_eq(fresh_due(&s, T0, &rows), 0u, "an end is told once");
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
    (void)fresh_session(&s, u.number, "one");
    (void)fresh_session(&s, u.number, "two");
    (void)grant_in(&s, u.number, a, "one", "openid");
    (void)grant_in(&s, u.number, a, "two", "openid");
    MUST(db_session_list(s.tx, s.a, u.number, &sessions, &count)); /* newest first */
    struct db_new_password change = {.user = u.number, .hash = "$x", .keep_session = sessions[0].number};
    MUST(db_user_set_password(s.tx, s.a, &change));
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u);
    cr_assert(strstr(rows[0].body.p, "\"sid\":\"one\"") != NULL);
    MUST(db_user_remove(s.tx, s.a, u.number));
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u);
    cr_assert(strstr(rows[0].body.p, "\"sid\":\"two\"") != NULL);
    fresh_end(&s);
}

Test(logout, a_full_outbox_keeps_nobody_logged_in) /* RL-06, LO-02 */
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t flooded = hearing_client(&s, "a", "https://a.example/out"), calm = hearing_client(&s, "b", "https://b.example/out");
    struct db_delivery *rows;
    bool open;
    (void)fresh_session(&s, u.number, "one");
    (void)grant_in(&s, u.number, flooded, "one", "openid");
    (void)grant_in(&s, u.number, calm, "one", "openid");
    for (int i = 0; i < DB_DELIVERIES_PER_CLIENT; i++) {
        struct db_delivery d = fresh_delivery(flooded, "https://a.example/x");
        d.due_at = T0 + 500;
        MUST(db_delivery_add(s.tx, &d));
    }
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){u.number, STR("one")}, &open));
    cr_assert(open && store_revoked(&s) == 2);
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u, "who has room hears it");
    cr_assert_eq(rows[0].client_number, calm);
    fresh_end(&s);
}

Test(logout, whoever_is_disabled_gone_or_got_nothing_yet_hears_nothing)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t disabled = hearing_client(&s, "a", "https://a.example/out"), gone = hearing_client(&s, "b", "https://b.example/out");
    int64_t waiting = hearing_client(&s, "c", "https://c.example/out"), live = hearing_client(&s, "d", "https://d.example/out");
    struct db_authorization g = fresh_authorization_made(&s, u.number, waiting);
    struct db_delivery *rows;
    bool open;
    (void)fresh_session(&s, u.number, "one");
    (void)grant_in(&s, u.number, disabled, "one", "openid");
    (void)grant_in(&s, u.number, gone, "one", "openid");
    (void)grant_in(&s, u.number, live, "one", "openid");
    g.session_id = STR("one");
    (void)fresh_code(&s, &g); /* nobody has fetched its tokens */
    MUST(db_client_set_disabled(s.tx, disabled, true));
    MUST(db_client_remove(s.tx, gone));
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){u.number, STR("one")}, &open));
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u);
    cr_assert_eq(rows[0].client_number, live);
    fresh_end(&s);
}

Test(logout, of_a_session_that_is_over_nothing_is_told)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    int64_t a = hearing_client(&s, "a", "https://a.example/out");
    struct db_delivery *rows;
    (void)fresh_session(&s, u.number, "one");
    (void)grant_in(&s, u.number, a, "one", "openid");
    clock_set(T0 + 100);
    MUST(db_user_remove(s.tx, s.a, u.number));
    cr_assert_eq(fresh_due(&s, T0 + 100, &rows), 0u);
    fresh_end(&s);
}
