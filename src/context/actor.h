/* SPDX-License-Identifier: MIT
 * actor: who asks, and what they may (contract 6). The command line is the machine's owner and may all; a person has permissions, an
 * administrator all of them; a token narrows them to its scopes; a client's own token has its scopes alone. */
#ifndef JETON_CONTEXT_ACTOR_H
#define JETON_CONTEXT_ACTOR_H
#include "context/authority.h"
/* OWNER: the command line; SOFTWARE: an application that registers itself, which may make, change and remove clients, and nothing else */
enum actor_kind { ACTOR_NOBODY = 0, ACTOR_OWNER, ACTOR_USER, ACTOR_CLIENT, ACTOR_SOFTWARE };
enum actor_way { ACTOR_BY_NOTHING = 0, ACTOR_BY_SESSION, ACTOR_BY_TOKEN, ACTOR_BY_PERSONAL_TOKEN };
struct actor {
    enum actor_kind kind;
    enum actor_way way;
    const struct db_user *user;     /* PERSON */
    const struct db_client *client; /* CLIENT, and PERSON by token: the token's client; NULL by personal token */
    str scope;                      /* of the token */
    bool unscoped;                  /* a token without scopes that reads what its person may read */
    bool unscoped_full;             /* such a token that acts with all of the person's permissions */
    int64_t session;                /* number; BY_SESSION */
    unix_time auth_time, expires_at;
    str token_id;        /* jti or personal token id */
    str userinfo_claims; /* words: what its token asks of userinfo beyond its scope; absent: nothing */
};
extern const struct actor actor_owner, actor_software;
/* Permission words: view-users create-users edit-users delete-users view-auth_clients … (the built-in scopes). */
bool actor_may(const struct actor *actor, const char *permission);
bool actor_is_admin(const struct actor *actor);                /* an administrator, with a token or session that is not narrowed */
bool actor_is(const struct actor *actor, int64_t user_number); /* this very person */
/* Does the way they came in reach as far as this word, whatever the person has? A session always; a token by its scope; an unscoped one for
 * view- words, or for all of them. A client's own token by its scope. */
bool actor_reaches(const struct actor *actor, str word);
/* This very person, and the way they come reaches the word: what people may do for themselves (view-own-profile …). */
bool actor_may_self(const struct actor *actor, int64_t user_number, const char *own);
/* An unscoped token, or a session, that acts with all of the person's permissions. */
bool actor_is_full(const struct actor *actor);
/* The password was given within policy.reauthentication: what sensitive steps ask for (PT-03, LS-13). */
bool actor_recent(const struct context *ctx, const struct actor *actor);
/* For events: user id, client:<id>, "command line"; absent for nobody. Borrowed: good until this thread's next call. */
str actor_name(const struct actor *actor);
#endif
