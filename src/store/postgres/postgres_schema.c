/* SPDX-License-Identifier: MIT
 * postgres_schema: tables as this engine has them. Relies on migrations that write types as whole words; promises that a text is compared and ordered byte
 * by byte, as SQLite does, whatever the database's own order is, and that two processes never change the schema at once. */
#include "store/postgres/postgres_store.h"

#include "base/ascii.h"
#include "base/buf.h"

#include "base/banned.h"

enum { HAS_TABLE, LOCK, PATIENT, UNVALIDATED, INVALID_INDEX, FEED_AHEAD, FEED_GAP, REVOCATIONS_AHEAD, FOREIGN_KEYS, LINES };
static const char *const texts[LINES] = {
    /* Not to_regclass: that asks a cache, which inside a transaction may not have heard yet of what others have made. */
    [HAS_TABLE] = "SELECT count(*) FROM pg_class WHERE relname = $1 AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
    [LOCK] = "SELECT pg_advisory_xact_lock(7234598612002)",
    /* Until the transaction's end: a step may take long, and whoever waits for it waits long. */
    [PATIENT] = "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true),"
                " set_config('idle_in_transaction_session_timeout', '0', true)",
    [UNVALIDATED] = "SELECT 'constraint ' || conname || ' is not valid' FROM pg_constraint"
                    " WHERE connamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND NOT convalidated LIMIT 20",
    [INVALID_INDEX] = "SELECT 'index ' || relname || ' is not valid' FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
                      " WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND NOT (indisvalid AND indisready) LIMIT 20",
    [FEED_AHEAD] = "SELECT 'change ' || max(seq) || ' is beyond its counter' FROM changes"
                   " HAVING max(seq) >= (SELECT next FROM counters WHERE name = 'change')",
    [FEED_GAP] = "SELECT 'the feed of changes has a gap' FROM changes HAVING count(*) <> max(seq) - min(seq) + 1",
    [REVOCATIONS_AHEAD] = "SELECT 'revocation ' || max(number) || ' is beyond its counter' FROM revocations"
                          " HAVING max(number) >= (SELECT next FROM counters WHERE name = 'revocation')",
    /* One statement for each key, written by the server from its own catalogue. */
    [FOREIGN_KEYS] = "SELECT format('SELECT %L FROM %s AS c WHERE c.%I IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %s AS p WHERE p.%I = c.%I) LIMIT 1',"
                     " conrelid::regclass || ' names a missing row of ' || confrelid::regclass, conrelid::regclass, child.attname,"
                     " confrelid::regclass, parent.attname, child.attname) FROM pg_constraint"
                     " JOIN pg_attribute AS child ON child.attrelid = conrelid AND child.attnum = conkey[1]"
                     " JOIN pg_attribute AS parent ON parent.attrelid = confrelid AND parent.attnum = confkey[1]"
                     " WHERE contype = 'f' AND connamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
};
static const struct db_statements statements = {DB_STATEMENTS_COUNT + 1, texts, LINES};

enum { SCRIPT_MAX = 1 << 20 };

/* ---- the text of migrations ---- */

static bool is_word(char c)
{
    return ascii_letter(c) || ascii_digit(c) || c == '_';
}

/* From a word's first letter on: its length. */
static size_t word_length(str rest)
{
    size_t n = 0;
    while (n < rest.n && is_word(rest.p[n]))
        n++;
    return n;
}

/* From what is no code on (a text, a quoted name, a comment): its length; 0: it is code. */
static size_t skipped_length(str rest)
{
    char first = rest.p[0];
    size_t n = 1;
    if (first == '\'' || first == '"') {
        while (n < rest.n && rest.p[n] != first)
            n++;
        return n < rest.n ? n + 1 : n; /* a doubled quote is two texts in a row */
    }
    if (!str_starts(rest, STR("--")))
        return 0;
    return str_find(rest, '\n');
}

err postgres_schema_text(struct arena *a, const char *sql, str *out)
{
    static const str row_number = {"INTEGER PRIMARY KEY", sizeof("INTEGER PRIMARY KEY") - 1};
    struct buf b = buf_new(a, SCRIPT_MAX);
    str rest = str_of(sql);
    while (rest.n > 0) {
        size_t n = skipped_length(rest);
        bool code = n == 0;
        if (code)
            n = is_word(rest.p[0]) ? word_length(rest) : 1;
        str piece = {rest.p, n};
        if (code && str_starts(rest, row_number) && (rest.n == row_number.n || !is_word(rest.p[row_number.n])))
            piece = STR("BIGINT");
        buf_add(&b, piece);
        if (code && str_is(piece, "TEXT"))
            buf_add_z(&b, " COLLATE \"C\"");
        rest = (str){rest.p + n, rest.n - n};
    }
    return buf_done(&b, out);
}

err postgres_schema_script(struct db_conn *base, const char *sql)
{
    struct arena *a = arena_new(4 * SCRIPT_MAX);
    str text = STR_ABSENT;
    err e = a != NULL ? postgres_schema_text(a, sql, &text) : ERR(UNAVAILABLE, "store: out of memory");
    if (!FAILED(e))
        e = postgres_conn_script(base, text.p);
    arena_release(a);
    return e;
}

err postgres_schema_has_table(struct db_conn *base, const char *name, bool *has)
{
    int64_t value = 0;
    bool found = false;
    TRY(postgres_conn_scalar(base, CALL(HAS_TABLE, P_TEXT(str_of(name))), &value, &found));
    *has = found && value == 1;
    return OK;
}

err postgres_schema_lock(struct db_conn *base)
{
    INVARIANT(base->open);
    TRY(postgres_conn_run(base, CALL_ALONE(PATIENT), NULL));
    return postgres_conn_run(base, CALL_ALONE(LOCK), NULL);
}

/* ---- is it whole? ---- */

static const struct db_field text_fields[] = {{DB_TEXT, 0}};
static const struct db_columns text_columns = DB_COLUMNS(str, text_fields);

static err add_lines(struct db_conn *base, struct arena *a, const struct db_call *call, struct buf *lines)
{
    struct db_rows rows = {NULL, 0};
    TRY(postgres_conn_many(base, a, call, &text_columns, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        buf_add(lines, ((const str *)rows.rows)[i]);
        buf_char(lines, '\n');
    }
    return OK;
}

static err check_foreign_keys(struct db_conn *base, struct arena *a, struct buf *lines)
{
    struct db_rows keys = {NULL, 0};
    TRY(postgres_conn_many(base, a, CALL_ALONE(FOREIGN_KEYS), &text_columns, &keys));
    for (size_t i = 0; i < keys.count; i++) {
        str defect = STR_ABSENT;
        TRY(postgres_conn_ask(base, a, ((const str *)keys.rows)[i].p, &defect));
        if (str_present(defect)) {
            buf_add(lines, defect);
            buf_char(lines, '\n');
        }
    }
    return OK;
}

static err check_all(struct db_conn *base, struct arena *a, struct buf *lines)
{
    TRY(postgres_conn_run(base, CALL_ALONE(PATIENT), NULL));
    for (size_t line = UNVALIDATED; line < FOREIGN_KEYS; line++)
        TRY(add_lines(base, a, &(const struct db_call){&statements, line, NULL, 0}, lines));
    return check_foreign_keys(base, a, lines);
}

err postgres_schema_integrity(struct db_conn *base, struct arena *a, str *defects)
{
    struct buf lines = buf_new(a, BUF_JSON_MAX);
    TRY(postgres_conn_snapshot(base));
    err e = check_all(base, a, &lines);
    postgres_conn_rollback(base);
    TRY(e);
    return buf_done(&lines, defects);
}
