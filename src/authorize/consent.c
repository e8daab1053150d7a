/* SPDX-License-Identifier: MIT
 * consent: what a person has allowed. Relies on db_consent for what is remembered and on db_authorization for what is alive; promises that
 * an application whose identity is not sure is asked about every time (CO-01), and that taking back ends every token at once. */
#include "authorize/consent.h"
#include "codec/url.h"
#include "scope/resource.h"
#include "scope/scope.h"
#include "store/table/db_consent.h"
#include "base/banned.h"

/* RFC 8252 8.6, CVE-2023-34246: anybody can claim to be a public client, unless its answer goes to an https address that is its own. */
static bool identity_is_sure(const struct db_client *client, str redirect_uri)
{
    return !client->is_public || str_starts(redirect_uri, STR("https://"));
}

/* No scope has a quote: `"` and the number of a service stand behind a word that was agreed to for that one, and alone for the service itself. */
#define UNSCOPED "\"unscoped\""

static str mark_of(struct arena *a, const struct db_resource *resource)
{
    return resource ? str_format(a, "\"%lld", (long long)resource->number) : STR_ABSENT;
}

static void add_words(struct buf *b, const struct context *ctx, str scope, const struct db_resource *resource)
{
    str word, mark = mark_of(ctx->arena, resource);
    for (str rest = scope; str_filled(rest) && str_next(&rest, ' ', &word);) {
        const struct db_scope *known = cache_scope(ctx->snapshot, word);
        if (word.n == 0)
            continue;
        buf_word(b, word);
        if (resource && !(known && known->identity)) /* who somebody is is told here, whatever the access token is for */
            buf_add(b, mark);
    }
    if (resource)
        buf_word(b, mark);
}

fallible consent_words(struct context *ctx, const struct db_client *client, str scope, str resources, str *words)
{
    enum { BYTES = RESOURCES_MAX * (SCOPE_BYTES_MAX + SCOPE_WORDS_MAX * 24) };
    struct buf b = buf_new(ctx->arena, BYTES);
    str uri, asked = str_filled(scope) || !scopes_any(client) ? scope : STR(UNSCOPED); /* nothing is not less where it means all (CO-01) */
    const struct db_resource *resource;
    if (!str_filled(resources))
        add_words(&b, ctx, asked, NULL);
    for (str rest = resources; str_filled(rest) && str_next(&rest, ' ', &uri);) {
        TRY(resource_find(ctx, uri, &resource));
        add_words(&b, ctx, asked, resource);
    }
    return buf_done(&b, words);
}

struct meant {
    bool here, counts; /* it is about what is asked for; it is a yes by itself */
    size_t bare;       /* length without its mark */
};

/* A word without a mark is for this server, which hands on what it may have itself; but who somebody is, agreed to for one service, says nothing
 * about another. A mark alone is the service. */
static struct meant read_consent_word(const struct context *ctx, str word, const struct db_resource *resource, str mark)
{
    bool unscoped = str_starts(word, STR(UNSCOPED));
    size_t skip = unscoped ? sizeof UNSCOPED - 1 : 0;
    struct meant m = {.bare = skip + str_find((str){word.p + skip, word.n - skip}, '"')};
    const struct db_scope *known = cache_scope(ctx->snapshot, (str){word.p, m.bare});
    m.here = m.bare == word.n || (resource && str_equal((str){word.p + m.bare, word.n - m.bare}, mark));
    m.counts = m.here && !(resource && m.bare == word.n && known && known->identity);
    if (unscoped)
        m.bare = 0;
    return m;
}

fallible consent_scope(struct context *ctx, str words, const struct db_resource *resource, str *scope)
{
    struct buf b = buf_new(ctx->arena, words.n + 1);
    bool any = !str_filled(words) && str_present(words);
    str word, mark = mark_of(ctx->arena, resource);
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);) {
        if (word.n == 0)
            continue;
        struct meant m = read_consent_word(ctx, word, resource, mark);
        any = any || m.counts;
        word.n = m.bare;
        if (!m.here || word.n == 0 || str_has_word((str){b.p, b.n}, word))
            continue;
        buf_word(&b, word);
    }
    *scope = STR_ABSENT;
    return any ? buf_done(&b, scope) : OK;
}

fallible consent_needed(struct context *ctx, const struct db_client *client, int64_t user_number, const struct consent_question *q, bool *needed)
{
    if (q->forced) {
        *needed = true;
        return OK;
    }
    if (client->first_party && identity_is_sure(client, q->redirect_uri)) {
        *needed = false;
        return OK;
    }
    str remembered, asked;
    TRY(db_consent_get(ctx->tx, ctx->arena, user_number, client->number, &remembered));
    TRY(consent_words(ctx, client, q->scope, q->resources, &asked));
    *needed = !str_present(remembered) || !scope_within(asked, remembered) || !identity_is_sure(client, q->redirect_uri);
    return OK;
}

bool consent_may_see(const struct actor *by, int64_t user_number)
{
    return actor_may_self(by, user_number, "view-own-authorizations") || actor_is_admin(by);
}

fallible consent_authorizations(struct context *ctx, const struct actor *by, int64_t user_number, struct db_authorization **rows, size_t *count)
{
    if (!consent_may_see(by, user_number)) /* AD-02 */
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person within the token's scope nor an administrator");
    return db_authorization_list(ctx->tx, ctx->arena, user_number, rows, count);
}

fallible consent_applications(struct context *ctx, const struct actor *by, int64_t user_number, struct db_authorization **rows, size_t *count)
{
    if (!consent_may_see(by, user_number)) /* AD-02 */
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person within the token's scope nor an administrator");
    return db_authorization_applications(ctx->tx, ctx->arena, user_number, rows, count);
}

/* owner 0: whoever's */
static fallible revoke_owned(struct context *ctx, const struct actor *by, int64_t owner, str authorization_id, bool *revoked)
{
    bool done;
    TRY(db_authorization_revoke_by_id(ctx->tx, authorization_id, owner, &done));
    if (done)
        authority_event(ctx, "grant.revoked", &(struct authority_event_facts){.actor = actor_name(by), .subject = authorization_id});
    *revoked = done;
    return OK;
}

fallible consent_revoke_authorization(struct context *ctx, const struct actor *by, str authorization_id, bool *revoked)
{
    bool all = actor_is_admin(by);
    int64_t owner = all ? 0 : by->user ? by->user->number : -1; /* others' are not found */
    if (!all && !actor_may_self(by, owner, "delete-own-authorizations"))
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person within the token's scope nor an administrator");
    return revoke_owned(ctx, by, owner, authorization_id, revoked);
}

fallible consent_revoke_of(struct context *ctx, const struct actor *by, int64_t user_number, str authorization_id, bool *revoked)
{
    if (!actor_may_self(by, user_number, "delete-own-authorizations") && !actor_is_admin(by))
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person nor an administrator");
    return revoke_owned(ctx, by, user_number, authorization_id, revoked);
}

fallible consent_revoke_client(struct context *ctx, const struct actor *by, int64_t user_number, str client_id)
{
    const struct db_client *client = cache_client(ctx->snapshot, client_id);
    if (!actor_may_self(by, user_number, "delete-own-authorizations") && !actor_is_admin(by))
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person nor an administrator");
    if (!client)
        FAIL(NOT_FOUND, "consent: no such client");
    TRY(db_consent_forget(ctx->tx, user_number, client->number));
    TRY(db_authorization_revoke_all(ctx->tx, ctx->arena, user_number, client->number));
    authority_event(ctx, "consent.withdrawn", &(struct authority_event_facts){.actor = actor_name(by), .client_id = client_id});
    return OK;
}
