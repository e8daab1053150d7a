/* SPDX-License-Identifier: MIT
 * assertion: makes the client's signed statements. Relies on client_key for signatures. Promises that each lives for a minute
 * (a request object for five: a person reads the server's pages meanwhile), has a jti of 128 random bits, and addresses one
 * server only, so that none can be carried to another. */
#include "cli/client/assertion.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "base/banned.h"

enum { LIFETIME = 60, REQUEST_LIFETIME = 300, JTI_BYTES = 16 };

str assertion_audience(const struct token_flow *f)
{
    if (str_present(f->assertion_audience))
        return f->assertion_audience;
    /* Not the endpoint's address: another server could name that as its own (draft-ietf-oauth-rfc7523bis). */
    return str_present(f->server.issuer) ? f->server.issuer : discover_endpoint(&f->server, "token_endpoint", false);
}
static void add_jti(struct arena *a, json *claims)
{
    uint8_t bytes[JTI_BYTES];
    random_bytes(bytes, sizeof bytes);
    str jti = b64url_encode(a, bytes, sizeof bytes);
    json_put_text(a, claims, "jti", jti); /* absent only when the arena has failed, and then nothing is signed */
}
static void add_times(struct arena *a, json *claims, int64_t lifetime)
{
    unix_time now = clock_now();
    json_put_integer(a, claims, "iat", now);
    json_put_integer(a, claims, "exp", clock_add(now, lifetime));
}
fallible assertion_client(struct arena *a, const struct token_flow *f, bool with_secret, str *jwt)
{
    json *claims = json_object_new(a); /* RFC 7523 3 */
    json_put_text(a, claims, "iss", f->client_id);
    json_put_text(a, claims, "sub", f->client_id);
    json_put_text(a, claims, "aud", assertion_audience(f));
    add_jti(a, claims);
    add_times(a, claims, LIFETIME);
    struct client_key_words words = {.typ = "JWT", .claims = claims, .secret = f->client_secret};
    return client_key_sign(a, with_secret ? NULL : f->key, &words, jwt);
}
fallible assertion_grant(struct arena *a, const struct token_flow *f, str *jwt)
{
    json *claims = json_object_new(a); /* RFC 7523 3 */
    str issuer = str_present(f->assertion_issuer) ? f->assertion_issuer : f->client_id;
    json_put_text(a, claims, "iss", issuer);
    json_put_text(a, claims, "sub", str_present(f->subject) ? f->subject : issuer);
    json_put_text(a, claims, "aud", assertion_audience(f));
    add_jti(a, claims);
    add_times(a, claims, LIFETIME);
    struct client_key_words words = {.typ = "JWT", .claims = claims};
    return client_key_sign(a, f->key, &words, jwt);
}
fallible assertion_request(struct arena *a, const struct token_flow *f, json *parameters, bool backchannel, str *jwt)
{
    json_put_text(a, parameters, "iss", f->client_id); /* RFC 9101 4 */
    json_put_text(a, parameters, "aud", assertion_audience(f));
    add_jti(a, parameters);
    add_times(a, parameters, REQUEST_LIFETIME);
    json_put_integer(a, parameters, "nbf", clock_now()); /* FAPI 2.0 Message Signing 5.3.1 */
    struct client_key_words words = {.typ = backchannel ? "JWT" : "oauth-authz-req+jwt", .claims = parameters};
    return client_key_sign(a, f->key, &words, jwt);
}
/* RFC 9449 4.2: without query and fragment. */
static str plain_address(str address)
{
    size_t end = str_find(address, '?'), hash = str_find(address, '#');
    return (str){address.p, end < hash ? end : hash};
}
fallible assertion_proof(struct arena *a, const struct token_flow *f, const struct assertion_proof *about, str *jwt)
{
    uint8_t digest[DIGEST_SIZE];
    json *jwk, *header = json_object_new(a), *claims = json_object_new(a);
    TRY(client_key_public(a, f->proof, &jwk));
    json_put(a, header, "jwk", jwk);
    add_jti(a, claims);
    json_put_text(a, claims, "htm", str_of(about->method));
    json_put_text(a, claims, "htu", plain_address(about->address));
    json_put_integer(a, claims, "iat", clock_now());
    if (str_present(about->nonce))
        json_put_text(a, claims, "nonce", about->nonce);
    if (str_present(about->token)) {
        digest_sha256(about->token, digest);
        json_put_text(a, claims, "ath", b64url_encode(a, digest, sizeof digest));
    }
    struct client_key_words words = {.typ = "dpop+jwt", .header = header, .claims = claims};
    return client_key_sign(a, f->proof, &words, jwt);
}
