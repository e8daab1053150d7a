/* SPDX-License-Identifier: MIT
 * details_types: the types of authorization details (RFC 9396 2) that clients may be allowed to ask for. */
#ifndef JETON_SCOPE_DETAILS_TYPES_H
#define JETON_SCOPE_DETAILS_TYPES_H
#include "context/actor.h"
#include "context/problem.h"
enum { DETAILS_TYPES_FIELDS_MAX = 32 };
struct details_edit {
    str type;        /* 1..128 visible ASCII characters without space, quotes and backslashes */
    str description; /* 1..255 characters: what people read when they are asked to agree */
    str fields;      /* `name:words;name:words`: members beyond type, locations, actions, datatypes, identifier, privileges */
};
fallible details_types_add(struct context *ctx, const struct actor *by, const struct details_edit *edit, struct problems *p);
fallible details_types_remove(struct context *ctx, const struct actor *by, str type, bool *removed);
#endif
