/* SPDX-License-Identifier: MIT
 * postgres_errors: one table of what went wrong. Relies on SQLSTATEs, never on texts, which are translated; promises that the server's words reach the
 * log alone, and that not too often. */
#include "store/postgres/postgres_errors.h"

#include "base/log.h"

#include <stdio.h>

#include "base/banned.h"

/* The first row whose letters begin the state. FINE: the transaction is usable, when the statement stood in a savepoint. */
static const struct {
    const char *state;
    enum postgres_trouble trouble;
    enum err_kind kind;
    struct err_reason reason;
} rows[] = {
    {"23503", POSTGRES_FINE, ERR_NOT_FOUND, {"store: the row names another row that is not there", NULL}},
    {"23", POSTGRES_FINE, ERR_CONFLICT, {"store: a unique value is taken", NULL}},
    {"40", POSTGRES_AGAIN, ERR_UNAVAILABLE, {"store: it could not be put in order with others", NULL}},
    {"22012", POSTGRES_AGAIN, ERR_UNAVAILABLE, {"store: an expected change was not made", NULL}}, /* FORM_EXPECTED */
    {"55P03", POSTGRES_AGAIN, ERR_UNAVAILABLE, {"store: locked by others for too long", NULL}},
    {"08", POSTGRES_GONE, ERR_UNAVAILABLE, {"store: the connection to the database server was lost", NULL}},
    {"57P", POSTGRES_GONE, ERR_UNAVAILABLE, {"store: the database server ended the connection", NULL}},
    {"25P03", POSTGRES_GONE, ERR_UNAVAILABLE, {"store: a transaction was idle for too long", NULL}},
    {"25006", POSTGRES_GONE, ERR_UNAVAILABLE, {"store: the database server only reads", NULL}},            /* a replica, after a failover */
    {"26000", POSTGRES_GONE, ERR_UNAVAILABLE, {"store: the connection is not the one that it was", NULL}}, /* somebody pools it */
    {"0A000", POSTGRES_GONE, ERR_UNAVAILABLE, {"store: a statement must be prepared anew", NULL}},         /* the schema moved on */
    {"53100", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: the database server's disk is full", NULL}},
    {"53", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: the database server is out of memory or connections", NULL}},
    {"57014", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: a statement took too long", NULL}},
    {"58", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: the database server cannot read or write its disk", NULL}},
    {"XX00", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: the database server reports damage or a fault of its own", NULL}},
    {"42501", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: the database user lacks a right", NULL}},
    {"22021", POSTGRES_FINE, ERR_INVALID_REQUEST, {"store: a text holds a NUL byte or is not UTF-8", NULL}},
    {"", POSTGRES_WRONG, ERR_UNAVAILABLE, {"store: the database server refused a statement", NULL}},
};
enum { TOLD_MAX = 16, TOLD_EVERY_US = 60000000 };

static struct {
    pthread_mutex_t lock;
    struct {
        char state[6];
        int64_t at_us;
    } states[TOLD_MAX];
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Each state once a minute; with more states than there is room for, the one that was told longest ago makes room. */
static bool is_due(const char *state)
{
    int64_t now_us = clock_monotonic_us();
    size_t oldest = 0, i = 0;
    (void)pthread_mutex_lock(&told.lock);
    for (; i < TOLD_MAX && !str_is(str_of(told.states[i].state), state); i++)
        if (told.states[i].at_us < told.states[oldest].at_us)
            oldest = i;
    bool due = i == TOLD_MAX || now_us - told.states[i].at_us >= TOLD_EVERY_US;
    if (due) {
        size_t at = i < TOLD_MAX ? i : oldest;
        (void)snprintf(told.states[at].state, sizeof(told.states[at].state), "%s", state);
        told.states[at].at_us = now_us;
    }
    (void)pthread_mutex_unlock(&told.lock);
    return due;
}

err postgres_errors_judge(const struct postgres_answer *refusal, enum postgres_trouble *trouble)
{
    const char *state = postgres_state(refusal);
    size_t i = 0;
    while (!str_starts(str_of(state), str_of(rows[i].state)))
        i++;
    *trouble = rows[i].trouble;
    if ((rows[i].trouble == POSTGRES_GONE || rows[i].trouble == POSTGRES_WRONG) && is_due(state))
        LOG(WARN, "database.trouble", LOG_STR("state", str_of(state)), LOG_STR("message", str_of(postgres_message(refusal))));
    return (err){rows[i].kind, &rows[i].reason};
}
