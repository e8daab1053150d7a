/* SPDX-License-Identifier: MIT
 * postgres_statement: values go in and rows come out as they were, and a statement that may break a constraint stands in a savepoint. */
#include "store/fresh.h"
#include "store/postgres/postgres_batch.h"

#include "base/banned.h"

Test(postgres_statement, texts_and_numbers_come_back_as_they_went)
{
    struct fresh s = fresh_postgres(false);
    struct db_user u = {.username = STR("zo\xc3\xab"), .full_name = STR(""), .email = STR_ABSENT, .permissions = STR("a\\b'c\"d")}, *r;
    MUST(db_user_add(s.tx, s.a, &u, NULL));
    MUST(db_user_logged_in(s.tx, u.number, INT64_MAX));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_is(r->username, "zo\xc3\xab") && str_is(r->permissions, "a\\b'c\"d"));
    cr_assert(str_present(r->full_name) && r->full_name.n == 0 && !str_present(r->email), "empty is not absent");
    cr_assert_eq(r->last_login_at, INT64_MAX);
    MUST(db_user_logged_in(s.tx, u.number, INT64_MIN));
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert_eq(r->last_login_at, INT64_MIN);
    MUST_FAIL(INVALID_REQUEST, db_scope_add(s.tx, (str){"a\0b", 3}, STR("words")));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'a'"), 0, "a NUL byte cuts nothing");
    fresh_end(&s);
}

/* ---- which statements stand in a savepoint ---- */

/* Columns that a unique index or a foreign key looks at. */
static bool is_watched(PGconn *c, str table, str column)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relname = '%.*s' AND attname = '%.*s' AND ("
                   "EXISTS (SELECT 1 FROM pg_index WHERE indrelid = attrelid AND indisunique AND (attnum = ANY (indkey) OR pg_get_expr(indpred, indrelid) LIKE "
                   "'%%' || attname || '%%'))"
                   " OR EXISTS (SELECT 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = attrelid AND attnum = ANY (conkey)))",
                   STR_FMT(table), STR_FMT(column));
    return hand_number(c, sql) > 0;
}

static str word_after(const char *text, const char *before)
{
    const char *p = strstr(text, before);
    if (p == NULL)
        return STR_ABSENT;
    p += strlen(before);
    return (str){p, strcspn(p, " (,")};
}

static bool updates_watched(PGconn *c, const char *text)
{
    str table = word_after(text, "UPDATE ");
    const char *set = strstr(text, " SET "), *where = strstr(text, " WHERE ");
    for (const char *p = set; p != NULL && (where == NULL || p < where); p = strstr(p + 1, " = ")) {
        const char *end = p == set ? p + 5 + strcspn(p + 5, " ") : p, *begin = end;
        while (begin > set && (begin[-1] == '_' || (begin[-1] >= 'a' && begin[-1] <= 'z')))
            begin--;
        if (end > begin && is_watched(c, table, (str){begin, (size_t)(end - begin)}))
            return true;
    }
    return false;
}

static bool deletes_named(PGconn *c, const char *text)
{
    char sql[256];
    str table = word_after(text, "DELETE FROM ");
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass('%.*s')", STR_FMT(table));
    return hand_number(c, sql) > 0;
}

Test(postgres_statement, every_statement_that_can_break_a_constraint_stands_in_a_savepoint)
{
    struct fresh s = fresh_postgres(false);
    PGconn *c = hand(s.database);
    size_t seen = 0;
    for (size_t i = 0; i < store_statement_count(); i++) {
        const char *text = store_statement_text(i);
        bool insert = strncmp(text, "INSERT ", 7) == 0 && strstr(text, "ON CONFLICT DO NOTHING") == NULL;
        bool update = strncmp(text, "UPDATE ", 7) == 0 && updates_watched(c, text);
        bool remove = strncmp(text, "DELETE ", 7) == 0 && deletes_named(c, text);
        if (insert || update || remove) {
            seen++;
            cr_expect(postgres_conn_may_break(text), "%s", text);
        }
    }
    cr_assert_gt(seen, 15u);
    PQfinish(c);
    fresh_end(&s);
}

/* ---- rows ---- */

Test(postgres_statement, a_number_is_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {{"0", 0}, {"-1", -1}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1.0", "1x", "--1", "9223372036854775808", "-9223372036854775809"};
    int64_t number = 77;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        MUST(postgres_statement_number(str_of(good[i].text), &number));
        cr_expect_eq(number, good[i].number, "%s", good[i].text);
    }
    number = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        MUST_FAIL(SERVER_ERROR, postgres_statement_number(str_of(bad[i]), &number));
    cr_assert_eq(number, 77);
}

Test(postgres_statement, a_hash_that_is_none_is_damage)
{
    struct fresh s = fresh_postgres(false);
    struct db_session row = fresh_session(&s, fresh_user(&s, "ada").number, "a"), *r = &row;
    (void)by_hand(&s, "UPDATE sessions SET hash = 'AAAA'");
    MUST_FAIL(SERVER_ERROR, db_session_get(s.tx, s.a, row.number, &r));
    cr_assert_eq(r, &row);
    fresh_end(&s);
}

Test(postgres_statement, without_room_for_the_rows_nothing_is_put_out)
{
    struct fresh s = fresh_postgres(false);
    struct arena *small = arena_new(64);
    struct db_user u = fresh_user(&s, "ada"), *r = &u;
    MUST_FAIL(UNAVAILABLE, db_user_by_number(s.tx, small, u.number, &r));
    cr_assert_eq(r, &u);
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert_neq(r, &u);
    arena_release(small);
    fresh_end(&s);
}

static err change_without_line(struct db_conn *c, void *context)
{
    struct tx tx = {.store = context, .c = c};
    struct postgres_conn *own = postgres_conn_of(c);
    buf_reserve(&own->keys, 1);
    own->keys.over = true; /* as when the list of lines is longer than it may be */
    MUST_FAIL(UNAVAILABLE, db_scope_add(&tx, STR("mine"), STR("words")));
    return OK; /* whatever its caller makes of it */
}

Test(postgres_statement, a_change_whose_line_cannot_be_kept_is_never_committed)
{
    struct fresh s = fresh_postgres(false);
    MUST_FAIL(UNAVAILABLE, db_write(s.tx, DB_SEVERAL, change_without_line, s.store));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 0);
    fresh_end(&s);
}
