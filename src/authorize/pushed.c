/* SPDX-License-Identifier: MIT
 * pushed: RFC 9126. Relies on authorize for judging the request and on store/table/db_pushed for single use; promises that a request_uri is
 * 256 random bits inside a seal, known to the store as a hash, good for one client (at its epoch), a short time, and one end of an
 * authorization, well or badly (PR-01), and that nothing of the request is in the address (PR-04). States: db_pushed.h. */
#include "authorize/pushed.h"
#include "codec/b64url.h"
#include "crypto/random.h"
#include "client/profile.h"
#include "context/source.h"
#include "authorize/authorize.h"
#include "clientauth/sender.h"
#include "store/table/db_event.h"
#include "store/table/db_pushed.h"
#include "token/opaque.h"
#include "base/banned.h"

#define URN "urn:ietf:params:oauth:request_uri:" /* RFC 9126 2.2 */
enum { RANDOM_BYTES = 32, LIFE_MAX = 600 /* par_lifetime is less */ };

bool pushed_uri(str request_uri)
{
    return str_starts(request_uri, STR(URN));
}

bool pushed_waits(const struct form *f)
{
    return str_present(form_get(f, "request")) || str_present(form_get(f, "client_assertion"));
}

static fallible make_uri(struct context *ctx, int64_t number, str *uri)
{
    uint8_t bytes[RANDOM_BYTES];
    struct token_raw raw;
    random_bytes(bytes, sizeof bytes);
    str secret = b64url_encode(ctx->arena, bytes, sizeof bytes);
    str payload = str_format(ctx->arena, "%lld %.*s", (long long)number, STR_FMT(secret));
    if (!str_present(secret) || !str_present(payload))
        FAIL(UNAVAILABLE, "pushed: no memory");
    TRY(opaque_sealed_make(ctx->arena, ctx->keys, OPAQUE_PUSHED, payload, &raw));
    *uri = str_join(ctx->arena, (const str[]){STR(URN), raw.text}, 2);
    return str_present(*uri) ? OK : ERR(UNAVAILABLE, "pushed: no memory");
}

/* What stands beside the request and is not part of it. */
static bool is_envelope(str name)
{
    return str_has_word(STR("client_secret client_assertion client_assertion_type request request_uri login_ticket"), name);
}

static fallible pack_parameters(struct arena *a, const struct form *parameters, str *text)
{
    struct buf b = buf_new(a, PUSHED_BYTES_MAX);
    for (size_t i = 0; i < parameters->count; i++)
        if (!is_envelope(parameters->fields[i].name))
            form_add(&b, parameters->fields[i].name, parameters->fields[i].value);
    if (FAILED(buf_done(&b, text)))
        REFUSE(INVALID_REQUEST, "The authorization request is too long.", "pushed: too long");
    return OK;
}

/* RFC 9449 10.1: the header binds as the parameter does; two that differ are refused. */
static fallible bind_key(struct context *ctx, const struct db_client *client, str asked, str *jkt)
{
    struct sender sender = {STR_ABSENT, STR_ABSENT, STR_ABSENT};
    TRY(sender_proof(ctx, STR_ABSENT, &sender));
    TRY(sender_alg(ctx, client, &sender));
    if (str_present(sender.jkt) && str_present(asked) && !str_equal(sender.jkt, asked))
        REFUSE(INVALID_DPOP_PROOF, "dpop_jkt does not match the key of the DPoP proof.", "pushed: dpop_jkt differs from the proof");
    *jkt = str_present(sender.jkt) ? sender.jkt : asked;
    return OK;
}

/* RL-05, RL-06: whoever is nobody in particular may push so much from one place in a minute, and the table cannot be filled by them. */
static fallible pace_pushed_request(struct context *ctx, const struct client_proof *proof, int64_t *retry_after)
{
    static const struct db_throttle_rule rule = {.free_tries = PUSHED_A_MINUTE, .base = 60, .most = 60, .forget = 120};
    struct db_throttle state;
    bool allowed;
    if (proof->authenticated)
        return OK;
    str place = source_key(ctx->arena, "par", ctx->address);
    str key = str_format(ctx->arena, "%.*s %lld", STR_FMT(place), (long long)(ctx->now / 60));
    if (arena_failed(ctx->arena))
        FAIL(UNAVAILABLE, "pushed: no memory");
    TRY(db_throttle_try(ctx->tx, key, &rule, &allowed, &state));
    if (allowed)
        return OK;
    *retry_after = 60 - ctx->now % 60;
    REFUSE(THROTTLED, "There were too many pushed requests from this address; please wait a moment.", "pushed: throttled");
}

fallible pushed_accept(struct context *ctx, const struct client_proof *proof, const struct form *f, struct pushed_answer *out)
{
    struct authorize_request request;
    struct db_pushed row = {.client_number = proof->client->number, .client_epoch = proof->client->epoch};
    struct pushed_answer answer = {.expires_in = ctx->authority->policy.par_lifetime};
    str id = form_get(f, "client_id");
    if (form_has(f, "request_uri")) /* RFC 9126 2.1 */
        REFUSE(INVALID_REQUEST, "A pushed request must not contain request_uri.", "pushed: request_uri inside");
    if (str_present(id) && !str_equal(id, proof->client->id))
        REFUSE(INVALID_REQUEST, "client_id does not match the client that authenticated.", "pushed: another client_id");
    TRY(authorize_take(ctx, proof->client, f, &request));
    TRY(authorize_check(ctx, f, &request));
    TRY(bind_key(ctx, proof->client, request.jkt, &row.jkt));
    TRY(pack_parameters(ctx->arena, &request.parameters, &row.parameters));
    TRY(pace_pushed_request(ctx, proof, &out->retry_after));
    TRY(db_pushed_reserve(ctx->tx, &row.number));
    TRY(make_uri(ctx, row.number, &answer.request_uri));
    row.hash = token_hash_of(answer.request_uri);
    row.expires_at = clock_add(ctx->now, answer.expires_in);
    TRY(db_pushed_add(ctx->tx, &row));
    *out = answer;
    return OK;
}

#define GONE "The request_uri is unknown, has already been used, or has expired. Please go back to the application and start again."

static fallible open_uri(struct context *ctx, str uri, int64_t *number)
{
    str payload, text, sealed = {uri.p + sizeof URN - 1, uri.n - (sizeof URN - 1)};
    uint64_t value;
    err opened = opaque_sealed_open(ctx->arena, ctx->keys, OPAQUE_PUSHED, sealed, &payload);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened) || !str_next(&payload, ' ', &text) || FAILED(str_u64(text, INT64_MAX, &value)))
        REFUSE(INVALID_REQUEST_URI, GONE, "pushed: request_uri is not ours");
    *number = (int64_t)value;
    return OK;
}

static fallible judge_row(const struct context *ctx, const struct db_client *client, const struct db_pushed *row, int64_t begun)
{
    if (row->client_number != client->number || row->client_epoch != client->epoch) /* RFC 9126 2.2, 7.3 */
        REFUSE(INVALID_REQUEST_URI, GONE, "pushed: request_uri of another client, or from before its end");
    if (row->used_at != 0) /* PR-01 */
        REFUSE(INVALID_REQUEST_URI, GONE, "pushed: request_uri was used");
    unix_time end = begun == row->number ? clock_add(row->expires_at, DB_PUSHED_SPARE) : row->expires_at;
    if (!clock_ahead(ctx->now, end, begun == row->number ? LIFE_MAX + DB_PUSHED_SPARE : LIFE_MAX))
        REFUSE(INVALID_REQUEST_URI, GONE, "pushed: request_uri has expired");
    return OK;
}

fallible pushed_find(struct context *ctx, const struct db_client *client, str request_uri, int64_t begun, struct pushed_request *out)
{
    struct db_pushed *row;
    struct pushed_request found = {0};
    struct token_hash hash = token_hash_of(request_uri);
    TRY(open_uri(ctx, request_uri, &found.number));
    TRY(db_pushed_get(ctx->tx, ctx->arena, found.number, &row));
    if (!row || !token_hash_equal(&row->hash, &hash))
        REFUSE(INVALID_REQUEST_URI, GONE, "pushed: request_uri unknown");
    TRY(judge_row(ctx, client, row, begun));
    TRY(form_parse(ctx->arena, row->parameters, &found.parameters));
    found.jkt = row->jkt;
    *out = found;
    return OK;
}
