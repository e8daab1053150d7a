/* SPDX-License-Identifier: MIT
 * serve: the server itself. */
#ifndef JETON_SERVER_SERVE_H
#define JETON_SERVER_SERVE_H
#include "config/settings.h"
/* Serves until SIGTERM or SIGINT, then drains. The settings are loaded and judged. Prints `jeton ready on ISSUER` on standard
 * output once it answers. Everything that must live as long as the process comes from `arena`. The exit status: 0 after a clean
 * end, 1 when it could not start or had to give up (one line on standard error says why). */
int serve_run(const struct settings *settings, struct arena *arena);
#endif
