/* SPDX-License-Identifier: MIT
 * request_document: a small shelf of fetched documents. Relies on fetch for where this server may call and on the caller for having
 * found the address registered. Promises a bounded shelf, entries that end after a minute, and that failures are never kept.
 *
 * Invariant: an entry's memory is its own arena, touched under the lock alone; what is handed out is a copy. */
#include "authorize/request_document.h"
#include "fetch/fetch.h"
#include <pthread.h>
#include "base/banned.h"

static struct entry {
    struct arena *arena;
    str uri, text;
    unix_time until;
} shelf[REQUEST_DOCUMENT_KEPT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What ends later than anything that is put there now is from before the clock went back. */
static bool is_document_fresh(const struct entry *e, unix_time now)
{
    return e->until > now && e->until <= clock_add(now, REQUEST_DOCUMENT_SECONDS);
}

static str find_remembered_document(struct context *ctx, str uri)
{
    str text = STR_ABSENT;
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < REQUEST_DOCUMENT_KEPT; i++)
        if (is_document_fresh(&shelf[i], ctx->now) && str_equal(shelf[i].uri, uri))
            text = str_dup(ctx->arena, shelf[i].text);
    (void)pthread_mutex_unlock(&lock);
    return text;
}

/* In a place that nobody needs, or of the one that ends first. Not being kept is no failure. */
static void remember_document(const struct context *ctx, str uri, str text)
{
    struct arena *a = arena_new(2 * (uri.n + text.n) + 4096), *old;
    struct entry fresh = {a, STR_ABSENT, STR_ABSENT, clock_add(ctx->now, REQUEST_DOCUMENT_SECONDS)};
    size_t at = 0;
    if (!a)
        return;
    fresh.uri = str_dup(a, uri);
    fresh.text = str_dup(a, text);
    if (arena_failed(a)) {
        arena_release(a);
        return;
    }
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 1; i < REQUEST_DOCUMENT_KEPT && is_document_fresh(&shelf[at], ctx->now); i++)
        if (!is_document_fresh(&shelf[i], ctx->now) || shelf[i].until < shelf[at].until)
            at = i;
    old = shelf[at].arena;
    shelf[at] = fresh;
    (void)pthread_mutex_unlock(&lock);
    arena_release(old);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static str trim_document(str text)
{
    while (text.n > 0 && is_space(text.p[0]))
        text = (str){text.p + 1, text.n - 1};
    while (text.n > 0 && is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

fallible request_document_get(struct context *ctx, const struct db_client *client, str uri, str *text)
{
    str found = find_remembered_document(ctx, uri), address = {uri.p, str_find(uri, '#')};
    struct fetch_manners manners = ctx->authority->policy.fetch;
    manners.bytes = REQUEST_DOCUMENT_BYTES;
    manners.caller = client->id;
    if (!str_present(found)) {
        err fetched = fetch_document(ctx->arena, &manners, address, STR("application/oauth-authz-req+jwt, application/jwt, */*"), &found);
        if (FAILED(fetched) && arena_failed(ctx->arena))
            return fetched;
        if (fetched.kind == ERR_THROTTLED)
            FAIL(UNAVAILABLE, "request object: too many fetches at once");
        if (FAILED(fetched))
            REFUSE(INVALID_REQUEST_URI, "The document at the request_uri could not be fetched.", "request object: cannot be fetched");
        found = trim_document(found);
        remember_document(ctx, uri, found);
    }
    *text = found;
    return OK;
}
