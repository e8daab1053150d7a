/* SPDX-License-Identifier: MIT
 * db_delivery: the outbox. Relies on a guard for counting before adding; promises that what was added with a change
 * is there exactly when the change is (it joins the change's transaction), that two processes never take the same message within a
 * lease, and that neither a client nor all of them together make the table grow without bound (RL-06). States: db_delivery.h. */
#include "store/table/db_delivery.h"

#include "base/share.h"
#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, kind, client_number, url, media_type, body, bearer, created_at, due_at, tries, expires_at"
enum { COUNT_ALL, COUNT_OF_CLIENT, ADD, DUE, LEASE, RETURN, FAILED_ONCE, HOLD_BACK, DONE, NEXT };
static const char *const texts[] = {
    [COUNT_ALL] = "SELECT count(*) FROM deliveries",
    [COUNT_OF_CLIENT] = "SELECT count(*) FROM deliveries WHERE client_number = $1",
    [ADD] = "INSERT INTO deliveries (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    [DUE] = "SELECT " COLUMNS " FROM deliveries WHERE due_at <= $1 ORDER BY tries, due_at, number LIMIT $2",
    [LEASE] = "UPDATE deliveries SET due_at = $3 WHERE number = $1 AND due_at <= $2",
    [RETURN] = "UPDATE deliveries SET due_at = $2 WHERE number = $1",
    [FAILED_ONCE] = "UPDATE deliveries SET tries = tries + 1, due_at = $2 WHERE number = $1",
    [HOLD_BACK] = "UPDATE deliveries SET due_at = $3 WHERE client_number = $1 AND url = $2 AND due_at < $3",
    [DONE] = "DELETE FROM deliveries WHERE number = $1",
    [NEXT] = "SELECT min(due_at) FROM deliveries",
};
DB_STATEMENTS(delivery, texts);

#define FIELD(kind_, member_)                        \
    {                                                \
        kind_, offsetof(struct db_delivery, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),  FIELD(DB_TEXT, kind),      FIELD(DB_INT, client_number), FIELD(DB_TEXT, url),  FIELD(DB_TEXT, media_type), FIELD(DB_TEXT, body),
    FIELD(DB_TEXT, bearer), FIELD(DB_INT, created_at), FIELD(DB_INT, due_at),        FIELD(DB_INT, tries), FIELD(DB_INT, expires_at),
};
static const struct db_columns columns = DB_COLUMNS(struct db_delivery, fields);

void db_delivery_when_added(struct store *store, void (*call)(void *context), void *context)
{
    (void)pthread_mutex_lock(&store->after_lock);
    store->when_added = call;
    store->when_added_context = context;
    (void)pthread_mutex_unlock(&store->after_lock);
}

err db_delivery_within(struct db_conn *c, struct db_delivery *delivery)
{
    int64_t all = 0, own = 0;
    bool found = false;
    TRY(db_guard_counter(c, "delivery")); /* the caps */
    TRY(db_scalar(c, CALL_ALONE(COUNT_ALL), &all, &found));
    TRY(db_scalar(c, CALL(COUNT_OF_CLIENT, P_INT(delivery->client_number)), &own, &found));
    if (own >= DB_DELIVERIES_PER_CLIENT || !share_allows(own, all, DB_DELIVERIES_MAX)) /* RL-06 */
        FAIL(THROTTLED, "store: too many messages wait to be delivered");
    struct db_delivery row = *delivery;
    struct db_param params[DB_PARAMS_MAX];
    row.created_at = row.created_at != 0 ? row.created_at : clock_now();
    row.due_at = row.due_at != 0 ? row.due_at : row.created_at;
    TRY(db_number_next(c, DB_COUNT_DELIVERY, &row.number));
    db_params_from(&columns, &row, params);
    TRY(db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, NULL));
    c->feeding.delivery = true;
    *delivery = row;
    return OK;
}

static err add_body(struct db_conn *c, void *context)
{
    return db_delivery_within(c, context);
}

err db_delivery_add(struct tx *tx, struct db_delivery *delivery)
{
    struct db_delivery row = *delivery;
    TRY(db_write(tx, DB_SEVERAL, add_body, &row));
    *delivery = row;
    return OK;
}

struct taking {
    struct arena *a;
    unix_time now, lease;
    struct db_rows due;
};

static err due_body(struct db_conn *c, void *context)
{
    struct taking *w = context;
    return db_many(c, w->a, CALL(DUE, P_INT(w->now), P_INT(DB_DELIVERIES_TAKEN)), &columns, &w->due);
}

static err take_body(struct db_conn *c, void *context)
{
    struct taking *w = context;
    size_t taken = 0;
    TRY(due_body(c, w));
    struct db_delivery *rows = w->due.rows;
    for (size_t i = 0; i < w->due.count; i++) {
        int64_t changed = 0;
        TRY(db_run(c, CALL(LEASE, P_INT(rows[i].number), P_INT(w->now), P_INT(w->lease)), &changed));
        if (changed > 0) /* no other process was first */
            rows[taken++] = rows[i];
    }
    w->due.count = taken;
    return OK;
}

err db_delivery_take(struct tx *tx, struct arena *a, unix_time now, unix_time lease, struct db_delivery **rows, size_t *count)
{
    struct taking w = {a, now, lease, {NULL, 0}};
    TRY(db_read(tx, due_body, &w)); /* nothing due is the usual case, and costs no transaction */
    if (w.due.count > 0)
        TRY(db_write(tx, DB_SEVERAL, take_body, &w));
    *rows = w.due.rows;
    *count = w.due.count;
    return OK;
}

struct postponing {
    const struct db_delivery *delivery;
    unix_time due_at;
};

static err postpone_body(struct db_conn *c, void *context)
{
    const struct postponing *w = context;
    const struct db_delivery *d = w->delivery;
    TRY(db_run(c, CALL(FAILED_ONCE, P_INT(d->number), P_INT(w->due_at)), NULL));
    return db_run(c, CALL(HOLD_BACK, P_INT(d->client_number), P_TEXT(d->url), P_INT(w->due_at)), NULL);
}

err db_delivery_postpone(struct tx *tx, const struct db_delivery *delivery, unix_time due_at)
{
    struct postponing w = {delivery, due_at};
    return db_write(tx, DB_SEVERAL, postpone_body, &w);
}

err db_delivery_return(struct tx *tx, const struct db_delivery *delivery)
{
    return db_write_call(tx, CALL(RETURN, P_INT(delivery->number), P_INT(delivery->due_at)), NULL);
}

err db_delivery_done(struct tx *tx, int64_t number)
{
    return db_write_call(tx, CALL(DONE, P_INT(number)), NULL);
}

struct asking {
    unix_time due_at;
    bool any;
};

static err next_body(struct db_conn *c, void *context)
{
    struct asking *w = context;
    return db_scalar(c, CALL_ALONE(NEXT), &w->due_at, &w->any);
}

err db_delivery_next(struct tx *tx, unix_time *due_at, bool *any)
{
    struct asking w = {0, false};
    TRY(db_read(tx, next_body, &w));
    *due_at = w.due_at;
    *any = w.any;
    return OK;
}
