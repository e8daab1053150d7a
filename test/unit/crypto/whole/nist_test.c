/* SPDX-License-Identifier: MIT
 * Claims about foreign keys and signatures, judged by the vectors that NIST and the authors of Ed25519 published, as Debian's
 * python3-cryptography-vectors ships them (./dev installs it; they are not copied here): good and bent signatures of ES256,
 * ES384, ES512, RS256, RS384, RS512 and EdDSA, PSS with salts that JWS forbids, and points on and off their curves (AT-08). */
#include "crypto/sign.h"

#include "base/ascii.h"
#include "codec/b64url.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define VECTORS "/usr/lib/python3/dist-packages/cryptography_vectors/asymmetric/"
enum { FILE_MAX = 4 << 20 };

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(64 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(nist, .init = open_arena, .fini = close_arena);

static str file(const char *name)
{
    char *p = arena_take(a, FILE_MAX);
    FILE *f = fopen(name, "re");
    cr_assert(f != NULL, "%s is missing: install python3-cryptography-vectors", name);
    size_t n = fread(p, 1, FILE_MAX, f);
    fclose(f);
    cr_assert(n > 0 && n < FILE_MAX);
    return (str){p, n};
}

/* Bytes of hexadecimal text, an odd number of digits allowed; leading zero bytes cut or added so that `size` are left (0: as
 * few as possible). A number that needs more keeps its length. */
static str bytes(str hex, size_t size)
{
    while (hex.n > 0 && hex.p[0] == '0' && (size == 0 || hex.n > 2 * size)) {
        hex.p++;
        hex.n--;
    }
    size_t n = (hex.n + 1) / 2 > size ? (hex.n + 1) / 2 : size;
    uint8_t *out = arena_take(a, n + 1);
    for (size_t i = 0; i < hex.n; i++) {
        int digit = ascii_hex(hex.p[hex.n - 1 - i]);
        cr_assert(digit >= 0);
        out[n - 1 - i / 2] |= (uint8_t)(digit << (i % 2 * 4));
    }
    return (str){(char *)out, n};
}

static str code(str hex, size_t size)
{
    str b = bytes(hex, size);
    return b64url_encode(a, b.p, b.n);
}

static str message(str hex)
{
    return bytes(hex, hex.n / 2);
}

/* One `name = value` of a record; true when the record is whole, which is at its line `last`. */
struct record {
    str section, n, e, msg, qx, qy, r, s, sha, result;
};

static bool line_into(struct record *rec, str line, const char *last)
{
    static const char *const names[] = {"n", "e", "Msg", "Qx", "Qy", "R", "S", "SHAAlg", "Result"};
    str *const fields[] = {&rec->n, &rec->e, &rec->msg, &rec->qx, &rec->qy, &rec->r, &rec->s, &rec->sha, &rec->result};
    if (str_ends(line, STR("\r")))
        line.n--;
    if (str_starts(line, STR("[")))
        rec->section = line;
    size_t at = str_find(line, '=');
    if (at == line.n)
        return false;
    str name = str_trim((str){line.p, at}), value = str_trim((str){line.p + at + 1, line.n - at - 1});
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_is(name, names[i]))
            *fields[i] = value;
    return str_is(name, last);
}

static const struct curve {
    const char *section, *point_section, *crv;
    enum sign_alg alg;
    size_t size;
} curves[] = {
    {"[P-256,SHA-256]", "[P-256]", "P-256", SIGN_ES256, 32},
    {"[P-384,SHA-384]", "[P-384]", "P-384", SIGN_ES384, 48},
    {"[P-521,SHA-512]", "[P-521]", "P-521", SIGN_ES512, 66},
};

static err ec_key(const struct record *rec, const struct curve *c, struct sign_key **key)
{
    struct sign_jwk jwk = {.kty = "EC", .crv = c->crv, .x = code(rec->qx, c->size), .y = code(rec->qy, c->size)};
    return sign_key_from_jwk(&jwk, c->alg, key);
}

Test(nist, ecdsa_signatures)
{
    str text = file(VECTORS "ECDSA/FIPS_186-3/SigVer.rsp"), line;
    struct record rec = {0};
    int good = 0, bad = 0;
    while (str_next(&text, '\n', &line)) {
        if (!line_into(&rec, line, "Result"))
            continue;
        for (size_t i = 0; i < 3; i++) {
            struct sign_key *key;
            if (!str_is(rec.section, curves[i].section))
                continue;
            bool right = str_starts(rec.result, STR("P"));
            err e = ec_key(&rec, &curves[i], &key);
            cr_assert(!right || !FAILED(e));
            if (!FAILED(e)) {
                str pair = str_join(a, (const str[]){bytes(rec.r, curves[i].size), bytes(rec.s, curves[i].size)}, 2);
                e = sign_check(key, message(rec.msg), pair);
                sign_key_free(key);
            }
            cr_assert_eq(!FAILED(e), right, "%.*s %.*s", STR_FMT(rec.section), STR_FMT(rec.msg));
            (*(right ? &good : &bad))++;
        }
    }
    cr_assert(good >= 6 && bad >= 30, "%d good, %d bad", good, bad);
}

Test(nist, points_on_and_off_their_curves) /* AT-08 */
{
    str text = file(VECTORS "ECDSA/FIPS_186-3/PKV.rsp"), line;
    struct record rec = {0};
    int good = 0, bad = 0;
    while (str_next(&text, '\n', &line)) {
        if (!line_into(&rec, line, "Result"))
            continue;
        for (size_t i = 0; i < 3; i++) {
            struct sign_key *key;
            if (!str_is(rec.section, curves[i].point_section))
                continue;
            bool right = str_starts(rec.result, STR("P"));
            err e = ec_key(&rec, &curves[i], &key);
            cr_assert_eq(!FAILED(e), right, "%.*s %.*s", STR_FMT(rec.section), STR_FMT(rec.qx));
            if (!FAILED(e))
                sign_key_free(key);
            (*(right ? &good : &bad))++;
        }
    }
    cr_assert(good >= 9 && bad >= 20, "%d good, %d bad", good, bad);
}

Test(nist, ed25519_signatures)
{
    str text = file(VECTORS "Ed25519/sign.input"), line;
    int count = 0;
    while (str_next(&text, '\n', &line)) {
        str fields[4];
        size_t n = 0;
        for (str rest = line; n < 4 && str_next(&rest, ':', &fields[n]); n++)
            continue;
        if (n < 4)
            continue;
        struct sign_jwk jwk = {.kty = "OKP", .crv = "Ed25519", .x = code(fields[1], 32)};
        struct sign_key *key;
        cr_assert_not(FAILED(sign_key_from_jwk(&jwk, count % 2 == 0 ? SIGN_EDDSA : SIGN_ED25519, &key)));
        str data = message(fields[2]), signature = message((str){fields[3].p, 128});
        cr_assert_not(FAILED(sign_check(key, data, signature)), "line %d", count);
        ((char *)signature.p)[count % 64] ^= 1;
        cr_assert_eq(sign_check(key, data, signature).kind, ERR_INVALID_TOKEN, "line %d", count);
        sign_key_free(key);
        count++;
    }
    cr_assert_eq(count, 1024);
}

static void rsa_feed(const char *name, const char *last, const char *algs[3], int counts[2])
{
    static const char *const hashes[] = {"SHA256", "SHA384", "SHA512"};
    str text = file(name), line;
    struct record rec = {0};
    while (str_next(&text, '\n', &line)) {
        if (!line_into(&rec, line, last) || rec.n.n < 512)
            continue;
        for (size_t i = 0; i < 3; i++) {
            enum sign_alg alg;
            struct sign_key *key;
            if (!str_is(rec.sha, hashes[i]))
                continue;
            struct sign_jwk jwk = {.kty = "RSA", .n = code(rec.n, 0), .e = code(rec.e, 0)};
            cr_assert(sign_alg_foreign(str_of(algs[i]), &alg) && !FAILED(sign_key_from_jwk(&jwk, alg, &key)));
            bool right = str_starts(rec.result, STR("P"));
            err e = sign_check(key, message(rec.msg), bytes(rec.s, rec.n.n / 2));
            sign_key_free(key);
            cr_assert_eq(!FAILED(e), right, "%.*s %.*s", STR_FMT(rec.section), STR_FMT(rec.msg));
            counts[right ? 0 : 1]++;
        }
    }
}

Test(nist, rsa_signatures)
{
    const char *algs[3] = {"RS256", "RS384", "RS512"};
    int counts[2] = {0};
    rsa_feed(VECTORS "RSA/FIPS_186-2/SigVer15_186-3.rsp", "Result", algs, counts);
    cr_assert(counts[0] >= 27 && counts[1] >= 100, "%d good, %d bad", counts[0], counts[1]);
}

Test(nist, pss_with_a_salt_of_another_length_than_the_hash_is_refused) /* RFC 7518 3.5 */
{
    const char *algs[3] = {"PS256", "PS384", "PS512"};
    int counts[2] = {0};
    rsa_feed(VECTORS "RSA/FIPS_186-2/SigGenPSS_186-3.rsp", "S", algs, counts); /* right signatures, but with a salt of no byte */
    cr_assert(counts[0] == 0 && counts[1] >= 90, "%d, %d", counts[0], counts[1]);
}
