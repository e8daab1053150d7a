/* SPDX-License-Identifier: MIT
 * sandbox_ports: to which TCP ports the serving process can connect at all (AV-09): those of outgoing_ports, of the database, and of name
 * resolution. */
#ifndef JETON_SERVER_SANDBOX_PORTS_H
#define JETON_SERVER_SANDBOX_PORTS_H
#include "base/err.h"
#include "config/settings.h"
/* For the calling thread and those that it makes: call it before the first one. *told: `fenced`, or `open: ` and why. UNAVAILABLE when a kernel
 * that can do it refuses, or the arena fails. */
fallible sandbox_ports(struct arena *a, const struct settings *s, const char **told);
#endif
