/* SPDX-License-Identifier: MIT
 * consent: what people have allowed: the applications' grants that /account and /api/1.0/grants show and end (CO-04). */
#ifndef JETON_AUTHORIZE_CONSENT_H
#define JETON_AUTHORIZE_CONSENT_H
#include "context/actor.h"
#include "store/table/db_authorization.h"
struct consent_question {
    str scope, redirect_uri;
    str resources; /* words of scope/resource; absent: this server alone */
    bool forced;   /* prompt=consent */
};
/* Must this be asked? Everything already agreed to, by a client whose identity is sure (CO-01): false. */
fallible consent_needed(struct context *ctx, const struct db_client *client, int64_t user_number, const struct consent_question *q, bool *needed);
/* What a yes is remembered as: its scopes, each for the service that it was asked for, and a word of its own for a request without scopes, which
 * reaches what no scope does. */
fallible consent_words(struct context *ctx, const struct db_client *client, str scope, str resources, str *words);
/* The scopes among remembered words that were agreed to for this service (NULL: this server), or for this server, which hands on what it may have
 * itself; empty: nothing in particular; absent: nothing was agreed to. */
fallible consent_scope(struct context *ctx, str words, const struct db_resource *resource, str *scope);
/* May they see what this person has allowed: the person, with a token that reaches view-own-authorizations, or an administrator? */
bool consent_may_see(const struct actor *by, int64_t user_number);
/* INSUFFICIENT_SCOPE where they may not. */
fallible consent_authorizations(struct context *ctx, const struct actor *by, int64_t user_number, struct db_authorization **rows, size_t *count);
/* The same summed up by application and scope (db_authorization_applications), so that none is missing behind many of another one. */
fallible consent_applications(struct context *ctx, const struct actor *by, int64_t user_number, struct db_authorization **rows, size_t *count);
/* One grant: access and refresh tokens end at once. The person, with a token that reaches
 * delete-own-authorizations, or an administrator. */
fallible consent_revoke_authorization(struct context *ctx, const struct actor *by, str authorization_id, bool *revoked);
/* The same, of this person alone. */
fallible consent_revoke_of(struct context *ctx, const struct actor *by, int64_t user_number, str authorization_id, bool *revoked);
/* All of a person's grants to a client, and the remembered consent. */
fallible consent_revoke_client(struct context *ctx, const struct actor *by, int64_t user_number, str client_id);
#endif
