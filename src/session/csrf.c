/* SPDX-License-Identifier: MIT
 * csrf: was this form sent from our own page in this very browser? Three independent answers, all of which must be yes: a token
 * that only a page of ours could know, the Origin header, the Sec-Fetch-Site header (LS-06). Relies on the cookie being
 * unguessable and unreadable for others. Promises a token that tells nothing about the cookie. */
#include "session/csrf.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include <string.h>
#include "base/banned.h"

enum { MARK_SIZE = 16, TOKEN_SIZE = DIGEST_SIZE + MARK_SIZE };

/* That this server made it, for whatever session: an old form of ours is no forged one. */
static void make_csrf_mark(const struct context *ctx, const uint8_t token[DIGEST_SIZE], uint8_t out[DIGEST_SIZE])
{
    keeper_mac(ctx->authority->keeper, KEEPER_CSRF_MARK, (str){(const char *)token, DIGEST_SIZE}, out);
}

str csrf_token(const struct context *ctx, const struct session *s)
{
    uint8_t key[DIGEST_SIZE], token[TOKEN_SIZE], made[DIGEST_SIZE];
    /* The row holds SHA-256 of a session's cookie too, but whoever reads the store is past all forms. */
    digest_sha256(s->cookie, key);
    digest_hmac_once(key, STR("csrf"), token);
    secret_wipe(key, sizeof key);
    make_csrf_mark(ctx, token, made);
    memcpy(token + DIGEST_SIZE, made, MARK_SIZE);
    return b64url_encode(ctx->arena, token, sizeof token);
}

static bool is_own_csrf_token(const struct context *ctx, str text)
{
    uint8_t token[TOKEN_SIZE], made[DIGEST_SIZE];
    if (FAILED(b64url_decode_exact(text, token, sizeof token)))
        return false;
    make_csrf_mark(ctx, token, made);
    return secret_equal((str){(char *)token + DIGEST_SIZE, MARK_SIZE}, (str){(char *)made, MARK_SIZE});
}

/* "null" is what a browser sends for its own form under a strict referrer policy (Fetch 3.1), and then only Sec-Fetch-Site can
 * tell it from a sandboxed page of somebody else. */
static bool origin_holds(const struct context *ctx, const struct csrf_claim *claim)
{
    if (!str_present(claim->origin))
        return true;
    if (str_is(claim->origin, "null"))
        return str_is(claim->fetch_site, "same-origin");
    return str_equal(claim->origin, ctx->authority->issuer_origin) || (str_present(claim->here) && str_equal_nocase(claim->origin, claim->here));
}

static bool site_holds(const struct csrf_claim *claim)
{
    return !str_present(claim->fetch_site) || str_is(claim->fetch_site, "same-origin") || str_is(claim->fetch_site, "none");
}

#define EXPIRED        "This page has expired. Please try again."
#define ELSEWHERE_SENT "This form was not sent from our own page. Please open the page again and retry."

fallible csrf_check(const struct context *ctx, const struct session *s, const struct csrf_claim *claim)
{
    if (!origin_holds(ctx, claim))
        REFUSE(INVALID_REQUEST, ELSEWHERE_SENT, "csrf: the Origin header names another site");
    if (!site_holds(claim))
        REFUSE(INVALID_REQUEST, ELSEWHERE_SENT, "csrf: the Sec-Fetch-Site header names another site");
    if (!str_filled(claim->token))
        REFUSE(INVALID_REQUEST, EXPIRED, "csrf: the form has no token");
    str expected = csrf_token(ctx, s);
    if (!str_present(expected))
        FAIL(UNAVAILABLE, "csrf: no memory");
    if (!secret_equal(expected, claim->token) && is_own_csrf_token(ctx, claim->token))
        FAIL(STALE_FORM, "csrf: the form is of another session of ours");
    if (!secret_equal(expected, claim->token))
        REFUSE(INVALID_REQUEST, EXPIRED, "csrf: the token does not belong to this browser");
    return OK;
}
