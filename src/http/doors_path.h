/* SPDX-License-Identifier: MIT
 * doors_path: a Unix socket to listen on. Private to http/doors. */
#ifndef JETON_HTTP_DOORS_PATH_H
#define JETON_HTTP_DOORS_PATH_H
#include "http/doors.h"
/* wish->host: "unix:/PATH". A socket of this user's that nobody listens on any more is taken over; anything else that lies there is left alone.
 * INVALID_REQUEST, UNAVAILABLE with a telling `say`. */
fallible doors_path_open(const struct doors_wish *wish, struct doors *out);
/* Removes the path, if what lies there is still this socket. Before it is closed: as long as it listens nobody takes it over. */
void doors_path_remove(const struct doors *d);
#endif
