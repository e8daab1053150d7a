/* SPDX-License-Identifier: MIT
 * userinfo: which claims of a person a client is told, and where from (OpenID Connect Core 5). */
#ifndef JETON_RESOURCE_USERINFO_H
#define JETON_RESOURCE_USERINFO_H
#include "codec/json.h"
#include "context/actor.h"
/* The standard claims that the claims parameter (JSON text; absent: none) asks of "userinfo" or "id_token", as words, each once. */
fallible userinfo_asked(struct arena *a, str claims, const char *place, str *words);
/* Those of these claims that one of the scopes tells. */
fallible userinfo_within(struct arena *a, str claims, str scope, str *words);
/* Of the claims that these scopes tell, those that a client's ID tokens tell too (its id_token_claims), beside `asked`, each once. */
fallible userinfo_of_id_token(struct arena *a, str scope, str listed, str asked, str *words);
/* Adds the person's claims of these names to an object; what the person does not have is left out (5.3.2). */
fallible userinfo_put(struct arena *a, const struct db_user *user, str words, json *into);
struct userinfo_answer {
    str text; /* the claims, JSON */
    bool is_signed;
    str jwt; /* when it is signed */
};
/* Adds the claims that the token's scopes (profile, email, address, phone) and its claims parameter tell, without sub. */
fallible userinfo_scoped(struct arena *a, const struct actor *actor, json *into);
/* The whole answer for this token. INVALID_TOKEN: a client's own token (TE-08); INSUFFICIENT_SCOPE: without openid; ELSEWHERE. */
fallible userinfo_tell(struct context *ctx, const struct actor *actor, struct userinfo_answer *out);
#endif
