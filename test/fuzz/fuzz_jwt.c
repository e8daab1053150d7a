/* SPDX-License-Identifier: MIT
 * Fuzz: foreign signed tokens. The first byte chooses who bends what:
 *   even: the input is a whole token. What is read says the same when it is put together again; it passes the signature only
 * when it is what our key makes of its header and claims. odd:  the input is a header, a line feed and claims, and our key
 * signs both. It passes only with our algorithm and without crit and b64; what jwt_judge tells then keeps the rule. */
#include "token/jwt.h"
#include "signer.h"
#include <stdlib.h>
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool passes(struct arena *a, str token, struct jwt *t)
{
    struct jwk key = signer_jwk(a);
    struct jwk_set set = {&key, 1};
    err e = jwt_read(a, token, t);
    if (FAILED(e)) {
        INVARIANT(e.kind == ERR_INVALID_TOKEN && e.reason->say != NULL);
        return false;
    }
    INVARIANT(token.n <= BUF_TOKEN_MAX && json_is_object(t->header) && json_is_object(t->claims));
    INVARIANT(str_filled(t->alg_name) && !str_equal_nocase(t->alg_name, STR("none")));
    INVARIANT(json_member(t->header, "crit") == NULL && json_member(t->header, "b64") == NULL);
    str code = b64url_encode(a, t->signature.p, t->signature.n);
    INVARIANT(str_equal(token, str_join(a, (const str[]){t->signed_text, STR("."), code}, 3)));
    INVARIANT(FAILED(jwt_check(a, t, &set, STR("ES256 RS256 HS256"))));
    INVARIANT(FAILED(jwt_check_secret(t, key.parts.x, STR("EdDSA"))));
    return !FAILED(jwt_check(a, t, &set, sign_alg_words));
}

static void judge(const struct jwt *t)
{
    static const str audience = {"me", 2};
    const struct jwt_rule rule = {.audiences = &audience,
                                  .audience_count = 1,
                                  .now = 1000,
                                  .skew = 10,
                                  .life_max = 100,
                                  .age_max = 50,
                                  .span_max = 90,
                                  .need_exp = true,
                                  .need_jti = true};
    struct jwt_facts f;
    if (FAILED(jwt_judge(t, &rule, &f)))
        return;
    INVARIANT(f.expires_at > 990 && f.expires_at <= 1100 && f.jti.n > 0 && f.jti.n <= JWT_JTI_MAX);
    INVARIANT(f.not_before == 0 || (f.not_before >= 950 && f.not_before <= 1010));
    INVARIANT(f.issued_at == 0 || (f.issued_at >= 950 && f.issued_at <= 1010));
    const json *aud = json_member(t->claims, "aud");
    INVARIANT(json_is_list(aud) || str_is(json_text_of(aud), "me"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_new(8 << 20);
    struct jwt t;
    str rest = {(const char *)data + 1, size - 1};
    if (data[0] % 2 == 0) {
        if (passes(a, rest, &t)) {
            str parts = t.signed_text, header = {parts.p, str_find(parts, '.')};
            char plain[BUF_TOKEN_MAX], claims[BUF_TOKEN_MAX];
            size_t n, m;
            INVARIANT(!FAILED(b64url_decode(header, plain, sizeof plain, &n)));
            INVARIANT(!FAILED(b64url_decode((str){parts.p + header.n + 1, parts.n - header.n - 1}, claims, sizeof claims, &m)));
            INVARIANT(str_equal(rest, signer_token(a, (str){plain, n}, (str){claims, m})));
        }
    } else {
        str header = signer_cut(&rest), token = signer_token(a, header, rest);
        if (passes(a, token, &t)) {
            INVARIANT(str_is(t.alg_name, "EdDSA") && !str_present(t.kid));
            judge(&t);
        }
    }
    arena_release(a);
    return 0;
}
