/* SPDX-License-Identifier: MIT
 * metadata_rules: judges registered metadata, member by member and each against the others. */
#ifndef JETON_CLIENT_METADATA_RULES_H
#define JETON_CLIENT_METADATA_RULES_H
#include "client/client_rules.h"
/* What the edit asks for into d->next->metadata; its columns (auth_method, grants, redirect_uris) are already judged. Problems are
 * collected; UNAVAILABLE when memory ends. */
fallible metadata_rules_apply(struct client_rules_draft *d);
/* Why a member cannot have this value, whatever the others are, to follow its name (arena memory). NULL: it can; so can empty. */
const char *metadata_rules_refuses(struct arena *a, size_t member, str value);
/* What it said, or what metadata_value_read said, as a message. The first argument is the member's name. */
struct message metadata_rules_message(size_t member, const char *why);
bool metadata_rules_by_secret(str alg); /* an algorithm of client_secret_jwt */
#endif
