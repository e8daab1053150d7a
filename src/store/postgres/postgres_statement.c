/* SPDX-License-Identifier: MIT
 * postgres_statement: one statement with what goes along with it, and its rows. Relies on postgres_batch; promises what driver.h does: a broken
 * constraint leaves the transaction usable, a change of what is kept in memory is never committed without its line in the feed, and outputs are
 * untouched by a failure. */
#include "store/postgres/postgres_batch.h"

#include "codec/b64url.h"
#include "store/table/db_change.h"

#include <string.h>

#include "base/banned.h"

static bool contains_text(str text, str part)
{
    for (size_t i = 0; i + part.n <= text.n; i++)
        if (str_starts((str){text.p + i, text.n - i}, part))
            return true;
    return false;
}

/* A test asks the server's catalogue whether another statement can break a constraint. */
bool postgres_conn_may_break(const char *text)
{
    str s = str_of(text);
    if (str_starts(s, STR("INSERT INTO ")))
        return !contains_text(s, STR(" ON CONFLICT DO NOTHING"));
    if (str_starts(s, STR("UPDATE users SET ")))
        return contains_text(s, STR("username_key = ")) || contains_text(s, STR("email_key = ")) || contains_text(s, STR("email_verified = "));
    if (str_starts(s, STR("UPDATE keys SET state = ")))
        return true;
    return str_starts(s, STR("DELETE FROM users ")) || str_starts(s, STR("DELETE FROM clients "));
}

bool postgres_conn_in_order(const char *text)
{
    return contains_text(str_of(text), STR(" ORDER BY "));
}

/* ---- a statement ---- */

/* The open transaction's name, in the last column of the first row. */
static void remember_id(struct postgres_conn *c, const struct postgres_answer *answer)
{
    str id = postgres_rows(answer) > 0 ? postgres_value(answer, 0, postgres_columns(answer) - 1) : STR_ABSENT;
    if (str_present(id) && id.n < sizeof(c->id))
        memcpy(c->id, id.p, id.n + 1);
}

static bool lacks_name(const struct postgres_conn *c)
{
    return c->base.open && !c->snapshot && !postgres_conn_named(c);
}

/* A question that expected changes may follow brings the name along; a change is asked for it afterwards. */
static enum postgres_form choose_form(const struct postgres_conn *c, const struct postgres_slot *slot)
{
    return slot->names && c->expects && lacks_name(c) ? FORM_NAMING : FORM_PLAIN;
}

/* `asked` after this statement, a name is the proof of a change; the rows are, where the name was there before. */
static void note_written(struct postgres_conn *c, bool asked, const struct postgres_answer *answer)
{
    c->wrote = c->wrote || (asked ? postgres_conn_named(c) : postgres_changed(answer) > 0);
}

/* A change by itself: was it made? `answered`: the server has said no. */
static void note_failed_statement(struct postgres_conn *c, const struct postgres_slot *slot, bool answered)
{
    if (c->base.open || !slot->writes || answered)
        return;
    c->trouble = POSTGRES_UNSURE;
    c->id[0] = '\0';
}

err postgres_statement_exchange(struct postgres_conn *c, const struct db_call *call, struct postgres_answer **out)
{
    TRY(postgres_batch_usable(c));
    struct postgres_batch b = {.c = c};
    struct postgres_slot *slot = postgres_batch_slot(c, call);
    bool step = c->base.open && slot->breaks, id = slot->writes && lacks_name(c);
    enum postgres_form form = choose_form(c, slot);
    postgres_batch_waiting(&b);
    if (step)
        postgres_batch_own_add(&b, OWN_STEP, NULL, 0);
    size_t at = b.count;
    postgres_batch_add(&b, call, form);
    if (step)
        postgres_batch_own_add(&b, OWN_STEP_KEEP, NULL, 0);
    if (id)
        postgres_batch_own_add(&b, OWN_ID, NULL, 0);
    err e = postgres_batch_go(&b);
    if (FAILED(e)) {
        postgres_batch_failed(c, e, step && b.refused == at);
        note_failed_statement(c, slot, b.refused < b.count);
        postgres_batch_free(&b);
        return e;
    }
    c->waits = 0;
    c->begun = c->base.open;
    if (id || form == FORM_NAMING)
        remember_id(c, b.items[b.count - 1].answer);
    if (c->base.open && slot->writes)
        note_written(c, id, b.items[at].answer);
    *out = b.items[at].answer;
    b.items[at].answer = NULL;
    postgres_batch_free(&b);
    return OK;
}

/* Text within an array of SQL. */
static void add_quoted(struct buf *b, str text)
{
    if (b->n > 0)
        buf_char(b, ',');
    buf_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            buf_char(b, '\\');
        buf_char(b, text.p[i]);
    }
    buf_char(b, '"');
}

/* Each row names one thing that was changed; its line is written with the commit. */
static err write_feed_lines(struct postgres_conn *c, enum db_change_kind kind, const struct postgres_answer *answer)
{
    INVARIANT(c->base.open); /* a change and its line are one transaction */
    c->base.feeding.touched = c->base.feeding.touched || kind == DB_CHANGE_REVOCATION;
    if (kind == DB_CHANGE_REVOCATION || !c->base.feeding.on)
        return OK;
    for (size_t i = 0; i < postgres_rows(answer); i++) {
        str key = postgres_value(answer, i, 0);
        if (str_present(key)) {
            add_quoted(&c->kinds, str_of(db_change_word(kind)));
            add_quoted(&c->keys, key);
        }
        if (!str_present(key) || c->kinds.over || c->keys.over || arena_failed(c->arena)) {
            c->broken = true;
            c->trouble = POSTGRES_WRONG;
            FAIL(UNAVAILABLE, "store: a line of the feed cannot be kept");
        }
        c->base.feeding.touched = true;
        c->lines++;
    }
    return OK;
}

err postgres_conn_run(struct db_conn *base, const struct db_call *call, int64_t *changed)
{
    struct postgres_conn *c = postgres_conn_of(base);
    struct postgres_answer *answer = NULL;
    TRY(postgres_statement_exchange(c, call, &answer));
    enum db_change_kind kind = (enum db_change_kind)postgres_batch_slot(c, call)->feeds;
    int64_t count = postgres_changed(answer);
    err e = kind != DB_CHANGE_NONE ? write_feed_lines(c, kind, answer) : OK;
    postgres_answer_free(answer);
    TRY(e);
    if (changed != NULL)
        *changed = count;
    return OK;
}

/* It is sent at once, and asked about when something must be waited for anyway. The transaction needs a name before: if the answer to its commit is lost,
 * nobody could ask by what became of it. */
err postgres_conn_expect(struct db_conn *base, const struct db_call *call, bool *changed)
{
    struct postgres_conn *c = postgres_conn_of(base);
    const struct postgres_slot *slot = postgres_batch_slot(c, call);
    int64_t count = 0;
    TRY(postgres_batch_usable(c));
    if (base->open && c->expects && postgres_conn_named(c) && !slot->breaks && slot->feeds == DB_CHANGE_NONE && c->sents + c->waits < POSTGRES_SENT_MAX) {
        struct postgres_batch b = {.c = c};
        postgres_batch_waiting(&b);
        postgres_batch_add(&b, call, FORM_EXPECTED);
        memcpy(c->sent, b.items, b.count * sizeof(b.items[0]));
        c->sents = b.count;
        c->waits = 0;
        *changed = c->wrote = true;
        return OK;
    }
    TRY(postgres_conn_run(base, call, &count));
    *changed = count == 1;
    return OK;
}

/* ---- rows ---- */

err postgres_statement_number(str text, int64_t *out)
{
    bool negative = text.n > 0 && text.p[0] == '-';
    uint64_t value = 0;
    if (FAILED(str_u64((str){text.p + negative, text.n - negative}, (uint64_t)INT64_MAX + negative, &value)))
        FAIL(SERVER_ERROR, "store: a stored number is damaged");
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return OK;
}

static err read_field(str text, struct arena *a, const struct db_field *field, char *row)
{
    void *to = row + field->at;
    int64_t number = 0;
    if (!str_present(text))
        return OK; /* the row's memory is zeroed: absent, 0, or no hash */
    switch (field->kind) {
    case DB_INT:
        return postgres_statement_number(text, to);
    case DB_FLAG:
        TRY(postgres_statement_number(text, &number));
        *(bool *)to = number != 0;
        return OK;
    case DB_HASH:
        if (FAILED(b64url_decode_exact(text, ((struct token_hash *)to)->bytes, sizeof(struct token_hash))))
            FAIL(SERVER_ERROR, "store: a stored hash is damaged");
        return OK;
    case DB_TEXT:
    default:
        *(str *)to = str_dup(a, text);
        if (!str_present(*(str *)to))
            FAIL(UNAVAILABLE, "store: the arena is full");
        return OK;
    }
}

static err read_rows(const struct postgres_answer *answer, struct arena *a, const struct db_columns *columns, struct db_rows *out)
{
    size_t count = postgres_rows(answer);
    INVARIANT(postgres_columns(answer) == columns->count || postgres_columns(answer) == columns->count + 1); /* the transaction's name is the last */
    char *rows = count > 0 ? arena_array(a, count, columns->size) : NULL;
    if (count > 0 && rows == NULL)
        FAIL(UNAVAILABLE, "store: the arena is full");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < columns->count; k++)
            TRY(read_field(postgres_value(answer, i, k), a, &columns->fields[k], rows + i * columns->size));
    *out = (struct db_rows){rows, count};
    return OK;
}

err postgres_conn_many(struct db_conn *base, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out)
{
    struct postgres_conn *c = postgres_conn_of(base);
    struct postgres_answer *answer = NULL;
    INVARIANT(postgres_batch_slot(c, call)->feeds == DB_CHANGE_NONE); /* what changes something kept is run */
    TRY(postgres_statement_exchange(c, call, &answer));
    err e = read_rows(answer, a, columns, out);
    postgres_answer_free(answer);
    return e;
}

err postgres_conn_scalar(struct db_conn *base, const struct db_call *call, int64_t *value, bool *found)
{
    struct postgres_conn *c = postgres_conn_of(base);
    struct postgres_answer *answer = NULL;
    INVARIANT(postgres_batch_slot(c, call)->feeds == DB_CHANGE_NONE);
    TRY(postgres_statement_exchange(c, call, &answer));
    str first = postgres_rows(answer) > 0 ? postgres_value(answer, 0, 0) : STR_ABSENT;
    err e = str_present(first) ? postgres_statement_number(first, value) : OK;
    *found = str_present(first);
    postgres_answer_free(answer);
    return e;
}
