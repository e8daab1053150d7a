/* SPDX-License-Identifier: MIT
 * redirect_rules: which addresses may be registered as places to which a browser is sent with an answer or after a logout (RFC 6749
 * 3.1.2, RFC 8252 7; RU-03, RU-04, RU-07, RU-12, RU-13), and what an administrator should know of those that may. */
#ifndef JETON_CLIENT_REDIRECT_RULES_H
#define JETON_CLIENT_REDIRECT_RULES_H
#include "codec/json.h"
#include "client/client.h"
/* What is allowed beyond https, this machine, and schemes that are reversed domain names. All zero: nothing. */
struct redirect_leave {
    str schemes;       /* words: the setting redirect_schemes, for every client */
    bool any_scheme;   /* the client's redirect_custom_schemes */
    bool private_http; /* the client's redirect_private_http */
};
/* Of a client as it will be; before NULL: a new one. An edit says what it changes (NULL: nothing). */
struct redirect_leave redirect_rules_leave(const struct context *ctx, const struct db_client *before, const struct client_edit *edit);
/* NULL when it may be registered, else a sentence that says why not. */
const char *redirect_rules_refuse(struct arena *a, str uri, const struct redirect_leave *leave);
/* The same as a whole sentence that names the address; absent when it may be registered. */
str redirect_rules_problem(struct arena *a, str uri, const struct redirect_leave *leave);
/* False when it may be registered, else the same as a message. */
bool redirect_rules_message(struct arena *a, str uri, const struct redirect_leave *leave, struct message *out);
/* Would it be allowed without any leave? What is not is not for clients that a profile binds (PROFILE_RULE_REDIRECT_FIT). */
bool redirect_rules_usual(str uri);
bool redirect_rules_all_usual(str lines);
bool redirect_rules_scheme(str scheme); /* may the setting name it? */
/* What to mind about the registered addresses: a list of sentences, empty when there is nothing. */
json *redirect_rules_warnings(struct arena *a, const struct db_client *client);
#endif
