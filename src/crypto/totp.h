/* SPDX-License-Identifier: MIT
 * totp: time-based one-time passwords (RFC 6238) in the one form that every authenticator app knows: SHA-1, six digits, thirty seconds. The only door to liboath. */
#ifndef JETON_CRYPTO_TOTP_H
#define JETON_CRYPTO_TOTP_H
#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
enum { TOTP_DIGITS = 6, TOTP_SECONDS = 30, TOTP_DRIFT = 1 /* steps before and after */, TOTP_SECRET_SIZE = 20 /* RFC 4226 4, R6 */ };
/* Which step does this code belong to: the present one, or one that a slow clock or finger is off by? 0: none. Blanks in the code are left out. All steps are computed, and
 * compared in constant time. secret: bytes. UNAVAILABLE when the library fails. */
fallible totp_match(str secret, str code, unix_time now, int64_t *step);
/* The code of that step: for tests and for no answer. */
fallible totp_code(str secret, int64_t step, char out[TOTP_DIGITS + 1]);
/* Base32 without padding (RFC 4648 6), as apps take a secret that is typed; arena memory. */
fallible totp_secret_text(struct arena *a, str secret, str *text);
#endif
