/* SPDX-License-Identifier: MIT
 * app_secret: a secret as an authenticator app reads it. */
#ifndef JETON_TEST_APP_SECRET_H
#define JETON_TEST_APP_SECRET_H
#include "crypto/totp.h"
#include <criterion/criterion.h>
#include <string.h>

/* The bytes of a secret as it is typed. */
static inline void secret_of(str typed, uint8_t out[TOTP_SECRET_SIZE])
{
    unsigned bits = 0, held = 0;
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", *c = strchr(alphabet, typed.p[i]);
        if (typed.p[i] == ' ')
            continue;
        cr_assert_not_null(c);
        bits = bits << 5 | (unsigned)(c - alphabet);
        held += 5;
        if (held >= 8) {
            held -= 8;
            cr_assert_lt(n, TOTP_SECRET_SIZE);
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    cr_assert_eq(n, TOTP_SECRET_SIZE);
}
#endif
