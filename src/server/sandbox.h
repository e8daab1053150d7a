/* SPDX-License-Identifier: MIT
 * sandbox: the server gives up what serving does not need (AV-09): no new privileges, no core dumps; files are fenced before the first
 * thread is made, system calls are listed when everything is bound and opened. */
#ifndef JETON_SERVER_SANDBOX_H
#define JETON_SERVER_SANDBOX_H
#include "base/err.h"
/* For all threads, those that run too. From then on what is not listed fails with EPERM, and what is newer than the list with ENOSYS.
 * UNAVAILABLE when the kernel refuses. */
fallible sandbox_enter(void);
void sandbox_no_dumps(void); /* memory holds secrets: no core dump, no ptrace by equals */
#endif
