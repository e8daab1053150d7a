/* SPDX-License-Identifier: MIT
 * resource: which services a request is for: the `resource` parameter of RFC 8707, which may be there several times. A set of services is kept
 * as words: the URIs as registered, this server by its issuer; absent: this server alone. */
#ifndef JETON_SCOPE_RESOURCE_H
#define JETON_SCOPE_RESOURCE_H
#include "context/authority.h"
#include "codec/form.h"
enum { RESOURCES_MAX = 8 };
/* Of an authorization (2.1): each must be registered here, exactly but for the slash of an empty path (AZ-23), or be this server. INVALID_TARGET, for all of them. */
fallible resource_words(const struct context *ctx, const struct form *f, str *words);
/* Of a request that is answered by one token at once: the same one however often it is named; different ones: INVALID_TARGET. NULL: this server. */
fallible resource_one(const struct context *ctx, const struct form *f, const struct db_resource **resource);
/* Of a token request under a grant (2.2) that was given for `granted`: the one that it names, which must be among them; unnamed: the one that
 * there is. INVALID_TARGET. *resource is a URI as registered; absent: this server. */
fallible resource_pick(const struct context *ctx, const struct form *f, str granted, str *resource);
/* Does it name any? */
bool resource_named(const struct form *f);
/* By URI; absent, empty and this server's own: NULL. INVALID_TARGET. */
fallible resource_find(const struct context *ctx, str uri, const struct db_resource **resource);
/* Does one of these services carry this word among its scopes? */
bool resource_carries(const struct context *ctx, str words, str scope);
#endif
