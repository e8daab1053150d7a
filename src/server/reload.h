/* SPDX-License-Identifier: MIT
 * reload: SIGHUP. Settings, certificate and authorities are read again and put in force without touching a connection (TL-05, AV-04). */
#ifndef JETON_SERVER_RELOAD_H
#define JETON_SERVER_RELOAD_H
#include "server/app.h"
/* On the waiting thread. What is unfit is named in the log and in the audit trail, and what was in force stays. */
void reload_run(struct app *app);
void reload_forget(struct app *app); /* at the end, when nothing uses them any more */
#endif
