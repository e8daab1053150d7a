/* SPDX-License-Identifier: MIT
 * Tests of password. */
#include "crypto/password.h"

#include <criterion/criterion.h>
#include <crypt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool matches(str password, str hash)
{
    bool answer = true;
    err e = password_verify(password, hash, NULL, &answer);
    cr_assert_not(FAILED(e), "%s", err_why(e));
    return answer;
}

Test(password, a_hash_verifies_its_password_only)
{
    char one[PASSWORD_HASH_MAX], two[PASSWORD_HASH_MAX];
    cr_assert_not(FAILED(password_hash(STR("correct horse"), one)));
    cr_assert_not(FAILED(password_hash(STR("correct horse"), two)));
    cr_assert_str_neq(one, two, "salted");
    cr_assert(str_starts(str_of(one), STR("$argon2id$v=19$m=19456,t=2,p=1$"))); /* ST-01 */
    cr_assert(matches(STR("correct horse"), str_of(one)));
    cr_assert_not(matches(STR("correct hors"), str_of(one)));
    cr_assert_not(matches(STR("correct horse\0"), str_of(one)));
    cr_assert_not(matches(STR(""), str_of(one)));
    cr_assert_not(matches(STR_ABSENT, str_of(one)));
    cr_assert(password_hash_known(str_of(one)));
    cr_assert_not(password_outdated(str_of(one)));
}

Test(password, nothing_is_cut_off)
{
    char hash[PASSWORD_HASH_MAX], text[PASSWORD_MAX + 1];
    memset(text, 'a', sizeof text);
    cr_assert_not(FAILED(password_hash((str){text, PASSWORD_MAX}, hash))); /* LS-12 */
    cr_assert(matches((str){text, PASSWORD_MAX}, str_of(hash)));
    cr_assert_not(matches((str){text, PASSWORD_MAX - 1}, str_of(hash)));
    cr_assert_not(matches((str){text, PASSWORD_MAX + 1}, str_of(hash)));
    hash[0] = 'x';
    cr_assert_eq(password_hash((str){text, PASSWORD_MAX + 1}, hash).kind, ERR_INVALID_REQUEST);
    cr_assert_eq(password_hash(STR_ABSENT, hash).kind, ERR_INVALID_REQUEST);
    cr_assert_eq(hash[0], 'x');
}

Test(password, the_vector_of_the_reference_implementation)
{
    str hash = STR("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
    cr_assert(matches(STR("password"), hash));
    cr_assert_not(matches(STR("Password"), hash));
    cr_assert(password_outdated(hash), "256 KiB are too few today");
}

Test(password, bcrypt_made_by_the_c_library_verifies)
{
    const char *heads[] = {"$2y$", "$2a$", "$2b$"};
    for (size_t i = 0; i < 3; i++) {
        struct crypt_data data = {0};
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];
        cr_assert_not_null(crypt_gensalt_rn(heads[i], 4, "0123456789abcdef", 16, setting, sizeof setting));
        const char *hash = crypt_r("correct horse", setting, &data);
        cr_assert_not_null(hash);
        cr_assert_eq(strncmp(hash, heads[i], 4), 0);
        cr_assert(matches(STR("correct horse"), str_of(hash)));
        cr_assert_not(matches(STR("correct hors"), str_of(hash)));
        cr_assert_not(matches(STR("correct horse\0x"), str_of(hash)), "bcrypt would stop at the NUL");
        cr_assert(password_hash_known(str_of(hash)));
        cr_assert(password_outdated(str_of(hash)));
    }
}

Test(password, published_bcrypt_vectors)
{
    cr_assert(matches(STR("U*U"), STR("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")));
    cr_assert(matches(STR("\xa3"), STR("$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq")));
}

Test(password, bcrypt_of_the_first_72_bytes_does_not_match_more)
{
    str hash = STR("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui");
    str password = STR("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored");
    cr_assert_not(matches(password, hash)); /* LS-12 */
    cr_assert(matches((str){password.p, 72}, hash), "the very bytes that bcrypt saw");
    cr_assert_not(matches((str){password.p, 73}, hash));
}

Test(password, no_hash_never_matches)
{
    cr_assert_not(matches(STR("x"), STR_ABSENT)); /* LS-11 */
    cr_assert_not(matches(STR(""), STR_ABSENT));
    cr_assert_not(matches(STR_ABSENT, STR_ABSENT));
}

static const char *const strangers[] = {
    "",
    "!",
    "*",
    "plain text",
    "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", /* would take hours */
    "$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
    "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO:W",
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz1",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=999,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=99$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1,x=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29t$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4$",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
};

Test(password, strange_hashes_are_not_known_and_never_match)
{
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        cr_assert_not(password_hash_known(str_of(strangers[i])), "%s", strangers[i]);
        cr_assert(password_outdated(str_of(strangers[i])));
        cr_assert_not(matches(str_of(strangers[i]), str_of(strangers[i])), "%s", strangers[i]);
    }
    cr_assert_not(password_hash_known(STR_ABSENT));
}

static double spent(str password, str hash)
{
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    matches(password, hash);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

Test(password, an_unknown_user_costs_as_much_as_a_wrong_password)
{
    char hash[PASSWORD_HASH_MAX];
    cr_assert_not(FAILED(password_hash(STR("correct horse"), hash)));
    double known = 9, unknown = 9;
    /* processor time, the least of some taken in turns: what others do on the machine does not count */
    for (int i = 0; i < 24 && (i < 3 || unknown < known / 2 || unknown > known * 2); i++) {
        double t = spent(STR("x"), str_of(hash));
        known = t < known ? t : known;
        t = spent(STR("x"), STR_ABSENT);
        unknown = t < unknown ? t : unknown;
    }
    cr_assert(unknown > known / 2 && unknown < known * 2, "%f %f", known, unknown); /* LS-11 */
}

/* CPU time of this thread for one verification of a wrong password, in milliseconds. */
static double cost_of(str hash, const struct password_settings *others)
{
    struct timespec from, to;
    bool matches;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    cr_assert(!FAILED(password_verify(STR("wrong"), hash, others, &matches)));
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    cr_assert_not(matches);
    return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

struct asked {
    str hash;
    const struct password_settings *others;
};

/* What one costs of the other: the least of each, taken in turns, until the two settle within the bounds or there were enough: a machine whose
 * speed changes meanwhile changes it for both. */
static double ratio_of(const struct asked *one, const struct asked *other, double from, double to)
{
    enum { LEAST = 3, ENOUGH = 24 };
    double mine = 1e9, theirs = 1e9;
    for (int i = 0; i < ENOUGH && (i < LEAST || mine / theirs < from || mine / theirs > to); i++) {
        double a = cost_of(one->hash, one->others), b = cost_of(other->hash, other->others);
        mine = a < mine ? a : mine;
        theirs = b < theirs ? b : theirs;
    }
    return mine / theirs;
}

Test(password, LS_11_every_name_costs_the_same_whatever_hash_it_has)
{
    char own[PASSWORD_HASH_MAX];
    const str bcrypt = STR("$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy");
    const str weak = STR("$argon2id$v=19$m=8192,t=1,p=1$c29tZSBzYWx0IGhlcmU$bm90IGEgcmVhbCBoYXNoIGF0IGFsbCwgYnV0IDMyIGJ5dA");
    const str settings[] = {password_setting(bcrypt), password_setting(weak)};
    const struct password_settings others = {settings, 2};
    cr_assert(!FAILED(password_hash(STR("right"), own)));
    cr_assert(str_is(settings[0], "$2y$10$") && str_is(settings[1], "$argon2id$v=19$m=8192,t=1,p=1$"));
    const struct asked nobody = {STR_ABSENT, &others}, alone = {STR_ABSENT, NULL};
    const str names[] = {str_of(own), bcrypt, weak, STR("!"), STR("")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double ratio = ratio_of(&(struct asked){names[i], &others}, &nobody, 0.75, 1.33);
        cr_expect(ratio > 0.75 && ratio < 1.33, "%zu: %.2f of what an unknown name costs", i, ratio);
    }
    cr_expect(ratio_of(&alone, &nobody, 0, 0.75) < 0.75, "the work is done only where somebody has such a hash");
}

Test(password, what_would_cost_everybody_too_much_is_not_brought_in)
{
    cr_expect(password_hash_bearable(STR("$2y$12$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy")));
    cr_expect_not(password_hash_bearable(STR("$2y$14$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy")));
    cr_expect(password_hash_bearable(STR("$argon2id$v=19$m=65536,t=4,p=1$c29tZSBzYWx0IGhlcmU$bm90IGEgcmVhbCBoYXNoIGF0IGFsbCwgYnV0IDMyIGJ5dA")));
    cr_expect_not(password_hash_bearable(STR("$argon2id$v=19$m=1048576,t=4,p=1$c29tZSBzYWx0IGhlcmU$bm90IGEgcmVhbCBoYXNoIGF0IGFsbCwgYnV0IDMyIGJ5dA")));
    cr_expect_not(password_hash_bearable(STR("!")));
    cr_expect_not(password_foreign(STR("!")));
}
