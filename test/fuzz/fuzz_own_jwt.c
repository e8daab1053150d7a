/* SPDX-License-Identifier: MIT
 * Fuzz: what our own key signed, read back as an access token (RFC 9068) and as an ID token hint. The input is a typ, a line feed and
 * claims; one kind is never the other, and what is read has what its readers rely on. */
#include "token/access.h"
#include "token/id_token.h"
#include "keys/keyring_build.h"
#include "token/jws.h"
#include "signer.h"
#include <stdlib.h>
#include "base/banned.h"

enum { NOW = 1700000000 };
#define ISSUER "https://as.example"
static const char sealing_key[] = "ssssssssssssssssssssssssssssssss";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct keyring *keys(void)
{
    static struct keyring *k;
    if (k == NULL) {
        const struct keyring_entry entries[] = {
            {.kid = STR("fuzz"), .use = STR("sig"), .alg = STR("EdDSA"), .state = STR("active"), .material = {signer_der, 48}},
            {.kid = STR("1"), .use = STR("seal"), .alg = STR("A256GCM"), .state = STR("active"), .material = {sealing_key, 32}},
        };
        INVARIANT(!FAILED(keyring_build(entries, 2, &k)));
    }
    return k;
}

static bool as_access(struct arena *a, str token)
{
    struct access_facts facts;
    const struct access_reader reader = {STR(ISSUER), NOW};
    err e = access_check(a, keys(), token, &reader, &facts);
    INVARIANT(!FAILED(e) || e.kind == ERR_INVALID_TOKEN);
    if (FAILED(e))
        return false;
    const struct permit *p = &facts.permit;
    INVARIANT(facts.is_jwt && str_filled(p->subject) && str_filled(p->client_id) && str_filled(p->audience) && str_filled(facts.token_id));
    INVARIANT(p->expires_at > NOW && p->client_number == 0 && p->resource_number == 0);
    return true;
}

static bool as_id(struct arena *a, str token)
{
    struct id_token t;
    err e = id_token_read(a, keys(), token, STR(ISSUER), &t);
    INVARIANT(!FAILED(e) || e.kind == ERR_INVALID_TOKEN);
    if (!FAILED(e))
        INVARIANT(str_is(t.issuer, ISSUER) && str_filled(t.subject) && str_filled(t.client_id) && t.more == NULL);
    return !FAILED(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"at+jwt", "JWT", "logout+jwt", "token-introspection+jwt"};
    if (size == 0 || size > 16384)
        return 0;
    struct arena *a = arena_new(8 << 20);
    str token, rest = {(const char *)data + 1, size - 1};
    const char *typ = types[data[0] % 4];
    (void)as_access(a, rest);
    (void)as_id(a, rest);
    if (!FAILED(jws_sign(a, keys(), SIGN_EDDSA, typ, rest, &token))) {
        bool access = as_access(a, token), id = as_id(a, token);
        INVARIANT(!access || str_is(STR("at+jwt"), typ));
        INVARIANT(!id || str_is(STR("JWT"), typ));
    }
    arena_release(a);
    return 0;
}
