/* SPDX-License-Identifier: MIT
 * client_auth: RFC 6749 2.3. Reads the claim (header, body, assertion, certificate), finds the client, and lets the one judge of its
 * registered way decide: one row of the table below for each way. Relies on the snapshot of clients, on client_assertion and
 * client_certificate; promises that exactly one way was used and that it is the registered one (CA-02, CA-03), that unknown client and
 * wrong credential look alike from outside, and that `why` names the very check that failed.
 *
 *   claim ──read──▶ what was sent (SENT_…) ──▶ client ──▶ row of its method: does it take what was sent? ──▶ judge ──▶ proof */
#include "clientauth/client_auth.h"
#include "base/ascii.h"
#include "codec/b64url.h"
#include "codec/percent.h"
#include "registration/client_document.h"
#include "client/profile.h"
#include "clientauth/client_assertion.h"
#include "clientauth/client_certificate.h"
#include "base/banned.h"

enum { SECRET_MAX = 1024 }; /* bytes; a longer one cannot be right and is not hashed (CA-06) */
enum sent { SENT_NAME = 1 /* client_id alone */, SENT_BASIC = 2, SENT_BODY = 4, SENT_ASSERTION = 8 };

/* One reading of what was sent. Clients send Basic raw as well as form-decoded (RFC 6749 2.3.1), so there may be two. */
struct reading {
    str id, secret;
};
struct claimed {
    struct reading readings[2];
    size_t count;
    enum sent sent;
    struct client_assertion assertion; /* SENT_ASSERTION */
};

static fallible basic_split(str pair, struct reading *out)
{
    size_t colon = str_find(pair, ':');
    if (colon == pair.n)
        FAIL(INVALID_CLIENT, "client: Basic credentials without a colon");
    *out = (struct reading){{pair.p, colon}, {pair.p + colon + 1, pair.n - colon - 1}};
    return OK;
}

static fallible read_header(struct arena *a, str authorization, struct claimed *out)
{
    const str scheme = STR("basic ");
    if (authorization.n < scheme.n || !str_equal_nocase((str){authorization.p, scheme.n}, scheme))
        FAIL(INVALID_CLIENT, "client: Authorization header is not Basic");
    str pair;
    err decoding = b64_decode(a, str_trim((str){authorization.p + scheme.n, authorization.n - scheme.n}), &pair);
    if (FAILED(decoding) && arena_failed(a))
        FAIL(UNAVAILABLE, "client: no memory for its credentials");
    if (FAILED(decoding))
        FAIL(INVALID_CLIENT, "client: Basic credentials are not base64");
    TRY(basic_split(pair, &out->readings[0]));
    out->count = 1;
    out->sent = SENT_BASIC;
    if (str_find(pair, '%') == pair.n && str_find(pair, '+') == pair.n) /* decoded it would be the same */
        return OK;
    struct reading *raw = &out->readings[0], *decoded = &out->readings[1];
    if (!FAILED(percent_decode(a, raw->id, PERCENT_PLUS_SPACE, &decoded->id)) && !FAILED(percent_decode(a, raw->secret, PERCENT_PLUS_SPACE, &decoded->secret)))
        out->count = 2; /* CA-04 */
    return arena_failed(a) ? ERR(UNAVAILABLE, "client: no memory for its credentials") : OK;
}

/* CA-02 */
static fallible read_assertion(struct arena *a, const struct client_claim *claim, struct claimed *out)
{
    if (str_present(claim->authorization))
        REFUSE(INVALID_REQUEST, "The client authenticated twice: by the Authorization header and by a client assertion. Use one.",
               "client: Authorization and client_assertion together");
    if (form_has(claim->form, "client_secret"))
        REFUSE(INVALID_REQUEST, "The client authenticated twice: by client_secret and by a client assertion. Use one.",
               "client: client_secret and client_assertion together");
    TRY(client_assertion_read(a, claim->form, &out->assertion));
    out->readings[0].id = out->assertion.client_id;
    out->count = 1;
    out->sent = SENT_ASSERTION;
    return OK;
}

static fallible read_claim(struct arena *a, const struct client_claim *claim, struct claimed *out)
{
    str id = form_get(claim->form, "client_id"), secret = form_get(claim->form, "client_secret");
    if (client_assertion_sent(claim->form))
        return read_assertion(a, claim, out);
    if (!str_present(claim->authorization)) {
        *out = (struct claimed){.readings = {{id, secret}}, .count = 1, .sent = str_filled(secret) ? SENT_BODY : SENT_NAME};
        return OK;
    }
    TRY(read_header(a, claim->authorization, out));
    if (str_present(secret)) /* CA-02 */
        REFUSE(INVALID_REQUEST, "Client credentials were sent twice: in the Authorization header and in the body. Use one.",
               "client: Basic and client_secret together");
    if (str_present(id) && !str_equal(id, out->readings[0].id) && !(out->count > 1 && str_equal(id, out->readings[1].id)))
        REFUSE(INVALID_REQUEST, "client_id in the body differs from the one in the Authorization header.", "client: two client ids");
    return OK;
}

static bool secret_matches(const struct context *ctx, const struct db_client *client, str secret)
{
    struct token_hash hash = token_hash_of(secret.n <= SECRET_MAX ? secret : STR(""));
    bool matches = false;
    for (size_t i = 0; client && i < client->secret_count; i++) {
        const struct db_client_secret *s = &client->secrets[i];
        bool live = s->expires_at == 0 || s->expires_at > ctx->now;
        if (token_hash_equal(&hash, &s->hash) && live)
            matches = true;
    }
    return matches && secret.n > 0 && secret.n <= SECRET_MAX;
}

/* ---- one judge for each way ---- */

struct judged {
    const struct db_client *client;
    const struct claimed *claimed;
    bool matches; /* a live secret of this client was sent */
};

static err by_secret(struct context *ctx, const struct judged *j)
{
    (void)ctx;
    if (!j->matches)
        FAIL(INVALID_CLIENT, "client: wrong or expired secret");
    return OK;
}

static err by_key(struct context *ctx, const struct judged *j)
{
    return client_assertion_by_key(ctx, j->client, &j->claimed->assertion);
}

static err by_mac(struct context *ctx, const struct judged *j)
{
    return client_assertion_by_secret(ctx, j->client, &j->claimed->assertion);
}

static err by_authority(struct context *ctx, const struct judged *j)
{
    return client_certificate_pki(ctx, j->client);
}

static err by_certificate(struct context *ctx, const struct judged *j)
{
    return client_certificate_self_signed(ctx, j->client);
}

/* clang-format off */
static const struct row {
    const char *method; /* client/auth_methods */
    unsigned takes;     /* SENT_… */
    bool asymmetric;    /* FAPI 2.0 Security Profile 5.3.2.1 */
    err (*judge)(struct context *ctx, const struct judged *j);
} rows[] = {
    { "client_secret_basic",         SENT_BASIC,             false, by_secret },
    { "client_secret_post",          SENT_BODY,              false, by_secret },
    { "any",                         SENT_BASIC | SENT_BODY, false, by_secret },
    { "client_secret_jwt",           SENT_ASSERTION,         false, by_mac },
    { "private_key_jwt",             SENT_ASSERTION,         true,  by_key },
    { "tls_client_auth",             SENT_NAME,              true,  by_authority },
    { "self_signed_tls_client_auth", SENT_NAME,              true,  by_certificate },
};
/* clang-format on */

static const struct row *row_of(const struct db_client *client)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_is(client->auth_method, rows[i].method))
            return &rows[i];
    return NULL;
}

/* The name of what was used, for `any` too. */
static const char *method_used(const struct row *row, enum sent sent)
{
    if (row->takes == (SENT_BASIC | SENT_BODY))
        return sent == SENT_BASIC ? "client_secret_basic" : "client_secret_post";
    return row->method;
}

/* CA-03 */
static fallible way_allowed(const struct row *row, enum sent sent)
{
    if (row->takes & (unsigned)sent)
        return OK;
    if (sent == SENT_NAME && (row->takes & SENT_ASSERTION))
        FAIL(INVALID_CLIENT, "client: registered for a client assertion, but none was sent");
    if (sent == SENT_NAME)
        FAIL(INVALID_CLIENT, "client: confidential, but no secret was sent");
    if (sent == SENT_ASSERTION)
        FAIL(INVALID_CLIENT, "client: a client assertion was sent, but another way is registered");
    if (sent == SENT_BASIC && (row->takes & SENT_BODY))
        FAIL(INVALID_CLIENT, "client: registered for client_secret_post, but sent Basic");
    if (sent == SENT_BODY && (row->takes & SENT_BASIC))
        FAIL(INVALID_CLIENT, "client: registered for client_secret_basic, but sent client_secret in the body");
    FAIL(INVALID_CLIENT, "client: a secret was sent, but another way is registered");
}

static fallible judge_public(struct context *ctx, const struct db_client *client, const struct claimed *claimed, struct client_proof *out)
{
    if (str_filled(claimed->readings[0].secret))
        FAIL(INVALID_CLIENT, "client: public, but a secret was sent");
    if (claimed->sent == SENT_ASSERTION)
        FAIL(INVALID_CLIENT, "client: public, but a client assertion was sent");
    if (profile_demands(ctx, client, PROFILE_RULE_CONFIDENTIAL))
        FAIL(INVALID_CLIENT, "client: public, but its profile is for confidential clients");
    out->client = client;
    out->authenticated = false;
    out->method = "none";
    return OK;
}

static fallible judge_confidential(struct context *ctx, const struct judged *j, struct client_proof *out)
{
    const struct row *row = row_of(j->client);
    enum sent sent = j->claimed->sent;
    if (row == NULL)
        FAIL(INVALID_CLIENT, "client: the registered way of authentication is unknown");
    if (sent == SENT_BASIC && !str_filled(j->claimed->readings[0].secret))
        FAIL(INVALID_CLIENT, "client: confidential, but no secret was sent");
    TRY(way_allowed(row, sent));
    if (!row->asymmetric && profile_demands(ctx, j->client, PROFILE_RULE_ASYMMETRIC_AUTH))
        FAIL(INVALID_CLIENT, "client: its profile wants private_key_jwt or mutual TLS");
    TRY(row->judge(ctx, j));
    out->client = j->client;
    out->authenticated = true;
    out->method = method_used(row, sent);
    return OK;
}

/* The registered client, or the one that the document at this address describes: it may come here first, by PAR for instance. */
static fallible find_claimed_client(struct context *ctx, str id, const struct db_client **out)
{
    if (client_document_form(id))
        return client_document_find(ctx, id, out);
    *out = cache_client(ctx->snapshot, id);
    return OK;
}

static fallible judge_client_claim(struct context *ctx, const struct claimed *claimed, struct client_proof *out)
{
    struct judged j = {.claimed = claimed};
    for (size_t i = 0; i < claimed->count && !j.matches; i++) {
        const struct db_client *found;
        TRY(find_claimed_client(ctx, claimed->readings[i].id, &found));
        j.matches = secret_matches(ctx, found, claimed->readings[i].secret);
        if (found)
            j.client = found;
    }
    if (!j.client)
        FAIL(INVALID_CLIENT, "client: no such client_id");
    if (j.client->disabled) /* CA-15 */
        FAIL(INVALID_CLIENT, "client: disabled");
    return j.client->is_public ? judge_public(ctx, j.client, claimed, out) : judge_confidential(ctx, &j, out);
}

/* Contract 4: `--compat processmaker` clients may leave client_id out; their secret alone names them. */
static fallible judge_by_secret(struct context *ctx, str secret, bool allowed, struct client_proof *out)
{
    struct token_hash hash = token_hash_of(secret.n <= SECRET_MAX ? secret : STR(""));
    const struct db_client *client = str_filled(secret) && allowed ? cache_client_by_secret(ctx->snapshot, &hash) : NULL;
    if (!client || !client->compat_processmaker || !secret_matches(ctx, client, secret))
        REFUSE(INVALID_CLIENT, "Client authentication failed: client_id is missing.",
               "client: client_id missing, and the secret names no client set --compat processmaker");
    if (client->disabled)
        FAIL(INVALID_CLIENT, "client: disabled");
    const struct row *row = row_of(client);
    if (row == NULL || (row->takes & SENT_BODY) == 0)
        FAIL(INVALID_CLIENT, "client: registered for another way than client_secret in the body");
    if (profile_demands(ctx, client, PROFILE_RULE_ASYMMETRIC_AUTH))
        FAIL(INVALID_CLIENT, "client: its profile wants private_key_jwt or mutual TLS");
    *out = (struct client_proof){.client = client, .authenticated = true, .by_secret_alone = true};
    return OK;
}

fallible client_auth_check(struct context *ctx, const struct client_claim *claim, struct client_proof *out)
{
    *out = (struct client_proof){.header_tried = str_present(claim->authorization)};
    struct claimed claimed = {0};
    TRY(read_claim(ctx->arena, claim, &claimed));
    if (claimed.sent != SENT_BASIC && !str_present(claimed.readings[0].id))
        return judge_by_secret(ctx, claimed.readings[0].secret, claim->token_request, out);
    return judge_client_claim(ctx, &claimed, out);
}

/* Wherever the client names itself. */
static bool names_document(const struct context *ctx, const struct client_claim *claim)
{
    struct claimed claimed = {0};
    bool named = client_document_form(form_get(claim->form, "client_id"));
    if (!named && ctx->authority->policy.client_documents && str_present(claim->authorization) &&
        !FAILED(read_header(ctx->arena, claim->authorization, &claimed)))
        for (size_t i = 0; i < claimed.count && !named; i++)
            named = client_document_form(claimed.readings[i].id);
    return named;
}

bool client_auth_waits(const struct context *ctx, const struct client_claim *claim)
{
    if (client_assertion_sent(claim->form) || names_document(ctx, claim))
        return true;
    return str_filled(ctx->certificate) && !str_present(claim->authorization) && !str_present(form_get(claim->form, "client_secret"));
}

fallible client_auth_again(struct context *ctx, str client_id, struct client_proof *proof)
{
    const struct db_client *client = cache_client(ctx->snapshot, client_id);
    if (!client || client->disabled || client->is_public == proof->authenticated) /* CA-15 */
        FAIL(INVALID_CLIENT, "client: ended while its request was on the way");
    proof->client = client;
    return OK;
}

fallible client_auth_confidential(const struct client_proof *proof)
{
    if (!proof->client || proof->client->is_public || !proof->authenticated)
        REFUSE(INVALID_CLIENT, "Client authentication failed: this address is only for confidential clients.",
               "client: public client where a confidential one is needed");
    return OK;
}

void client_auth_report(struct context *ctx, const struct client_claim *claim, err why)
{
    struct claimed claimed = {0};
    str id = form_get(claim->form, "client_id");
    if (!FAILED(read_claim(ctx->arena, claim, &claimed)))
        id = claimed.readings[0].id;
    if (id.n > 255)
        id = STR_ABSENT;
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_visible(id.p[i]))
            id = STR_ABSENT;
    authority_event(ctx, "client.refused", &(struct authority_event_facts){.client_id = id, .detail = str_of(err_why(why))});
}
