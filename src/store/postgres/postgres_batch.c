/* SPDX-License-Identifier: MIT
 * postgres_batch: statements that are sent together and answered together. Relies on the server to skip what follows a refusal; promises that each is
 * prepared once a connection, in the same round trip as its first use, and that what one failed batch means for the transaction is said in one place. */
#include "store/postgres/postgres_batch.h"

#include "store/postgres/postgres_errors.h"
#include "store/table/db_change.h"

#include <stdio.h>

#include "base/banned.h"

#define LOCK(table_, key_, how_) "SELECT 1 FROM " table_ " WHERE " key_ " = $1 FOR " how_
static const char *const own_texts[OWN_COUNT] = {
    [OWN_BEGIN] = "BEGIN",
    [OWN_SNAPSHOT] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    [OWN_COMMIT] = "COMMIT",
    [OWN_ROLLBACK] = "ROLLBACK",
    [OWN_SAVE] = "SAVEPOINT part",
    [OWN_KEEP] = "RELEASE part",
    [OWN_UNDO] = "ROLLBACK TO part",
    [OWN_STEP] = "SAVEPOINT step",
    [OWN_STEP_KEEP] = "RELEASE step",
    [OWN_STEP_UNDO] = "ROLLBACK TO step",
    [OWN_ID] = "SELECT pg_current_xact_id_if_assigned()",
    /* The counter is locked from here to the end of the transaction, so seq is the order of commits. */
    [OWN_LINES] = "WITH taken AS (UPDATE counters SET next = next + $1 WHERE name = 'change' RETURNING next - $1 AS first)"
                  " INSERT INTO changes (seq, kind, key) SELECT (SELECT first FROM taken) + place - 1, kind, key" /* no counter: no number, refused */
                  " FROM unnest(('{' || $2 || '}')::text[], ('{' || $3 || '}')::text[]) WITH ORDINALITY AS line (kind, key, place)",
    [OWN_TRIM] = "DELETE FROM changes WHERE seq <= (SELECT (next - 1) / $2 * $2 - $1 FROM counters WHERE name = 'change')",
    [OWN_NOTIFY] = "SELECT pg_notify('jeton_changes', '')",
    [OWN_OUTCOME] = "SELECT CASE WHEN $2 <> CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
                    " || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) THEN 'unknown'"
                    " ELSE pg_xact_status($1::xid8) END",
    [OWN_CHOSEN] = "SELECT CASE WHEN pg_try_advisory_xact_lock(7234598612001) THEN 1 ELSE 0 END",
    [OWN_HEADS] = "SELECT next FROM counters WHERE name IN ('change', 'revocation') ORDER BY name",
    [OWN_LISTEN] = "LISTEN jeton_changes",
    /* The commit is seen by all and its record lies before that of the next one, which takes it to the disk. */
    [OWN_SOON] = "SELECT set_config('synchronous_commit', 'off', true)",
#define X(name_, table_, key_) [OWN_SHARED + DB_GUARD_##name_] = LOCK(table_, key_, "SHARE"),
    DB_GUARDS(X)
#undef X
#define X(name_, table_, key_) [OWN_ALONE + DB_GUARD_##name_] = LOCK(table_, key_, "NO KEY UPDATE"),
        DB_GUARDS(X)
#undef X
};
const struct db_statements postgres_batch_own = {DB_STATEMENTS_COUNT, own_texts, OWN_COUNT};
_Static_assert((int)OWN_COUNT <= (int)DB_STATEMENTS_LINES, "they are a sheet like others");

struct postgres_slot *postgres_batch_slot(struct postgres_conn *c, const struct db_call *call)
{
    INVARIANT(call->line < call->statements->count && call->statements->count <= DB_STATEMENTS_LINES);
    struct postgres_slot *slot = &c->slots[call->statements->index * DB_STATEMENTS_LINES + call->line];
    if (!slot->known && call->statements != &postgres_batch_own) {
        const char *text = call->statements->texts[call->line];
        slot->feeds = (uint8_t)db_change_of(text);
        slot->writes = !str_starts(str_of(text), STR("SELECT "));
        slot->breaks = postgres_conn_may_break(text);
        slot->known = true;
        slot->names = !slot->writes && !postgres_conn_in_order(text);
    }
    return slot;
}

static const struct {
    char letter; /* of the prepared statement's name */
    const char *before, *behind;
} forms[FORM_COUNT] = {
    [FORM_PLAIN] = {'s', "", ""},
    [FORM_EXPECTED] = {'e', "WITH changed AS (", " RETURNING 1) SELECT 1 / (count(*) = 1)::int FROM changed"},
    [FORM_NAMING] = {'n', "SELECT asked.*, pg_current_xact_id() FROM (", ") AS asked"},
};

static void send_prepare_of(const struct postgres_batch *b, const char *name, const struct db_call *call, enum postgres_form form)
{
    enum { TEXT_MAX = 4096 };
    char text[TEXT_MAX];
    int n = snprintf(text, sizeof(text), "%s%s%s", forms[form].before, call->statements->texts[call->line], forms[form].behind);
    INVARIANT(n > 0 && n < TEXT_MAX);
    postgres_send_prepare(b->c->link, name, text, call);
}

void postgres_batch_add(struct postgres_batch *b, const struct db_call *call, enum postgres_form form)
{
    char name[POSTGRES_NAME_SIZE];
    INVARIANT(b->count < POSTGRES_BATCH_MAX);
    uint8_t *state = &postgres_batch_slot(b->c, call)->states[form];
    bool prepares = *state == SLOT_NEW;
    (void)snprintf(name, sizeof(name), "%c%u_%u", forms[form].letter, (unsigned)call->statements->index, (unsigned)call->line);
    if (prepares) {
        *state = SLOT_ASKED;
        send_prepare_of(b, name, call, form);
    }
    postgres_send_call(b->c->link, name, call);
    b->items[b->count++] = (struct postgres_item){state, prepares, NULL};
}

void postgres_batch_own_add(struct postgres_batch *b, size_t line, const struct db_param *params, size_t count)
{
    b->own[b->count] = (struct db_call){&postgres_batch_own, line, params, count};
    postgres_batch_add(b, &b->own[b->count], FORM_PLAIN);
}

void postgres_batch_sent(struct postgres_batch *b)
{
    INVARIANT(b->count == 0);
    while (b->count < b->c->sents) {
        b->items[b->count] = b->c->sent[b->count];
        b->count++;
    }
}

void postgres_batch_waiting(struct postgres_batch *b)
{
    postgres_batch_sent(b);
    for (size_t i = 0; i < b->c->waits; i++) {
        struct postgres_waiting *w = &b->c->waiting[i];
        postgres_batch_own_add(b, w->line, &w->key, w->line >= OWN_SHARED ? 1 : 0);
    }
}

void postgres_batch_free(struct postgres_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        postgres_answer_free(b->items[i].answer);
}

/* The first refusal counts; what follows it is skipped. */
static void receive_one(struct postgres_batch *b, size_t i, bool preparing)
{
    struct postgres_item *item = &b->items[i];
    struct postgres_answer *answer = NULL;
    enum postgres_status status = postgres_receive(b->c->link, &answer);
    if (preparing)
        *item->state = status == POSTGRES_DONE ? SLOT_READY : SLOT_NEW;
    if (status == POSTGRES_REFUSED && b->refused == b->count)
        b->refused = i;
    if (preparing && status != POSTGRES_REFUSED)
        postgres_answer_free(answer);
    else if (answer != NULL) {
        postgres_answer_free(item->answer);
        item->answer = answer;
    }
}

err postgres_batch_lost(struct postgres_conn *c)
{
    c->trouble = POSTGRES_GONE;
    c->broken = c->broken || c->base.open;
    FAIL(UNAVAILABLE, "store: the connection to the database server was lost");
}

/* Where no transaction is open the end is the commit: what the server refuses there (it was told to stop just then) was not made. */
static void receive_end(struct postgres_link *link)
{
    struct postgres_answer *refusal = NULL;
    if (postgres_receive(link, &refusal) != POSTGRES_DONE)
        postgres_give_up(link);
    postgres_answer_free(refusal);
}

err postgres_batch_go(struct postgres_batch *b)
{
    struct postgres_conn *c = b->c;
    b->refused = b->count;
    c->sents = 0;
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
    receive_end(c->link);
    if (b->refused < b->count) {
        enum postgres_trouble trouble;
        err e = postgres_errors_judge(b->items[b->refused].answer, &trouble);
        if (trouble != POSTGRES_FINE)
            c->trouble = trouble;
        if (trouble == POSTGRES_GONE)
            postgres_give_up(c->link);
        return e;
    }
    return postgres_lost(c->link) ? postgres_batch_lost(c) : OK;
}

/* ---- what waits, and what a failure means ---- */

bool postgres_batch_constraint(err e)
{
    return e.kind == ERR_CONFLICT || e.kind == ERR_NOT_FOUND || e.kind == ERR_INVALID_REQUEST;
}

void postgres_batch_wait(struct postgres_conn *c, size_t line)
{
    INVARIANT(c->waits < POSTGRES_WAITING_MAX);
    c->waiting[c->waits++].line = line;
}

/* Only a broken constraint (or a text that is none) leaves the transaction usable, and only because the statement stood in a savepoint. */
void postgres_batch_failed(struct postgres_conn *c, err e, bool stepped)
{
    if (!c->base.open)
        return;
    c->begun = true;
    if (postgres_batch_constraint(e) && stepped) {
        c->waits = 0;
        postgres_batch_wait(c, OWN_STEP_UNDO);
        postgres_batch_wait(c, OWN_STEP_KEEP);
        return;
    }
    c->broken = true;
}

err postgres_batch_usable(struct postgres_conn *c)
{
    if (c->broken)
        FAIL(UNAVAILABLE, "store: the transaction was lost");
    if (!c->base.open)
        c->trouble = POSTGRES_FINE;
    return OK;
}
