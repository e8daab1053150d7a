/* SPDX-License-Identifier: MIT
 * names: under which names this server may be called (IN-04). */
#ifndef JETON_SERVER_NAMES_H
#define JETON_SERVER_NAMES_H
#include "context/authority.h"
#include "http/guard.h"
#include "config/settings.h"
/* The issuer's, that of the addresses that ask for certificates, further ones of the setting `hosts`, and on loopback its addresses with
 * the port; without a port, `localhost`. Arena memory. */
fallible names_of(struct arena *a, const struct settings *s, const struct authority *authority, uint16_t port, struct guard_rules *rules);
#endif
