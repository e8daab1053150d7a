/* SPDX-License-Identifier: MIT
 * proofs: fresh DPoP proofs (RFC 9449 4.2) by sixteen ES256 keys in turn, one a line: what as many clients would make for
 * each request.
 *     proofs COUNT METHOD URL FILE */
#include "base/arena.h"
#include "base/clock.h"
#include "codec/b64url.h"
#include "crypto/sign.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { COUNT_MAX = 1000000, ROOM = 1 << 20, KEYS = 16 };

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "proofs: %s\n", what);
    exit(1);
}

/* A new key; returns the header of its proofs. */
static str key_made(struct arena *a, struct sign_key **key)
{
    struct sign_jwk jwk;
    must(!FAILED(sign_key_generate(SIGN_ES256, key)) && !FAILED(sign_key_jwk(a, *key, &jwk)), "no key");
    str header = str_format(a, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"}}",
                            STR_FMT(jwk.x), STR_FMT(jwk.y));
    return b64url_encode(a, header.p, header.n);
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    must(argc == 5 && !FAILED(str_u64(str_of(argv[1]), COUNT_MAX, &count)), "usage: proofs COUNT METHOD URL FILE");
    struct arena *keep = arena_new(ROOM), *a = arena_new(ROOM);
    struct sign_key *keys[KEYS];
    str heads[KEYS];
    FILE *out = fopen(argv[4], "w");
    must(keep != NULL && a != NULL && out != NULL, "no memory, or the file cannot be written");
    for (size_t k = 0; k < KEYS; k++)
        heads[k] = key_made(keep, &keys[k]);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t signature[SIGN_SIZE_MAX];
        size_t n = 0;
        str claims = str_format(a, "{\"jti\":\"%llx-%llu\",\"htm\":\"%s\",\"htu\":\"%s\",\"iat\":%lld}", (unsigned long long)clock_monotonic_us(),
                                (unsigned long long)i, argv[2], argv[3], (long long)clock_now());
        str second = b64url_encode(a, claims.p, claims.n);
        str text = str_format(a, "%.*s.%.*s", STR_FMT(heads[i % KEYS]), STR_FMT(second));
        must(str_present(text) && !FAILED(sign_make(keys[i % KEYS], text, signature, &n)), "a proof could not be signed");
        str third = b64url_encode(a, signature, n);
        must(fprintf(out, "%.*s.%.*s\n", STR_FMT(text), STR_FMT(third)) > 0, "the file cannot be written");
        arena_reset(a);
    }
    must(fclose(out) == 0, "the file cannot be written");
    for (size_t k = 0; k < KEYS; k++)
        sign_key_free(keys[k]);
    arena_release(a);
    arena_release(keep);
    return 0;
}
