/* SPDX-License-Identifier: MIT
 * pat: personal access tokens: made by the person (with a fresh password: PT-03), by an administrator or the command line; revoked by
 * the person or edit-users. */
#ifndef JETON_USER_PAT_H
#define JETON_USER_PAT_H
#include "context/actor.h"
#include "context/problem.h"
struct pat_edit {
    str user;           /* public id */
    str name;           /* 1..255, needed */
    str scopes;         /* words, each known */
    int64_t expires_in; /* seconds; 0: the default; more than the policy's longest is a problem */
    str dpop_jkt;       /* thumbprint of the key that must prove each use (RFC 9449; RFC 7638 with SHA-256); empty or absent: none */
};
struct pat_made {
    struct db_pat pat;
    str token; /* raw, shown once */
};
fallible pat_add(struct context *ctx, const struct actor *by, const struct pat_edit *edit, struct problems *p, struct pat_made *out);
fallible pat_list(struct context *ctx, const struct actor *by, str user, const struct db_page *page, struct db_pat_rows *out);
fallible pat_get(struct context *ctx, const struct actor *by, str user, str id, struct db_pat **out); /* NULL: none */
fallible pat_revoke(struct context *ctx, const struct actor *by, str user, str id, bool *revoked);    /* user absent: any (command line, admin) */
#endif
