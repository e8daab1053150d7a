/* SPDX-License-Identifier: MIT
 * app: the running server: what one process has one of. Built before the first request, immutable then but for its counters. */
#ifndef JETON_SERVER_APP_H
#define JETON_SERVER_APP_H
#include "context/authority.h"
#include "http/listen.h"
#include "server/outbox.h"
#include "server/pool.h"
#include "server/route.h"
#include "config/settings.h"
#include <stdatomic.h>

enum { APP_STATUS_CLASSES = 6, APP_ROUTES_MAX = 128 };
struct app {
    const struct settings *_Atomic settings; /* in force; replaced on SIGHUP (server/reload) */
    struct authority authority;              /* as it was opened */
    const struct authority *_Atomic current; /* in force: the same store and keys, perhaps other rules */
    struct arena *arena;
    struct problems *problems;      /* why it did not start */
    struct listen_pairs pairs;      /* that the listeners show */
    struct generation *generations; /* what was put in force by SIGHUP, the newest first */
    struct listener *listener;
    struct listener *asking; /* the second one, that asks for client certificates; NULL: none */
    struct pool *worker, *hash;
    struct outbox *outbox;
    int fence;         /* Landlock's version; 0: files are not fenced */
    const char *ports; /* what the log says of the fence before ports */
    _Atomic bool open; /* requests are answered; before and while closing: 503 */
    _Atomic bool draining;
    unix_time started;
    _Atomic bool access_log, hsts;
    _Atomic uint64_t answered[APP_ROUTES_MAX + 1][APP_STATUS_CLASSES]; /* by row (last: no row) and status / 100 */
    _Atomic int64_t inside;                                            /* requests that arrived and are not yet gone */
    _Atomic uint64_t shed;                                             /* refused because a queue was full */
};
/* Startup order: settings, fence, store, migrations, keys, TLS, bind, sandbox. On failure app->problems says what to mend, if anything can be
 * said; nothing is left open. */
fallible app_open(struct app *app, const struct settings *settings, struct arena *a);
void app_event_limits(const struct settings *s, struct db_event_limit limits[DB_EVENT_CLASSES + 1]); /* by class, from 1 */
struct outbox_rule app_outbox_rule(const struct settings *s);
void app_close(struct app *app); /* stops accepting, drains within settings->drain_seconds, closes */
#endif
