/* SPDX-License-Identifier: MIT
 * pkce: neither half alone is ever enough. */
#include "authorize/pkce.h"
#include "stage.h"

static const struct db_client public_client = {.is_public = true, .require_pkce = true}, confidential = {.is_public = false}, strict = {.require_pkce = true};

Test(pkce, the_vector_of_the_rfc_holds)
{
    expect_kind(pkce_request(&public_client, STR(CHALLENGE), STR("S256")), OK);
    expect_kind(pkce_check(STR(CHALLENGE), STR(VERIFIER)), OK);
}

Test(pkce, PK_01_a_public_client_must_send_a_challenge)
{
    expect_kind(pkce_request(&public_client, STR_ABSENT, STR_ABSENT), INVALID_REQUEST);
    expect_kind(pkce_request(&(struct db_client){.is_public = true}, STR_ABSENT, STR_ABSENT), INVALID_REQUEST);
}

Test(pkce, PK_02_the_switch_demands_it_of_a_confidential_client)
{
    expect_kind(pkce_request(&strict, STR_ABSENT, STR_ABSENT), INVALID_REQUEST);
    expect_kind(pkce_request(&confidential, STR_ABSENT, STR_ABSENT), OK);
}

Test(pkce, PK_03_s256_alone_and_said_aloud)
{
    expect_kind(pkce_request(&confidential, STR(CHALLENGE), STR("plain")), INVALID_REQUEST);
    expect_kind(pkce_request(&confidential, STR(CHALLENGE), STR_ABSENT), INVALID_REQUEST);
    expect_kind(pkce_request(&confidential, STR(CHALLENGE), STR("s256")), INVALID_REQUEST);
    expect_kind(pkce_request(&confidential, STR_ABSENT, STR("S256")), INVALID_REQUEST);
}

Test(pkce, PK_04_a_challenge_needs_its_verifier)
{
    expect_kind(pkce_check(STR(CHALLENGE), STR_ABSENT), INVALID_GRANT);
    expect_kind(pkce_check(STR(CHALLENGE), STR("")), INVALID_GRANT);
}

Test(pkce, PK_05_a_verifier_without_a_challenge_is_refused)
{
    expect_kind(pkce_check(STR_ABSENT, STR(VERIFIER)), INVALID_GRANT);
    expect_kind(pkce_check(STR_ABSENT, STR_ABSENT), OK);
    expect_kind(pkce_check(STR_ABSENT, STR("")), OK); /* RFC 6749 3.2: empty is absent */
}

Test(pkce, PK_06_wrong_verifier_is_invalid_grant)
{
    expect_kind(pkce_check(STR(CHALLENGE), STR("eBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")), INVALID_GRANT);
    expect_kind(pkce_check(STR(CHALLENGE), STR(CHALLENGE)), INVALID_GRANT);
}

Test(pkce, PK_07_lengths_and_alphabets)
{
    static const char *const challenges[] = {
        "",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
        CHALLENGE "=",
        CHALLENGE "A",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw/cM",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw cM",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", /* the last character has bits that no digest has */
    };
    for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++)
        cr_expect_eq(pkce_request(&public_client, str_of(challenges[i]), STR("S256")).kind, ERR_INVALID_REQUEST, "%s", challenges[i]);
    char text[130];
    memset(text, 'a', sizeof text);
    expect_kind(pkce_check(STR(CHALLENGE), (str){text, 42}), INVALID_GRANT);
    expect_kind(pkce_check(STR(CHALLENGE), (str){text, 129}), INVALID_GRANT);
    err long_enough = pkce_check(STR(CHALLENGE), (str){text, 128});
    cr_expect(str_find(str_of(err_why(long_enough)), 'm') > 0 && strstr(err_why(long_enough), "match") != NULL, "%s", err_why(long_enough));
    text[3] = '+';
    cr_expect(strstr(err_why(pkce_check(STR(CHALLENGE), (str){text, 43})), "alphabet") != NULL);
}
