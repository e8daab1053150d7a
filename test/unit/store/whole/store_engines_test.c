/* SPDX-License-Identifier: MIT
 * Where SQLite and PostgreSQL read the same words otherwise, our statements must not: order of what is absent, of bytes, and of letters. Runs on both. */
#include "store/fresh.h"

#include "base/banned.h"

/* The names of a list, with a blank between. */
static const char *listed(struct fresh *s, str order_by, bool descending, str filter)
{
    static char out[256];
    struct db_user_rows rows;
    size_t n = 0;
    MUST(db_user_list(s->tx, s->a, &(struct db_page){.limit = 100, .order_by = order_by, .descending = descending, .filter = filter}, &rows));
    out[0] = '\0';
    for (size_t i = 0; i < rows.count; i++)
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", i > 0 ? " " : "", STR_FMT(rows.rows[i].username));
    return out;
}

static void add(struct fresh *s, const char *name, const char *email, const char *full_name)
{
    struct db_user u = {.username = str_of(name), .email = str_of(email), .full_name = str_of(full_name)};
    MUST(db_user_add(s->tx, s->a, &u, NULL));
}

Test(store_engines, who_has_none_stands_first_and_bytes_are_the_order)
{
    struct fresh s = fresh_new(false);
    add(&s, "has-b", "b@example.org", "beth");
    add(&s, "has-none", NULL, NULL);
    add(&s, "has-a", "a@example.org", "Zoe");
    add(&s, "has-e", "\xc3\xa9@example.org", "\xc3\x89mile");
    cr_expect_str_eq(listed(&s, STR("email"), false, STR_ABSENT), "has-none has-a has-b has-e");
    cr_expect_str_eq(listed(&s, STR("email"), true, STR_ABSENT), "has-e has-b has-a has-none");
    cr_expect_str_eq(listed(&s, STR("full_name"), false, STR_ABSENT), "has-none has-a has-b has-e");
    cr_expect_str_eq(listed(&s, STR("full_name"), true, STR_ABSENT), "has-e has-b has-a has-none");
    fresh_end(&s);
}

Test(store_engines, filters_fold_ascii_letters_and_no_others)
{
    struct fresh s = fresh_new(false);
    add(&s, "emile", NULL, "\xc3\x89mile ZOLA");
    cr_expect_str_eq(listed(&s, STR_ABSENT, false, STR("zola")), "emile");
    cr_expect_str_eq(listed(&s, STR_ABSENT, false, STR("ZOLA")), "emile");
    cr_expect_str_eq(listed(&s, STR_ABSENT, false, STR("\xc3\x89mile")), "emile");
    cr_expect_str_eq(listed(&s, STR_ABSENT, false, STR("%")), "");
    cr_expect_str_eq(listed(&s, STR_ABSENT, false, STR("\\")), "");
    cr_expect_str_eq(listed(&s, STR_ABSENT, false, STR("m_le")), "");
    fresh_end(&s);
}

Test(store_engines, pats_without_a_name_stand_first)
{
    struct fresh s = fresh_new(false);
    int64_t user = fresh_user(&s, "ada").number;
    static const char *const names[] = {"b", NULL, "a"};
    for (size_t i = 0; i < 3; i++) {
        struct db_pat p = {.user_number = user, .hash = hash_of(i == 0 ? "x" : i == 1 ? "y" : "z"), .name = str_of(names[i]), .created_at = T0};
        MUST(db_pat_add(s.tx, s.a, &p));
    }
    for (int down = 0; down < 2; down++) {
        struct db_pat_rows rows;
        MUST(db_pat_list(s.tx, s.a, user, &(struct db_page){.limit = 10, .order_by = STR("name"), .descending = down == 1}, &rows));
        cr_assert_eq(rows.count, 3u);
        cr_expect_not(str_present(rows.rows[down == 1 ? 2 : 0].name));
        cr_expect(str_is(rows.rows[1].name, "a"));
    }
    fresh_end(&s);
}

Test(store_engines, scopes_are_told_apart_by_their_case) /* RFC 6749 3.3 */
{
    struct fresh s = fresh_new(false);
    int64_t user = fresh_user(&s, "ada").number, client = fresh_client(&s, "app").number;
    struct db_session b = {.user_number = user, .id = STR("b"), .hash = hash_of("b"), .created_at = T0, .expires_at = T0 + 100};
    static const char *const scopes[] = {"offline_access", "openid OFFLINE_ACCESS", "openid offline_access email", "not_offline_access", NULL};
    int64_t numbers[5];
    bool ended;
    MUST(db_session_reserve(s.tx, &b.number));
    MUST(db_session_open(s.tx, &b));
    for (size_t i = 0; i < 5; i++) {
        struct db_authorization g = fresh_authorization_made(&s, user, client);
        g.scope = str_of(scopes[i]);
        g.session_id = b.id;
        g.generation = 1;
        MUST(db_authorization_add(s.tx, &g));
        numbers[i] = g.number;
    }
    MUST(db_authorization_end_session(s.tx, s.a, &(struct db_session_name){user, b.id}, &ended));
    for (size_t i = 0; i < 5; i++) {
        struct db_authorization *g = store_authorization_again(&s, numbers[i]);
        cr_expect_eq(g->revoked_at == 0, i == 0 || i == 2, "%s", scopes[i] != NULL ? scopes[i] : "none");
    }
    fresh_end(&s);
}

Test(store_engines, the_most_of_nothing_is_nothing)
{
    struct fresh s = fresh_new(false);
    struct db_event_rows rows;
    int64_t deleted = 1;
    MUST(db_event_list(s.tx, s.a, STR_ABSENT, &(struct db_page){.limit = 10}, &rows));
    cr_assert(rows.count == 0 && rows.total == 0);
    MUST(db_purge(s.store, T0, 100, &deleted));
    cr_assert_eq(deleted, 0);
    fresh_end(&s);
}
