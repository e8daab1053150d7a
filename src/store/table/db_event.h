/* SPDX-License-Identifier: MIT
 * db_event: the audit trail (LG-01): three classes, each with a budget and an age of its own (oldest go first), so that nothing weightier
 * is washed out by something lighter; queued without waiting; never holds a secret. Also the two little registers that many rules share: things that may happen only once, and counters of failures. */
#ifndef JETON_STORE_TABLE_DB_EVENT_H
#define JETON_STORE_TABLE_DB_EVENT_H
#include "store/store.h"
struct db_event {
    int64_t number;
    unix_time at;
    str name;      /* login.ok login.failed token.issued token.refused client.added … */
    str actor;     /* user id, client:<id>, or absent */
    str client_id; /* absent: none */
    str subject;   /* what it was done to: an id */
    str address, request_id;
    str detail;    /* why, in words; no secret, no input beyond ids */
    int64_t class; /* enum db_event_class; 0 is kept as machines' traffic */
};
/* Copies what it needs and returns; dropped (and counted) when the queue is full: an event never fails a request. */
void db_event_add(struct tx *tx, const struct db_event *event);
struct db_event_rows {
    struct db_event *rows;
    size_t count;
    int64_t total;
};
/* Newest first by default. Columns: number at name. Filter: name, actor, client_id, subject, detail, request_id. actor absent: everybody's. */
/* The next ones after that number, of one class or (0) of any, oldest first, at most 1000: ask again until there are none. */
fallible db_event_after(struct tx *tx, struct arena *a, int64_t class, int64_t after, struct db_event **rows, size_t *count);
/* How many of each class there are, from 1. */
fallible db_event_kept(struct tx *tx, struct arena *a, int64_t kept[DB_EVENT_CLASSES + 1]);
fallible db_event_list(struct tx *tx, struct arena *a, str actor, const struct db_page *page, struct db_event_rows *out);

/* Takes (kind, id) once: *first false when it was taken before and has not expired. Durable before it returns. */
fallible db_once_take(struct tx *tx, const char *kind, str id, unix_time expires_at, bool *first);

/* Failure counters (RL-01..03). `key` is a canonical name or address. An attempt is counted before it is judged. */
struct db_throttle {
    int64_t failures;
    unix_time until; /* no attempt before this; 0: free */
};
/* When free, counts one attempt (failures + 1) and returns the state before it with *allowed true; else *allowed false. The new
 * `until` is now + delay(failures + 1): 0 below `free_tries`, then base seconds doubling up to `most`. A counter that saw no
 * attempt for `forget` seconds starts anew. */
struct db_throttle_rule {
    int64_t free_tries, base, most, forget;
};
fallible db_throttle_try(struct tx *tx, str key, const struct db_throttle_rule *rule, bool *allowed, struct db_throttle *state);
/* What was counted so far is on the disk when this returns, though it was counted by store_together_soon. */
fallible db_throttle_keep(struct tx *tx, str key);
/* Would it be free? Counts nothing, and asks no writer; within a transaction always free. */
fallible db_throttle_look(struct tx *tx, str key, const struct db_throttle_rule *rule, bool *allowed, struct db_throttle *state);
fallible db_throttle_clear(struct tx *tx, str key); /* after a success */
/* Gives the attempt back (a success on another key's account): failures - 1, until 0. */
fallible db_throttle_return(struct tx *tx, str key);
/* The attempt stays counted, on the disk as by db_throttle_keep, and the next one need not wait. */
fallible db_throttle_lift(struct tx *tx, str key);

/* Revocations whose tokens may still be alive, for store/cache: kind 'grant' (UUID) or 'token' (jti, b64url). */
struct db_revocation {
    int64_t number;
    str kind, id;
    unix_time expires_at;
};
fallible db_revocation_add(struct tx *tx, const char *kind, str id, unix_time expires_at);
/* The next ones after that number, at most 4096: ask again until there are none. */
fallible db_revocation_since(struct tx *tx, struct arena *a, int64_t after_number, struct db_revocation **rows, size_t *count);
#endif
