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
#include "store/postgres/postgres_batch.h"
#include "store/table/db_change.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { FEED_MAX = 8 << 20, LINES_FIRST = 1024, LINES_KEPT = 1 << 16 };

struct postgres_conn *postgres_conn_of(struct db_conn *base)
{
    return (struct postgres_conn *)base;
}

struct db_conn *postgres_conn_base(struct postgres_conn *c)
{
    return &c->base;
}

/* Their room is kept for the next ones, unless it has grown large. */
static void forget_lines(struct postgres_conn *c)
{
    c->lines = 0;
    c->depth = 0;
    c->kinds.n = c->keys.n = 0;
    if (c->arena == NULL || (c->keys.capacity > 0 && arena_used(c->arena) < LINES_KEPT))
        return;
    arena_reset(c->arena);
    c->kinds = buf_new(c->arena, BUF_JSON_MAX);
    c->keys = buf_new(c->arena, BUF_JSON_MAX);
    buf_reserve(&c->kinds, LINES_FIRST);
    buf_reserve(&c->keys, LINES_FIRST);
}

err postgres_conn_open(const char *database, struct postgres_conn **out)
{
    struct postgres_conn *c = calloc(1, sizeof(*c));
    if (c == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    c->base.driver = &postgres_driver;
    c->arena = arena_new(FEED_MAX);
    forget_lines(c);
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

bool *postgres_conn_apart(struct postgres_conn *c)
{
    return &c->apart;
}

/* ---- transactions ---- */

bool postgres_conn_feeds(struct postgres_conn *c, const struct db_call *call)
{
    return postgres_batch_slot(c, call)->feeds != DB_CHANGE_NONE;
}

bool postgres_conn_named(const struct postgres_conn *c)
{
    return c->id[0] != '\0';
}

bool postgres_conn_wrote(const struct postgres_conn *c)
{
    return c->wrote;
}

void postgres_conn_expecting(struct postgres_conn *c)
{
    INVARIANT(c->base.open && !c->begun);
    c->expects = true;
}

static err begin_with(struct postgres_conn *c, size_t line)
{
    INVARIANT(!c->base.open && c->sents == 0);
    if (postgres_lost(c->link))
        return postgres_batch_lost(c);
    c->base.open = true;
    c->begun = c->broken = c->expects = c->wrote = false;
    c->snapshot = line == OWN_SNAPSHOT;
    c->trouble = POSTGRES_FINE;
    c->id[0] = '\0';
    c->waits = 0;
    forget_lines(c);
    postgres_batch_wait(c, line);
    return OK;
}

err postgres_conn_begin(struct db_conn *base)
{
    TRY(begin_with(postgres_conn_of(base), OWN_BEGIN));
    base->feeding.touched = false;
    return OK;
}

void postgres_conn_soon(struct postgres_conn *c)
{
    INVARIANT(c->base.open && !c->begun);
    postgres_batch_wait(c, OWN_SOON);
}

err postgres_conn_snapshot(struct db_conn *base)
{
    return begin_with(postgres_conn_of(base), OWN_SNAPSHOT);
}

static err send_commit(struct postgres_conn *c)
{
    struct postgres_batch b = {.c = c};
    const struct db_param keep[] = {P_INT(DB_CHANGES_KEPT), P_INT(DB_CHANGES_BITE)};
    const struct db_param lines[] = {P_INT(c->lines), P_TEXT(((str){c->kinds.p, c->kinds.n})), P_TEXT(((str){c->keys.p, c->keys.n}))};
    postgres_batch_waiting(&b);
    if (c->lines > 0) {
        postgres_batch_own_add(&b, OWN_LINES, lines, 3);
        postgres_batch_own_add(&b, OWN_TRIM, keep, 2);
    }
    if (c->base.feeding.touched)
        postgres_batch_own_add(&b, OWN_NOTIFY, NULL, 0);
    postgres_batch_own_add(&b, OWN_COMMIT, NULL, 0);
    err e = postgres_batch_go(&b);
    if (FAILED(e) && c->trouble == POSTGRES_GONE && c->wrote) /* refused before it, or answered: then we know */
        c->trouble = POSTGRES_UNSURE;
    if (!FAILED(e) && !str_is(str_of(postgres_tag(b.items[b.count - 1].answer)), "COMMIT")) {
        c->trouble = POSTGRES_WRONG;
        e = ERR(UNAVAILABLE, "store: the transaction was lost");
    }
    if (postgres_batch_constraint(e)) {
        c->trouble = POSTGRES_WRONG;
        e = ERR(UNAVAILABLE, "store: the lines of the feed cannot be written");
    }
    postgres_batch_free(&b);
    return e;
}

err postgres_conn_commit(struct db_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    INVARIANT(base->open);
    err e = c->broken ? ERR(UNAVAILABLE, "store: the transaction was lost") : c->begun ? send_commit(c) : OK;
    if (FAILED(e) && c->trouble == POSTGRES_UNSURE) { /* who waits for it is told once it is known */
        base->open = c->begun = c->broken = false;
        c->waits = 0;
        return e;
    }
    if (FAILED(e)) {
        postgres_conn_rollback(base);
        return e;
    }
    base->open = c->begun = false;
    c->waits = 0; /* sent, or about nothing: whoever is next on this connection has no part in it */
    base->feeding.changed = base->feeding.touched;
    return OK;
}

void postgres_conn_rollback(struct db_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    bool begun = c->begun;
    enum postgres_trouble trouble = c->trouble;
    base->open = c->begun = c->broken = c->snapshot = false;
    c->waits = 0;
    store_rolled_back(base);
    if (c->sents > 0 && !postgres_lost(c->link)) { /* a refusal among them would take the ROLLBACK along */
        struct postgres_batch b = {.c = c};
        postgres_batch_sent(&b);
        err ignored = postgres_batch_go(&b);
        (void)ignored;
        postgres_batch_free(&b);
    }
    c->sents = 0;
    if (begun && !postgres_lost(c->link)) {
        struct postgres_batch b = {.c = c};
        postgres_batch_own_add(&b, OWN_ROLLBACK, NULL, 0);
        if (FAILED(postgres_batch_go(&b)))
            postgres_give_up(c->link); /* the server rolls back what nobody holds any more */
        postgres_batch_free(&b);
    }
    c->trouble = trouble;
}

/* Room for what waits; a batch of its own when there is none. */
static err make_room(struct postgres_conn *c)
{
    TRY(postgres_batch_usable(c));
    if (c->waits + 2 <= POSTGRES_WAITING_MAX)
        return OK;
    struct postgres_batch b = {.c = c};
    postgres_batch_waiting(&b);
    err e = postgres_batch_go(&b);
    postgres_batch_free(&b);
    if (FAILED(e))
        postgres_batch_failed(c, e, false);
    else
        c->waits = 0;
    c->begun = true;
    return e;
}

err postgres_conn_save(struct db_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    INVARIANT(base->open && c->depth < POSTGRES_DEPTH_MAX);
    TRY(make_room(c));
    postgres_batch_wait(c, OWN_SAVE);
    c->marks[c->depth++] = (struct postgres_mark){c->kinds.n, c->keys.n, c->lines};
    return OK;
}

err postgres_conn_release(struct db_conn *base, bool keep)
{
    struct postgres_conn *c = postgres_conn_of(base);
    INVARIANT(base->open && c->depth > 0);
    const struct postgres_mark *m = &c->marks[--c->depth];
    TRY(make_room(c));
    if (!keep) {
        c->kinds.n = m->kinds;
        c->keys.n = m->keys;
        c->lines = m->count;
    }
    if (c->waits > 0 && c->waiting[c->waits - 1].line == OWN_SAVE) {
        c->waits--; /* nothing has happened since */
        return OK;
    }
    if (!keep)
        postgres_batch_wait(c, OWN_UNDO);
    postgres_batch_wait(c, OWN_KEEP);
    return OK;
}

/* Goes with the next statement: what that one sees was committed when the lock was had. */
err postgres_conn_guard(struct db_conn *base, enum db_guard which, const struct db_param *key, enum db_guard_mode mode)
{
    struct postgres_conn *c = postgres_conn_of(base);
    INVARIANT(base->open);
    TRY(make_room(c));
    postgres_batch_wait(c, (mode == DB_GUARD_SHARED ? OWN_SHARED : OWN_ALONE) + (size_t)which);
    struct postgres_waiting *w = &c->waiting[c->waits - 1];
    w->key = *key;
    if (key->kind == DB_TEXT) {
        INVARIANT(key->text.n <= sizeof(w->text));
        memcpy(w->text, key->text.p, key->text.n);
        w->key.text.p = w->text;
    }
    return OK;
}
