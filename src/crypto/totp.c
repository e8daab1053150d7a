/* SPDX-License-Identifier: MIT
 * totp: see the header. */
#include "crypto/totp.h"

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "crypto/secret.h"

#include "base/banned.h"

fallible totp_code(str secret, int64_t step, char out[TOTP_DIGITS + 1])
{
    if (step < 0 || oath_hotp_generate(secret.p, secret.n, (uint64_t)step, TOTP_DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, out) != OATH_OK)
        FAIL(UNAVAILABLE, "totp: liboath failed");
    return OK;
}

/* False: no code at all. */
static bool read_code_digits(str code, char digits[TOTP_DIGITS])
{
    size_t n = 0;
    for (size_t i = 0; i < code.n; i++) {
        if (code.p[i] == ' ')
            continue;
        if (code.p[i] < '0' || code.p[i] > '9' || n == TOTP_DIGITS)
            return false;
        digits[n++] = code.p[i];
    }
    return n == TOTP_DIGITS;
}

fallible totp_match(str secret, str code, unix_time now, int64_t *step)
{
    char digits[TOTP_DIGITS], expected[TOTP_DIGITS + 1];
    bool any = read_code_digits(code, digits);
    *step = 0;
    for (int64_t at = now / TOTP_SECONDS - TOTP_DRIFT; at <= now / TOTP_SECONDS + TOTP_DRIFT; at++) {
        if (at < 1)
            continue;
        TRY(totp_code(secret, at, expected));
        if (any && secret_equal((str){digits, TOTP_DIGITS}, (str){expected, TOTP_DIGITS}))
            *step = at;
    }
    secret_wipe(expected, sizeof expected);
    return OK;
}

fallible totp_secret_text(struct arena *a, str secret, str *text)
{
    char *encoded = NULL;
    size_t n = 0;
    if (oath_base32_encode(secret.p, secret.n, &encoded, &n) != OATH_OK)
        FAIL(UNAVAILABLE, "totp: liboath failed");
    size_t filled = n;
    while (filled > 0 && encoded[filled - 1] == '=')
        filled--;
    *text = str_dup(a, (str){encoded, filled});
    secret_wipe(encoded, n);
    free(encoded);
    return str_present(*text) ? OK : ERR(UNAVAILABLE, "totp: no memory");
}
