/* SPDX-License-Identifier: MIT
 * client_document: client ID metadata documents. Relies on fetch_call, which never calls an internal address unless an administrator
 * named it and follows no redirect; on registration/registration_form for what such software may choose; on client/client for the rest.
 * Promises: off unless set; hosts are limited when the administrator says so; at most CLIENT_DOCUMENT_BYTES are read; the document must
 * name its own address, have no secret, and authenticate by nothing or by its own keys; success and failure are remembered, at least a
 * minute and at most a day, in a bounded table; rows are bounded by registration_max (RL-06); fetches are counted by the address of who
 * caused them (RL-05). What an administrator removed stays away: its id is never used again.
 *
 *   [unknown] ──fetched and judged──▶ [fresh] ──time──▶ [stale] ──fetched and judged──▶ [fresh]
 *   [unknown], [stale] ──anything wrong──▶ [failed] ──a minute──▶ [unknown], [stale] */
#include "registration/client_document.h"

#include <pthread.h>
#include <string.h>

#include "base/ascii.h"
#include "codec/url.h"
#include "context/check.h"
#include "registration/registration_form.h"
#include "context/source.h"

#include "base/banned.h"

enum { ID_MAX = 255, KEPT = 1024, FRESH_USUAL = 300 };

/* What is remembered: slots by hash, so a newcomer may push another one out, which costs a fetch and nothing else. */
static struct {
    pthread_mutex_t lock;
    struct slot {
        struct token_hash id;
        unix_time until;
        bool failed;
    } slots[KEPT];
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct slot *slot_of(const struct token_hash *hash)
{
    size_t at = 0;
    memcpy(&at, hash, sizeof at);
    return &memory.slots[at % KEPT];
}

/* Which authority too: tests have several in one process. */
static struct token_hash key_of(const struct context *ctx, str id)
{
    return token_hash_of(str_format(ctx->arena, "%p %.*s", (const void *)ctx->authority, STR_FMT(id)));
}

static bool is_document_remembered(const struct token_hash *hash, unix_time now, bool *failed)
{
    pthread_mutex_lock(&memory.lock);
    const struct slot *slot = slot_of(hash);
    int64_t longest = slot->failed ? CLIENT_DOCUMENT_FRESH_MIN : CLIENT_DOCUMENT_FRESH_MAX;
    bool found = token_hash_equal(&slot->id, hash) && clock_ahead(now, slot->until, longest);
    *failed = slot->failed;
    pthread_mutex_unlock(&memory.lock);
    return found;
}

static void remember_client_document(const struct token_hash *hash, unix_time until, bool failed)
{
    pthread_mutex_lock(&memory.lock);
    *slot_of(hash) = (struct slot){*hash, until, failed};
    pthread_mutex_unlock(&memory.lock);
}

static bool dot_segments(str path)
{
    str segment;
    for (str rest = path; rest.n > 0 && str_next(&rest, '/', &segment);)
        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
    return false;
}

bool client_document_form(str id)
{
    struct url url;
    return str_starts(id, STR("https://")) && id.n <= ID_MAX && !FAILED(url_parse(id, &url)) && url.path.n > 1 && !str_present(url.fragment) &&
           !dot_segments(url.path);
}

bool client_document_is(const struct db_client *client)
{
    return str_is(client->metadata.origin, "document");
}

static str host_of(struct arena *a, str id)
{
    struct url url;
    if (FAILED(url_parse(id, &url)))
        return STR_ABSENT;
    return str_present(url.port) ? str_format(a, "%.*s:%.*s", STR_FMT(url.host), STR_FMT(url.port)) : str_dup(a, url.host);
}

str client_document_host(struct arena *a, const struct db_client *client)
{
    return client_document_is(client) ? host_of(a, client->id) : STR_ABSENT;
}

static bool host_allowed(struct context *ctx, str id)
{
    str hosts = ctx->authority->policy.client_document_hosts, host = host_of(ctx->arena, id), word;
    bool allowed = !str_filled(hosts);
    for (str rest = hosts; !allowed && str_next(&rest, ' ', &word);)
        allowed = word.n > 0 && str_equal_nocase(word, host);
    return allowed && str_present(host);
}

static fallible count_attempt(struct context *ctx)
{
    struct db_throttle state = {0};
    bool allowed = true;
    str key = source_key(ctx->arena, "doc", ctx->address);
    if (!str_present(key))
        return check_arena(ctx->arena);
    TRY(db_throttle_try(ctx->tx, key, &ctx->authority->policy.registration_rule, &allowed, &state));
    if (!allowed)
        REFUSE(THROTTLED, "There were too many new applications from this address; please wait a moment.", "client document: throttled");
    return OK;
}

/* Cache-Control: max-age, within bounds; no-store and no-cache: the least. */
static int64_t fresh_for(const struct fetch_answer *answer)
{
    str header = fetch_header(answer, "Cache-Control"), part;
    int64_t seconds = FRESH_USUAL;
    for (str rest = header; str_filled(rest) && str_next(&rest, ',', &part);) {
        uint64_t age = 0;
        part = str_trim(part);
        if (str_equal_nocase(part, STR("no-store")) || str_equal_nocase(part, STR("no-cache")))
            return CLIENT_DOCUMENT_FRESH_MIN;
        if (part.n > 8 && str_equal_nocase((str){part.p, 8}, STR("max-age=")) && !FAILED(str_u64((str){part.p + 8, part.n - 8}, INT32_MAX, &age)))
            seconds = (int64_t)age;
    }
    if (seconds < CLIENT_DOCUMENT_FRESH_MIN)
        return CLIENT_DOCUMENT_FRESH_MIN;
    return seconds > CLIENT_DOCUMENT_FRESH_MAX ? CLIENT_DOCUMENT_FRESH_MAX : seconds;
}

static fallible fetch_client_document(struct context *ctx, str id, const json **out, int64_t *fresh)
{
    struct fetch_manners manners = ctx->authority->policy.fetch;
    struct fetch_request request = {.url = id};
    struct fetch_answer answer = {0};
    const char *trouble = NULL;
    json *document = NULL;
    manners.bytes = CLIENT_DOCUMENT_BYTES;
    manners.caller = source_key(ctx->arena, "doc", ctx->address); /* who named it; the document itself has its host's share */
    err called = fetch_call(ctx->arena, &manners, &request, &answer, &trouble);
    if (called.kind == ERR_THROTTLED)
        FAIL(UNAVAILABLE, "client document: too many fetches at once");
    if (FAILED(called) || answer.status != 200)
        REFUSE(INVALID_CLIENT, "The client ID is an address, but no client metadata document of at most 5 kB could be fetched from it.",
               "client document: not fetched");
    if (FAILED(json_parse(ctx->arena, answer.body, &document)) || !json_is_object(document))
        REFUSE(INVALID_CLIENT, "The document at the client ID is not a JSON object.", "client document: not a JSON object");
    *out = document;
    *fresh = fresh_for(&answer);
    return OK;
}

/* What makes a document one, beyond what holds for all registrations. */
static fallible judge_client_document(str id, const json *document)
{
    str method = json_member_text(document, "token_endpoint_auth_method");
    if (!str_equal(json_member_text(document, "client_id"), id)) /* by simple string comparison (RFC 3986 6.2.1) */
        REFUSE(INVALID_CLIENT, "The client_id in the client metadata document is not the address of the document.", "client document: another client_id");
    if (json_member(document, "client_secret") != NULL || json_member(document, "client_secret_expires_at") != NULL)
        REFUSE(INVALID_CLIENT, "A client metadata document is public and may not contain a client_secret.", "client document: a secret");
    if (json_member(document, "token_endpoint_auth_method") != NULL && !str_is(method, "none") && !str_is(method, "private_key_jwt"))
        REFUSE(INVALID_CLIENT, "A client with a metadata document must authenticate with none or private_key_jwt.", "client document: auth method");
    if (json_count(json_member(document, "redirect_uris")) == 0)
        REFUSE(INVALID_CLIENT, "The client metadata document has no redirect_uris.", "client document: no redirect_uris");
    return OK;
}

static fallible store_document_client(struct context *ctx, str id, struct client_edit *edit, const struct db_client **out)
{
    struct problems p = {.count = 0};
    struct client_added added = {0};
    const struct db_client *before = NULL;
    err known = client_now(ctx, id, &before), e = OK;
    if (FAILED(known) && known.kind != ERR_NOT_FOUND)
        return known;
    if (before != NULL) {
        e = client_change(ctx, &actor_software, id, edit, &p);
    } else {
        TRY(registration_room(ctx, false));
        edit->id = id;
        edit->origin = STR("document");
        edit->settle = registration_settle;
        e = client_add(ctx, &actor_software, edit, &p, &added);
    }
    if (e.kind == ERR_UNPROCESSABLE && before == NULL && !FAILED(client_now(ctx, id, out)))
        return OK; /* another request was quicker */
    if (e.kind == ERR_UNPROCESSABLE)
        REFUSE(INVALID_CLIENT, "The client metadata document has a member that cannot be accepted.", "client document: a member is refused");
    TRY(e);
    return client_now(ctx, id, out);
}

static fallible renew_document_client(struct context *ctx, str id, const struct db_client **out, int64_t *fresh)
{
    const struct policy *policy = &ctx->authority->policy;
    const struct registration_right right = {policy->registration_grants, policy->registration_scopes, STR("none"),
                                             redirect_rules_leave(ctx, client_find(ctx, id), NULL)};
    struct client_edit edit = client_edit_nothing();
    struct problems p = {.count = 0};
    const json *document = NULL;
    TRY(fetch_client_document(ctx, id, &document, fresh));
    TRY(judge_client_document(id, document));
    TRY(registration_form_read(ctx, document, &right, &edit, &p));
    if (p.count > 0)
        REFUSE(INVALID_CLIENT, "The client metadata document has a member that cannot be accepted.", "client document: a member is malformed");
    return store_document_client(ctx, id, &edit, out);
}

fallible client_document_get(struct context *ctx, str client_id, const struct db_client **out)
{
    const struct db_client *known = client_find(ctx, client_id), *made = NULL;
    bool failed = false;
    int64_t fresh = 0;
    *out = NULL;
    if (!ctx->authority->policy.client_documents || !client_document_form(client_id) || (known != NULL && !client_document_is(known)))
        return OK;
    bool allowed = host_allowed(ctx, client_id);
    struct token_hash key = key_of(ctx, client_id);
    TRY(check_arena(ctx->arena));
    if (!allowed)
        REFUSE(INVALID_CLIENT, "Client metadata documents from this host are not accepted here.", "client document: host not allowed");
    if (is_document_remembered(&key, ctx->now, &failed)) {
        if (failed)
            REFUSE(INVALID_CLIENT, "The client metadata document could not be used a moment ago; try again in a minute.",
                   "client document: failed less than a minute ago");
        if (known != NULL) {
            *out = known;
            return OK;
        }
    }
    if (cache_is_inline())
        FAIL(ELSEWHERE, "client document: another server must be asked");
    if (store_is_open(ctx->tx)) /* others would wait for that server too */
        FAIL(SERVER_ERROR, "client document: nothing is fetched inside a transaction; its request comes by a worker first");
    TRY(count_attempt(ctx));
    err e = renew_document_client(ctx, client_id, &made, &fresh);
    TRY(check_arena(ctx->arena)); /* memory that ended is this request's, and no verdict about the document */
    if (!FAILED(e) || e.kind == ERR_INVALID_CLIENT)
        remember_client_document(&key, clock_add(ctx->now, FAILED(e) ? CLIENT_DOCUMENT_FRESH_MIN : fresh), FAILED(e));
    TRY(e);
    *out = made;
    return OK;
}

fallible client_document_find(struct context *ctx, str client_id, const struct db_client **out)
{
    const struct db_client *found = client_find(ctx, client_id);
    if (found == NULL || client_document_is(found))
        TRY(client_document_get(ctx, client_id, &found));
    *out = found;
    return OK;
}
