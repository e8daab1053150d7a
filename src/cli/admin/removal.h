/* SPDX-License-Identifier: MIT
 * removal: `jeton NOUN remove NAME` for what administrators define by name: scopes, resources, types of details, issuers. */
#ifndef JETON_CLI_ADMIN_REMOVAL_H
#define JETON_CLI_ADMIN_REMOVAL_H
#include "cli/command.h"
#include "context/actor.h"
struct removal {
    const char *noun, *thing, *member; /* thing: in a sentence; member: what its name is called in JSON */
    err (*remove)(struct context *ctx, const struct actor *by, str name, bool *removed);
    const char *more; /* a further sentence for people, beginning with a space; "" for none */
};
/* The exit status. Refused when there is none of that name. */
int removal_run(struct command_call *call, const struct removal *what);
#endif
