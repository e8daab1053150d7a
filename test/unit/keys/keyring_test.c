/* SPDX-License-Identifier: MIT
 * Claims about the keyring: it takes what is whole, refuses what is not, and shows public members alone. */
#include "keys/keyring_build.h"
#include "codec/json.h"
#include "fixture.h"
#include "crypto/thumbprint.h"
#include <criterion/criterion.h>
#include <string.h>
#include "base/banned.h"

static struct sign_jwk jwk_of(struct arena *a, const json *key)
{
    return (struct sign_jwk){.kty = str_z(a, json_member_text(key, "kty")),
                             .crv = str_z(a, json_member_text(key, "crv")),
                             .x = json_member_text(key, "x"),
                             .y = json_member_text(key, "y"),
                             .n = json_member_text(key, "n"),
                             .e = json_member_text(key, "e")};
}

struct set {
    struct keyring_entry e[8];
    size_t n;
};

static void add(struct arena *a, struct set *s, enum sign_alg alg, const char *state)
{
    cr_assert(!FAILED(keyring_fresh_signing(a, alg, &s->e[s->n])));
    s->e[s->n++].state = str_of(state);
}

static void add_seal(struct arena *a, struct set *s, uint8_t number, const char *state)
{
    cr_assert(!FAILED(keyring_fresh_sealing(a, number, &s->e[s->n])));
    s->e[s->n++].state = str_of(state);
}

Test(keyring, signs_with_the_active_key_and_checks_with_all)
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k;
    uint8_t signature[SIGN_SIZE_MAX];
    size_t signature_n;
    add(a, &s, SIGN_ES256, "next");
    add(a, &s, SIGN_ES256, "active");
    add(a, &s, SIGN_EDDSA, "next");
    add_seal(a, &s, 9, "active");
    cr_assert(!FAILED(keyring_build(s.e, s.n, &k)));
    cr_assert(str_equal(keyring_kid(k, SIGN_ES256), s.e[1].kid));
    cr_assert_not(str_present(keyring_kid(k, SIGN_EDDSA)), "a key that is only published signs");
    cr_assert_not(str_present(keyring_kid(k, SIGN_NONE_CHOSEN)) || str_present(keyring_kid(k, SIGN_ES384)));
    cr_assert_eq(keyring_sign(k, SIGN_EDDSA, STR("data"), signature, &signature_n).kind, ERR_SERVER_ERROR);
    cr_assert(!FAILED(keyring_sign(k, SIGN_ES256, STR("data"), signature, &signature_n)));
    struct keyring_claim claim = {s.e[1].kid, STR("ES256"), STR("data"), {(char *)signature, signature_n}};
    cr_assert(!FAILED(keyring_verify(k, &claim)));
    enum sign_alg algs[SIGN_ALG_COUNT];
    cr_assert_eq(keyring_algs(k, algs), 1);
    cr_assert_eq(algs[0], SIGN_ES256);
    keyring_free(k);
}

Test(keyring, verifies_what_the_named_key_signed_with_its_own_algorithm_and_nothing_else) /* AT-05 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    str es = keyring_kid(k, SIGN_ES256), ed = keyring_kid(k, SIGN_EDDSA);
    cr_assert(!FAILED(keyring_sign(k, SIGN_ES256, STR("data"), signature, &n)));
    str good = {(char *)signature, n};
    const struct keyring_claim wrong[] = {
        {STR_ABSENT, STR("ES256"), STR("data"), good}, {STR(""), STR("ES256"), STR("data"), good}, {STR("unknown"), STR("ES256"), STR("data"), good},
        {ed, STR("ES256"), STR("data"), good},         {ed, STR("EdDSA"), STR("data"), good},      {es, STR("EdDSA"), STR("data"), good},
        {es, STR("none"), STR("data"), good},          {es, STR(""), STR("data"), good},           {es, STR_ABSENT, STR("data"), good},
        {es, STR("es256"), STR("data"), good},         {es, STR("ES256"), STR("date"), good},      {es, STR("ES256"), STR("data"), {good.p, n - 1}},
        {es, STR("ES256"), STR("data"), STR("")},
    };
    cr_assert(!FAILED(keyring_verify(k, &(struct keyring_claim){es, STR("ES256"), STR("data"), good})));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(keyring_verify(k, &wrong[i]).kind, ERR_INVALID_TOKEN, "%zu", i);
    signature[0] ^= 1;
    cr_assert_eq(keyring_verify(k, &(struct keyring_claim){es, STR("ES256"), STR("data"), good}).kind, ERR_INVALID_TOKEN);
    keyring_free(k);
}

Test(keyring, publishes_public_members_alone_and_active_keys_first) /* AT-10 */
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k;
    json *set;
    add(a, &s, SIGN_ES256, "next");
    add(a, &s, SIGN_EDDSA, "active");
    add(a, &s, SIGN_ES256, "active");
    add_seal(a, &s, 1, "active");
    cr_assert(!FAILED(keyring_build(s.e, s.n, &k)));
    cr_assert(!FAILED(json_parse(a, keyring_jwks(k, KEYRING_ALL_ALGS), &set)));
    const json *keys = json_member(set, "keys");
    cr_assert_eq(json_count(keys), 3, "the sealing key must not be there");
    const size_t order[] = {1, 2, 0};
    for (size_t i = 0; i < 3; i++) {
        const json *key = json_at(keys, i);
        cr_assert(str_equal(json_member_text(key, "kid"), s.e[order[i]].kid));
        cr_assert(str_is(json_member_text(key, "use"), "sig"));
        cr_assert(str_equal(json_member_text(key, "alg"), s.e[order[i]].alg));
        static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"};
        for (size_t j = 0; j < sizeof private / sizeof *private; j++)
            cr_assert(json_member(key, private[j]) == NULL, "%s", private[j]);
        struct sign_jwk jwk = jwk_of(a, key);
        str kid;
        cr_assert(!FAILED(thumbprint_of(a, &jwk, &kid)));
        cr_assert(str_equal(kid, json_member_text(key, "kid")), "kid is not the thumbprint");
    }
    keyring_free(k);
}

Test(keyring, an_old_key_may_be_public_only_and_still_checks) /* AT-11 */
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k, *later;
    add(a, &s, SIGN_ES256, "active");
    add_seal(a, &s, 1, "active");
    cr_assert(!FAILED(keyring_build(s.e, s.n, &k)));
    json *set;
    cr_assert(!FAILED(json_parse(a, keyring_jwks(k, KEYRING_ALL_ALGS), &set)));
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    cr_assert(!FAILED(keyring_sign(k, SIGN_ES256, STR("data"), signature, &n)));
    s.e[0].state = STR("old");
    cr_assert(!FAILED(json_text(a, json_at(json_member(set, "keys"), 0), &s.e[0].material)));
    cr_assert(!FAILED(keyring_build(s.e, s.n, &later)));
    struct keyring_claim claim = {s.e[0].kid, STR("ES256"), STR("data"), {(char *)signature, n}};
    cr_assert_not(str_present(keyring_kid(later, SIGN_ES256)));
    cr_assert(!FAILED(keyring_verify(later, &claim)));
    keyring_free(k);
    keyring_free(later);
}

static struct keyring *sealing(struct arena *a, struct set *s, const char *first, const char *second)
{
    struct keyring *k;
    if (s->n == 0) {
        add_seal(a, s, 255, first);
        add_seal(a, s, 1, second);
    }
    s->e[0].state = str_of(first);
    s->e[1].state = str_of(second);
    cr_assert(!FAILED(keyring_build(s->e, s->n, &k)));
    return k;
}

Test(keyring, opens_with_old_sealing_keys_and_seals_with_the_active_one)
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *before = sealing(a, &s, "active", "old"), *after = sealing(a, &s, "old", "active");
    uint8_t first[KEYRING_SEALED + 5], second[KEYRING_SEALED + 5], plain[KEYRING_SEALED + 5];
    struct keyring_opened opened;
    cr_assert_eq(keyring_sealing_number(before), 255);
    cr_assert_eq(keyring_sealing_number(after), 1);
    keyring_seal(before, STR("context"), STR("early"), first);
    keyring_seal(after, STR("context"), STR("later"), second);
    cr_assert((first[0] ^ first[KEYRING_HEAD]) == 255 && (second[0] ^ second[KEYRING_HEAD]) == 1);
    cr_assert(!FAILED(keyring_open(after, STR("context"), (str){(char *)first, sizeof first}, plain, &opened)));
    cr_assert(str_is(opened.plain, "early") && opened.plain.p == (char *)plain);
    cr_assert(!FAILED(keyring_open(after, STR("context"), (str){(char *)second, sizeof second}, plain, &opened)));
    cr_assert(str_is(opened.plain, "later") && opened.chance == second + KEYRING_HEAD);
    keyring_free(before);
    keyring_free(after);
}

Test(keyring, opens_nothing_of_another_context_key_or_length) /* AC-11 */
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k = sealing(a, &s, "old", "active");
    uint8_t sealed[KEYRING_SEALED + 1], plain[KEYRING_SEALED + 1];
    struct keyring_opened opened;
    str whole = {(char *)sealed, sizeof sealed};
    keyring_seal(k, STR("context"), STR("x"), sealed);
    cr_assert(!FAILED(keyring_open(k, STR("context"), whole, plain, &opened)));
    cr_assert_eq(keyring_open(k, STR("other"), whole, plain, &opened).kind, ERR_INVALID_TOKEN);
    for (size_t n = 0; n < sizeof sealed; n++)
        cr_assert_eq(keyring_open(k, STR("context"), (str){whole.p, n}, plain, &opened).kind, ERR_INVALID_TOKEN, "%zu", n);
    static const uint8_t numbers[] = {0, 2, 254, 255};
    for (size_t i = 0; i < sizeof numbers; i++) {
        sealed[0] = (uint8_t)(numbers[i] ^ sealed[KEYRING_HEAD]);
        cr_assert_eq(keyring_open(k, STR("context"), whole, plain, &opened).kind, ERR_INVALID_TOKEN, "%u", numbers[i]);
        sealed[0] = numbers[i]; /* as the early form tells its key */
        cr_assert_eq(keyring_open(k, STR("context"), whole, plain, &opened).kind, ERR_INVALID_TOKEN, "%u", numbers[i]);
    }
    keyring_free(k);
}

Test(keyring, no_byte_of_what_is_sealed_tells_the_key) /* AC-01 */
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k = sealing(a, &s, "old", "active");
    bool seen[256] = {false};
    size_t different = 0;
    for (int i = 0; i < 2000; i++) {
        uint8_t sealed[KEYRING_SEALED + 1];
        keyring_seal(k, STR("context"), STR("x"), sealed);
        different += !seen[sealed[0]];
        seen[sealed[0]] = true;
    }
    cr_assert_gt(different, 240u);
    keyring_free(k);
}

/* Stored sealing keys and what was sealed with them outlive an update. The box was made by the version before there was XAES. */
Test(keyring, opens_what_was_sealed_before_there_was_xaes)
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k = sealing(a, &s, "old", "active");
    struct seal_key stored;
    struct keyring_opened opened;
    uint8_t early[KEYRING_SEALED_EARLY + 5], plain[sizeof early];
    memcpy(stored.bytes, s.e[0].material.p, sizeof stored.bytes);
    early[0] = 255;
    seal_close(&stored, STR("context"), "early", 5, early + 1);
    str whole = {(char *)early, sizeof early};
    cr_assert(!FAILED(keyring_open(k, STR("context"), whole, plain, &opened)));
    cr_assert(str_is(opened.plain, "early") && opened.chance == early + 1);
    cr_assert_eq(keyring_open(k, STR("other"), whole, plain, &opened).kind, ERR_INVALID_TOKEN);
    for (size_t n = 0; n < sizeof early; n++)
        cr_assert_eq(keyring_open(k, STR("context"), (str){whole.p, n}, plain, &opened).kind, ERR_INVALID_TOKEN, "%zu", n);
    for (unsigned number = 0; number < 255; number++) {
        early[0] = (uint8_t)number;
        cr_assert_eq(keyring_open(k, STR("context"), whole, plain, &opened).kind, ERR_INVALID_TOKEN, "%u", number);
    }
    early[0] = 255;
    for (unsigned first = 0; first < 256; first++) { /* whatever the salt begins with: some look like the other form */
        struct seal_key again = stored;
        seal_close(&again, STR("context"), "early", 5, early + 1);
        cr_assert(!FAILED(keyring_open(k, STR("context"), whole, plain, &opened)) && str_is(opened.plain, "early"));
    }
    early[1] ^= 1;
    cr_assert_eq(keyring_open(k, STR("context"), whole, plain, &opened).kind, ERR_INVALID_TOKEN);
    keyring_free(k);
}

static void refuse(const struct set *s, const char *what)
{
    struct keyring *k = NULL;
    cr_assert_eq(keyring_build(s->e, s->n, &k).kind, ERR_SERVER_ERROR, "%s", what);
    cr_assert(k == NULL);
}

Test(keyring, refuses_what_is_not_whole)
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    refuse(&s, "no keys");
    add(a, &s, SIGN_EDDSA, "active");
    refuse(&s, "no sealing key");
    add_seal(a, &s, 1, "old");
    refuse(&s, "no active sealing key");
    s.e[1].state = STR("next");
    refuse(&s, "a sealing key has no next");
    s.e[1].state = STR("active");
    struct set good = s;
    s.e[2] = s.e[0];
    s.n = 3;
    refuse(&s, "the same kid twice");
    s.e[2] = s.e[1];
    s.e[2].kid = STR("2");
    refuse(&s, "two active sealing keys");
    s.e[2].state = STR("old");
    s.e[2].kid = STR("1");
    refuse(&s, "the same number twice");
    static const char *const numbers[] = {"0", "256", "-1", "01", "", "x"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        s.e[2].kid = str_of(numbers[i]);
        refuse(&s, numbers[i]);
    }
    s = good;
    s.e[1].material.n--;
    refuse(&s, "a short sealing key");
    s = good;
    s.e[0].alg = STR("ES256");
    refuse(&s, "a key of another algorithm");
    s.e[0].alg = STR("none");
    refuse(&s, "none");
    s.e[0].alg = STR("HS256");
    refuse(&s, "HS256");
    s = good;
    s.e[0].use = STR("enc");
    refuse(&s, "another use");
    s = good;
    s.e[0].state = STR("");
    refuse(&s, "no state");
    s = good;
    s.e[0].material = STR("{}");
    refuse(&s, "an empty public key");
}
