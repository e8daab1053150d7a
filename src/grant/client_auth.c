/* SPDX-License-Identifier: MIT
 * client_auth: RFC 6749 2.3. Reads the claim (header or body), finds the client, checks the registered way and the secret.
 * Relies on the snapshot of clients; promises that exactly one way was used, that unknown client and wrong secret look alike
 * from outside, and that `why` names the very check that failed. */
#include "grant/client_auth.h"
#include "base/ascii.h"
#include "codec/b64url.h"
#include "codec/percent.h"
#include "base/banned.h"

enum { SECRET_MAX = 1024 }; /* bytes; a longer one cannot be right and is not hashed (CA-06) */

/* One reading of what was sent. Clients send Basic raw as well as form-decoded (RFC 6749 2.3.1), so there may be two. */
struct reading {
    str id, secret;
};
struct claimed {
    struct reading readings[2];
    size_t count;
    bool by_header;
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
    if (FAILED(b64_decode(a, str_trim((str){authorization.p + scheme.n, authorization.n - scheme.n}), &pair)))
        FAIL(INVALID_CLIENT, "client: Basic credentials are not base64");
    TRY(basic_split(pair, &out->readings[0]));
    out->count = 1;
    out->by_header = true;
    struct reading *raw = &out->readings[0], *decoded = &out->readings[1];
    if (!FAILED(percent_decode(a, raw->id, PERCENT_PLUS_SPACE, &decoded->id)) &&
        !FAILED(percent_decode(a, raw->secret, PERCENT_PLUS_SPACE, &decoded->secret)))
        out->count = 2; /* CA-04 */
    return OK;
}

static fallible read_claim(struct arena *a, const struct client_claim *claim, struct claimed *out)
{
    str id = form_get(claim->form, "client_id"), secret = form_get(claim->form, "client_secret");
    if (form_has(claim->form, "client_assertion") || form_has(claim->form, "client_assertion_type"))
        FAIL(INVALID_CLIENT, "client: assertions are not offered");
    if (!str_present(claim->authorization)) {
        *out = (struct claimed){{{id, secret}}, 1, false};
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

static bool secret_matches(const struct ground *g, const struct db_client *client, str secret)
{
    struct token_hash hash = token_hash_of(secret.n <= SECRET_MAX ? secret : STR(""));
    bool matches = false;
    for (size_t i = 0; client && i < client->secret_count; i++) {
        const struct db_client_secret *s = &client->secrets[i];
        bool live = s->expires_at == 0 || s->expires_at > g->now;
        if (token_hash_equal(&hash, &s->hash) && live)
            matches = true;
    }
    return matches && secret.n > 0 && secret.n <= SECRET_MAX;
}

static fallible method_allowed(const struct db_client *client, bool by_header)
{
    if (str_is(client->auth_method, "any") || str_is(client->auth_method, by_header ? "client_secret_basic" : "client_secret_post"))
        return OK;
    if (by_header) /* CA-03 */
        FAIL(INVALID_CLIENT, "client: registered for client_secret_post, but sent Basic");
    FAIL(INVALID_CLIENT, "client: registered for client_secret_basic, but sent client_secret in the body");
}

static fallible judge(struct ground *g, const struct claimed *claimed, struct client_proof *out)
{
    const struct db_client *client = NULL;
    bool matches = false;
    bool secret_sent = str_filled(claimed->readings[0].secret);
    for (size_t i = 0; i < claimed->count && !matches; i++) {
        const struct db_client *found = hot_client(g->facts, claimed->readings[i].id);
        matches = secret_matches(g, found, claimed->readings[i].secret);
        if (found)
            client = found;
    }
    if (!client)
        FAIL(INVALID_CLIENT, "client: no such client_id");
    if (client->disabled) /* CA-15 */
        FAIL(INVALID_CLIENT, "client: disabled");
    if (client->is_public) {
        if (secret_sent)
            FAIL(INVALID_CLIENT, "client: public, but a secret was sent");
        out->client = client;
        out->authenticated = false;
        return OK;
    }
    if (!secret_sent)
        FAIL(INVALID_CLIENT, "client: confidential, but no secret was sent");
    TRY(method_allowed(client, claimed->by_header));
    if (!matches)
        FAIL(INVALID_CLIENT, "client: wrong or expired secret");
    out->client = client;
    out->authenticated = true;
    return OK;
}

/* Contract 4: `--compat processmaker` clients may leave client_id out; their secret alone names them. */
static fallible judge_by_secret(struct ground *g, str secret, bool allowed, struct client_proof *out)
{
    struct token_hash hash = token_hash_of(secret.n <= SECRET_MAX ? secret : STR(""));
    const struct db_client *client = str_filled(secret) && allowed ? hot_client_by_secret(g->facts, &hash) : NULL;
    if (!client || !client->compat_processmaker || !secret_matches(g, client, secret))
        REFUSE(INVALID_CLIENT, "Client authentication failed: client_id is missing.",
               "client: client_id missing, and the secret names no client set --compat processmaker");
    if (client->disabled)
        FAIL(INVALID_CLIENT, "client: disabled");
    TRY(method_allowed(client, false));
    *out = (struct client_proof){.client = client, .authenticated = true, .by_secret_alone = true};
    return OK;
}

fallible client_auth_check(struct ground *g, const struct client_claim *claim, struct client_proof *out)
{
    *out = (struct client_proof){.header_tried = str_present(claim->authorization)};
    struct claimed claimed = {0};
    TRY(read_claim(g->arena, claim, &claimed));
    if (!claimed.by_header && !str_present(claimed.readings[0].id)) {
        TRY(judge_by_secret(g, claimed.readings[0].secret, claim->token_request, out));
        authority_event(g, "client.deprecated",
                        &(struct authority_event_facts){.client_id = out->client->id,
                                                        .detail = STR("token request without client_id, found by its secret")});
        return OK;
    }
    return judge(g, &claimed, out);
}

fallible client_auth_confidential(const struct client_proof *proof)
{
    if (!proof->client || proof->client->is_public || !proof->authenticated)
        REFUSE(INVALID_CLIENT, "Client authentication failed: this address is for confidential clients.",
               "client: public client where a confidential one is needed");
    return OK;
}

void client_auth_report(struct ground *g, const struct client_claim *claim, err why)
{
    struct claimed claimed = {0};
    str id = STR_ABSENT;
    if (!FAILED(read_claim(g->arena, claim, &claimed)) && claimed.readings[0].id.n <= 255)
        id = claimed.readings[0].id;
    for (size_t i = 0; i < id.n; i++)
        if (!ascii_visible(id.p[i]))
            id = STR_ABSENT;
    authority_event(g, "client.refused", &(struct authority_event_facts){.client_id = id, .detail = str_of(err_why(why))});
}
