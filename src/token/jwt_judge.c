/* SPDX-License-Identifier: MIT
 * jwt_judge: the claims of a token whose signature held, against a rule (RFC 7519 4.1, RFC 7523 3, RFC 9101, FAPI 2.0). Relies
 * on jwt_read for strict JSON. Promises: sums of times saturate, so no claim can wrap a comparison around; a claim of the wrong
 * type is refused and never read as absent. */
#include "token/jwt.h"

#include "base/banned.h"

static fallible text_claim(const struct jwt *t, const char *name, str *out)
{
    const json *claim = json_member(t->claims, name);
    if (claim != NULL && !json_is_text(claim)) /* RFC 7519 4.1.1, 4.1.2, 4.1.7 */
        REFUSE(INVALID_TOKEN, "The claims iss, sub and jti must be strings.", "jwt: iss, sub or jti is no string");
    *out = json_text_of(claim);
    return OK;
}

static fallible time_claim(const struct jwt *t, const char *name, bool *there, unix_time *out)
{
    const json *claim = json_member(t->claims, name);
    int64_t seconds = 0;
    if (claim != NULL && (!json_seconds_of(claim, &seconds) || seconds <= 0)) /* RFC 7519 2: NumericDate */
        REFUSE(INVALID_TOKEN, "The claims exp, nbf and iat must be seconds since 1970 as JSON numbers.", "jwt: exp, nbf or iat is no time");
    *there = claim != NULL;
    *out = seconds;
    return OK;
}

static fallible judge_names(const struct jwt *t, const struct jwt_rule *rule, struct jwt_facts *f)
{
    TRY(text_claim(t, "iss", &f->issuer));
    TRY(text_claim(t, "sub", &f->subject));
    TRY(text_claim(t, "jti", &f->jti));
    if (str_present(rule->issuer) && !str_equal(f->issuer, rule->issuer))
        REFUSE(INVALID_TOKEN, "The iss claim of the signed token is missing or is not the expected one.", "jwt: wrong iss");
    if (str_present(rule->subject) && !str_equal(f->subject, rule->subject))
        REFUSE(INVALID_TOKEN, "The sub claim of the signed token is missing or is not the expected one.", "jwt: wrong sub");
    if (rule->need_jti && !str_filled(f->jti))
        REFUSE(INVALID_TOKEN, "The signed token needs a jti claim.", "jwt: no jti");
    if (f->jti.n > JWT_JTI_MAX)
        REFUSE(INVALID_TOKEN, "The jti claim is longer than 256 bytes.", "jwt: jti too long");
    return OK;
}

static bool is_expected_audience(str audience, const struct jwt_rule *rule)
{
    for (size_t i = 0; i < rule->audience_count; i++)
        if (str_present(audience) && str_equal(audience, rule->audiences[i]))
            return true;
    return false;
}

/* RFC 7519 4.1.3: a string or a list of strings. */
static fallible judge_audience(const struct jwt *t, const struct jwt_rule *rule)
{
    const json *aud = json_member(t->claims, "aud");
    if (aud != NULL && !json_is_text(aud) && !json_is_list(aud))
        REFUSE(INVALID_TOKEN, "The aud claim must be a string or a list of strings.", "jwt: aud of the wrong type");
    bool found = is_expected_audience(json_text_of(aud), rule);
    for (size_t i = 0; json_is_list(aud) && i < json_count(aud); i++) {
        if (!json_is_text(json_at(aud, i)))
            REFUSE(INVALID_TOKEN, "The aud claim must be a string or a list of strings.", "jwt: aud of the wrong type");
        found = found || is_expected_audience(json_text_of(json_at(aud, i)), rule);
    }
    if (rule->audience_alone && !json_is_text(aud)) /* FAPI 2.0 security profile 5.3.2.1 */
        REFUSE(INVALID_TOKEN, "The aud claim must be one string, the address of this server.", "jwt: aud is not one string");
    if (rule->audience_count > 0 && !found)
        REFUSE(INVALID_TOKEN, "The signed token is not meant for this server: its aud claim is missing or names another one.", "jwt: wrong aud");
    return OK;
}

static fallible judge_expiry(const struct jwt_rule *rule, const struct jwt_facts *f, bool there)
{
    if (rule->need_exp && !there)
        REFUSE(INVALID_TOKEN, "The signed token needs an exp claim.", "jwt: no exp");
    if (!there)
        return OK;
    if (clock_add(f->expires_at, rule->skew) <= rule->now) /* RFC 7519 4.1.4; AT-09 */
        REFUSE(INVALID_TOKEN, "The signed token has expired.", "jwt: expired");
    if (rule->life_max > 0 && f->expires_at > clock_add(rule->now, rule->life_max)) /* CA-07, CA-09 */
        REFUSE(INVALID_TOKEN, "The exp claim of the signed token is too far in the future.", "jwt: exp too far ahead");
    unix_time begin = f->not_before > 0 ? f->not_before : f->issued_at;
    if (rule->span_max > 0 && begin > 0 && f->expires_at > clock_add(begin, rule->span_max))
        REFUSE(INVALID_TOKEN, "The signed token is valid for too long: exp is too long after nbf or iat.", "jwt: life too long");
    return OK;
}

static fallible judge_times(const struct jwt *t, const struct jwt_rule *rule, struct jwt_facts *f)
{
    bool exp, nbf, iat;
    TRY(time_claim(t, "exp", &exp, &f->expires_at));
    TRY(time_claim(t, "nbf", &nbf, &f->not_before));
    TRY(time_claim(t, "iat", &iat, &f->issued_at));
    TRY(judge_expiry(rule, f, exp));
    if (rule->need_nbf && !nbf)
        REFUSE(INVALID_TOKEN, "The signed token needs an nbf claim.", "jwt: no nbf");
    if (rule->need_iat && !iat)
        REFUSE(INVALID_TOKEN, "The signed token needs an iat claim.", "jwt: no iat");
    if (f->not_before > clock_add(rule->now, rule->skew)) /* RFC 7519 4.1.5 */
        REFUSE(INVALID_TOKEN, "The signed token is not valid yet.", "jwt: nbf in the future");
    if (f->issued_at > clock_add(rule->now, rule->skew)) /* AT-09 */
        REFUSE(INVALID_TOKEN, "The signed token was issued in the future; check the clock.", "jwt: iat in the future");
    if (rule->age_max > 0 && nbf && clock_add(f->not_before, rule->age_max) < rule->now)
        REFUSE(INVALID_TOKEN, "The nbf claim of the signed token is too far in the past.", "jwt: nbf too old");
    if (rule->age_max > 0 && iat && clock_add(f->issued_at, rule->age_max) < rule->now)
        REFUSE(INVALID_TOKEN, "The iat claim of the signed token is too far in the past.", "jwt: iat too old");
    return OK;
}

fallible jwt_judge(const struct jwt *t, const struct jwt_rule *rule, struct jwt_facts *out)
{
    struct jwt_facts facts = {0};
    TRY(judge_names(t, rule, &facts));
    TRY(judge_audience(t, rule));
    TRY(judge_times(t, rule, &facts));
    *out = facts;
    return OK;
}
