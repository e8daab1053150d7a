/* SPDX-License-Identifier: MIT
 * reaper: ends connections whose request head never ends. The library's own time-out counts silence, and a peer that sends
 * one byte every few seconds is never silent (IN-10). Private to http. */
#ifndef JETON_HTTP_REAPER_H
#define JETON_HTTP_REAPER_H
#include "base/err.h"
#include <stdatomic.h>
struct reaper;
struct reaper_mark { /* part of a connection's own memory */
    int fd;
    atomic_llong since_us; /* monotonic; since when a head is awaited; 0: none is */
    struct reaper_mark *next, *previous;
};
fallible reaper_open(unsigned seconds, struct reaper **out);
void reaper_watch(struct reaper *r, struct reaper_mark *mark);  /* fd open from here on … */
void reaper_forget(struct reaper *r, struct reaper_mark *mark); /* … to here */
void reaper_close(struct reaper *r); /* NULL is allowed */
#endif
