/* SPDX-License-Identifier: MIT
 * keys_internal: what the files of keys/ need of each other. Private to keys/. */
#ifndef JETON_KEYS_KEYS_INTERNAL_H
#define JETON_KEYS_KEYS_INTERNAL_H
#include "keys/keys.h"
/* The one place that holds the master key: reads or makes it, derives the keeper, seals anew what hangs on it (at_rest), wipes it. The caller
 * frees the keeper. Errors as keys_open. */
fallible keys_take_master(struct store *store, const char *directory, struct keeper **out);
#endif
