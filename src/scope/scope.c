/* SPDX-License-Identifier: MIT
 * scope: the words that a token may carry. Relies on the snapshot of known scopes; promises that nothing is granted that the client
 * was not given and the request did not ask for. */
#include "scope/scope.h"
#include "scope/resource.h"
#include "base/banned.h"

static bool word_is_well_formed(str word) /* RFC 6749 3.3: %x21 / %x23-5B / %x5D-7E */
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] <= 0x20 || word.p[i] > 0x7e || word.p[i] == '"' || word.p[i] == '\\')
            return false;
    return word.n > 0;
}

/* Form, size and repeats; *clean has each word once, in order. IN-01: bounded before anything is looked up. */
static fallible tidy_scope_words(struct arena *a, str words, str *clean)
{
    if (words.n > SCOPE_BYTES_MAX)
        REFUSE(INVALID_SCOPE, "The scope parameter is too long.", "scope: too many bytes");
    struct buf out = buf_new(a, SCOPE_BYTES_MAX + 1);
    size_t count = 0;
    str word;
    for (str rest = words; str_next(&rest, ' ', &word);) {
        if (word.n == 0)
            continue;
        if (!word_is_well_formed(word))
            REFUSE(INVALID_SCOPE, "A scope contains a character that is not allowed in scopes.", "scope: bad character");
        if (++count > SCOPE_WORDS_MAX)
            REFUSE(INVALID_SCOPE, "Too many scopes in one request.", "scope: too many words");
        if (str_has_word((str){out.p, out.n}, word))
            continue;
        buf_word(&out, word);
    }
    return buf_done(&out, clean);
}

static bool is_identity_scope(const struct db_scope *scope)
{
    return scope && scope->identity;
}

/* Words that mean nothing without a person. */
static bool is_personal_scope(const struct db_scope *scope)
{
    return scope && (scope->identity || scope->own);
}

/* People give what is theirs, or a service's; permissions over this server are an administrator's to give, by name. */
static bool is_grantable_scope(const struct context *ctx, str word)
{
    const struct db_scope *scope = cache_scope(ctx->snapshot, word);
    return scope && (!scope->builtin || scope->identity || scope->own);
}

/* The client's own list, without what has been removed from this server since (such a word has no sentence for people), and without those
 * that are asked for by name: the identity scopes, and for a client's own token all that needs a person. */
static fallible own_list(const struct context *ctx, const struct db_client *client, bool (*unlisted)(const struct db_scope *), str *granted)
{
    str word;
    struct buf known = buf_new(ctx->arena, client->scopes.n + 1);
    for (str rest = client->scopes; str_filled(rest) && str_next(&rest, ' ', &word);) {
        const struct db_scope *scope = word.n > 0 ? cache_scope(ctx->snapshot, word) : NULL;
        if (scope && !unlisted(scope))
            buf_word(&known, word);
    }
    return buf_done(&known, granted);
}

/* Software that registered itself may ask people for what the service that it asks for carries, if that is the service's own word and no
 * administrator has said which words this software may have. */
static bool by_resource(const struct context *ctx, const struct db_client *client, str resources, str word)
{
    const struct db_scope *scope = cache_scope(ctx->snapshot, word);
    bool free_to_ask = str_filled(client->metadata.origin) && !str_filled(client->metadata.initial_scopes);
    return free_to_ask && scope && !scope->builtin && resource_carries(ctx, resources, word);
}

static bool may_have(const struct context *ctx, const struct db_client *client, str resources, str word)
{
    return str_has_word(client->scopes, word) || (scopes_any(client) && is_grantable_scope(ctx, word)) || by_resource(ctx, client, resources, word);
}

static fallible judge_word(const struct context *ctx, const struct db_client *client, str resources, str word)
{
    if (!cache_scope(ctx->snapshot, word))
        REFUSE(INVALID_SCOPE, "A requested scope is not defined on this server. An administrator defines scopes with: jeton scope add.", "scope: not defined");
    if (!may_have(ctx, client, resources, word)) /* AZ-15 */
        REFUSE(INVALID_SCOPE, "This client may not ask for a requested scope. An administrator allows it with: jeton client edit ID --scope.",
               "scope: not in the client's list");
    return OK;
}

/* OpenID Connect Core 11: access beyond the login is nothing without a refresh token, and is for OpenID requests. */
static bool idle_word(const struct db_client *client, bool openid, str word)
{
    return str_is(word, "offline_access") && (!openid || !str_has_word(client->grants, STR("refresh_token")));
}

/* What a request with these words gets nothing for, and is not refused for. */
static bool left_out(const struct context *ctx, const struct db_client *client, bool openid, str word)
{
    return idle_word(client, openid, word) || (openid && !cache_scope(ctx->snapshot, word)); /* OpenID Connect Core 3.1.2.2 */
}

fallible scope_grant(const struct context *ctx, const struct db_client *client, str resources, str asked, str *granted)
{
    str clean = STR(""), word;
    if (str_filled(asked))
        TRY(tidy_scope_words(ctx->arena, asked, &clean));
    if (clean.n == 0 && scopes_any(client)) {
        *granted = STR(""); /* unscoped: people are told what that reaches */
        return OK;
    }
    if (clean.n == 0)
        return own_list(ctx, client, is_identity_scope, granted);
    bool openid = str_has_word(clean, STR("openid"));
    struct buf kept = buf_new(ctx->arena, clean.n + 1);
    for (str rest = clean; str_next(&rest, ' ', &word);) {
        if (left_out(ctx, client, openid, word))
            continue;
        TRY(judge_word(ctx, client, resources, word));
        buf_word(&kept, word);
    }
    if (kept.n == 0 && !kept.over) /* offline_access alone must not become an unscoped token */
        REFUSE(INVALID_SCOPE, "offline_access is only for requests with the scope openid, from clients that use refresh tokens.",
               "scope: nothing is left of it");
    return buf_done(&kept, granted);
}

fallible scope_grant_own(const struct context *ctx, const struct db_client *client, str asked, str *granted)
{
    str clean = STR(""), word;
    if (str_filled(asked))
        TRY(tidy_scope_words(ctx->arena, asked, &clean));
    if (clean.n == 0)
        return own_list(ctx, client, is_personal_scope, granted);
    for (str rest = clean; str_next(&rest, ' ', &word);) {
        if (is_personal_scope(cache_scope(ctx->snapshot, word)))
            REFUSE(INVALID_SCOPE, "Scopes such as openid, profile and view-own-profile are about a user, and a client's own token has no user.",
                   "scope: about a person, without one");
        TRY(judge_word(ctx, client, STR_ABSENT, word));
    }
    *granted = clean;
    return OK;
}

fallible scope_reach(const struct context *ctx, const struct db_client *client, str resources, str scope, str *reach)
{
    str word;
    struct buf out = buf_new(ctx->arena, scope.n + 1);
    for (str rest = scope; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (word.n > 0 && may_have(ctx, client, resources, word))
            buf_word(&out, word);
    return buf_done(&out, reach);
}

fallible scope_union(struct arena *a, str one, str other, str *both)
{
    str word;
    struct buf out = buf_new(a, one.n + other.n + 2);
    if (str_filled(one))
        buf_add(&out, one);
    for (str rest = other; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (word.n > 0 && !str_has_word((str){out.p, out.n}, word))
            buf_word(&out, word);
    return buf_done(&out, both);
}

fallible scope_common(struct arena *a, str words, str whole, str *common)
{
    struct buf out = buf_new(a, words.n + 1);
    str word;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);) {
        if (!str_has_word(whole, word))
            continue;
        buf_word(&out, word);
    }
    return buf_done(&out, common);
}

bool scope_within(str words, str whole)
{
    str word;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (word.n > 0 && !str_has_word(whole, word))
            return false;
    return true;
}

fallible scope_refresh(const struct context *ctx, const struct db_client *client, str whole, str asked, str *narrowed)
{
    str clean = STR(""), word;
    if (str_filled(asked))
        TRY(tidy_scope_words(ctx->arena, asked, &clean));
    bool openid = str_has_word(clean, STR("openid"));
    struct buf kept = buf_new(ctx->arena, clean.n + 1);
    for (str rest = clean; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (str_has_word(whole, word) || !left_out(ctx, client, openid, word))
            buf_word(&kept, word);
    if (clean.n > 0 && kept.n == 0 && !kept.over)
        REFUSE(INVALID_SCOPE, "None of the requested scopes was granted.", "scope: nothing is left of it");
    TRY(buf_done(&kept, &clean));
    return scope_narrow(ctx->arena, whole, clean, narrowed);
}

fallible scope_narrow(struct arena *a, str whole, str asked, str *narrowed)
{
    str clean = STR("");
    if (str_filled(asked))
        TRY(tidy_scope_words(a, asked, &clean));
    if (clean.n == 0) {
        *narrowed = whole;
        return OK;
    }
    if (!scope_within(clean, whole)) /* RF-06 */
        REFUSE(INVALID_SCOPE, "A refresh may narrow the scopes that were granted, never widen them.", "scope: wider than the grant");
    *narrowed = clean;
    return OK;
}
