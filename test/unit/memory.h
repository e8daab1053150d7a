/* SPDX-License-Identifier: MIT
 * memory: does a secret stand in this process's own memory? The search keeps it masked, so that it does not find itself. */
#ifndef JETON_TEST_MEMORY_H
#define JETON_TEST_MEMORY_H
#include "base/str.h"
enum { MEMORY_SECRET = 32 };
/* What is searched for from now on: these bytes, or those of a file, masked as they are read. */
void memory_want(const uint8_t secret[MEMORY_SECRET]);
void memory_want_file(const char *path);
/* The same in the clear, to prove that the search finds what is there. */
void memory_plant(uint8_t out[MEMORY_SECRET]);
/* How often its first or its second half stands in writable memory; *looked: how many bytes were searched. */
size_t memory_copies(size_t *looked);
#endif
