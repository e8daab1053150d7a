/* SPDX-License-Identifier: MIT
 * password: slow hashes of what people remember. Relies on libargon2 and, for hashes from elsewhere, on crypt_r.
 * Promises: 1. every verification costs the same hashes, whoever asks for whom and whatever hash the name has (LS-11); 2. nothing is cut off: a password that
 * bcrypt would have truncated does not match (LS-12); 3. a stored hash can ask for bounded work only, whoever wrote it. */
#include "crypto/password.h"

#include "base/ascii.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <argon2.h>
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
    MEMORY_KIB = 19456,
    PASSES = 2,
    POOLS = 1,
    SALT_SIZE = 16,
    HASH_SIZE = 32,
    /* what a hash from elsewhere may ask for */
    MEMORY_KIB_MAX = 1 << 20,
    PASSES_MAX = 16,
    POOLS_MAX = 16,
    BCRYPT_SIZE = 60,
    BCRYPT_PASSWORD_MAX = 72,
    BCRYPT_COST_MIN = 4,
    BCRYPT_COST_MAX = 15,
};

struct cost {
    uint64_t memory_kib, passes, pools;
};

static bool cut_number(str *rest, const char *name, uint64_t max, uint64_t *out)
{
    str piece;
    if (!str_next(rest, ',', &piece) || !str_starts(piece, str_of(name)))
        return false;
    size_t n = strlen(name);
    return !FAILED(str_u64((str){piece.p + n, piece.n - n}, max, out)) && *out > 0;
}

static bool cut_base64(str *rest, size_t least)
{
    str piece;
    if (!str_next(rest, '$', &piece) || piece.n < least)
        return false;
    for (size_t i = 0; i < piece.n; i++)
        if (!ascii_letter(piece.p[i]) && !ascii_digit(piece.p[i]) && piece.p[i] != '+' && piece.p[i] != '/')
            return false;
    return true;
}

/* $argon2id$v=19$m=19456,t=2,p=1$salt$hash */
static bool argon2_parse(str hash, struct cost *out)
{
    const str head = STR("$argon2id$v=19$");
    str parameters;
    struct cost cost;
    if (hash.n >= PASSWORD_HASH_MAX || !str_starts(hash, head))
        return false;
    str rest = {hash.p + head.n, hash.n - head.n};
    if (!str_next(&rest, '$', &parameters) || !cut_number(&parameters, "m=", MEMORY_KIB_MAX, &cost.memory_kib) ||
        !cut_number(&parameters, "t=", PASSES_MAX, &cost.passes) || !cut_number(&parameters, "p=", POOLS_MAX, &cost.pools) || str_present(parameters))
        return false;
    if (!cut_base64(&rest, 11) || !cut_base64(&rest, 22) || str_present(rest)) /* RFC 9106 3.1: 8 bytes; 16 bytes */
        return false;
    *out = cost;
    return true;
}

/* $2y$10$ and 53 characters of its own base64 */
static bool bcrypt_known(str hash)
{
    if (hash.n != BCRYPT_SIZE || !(str_starts(hash, STR("$2y$")) || str_starts(hash, STR("$2a$")) || str_starts(hash, STR("$2b$"))))
        return false;
    const char *p = hash.p;
    if (!ascii_digit(p[4]) || !ascii_digit(p[5]) || p[6] != '$')
        return false;
    int cost = (p[4] - '0') * 10 + (p[5] - '0');
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
        return false;
    for (size_t i = 7; i < BCRYPT_SIZE; i++)
        if (!ascii_letter(p[i]) && !ascii_digit(p[i]) && p[i] != '.' && p[i] != '/')
            return false;
    return true;
}

static fallible check_argon2_result(int code)
{
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR || code == ARGON2_THREAD_FAIL)
        FAIL(UNAVAILABLE, "password: no memory for Argon2id");
    if (code != ARGON2_OK)
        FAIL(SERVER_ERROR, "password: Argon2id cannot read the stored hash");
    return OK;
}

fallible password_hash(str password, char out[PASSWORD_HASH_MAX])
{
    if (!str_present(password) || password.n > PASSWORD_MAX) /* LS-12 */
        REFUSE(INVALID_REQUEST, "The password is too long.", "password: absent or too long");
    uint8_t salt[SALT_SIZE];
    char text[PASSWORD_HASH_MAX];
    random_bytes(salt, sizeof salt);
    TRY(check_argon2_result(argon2id_hash_encoded(PASSES, MEMORY_KIB, POOLS, password.p, password.n, salt, sizeof salt, HASH_SIZE, text, sizeof text)));
    memcpy(out, text, sizeof text);
    return OK;
}

static fallible verify_argon2(str password, str hash, bool *matches)
{
    char text[PASSWORD_HASH_MAX] = {0};
    memcpy(text, hash.p, hash.n);
    int code = argon2id_verify(text, password.p, password.n);
    if (code != ARGON2_VERIFY_MISMATCH)
        TRY(check_argon2_result(code));
    *matches = code == ARGON2_OK;
    return OK;
}

static fallible verify_bcrypt(str password, str hash, bool *matches)
{
    char setting[BCRYPT_SIZE + 1] = {0}, text[BCRYPT_PASSWORD_MAX + 1] = {0};
    size_t n = password.n < BCRYPT_PASSWORD_MAX ? password.n : BCRYPT_PASSWORD_MAX;
    memcpy(setting, hash.p, BCRYPT_SIZE);
    if (n > 0)
        memcpy(text, password.p, n);
    struct crypt_data *work = calloc(1, sizeof *work); /* 32 KiB: too much for a stack */
    if (work == NULL)
        FAIL(UNAVAILABLE, "password: no memory for bcrypt");
    const char *made = crypt_r(text, setting, work);
    bool same = made != NULL && secret_equal(str_of(made), hash);
    secret_wipe(work, sizeof *work);
    secret_wipe(text, sizeof text);
    free(work);
    /* What bcrypt does not see must not be there: bytes beyond 72, and anything after a NUL (LS-12). */
    *matches = same && password.n <= BCRYPT_PASSWORD_MAX && str_find(password, '\0') == password.n;
    return OK;
}

static const str own_setting = {"$argon2id$v=19$m=19456,t=2,p=1$", 31};

str password_setting(str hash)
{
    struct cost cost;
    enum { ARGON2_DOLLARS = 4, BCRYPT_SETTING = 7 };
    if (bcrypt_known(hash))
        return (str){hash.p, BCRYPT_SETTING};
    if (!argon2_parse(hash, &cost))
        return STR_ABSENT;
    size_t n = 0;
    for (int dollars = 0; dollars < ARGON2_DOLLARS; n++)
        dollars += hash.p[n] == '$';
    return (str){hash.p, n};
}

/* The same work as a real verification, for a hash that is not there. A setting that nobody knows costs nothing. */
static fallible do_dummy_hash(str password, str setting)
{
    static const uint8_t salt[SALT_SIZE] = "jeton: no user.";
    struct cost cost;
    bool ignored;
    char text[PASSWORD_HASH_MAX];
    int n = snprintf(text, sizeof text, "%.*s%s", STR_FMT(setting),
                     setting.n == 7 ? "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234" : "c29tZSBzYWx0$c29tZSBoYXNoIHRoYXQgaXMgbm9uZQ");
    str hash = {text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0};
    str shown = {password.p, password.n < PASSWORD_MAX ? password.n : PASSWORD_MAX};
    if (bcrypt_known(hash))
        return verify_bcrypt(shown, hash, &ignored);
    if (!argon2_parse(hash, &cost))
        return OK;
    uint8_t raw[HASH_SIZE];
    TRY(check_argon2_result(
        argon2id_hash_raw((uint32_t)cost.passes, (uint32_t)cost.memory_kib, (uint32_t)cost.pools, shown.p, shown.n, salt, sizeof salt, raw, sizeof raw)));
    secret_wipe(raw, sizeof raw);
    return OK;
}

static fallible verify_real(str password, str hash, bool *matches)
{
    return bcrypt_known(hash) ? verify_bcrypt(password, hash, matches) : verify_argon2(password, hash, matches);
}

fallible password_verify(str password, str hash, const struct password_settings *others, bool *matches)
{
    bool same = false;
    if (!str_present(password))
        password = STR("");
    str real = str_present(hash) && password.n <= PASSWORD_MAX ? password_setting(hash) : STR_ABSENT;
    if (!str_equal(real, own_setting))
        TRY(do_dummy_hash(password, own_setting));
    for (size_t i = 0; others != NULL && i < others->count; i++)
        if (!str_equal(others->settings[i], real) && !str_equal(others->settings[i], own_setting))
            TRY(do_dummy_hash(password, others->settings[i]));
    if (str_present(real))
        TRY(verify_real(password, hash, &same));
    *matches = same;
    return OK;
}

bool password_hash_bearable(str hash)
{
    enum { TIMES = 16, BCRYPT_COST_BEARABLE = 13 };
    struct cost cost;
    if (argon2_parse(hash, &cost))
        return cost.memory_kib * cost.passes <= (uint64_t)TIMES * MEMORY_KIB * PASSES;
    return bcrypt_known(hash) && (hash.p[4] - '0') * 10 + (hash.p[5] - '0') <= BCRYPT_COST_BEARABLE;
}

bool password_foreign(str hash)
{
    str setting = password_setting(hash);
    return str_present(setting) && !str_equal(setting, own_setting);
}

bool password_outdated(str hash)
{
    struct cost cost;
    return !argon2_parse(hash, &cost) || cost.memory_kib < MEMORY_KIB || cost.passes < PASSES; /* ST-01 */
}

bool password_hash_known(str hash)
{
    struct cost cost;
    return argon2_parse(hash, &cost) || bcrypt_known(hash);
}
