/* SPDX-License-Identifier: MIT
 * signing: the registered algorithm, within the profile; a word that is none signs nothing. */
#include "client/signing.h"

#include <criterion/criterion.h>

static struct authority authority;
static const struct context ctx = {.authority = &authority};

static int signs(const char *profile, const char *registered)
{
    const struct db_client client = {.metadata = {.profile = str_of(profile)}};
    enum sign_alg alg;
    err e = signing_alg(&ctx, &client, str_of(registered), &alg);
    return FAILED(e) ? -(int)e.kind : (int)alg;
}

Test(signing, without_a_word_it_is_RS256)
{
    cr_expect_eq(signs("", ""), SIGN_RS256);
    cr_expect_eq(signs("oauth2.1", ""), SIGN_RS256);
    cr_expect_eq(signs("", "ES256"), SIGN_ES256);
    cr_expect_eq(signs("", "EdDSA"), SIGN_EDDSA);
}

Test(signing, a_strict_profile_has_no_RS256) /* FAPI 2.0 Security Profile 5.4 */
{
    cr_expect_eq(signs("fapi2-security", ""), SIGN_ES256);
    cr_expect_eq(signs("fapi2-security", "RS256"), SIGN_ES256);
    cr_expect_eq(signs("fapi2-security", "EdDSA"), SIGN_EDDSA);
    cr_expect_eq(signs("no-such-profile", "RS256"), SIGN_ES256); /* fail closed */
    authority.policy.profile = PROFILE_FAPI2_SECURITY;
    cr_expect_eq(signs("", "RS256"), SIGN_ES256);
}

Test(signing, a_word_that_is_no_algorithm_of_ours_signs_nothing)
{
    static const char *const strange[] = {"none", "HS256", "RS384", "es256", "ES256 ", "RS256 ES256"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        cr_expect_eq(signs("", strange[i]), -(int)ERR_SERVER_ERROR, "%s", strange[i]);
}

Test(signing, what_is_slow_is_not_for_event_threads)
{
    cr_expect(signing_is_slow(SIGN_RS256) && !signing_is_slow(SIGN_ES256) && !signing_is_slow(SIGN_EDDSA));
}
