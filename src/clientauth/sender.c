/* SPDX-License-Identifier: MIT
 * sender: the rules of sender-constrained tokens. Relies on token/dpop for the proof itself and on whoever fills the context for method,
 * address, header and certificate. A proof is used once:
 *
 *   a jti is remembered (sender_memory) for as long as its iat stays within the window;
 *   what came before this process began may have been used then: such a proof needs a nonce made since (a replay across a restart fails);
 *   when there is no room to remember, nothing is believed: UNAVAILABLE (RL-06).
 *
 * A nonce is the second of its making, the mark of the process that made it, and a MAC over both: so no row is kept for it, another
 * process knows it, and it dies by itself. */
#include "clientauth/sender.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "client/profile.h"
#include "clientauth/sender_memory.h"
#include "token/dpop.h"
#include <string.h>
#include "base/banned.h"

/* FAPI 2.0 Security Profile 5.3.2.1: clocks run up to ten seconds ahead, whatever the window for the past. */
enum { AHEAD_SECONDS = 10 };
enum { NONCE_TIME = 6, NONCE_MARK = 6, NONCE_FACTS = NONCE_TIME + NONCE_MARK, NONCE_MAC = 16, NONCE_SIZE = NONCE_FACTS + NONCE_MAC };

/* ---- nonces (RFC 9449 8): second · mark of the process · MAC ---- */

static void nonce_mac(const struct context *ctx, const uint8_t facts[NONCE_FACTS], uint8_t mac[NONCE_MAC])
{
    uint8_t whole[DIGEST_SIZE];
    keeper_mac(ctx->authority->keeper, KEEPER_DPOP_NONCE, (str){(const char *)facts, NONCE_FACTS}, whole);
    memcpy(mac, whole, NONCE_MAC);
}

str sender_nonce(struct context *ctx)
{
    uint8_t nonce[NONCE_SIZE];
    for (size_t i = 0; i < NONCE_TIME; i++)
        nonce[i] = (uint8_t)((uint64_t)ctx->now >> (8 * i));
    memcpy(nonce + NONCE_TIME, ctx->authority->begun, NONCE_MARK);
    nonce_mac(ctx, nonce, nonce + NONCE_FACTS);
    return b64url_encode(ctx->arena, nonce, sizeof nonce);
}

bool sender_wants_nonce(const struct context *ctx)
{
    return str_present(ctx->dpop) && (ctx->authority->policy.dpop_nonce || (ctx->proven && str_present(ctx->proven->nonce)));
}

/* *here: this process made it. False: not one of ours, or too old. */
static bool nonce_good(const struct context *ctx, str text, bool *here)
{
    uint8_t nonce[NONCE_SIZE], mac[NONCE_MAC];
    uint64_t seconds = 0;
    if (FAILED(b64url_decode_exact(text, nonce, sizeof nonce)))
        return false;
    nonce_mac(ctx, nonce, mac);
    if (!secret_equal((str){(char *)mac, sizeof mac}, (str){(char *)nonce + NONCE_FACTS, NONCE_MAC}))
        return false;
    for (size_t i = NONCE_TIME; i-- > 0;)
        seconds = seconds << 8 | nonce[i];
    unix_time made = (unix_time)seconds;
    *here = secret_equal((str){(char *)nonce + NONCE_TIME, NONCE_MARK}, (str){(const char *)ctx->authority->begun, NONCE_MARK});
    return clock_within(ctx->now, made, SENDER_NONCE_SECONDS); /* DP-03 */
}

/* ---- proofs ---- */

static fallible nonce_check(const struct context *ctx, const struct dpop_proof *proof)
{
    bool here = false, sent = str_present(proof->nonce);
    if (sent && !nonce_good(ctx, proof->nonce, &here))
        FAIL(USE_DPOP_NONCE, "dpop: the nonce is not ours or too old");
    if (!sent && ctx->authority->policy.dpop_nonce)
        FAIL(USE_DPOP_NONCE, "dpop: no nonce");
    /* The process before this one remembered what this one cannot know. */
    unix_time sure = clock_add(ctx->authority->started, AHEAD_SECONDS);
    if (proof->issued_at <= sure && !here)
        FAIL(USE_DPOP_NONCE, "dpop: the proof may be older than this process, and no nonce shows the contrary");
    return OK;
}

static fallible judge_dpop_proof(struct context *ctx, str access_token, struct dpop_proof *out)
{
    struct dpop_expect expect = {
        .method = ctx->method, .url = ctx->url, .access_token = access_token, .now = ctx->now, .window = ctx->authority->policy.dpop_window};
    struct dpop_proof proof;
    if (store_is_open(ctx->tx)) /* others would wait for this one's signature */
        FAIL(SERVER_ERROR, "sender: a proof is not judged inside a transaction; its request comes by a worker first");
    TRY(dpop_check(ctx->arena, ctx->dpop, &expect, &proof));
    if (proof.issued_at > clock_add(ctx->now, AHEAD_SECONDS))
        REFUSE(INVALID_DPOP_PROOF, "The DPoP proof was issued in the future; check the client's clock.", "dpop: iat in the future");
    TRY(nonce_check(ctx, &proof));
    bool fresh;
    /* until its window has passed, whatever way the clocks differ */
    TRY(sender_memory_take(proof.jkt, proof.jti, ctx->now, expect.window + AHEAD_SECONDS, &fresh));
    if (!fresh) /* RFC 9449 11.1 */
        REFUSE(INVALID_DPOP_PROOF, "This DPoP proof was used before; make a new one for each request.", "dpop: jti used before");
    *out = proof;
    return OK;
}

static fallible key_shown(struct context *ctx, str access_token, struct sender *shown)
{
    struct context_proof *kept = ctx->proven;
    shown->jkt = shown->alg = STR_ABSENT;
    if (!str_present(ctx->dpop))
        return OK;
    if (kept && kept->judged && str_equal(kept->access_token, access_token)) {
        shown->jkt = kept->jkt;
        shown->alg = kept->alg;
        return OK;
    }
    struct dpop_proof proof;
    TRY(judge_dpop_proof(ctx, access_token, &proof));
    shown->jkt = proof.jkt;
    shown->alg = proof.alg;
    if (kept)
        *kept = (struct context_proof){true, access_token, proof.jkt, proof.nonce, proof.alg};
    return OK;
}

static fallible certificate_shown(const struct context *ctx, str *x5t) /* RFC 8705 3.1 */
{
    uint8_t print[DIGEST_SIZE];
    *x5t = STR_ABSENT;
    if (!str_present(ctx->certificate))
        return OK;
    digest_sha256(ctx->certificate, print);
    str text = b64url_encode(ctx->arena, print, sizeof print);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "sender: no memory");
    *x5t = text;
    return OK;
}

fallible sender_proof(struct context *ctx, str access_token, struct sender *out)
{
    struct sender shown;
    TRY(certificate_shown(ctx, &shown.x5t));
    TRY(key_shown(ctx, access_token, &shown));
    *out = shown;
    return OK;
}

fallible sender_alg(const struct context *ctx, const struct db_client *client, const struct sender *shown)
{
    if (str_present(shown->jkt) && profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS) &&
        !str_has_word(profile_algs(ctx, client, STR_ABSENT), shown->alg)) /* FAPI 2.0 Security Profile 5.4.1 */
        REFUSE(INVALID_DPOP_PROOF, "The profile of this client requires DPoP proofs signed with PS256, ES256 or EdDSA.",
               "sender: algorithm of the proof not allowed by profile");
    return OK;
}

fallible sender_fits(struct context *ctx, const struct sender *keeps, const struct db_client *client, str access_token)
{
    str jkt = keeps->jkt, x5t = keeps->x5t;
    struct sender shown;
    if (!str_present(jkt) && !str_present(x5t))
        return OK;
    if (str_present(jkt) && !str_present(ctx->dpop)) /* DP-02 */
        REFUSE(INVALID_TOKEN, "This access token is bound to a key: send it with the scheme DPoP and a proof in the DPoP header.",
               "sender: a bound token without a proof");
    TRY(sender_proof(ctx, access_token, &shown));
    if (str_present(jkt) && !str_equal(jkt, shown.jkt))
        REFUSE(INVALID_TOKEN, "The access token is bound to a different key than the DPoP proof.", "sender: another key");
    if (str_present(x5t) && !str_equal(x5t, shown.x5t)) /* DP-05 */
        REFUSE(INVALID_TOKEN, "The access token is bound to a TLS client certificate, which was not presented.", "sender: another certificate, or none");
    return client ? sender_alg(ctx, client, &shown) : OK;
}

/* ---- at the token endpoint ---- */

static bool by_certificate(const struct client_proof *proof)
{
    str method = proof->method ? str_of(proof->method) : proof->client->auth_method;
    return str_is(method, "tls_client_auth") || str_is(method, "self_signed_tls_client_auth");
}

fallible sender_bind(struct context *ctx, const struct client_proof *proof)
{
    const struct db_client_metadata *m = &proof->client->metadata;
    struct sender shown;
    TRY(sender_proof(ctx, STR_ABSENT, &shown));
    TRY(sender_alg(ctx, proof->client, &shown));
    /* RFC 9449 5.2 names no code for a proof that is not there: a parameter is missing (RFC 6749 5.2) */
    if (m->dpop_bound_access_tokens && !str_present(shown.jkt))
        REFUSE(INVALID_REQUEST, "This client is registered for tokens bound by DPoP: send a proof in the DPoP header.",
               "sender: DPoP is registered, and no proof was sent");
    if (m->tls_client_certificate_bound_access_tokens && !str_present(shown.x5t)) /* RFC 8705 3.4 */
        REFUSE(INVALID_REQUEST, "This client is registered for tokens bound to its TLS client certificate, which was not presented.",
               "sender: certificate-bound tokens are registered, and no certificate was shown");
    ctx->bind.jkt = shown.jkt;
    bool certificate = m->tls_client_certificate_bound_access_tokens || (by_certificate(proof) && !str_present(shown.jkt));
    ctx->bind.x5t = certificate ? shown.x5t : STR_ABSENT;
    bool bound = str_present(ctx->bind.jkt) || str_present(ctx->bind.x5t);
    if (!bound && profile_demands(ctx, proof->client, PROFILE_RULE_SENDER_CONSTRAINED)) /* FAPI 2.0 Security Profile 5.3.2.1 */
        REFUSE(INVALID_REQUEST, "The profile of this client requires tokens that are bound to a key: send a DPoP proof.",
               "sender: the profile demands a bound token, and nothing was shown to bind it to");
    return OK;
}

struct sender sender_keeps(const struct context *ctx, const struct db_client *client)
{
    if (!client->is_public)
        return (struct sender){STR_ABSENT, STR_ABSENT, STR_ABSENT};
    return (struct sender){ctx->bind.jkt, ctx->bind.x5t, STR_ABSENT};
}
