/* SPDX-License-Identifier: MIT
 * postgres_conn: statements and transactions on one link. Relies on one thread using a connection at a time; promises what driver.h does: a
 * broken constraint leaves the transaction usable, any other failure makes it worthless, and a change of what is kept in memory is
 * committed together with its line in the feed.
 *
 *   [idle] ──begin──▶ [open, nothing sent] ──statement──▶ [open] ──commit──▶ [idle]
 *                                                           │ any failure but a broken constraint
 *                                                           ▼
 *                                                       [broken]: every call is UNAVAILABLE ──rollback──▶ [idle]
 *
 * A round trip is what costs, so nothing is sent before it must be: BEGIN, savepoints and guards wait for the next statement and go with it in one
 * pipeline. A statement that may break a constraint stands in a savepoint of its own, in the same pipeline. The lines of the feed are gathered
 * and written with the COMMIT, again in one: their counter's row, which orders all commits that change something kept, is locked last and briefly. */
#include "store/postgres/postgres_conn.h"

#include "base/buf.h"
#include "codec/b64url.h"
#include "store/postgres/postgres_errors.h"
#include "store/table/db_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* The driver's own statements. */
#define LOCK(table_, key_, how_) "SELECT 1 FROM " table_ " WHERE " key_ " = $1 FOR " how_
enum {
    BEGIN, SNAPSHOT, COMMIT, ROLLBACK, SAVE, KEEP, UNDO, STEP, STEP_KEEP, STEP_UNDO, ID, LINES, TRIM, NOTIFY, OUTCOME, CHOSEN, HEADS, LISTEN,
    SHARED, ALONE = SHARED + DB_GUARD_COUNT, OWN_COUNT = ALONE + DB_GUARD_COUNT
};
static const char *const own_texts[OWN_COUNT] = {
    [BEGIN] = "BEGIN",
    [SNAPSHOT] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVE] = "SAVEPOINT part",
    [KEEP] = "RELEASE part",
    [UNDO] = "ROLLBACK TO part",
    [STEP] = "SAVEPOINT step",
    [STEP_KEEP] = "RELEASE step",
    [STEP_UNDO] = "ROLLBACK TO step",
    [ID] = "SELECT pg_current_xact_id_if_assigned()",
    /* The counter is locked from here to the end of the transaction, so seq is the order of commits. */
    [LINES] = "WITH taken AS (UPDATE counters SET next = next + $1 WHERE name = 'change' RETURNING next - $1 AS first)"
              " INSERT INTO changes (seq, kind, key) SELECT first + place - 1, kind, key"
              " FROM taken, unnest(('{' || $2 || '}')::text[], ('{' || $3 || '}')::text[]) WITH ORDINALITY AS line (kind, key, place)",
    [TRIM] = "DELETE FROM changes WHERE seq <= (SELECT (next - 1) / $2 * $2 - $1 FROM counters WHERE name = 'change')",
    [NOTIFY] = "SELECT pg_notify('jeton_changes', '')",
    [OUTCOME] = "SELECT CASE WHEN $2 <> CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
                " || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) THEN 'unknown'"
                " ELSE pg_xact_status($1::xid8) END",
    [CHOSEN] = "SELECT CASE WHEN pg_try_advisory_xact_lock(7234598612001) THEN 1 ELSE 0 END",
    [HEADS] = "SELECT next FROM counters WHERE name IN ('change', 'revocation') ORDER BY name",
    [LISTEN] = "LISTEN jeton_changes",
#define X(name_, table_, key_) [SHARED + DB_GUARD_##name_] = LOCK(table_, key_, "SHARE"),
    DB_GUARDS(X)
#undef X
#define X(name_, table_, key_) [ALONE + DB_GUARD_##name_] = LOCK(table_, key_, "NO KEY UPDATE"),
    DB_GUARDS(X)
#undef X
};
static const struct db_sheet own = {DB_SHEET_COUNT, own_texts, OWN_COUNT};
_Static_assert((int)OWN_COUNT <= (int)DB_SHEET_LINES, "they are a sheet like others");

enum {
    SLOTS = (int)POSTGRES_SHEETS * (int)DB_SHEET_LINES,
    WAITING_MAX = 8,  /* what waits for the next statement */
    BATCH_MAX = 16,   /* what is sent at once */
    DEPTH_MAX = 8,    /* savepoints within savepoints */
    KEY_MAX = 32,
    ID_SIZE = 24,
    FEED_MAX = 8 << 20
};

enum slot_state { SLOT_NEW, SLOT_ASKED, SLOT_READY };
struct slot { /* of a statement */
    uint8_t state, feeds; /* feeds: enum db_change_kind */
    bool writes, breaks;
};
struct waiting {
    size_t line;
    struct db_param key; /* of a guard */
    char text[KEY_MAX];
};
struct mark { /* how much of the feed's lines there was at a savepoint */
    size_t kinds, keys;
    int64_t count;
};
struct postgres_conn {
    struct db_conn base; /* first: a pointer to it is one to this */
    struct postgres_link *link;
    bool begun, broken, snapshot; /* begun: the server knows of the open transaction */
    enum postgres_trouble trouble;
    char id[ID_SIZE];             /* of the open transaction or of the last one; "": it wrote nothing */
    struct waiting waiting[WAITING_MAX];
    size_t waits;
    struct arena *arena;          /* of the lines */
    struct buf kinds, keys;       /* the inside of two arrays of SQL */
    int64_t lines;
    struct mark marks[DEPTH_MAX];
    size_t depth;
    struct slot slots[SLOTS];
};

static struct postgres_conn *mine(struct db_conn *base)
{
    return (struct postgres_conn *)base;
}

struct postgres_conn *postgres_conn_of(struct db_conn *base)
{
    return mine(base);
}

struct db_conn *postgres_conn_base(struct postgres_conn *c)
{
    return &c->base;
}

err postgres_conn_open(const char *database, struct postgres_conn **out)
{
    struct postgres_conn *c = calloc(1, sizeof(*c));
    if (c == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    c->base.driver = &postgres_driver;
    c->arena = arena_new(FEED_MAX);
    err e = c->arena != NULL ? postgres_connect(database, &c->link) : ERR(UNAVAILABLE, "store: out of memory");
    if (FAILED(e)) {
        postgres_conn_close(c);
        return e;
    }
    *out = c;
    return OK;
}

void postgres_conn_close(struct postgres_conn *c)
{
    if (c == NULL)
        return;
    postgres_disconnect(c->link);
    arena_release(c->arena);
    free(c);
}

bool postgres_conn_alive(const struct postgres_conn *c)
{
    return postgres_quiet(c->link);
}

bool postgres_conn_usable(const struct postgres_conn *c)
{
    return !postgres_lost(c->link) && !c->base.open;
}

enum postgres_trouble postgres_conn_trouble(const struct postgres_conn *c)
{
    return c->trouble;
}

struct postgres_link *postgres_conn_link(struct postgres_conn *c)
{
    return c->link;
}

/* ---- several statements in one round trip ---- */

struct item {
    const struct db_call *call;
    struct slot *slot;
    bool prepares;
    struct postgres_answer *answer;
};
struct batch {
    struct postgres_conn *c;
    struct item items[BATCH_MAX];
    size_t count, refused; /* refused: the item that was; count: none */
    struct db_call own[BATCH_MAX]; /* the calls of our own statements */
};

static struct slot *slot_of(struct postgres_conn *c, const struct db_call *call)
{
    INVARIANT(call->line < call->sheet->count && call->sheet->count <= DB_SHEET_LINES);
    struct slot *slot = &c->slots[call->sheet->index * DB_SHEET_LINES + call->line];
    if (slot->state == SLOT_NEW && call->sheet != &own) {
        const char *text = call->sheet->texts[call->line];
        slot->feeds = (uint8_t)db_change_of(text);
        slot->writes = !str_starts(str_of(text), STR("SELECT "));
        slot->breaks = postgres_conn_may_break(text);
    }
    return slot;
}

static void add(struct batch *b, const struct db_call *call)
{
    char name[POSTGRES_NAME_SIZE];
    INVARIANT(b->count < BATCH_MAX);
    struct slot *slot = slot_of(b->c, call);
    bool prepares = slot->state == SLOT_NEW;
    (void)snprintf(name, sizeof(name), "s%u_%u", (unsigned)call->sheet->index, (unsigned)call->line);
    if (prepares) {
        slot->state = SLOT_ASKED;
        postgres_send_prepare(b->c->link, name, call->sheet->texts[call->line], call);
    }
    postgres_send_call(b->c->link, name, call);
    b->items[b->count++] = (struct item){call, slot, prepares, NULL};
}

static void add_own(struct batch *b, size_t line, const struct db_param *params, size_t count)
{
    b->own[b->count] = (struct db_call){&own, line, params, count};
    add(b, &b->own[b->count]);
}

static void add_waiting(struct batch *b)
{
    for (size_t i = 0; i < b->c->waits; i++) {
        struct waiting *w = &b->c->waiting[i];
        add_own(b, w->line, &w->key, w->line >= SHARED ? 1 : 0);
    }
}

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        postgres_answer_free(b->items[i].answer);
}

/* The first refusal counts; what follows it is skipped. */
static void receive_one(struct batch *b, size_t i, bool preparing)
{
    struct item *item = &b->items[i];
    struct postgres_answer *answer = NULL;
    enum postgres_status status = postgres_receive(b->c->link, &answer);
    if (preparing)
        item->slot->state = status == POSTGRES_DONE ? SLOT_READY : SLOT_NEW;
    if (status == POSTGRES_REFUSED && b->refused == b->count)
        b->refused = i;
    if (preparing && status != POSTGRES_REFUSED)
        postgres_answer_free(answer);
    else if (answer != NULL) {
        postgres_answer_free(item->answer);
        item->answer = answer;
    }
}

static err lost(struct postgres_conn *c)
{
    c->trouble = POSTGRES_GONE;
    c->broken = c->broken || c->base.open;
    FAIL(UNAVAILABLE, "store: the connection to the database server was lost");
}

/* Sends the end and waits for all answers. Failing is always `trouble` too, but for a broken constraint. */
static err go(struct batch *b)
{
    struct postgres_conn *c = b->c;
    struct postgres_answer *none = NULL;
    b->refused = b->count;
    postgres_send_end(c->link);
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].prepares)
            receive_one(b, i, true);
        if (b->refused == i) { /* its call is skipped */
            struct postgres_answer *skipped = NULL;
            (void)postgres_receive(c->link, &skipped);
            continue;
        }
        receive_one(b, i, false);
    }
    (void)postgres_receive(c->link, &none);
    if (b->refused < b->count) {
        enum postgres_trouble trouble;
        err e = postgres_errors_judge(b->items[b->refused].answer, &trouble);
        if (trouble != POSTGRES_FINE)
            c->trouble = trouble;
        if (trouble == POSTGRES_GONE)
            postgres_give_up(c->link);
        return e;
    }
    return postgres_lost(c->link) ? lost(c) : OK;
}

/* ---- a statement ---- */

static bool is_constraint(err e)
{
    return e.kind == ERR_CONFLICT || e.kind == ERR_NOT_FOUND;
}

static void wait_with(struct postgres_conn *c, size_t line)
{
    INVARIANT(c->waits < WAITING_MAX);
    c->waiting[c->waits++].line = line;
}

/* Only a broken constraint leaves the transaction usable, and only because the statement stood in a savepoint. */
static void after_refusal(struct postgres_conn *c, err e, bool stepped)
{
    if (!c->base.open)
        return;
    c->begun = true;
    if (is_constraint(e) && stepped) {
        c->waits = 0;
        wait_with(c, STEP_UNDO);
        wait_with(c, STEP_KEEP);
        return;
    }
    c->broken = true;
}

static void remember_id(struct postgres_conn *c, const struct postgres_answer *answer)
{
    str id = postgres_rows(answer) == 1 ? postgres_value(answer, 0, 0) : STR_ABSENT;
    if (str_present(id) && id.n < sizeof(c->id))
        memcpy(c->id, id.p, id.n + 1);
}

static err check_usable(struct postgres_conn *c)
{
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the transaction was lost");
    if (!c->base.open)
        c->trouble = POSTGRES_FINE;
    return OK;
}

/* The answer is the caller's. A change outside of a transaction whose answer was lost may have happened or not. */
static err exchange(struct postgres_conn *c, const struct db_call *call, struct postgres_answer **out)
{
    TRY(check_usable(c));
    struct batch b = {.c = c};
    struct slot *slot = slot_of(c, call);
    bool step = c->base.open && slot->breaks, id = c->base.open && slot->writes && c->id[0] == '\0' && !c->snapshot;
    add_waiting(&b);
    if (step)
        add_own(&b, STEP, NULL, 0);
    size_t at = b.count;
    add(&b, call);
    if (step)
        add_own(&b, STEP_KEEP, NULL, 0);
    if (id)
        add_own(&b, ID, NULL, 0);
    err e = go(&b);
    if (FAILED(e)) {
        after_refusal(c, e, step && b.refused == at);
        if (!c->base.open && slot->writes && b.refused == b.count)
            c->trouble = POSTGRES_UNSURE;
        batch_free(&b);
        return e;
    }
    c->waits = 0;
    c->begun = c->base.open;
    if (id)
        remember_id(c, b.items[b.count - 1].answer);
    *out = b.items[at].answer;
    b.items[at].answer = NULL;
    batch_free(&b);
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

static void forget_lines(struct postgres_conn *c)
{
    if (c->lines > 0 || c->kinds.p == NULL) {
        arena_reset(c->arena);
        c->kinds = buf_new(c->arena, BUF_JSON_MAX);
        c->keys = buf_new(c->arena, BUF_JSON_MAX);
    }
    c->lines = 0;
    c->depth = 0;
}

/* Each row names one thing that was changed; its line is written with the commit. */
static err feed(struct postgres_conn *c, enum db_change_kind kind, const struct postgres_answer *answer)
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
    struct postgres_conn *c = mine(base);
    struct postgres_answer *answer = NULL;
    TRY(exchange(c, call, &answer));
    enum db_change_kind kind = (enum db_change_kind)slot_of(c, call)->feeds;
    int64_t count = postgres_changed(answer);
    err e = kind != DB_CHANGE_NONE ? feed(c, kind, answer) : OK;
    postgres_answer_free(answer);
    TRY(e);
    if (changed != NULL)
        *changed = count;
    return OK;
}

/* ---- rows ---- */

static err read_number(str text, int64_t *out)
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
        return read_number(text, to);
    case DB_FLAG:
        TRY(read_number(text, &number));
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

static err read_rows(const struct postgres_answer *answer, struct arena *a, const struct db_shape *shape, struct db_rows *out)
{
    size_t count = postgres_rows(answer);
    INVARIANT(postgres_columns(answer) == shape->count);
    char *rows = count > 0 ? arena_array(a, count, shape->size) : NULL;
    if (count > 0 && rows == NULL)
        FAIL(UNAVAILABLE, "store: the arena is full");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < shape->count; k++)
            TRY(read_field(postgres_value(answer, i, k), a, &shape->fields[k], rows + i * shape->size));
    *out = (struct db_rows){rows, count};
    return OK;
}

err postgres_conn_many(struct db_conn *base, struct arena *a, const struct db_call *call, const struct db_shape *shape, struct db_rows *out)
{
    struct postgres_conn *c = mine(base);
    struct postgres_answer *answer = NULL;
    INVARIANT(slot_of(c, call)->feeds == DB_CHANGE_NONE); /* what changes something kept is run */
    TRY(exchange(c, call, &answer));
    err e = read_rows(answer, a, shape, out);
    postgres_answer_free(answer);
    return e;
}

err postgres_conn_scalar(struct db_conn *base, const struct db_call *call, int64_t *value, bool *found)
{
    struct postgres_conn *c = mine(base);
    struct postgres_answer *answer = NULL;
    INVARIANT(slot_of(c, call)->feeds == DB_CHANGE_NONE);
    TRY(exchange(c, call, &answer));
    str first = postgres_rows(answer) > 0 ? postgres_value(answer, 0, 0) : STR_ABSENT;
    err e = str_present(first) ? read_number(first, value) : OK;
    *found = str_present(first);
    postgres_answer_free(answer);
    return e;
}

/* ---- transactions ---- */

static err begin_with(struct postgres_conn *c, size_t line)
{
    INVARIANT(!c->base.open);
    if (postgres_lost(c->link))
        return lost(c);
    c->base.open = true;
    c->begun = c->broken = false;
    c->snapshot = line == SNAPSHOT;
    c->trouble = POSTGRES_FINE;
    c->id[0] = '\0';
    c->waits = 0;
    forget_lines(c);
    wait_with(c, line);
    return OK;
}

err postgres_conn_begin(struct db_conn *base)
{
    TRY(begin_with(mine(base), BEGIN));
    base->feeding.touched = false;
    return OK;
}

err postgres_conn_snapshot(struct db_conn *base)
{
    return begin_with(mine(base), SNAPSHOT);
}

static err send_commit(struct postgres_conn *c)
{
    struct batch b = {.c = c};
    const struct db_param keep[] = {P_INT(DB_CHANGES_KEPT), P_INT(DB_CHANGES_BITE)};
    const struct db_param lines[] = {P_INT(c->lines), P_TEXT(((str){c->kinds.p, c->kinds.n})), P_TEXT(((str){c->keys.p, c->keys.n}))};
    add_waiting(&b);
    if (c->lines > 0) {
        add_own(&b, LINES, lines, 3);
        add_own(&b, TRIM, keep, 2);
    }
    if (c->base.feeding.touched)
        add_own(&b, NOTIFY, NULL, 0);
    add_own(&b, COMMIT, NULL, 0);
    err e = go(&b);
    /* Refused before it, or answered: then we know. Without a number nothing was written. */
    if (FAILED(e) && c->trouble == POSTGRES_GONE && c->id[0] != '\0')
        c->trouble = POSTGRES_UNSURE;
    if (!FAILED(e) && !str_is(str_of(postgres_tag(b.items[b.count - 1].answer)), "COMMIT")) {
        c->trouble = POSTGRES_WRONG;
        e = ERR(UNAVAILABLE, "store: the transaction was lost");
    }
    batch_free(&b);
    return e;
}

err postgres_conn_commit(struct db_conn *base)
{
    struct postgres_conn *c = mine(base);
    INVARIANT(base->open);
    err e = c->broken ? ERR(UNAVAILABLE, "store: the transaction was lost") : c->begun ? send_commit(c) : OK;
    if (FAILED(e) && c->trouble == POSTGRES_UNSURE) { /* who waits for it is told once it is known */
        base->open = c->begun = c->broken = false;
        return e;
    }
    if (FAILED(e)) {
        postgres_conn_rollback(base);
        return e;
    }
    base->open = c->begun = false;
    base->feeding.changed = base->feeding.touched;
    return OK;
}

void postgres_conn_rollback(struct db_conn *base)
{
    struct postgres_conn *c = mine(base);
    bool begun = c->begun;
    enum postgres_trouble trouble = c->trouble;
    base->open = c->begun = c->broken = c->snapshot = false;
    c->waits = 0;
    store_rolled_back(base);
    if (begun && !postgres_lost(c->link)) {
        struct batch b = {.c = c};
        add_own(&b, ROLLBACK, NULL, 0);
        if (FAILED(go(&b)))
            postgres_give_up(c->link); /* the server rolls back what nobody holds any more */
        batch_free(&b);
    }
    c->trouble = trouble;
}

/* Room for what waits; a batch of its own when there is none. */
static err make_room(struct postgres_conn *c)
{
    TRY(check_usable(c));
    if (c->waits + 2 <= WAITING_MAX)
        return OK;
    struct batch b = {.c = c};
    add_waiting(&b);
    err e = go(&b);
    batch_free(&b);
    if (FAILED(e))
        after_refusal(c, e, false);
    else
        c->waits = 0;
    c->begun = true;
    return e;
}

err postgres_conn_save(struct db_conn *base)
{
    struct postgres_conn *c = mine(base);
    INVARIANT(base->open && c->depth < DEPTH_MAX);
    TRY(make_room(c));
    wait_with(c, SAVE);
    c->marks[c->depth++] = (struct mark){c->kinds.n, c->keys.n, c->lines};
    return OK;
}

err postgres_conn_release(struct db_conn *base, bool keep)
{
    struct postgres_conn *c = mine(base);
    INVARIANT(base->open && c->depth > 0);
    const struct mark *m = &c->marks[--c->depth];
    TRY(make_room(c));
    if (!keep) {
        c->kinds.n = m->kinds;
        c->keys.n = m->keys;
        c->lines = m->count;
    }
    if (c->waits > 0 && c->waiting[c->waits - 1].line == SAVE) {
        c->waits--; /* nothing has happened since */
        return OK;
    }
    if (!keep)
        wait_with(c, UNDO);
    wait_with(c, KEEP);
    return OK;
}

/* Goes with the next statement: what that one sees was committed when the lock was had. */
err postgres_conn_guard(struct db_conn *base, enum db_guard which, const struct db_param *key, enum db_guard_mode mode)
{
    struct postgres_conn *c = mine(base);
    INVARIANT(base->open);
    TRY(make_room(c));
    wait_with(c, (mode == DB_GUARD_SHARED ? SHARED : ALONE) + (size_t)which);
    struct waiting *w = &c->waiting[c->waits - 1];
    w->key = *key;
    if (key->kind == DB_TEXT) {
        INVARIANT(key->text.n <= sizeof(w->text));
        memcpy(w->text, key->text.p, key->text.n);
        w->key.text.p = w->text;
    }
    return OK;
}

/* ---- what only this engine has ---- */

static bool has(str text, str part)
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
        return !has(s, STR(" ON CONFLICT DO NOTHING"));
    if (str_starts(s, STR("UPDATE users SET ")))
        return has(s, STR("username_key = ")) || has(s, STR("email_key = ")) || has(s, STR("email_verified = "));
    return str_starts(s, STR("DELETE FROM users ")) || str_starts(s, STR("DELETE FROM clients "));
}

err postgres_conn_outcome(struct postgres_conn *c, const struct postgres_conn *gone, enum postgres_outcome *out)
{
    static const char *const words[] = {[POSTGRES_COMMITTED] = "committed", [POSTGRES_ABORTED] = "aborted", [POSTGRES_OPEN] = "in progress"};
    const struct db_param params[] = {P_TEXT(str_of(gone->id)), P_TEXT(str_of(postgres_history(gone->link)))};
    const struct db_call call = {&own, OUTCOME, params, 2};
    struct postgres_answer *answer = NULL;
    TRY(exchange(c, &call, &answer));
    str word = postgres_rows(answer) == 1 ? postgres_value(answer, 0, 0) : STR_ABSENT;
    *out = POSTGRES_UNKNOWN;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_is(word, words[i]))
            *out = (enum postgres_outcome)i;
    postgres_answer_free(answer);
    return OK;
}

err postgres_conn_housekeeper(struct postgres_conn *c, bool *chosen)
{
    int64_t value = 0;
    bool found = false;
    TRY(postgres_conn_scalar(&c->base, &(const struct db_call){&own, CHOSEN, NULL, 0}, &value, &found));
    *chosen = found && value == 1;
    return OK;
}

err postgres_conn_heads(struct postgres_conn *c, struct postgres_heads *out)
{
    struct postgres_answer *answer = NULL;
    TRY(exchange(c, &(const struct db_call){&own, HEADS, NULL, 0}, &answer));
    bool whole = postgres_rows(answer) == 2;
    err e = whole ? read_number(postgres_value(answer, 0, 0), &out->change) : ERR(UNAVAILABLE, "store: the feed's counters are missing");
    if (!FAILED(e))
        e = read_number(postgres_value(answer, 1, 0), &out->revocation);
    postgres_answer_free(answer);
    return e;
}

err postgres_conn_listen(struct postgres_conn *c)
{
    return postgres_conn_run(&c->base, &(const struct db_call){&own, LISTEN, NULL, 0}, NULL);
}

/* Outside of the pipeline. The answer is the caller's. */
static err run_text(struct postgres_conn *c, const char *sql, struct postgres_answer **answer)
{
    TRY(check_usable(c));
    struct batch b = {.c = c};
    add_waiting(&b);
    err e = c->waits > 0 ? go(&b) : OK;
    batch_free(&b);
    c->waits = 0;
    c->begun = c->base.open;
    if (!FAILED(e) && postgres_script(c->link, sql, answer) != POSTGRES_DONE) {
        e = lost(c);
        if (*answer != NULL)
            e = postgres_errors_judge(*answer, &c->trouble);
    }
    c->broken = c->broken || (FAILED(e) && c->base.open);
    return e;
}

err postgres_conn_script(struct db_conn *base, const char *sql)
{
    struct postgres_answer *answer = NULL;
    err e = run_text(mine(base), sql, &answer);
    postgres_answer_free(answer);
    return e;
}

err postgres_conn_ask(struct db_conn *base, struct arena *a, const char *sql, str *out)
{
    struct postgres_answer *answer = NULL;
    err e = run_text(mine(base), sql, &answer);
    if (!FAILED(e) && postgres_rows(answer) > 0) {
        *out = str_dup(a, postgres_value(answer, 0, 0));
        if (!str_present(*out))
            e = ERR(UNAVAILABLE, "store: the arena is full");
    }
    postgres_answer_free(answer);
    return e;
}
