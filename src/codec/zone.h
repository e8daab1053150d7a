/* SPDX-License-Identifier: MIT
 * zone: what a clock shows in a zone of the IANA database. The rules are ICU's (codec/icu), so they are as new as that package. Any thread. */
#ifndef JETON_CODEC_ZONE_H
#define JETON_CODEC_ZONE_H
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
enum { ZONE_NAME_MAX = 64, ZONE_TEXT_SIZE = 32 };
/* Is it the name of a zone, such as Europe/Paris? Abbreviations that ICU knows and the database does not (BST) are none. UNAVAILABLE when ICU
 * cannot be loaded or memory ends. */
fallible zone_known(str name, bool *known);
/* "2026-11-22 04:00 UTC+1": the time in that zone, with how far it was from UTC then. "2026-11-22 03:00 UTC" when the name is absent or unknown,
 * or ICU cannot be loaded; empty where clock_write is. */
void zone_write(str name, unix_time t, char out[ZONE_TEXT_SIZE]);
#endif
