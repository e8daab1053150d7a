/* SPDX-License-Identifier: MIT
 * Fuzz: sets of foreign keys. What is accepted holds nothing private, stays within its ceiling, and is the same key when it is
 * written again: same members, same thumbprint. A key that is sound fits an algorithm; checking nonsense with it is refused. */
#include "token/jwk.h"
#include "crypto/thumbprint.h"
#include <stdlib.h>
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(struct arena *a, const struct jwk *key)
{
    struct jwk again;
    str thumbprint;
    json *written = jwk_json(a, &key->parts);
    INVARIANT(json_member(written, "d") == NULL && json_member(written, "k") == NULL);
    INVARIANT(!FAILED(jwk_of_json(a, written, &again)));
    INVARIANT(!FAILED(thumbprint_of(a, &key->parts, &thumbprint)));
    INVARIANT(str_equal(again.thumbprint, key->thumbprint) && str_equal(thumbprint, key->thumbprint));
    size_t fitting = 0;
    for (int alg = SIGN_NONE_CHOSEN; alg < SIGN_ALG_COUNT; alg++) {
        if (!jwk_fits(key, (enum sign_alg)alg))
            continue;
        fitting++;
        INVARIANT(FAILED(jwk_check(key, (enum sign_alg)alg, STR("nonsense"), STR("nonsense"))));
    }
    INVARIANT(fitting > 0);
    err sound = jwk_sound(key);
    INVARIANT(!FAILED(sound) || sound.kind == ERR_INVALID_REQUEST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(8 << 20);
    struct jwk_set set;
    err e = jwk_set_parse(a, (str){(const char *)data, size}, &set);
    if (FAILED(e)) {
        INVARIANT(e.kind == ERR_INVALID_REQUEST && e.reason->say != NULL);
    } else {
        INVARIANT(size <= JWK_SET_BYTES && set.count <= JWK_SET_MAX);
        for (size_t i = 0; i < set.count && i < 4; i++) /* a few are enough, and arithmetic is slow */
            one(a, &set.keys[i]);
    }
    arena_release(a);
    return 0;
}
