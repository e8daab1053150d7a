/* SPDX-License-Identifier: MIT
 * notify: tells the service manager how it stands (sd_notify(3), without libsystemd). */
#ifndef JETON_SERVER_NOTIFY_H
#define JETON_SERVER_NOTIFY_H
void notify_ready(void);     /* started, or read anew: requests are answered */
void notify_reloading(void); /* reading settings and certificates again */
void notify_stopping(void);
#endif
