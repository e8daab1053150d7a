/* SPDX-License-Identifier: MIT
 * userinfo: a scope is a list of claims (OpenID Connect Core 5.4), and one table says which; the claims parameter adds single ones (5.5).
 * Relies on the token to carry what was agreed to, so that no disk is asked for more than the person, and on user/user for the
 * right type of each stored claim. Promises that nothing is told that scope or claims parameter did not ask for (AT-15), and that `sub`
 * is the very one of the ID token. */
#include "resource/userinfo.h"
#include "codec/json_writer.h"
#include "client/signing.h"
#include "client/subject.h"
#include "token/jws.h"
#include "token/permit.h"
#include "base/banned.h"

/* clang-format off */
static const struct {
    const char *scope;
    const char *words;
} lists[] = {
    {"profile", "name family_name given_name middle_name nickname preferred_username profile picture website gender birthdate"
                    " zoneinfo locale updated_at"},
    {"email",   "email email_verified"},
    {"address", "address"},
    {"phone",   "phone_number phone_number_verified"},
};
/* clang-format on */
enum { LISTS = sizeof lists / sizeof lists[0] };

static bool is_standard_claim(str name)
{
    bool known = false;
    for (size_t i = 0; i < LISTS && !known; i++)
        known = str_has_word(str_of(lists[i].words), name);
    return known;
}

fallible userinfo_asked(struct arena *a, str claims, const char *place, str *words)
{
    json *asked;
    void *at = NULL;
    str name;
    const json *ignored;
    struct buf out = buf_new(a, PERMIT_CLAIMS_MAX);
    if (!str_filled(claims)) {
        *words = STR_ABSENT;
        return OK;
    }
    TRY(json_parse(a, claims, &asked));
    const json *list = json_member(asked, place);
    while (list && json_is_object(list) && json_each(list, &at, &name, &ignored))
        if (is_standard_claim(name)) /* others are not known here and need not be told (5.5.1) */
            buf_word(&out, name);
    if (out.n == 0) {
        *words = STR_ABSENT;
        return OK;
    }
    return buf_done(&out, words);
}

static bool tells_claim(str scope, str claim)
{
    for (size_t i = 0; i < LISTS; i++)
        if (str_has_word(scope, str_of(lists[i].scope)) && str_has_word(str_of(lists[i].words), claim))
            return true;
    return false;
}

fallible userinfo_within(struct arena *a, str claims, str scope, str *words)
{
    str word;
    struct buf out = buf_new(a, PERMIT_CLAIMS_MAX);
    for (str rest = claims; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (word.n > 0 && tells_claim(scope, word))
            buf_word(&out, word);
    *words = STR_ABSENT;
    return out.n > 0 || out.over ? buf_done(&out, words) : OK;
}

fallible userinfo_of_id_token(struct arena *a, str scope, str listed, str asked, str *words)
{
    enum { WORDS_BYTES = 1024 }; /* every standard claim, and what was asked */
    struct buf out = buf_new(a, WORDS_BYTES + PERMIT_CLAIMS_MAX);
    bool all = str_has_word(listed, STR("scopes"));
    str word;
    if (!str_filled(listed)) {
        *words = asked;
        return OK;
    }
    if (str_filled(asked))
        buf_add(&out, asked);
    for (size_t i = 0; i < LISTS; i++) {
        if (!str_has_word(scope, str_of(lists[i].scope)))
            continue;
        for (str rest = str_of(lists[i].words); str_next(&rest, ' ', &word);)
            if ((all || str_has_word(listed, word)) && !str_has_word((str){out.p, out.n}, word))
                buf_word(&out, word);
    }
    return buf_done(&out, words);
}

/* Those that have a column of their own, and those that follow from another. */
static bool put_own(struct arena *a, const struct db_user *user, str name, json *into)
{
    if (str_is(name, "name") && str_filled(user->full_name))
        json_put_text(a, into, "name", user->full_name);
    else if (str_is(name, "preferred_username"))
        json_put_text(a, into, "preferred_username", user->username);
    else if (str_is(name, "email") && str_filled(user->email))
        json_put_text(a, into, "email", user->email);
    else if (str_is(name, "updated_at"))
        json_put_integer(a, into, "updated_at", user->updated_at);
    else
        return false;
    return true;
}

/* Not said to be verified is not verified, once there is something to verify. */
static void put_verified(struct arena *a, const struct db_user *user, str name, json *into, const json *stored)
{
    if (str_is(name, "email_verified") && str_filled(user->email))
        json_put_boolean(a, into, "email_verified", false);
    else if (str_is(name, "phone_number_verified") && json_member(stored, "phone_number"))
        json_put_boolean(a, into, "phone_number_verified", false);
}

fallible userinfo_put(struct arena *a, const struct db_user *user, str words, json *into)
{
    json *stored = NULL;
    str name;
    if (str_filled(user->claims) && (FAILED(json_parse(a, user->claims, &stored)) || !json_is_object(stored)))
        FAIL(SERVER_ERROR, "userinfo: the stored claims are no object");
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &name);) {
        const char *z = str_z(a, name);
        if (!z)
            FAIL(UNAVAILABLE, "userinfo: no memory");
        const json *value = json_member(stored, z);
        if (put_own(a, user, name, into))
            continue;
        if (value && !json_is_nothing(value))
            json_put(a, into, z, (json *)(uintptr_t)value); /* shared: the arena ends both */
        else
            put_verified(a, user, name, into, stored);
    }
    return OK;
}

fallible userinfo_scoped(struct arena *a, const struct actor *actor, json *into)
{
    for (size_t i = 0; i < LISTS; i++)
        if (str_has_word(actor->scope, str_of(lists[i].scope)))
            TRY(userinfo_put(a, actor->user, str_of(lists[i].words), into));
    return userinfo_put(a, actor->user, actor->userinfo_claims, into);
}

/* `sub` always, and from us (5.3.2): it is none of the claims that scopes tell. */
static fallible write_userinfo_claims(struct context *ctx, const struct actor *actor, struct json_writer *w)
{
    str sub;
    json *claims = json_object_new(ctx->arena);
    TRY(userinfo_scoped(ctx->arena, actor, claims));
    TRY(subject_of(ctx, actor->client, actor->user, &sub));
    json_write_object(w, NULL);
    json_write_members(w, claims);
    json_write_text(w, "sub", sub);
    return OK;
}

static fallible sign_userinfo(struct context *ctx, const struct actor *actor, struct json_writer *w, struct userinfo_answer *answer)
{
    enum sign_alg alg;
    TRY(signing_alg(ctx, actor->client, actor->client->metadata.userinfo_signed_response_alg, &alg));
    if (signing_is_slow(alg) && cache_is_inline())
        return ERR(ELSEWHERE, "userinfo: a signature takes long");
    json_write_text(w, "iss", ctx->authority->issuer); /* 5.3.2 */
    json_write_text(w, "aud", actor->client->id);
    json_write_end(w);
    TRY(json_writer_done(w, &answer->text));
    return jws_sign(ctx->arena, ctx->keys, alg, NULL, answer->text, &answer->jwt); /* no typ: never taken for an ID token (AT-04) */
}

fallible userinfo_tell(struct context *ctx, const struct actor *actor, struct userinfo_answer *out)
{
    struct userinfo_answer answer = {0};
    struct json_writer w = json_writer_new(ctx->arena);
    if (actor->kind != ACTOR_USER) /* TE-08 */
        REFUSE(INVALID_TOKEN, "This access token belongs to a client, not to a user.", "userinfo: a client's own token");
    if (!str_has_word(actor->scope, STR("openid"))) /* OpenID Connect Core 5.3.1 */
        REFUSE(INSUFFICIENT_SCOPE, "The access token lacks the scope openid.", "userinfo: no openid scope");
    TRY(write_userinfo_claims(ctx, actor, &w));
    answer.is_signed = actor->client && str_filled(actor->client->metadata.userinfo_signed_response_alg);
    if (answer.is_signed) {
        TRY(sign_userinfo(ctx, actor, &w, &answer));
    } else {
        json_write_end(&w);
        TRY(json_writer_done(&w, &answer.text));
    }
    *out = answer;
    return OK;
}
