/* SPDX-License-Identifier: MIT
 * jwt: signed tokens that others made, in compact form (RFC 7515 3.1, RFC 7519): client assertions, request objects, grants'
 * assertions. Three steps in this order: jwt_read (form; nothing is believed yet), jwt_check or jwt_check_secret (signature),
 * jwt_judge (claims). The algorithm must be a row of the table and in the caller's list; keys are the caller's alone: kid only
 * selects among them, and jku, x5u, jwk and x5c of the header are never used (CA-10). All failures are INVALID_TOKEN with a
 * `why` and a `say` that name the failing check; the caller gives them the kind that its place wants. */
#ifndef JETON_TOKEN_JWT_H
#define JETON_TOKEN_JWT_H
#include "base/clock.h"
#include "token/jwk.h"
struct jwt {
    const json *header, *claims; /* objects */
    str kid, typ;                /* absent when the header has none */
    str alg_name;                /* never empty, never `none` */
    str signed_text, signature;  /* header.payload as it came; the signature's bytes */
};
enum { JWT_TRIES_MAX = 8, JWT_JTI_MAX = 256 /* bytes */ };
/* Strict: three parts, at most BUF_TOKEN_MAX bytes, canonical base64url, no duplicate members; `crit` and `b64` are refused
 * (AT-07), as is alg none in any case (AT-05). header and claims must be objects. UNAVAILABLE when memory ends. */
fallible jwt_read(struct arena *a, str token, struct jwt *out);
/* allowed_algs: words. With kid the keys of that kid are tried, without it every fitting key; at most JWT_TRIES_MAX of them. */
fallible jwt_check(struct arena *a, const struct jwt *t, const struct jwk_set *keys, str allowed_algs);
/* Is there a key that jwt_check would try? When not, a set that comes from an address may be worth another fetch. */
bool jwt_has_key(const struct jwt *t, const struct jwk_set *keys);
/* The same with HMAC: HS256, HS384, HS512, as far as they are in allowed_algs. */
fallible jwt_check_secret(const struct jwt *t, str secret, str allowed_algs);
struct jwt_rule {
    str issuer, subject;   /* absent: any */
    const str *audiences;  /* aud must be, or contain, one of these; */
    size_t audience_count; /* 0: any */
    bool audience_alone;   /* aud must be one string, not a list */
    unix_time now;
    int64_t skew;     /* seconds that clocks may differ, for exp, nbf and iat */
    int64_t life_max; /* exp <= now + life_max; 0: no limit */
    int64_t span_max; /* exp <= nbf (iat when there is no nbf) + span_max; 0: no limit */
    int64_t age_max;  /* iat and nbf, where given, >= now - age_max; 0: no limit */
    bool need_exp, need_jti, need_iat, need_nbf;
};
struct jwt_facts {
    str issuer, subject, jti;                    /* absent when not given */
    unix_time issued_at, not_before, expires_at; /* 0 when not given */
};
/* Claims of the registered names (RFC 7519 4.1) must have their right type even where the rule asks for nothing. */
fallible jwt_judge(const struct jwt *t, const struct jwt_rule *rule, struct jwt_facts *out);
#endif
