/* SPDX-License-Identifier: MIT
 * sign_vectors: what the tests of sign and sign_key share: an arena a test, and the ES256 vector of RFC 7515 A.3. */
#ifndef JETON_TEST_SIGN_VECTORS_H
#define JETON_TEST_SIGN_VECTORS_H
#include "crypto/sign.h"

#include "codec/b64url.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *a;

static inline void open_arena(void)
{
    a = arena_new(1 << 20);
}
static inline void close_arena(void)
{
    arena_release(a);
}

static inline str decoded(const char *text)
{
    size_t n;
    char *p = arena_take(a, 1024);
    cr_assert_not(FAILED(b64url_decode(str_of(text), p, 1024, &n)));
    return (str){p, n};
}

static inline struct sign_jwk jwk_ec(const char *x, const char *y)
{
    return (struct sign_jwk){.kty = "EC", .crv = "P-256", .x = str_of(x), .y = str_of(y)};
}

#define A3_X     "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y     "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define A3_INPUT "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A3_SIG   "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#endif
