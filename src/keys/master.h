/* SPDX-License-Identifier: MIT
 * master: DIR/master.key, 32 random bytes from which everything is derived that must not lie in the database. Private to keys/, and held only
 * while a store is opened (keys/keys). */
#ifndef JETON_KEYS_MASTER_H
#define JETON_KEYS_MASTER_H
#include "base/str.h"
enum { MASTER_SIZE = 32 };
struct master {
    uint8_t bytes[MASTER_SIZE]; /* wiped by whoever holds it, with digest_forget after the last use */
};
/* MAKE: makes the file when there is none, whole or not at all. SERVER_ERROR with a telling `say` when it is missing, damaged, no regular file
 * or open to others (ST-03); zeros then. */
enum master_how { MASTER_READ = 1, MASTER_MAKE };
fallible master_read(const char *directory, enum master_how how, struct master *out);
#endif
