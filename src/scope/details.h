/* SPDX-License-Identifier: MIT
 * details: authorization_details (RFC 9396): what a client may do for a person, in so many words. */
#ifndef JETON_SCOPE_DETAILS_H
#define JETON_SCOPE_DETAILS_H
#include "context/authority.h"
enum { DETAILS_MAX = 16 /* objects */, DETAILS_BYTES_MAX = 8192 };
/* Strict: a list of 1..16 objects, each of a type that is registered here and in the client's list, with the common members (2.2) in
 * their right form and beyond them only what the type lists. *details: the same, compact, for db_authorization.details. text absent: absent.
 * INVALID_AUTHORIZATION_DETAILS. */
fallible details_read(const struct context *ctx, const struct db_client *client, str text, str *details);
/* What the client may still ask for of details that were granted: types of its list that are defined. Absent: nothing. */
fallible details_reach(const struct context *ctx, const struct db_client *client, str granted, str *reach);
struct details_fact {
    str label, value; /* for people; value is text of the request: escape it */
};
struct details_words { /* one object */
    str description;
    struct details_fact *facts;
    size_t count;
};
/* What details_read gave, for the consent page (CO-02). A type that was removed meanwhile: INVALID_AUTHORIZATION_DETAILS. */
fallible details_show(const struct context *ctx, str details, struct details_words **rows, size_t *count);
#endif
