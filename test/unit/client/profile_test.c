/* SPDX-License-Identifier: MIT
 * profile: the stricter of two counts, each demands what those before it do, and an unknown word is the strictest. */
#include "client/profile.h"

#include <criterion/criterion.h>

static struct authority authority;
static const struct context ctx = {.authority = &authority};

static enum profile held(enum profile server, const char *own)
{
    const struct db_client client = {.metadata = {.profile = str_of(own)}};
    authority.policy.profile = server;
    return profile_of(&ctx, &client);
}

Test(profile, names_go_there_and_back)
{
    enum profile p;
    for (int i = PROFILE_NONE; i < PROFILE_COUNT; i++)
        cr_expect(profile_of_name(str_of(profile_name((enum profile)i)), &p) && (int)p == i);
    cr_expect(profile_of_name(STR_ABSENT, &p) && p == PROFILE_NONE);
    cr_expect(profile_of_name(STR(""), &p) && p == PROFILE_NONE);
    cr_expect_not(profile_of_name(STR("fapi"), &p) || profile_of_name(STR("OAuth2.1"), &p) || profile_of_name(STR("oauth2.1 "), &p));
}

Test(profile, the_stricter_of_server_and_client_counts)
{
    cr_expect_eq(held(PROFILE_NONE, ""), PROFILE_NONE);
    cr_expect_eq(held(PROFILE_NONE, "oauth2.1"), PROFILE_OAUTH21);
    cr_expect_eq(held(PROFILE_FAPI2_SECURITY, "oauth2.1"), PROFILE_FAPI2_SECURITY);
    cr_expect_eq(held(PROFILE_FAPI2_SECURITY, "none"), PROFILE_FAPI2_SECURITY); /* nobody gets out of it */
    cr_expect_eq(held(PROFILE_OAUTH21, "fapi2-message-signing"), PROFILE_FAPI2_MESSAGE_SIGNING);
    cr_expect_eq(held(PROFILE_NONE, "fapi3"), PROFILE_FAPI2_MESSAGE_SIGNING);
}

Test(profile, each_demands_what_those_before_it_do)
{
    for (int rule = 0; rule < PROFILE_RULE_COUNT; rule++) {
        cr_expect_not(profile_includes(PROFILE_NONE, (enum profile_rule)rule));
        cr_expect(profile_includes(PROFILE_FAPI2_MESSAGE_SIGNING, (enum profile_rule)rule));
        for (int p = PROFILE_NONE + 1; p < PROFILE_COUNT; p++)
            cr_expect_not(profile_includes((enum profile)(p - 1), (enum profile_rule)rule) && !profile_includes((enum profile)p, (enum profile_rule)rule));
        cr_expect(profile_words((enum profile_rule)rule) != NULL && profile_words((enum profile_rule)rule)[0] != '\0');
    }
    cr_expect(profile_includes(PROFILE_OAUTH21, PROFILE_RULE_PKCE) && !profile_includes(PROFILE_OAUTH21, PROFILE_RULE_PUSHED));
    cr_expect(!profile_includes(PROFILE_FAPI2_SECURITY, PROFILE_RULE_SIGNED_REQUEST));
}

static bool algs_are(const char *own, const char *registered, const char *wanted)
{
    const struct db_client client = {.metadata = {.profile = str_of(own)}};
    authority.policy.profile = PROFILE_NONE;
    return str_is(profile_algs(&ctx, &client, str_of(registered)), wanted);
}

Test(profile, the_registered_algorithm_counts_within_the_profile)
{
    const struct db_client plain = {.id = STR("x")};
    authority.policy.profile = PROFILE_NONE;
    str all = profile_algs(&ctx, &plain, STR_ABSENT);
    cr_expect(str_has_word(all, STR("RS256")) && str_has_word(all, STR("ES256")) && !str_has_word(all, STR("none")) && !str_has_word(all, STR("HS256")));
    cr_expect(algs_are("", "RS256", "RS256") && algs_are("", "none", "") && algs_are("", "HS256", ""));
    cr_expect(algs_are("fapi2-security", "", PROFILE_ALGS_STRONG));
    cr_expect(algs_are("fapi2-security", "ES256", "ES256") && algs_are("fapi2-security", "RS256", "")); /* none, rather than another */
}
