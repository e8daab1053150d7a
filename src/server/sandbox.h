/* SPDX-License-Identifier: MIT
 * sandbox: after the server has bound and opened what it needs, it gives up what serving does not need (AV-09): no new privileges, no
 * core dumps, and by seccomp no program is ever started, no debugger attached, no module, mount, namespace or key touched. */
#ifndef JETON_SERVER_SANDBOX_H
#define JETON_SERVER_SANDBOX_H
#include "base/err.h"
fallible sandbox_enter(void); /* UNAVAILABLE when the kernel refuses; call before the first thread that serves */
void sandbox_no_dumps(void);  /* memory holds secrets: no core dump, no ptrace by equals */
#endif
