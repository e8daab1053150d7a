/* SPDX-License-Identifier: MIT
 * outbox: posts what waits in the outbox (store/table/db_delivery) to clients: back-channel logout, CIBA pings. One thread of its own, so that
 * no request ever waits for another server. Tried again after a first wait, then five times, then thirty times that, until it arrived or
 * its hours are over; each end is an event, each failure a line in the log that says which check failed. */
#ifndef JETON_SERVER_OUTBOX_H
#define JETON_SERVER_OUTBOX_H
#include "context/authority.h"
struct outbox;
struct outbox_rule {
    int64_t hours;         /* how long a message is tried */
    int64_t first_wait;    /* seconds after the first failure */
    int64_t drain_seconds; /* a call takes no longer, so that stopping does not */
};
/* `authority` outlives the outbox. Signals must be blocked already. */
fallible outbox_open(const struct authority *authority, const struct outbox_rule *rule, struct outbox **out);
/* From its next round on; `authority` has the same store and outlives the outbox. */
void outbox_change(struct outbox *c, const struct authority *authority, const struct outbox_rule *rule);
void outbox_rest(struct outbox *c);  /* begins nothing more; does not wait */
void outbox_close(struct outbox *c); /* and waits for the call under way; NULL is allowed */
/* Once: everything that is due now is posted; for tests, and what the thread does. */
fallible outbox_round(const struct authority *authority, const struct outbox_rule *rule);
#endif
