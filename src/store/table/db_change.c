/* SPDX-License-Identifier: MIT
 * db_change: relies on the writer's lock, or on the counter's row lock, for the order of numbers; promises that a transaction which changed
 * something kept in memory and its lines are committed together or not at all, and that the table never holds more than
 * DB_CHANGES_KEPT + DB_CHANGES_BITE lines. */
#include "store/table/db_change.h"

#include "store/store_internal.h"

#include "base/banned.h"

enum { ADD, FORGET, NEWEST, AFTER };
static const char *const texts[] = {
    [ADD] = "INSERT INTO changes (seq, kind, key) VALUES ($1, $2, $3)",
    [FORGET] = "DELETE FROM changes WHERE seq <= $1",
    [NEWEST] = "SELECT next - 1 FROM counters WHERE name IN ('change', 'revocation') ORDER BY name",
    [AFTER] = "SELECT seq, kind, key FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2",
};
DB_STATEMENTS(change, texts);
static const struct db_field fields[] = {
    {DB_INT, offsetof(struct db_change, seq)}, {DB_TEXT, offsetof(struct db_change, kind)}, {DB_TEXT, offsetof(struct db_change, key)}};
static const struct db_columns columns = DB_COLUMNS(struct db_change, fields);
static const struct db_field number_fields[] = {{DB_INT, 0}};
static const struct db_columns number_shape = DB_COLUMNS(int64_t, number_fields);

static const struct {
    const char *word, *table, *key;
} kinds[] = {{"", "", ""},
#define X(name_, word_, table_, key_) {word_, table_, key_},
             DB_CHANGES(X)
#undef X
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The table that the statement writes; absent: it only reads. */
static str written_table(str text)
{
    static const char *const verbs[] = {"INSERT INTO ", "UPDATE ", "DELETE FROM "};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        str verb = str_of(verbs[i]);
        if (str_starts(text, verb)) {
            str rest = {text.p + verb.n, text.n - verb.n};
            return (str){rest.p, str_find(rest, ' ')};
        }
    }
    return STR_ABSENT;
}

enum db_change_kind db_change_of(const char *text)
{
    str table = written_table(str_of(text));
    for (size_t i = 1; i < KINDS; i++)
        if (str_is(table, kinds[i].table))
            return (enum db_change_kind)i;
    return DB_CHANGE_NONE;
}

bool db_change_fits(const char *text)
{
    enum db_change_kind kind = db_change_of(text);
    str key = str_of(kinds[kind].key), all = str_of(text), returning = STR(" RETURNING ");
    if (kind == DB_CHANGE_NONE && !str_present(written_table(all)) && !str_starts(all, STR("SELECT ")))
        return false; /* it is spelled otherwise than all others: what it writes is not seen */
    if (kind == DB_CHANGE_NONE || kind == DB_CHANGE_REVOCATION)
        return true;
    return str_ends(all, key) && str_ends((str){all.p, all.n - key.n}, returning);
}

const char *db_change_word(enum db_change_kind kind)
{
    return kinds[kind].word;
}

enum db_change_kind db_change_kind_of(str word)
{
    for (size_t i = 1; i < KINDS; i++)
        if (str_is(word, kinds[i].word))
            return (enum db_change_kind)i;
    return DB_CHANGE_NONE;
}

err db_change_note(struct db_conn *c, enum db_change_kind kind, str key)
{
    int64_t seq = 0;
    if (!str_present(key))
        FAIL(UNAVAILABLE, "store: out of memory");
    if (!c->feeding.on)
        return OK;
    c->feeding.touched = true;
    TRY(db_number_next(c, DB_COUNT_CHANGE, &seq));
    TRY(db_run(c, CALL(ADD, P_INT(seq), P_TEXT(str_of(kinds[kind].word)), P_TEXT(key)), NULL));
    return seq % DB_CHANGES_BITE == 0 ? db_run(c, CALL(FORGET, P_INT(seq - DB_CHANGES_KEPT)), NULL) : OK;
}

err db_change_newest(struct db_conn *c, struct arena *a, struct store_place *out)
{
    struct db_rows rows = {NULL, 0};
    TRY(db_many(c, a, CALL_ALONE(NEWEST), &number_shape, &rows));
    if (rows.count != 2)
        FAIL(UNAVAILABLE, "store: the feed's counters are missing");
    const int64_t *numbers = rows.rows;
    *out = (struct store_place){numbers[0], numbers[1]};
    return OK;
}

err db_change_after(struct db_conn *c, struct arena *a, int64_t seq, struct db_rows *out)
{
    return db_many(c, a, CALL(AFTER, P_INT(seq), P_INT(DB_CHANGES_READ)), &columns, out);
}
