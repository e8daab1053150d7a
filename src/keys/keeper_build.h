/* SPDX-License-Identifier: MIT
 * keeper_build: a keeper's beginning and end, and what only the master key can do. Private to keys/. */
#ifndef JETON_KEYS_KEEPER_BUILD_H
#define JETON_KEYS_KEEPER_BUILD_H
#include "keys/keeper.h"
#include "keys/master.h"
fallible keeper_new(const struct master *master, struct keeper **out); /* UNAVAILABLE without memory */
void keeper_free(struct keeper *k);                                    /* wipes; NULL: nothing */
/* Opens what was sealed under the master key itself, as versions up to 0.1.0 did. SERVER_ERROR when it was not. */
fallible keeper_open_early(const struct master *master, struct arena *a, const struct keeper_label *label, str sealed, str *plain);
#endif
