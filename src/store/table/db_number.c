/* SPDX-License-Identifier: MIT
 * db_number: row numbers that never come back. The kinds that the hot path needs are taken from the table in blocks and
 * handed out from memory; a crash skips numbers, it never repeats one. The rest are counted one by one inside their own
 * sentence. Public ids are chance alone.
 *
 * Invariant: a number is handed to a thread outside the group only when the block it came from is durable. A block taken
 * inside an open group stays in `fresh` until db_number_settle; a number that a job of that group takes straight from the
 * table comes back when the group is lost, and then the job that used it is lost with it. */
#include "crypto/random.h"
#include "store/store_internal.h"

#include "base/banned.h"

enum { TAKE };
static const char *const texts[] = {
    [TAKE] = "UPDATE counters SET next = next + $2 WHERE name = $1 RETURNING next",
};
DB_STATEMENTS(number, texts);

static const char *const names[DB_COUNTERS] = {
    [DB_COUNT_AUTHORIZATION] = "grant",         [DB_COUNT_CODE] = "code",       [DB_COUNT_SESSION] = "session", [DB_COUNT_PUSHED] = "pushed",
    [DB_COUNT_DEFERRED] = "deferred",           [DB_COUNT_USER] = "user",       [DB_COUNT_CLIENT] = "client",   [DB_COUNT_SECRET] = "secret",
    [DB_COUNT_RESOURCE] = "resource",           [DB_COUNT_KEY] = "key",         [DB_COUNT_PAT] = "pat",         [DB_COUNT_REVOCATION] = "revocation",
    [DB_COUNT_DELIVERY] = "delivery",           [DB_COUNT_INITIAL] = "initial", [DB_COUNT_ISSUER] = "issuer",   [DB_COUNT_CHANGE] = "change",
    [DB_COUNT_AUTHENTICATOR] = "authenticator",
};

static err take_counter_block(struct db_conn *c, enum db_counter counter, int64_t count, int64_t *first)
{
    int64_t next = 0;
    bool found = false;
    TRY(db_scalar(c, CALL(TAKE, P_TEXT(str_of(names[counter])), P_INT(count)), &next, &found));
    if (!found)
        FAIL(UNAVAILABLE, "store: a counter is missing");
    *first = next - count;
    return OK;
}

err db_number_next(struct db_conn *c, enum db_counter counter, int64_t *number)
{
    return take_counter_block(c, counter, 1, number);
}

static bool from_memory(struct store *store, enum db_counter counter, int64_t *number)
{
    struct db_number_block *b = &store->numbers.blocks[counter];
    (void)pthread_mutex_lock(&store->numbers.lock);
    if (b->next == b->end && b->spare != b->spare_end) {
        b->next = b->spare;
        b->end = b->spare_end;
        b->spare = b->spare_end = 0;
    }
    bool there = b->next < b->end;
    if (there)
        *number = b->next++;
    (void)pthread_mutex_unlock(&store->numbers.lock);
    return there;
}

struct request {
    enum db_counter counter;
    int64_t count, first;
};

static err take_body(struct db_conn *c, void *context)
{
    struct request *r = context;
    return take_counter_block(c, r->counter, r->count, &r->first);
}

err db_number_reserve(struct tx *tx, enum db_counter counter, int64_t *number)
{
    INVARIANT(counter < DB_COUNTERS_CACHED);
    struct store *store = tx->store;
    if (store->threaded && from_memory(store, counter, number))
        return OK;
    bool single = !store->threaded || store_is_open(tx);
    struct request r = {counter, single ? 1 : DB_NUMBER_BLOCK, 0};
    TRY(db_write(tx, DB_SINGLE, take_body, &r));
    *number = r.first;
    if (single)
        return OK;
    struct db_number_block *b = &store->numbers.blocks[counter];
    (void)pthread_mutex_lock(&store->numbers.lock);
    if (b->next == b->end) { /* otherwise another thread was first, and this block is skipped */
        b->next = r.first + 1;
        b->end = r.first + r.count;
    }
    (void)pthread_mutex_unlock(&store->numbers.lock);
    return OK;
}

err db_number_top_up(struct store *store, struct db_conn *c)
{
    for (size_t i = 0; i < DB_COUNTERS_CACHED; i++) {
        struct db_number_block *b = &store->numbers.blocks[i], *fresh = &store->numbers.fresh[i];
        (void)pthread_mutex_lock(&store->numbers.lock);
        bool low = b->spare == b->spare_end && b->end - b->next < DB_NUMBER_LOW;
        (void)pthread_mutex_unlock(&store->numbers.lock);
        if (!low)
            continue;
        int64_t first = 0;
        TRY(take_counter_block(c, (enum db_counter)i, DB_NUMBER_BLOCK, &first));
        fresh->spare = first;
        fresh->spare_end = first + DB_NUMBER_BLOCK;
    }
    return OK;
}

void db_number_settle(struct store *store, bool committed)
{
    for (size_t i = 0; i < DB_COUNTERS_CACHED; i++) {
        struct db_number_block *b = &store->numbers.blocks[i], *fresh = &store->numbers.fresh[i];
        if (fresh->spare == fresh->spare_end)
            continue;
        (void)pthread_mutex_lock(&store->numbers.lock);
        if (committed && b->spare == b->spare_end) {
            b->spare = fresh->spare;
            b->spare_end = fresh->spare_end;
        }
        (void)pthread_mutex_unlock(&store->numbers.lock);
        fresh->spare = fresh->spare_end = 0;
    }
}

void db_number_forget(struct store *store)
{
    (void)pthread_mutex_lock(&store->numbers.lock);
    for (size_t i = 0; i < DB_COUNTERS_CACHED; i++)
        store->numbers.blocks[i] = (struct db_number_block){0};
    (void)pthread_mutex_unlock(&store->numbers.lock);
}

err db_fresh_id(struct arena *a, str *id)
{
    char text[37];
    random_uuid(text);
    str copy = str_dup(a, str_of(text));
    if (!str_present(copy))
        FAIL(UNAVAILABLE, "store: the arena is full");
    *id = copy;
    return OK;
}
