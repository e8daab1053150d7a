/* SPDX-License-Identifier: MIT
 * jwt_judge: each claim against its rule, at the very second, and of the wrong type never as if it were absent. */
#include "token/jwt.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { NOW = 1700000000 };
static struct arena *a;
static struct jwt_facts facts;

static void begin(void)
{
    a = fixture_arena();
}

TestSuite(jwt_judge, .init = begin);

static bool holds(const char *claims, const struct jwt_rule *rule)
{
    json *read;
    cr_assert_eq(json_parse(a, str_of(claims), &read).kind, ERR_OK, "%s", claims);
    struct jwt t = {.claims = read};
    facts = (struct jwt_facts){.jti = STR("untouched")};
    err e = jwt_judge(&t, rule, &facts);
    cr_assert(e.kind == ERR_OK || (e.kind == ERR_INVALID_TOKEN && str_is(facts.jti, "untouched")), "%s", claims);
    return !FAILED(e);
}

static bool time_holds(const char *claim, int64_t at, struct jwt_rule rule)
{
    char claims[100];
    (void)snprintf(claims, sizeof claims, "{\"%s\":%lld}", claim, (long long)at);
    rule.now = NOW;
    return holds(claims, &rule);
}

Test(jwt_judge, names_are_the_expected_ones)
{
    const struct jwt_rule rule = {.issuer = STR("i"), .subject = STR("s"), .need_jti = true, .now = NOW};
    cr_expect(holds("{\"iss\":\"i\",\"sub\":\"s\",\"jti\":\"j\"}", &rule) && str_is(facts.jti, "j"));
    static const char *const bad[] = {"{}",
                                      "{\"iss\":\"i\",\"sub\":\"s\"}",
                                      "{\"iss\":\"i\",\"sub\":\"s\",\"jti\":\"\"}",
                                      "{\"iss\":\"I\",\"sub\":\"s\",\"jti\":\"j\"}",
                                      "{\"iss\":\"i\",\"sub\":\"s2\",\"jti\":\"j\"}",
                                      "{\"iss\":\"i\",\"jti\":\"j\"}",
                                      "{\"sub\":\"s\",\"jti\":\"j\"}",
                                      "{\"iss\":[\"i\"],\"sub\":\"s\",\"jti\":\"j\"}",
                                      "{\"iss\":\"i\",\"sub\":\"s\",\"jti\":7}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(holds(bad[i], &rule), "%s", bad[i]);
}

Test(jwt_judge, a_wrong_type_is_refused_though_nobody_asks)
{
    const struct jwt_rule any = {.now = NOW};
    static const char *const bad[] = {"{\"iss\":null}",
                                      "{\"sub\":1}",
                                      "{\"jti\":{}}",
                                      "{\"aud\":1}",
                                      "{\"aud\":{\"x\":\"y\"}}",
                                      "{\"aud\":[\"x\",1]}",
                                      "{\"exp\":\"9999999999\"}",
                                      "{\"exp\":null}",
                                      "{\"nbf\":true}",
                                      "{\"iat\":[]}",
                                      "{\"exp\":0}",
                                      "{\"exp\":-1}"};
    cr_expect(holds("{}", &any) && holds("{\"aud\":[]}", &any));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(holds(bad[i], &any), "%s", bad[i]);
}

Test(jwt_judge, a_jti_has_256_bytes_at_the_most)
{
    char claims[400];
    const struct jwt_rule any = {.now = NOW};
    for (int n = JWT_JTI_MAX; n <= JWT_JTI_MAX + 1; n++) {
        (void)snprintf(claims, sizeof claims, "{\"jti\":\"%0*d\"}", n, 1);
        cr_expect_eq(holds(claims, &any), n == JWT_JTI_MAX);
    }
}

Test(jwt_judge, it_is_meant_for_this_server)
{
    const str ours[] = {STR("https://a.example"), STR("https://b.example")};
    struct jwt_rule rule = {.audiences = ours, .audience_count = 2, .now = NOW};
    cr_expect(holds("{\"aud\":\"https://b.example\"}", &rule) && holds("{\"aud\":[\"x\",\"https://a.example\"]}", &rule));
    static const char *const bad[] = {"{}", "{\"aud\":\"\"}", "{\"aud\":[]}", "{\"aud\":\"https://a.example/\"}", "{\"aud\":[\"https://a.example.evil\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(holds(bad[i], &rule), "%s", bad[i]);
    rule.audience_alone = true;
    cr_expect(holds("{\"aud\":\"https://b.example\"}", &rule));
    cr_expect_not(holds("{\"aud\":[\"https://b.example\"]}", &rule)); /* FAPI 2.0 Security Profile 5.3.2.1 */
    cr_expect_not(holds("{}", &rule));
}

Test(jwt_judge, times_count_to_the_second)
{
    const struct jwt_rule plain = {0}, skewed = {.skew = 10}, life = {.life_max = 100}, age = {.age_max = 100};
    cr_expect(time_holds("exp", NOW + 1, plain) && !time_holds("exp", NOW, plain));
    cr_expect(time_holds("exp", NOW - 9, skewed) && !time_holds("exp", NOW - 10, skewed));
    cr_expect(time_holds("nbf", NOW, plain) && !time_holds("nbf", NOW + 1, plain));
    cr_expect(time_holds("iat", NOW + 10, skewed) && !time_holds("iat", NOW + 11, skewed));
    cr_expect(time_holds("exp", NOW + 100, life) && !time_holds("exp", NOW + 101, life));
    cr_expect(time_holds("iat", NOW - 100, age) && !time_holds("iat", NOW - 101, age));
    cr_expect(time_holds("nbf", NOW - 100, age) && !time_holds("nbf", NOW - 101, age));
}

Test(jwt_judge, no_time_wraps_around)
{
    const struct jwt_rule life = {.life_max = INT64_MAX, .skew = INT64_MAX, .now = NOW};
    cr_expect_not(time_holds("exp", INT64_MAX, (struct jwt_rule){.life_max = 100, .skew = 10}));
    cr_expect_not(time_holds("nbf", INT64_MAX, (struct jwt_rule){.skew = 10}));
    cr_expect(holds("{\"exp\":1}", &life));
}

Test(jwt_judge, what_is_needed_must_be_there)
{
    cr_expect_not(holds("{}", &(struct jwt_rule){.need_exp = true, .now = NOW}));
    cr_expect_not(holds("{}", &(struct jwt_rule){.need_nbf = true, .now = NOW}));
    cr_expect_not(holds("{}", &(struct jwt_rule){.need_iat = true, .now = NOW}));
}

Test(jwt_judge, a_span_is_counted_from_nbf_and_else_from_iat)
{
    const struct jwt_rule rule = {.span_max = 60, .now = NOW};
    cr_expect(holds("{\"nbf\":1699999990,\"exp\":1700000050}", &rule) && !holds("{\"nbf\":1699999989,\"exp\":1700000050}", &rule));
    cr_expect(holds("{\"iat\":1699999990,\"exp\":1700000050}", &rule) && !holds("{\"iat\":1699999989,\"exp\":1700000050}", &rule));
    cr_expect(holds("{\"iat\":1,\"nbf\":1699999990,\"exp\":1700000050}", &rule));
}
