/* SPDX-License-Identifier: MIT
 * client_rules: what a client application may be: redirect URIs, the fit of its parts. Private to client. */
#ifndef JETON_CLIENT_CLIENT_RULES_H
#define JETON_CLIENT_CLIENT_RULES_H
#include "client/client.h"
struct client_rules_draft {
    struct context *ctx;
    const struct actor *by;
    const struct client_edit *edit;
    struct problems *problems;
    const struct db_client *before; /* NULL: a new one */
    struct db_client *next;         /* starts as a copy of before; filled in */
};
/* Everything but id, uniqueness of the name, and the secret. Problems are collected; INSUFFICIENT_SCOPE, UNAVAILABLE otherwise.
 */
fallible client_rules_apply(struct client_rules_draft *d);
enum { CLIENT_RULES_URIS_MAX = 20 };
/* NULL when any client may register it, else a sentence that says why not (RU-03, RU-04, RU-07); what one client may besides:
 * redirect_rules. */
const char *client_rules_redirect(struct arena *a, str uri);
/* NULL when fit for a secret, else a sentence. */
const char *client_rules_secret(str secret);
/* Whose rights go beyond the actor's: a first-party client (no consent is asked), or one that acts as itself with permissions
 * that the actor lacks. Only an administrator may make, change or renew those. */
bool client_rules_beyond(const struct context *ctx, const struct actor *by, const struct db_client *client);
#endif
