/* SPDX-License-Identifier: MIT
 * Claims about DPoP proofs: those of RFC 9449 pass, each way of bending one is refused for its own reason. */
#include "token/dpop.h"
#include "crypto/digest.h"
#include "foreign.h"
#include <string.h>
#include "base/banned.h"

#define NOW 1000000
#define URL "https://as.example/oauth/token"

static const struct dpop_expect usual = {.method = {"POST", 4}, .url = {URL, sizeof URL - 1}, .now = NOW, .window = 60};

/* `format` has one %s for the public JWK. */
static str proof(struct arena *a, const struct sign_key *key, const char *format, const char *claims)
{
    str jwk = foreign_json(a, foreign_jwk(a, key));
    struct buf b = buf_new(a, 8192);
    for (const char *p = format; *p != '\0'; p++) {
        if (*p == '$')
            buf_add(&b, jwk);
        else
            buf_char(&b, *p);
    }
    str header;
    cr_assert(!FAILED(buf_done(&b, &header)));
    return foreign_token(a, key, header.p, claims);
}

#define HEADER "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$}"
#define CLAIMS "{\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1000000,\"jti\":\"j\"}"

Test(dpop, proofs_of_rfc_9449)
{
    static const char *const names[] = {"rfc9449_4_1", "rfc9449_7_1"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < 2; i++) {
        json *v = foreign_vector(a, names[i]);
        struct dpop_expect expect = {
            .method = json_member_text(v, "method"), .url = json_member_text(v, "url"), .access_token = json_member_text(v, "access_token"), .window = 10};
        struct dpop_proof p;
        cr_assert(json_integer_of(json_member(v, "issued_at"), &expect.now));
        expect.now += 10;
        err e = dpop_check(a, json_member_text(v, "proof"), &expect, &p);
        cr_assert(!FAILED(e), "%s: %s", names[i], err_why(e));
        cr_assert(str_equal(p.jkt, json_member_text(v, "thumbprint")) && str_equal(p.jti, json_member_text(v, "jti")));
        cr_assert(str_is(p.alg, "ES256") && !str_present(p.nonce) && p.issued_at == expect.now - 10);
        expect.now++;
        cr_assert_eq(dpop_check(a, json_member_text(v, "proof"), &expect, &p).kind, ERR_INVALID_DPOP_PROOF);
        expect.now -= 22;
        cr_assert_eq(dpop_check(a, json_member_text(v, "proof"), &expect, &p).kind, ERR_INVALID_DPOP_PROOF);
        expect.now += 11;
        expect.access_token = STR("another");
        cr_assert_str_eq(err_why(dpop_check(a, json_member_text(v, "proof"), &expect, &p)), "dpop: wrong ath");
    }
}

Test(dpop, each_offered_algorithm_proves_and_each_signing_one_is_offered)
{
    struct arena *a = fixture_arena();
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_ALG_COUNT; alg++) {
        const char *name = sign_alg_name((enum sign_alg)alg);
        struct sign_key *key = foreign_key(a, (enum sign_alg)alg);
        str header = str_format(a, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":$}", name);
        struct dpop_proof p;
        struct jwk jwk;
        cr_assert(str_has_word(dpop_algs, str_of(name)));
        err e = dpop_check(a, proof(a, key, str_z(a, header), CLAIMS), &usual, &p);
        cr_assert(!FAILED(e), "%s: %s", name, err_why(e));
        cr_assert(!FAILED(jwk_of_json(a, foreign_jwk(a, key), &jwk)) && str_equal(jwk.thumbprint, p.jkt));
    }
    str words = dpop_algs, word;
    while (str_next(&words, ' ', &word)) {
        enum sign_alg alg;
        cr_assert(sign_alg_foreign(word, &alg), "%.*s", STR_FMT(word));
    }
}

Test(dpop, malformed_proofs_are_refused_each_for_its_reason) /* DP-01; RFC 9449 4.3 */
{
#define WITH(claims_) HEADER, "{" claims_ "}"
#define HTM           "\"htm\":\"POST\""
#define HTU           "\"htu\":\"" URL "\""
#define IAT           "\"iat\":1000000"
#define JTI           "\"jti\":\"j\""
    static const struct {
        const char *header, *claims, *why;
    } rows[] = {
        {"{\"alg\":\"ES256\",\"jwk\":$}", CLAIMS, "dpop: typ is not dpop+jwt"},
        {"{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":$}", CLAIMS, "dpop: typ is not dpop+jwt"},
        {"{\"typ\":\"DPoP+JWT\",\"alg\":\"ES256\",\"jwk\":$}", CLAIMS, "dpop: typ is not dpop+jwt"},
        {"{\"typ\":[\"dpop+jwt\"],\"alg\":\"ES256\",\"jwk\":$}", CLAIMS, "jwt: header member of the wrong type"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":$}", CLAIMS, "jwt: alg none or missing"},
        {"{\"typ\":\"dpop+jwt\",\"jwk\":$}", CLAIMS, "jwt: alg none or missing"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":$}", CLAIMS, "dpop: algorithm is not supported"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256K\",\"jwk\":$}", CLAIMS, "dpop: algorithm is not supported"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":$}", CLAIMS, "dpop: jwk does not fit alg"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"RS256\",\"jwk\":$}", CLAIMS, "dpop: jwk does not fit alg"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}", CLAIMS, "dpop: no jwk"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":null}", CLAIMS, "dpop: no jwk"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":[$]}", CLAIMS, "dpop: no jwk"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"kid\":\"x\",\"jku\":\"https://evil.example\"}", CLAIMS, "dpop: no jwk"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", CLAIMS, "jwk: private or secret member"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}", CLAIMS, "jwk: of another type, strength or use"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"crit\":[\"jwk\"],\"jwk\":$}", CLAIMS, "jwt: crit"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"b64\":false,\"jwk\":$}", CLAIMS, "jwt: b64"},
        {"{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$,\"jwk\":$}", CLAIMS, "jwt: part is not one strict JSON object"},
        {WITH(HTU "," IAT "," JTI), "dpop: wrong htm"},
        {WITH("\"htm\":\"GET\"," HTU "," IAT "," JTI), "dpop: wrong htm"},
        {WITH("\"htm\":\"post\"," HTU "," IAT "," JTI), "dpop: wrong htm"},
        {WITH("\"htm\":[\"POST\"]," HTU "," IAT "," JTI), "dpop: wrong htm"},
        {WITH(HTM "," IAT "," JTI), "dpop: no htu"},
        {WITH(HTM ",\"htu\":1," IAT "," JTI), "dpop: no htu"},
        {WITH(HTM ",\"htu\":\"\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM ",\"htu\":\"/oauth/token\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM ",\"htu\":\"http://as.example/oauth/token\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM ",\"htu\":\"https://as.example/oauth/token/\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM ",\"htu\":\"https://as.example:8443/oauth/token\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM ",\"htu\":\"https://as.example/OAuth/token\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM ",\"htu\":\"https://x@as.example/oauth/token\"," IAT "," JTI), "dpop: wrong htu"},
        {WITH(HTM "," HTU "," JTI), "dpop: no iat"},
        {WITH(HTM "," HTU ",\"iat\":\"1000000\"," JTI), "dpop: no iat"},
        {WITH(HTM "," HTU ",\"iat\":999939," JTI), "dpop: iat too old"},
        {WITH(HTM "," HTU ",\"iat\":1000061," JTI), "dpop: iat in the future"},
        {WITH(HTM "," HTU "," IAT), "dpop: no jti, or too long"},
        {WITH(HTM "," HTU "," IAT ",\"jti\":\"\""), "dpop: no jti, or too long"},
        {WITH(HTM "," HTU "," IAT ",\"jti\":5"), "dpop: no jti, or too long"},
        {WITH(HTM "," HTU "," IAT "," JTI ",\"nonce\":1"), "dpop: nonce is no string"},
        {WITH(HTM "," HTU "," IAT "," JTI "," JTI), "jwt: part is not one strict JSON object"},
    };
    struct arena *a = arena_new(8 << 20);
    struct sign_key *key = foreign_key(a, SIGN_ES256);
    struct dpop_proof p = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        err e = dpop_check(a, proof(a, key, rows[i].header, rows[i].claims), &usual, &p);
        cr_assert_eq(e.kind, ERR_INVALID_DPOP_PROOF, "%zu: %s", i, err_why(e));
        cr_assert_str_eq(err_why(e), rows[i].why, "%zu: %s", i, rows[i].claims);
        cr_assert_not_null(e.reason->say);
    }
    cr_assert(!str_present(p.jkt));
    arena_release(a);
}

Test(dpop, a_private_key_or_another_key_in_the_header_is_refused) /* RFC 9449 4.3 6, 7 */
{
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_ES256), *other = foreign_key(a, SIGN_ES256);
    struct dpop_proof p;
    str jwk = foreign_json(a, foreign_jwk(a, key));
    jwk.n--;
    str header = str_format(a, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%.*s,\"d\":\"AAAA\"}}", STR_FMT(jwk));
    err e = dpop_check(a, foreign_token(a, key, header.p, CLAIMS), &usual, &p);
    cr_assert_str_eq(err_why(e), "jwk: private or secret member");
    header = str_format(a, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%.*s}}", STR_FMT(jwk));
    e = dpop_check(a, foreign_token(a, other, header.p, CLAIMS), &usual, &p);
    cr_assert_str_eq(err_why(e), "dpop: signature does not match");
    cr_assert_eq(e.kind, ERR_INVALID_DPOP_PROOF);
}

Test(dpop, addresses_are_compared_after_normalisation) /* RFC 9449 4.3; RFC 3986 6.2.2, 6.2.3 */
{
    static const struct {
        const char *ours, *theirs;
        bool same;
    } rows[] = {
        {URL, URL, true},
        {URL, "HTTPS://AS.Example/oauth/token", true},
        {URL, "https://as.example:443/oauth/token", true},
        {URL, "https://as.example/oauth/token?x=1", true},
        {URL, "https://as.example/oauth/token#x", true},
        {URL, "https://as.example/oauth/token?x=1#x", true},
        {URL "?grant=1", URL, true},
        {URL, "https://as.example/oauth/%74oken", true},
        {URL, "https://as.example/oauth/./token", true},
        {URL, "https://as.example/a/../oauth/token", true},
        {URL, "https://as.example/../../oauth/token", true},
        {"https://as.example", "https://as.example/", true},
        {"https://as.example/a/", "https://as.example/a/b/..", true},
        {"https://as.example/a/", "https://as.example/a/.", true},
        {"https://as.example/a%2fb", "https://as.example/a%2Fb", true},
        {"https://as.example/%7Ea", "https://as.example/~a", true},
        {"https://as.example:8443/", "https://as.example:8443", true},
        {"http://[::1]:80/x", "http://[::1]/x", true},
        {"https://as.example/a/b", "https://as.example/a%2Fb", false},
        {"https://as.example/a/", "https://as.example/a", false},
        {"https://as.example/a/b", "https://as.example//a/b", false},
        {"https://as.example/a", "https://as.example/a%00", false},
        {"https://as.example:80/a", "http://as.example/a", false},
        {"https://as.example/a", "https://as.example.evil.example/a", false},
        {"https://as.example/a", "https:/as.example/a", false},
        {"https://as.example/a", "urn:a", false},
        {"https://as.example/a", "https://as.example\\\\/a", false},
    };
    struct arena *a = arena_new(8 << 20);
    struct sign_key *key = foreign_key(a, SIGN_EDDSA);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dpop_expect expect = usual;
        struct dpop_proof p;
        expect.url = str_of(rows[i].ours);
        str claims = str_format(a, "{\"htm\":\"POST\",\"htu\":\"%s\",\"iat\":1000000,\"jti\":\"j\"}", rows[i].theirs);
        err e = dpop_check(a, proof(a, key, "{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":$}", claims.p), &expect, &p);
        cr_assert_eq(!FAILED(e), rows[i].same, "%s and %s: %s", rows[i].ours, rows[i].theirs, err_why(e));
    }
    arena_release(a);
}

Test(dpop, the_hash_of_the_access_token_must_be_there_and_right) /* RFC 9449 4.3 12 */
{
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_ES256);
    struct dpop_expect expect = usual;
    struct dpop_proof p;
    uint8_t hash[DIGEST_SIZE];
    digest_sha256(STR("token"), hash);
    str ath = b64url_encode(a, hash, sizeof hash);
    expect.access_token = STR("token");
    str claims = str_format(a, "{" HTM "," HTU "," IAT "," JTI ",\"nonce\":\"n\",\"ath\":\"%.*s\"}", STR_FMT(ath));
    cr_assert(!FAILED(dpop_check(a, proof(a, key, HEADER, claims.p), &expect, &p)) && str_is(p.nonce, "n"));
    expect.access_token = STR("Token");
    cr_assert_str_eq(err_why(dpop_check(a, proof(a, key, HEADER, claims.p), &expect, &p)), "dpop: wrong ath");
    cr_assert_str_eq(err_why(dpop_check(a, proof(a, key, HEADER, CLAIMS), &expect, &p)), "dpop: wrong ath");
    claims = str_format(a, "{" HTM "," HTU "," IAT "," JTI ",\"ath\":\"%.*s=\"}", STR_FMT(ath));
    expect.access_token = STR("token");
    cr_assert_str_eq(err_why(dpop_check(a, proof(a, key, HEADER, claims.p), &expect, &p)), "dpop: wrong ath");
    claims = str_format(a, "{" HTM "," HTU "," IAT "," JTI ",\"ath\":1}");
    cr_assert_str_eq(err_why(dpop_check(a, proof(a, key, HEADER, claims.p), &expect, &p)), "dpop: wrong ath");
}

Test(dpop, the_edges_of_time_and_length_are_inside)
{
    struct arena *a = fixture_arena();
    struct sign_key *key = foreign_key(a, SIGN_ES256);
    struct dpop_proof p;
    char jti[258];
    memset(jti, 'j', sizeof jti);
    for (size_t n = 256; n <= 257; n++) {
        str claims = str_format(a, "{" HTM "," HTU "," IAT ",\"jti\":\"%.*s\"}", (int)n, jti);
        cr_assert_eq(FAILED(dpop_check(a, proof(a, key, HEADER, claims.p), &usual, &p)), n == 257);
    }
    cr_assert(!FAILED(dpop_check(a, proof(a, key, HEADER, "{" HTM "," HTU ",\"iat\":999940," JTI "}"), &usual, &p)));
    cr_assert(!FAILED(dpop_check(a, proof(a, key, HEADER, "{" HTM "," HTU ",\"iat\":1000060," JTI "}"), &usual, &p)));
    cr_assert_eq(dpop_check(a, STR_ABSENT, &usual, &p).kind, ERR_INVALID_DPOP_PROOF);
    cr_assert_eq(dpop_check(a, STR("x, y"), &usual, &p).kind, ERR_INVALID_DPOP_PROOF);
}

Test(dpop, memory_that_ends_is_no_verdict)
{
    struct arena *a = fixture_arena();
    str text = proof(a, foreign_key(a, SIGN_ES256), HEADER, CLAIMS);
    for (size_t n = 1; n < 200; n++) {
        struct arena *poor = arena_new(1 << 20);
        struct dpop_proof p;
        arena_fail_after(n);
        err e = dpop_check(poor, text, &usual, &p);
        arena_fail_after(0);
        bool done = !arena_failed(poor);
        cr_assert(done == !FAILED(e) && (done || e.kind == ERR_UNAVAILABLE), "take %zu: %s", n, err_why(e));
        arena_release(poor);
        if (done)
            return;
    }
    cr_assert_fail("never enough");
}
