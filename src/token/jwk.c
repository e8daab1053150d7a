/* SPDX-License-Identifier: MIT
 * jwk: foreign public keys from JSON to something that checks a signature. Relies on codec/json (no duplicate members, bounded
 * depth), on crypto/sign for what a key of an algorithm looks like, and on thumbprint. Promises: 1. no private or secret member
 * comes further than this file; 2. a key has one spelling (canonical base64url, exact lengths, no leading zeros), so that its
 * thumbprint names it;
 * 3. a key is used only with an algorithm that its kty, crv, alg and use allow (AT-05); 4. nothing that a key points at is
 * fetched or believed (CA-10). */
#include "token/jwk.h"

#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/thumbprint.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* RFC 7518 6.1, RFC 8037 2; any algorithm of the kind stands for the lengths of its members. */
static const struct kind {
    const char *kty, *crv;
    enum sign_alg alg;
} kinds[] = {
    {"EC", "P-256", SIGN_ES256}, {"EC", "P-384", SIGN_ES384}, {"EC", "P-521", SIGN_ES512}, {"RSA", NULL, SIGN_RS256}, {"OKP", "Ed25519", SIGN_ED25519},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* RFC 7518 6.2.2, 6.3.2, 6.4.1; RFC 8037 2; `priv` of the key types that are younger than this file. */
static fallible no_private_member(const json *value)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_member(value, names[i]) != NULL)
            REFUSE(INVALID_REQUEST, "A JWK contains private or secret members. Send only the public key, and create a new key now.",
                   "jwk: private or secret member");
    return OK;
}

static fallible texts_are_texts(const json *value)
{
    static const char *const names[] = {"kty", "crv", "kid", "use", "alg", "x", "y", "n", "e"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json *member = json_member(value, names[i]);
        if (member != NULL && !json_is_text(member))
            REFUSE(INVALID_REQUEST, "A member of a JWK must be a string and is not.", "jwk: member of the wrong type");
    }
    return OK;
}

/* RFC 7517 4.3 */
static fallible operations_allow(const json *value, bool *usable)
{
    const json *operations = json_member(value, "key_ops");
    if (operations == NULL)
        return OK;
    if (!json_is_list(operations))
        REFUSE(INVALID_REQUEST, "The member key_ops of a JWK is not a list.", "jwk: key_ops is no list");
    bool verify = false;
    for (size_t i = 0; i < json_count(operations); i++)
        verify = verify || str_is(json_text_of(json_at(operations, i)), "verify");
    *usable = *usable && verify;
    return OK;
}

static bool kind_fill(const json *value, struct sign_jwk *out)
{
    str kty = json_member_text(value, "kty"), crv = json_member_text(value, "crv");
    for (size_t i = 0; i < KINDS; i++) {
        if (!str_is(kty, kinds[i].kty) || (kinds[i].crv != NULL && !str_is(crv, kinds[i].crv)))
            continue;
        struct sign_jwk parts = {.kty = kinds[i].kty, .crv = kinds[i].crv};
        if (kinds[i].crv == NULL) {
            parts.n = json_member_text(value, "n");
            parts.e = json_member_text(value, "e");
        } else {
            parts.x = json_member_text(value, "x");
            if (str_is(kty, "EC"))
                parts.y = json_member_text(value, "y");
        }
        *out = parts;
        return sign_jwk_fits(&parts, kinds[i].alg);
    }
    return false;
}

/* Fails for what nobody may send; *usable is false for what somebody else may have a use for. */
static fallible read_public_jwk(struct arena *a, const json *value, struct jwk *out, bool *usable)
{
    if (!json_is_object(value))
        REFUSE(INVALID_REQUEST, "A JWK is not a JSON object.", "jwk: no object");
    TRY(no_private_member(value));
    TRY(texts_are_texts(value));
    struct jwk key = {
        .kid = json_member_text(value, "kid"),
        .use = json_member_text(value, "use"),
        .alg = json_member_text(value, "alg"),
    };
    enum sign_alg alg;
    bool fits = kind_fill(value, &key.parts) && (!str_present(key.use) || str_is(key.use, "sig")) &&
                (!str_present(key.alg) || (sign_alg_foreign(key.alg, &alg) && sign_jwk_fits(&key.parts, alg)));
    TRY(operations_allow(value, &fits));
    if (fits) {
        TRY(thumbprint_of(a, &key.parts, &key.thumbprint));
        *out = key;
    }
    *usable = fits;
    return OK;
}

fallible jwk_of_json(struct arena *a, const json *value, struct jwk *out)
{
    bool usable;
    TRY(read_public_jwk(a, value, out, &usable));
    if (!usable)
        REFUSE(INVALID_REQUEST,
               "The JWK is not usable: it must be a public signature key of type EC (P-256, P-384, P-521), RSA (2048 to 8192 "
               "bits) or OKP (Ed25519).",
               "jwk: of another type, strength or use");
    return OK;
}

fallible jwk_set_of_json(struct arena *a, const json *value, struct jwk_set *out)
{
    const json *list = json_member(value, "keys");
    if (!json_is_list(list)) /* RFC 7517 5.1 */
        REFUSE(INVALID_REQUEST, "The JWK set is not a JSON object with a list named keys.", "jwk: a set without keys");
    size_t n = json_count(list);
    if (n > JWK_SET_MAX)
        REFUSE(INVALID_REQUEST, "The JWK set contains more than 32 keys.", "jwk: a set of too many keys");
    struct jwk_set set = {.keys = arena_array(a, n + 1, sizeof *set.keys)};
    if (set.keys == NULL)
        FAIL(UNAVAILABLE, "no memory for a JWK set");
    for (size_t i = 0; i < n; i++) {
        bool usable;
        TRY(read_public_jwk(a, json_at(list, i), &set.keys[set.count], &usable));
        set.count += usable; /* RFC 7517 5: unknown ones are ignored */
    }
    *out = set;
    return OK;
}

fallible jwk_set_parse(struct arena *a, str text, struct jwk_set *out)
{
    json *value;
    if (text.n > JWK_SET_BYTES) /* CA-11 */
        REFUSE(INVALID_REQUEST, "The JWK set is larger than 65536 bytes.", "jwk: a set of too many bytes");
    TRY(json_parse(a, text, &value));
    return jwk_set_of_json(a, value, out);
}

bool jwk_fits(const struct jwk *key, enum sign_alg alg)
{
    return (!str_present(key->use) || str_is(key->use, "sig")) && (!str_present(key->alg) || str_is(key->alg, sign_alg_name(alg))) &&
           sign_jwk_fits(&key->parts, alg);
}

fallible jwk_sound(const struct jwk *key)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct sign_key *imported;
        if (!sign_jwk_fits(&key->parts, kinds[i].alg))
            continue;
        TRY(sign_key_from_jwk(&key->parts, kinds[i].alg, &imported));
        sign_key_free(imported);
        return OK;
    }
    REFUSE(INVALID_REQUEST, "The key is of a type that this server does not support.", "jwk: of no known type");
}

fallible jwk_set_sound(const struct jwk_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        TRY(jwk_sound(&set->keys[i]));
    return OK;
}

/* Keys that were imported lately, each in the one place that its thumbprint gives it: whoever needs one takes it out and puts it back, so
 * a key has one user at a time and its place needs no lock; a second user at the same moment imports his own. Importing costs a third of
 * checking, and a client that signs (DPoP, private_key_jwt) does so again and again with the same key. */
struct kept {
    enum sign_alg alg;
    uint8_t thumbprint[DIGEST_SIZE];
    struct sign_key *key;
};
enum { KEPT_PLACES = 256 };
static _Atomic(struct kept *) kept[KEPT_PLACES];

static void kept_drop(struct kept *k)
{
    if (k == NULL)
        return;
    sign_key_free(k->key);
    free(k);
}

/* NULL when there is none, or only another one, which has to go. */
static struct kept *kept_take(_Atomic(struct kept *) *place, const uint8_t thumbprint[DIGEST_SIZE], enum sign_alg alg)
{
    struct kept *k = atomic_exchange(place, NULL);
    if (k != NULL && k->alg == alg && memcmp(k->thumbprint, thumbprint, DIGEST_SIZE) == 0)
        return k;
    kept_drop(k);
    return NULL;
}

static fallible kept_make(const struct jwk *key, const uint8_t thumbprint[DIGEST_SIZE], enum sign_alg alg, struct kept **out)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k == NULL)
        FAIL(UNAVAILABLE, "jwk: no memory");
    err e = sign_key_from_jwk(&key->parts, alg, &k->key);
    if (FAILED(e)) {
        free(k);
        return e;
    }
    k->alg = alg;
    memcpy(k->thumbprint, thumbprint, DIGEST_SIZE);
    *out = k;
    return OK;
}

fallible jwk_check(const struct jwk *key, enum sign_alg alg, str data, str signature)
{
    uint8_t thumbprint[DIGEST_SIZE];
    if (!jwk_fits(key, alg)) /* AT-05 */
        REFUSE(INVALID_TOKEN, "The key is not meant for the algorithm of the signature.", "jwk: of another algorithm");
    if (FAILED(b64url_decode_exact(key->thumbprint, thumbprint, sizeof thumbprint)))
        FAIL(SERVER_ERROR, "jwk: a key without a thumbprint");
    _Atomic(struct kept *) *place = &kept[thumbprint[0] % KEPT_PLACES];
    struct kept *k = kept_take(place, thumbprint, alg);
    err e = k != NULL ? OK : kept_make(key, thumbprint, alg, &k);
    if (FAILED(e) && e.kind == ERR_INVALID_REQUEST)
        REFUSE(INVALID_TOKEN, "The key that should check the signature is malformed.", "jwk: no key of its algorithm");
    TRY(e);
    e = sign_check(k->key, data, signature);
    kept_drop(atomic_exchange(place, k));
    return e;
}

json *jwk_json(struct arena *a, const struct sign_jwk *parts)
{
    json *out = json_object_new(a);
    const struct {
        const char *name;
        str value;
    } members[] = {
        {"kty", str_of(parts->kty)}, {"crv", str_of(parts->crv)}, {"x", parts->x}, {"y", parts->y}, {"n", parts->n}, {"e", parts->e},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (str_present(members[i].value))
            json_put_text(a, out, members[i].name, members[i].value);
    return out;
}
