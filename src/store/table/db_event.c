/* SPDX-License-Identifier: MIT
 * db_event: the audit trail and the little registers (once, throttle, revocation). Relies on the writer for order; promises
 * that an event never makes a caller wait, that a thing taken once is taken once, that an attempt is counted before it is
 * judged, and that revocations are numbered in the order in which they were committed (so that whoever reads on misses
 * none). */
#include "store/table/db_event.h"

#include "store/store_internal.h"
#include "store/table/db_user.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define COLUMNS "number, at, name, actor, client_id, subject, address, request_id, detail, class"
#define CHOSEN                                                                                                        \
    " FROM events WHERE (actor = $2 OR $2 = '') AND ($1 = '' OR lower(name) LIKE $1 ESCAPE '!'"                       \
    " OR lower(actor) LIKE $1 ESCAPE '!' OR lower(client_id) LIKE $1 ESCAPE '!' OR lower(subject) LIKE $1 ESCAPE '!'" \
    " OR lower(detail) LIKE $1 ESCAPE '!' OR lower(request_id) LIKE $1 ESCAPE '!')"
#define LIST(column_, direction_) "SELECT " COLUMNS CHOSEN " ORDER BY " column_ " " direction_ ", number " direction_ " LIMIT $3 OFFSET $4"
#define LISTS(column_)            LIST(column_, "ASC"), LIST(column_, "DESC")
enum {
    ADD,
    KEPT,
    AFTER,
    COUNT,
    ONCE_TAKE,
    THROTTLE_GET,
    THROTTLE_SET,
    THROTTLE_CLEAR,
    THROTTLE_RETURN,
    THROTTLE_LIFT,
    THROTTLE_TOUCH,
    THROTTLE_KEEP,
    REVOCATION_ADD,
    REVOCATIONS,
    LIST_FIRST
};
static const char *const texts[] = {
    /* Numbered when it is written, so that the order is one for all processes. */
    [ADD] = "INSERT INTO events (" COLUMNS ", place) VALUES ((SELECT coalesce(max(number), 0) + 1 FROM events), $1, $2, $3, $4, $5, $6,"
            " $7, $8, $9, (SELECT coalesce(max(place), 0) + 1 FROM events WHERE class = $9))",
    [AFTER] = "SELECT " COLUMNS " FROM events WHERE number > $1 AND (class = $2 OR $2 = 0) ORDER BY number LIMIT 1000",
    [KEPT] = "SELECT coalesce(max(place) - min(place) + 1, 0) FROM events WHERE class = $1",
    [COUNT] = "SELECT count(*)" CHOSEN,
    [ONCE_TAKE] = "INSERT INTO onces (taken, expires_at) VALUES ($1, $2)"
                  " ON CONFLICT (taken) DO UPDATE SET expires_at = excluded.expires_at WHERE onces.expires_at <= $3",
    [THROTTLE_GET] = "SELECT failures, until_at FROM throttles WHERE name = $1 AND forget_at > $2",
    [THROTTLE_SET] = "INSERT INTO throttles (name, failures, until_at, forget_at) VALUES ($1, $2, $3, $4)"
                     " ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, until_at = excluded.until_at,"
                     " forget_at = excluded.forget_at",
    [THROTTLE_TOUCH] = "INSERT INTO throttles (name, failures, until_at, forget_at) VALUES ($1, 0, 0, $2)"
                       " ON CONFLICT (name) DO UPDATE SET name = excluded.name",
    [THROTTLE_CLEAR] = "DELETE FROM throttles WHERE name = $1",
    [THROTTLE_RETURN] = "UPDATE throttles SET failures = failures - 1, until_at = 0 WHERE name = $1 AND failures > 0",
    /* Something must change: a commit that writes nothing brings nothing to the disk. Without the row somebody has done so meanwhile. */
    [THROTTLE_KEEP] = "UPDATE throttles SET forget_at = forget_at + 1 WHERE name = $1",
    [THROTTLE_LIFT] = "UPDATE throttles SET until_at = 0, forget_at = forget_at + 1 WHERE name = $1",
    [REVOCATION_ADD] = "INSERT INTO revocations (number, kind, id, expires_at) VALUES ($1, $2, $3, $4)",
    [REVOCATIONS] = "SELECT number, kind, id, expires_at FROM revocations WHERE number > $1 ORDER BY number LIMIT 4096",
    [LIST_FIRST] = LISTS("number"),
    LISTS("at"),
    LISTS("name"),
};
DB_STATEMENTS(event, texts);
static const char *const sortable[] = {"number", "at", "name"};
static const struct db_listing listing = {sortable, sizeof(sortable) / sizeof(sortable[0]), LIST_FIRST, 1}; /* newest first */

#define FIELD(kind_, member_)                     \
    {                                             \
        kind_, offsetof(struct db_event, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),   FIELD(DB_INT, at),       FIELD(DB_TEXT, name),       FIELD(DB_TEXT, actor),  FIELD(DB_TEXT, client_id),
    FIELD(DB_TEXT, subject), FIELD(DB_TEXT, address), FIELD(DB_TEXT, request_id), FIELD(DB_TEXT, detail), FIELD(DB_INT, class),
};
static const struct db_columns columns = DB_COLUMNS(struct db_event, fields);
static const struct db_field kept_fields[] = {{DB_INT, 0}};
static const struct db_columns kept_columns = DB_COLUMNS(int64_t, kept_fields);
static const struct db_field throttle_fields[] = {
    {DB_INT, offsetof(struct db_throttle, failures)},
    {DB_INT, offsetof(struct db_throttle, until)},
};
static const struct db_columns throttle_columns = DB_COLUMNS(struct db_throttle, throttle_fields);
static const struct db_field revocation_fields[] = {
    {DB_INT, offsetof(struct db_revocation, number)},
    {DB_TEXT, offsetof(struct db_revocation, kind)},
    {DB_TEXT, offsetof(struct db_revocation, id)},
    {DB_INT, offsetof(struct db_revocation, expires_at)},
};
static const struct db_columns revocation_columns = DB_COLUMNS(struct db_revocation, revocation_fields);

/* ---- events ---- */

static err add_body(struct db_conn *c, void *context)
{
    const struct db_event *event = context;
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, event, params);
    TRY(db_guard_counter(c, "event"));
    return db_run(c, &(struct db_call){&statements, ADD, params + 1, columns.count - 1}, NULL); /* all but the number */
}

static err add_now(struct tx *tx, struct db_event *event)
{
    return db_write(tx, DB_SINGLE, add_body, event);
}

struct queued { /* one block: the event, and behind it the bytes of all its texts */
    struct store_job job;
    struct store *store;
    struct db_event event;
    char bytes[];
};

static err queued_run(struct tx *tx, void *context)
{
    struct queued *q = context;
    err e = add_now(tx, &q->event); /* an event never fails a request; an engine failure is the whole group's, and counted with it */
    if (FAILED(e) && e.kind != ERR_UNAVAILABLE)
        (void)atomic_fetch_add(&q->store->dropped, 1);
    return OK;
}

static void queued_done(void *context, err committed)
{
    struct queued *q = context;
    if (FAILED(committed) && committed.kind != ERR_CONFLICT) /* what it told of was not taken back */
        (void)atomic_fetch_add(&q->store->dropped, 1);
    db_aside_done(q->store);
    free(q);
}

static struct queued *copy_queued_event(struct store *store, const struct db_event *event)
{
    const size_t texts_at[] = {
        offsetof(struct db_event, name),    offsetof(struct db_event, actor),      offsetof(struct db_event, client_id), offsetof(struct db_event, subject),
        offsetof(struct db_event, address), offsetof(struct db_event, request_id), offsetof(struct db_event, detail),
    };
    enum { TEXTS = sizeof(texts_at) / sizeof(texts_at[0]) };
    size_t size = sizeof(struct queued);
    for (size_t i = 0; i < TEXTS; i++)
        size += ((const str *)((const char *)event + texts_at[i]))->n;
    struct queued *q = malloc(size);
    if (q == NULL)
        return NULL;
    q->job = (struct store_job){.run = queued_run, .done = queued_done, .context = q};
    q->store = store;
    q->event = *event;
    char *to = q->bytes;
    for (size_t i = 0; i < TEXTS; i++) {
        str *text = (str *)((char *)&q->event + texts_at[i]);
        if (!str_present(*text))
            continue;
        memcpy(to, text->p, text->n);
        text->p = to;
        to += text->n;
    }
    return q;
}

/* Where writers stand side by side, the trail's numbers are still taken by one at a time. So that ordinary requests do not wait for each
 * other, their events follow the commit, in a group; only what administrators do is written with the change. */
void db_event_add(struct tx *tx, const struct db_event *event)
{
    struct db_event next = *event;
    if (next.at == 0)
        next.at = clock_now();
    if (next.class == 0)
        next.class = DB_EVENT_MACHINES;
    struct store *store = tx->store;
    if (!store->threaded || (store_is_open(tx) && (store->driver->one_writer || next.class == DB_EVENT_ADMINISTRATION))) {
        if (FAILED(add_now(tx, &next)))
            (void)atomic_fetch_add(&store->dropped, 1);
        return;
    }
    struct queued *q = copy_queued_event(store, &next);
    if (q == NULL)
        (void)atomic_fetch_add(&store->dropped, 1);
    else if (store_is_open(tx))
        db_later(tx, &q->job);
    else if (!db_aside(store, &q->job))
        free(q);
}

err db_event_after(struct tx *tx, struct arena *a, int64_t class, int64_t after, struct db_event **rows, size_t *count)
{
    return db_read_list(tx, a, CALL(AFTER, P_INT(after), P_INT(class)), &columns, DB_LIST_TO(rows, count));
}

err db_event_kept(struct tx *tx, struct arena *a, int64_t kept[DB_EVENT_CLASSES + 1])
{
    int64_t found[DB_EVENT_CLASSES + 1] = {0};
    for (int64_t class = 1; class <= DB_EVENT_CLASSES; class ++) {
        void *row = NULL;
        TRY(db_read_one(tx, a, CALL(KEPT, P_INT(class)), &kept_columns, &row));
        found[class] = row != NULL ? *(int64_t *)row : 0;
    }
    for (size_t i = 0; i <= DB_EVENT_CLASSES; i++)
        kept[i] = found[i];
    return OK;
}

err db_event_list(struct tx *tx, struct arena *a, str actor, const struct db_page *page, struct db_event_rows *out)
{
    size_t line = 0;
    str pattern, whose = str_present(actor) ? actor : STR("");
    TRY(db_list_line(&listing, page, &line));
    TRY(db_list_pattern(a, page->filter, &pattern));
    if (str_present(actor) && actor.n == 0)
        FAIL(UNPROCESSABLE, "store: an empty actor is nobody, not everybody");
    struct db_listed listed;
    TRY(db_list_read(tx, a,
                     &(struct db_list_query){CALL(COUNT, P_TEXT(pattern), P_TEXT(whose)),
                                             CALL(line, P_TEXT(pattern), P_TEXT(whose), P_INT(page->limit), P_INT(page->offset)), &columns},
                     &listed));
    *out = (struct db_event_rows){listed.rows.rows, listed.rows.count, listed.total};
    return OK;
}

/* ---- once ---- */

enum { ONCE_MAX = 512 };

err db_once_take_in(struct db_conn *c, const char *kind, str id, unix_time expires_at, bool *first)
{
    char name[ONCE_MAX];
    str k = str_of(kind);
    if (k.n + 1 + id.n > sizeof(name))
        FAIL(UNPROCESSABLE, "store: the id of a thing that may happen once is too long");
    memcpy(name, k.p, k.n);
    name[k.n] = ':';
    if (id.n > 0)
        memcpy(name + k.n + 1, id.p, id.n);
    int64_t changed = 0;
    TRY(db_run(c, CALL(ONCE_TAKE, P_TEXT(((str){name, k.n + 1 + id.n})), P_INT(expires_at), P_INT(clock_now())), &changed));
    *first = changed == 1;
    return OK;
}

struct once {
    const char *kind;
    str id;
    unix_time expires_at;
    bool first;
};

static err once_body(struct db_conn *c, void *context)
{
    struct once *w = context;
    return db_once_take_in(c, w->kind, w->id, w->expires_at, &w->first);
}

err db_once_take(struct tx *tx, const char *kind, str id, unix_time expires_at, bool *first)
{
    struct once w = {kind, id, expires_at, false};
    TRY(db_write(tx, DB_SINGLE, once_body, &w));
    *first = w.first;
    return OK;
}

/* ---- throttle ---- */

enum { THROTTLE_ARENA = 4096 };
struct trying {
    struct arena *a;
    str key;
    const struct db_throttle_rule *rule;
    unix_time now;
    struct db_throttle before;
    bool allowed;
};

/* 0 below free_tries, then base doubling up to most. */
static int64_t compute_throttle_delay(const struct db_throttle_rule *rule, int64_t failures)
{
    if (failures < rule->free_tries)
        return 0;
    int64_t seconds = rule->base < rule->most ? rule->base : rule->most;
    for (int64_t i = rule->free_tries; i < failures && seconds > 0 && seconds < rule->most; i++)
        seconds = seconds > rule->most / 2 ? rule->most : seconds * 2;
    return seconds;
}

static err look_body(struct db_conn *c, void *context)
{
    struct trying *w = context;
    void *row = NULL;
    w->before = (struct db_throttle){0}; /* it may have been cleared between two looks */
    TRY(db_one(c, w->a, CALL(THROTTLE_GET, P_TEXT(w->key), P_INT(w->now)), &throttle_columns, &row));
    if (row != NULL)
        w->before = *(struct db_throttle *)row;
    unix_time farthest = clock_add(w->now, w->rule->most);
    if (w->before.until > farthest) /* the clock went back: nobody waits longer than the rule says */
        w->before.until = farthest;
    w->allowed = w->before.until <= w->now;
    return OK;
}

static err try_body(struct db_conn *c, void *context)
{
    struct trying *w = context;
    if (!c->driver->one_writer) /* the counter's own row is the guard, also when it is the first try */
        TRY(db_run(c, CALL(THROTTLE_TOUCH, P_TEXT(w->key), P_INT(clock_add(w->now, w->rule->forget))), NULL));
    TRY(look_body(c, w));
    if (!w->allowed)
        return OK;
    int64_t failures = w->before.failures + 1, wait = compute_throttle_delay(w->rule, failures);
    unix_time until = wait > 0 ? clock_add(w->now, wait) : 0;
    unix_time forget_at = clock_add(w->now, w->rule->forget > wait ? w->rule->forget : wait);
    return db_run(c, CALL(THROTTLE_SET, P_TEXT(w->key), P_INT(failures), P_INT(until), P_INT(forget_at)), NULL); /* RL-01 */
}

static err run_throttle(struct tx *tx, struct trying *w, bool count, bool *allowed, struct db_throttle *state)
{
    w->a = arena_new(THROTTLE_ARENA);
    if (w->a == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    w->now = clock_now();
    w->allowed = true;
    err e = store_is_open(tx) ? OK : db_read(tx, look_body, w); /* a try that is refused changes nothing: a flood does not reach the writer */
    if (!FAILED(e) && w->allowed && count)
        e = db_write(tx, DB_SINGLE, try_body, w);
    arena_release(w->a);
    TRY(e);
    *allowed = w->allowed;
    *state = w->before;
    return OK;
}

err db_throttle_try(struct tx *tx, str key, const struct db_throttle_rule *rule, bool *allowed, struct db_throttle *state)
{
    return run_throttle(tx, &(struct trying){.key = key, .rule = rule}, true, allowed, state);
}

err db_throttle_look(struct tx *tx, str key, const struct db_throttle_rule *rule, bool *allowed, struct db_throttle *state)
{
    return run_throttle(tx, &(struct trying){.key = key, .rule = rule}, false, allowed, state);
}

err db_throttle_keep(struct tx *tx, str key)
{
    return db_write_call(tx, CALL(THROTTLE_KEEP, P_TEXT(key)), NULL);
}

err db_throttle_clear(struct tx *tx, str key)
{
    return db_write_call(tx, CALL(THROTTLE_CLEAR, P_TEXT(key)), NULL);
}

err db_throttle_return(struct tx *tx, str key)
{
    return db_write_call(tx, CALL(THROTTLE_RETURN, P_TEXT(key)), NULL);
}

err db_throttle_lift(struct tx *tx, str key)
{
    return db_write_call(tx, CALL(THROTTLE_LIFT, P_TEXT(key)), NULL);
}

/* ---- revocations ---- */

struct revoking {
    const char *kind;
    str id;
    unix_time expires_at;
};

static err revoke_body(struct db_conn *c, void *context)
{
    const struct revoking *w = context;
    int64_t number = 0;
    TRY(db_number_next(c, DB_COUNT_REVOCATION, &number));
    return db_run(c, CALL(REVOCATION_ADD, P_INT(number), P_TEXT(str_of(w->kind)), P_TEXT(w->id), P_INT(w->expires_at)), NULL);
}

err db_revocation_add(struct tx *tx, const char *kind, str id, unix_time expires_at)
{
    struct revoking w = {kind, id, expires_at};
    return db_write(tx, DB_SEVERAL, revoke_body, &w);
}

err db_revocation_within(struct db_conn *c, const struct db_ended *ended, unix_time now)
{
    for (size_t i = 0; i < ended->count; i++)
        TRY(revoke_body(c, &(struct revoking){"grant", ended->authorization_ids[i], clock_add(now, DB_REVOCATION_SECONDS)}));
    return OK;
}

err db_revocation_rows(struct db_conn *c, struct arena *a, int64_t after_number, struct db_rows *out)
{
    return db_many(c, a, CALL(REVOCATIONS, P_INT(after_number)), &revocation_columns, out);
}

err db_revocation_since(struct tx *tx, struct arena *a, int64_t after_number, struct db_revocation **rows, size_t *count)
{
    return db_read_list(tx, a, CALL(REVOCATIONS, P_INT(after_number)), &revocation_columns, DB_LIST_TO(rows, count));
}
