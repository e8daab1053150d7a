/* SPDX-License-Identifier: MIT
 * sqlite_statement: values go in and rows come out as they were, and what cannot is a failure that leaves everything as it was. */
#include "store/fresh.h"

#include "store/sqlite/sqlite_conn.h"

#include "base/banned.h"

/* A table of the test's own: the engine's numbers for its statements are those of a file that this test does not use. */
enum { PUT, ALL, TEXT_OF, MOST, PUT_TOLD, RAW };
static const char *const texts[] = {
    [PUT] = "INSERT INTO things (text, number, flag, hash) VALUES ($2, $1, $4, $3)", /* not in the order of their numbers */
    [ALL] = "SELECT number, text, flag, hash FROM things ORDER BY rowid",
    [TEXT_OF] = "SELECT text FROM things WHERE number = $1",
    [MOST] = "SELECT max(number) FROM things",
    [PUT_TOLD] = "INSERT INTO things (number) VALUES ($1), ($1 + 1), ($1 + 2) RETURNING number",
    [RAW] = "UPDATE things SET hash = $1",
};
static const struct db_statements statements = {DB_STATEMENTS_issuer, texts, sizeof(texts) / sizeof(texts[0])};

struct thing {
    int64_t number;
    str text;
    bool flag;
    struct token_hash hash;
};
static const struct db_field fields[] = {{DB_INT, offsetof(struct thing, number)},
                                         {DB_TEXT, offsetof(struct thing, text)},
                                         {DB_FLAG, offsetof(struct thing, flag)},
                                         {DB_HASH, offsetof(struct thing, hash)}};
static const struct db_columns columns = DB_COLUMNS(struct thing, fields);

struct things {
    struct fresh s;
    struct sqlite_conn *own;
    struct db_conn *c;
};

static struct things things_new(void)
{
    fresh_only_sqlite();
    struct things t = {.s = fresh_new(false)};
    MUST(sqlite_open(sqlite_of(t.s.store)->file, SQLITE_WRITING, &t.own));
    t.c = sqlite_base(t.own);
    MUST(t.c->driver->script(t.c, "CREATE TABLE things (number BIGINT, text TEXT, flag BIGINT, hash TEXT)"));
    return t;
}

static void things_end(struct things *t)
{
    sqlite_close(t->own);
    fresh_end(&t->s);
}

static void put(struct things *t, const struct thing *x)
{
    int64_t changed = 0;
    MUST(db_run(t->c, CALL(PUT, P_INT(x->number), P_TEXT(x->text), P_HASH(&x->hash), P_INT(x->flag)), &changed));
    cr_assert_eq(changed, 1);
}

Test(sqlite_statement, values_come_back_as_they_went)
{
    struct things t = things_new();
    const struct thing all[] = {{INT64_MIN, STR("zo\xc3\xab"), true, hash_of("a")},
                                {INT64_MAX, STR(""), false, {{0}}},
                                {0, STR_ABSENT, true, hash_of("b")},
                                {-1, {"a\0b", 3}, false, hash_of("c")}};
    enum { COUNT = sizeof(all) / sizeof(all[0]) };
    struct db_rows rows;
    for (size_t i = 0; i < COUNT; i++)
        put(&t, &all[i]);
    MUST(db_many(t.c, t.s.a, CALL_ALONE(ALL), &columns, &rows));
    cr_assert_eq(rows.count, (size_t)COUNT);
    const struct thing *back = rows.rows;
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect(back[i].number == all[i].number && back[i].flag == all[i].flag && token_hash_equal(&back[i].hash, &all[i].hash), "%zu", i);
        cr_expect(str_present(back[i].text) == str_present(all[i].text) && str_equal(back[i].text, all[i].text), "%zu", i);
    }
    cr_assert_eq(by_hand(&t.s, "SELECT count(*) FROM things WHERE hash IS NULL"), 1, "a hash of nothing but zeros is none");
    things_end(&t);
}

Test(sqlite_statement, a_number_is_the_first_column_of_the_first_row_or_none)
{
    struct things t = things_new();
    int64_t value = 77, changed = 0;
    bool found = true;
    MUST(db_scalar(t.c, CALL_ALONE(MOST), &value, &found));
    cr_assert(!found && value == 77, "the most of nothing is NULL");
    MUST(db_scalar(t.c, CALL(TEXT_OF, P_INT(1)), &value, &found));
    cr_assert(!found && value == 77, "no row");
    MUST(db_scalar(t.c, CALL(PUT_TOLD, P_INT(5)), &value, &found));
    cr_assert(found && value == 5);
    cr_assert_eq(by_hand(&t.s, "SELECT count(*) FROM things"), 3, "every row was stepped through");
    MUST(db_run(t.c, CALL(PUT_TOLD, P_INT(9)), &changed));
    cr_assert_eq(changed, 3);
    things_end(&t);
}

Test(sqlite_statement, a_failure_leaves_what_is_put_out_untouched_and_the_statement_usable)
{
    struct things t = things_new();
    struct arena *small = arena_new(256);
    struct thing big = {.number = 1};
    struct db_rows rows = {&big, 99};
    void *row = &big;
    char text[1000];
    memset(text, 'x', sizeof(text));
    big.text = (str){text, sizeof(text)};
    put(&t, &big);
    MUST_FAIL(UNAVAILABLE, db_many(t.c, small, CALL_ALONE(ALL), &columns, &rows));
    MUST_FAIL(UNAVAILABLE, db_one(t.c, small, CALL_ALONE(ALL), &columns, &row));
    cr_assert(rows.rows == &big && rows.count == 99 && row == &big);
    MUST(db_one(t.c, t.s.a, CALL_ALONE(ALL), &columns, &row));
    cr_assert(str_equal(((struct thing *)row)->text, big.text));
    arena_release(small);
    things_end(&t);
}

Test(sqlite_statement, a_hash_that_is_none_is_damage)
{
    static const char *const damaged[] = {"", "AAAA", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF"};
    struct things t = things_new();
    put(&t, &(struct thing){.number = 1, .hash = hash_of("a")});
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct db_rows rows;
        MUST(db_run(t.c, CALL(RAW, P_TEXT(str_of(damaged[i]))), NULL));
        MUST_FAIL(SERVER_ERROR, db_many(t.c, t.s.a, CALL_ALONE(ALL), &columns, &rows));
    }
    things_end(&t);
}

Test(sqlite_statement, many_rows_are_all_there)
{
    enum { MANY = 1000 };
    struct things t = things_new();
    struct db_rows rows;
    MUST(t.c->driver->begin(t.c));
    for (int i = 0; i < MANY; i++)
        put(&t, &(struct thing){.number = i});
    MUST(t.c->driver->commit(t.c));
    MUST(db_many(t.c, t.s.a, CALL_ALONE(ALL), &columns, &rows));
    cr_assert_eq(rows.count, (size_t)MANY);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(((struct thing *)rows.rows)[i].number, i);
    things_end(&t);
}

Test(sqlite_statement, a_change_whose_line_cannot_be_written_is_never_committed)
{
    struct fresh s = fresh_new(false);
    fresh_only_sqlite();
    (void)by_hand(&s, "ALTER TABLE changes RENAME TO elsewhere");
    MUST_FAIL(UNAVAILABLE, db_scope_add(s.tx, STR("mine"), STR("words")));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 0);
    (void)by_hand(&s, "ALTER TABLE elsewhere RENAME TO changes");
    MUST(db_scope_add(s.tx, STR("mine"), STR("words")));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes"), 1);
    fresh_end(&s);
}
