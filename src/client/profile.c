/* SPDX-License-Identifier: MIT
 * profile: the table of profiles and demands. Profiles are ordered: each demands what the ones before it do (FAPI 2.0 Security
 * Profile 5.3, FAPI 2.0 Message Signing 5, OAuth 2.1 draft 10), so the stricter of two is the greater. */
#include "client/profile.h"

#include "base/banned.h"

static const char *const names[PROFILE_COUNT] = {
    [PROFILE_NONE] = "none",
    [PROFILE_OAUTH21] = "oauth2.1",
    [PROFILE_FAPI2_SECURITY] = "fapi2-security",
    [PROFILE_FAPI2_MESSAGE_SIGNING] = "fapi2-message-signing",
};
static const struct {
    enum profile least;
    const char *words;
} rules[PROFILE_RULE_COUNT] = {
#define X(name, least, words) [PROFILE_RULE_##name] = {PROFILE_##least, words},
    PROFILE_RULES(X)
#undef X
};

const char *profile_name(enum profile p)
{
    return names[p];
}

bool profile_of_name(str name, enum profile *out)
{
    if (!str_filled(name)) {
        *out = PROFILE_NONE;
        return true;
    }
    for (int p = PROFILE_NONE; p < PROFILE_COUNT; p++)
        if (str_is(name, names[p])) {
            *out = (enum profile)p;
            return true;
        }
    return false;
}

enum profile profile_of(const struct context *ctx, const struct db_client *client)
{
    enum profile own, server = ctx->authority->policy.profile;
    if (!profile_of_name(client->metadata.profile, &own)) /* fail closed: an unknown word is the strictest */
        own = PROFILE_FAPI2_MESSAGE_SIGNING;
    return own > server ? own : server;
}

bool profile_includes(enum profile p, enum profile_rule rule)
{
    return p >= rules[rule].least;
}

bool profile_demands(const struct context *ctx, const struct db_client *client, enum profile_rule rule)
{
    return profile_includes(profile_of(ctx, client), rule);
}

const char *profile_words(enum profile_rule rule)
{
    return rules[rule].words;
}

str profile_algs(const struct context *ctx, const struct db_client *client, str registered)
{
    str all = STR("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519");
    if (profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS)) /* FAPI 2.0 Security Profile 5.4 */
        all = STR(PROFILE_ALGS_STRONG);
    if (!str_filled(registered))
        return all;
    return str_has_word(all, registered) ? registered : STR("");
}
