/* SPDX-License-Identifier: MIT
 * db_delivery: messages to clients that must arrive (back-channel logout, CIBA pings): durable, tried again until they arrived or
 * expires_at passed (server/outbox posts them). Bounded in all and per client (RL-06).
 *
 *   db_delivery_add ─▶ [due] ──db_delivery_take──▶ [leased] ──db_delivery_done (arrived, or given up)──▶ gone
 *                        ▲────db_delivery_postpone───┤                     expires_at + a day, or 31 days, db_purge──▶ gone
 *                        └──the lease ran out────────┘ */
#ifndef JETON_STORE_TABLE_DB_DELIVERY_H
#define JETON_STORE_TABLE_DB_DELIVERY_H
#include "store/store.h"
enum { DB_DELIVERIES_MAX = 20000, DB_DELIVERIES_PER_CLIENT = 2000, DB_DELIVERIES_TAKEN = 16 };
struct db_delivery {
    int64_t number;
    str kind; /* who makes the message when it is sent: a row of the outbox's table ("ping", "logout") */
    int64_t client_number;
    str url, media_type;
    str body;   /* the message, or the facts that it is made from */
    str bearer; /* for the Authorization header; absent: none */
    unix_time created_at, due_at;
    int64_t tries;        /* that failed */
    unix_time expires_at; /* then it is given up; 0: when the outbox has tried as long as the settings say */
};
/* number is filled in; created_at and due_at 0: now. THROTTLED: too many wait already, for this client or in all. */
fallible db_delivery_add(struct tx *tx, struct db_delivery *delivery);
/* At most DB_DELIVERIES_TAKEN that are due, fewest tries first; until `lease` no other process takes them. */
fallible db_delivery_take(struct tx *tx, struct arena *a, unix_time now, unix_time lease, struct db_delivery **rows, size_t *count);
/* It failed: one try more, and neither it nor what else waits for the same client at the same address is due before due_at. */
fallible db_delivery_postpone(struct tx *tx, const struct db_delivery *delivery, unix_time due_at);
fallible db_delivery_return(struct tx *tx, const struct db_delivery *delivery); /* taken, but not tried: due at its due_at */
fallible db_delivery_done(struct tx *tx, int64_t number);
fallible db_delivery_next(struct tx *tx, unix_time *due_at, bool *any); /* when the next one is due */
/* `call` is called after a transaction that added one is durable, on the thread that committed it: it must not block. NULL: nobody. */
void db_delivery_when_added(struct store *store, void (*call)(void *context), void *context);
#endif
