/* SPDX-License-Identifier: MIT
 * material: certificates, keys and authorities that the settings name, read and judged: at start, and again on SIGHUP (TL-05). */
#ifndef JETON_SERVER_MATERIAL_H
#define JETON_SERVER_MATERIAL_H
#include "http/listen.h"
#include "config/settings.h"
/* Each failure is a row of p: the setting, and a sentence with the file and what is wrong with it. */
/* None: TLS is off here. */
fallible material_certificates(struct arena *a, const struct settings *s, str issuer, struct listen_pairs *out, struct problems *p);
fallible material_authorities(struct arena *a, const struct settings *s, str *pem, struct problems *p);
#endif
