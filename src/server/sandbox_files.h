/* SPDX-License-Identifier: MIT
 * sandbox_files: which files the serving process can reach at all (AV-09): everything below the data folder; for reading what libraries
 * need and the folders of the files that settings name; nothing else, and nothing for execution. */
#ifndef JETON_SERVER_SANDBOX_FILES_H
#define JETON_SERVER_SANDBOX_FILES_H
#include "base/err.h"
#include "config/settings.h"
/* For the calling thread and those that it makes: call it before the first one. Makes the data folder when it is missing; one that cannot
 * be had is left for store_open to name. *version: Landlock's; 0: this kernel has none, and nothing is fenced. UNAVAILABLE when a kernel that
 * has it refuses, or the arena fails. */
fallible sandbox_files(struct arena *a, const struct settings *s, int *version);
/* Does this row name a file that is there and may not be read? */
bool sandbox_files_hides(struct arena *a, const struct settings *s, size_t row);
#endif
