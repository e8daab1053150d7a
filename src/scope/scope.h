/* SPDX-License-Identifier: MIT
 * scope: words of RFC 6749 3.3: form, what a client may ask for, narrowing. */
#ifndef JETON_SCOPE_SCOPE_H
#define JETON_SCOPE_SCOPE_H
#include "scope/scopes.h"
enum { SCOPE_WORDS_MAX = 64, SCOPE_BYTES_MAX = 2048 };
/* What a client may have in a person's name, for these services (words of scope/resource; absent: this server): software that registered itself
 * may also have what the services carry. Asked absent or blank: its own list without the identity scopes (openid, profile …). Each word
 * must be known and in its list; a client with an empty list may ask for the identity scopes: INVALID_SCOPE whose `say` tells how to mend
 * it (AZ-15). With openid among them unknown words are left out instead (OpenID Connect Core 3.1.2.2), and offline_access goes when the
 * client has no refresh tokens (there 11) or openid is missing. Result in the order asked, without repeats. */
fallible scope_grant(const struct context *ctx, const struct db_client *client, str resources, str asked, str *granted);
/* What a client may have in its own name: the same without identity scopes, for there is no person. */
fallible scope_grant_own(const struct context *ctx, const struct db_client *client, str asked, str *granted);
/* The words of `scope` that this client may have in a token for these services: an administrator may have taken some away since, and what one
 * service carries is not for another. */
fallible scope_reach(const struct context *ctx, const struct db_client *client, str resources, str scope, str *reach);
/* The words of both, each once. */
fallible scope_union(struct arena *a, str one, str other, str *both);
/* RFC 6749 6: every word of `asked` is in `whole`; asked absent: all. INVALID_SCOPE. */
fallible scope_narrow(struct arena *a, str whole, str asked, str *narrowed);
/* The words of `words` that are in `whole` too. */
fallible scope_common(struct arena *a, str words, str whole, str *common);
/* A refresh: `asked` of what was granted. What scope_grant leaves out of a request is left out here too, so that a client may send the words of
 * its request again; any other word beyond the grant is INVALID_SCOPE (RF-06). */
fallible scope_refresh(const struct context *ctx, const struct db_client *client, str whole, str asked, str *narrowed);
bool scope_within(str words, str whole);
#endif
