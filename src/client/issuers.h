/* SPDX-License-Identifier: MIT
 * issuers: whose assertions this server takes as grants (RFC 7523 2.1). The only code that changes them. */
#ifndef JETON_CLIENT_ISSUERS_H
#define JETON_CLIENT_ISSUERS_H
#include "context/actor.h"
#include "context/problem.h"
#include "store/table/db_issuer.h"
struct issuer_edit {
    str issuer;         /* 1..2000 visible ASCII characters */
    str jwks, jwks_uri; /* exactly one; the address is https */
    str subject_is;     /* user_id, username, email, client */
    str clients;        /* lines, each known, at least one */
    str scopes;         /* words, each known, at least one */
    int64_t life_max;   /* 10..86400 seconds */
};
/* An administrator or the command line. CONFLICT: there already; UNPROCESSABLE with problems. */
fallible issuers_add(struct context *ctx, const struct actor *by, const struct issuer_edit *edit, struct problems *p);
fallible issuers_list(struct context *ctx, const struct actor *by, struct db_issuer **rows, size_t *count);
fallible issuers_remove(struct context *ctx, const struct actor *by, str issuer, bool *removed);
#endif
