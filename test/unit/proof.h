/* SPDX-License-Identifier: MIT
 * proof: DPoP proofs for the tests of grant, as a client makes them (RFC 9449 4.2). */
#ifndef JETON_TEST_PROOF_H
#define JETON_TEST_PROOF_H
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "clientauth/sender.h"
#include "stage.h"
#include "token/jwk.h"
#include "crypto/thumbprint.h"

#define TOKEN_URL FIXTURE_ISSUER "/oauth/token"

struct holder {
    struct sign_key *key;
    struct sign_jwk jwk;
    str jkt;
};

static inline void holder_release(void *key)
{
    sign_key_free(key);
}

static inline struct holder holder_new(struct stage *t)
{
    struct holder h;
    assert_done(sign_key_generate(SIGN_ES256, &h.key));
    assert_done(arena_on_release(t->s.a, holder_release, h.key));
    assert_done(sign_key_jwk(t->s.a, h.key, &h.jwk));
    assert_done(thumbprint_of(t->s.a, &h.jwk, &h.jkt));
    return h;
}

struct proof_of {
    const char *method, *url, *jti;
    str access_token, nonce; /* absent: none */
    unix_time at;
};

static inline str proof_make(struct stage *t, const struct holder *h, const struct proof_of *p)
{
    struct arena *a = t->s.a;
    json *header = json_object_new(a), *claims = json_object_new(a);
    uint8_t bytes[SIGN_SIZE_MAX];
    str header_text, claims_text;
    size_t n;
    json_put_text(a, header, "typ", STR("dpop+jwt"));
    json_put_text(a, header, "alg", STR("ES256"));
    json_put(a, header, "jwk", jwk_json(a, &h->jwk));
    json_put_text(a, claims, "jti", str_of(p->jti));
    json_put_text(a, claims, "htm", str_of(p->method ? p->method : "POST"));
    json_put_text(a, claims, "htu", str_of(p->url ? p->url : TOKEN_URL));
    json_put_integer(a, claims, "iat", p->at ? p->at : t->s.ctx->now);
    if (str_present(p->nonce))
        json_put_text(a, claims, "nonce", p->nonce);
    if (str_present(p->access_token)) {
        digest_sha256(p->access_token, bytes);
        json_put_text(a, claims, "ath", b64url_encode(a, bytes, DIGEST_SIZE));
    }
    assert_done(json_text(a, header, &header_text));
    assert_done(json_text(a, claims, &claims_text));
    str parts[] = {b64url_encode(a, header_text.p, header_text.n), STR("."), b64url_encode(a, claims_text.p, claims_text.n)};
    str text = str_join(a, parts, 3);
    assert_done(sign_make(h->key, text, bytes, &n));
    str whole[] = {text, STR("."), b64url_encode(a, bytes, n)};
    return str_join(a, whole, 3);
}

/* The request that the context stands for came with this proof (absent: with none). */
static inline void proof_send(struct stage *t, const char *method, const char *url, str proof)
{
    t->s.ctx->method = str_of(method);
    t->s.ctx->url = str_of(url);
    t->s.ctx->dpop = proof;
}

/* A token request with a fresh proof of this holder (NULL: none). */
static inline err proof_token(struct stage *t, const char *id, const struct holder *h, str text, struct token_answer *out)
{
    static int counter;
    struct form f;
    scene_next(&t->s);
    *out = (struct token_answer){0};
    if (h) {
        str jti = str_format(t->s.a, "request-%d", counter++);
        proof_send(t, "POST", TOKEN_URL, proof_make(t, h, &(struct proof_of){.jti = jti.p}));
    }
    struct client_proof proof = stage_proof(t, id);
    assert_done(form_parse(t->s.a, text, &f));
    err judged = token_request_answer(t->s.ctx, &proof, &f, out);
    return FAILED(judged) ? judged : token_request_finish(t->s.ctx, out);
}
#endif
