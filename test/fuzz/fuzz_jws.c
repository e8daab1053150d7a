/* SPDX-License-Identifier: MIT
 * Fuzz: signed tokens. The first byte chooses who bends what:
 *   even: the input is a token from outside. It may be accepted only when it is exactly what jws_sign makes of its claims
 * (EdDSA is deterministic), because nobody else holds the key. odd:  the input is a header that somebody had our key sign. It
 * may be accepted only when it says what we would say. */
#include "codec/b64url.h"
#include "keys/keyring_build.h"
#include "token/jws.h"
#include <stdlib.h>
#include <string.h>
#include "base/banned.h"

#define KID "fuzz"
/* PKCS#8 of an Ed25519 key (RFC 8410 7) whose 32 bytes are all 'k'. */
static const char private_key[] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"
                                  "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
static const char sealing_key[] = "ssssssssssssssssssssssssssssssss";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct keyring *keys(void)
{
    static struct keyring *k;
    if (k == NULL) {
        const struct keyring_entry entries[] = {
            {.kid = STR(KID), .use = STR("sig"), .alg = STR("EdDSA"), .state = STR("active"), .material = {private_key, 48}},
            {.kid = STR("1"), .use = STR("seal"), .alg = STR("A256GCM"), .state = STR("active"), .material = {sealing_key, 32}},
        };
        INVARIANT(!FAILED(keyring_build(entries, 2, &k)));
    }
    return k;
}

static void from_outside(struct arena *a, str token)
{
    json *claims;
    if (FAILED(jws_check(a, keys(), "at+jwt", token, &claims)))
        return;
    size_t first = str_find(token, '.');
    str rest = {token.p + first + 1, token.n - first - 1};
    str code = {rest.p, str_find(rest, '.')};
    char text[BUF_TOKEN_MAX];
    size_t n;
    str again;
    INVARIANT(!FAILED(b64url_decode(code, text, sizeof text, &n)));
    INVARIANT(!FAILED(jws_sign(a, keys(), SIGN_EDDSA, "at+jwt", (str){text, n}, &again)));
    INVARIANT(str_equal(token, again));
}

static void with_a_header(struct arena *a, str header)
{
    str text = str_join(a, (const str[]){b64url_encode(a, header.p, header.n), STR("."), STR("e30")}, 3); /* {} */
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    json *claims, *read;
    if (header.n > 4096 || FAILED(keyring_sign(keys(), SIGN_EDDSA, text, signature, &n)))
        return;
    str token = str_join(a, (const str[]){text, STR("."), b64url_encode(a, signature, n)}, 3);
    if (FAILED(jws_check(a, keys(), "at+jwt", token, &claims)))
        return;
    INVARIANT(!FAILED(json_parse(a, header, &read)) && json_count(read) == 3);
    INVARIANT(str_is(json_member_text(read, "alg"), "EdDSA"));
    INVARIANT(str_is(json_member_text(read, "typ"), "at+jwt"));
    INVARIANT(str_is(json_member_text(read, "kid"), KID));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_new(1 << 20);
    str rest = {(const char *)data + 1, size - 1};
    if (data[0] % 2 == 0)
        from_outside(a, rest);
    else
        with_a_header(a, rest);
    arena_release(a);
    return 0;
}
