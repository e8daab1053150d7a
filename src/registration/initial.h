/* SPDX-License-Identifier: MIT
 * initial: initial access tokens, made and removed by administrators: what lets software register itself (RFC 7591 3). */
#ifndef JETON_REGISTRATION_INITIAL_H
#define JETON_REGISTRATION_INITIAL_H
#include "context/actor.h"
#include "context/problem.h"
#include "store/table/db_initial.h"
struct initial_edit {
    str label, grants, scopes; /* words; absent: what the settings say */
    int64_t uses, life;        /* uses 0: without limit; life in seconds, 0: for ever */
};
struct initial_made {
    struct db_initial *row;
    str token; /* shown this once */
};
fallible initial_add(struct context *ctx, const struct actor *by, const struct initial_edit *edit, struct problems *p, struct initial_made *out);
fallible initial_list(struct context *ctx, const struct actor *by, struct db_initial_rows *out);
fallible initial_remove(struct context *ctx, const struct actor *by, str id); /* NOT_FOUND */
#endif
