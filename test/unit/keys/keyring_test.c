/* SPDX-License-Identifier: MIT
 * Claims about the keyring: it takes what is whole, refuses what is not, and shows public members alone. */
#include "keys/keyring.h"
#include "fixture.h"
#include "crypto/thumbprint.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "base/banned.h"

static json *vector(struct arena *a, const char *file)
{
    static char text[8192];
    FILE *f = fopen(file, "re");
    cr_assert(f != NULL, "%s", file);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    json *j;
    cr_assert(!FAILED(json_parse(a, str_trim((str){text, n > 0 && text[n - 1] == '\n' ? n - 1 : n}), &j)), "%s", file);
    return j;
}

static struct sign_jwk jwk_of(struct arena *a, const json *key)
{
    return (struct sign_jwk){.kty = str_z(a, json_member_text(key, "kty")),
                             .crv = str_z(a, json_member_text(key, "crv")),
                             .x = json_member_text(key, "x"),
                             .y = json_member_text(key, "y"),
                             .n = json_member_text(key, "n"),
                             .e = json_member_text(key, "e")};
}

Test(thumbprint, agrees_with_the_examples_of_the_rfcs) /* RFC 7638 3.1, RFC 8037 A.3 */
{
    static const char *const files[] = {"test/vectors/rfc7638_3_1.json", "test/vectors/rfc8037_a_3.json",
                                        "test/vectors/thumbprint_ec.json"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        json *j = vector(a, files[i]);
        struct sign_jwk jwk = jwk_of(a, json_member(j, "key"));
        str kid;
        cr_assert(!FAILED(thumbprint_of(a, &jwk, &kid)));
        cr_assert(str_equal(kid, json_member_text(j, "thumbprint")), "%s: %.*s", files[i], STR_FMT(kid));
    }
}

Test(thumbprint, of_a_symmetric_key_is_refused)
{
    struct arena *a = fixture_arena();
    str kid;
    cr_assert_eq(thumbprint_of(a, &(struct sign_jwk){.kty = "oct"}, &kid).kind, ERR_SERVER_ERROR);
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
    str kid;
    add(a, &s, SIGN_ES256, "next");
    add(a, &s, SIGN_ES256, "active");
    add(a, &s, SIGN_EDDSA, "next");
    add_seal(a, &s, 9, "active");
    cr_assert(!FAILED(keyring_build(s.e, s.n, &k)));
    cr_assert(keyring_signing(k, SIGN_ES256, &kid) != NULL);
    cr_assert(str_equal(kid, s.e[1].kid));
    cr_assert(keyring_signing(k, SIGN_EDDSA, &kid) == NULL, "a key that is only published signed");
    cr_assert(keyring_signing(k, SIGN_NONE_CHOSEN, &kid) == NULL);
    for (size_t i = 0; i < 3; i++)
        cr_assert(keyring_checking(k, s.e[i].kid) != NULL);
    cr_assert(keyring_checking(k, STR("unknown")) == NULL);
    cr_assert(keyring_checking(k, STR_ABSENT) == NULL);
    enum sign_alg algs[SIGN_ALG_COUNT];
    cr_assert_eq(keyring_algs(k, algs), 1);
    cr_assert_eq(algs[0], SIGN_ES256);
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
    str kid;
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    cr_assert(!FAILED(sign_make(keyring_signing(k, SIGN_ES256, &kid), STR("data"), signature, &n)));
    s.e[0].state = STR("old");
    cr_assert(!FAILED(json_text(a, json_at(json_member(set, "keys"), 0), &s.e[0].material)));
    cr_assert(!FAILED(keyring_build(s.e, s.n, &later)));
    cr_assert(keyring_signing(later, SIGN_ES256, &kid) == NULL);
    cr_assert(!FAILED(sign_check(keyring_checking(later, s.e[0].kid), STR("data"), (str){(char *)signature, n})));
    keyring_free(k);
    keyring_free(later);
}

Test(keyring, opens_with_old_sealing_keys_and_closes_with_the_active_one)
{
    struct arena *a = fixture_arena();
    struct set s = {.n = 0};
    struct keyring *k;
    const struct seal_key *key;
    add_seal(a, &s, 255, "old");
    add_seal(a, &s, 1, "active");
    cr_assert(!FAILED(keyring_build(s.e, s.n, &k)));
    cr_assert_eq(keyring_sealing(k, &key), 1);
    cr_assert(key == keyring_opening(k, 1));
    cr_assert(keyring_opening(k, 255) != NULL);
    cr_assert(keyring_opening(k, 0) == NULL && keyring_opening(k, 2) == NULL);
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
