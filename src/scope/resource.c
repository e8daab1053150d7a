/* SPDX-License-Identifier: MIT
 * resource: the services that a request names. Relies on the facts in memory; promises that a token is for one service alone, so that none can
 * use at another what it was sent, and that no name is passed over: all are good, or nothing is given. */
#include "scope/resource.h"
#include "codec/url.h"
#include "base/banned.h"

/* This server as a resource: its issuer, or its API by the name that its protected-resource metadata gives (RFC 9728 2). */
static bool is_own(const struct context *ctx, str uri)
{
    const str issuer = ctx->authority->issuer;
    return str_starts(uri, issuer) && (uri.n == issuer.n || str_is((str){uri.p + issuer.n, uri.n - issuer.n}, "/api/1.0"));
}

/* RFC 3986 6.2.3: on the web no path and the path `/` are the same; libraries that parse a URI and write it again add the slash. */
static str other_root(const struct context *ctx, str uri)
{
    struct url u;
    if (FAILED(url_parse(uri, &u)) || str_present(u.query) || !(str_is(u.scheme, "https") || str_is(u.scheme, "http")))
        return STR_ABSENT;
    if (str_is(u.path, "/"))
        return (str){uri.p, uri.n - 1};
    return u.path.n == 0 ? str_join(ctx->arena, (const str[]){uri, STR("/")}, 2) : STR_ABSENT;
}

fallible resource_find(const struct context *ctx, str uri, const struct db_resource **resource)
{
    if (!str_filled(uri) || is_own(ctx, uri)) {
        *resource = NULL;
        return OK;
    }
    const struct db_resource *found = cache_resource(ctx->snapshot, uri); /* AZ-23: exact, registered */
    str other = found ? STR_ABSENT : other_root(ctx, uri);
    if (str_present(other))
        found = cache_resource(ctx->snapshot, other);
    if (!found)
        REFUSE(INVALID_TARGET, "The resource is not registered here. An administrator registers it with: jeton resource add.", "resource: unknown");
    *resource = found;
    return OK;
}

static fallible add_word(const struct context *ctx, str uri, struct buf *words, size_t *count)
{
    const struct db_resource *resource;
    TRY(resource_find(ctx, uri, &resource));
    str word = resource ? resource->uri : ctx->authority->issuer;
    if (str_has_word((str){words->p, words->n}, word))
        return OK;
    if (++*count > RESOURCES_MAX)
        REFUSE(INVALID_TARGET, "A request may name at most eight resources.", "resource: too many");
    buf_word(words, word);
    return OK;
}

bool resource_named(const struct form *f)
{
    size_t at = 0;
    str uri;
    while (form_each(f, "resource", &at, &uri))
        if (str_filled(uri)) /* RFC 6749 3.1 */
            return true;
    return false;
}

fallible resource_words(const struct context *ctx, const struct form *f, str *words)
{
    enum { BYTES = RESOURCES_MAX * 2100 };
    size_t at = 0, count = 0;
    str uri, all;
    if (!resource_named(f)) {
        *words = STR_ABSENT;
        return OK;
    }
    struct buf b = buf_new(ctx->arena, BYTES);
    while (form_each(f, "resource", &at, &uri))
        if (str_filled(uri))
            TRY(add_word(ctx, uri, &b, &count));
    TRY(buf_done(&b, &all));
    *words = str_equal(all, ctx->authority->issuer) ? STR_ABSENT : all;
    return OK;
}

fallible resource_one(const struct context *ctx, const struct form *f, const struct db_resource **resource)
{
    str words;
    TRY(resource_words(ctx, f, &words));
    if (str_present(words) && str_find(words, ' ') < words.n)
        REFUSE(INVALID_TARGET, "An access token is for one service: ask for a token for each resource.", "resource: several for one token");
    return resource_find(ctx, words, resource);
}

fallible resource_pick(const struct context *ctx, const struct form *f, str granted, str *resource)
{
    str asked;
    const struct db_resource *one;
    bool named = resource_named(f), several = str_present(granted) && str_find(granted, ' ') < granted.n;
    TRY(resource_one(ctx, f, &one));
    asked = one ? one->uri : ctx->authority->issuer;
    if (named && !(str_present(granted) ? str_has_word(granted, asked) : !one))
        REFUSE(INVALID_TARGET, "resource is not among those of the authorization.", "resource: not in the authorization");
    if (!named && several)
        REFUSE(INVALID_TARGET, "The authorization is for several resources: name the one that this token is for.", "resource: which of several");
    *resource = !named ? granted : one ? one->uri : STR_ABSENT;
    return OK;
}

bool resource_carries(const struct context *ctx, str words, str scope)
{
    str uri;
    const struct db_resource *found;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &uri);)
        if ((found = cache_resource(ctx->snapshot, uri)) && str_filled(found->scopes) && str_has_word(found->scopes, scope))
            return true;
    return false;
}
