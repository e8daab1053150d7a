/* SPDX-License-Identifier: MIT
 * rules: the real password beside two ways that know a word, for tests of logins with several steps. */
#ifndef JETON_TEST_SESSION_RULES_H
#define JETON_TEST_SESSION_RULES_H
#include "session/authenticators.h"

#define ACR_TWO   "urn:test:two-factors"
#define ACR_PHISH "urn:test:phishing-resistant"

static inline err rules_otp(const struct login_trial *t, str *reason)
{
    *reason = str_is(t->attempt->proof, "123456") ? STR_ABSENT : STR("wrong code");
    return OK;
}

static inline err rules_key(const struct login_trial *t, str *reason)
{
    *reason = str_is(t->attempt->proof, "signed") ? STR_ABSENT : STR("wrong signature");
    return OK;
}

static const struct authenticator rules_rows[] = {
    {"password", "pwd", FACTOR_KNOWS, false, true, true, false, "password", authenticator_password, authenticator_password_proved, NULL},
    {"code", "otp", FACTOR_HAS, false, false, true, false, "code", rules_otp, NULL, NULL},
    {"key", "hwk", FACTOR_HAS | FACTOR_IS, true, true, false, false, "key", rules_key, NULL, NULL},
};
static const struct assurance_level rules_levels[] = {
    {ACR_PASSWORD, 1, false},
    {ACR_TWO, 2, false},
    {ACR_PHISH, 2, true},
};
/* One factor is enough; the same where two are. */
static const struct assurance_rules rules_one = {rules_rows, 3, rules_levels, 3, 0, 0};
static const struct assurance_rules rules_two = {rules_rows, 3, rules_levels, 3, 1, 1};
#endif
