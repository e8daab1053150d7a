/* SPDX-License-Identifier: MIT
 * assurance: see the header. Relies on nothing but its tables. Promises that a level which is unknown is never taken for reached, and that a
 * wish which cannot come true stops nobody, while an essential one does. */
#include "session/assurance.h"
#include "base/message.h"
#include "session/authenticators.h"
#include "store/table/db_authenticator.h"
#include "base/banned.h"

static const struct authenticator rows[] = {
    {"password", "pwd", FACTOR_KNOWS, false, true, true, false, "password", authenticator_password, authenticator_password_proved, NULL},
    {DB_FACTOR_TOTP, "otp", FACTOR_HAS, false, false, true, true, "code", authenticator_totp, NULL, SAY("That code is wrong, or was used before.")},
    {DB_FACTOR_RECOVERY, "otp", FACTOR_HAS, false, false, true, true, "code", authenticator_recovery, NULL,
     SAY("That recovery code is wrong, or was used before.")},
};
static const struct assurance_level levels[] = {
    {ACR_PASSWORD, 1, false},
    {ACR_MFA, 2, false},
};
const struct assurance_rules assurance_usual = {rows, sizeof rows / sizeof *rows, levels, sizeof levels / sizeof *levels, 0, 1};

const struct authenticator *assurance_row(const struct assurance_rules *rules, str name)
{
    for (size_t i = 0; i < rules->count; i++)
        if (str_is(name, rules->rows[i].name))
            return &rules->rows[i];
    return NULL;
}

struct proved {
    unsigned factors;
    bool resists_phishing;
};

bool assurance_has(const struct authenticator *row, str second_factors)
{
    return !row->enrolled || (str_filled(second_factors) && str_has_word(second_factors, str_of(row->name)));
}

/* amr absent: by all ways that there are, or that a person with these second factors has. */
static struct proved proved_by(const struct assurance_rules *rules, str amr, const str *second_factors)
{
    struct proved p = {0, false};
    for (size_t i = 0; i < rules->count; i++) {
        const struct authenticator *row = &rules->rows[i];
        if (str_present(amr) ? !str_has_word(amr, str_of(row->amr)) : second_factors != NULL && !assurance_has(row, *second_factors))
            continue;
        p.factors |= row->proves;
        p.resists_phishing = p.resists_phishing || row->resists_phishing;
    }
    return p;
}

/* How many levels are reached: the ladder ends at the first that is not. */
static size_t count_reached_levels(const struct assurance_rules *rules, struct proved p)
{
    size_t n = 0;
    int factors = __builtin_popcount(p.factors);
    while (n < rules->level_count && factors >= rules->levels[n].factors && (p.resists_phishing || !rules->levels[n].resists_phishing))
        n++;
    return n;
}

/* 1 for the weakest; 0: unknown. */
static size_t height_of(const struct assurance_rules *rules, str acr)
{
    for (size_t i = 0; i < rules->level_count; i++)
        if (str_is(acr, rules->levels[i].acr))
            return i + 1;
    return 0;
}

str assurance_acr(const struct assurance_rules *rules, str amr)
{
    size_t n = str_present(amr) ? count_reached_levels(rules, proved_by(rules, amr, NULL)) : 0;
    return n == 0 ? STR_ABSENT : str_of(rules->levels[n - 1].acr);
}

bool assurance_reaches(const struct assurance_rules *rules, str amr, str acr)
{
    size_t wanted = height_of(rules, acr);
    return str_present(amr) && wanted > 0 && count_reached_levels(rules, proved_by(rules, amr, NULL)) >= wanted;
}

static bool reachable_by(const struct assurance_rules *rules, str acr, const str *second_factors)
{
    size_t wanted = height_of(rules, acr);
    return wanted > 0 && count_reached_levels(rules, proved_by(rules, STR_ABSENT, second_factors)) >= wanted;
}

bool assurance_reachable(const struct assurance_rules *rules, str acr)
{
    return reachable_by(rules, acr, NULL);
}

int assurance_factors(const struct assurance_rules *rules, str amr)
{
    return str_present(amr) ? __builtin_popcount(proved_by(rules, amr, NULL).factors) : 0;
}

fallible assurance_and(struct arena *a, const struct assurance_rules *rules, const struct authenticator *row, str *amr)
{
    str word = str_of(row->amr), words = *amr;
    if (!str_filled(words))
        words = word;
    else if (!str_has_word(words, word))
        words = str_join(a, (const str[]){words, STR(" "), word}, 3);
    if (str_present(words) && !str_has_word(words, STR(AMR_MFA)) && assurance_factors(rules, words) > 1)
        words = str_join(a, (const str[]){words, STR(" " AMR_MFA)}, 2);
    if (!str_present(words))
        FAIL(UNAVAILABLE, "assurance: no memory");
    *amr = words;
    return OK;
}

static bool reaches_one(const struct assurance_rules *rules, str amr, str words)
{
    str word;
    while (str_next(&words, ' ', &word))
        if (assurance_reaches(rules, amr, word))
            return true;
    return false;
}

static bool reachable_one(const struct assurance_rules *rules, str words, const str *second_factors)
{
    str word;
    while (str_next(&words, ' ', &word))
        if (reachable_by(rules, word, second_factors))
            return true;
    return false;
}

/* Whoever has a second factor shows it. */
static const char *least_acr(const struct assurance_rules *rules, const str *second_factors)
{
    size_t level = rules->enough;
    if (second_factors != NULL && str_filled(*second_factors) && rules->doubled > level)
        level = rules->doubled;
    return rules->levels[level].acr;
}

enum assurance_missing assurance_missing(const struct assurance_rules *rules, const struct assurance_need *need, const struct assurance_have *have)
{
    if (str_filled(need->essential) && !reachable_one(rules, need->essential, have->second_factors))
        return ASSURANCE_NEVER;
    if (!str_present(have->amr))
        return ASSURANCE_LOGIN;
    if (need->again || need->max_age == 0)
        return ASSURANCE_AGAIN;
    /* Whole seconds: what may have passed counts as passed (OpenID Connect Core 3.1.2.1). */
    if (need->max_age > 0 && !clock_within(have->now, have->auth_time, need->max_age - 1))
        return ASSURANCE_AGAIN;
    if (!assurance_reaches(rules, have->amr, str_of(least_acr(rules, have->second_factors))))
        return ASSURANCE_STEP;
    if (str_filled(need->essential) && !reaches_one(rules, have->amr, need->essential))
        return ASSURANCE_STEP;
    if (str_filled(need->wished) && !reaches_one(rules, have->amr, need->wished) && reachable_one(rules, need->wished, have->second_factors))
        return ASSURANCE_STEP;
    return ASSURANCE_NOTHING;
}
