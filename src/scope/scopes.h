/* SPDX-License-Identifier: MIT
 * scopes: what the administrator defines: scopes and resources. */
#ifndef JETON_SCOPE_SCOPES_H
#define JETON_SCOPE_SCOPES_H
#include "context/actor.h"
#include "context/problem.h"
/* Name: RFC 6749 3.3 scope-token, 1..128; description 1..255 without controls. */
fallible scopes_add(struct context *ctx, const struct actor *by, str name, str description, struct problems *p);
fallible scopes_remove(struct context *ctx, const struct actor *by, str name, bool *removed); /* built-in ones: UNPROCESSABLE */
/* Checks a list of scope words: form, count ≤ 64, each known; duplicates folded; words sorted as given. */
fallible scopes_known(const struct context *ctx, str words, const char *field, struct problems *p);
struct resource_edit {
    str uri, name, token_format, alg, client_id; /* uri: absolute, no fragment (RFC 8707 2); token_format jwt (default) or sealed */
    str scopes; /* words: the service's own, each defined with scopes_add; absent: none. Software that registers itself may ask for them. */
};
fallible scopes_resource_add(struct context *ctx, const struct actor *by, const struct resource_edit *edit, struct problems *p);
/* The name and the scopes of a registered resource; absent: as they are. NOT_FOUND. */
fallible scopes_resource_edit(struct context *ctx, const struct actor *by, const struct resource_edit *edit, struct problems *p);
fallible scopes_resource_remove(struct context *ctx, const struct actor *by, str uri, bool *removed);
/* identity, own (the person's own account), server (permissions over others' things), service (defined by an administrator). */
const char *scopes_kind(const struct db_scope *scope);
/* May it ask for any scope that people may grant (never for permissions over this server, which stand in its list or nowhere)? Else for
 * those of its list only. Software that registered itself never may. */
bool scopes_any(const struct db_client *client);
#endif
