/* SPDX-License-Identifier: MIT
 * device_code: RFC 8628. Relies on grant/deferred for the decision and the tokens. Promises: a user code is one of 20^8, lives ten minutes at
 * the most, and may be guessed at five times by a person before each further try has to wait (DV-01, RFC 8628 5.1); what is asked for is judged
 * and fixed before the person sees it (DV-04).
 *
 *   device_code_request ─▶ pending ── device_code_find, deferred_decide ─▶ allowed | denied ── device_code_redeem ─▶ tokens, once */
#include "grant/device_code.h"
#include "base/ascii.h"
#include "base/pace.h"
#include "crypto/random.h"
#include "context/source.h"
#include "scope/details.h"
#include "scope/resource.h"
#include "store/table/db_event.h"
#include <string.h>
#include "base/banned.h"

static const char alphabet[] = "BCDFGHJKLMNPQRSTVWXZ"; /* RFC 8628 6.1 */
enum { LETTERS = sizeof alphabet - 1, FAIR = 256 / LETTERS * LETTERS, CODE_TRIES = 8 };
static const struct db_throttle_rule person_rule = {.free_tries = 5, .base = 30, .most = 900, .forget = 3600};

/* ---- words ---- */

static void letters_make(char out[DEVICE_CODE_LETTERS])
{
    for (size_t n = 0; n < DEVICE_CODE_LETTERS;) {
        uint8_t byte;
        random_bytes(&byte, 1);
        if (byte < FAIR) /* no letter is likelier than another */
            out[n++] = alphabet[byte % LETTERS];
    }
}

bool device_code_letters(str typed, char out[DEVICE_CODE_LETTERS])
{
    size_t n = 0;
    if (!str_present(typed))
        return false;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if (c == '-' || c == ' ' || c == '\t')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (n == DEVICE_CODE_LETTERS || c == '\0' || memchr(alphabet, c, LETTERS) == NULL)
            return false;
        out[n++] = c;
    }
    return n == DEVICE_CODE_LETTERS;
}

static str format_user_code(struct arena *a, const char letters[DEVICE_CODE_LETTERS])
{
    return str_format(a, "%.4s-%.4s", letters, letters + 4);
}

str device_code_address(const struct context *ctx, str user_code)
{
    str issuer = ctx->authority->issuer;
    if (!str_present(user_code))
        return str_format(ctx->arena, "%.*s/oauth/device", STR_FMT(issuer));
    return str_format(ctx->arena, "%.*s/oauth/device?user_code=%.*s", STR_FMT(issuer), STR_FMT(user_code));
}

/* ---- the device's request ---- */

static fallible begin_device_code(struct context *ctx, const struct deferred_begin *how, struct db_deferred *row, struct device_code_answer *out)
{
    char letters[DEVICE_CODE_LETTERS];
    struct token_raw code;
    err added = ERR(UNAVAILABLE, "device: no free user code was found");
    for (int i = 0; i < CODE_TRIES; i++) {
        letters_make(letters);
        row->user_code = (str){letters, sizeof letters};
        added = deferred_begin(ctx, how, row, &code);
        if (added.kind != ERR_CONFLICT)
            break;
    }
    if (added.kind == ERR_CONFLICT)
        FAIL(UNAVAILABLE, "device: no free user code was found");
    TRY(added);
    out->device_code = code.text;
    out->user_code = format_user_code(ctx->arena, letters);
    return OK;
}

/* RL-06: what would be refused in the store anyway costs its writer nothing: from one place, to one client, as many as may wait at once, and
 * from then on as many as expire. */
static fallible pace_device_codes(struct context *ctx, const struct db_client *client, int64_t *retry_after)
{
    const struct policy *policy = &ctx->authority->policy;
    str source = source_key(ctx->arena, "at", ctx->address);
    int64_t most = policy->device_caps.source > 0 ? policy->device_caps.source : 1;
    const struct pace_rule rule = {most, policy->device_lifetime * 1000 / most};
    struct pace_key key = {.kind = PACE_DEVICE, .a = (uint64_t)client->number};
    if (!str_present(source) || policy->device_caps.source == 0)
        return OK;
    struct token_hash hash = token_hash_of(source);
    memcpy(&key.b, hash.bytes, sizeof key.b);
    if (!pace_take(&key, &rule, 1, retry_after))
        REFUSE(BUSY, "There were too many device codes from this address; please wait a moment.", "device: codes of this source are paced");
    return OK;
}

fallible device_code_request(struct context *ctx, const struct client_proof *proof, const struct form *f, struct device_code_answer *out)
{
    struct db_deferred row = {.address = ctx->address};
    if (!client_allows_grant(proof->client, STR("device_code")))
        REFUSE(UNAUTHORIZED_CLIENT, "The device grant is not enabled for this client. An administrator can enable it: jeton client edit ID --grant.",
               "device: grant not enabled for the client");
    TRY(resource_words(ctx, f, &row.resource));
    TRY(scope_grant(ctx, proof->client, row.resource, form_get(f, "scope"), &row.scope));      /* DV-04 */
    TRY(details_read(ctx, proof->client, form_get(f, "authorization_details"), &row.details)); /* RFC 9396 3 */
    const struct policy *policy = &ctx->authority->policy;
    struct deferred_begin how = {DEFERRED_DEVICE, proof->client, policy->device_lifetime, policy->device_caps};
    struct device_code_answer answer = {.expires_in = how.lifetime, .interval = policy->poll_interval};
    out->retry_after = DEFERRED_AGAIN;
    TRY(pace_device_codes(ctx, proof->client, &out->retry_after));
    TRY(begin_device_code(ctx, &how, &row, &answer));
    answer.verification_uri = device_code_address(ctx, STR_ABSENT);
    answer.verification_uri_complete = device_code_address(ctx, answer.user_code);
    if (!str_present(answer.verification_uri) || !str_present(answer.verification_uri_complete) || !str_present(answer.user_code))
        FAIL(UNAVAILABLE, "device: no memory");
    *out = answer;
    return OK;
}

/* ---- the person's word ---- */

struct trying {
    struct context *ctx;
    str person, place; /* keys of the counters */
    bool allowed;
    struct db_throttle state;
};

static err count_try(void *context)
{
    struct trying *w = context;
    struct tx *tx = w->ctx->tx;
    TRY(db_throttle_try(tx, w->place, &w->ctx->authority->policy.address_rule, &w->allowed, &w->state));
    if (!w->allowed)
        return OK;
    return db_throttle_try(tx, w->person, &person_rule, &w->allowed, &w->state);
}

static err give_back(void *context)
{
    struct trying *w = context;
    struct tx *tx = w->ctx->tx;
    TRY(db_throttle_return(tx, w->place));
    return db_throttle_return(tx, w->person);
}

/* DV-01: counted before it is judged, so that parallel tries gain nothing (RL-01). */
static fallible count_user_code_try(struct trying *w, const struct session *s, int64_t *retry_after)
{
    w->person = str_format(w->ctx->arena, "u:%lld", (long long)s->user->number);
    w->place = source_key(w->ctx->arena, "ui", w->ctx->address); /* one place has one key, an IPv6 network too */
    if (!str_present(w->place))
        w->place = STR("ui:");
    if (arena_failed(w->ctx->arena))
        FAIL(UNAVAILABLE, "device: no memory");
    TRY(authority_together(w->ctx, count_try, w));
    if (w->allowed)
        return OK;
    int64_t wait = w->state.until - w->ctx->now;
    *retry_after = wait > 1 ? wait : 1;
    REFUSE(THROTTLED, "There were too many wrong codes; please wait a moment and try again.", "device: throttled");
}

#define UNKNOWN "This code is unknown or has expired. Compare it with the one on your device."

fallible device_code_find(struct context *ctx, const struct session *s, str typed, struct device_code_found *out)
{
    char letters[DEVICE_CODE_LETTERS];
    struct trying w = {.ctx = ctx};
    struct db_deferred *row = NULL;
    TRY(count_user_code_try(&w, s, &out->retry_after));
    if (device_code_letters(typed, letters))
        TRY(db_deferred_by_user_code(ctx->tx, ctx->arena, (str){letters, sizeof letters}, &row));
    if (!row || !str_is(row->state, "pending") || !deferred_client(ctx, row))
        REFUSE(NOT_FOUND, UNKNOWN, "device: unknown, decided or expired user code");
    TRY(authority_together(ctx, give_back, &w)); /* this one try; the wrong ones stay */
    out->row = row;
    out->shown = format_user_code(ctx->arena, letters);
    return OK;
}

/* ---- the device's poll ---- */

fallible device_code_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str code = form_get(f, "device_code");
    if (!str_present(code))
        REFUSE(INVALID_REQUEST, "device_code is missing.", "device: device_code missing");
    return deferred_redeem(ctx, proof, DEFERRED_DEVICE, code, f, out);
}
