/* SPDX-License-Identifier: MIT
 * migrations: the numbered steps of the schema, embedded. The list in migrations.c is their one place. */
#ifndef JETON_STORE_MIGRATIONS_H
#define JETON_STORE_MIGRATIONS_H
#include <stddef.h>
#include <stdint.h>
size_t migrations_count(void);
int64_t migrations_version(size_t i);  /* 1, 2, … without a gap */
const char *migrations_text(size_t i); /* NULL past the last */
#endif
