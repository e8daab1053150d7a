/* SPDX-License-Identifier: MIT
 * doors_passed: sockets that the service manager made and listens on (sd_listen_fds(3)). Private to http/doors; main asks how many. */
#ifndef JETON_HTTP_DOORS_PASSED_H
#define JETON_HTTP_DOORS_PASSED_H
#include "http/doors.h"
/* All of this FileDescriptorName (systemd.socket(5)): streams of TCP or Unix, listening. They stay the manager's: closed at the end, their
 * paths not removed. INVALID_REQUEST with a telling `say`: there are none, too many, or of another kind. */
fallible doors_passed_open(str name, struct doors *out);
/* Descriptors from 3 on that are meant for this process, at most 64; 0: none, or a number beyond that. */
int doors_passed_count(void);
#endif
