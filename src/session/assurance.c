/* SPDX-License-Identifier: MIT
 * assurance: see the header. Relies on nothing but its tables. Promises that a level which is unknown is never taken for reached, and that a
 * wish which cannot come true stops nobody, while an essential one does. */
#include "session/assurance.h"
#include "session/authenticators.h"
#include "base/banned.h"

static const struct authenticator rows[] = {
    {"password", "pwd", FACTOR_KNOWS, false, true, true, "password", authenticator_password, authenticator_password_proved},
};
static const struct assurance_level levels[] = {
    {ACR_PASSWORD, 1, false},
};
const struct assurance_rules assurance_usual = {rows, sizeof rows / sizeof *rows, levels, sizeof levels / sizeof *levels, 0};

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

/* amr absent: by all ways that there are. */
static struct proved proved_by(const struct assurance_rules *rules, str amr)
{
    struct proved p = {0, false};
    for (size_t i = 0; i < rules->count; i++) {
        const struct authenticator *row = &rules->rows[i];
        if (str_present(amr) && !str_has_word(amr, str_of(row->amr)))
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
    size_t n = str_present(amr) ? count_reached_levels(rules, proved_by(rules, amr)) : 0;
    return n == 0 ? STR_ABSENT : str_of(rules->levels[n - 1].acr);
}

bool assurance_reaches(const struct assurance_rules *rules, str amr, str acr)
{
    size_t wanted = height_of(rules, acr);
    return str_present(amr) && wanted > 0 && count_reached_levels(rules, proved_by(rules, amr)) >= wanted;
}

bool assurance_reachable(const struct assurance_rules *rules, str acr)
{
    size_t wanted = height_of(rules, acr);
    return wanted > 0 && count_reached_levels(rules, proved_by(rules, STR_ABSENT)) >= wanted;
}

static bool reaches_one(const struct assurance_rules *rules, str amr, str words)
{
    str word;
    while (str_next(&words, ' ', &word))
        if (assurance_reaches(rules, amr, word))
            return true;
    return false;
}

static bool reachable_one(const struct assurance_rules *rules, str words)
{
    str word;
    while (str_next(&words, ' ', &word))
        if (assurance_reachable(rules, word))
            return true;
    return false;
}

enum assurance_missing assurance_missing(const struct assurance_rules *rules, const struct assurance_need *need, const struct assurance_have *have)
{
    if (str_filled(need->essential) && !reachable_one(rules, need->essential))
        return ASSURANCE_NEVER;
    if (!str_present(have->amr))
        return ASSURANCE_LOGIN;
    if (need->again || need->max_age == 0)
        return ASSURANCE_AGAIN;
    /* Whole seconds: what may have passed counts as passed (OpenID Connect Core 3.1.2.1). */
    if (need->max_age > 0 && !clock_within(have->now, have->auth_time, need->max_age - 1))
        return ASSURANCE_AGAIN;
    if (!assurance_reaches(rules, have->amr, str_of(rules->levels[rules->enough].acr)))
        return ASSURANCE_STEP;
    if (str_filled(need->essential) && !reaches_one(rules, have->amr, need->essential))
        return ASSURANCE_STEP;
    if (str_filled(need->wished) && !reaches_one(rules, have->amr, need->wished) && reachable_one(rules, need->wished))
        return ASSURANCE_STEP;
    return ASSURANCE_NOTHING;
}
