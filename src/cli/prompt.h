/* SPDX-License-Identifier: MIT
 * prompt: secrets by standard input, never by argv (ST-05). */
#ifndef JETON_CLI_PROMPT_H
#define JETON_CLI_PROMPT_H
#include "base/str.h"
/* One line of standard input without its line feed (and a carriage return before it). Not a byte more is read. INVALID_REQUEST
 * when it is empty, too long or holds a NUL; UNAVAILABLE when reading fails. */
fallible prompt_line(struct arena *a, str *line);
/* Can a person be asked: standard input and standard error are a terminal? */
bool prompt_possible(void);
/* Asks on standard error and reads without echo. ACCESS_DENIED when the person gives up (Ctrl-C, Ctrl-D). */
fallible prompt_hidden(struct arena *a, const char *question, str *line);
/* Twice, and both must be equal. */
fallible prompt_fresh(struct arena *a, const char *question, str *line);
#endif
