/* SPDX-License-Identifier: MIT
 * settings: everything that may be set, one row each. From the row come the struct member, the INI file's name, the environment
 * variable (JETON_ and the name in capitals), the option of `serve` (dashes for underscores), the bounds, and the sentence in
 * `jeton config explain` and in the manual. An option beats the environment, that beats the file, that beats the default. */
#ifndef JETON_CONFIG_SETTINGS_H
#define JETON_CONFIG_SETTINGS_H
#include "context/authority.h"
#include "context/problem.h"
#include "config/settings_rows.h"

enum settings_kind { SETTINGS_TEXT, SETTINGS_NUMBER, SETTINGS_FLAG, SETTINGS_CHOICE };
struct settings_row {
    const char *name;
    enum settings_kind kind;
    const char *fallback; /* the default */
    int64_t least, most;
    const char *shape, *sentence;
    bool (*check)(str value);
    enum settings_when when;
};
extern const struct settings_row settings_rows[SETTINGS_COUNT];
/* Number of the row of this name (underscores or dashes); SETTINGS_COUNT when there is none. */
size_t settings_find(str name);
/* NULL when the value may stand in this row, else why not (arena memory, or a literal when that fails). */
const char *settings_refuses(struct arena *a, size_t row, str value);

/* UNPROCESSABLE with one problem for each thing that is wrong: unknown and repeated settings with file and line, values out of
 * bounds, settings that contradict each other. *out is untouched then. */
fallible settings_load(struct arena *a, const struct settings_input *input, struct settings *out, struct problems *p);
/* The same input read again and judged (TL-05); settings that are read at start alone stay as they were in *out. `late`: numbers of those
 * that would be others at the next start. */
struct settings_late {
    size_t rows[SETTINGS_COUNT], count;
};
fallible settings_again(struct arena *a, const struct settings *old, struct settings *out, struct settings_late *late, struct problems *p);
/* What is wrong with these settings for a server, beyond each one's own form (contract 2): issuer against tls and address. */
fallible settings_judge(struct arena *a, const struct settings *settings, struct problems *p);
/* The issuer, without a trailing slash: as set, else derived from the port that was really bound. Absent when the arena fails.
 */
/* Does this value of the setting `database` hold a password? Then it is not to be shown, and not to be an argument. */
bool settings_has_password(str database);
bool settings_database_form(str value); /* could it be one at all? */
str settings_issuer(struct arena *a, const struct settings *settings, uint16_t port);
/* The public base of the addresses that ask for client certificates (RFC 8705 5): as set, else the issuer's host with this port; absent:
 * there are none, or the arena fails. */
str settings_issuer_mtls(struct arena *a, const struct settings *settings, str issuer, uint16_t port);
/* The issuer's path: "" or /… without a slash at its end. */
str settings_base(const struct settings *settings);
bool settings_portless(str host); /* what is listened on is unix:/PATH or systemd:NAME */
/* Is this host (IPv6 with or without brackets) the machine itself: localhost, 127.0.0.0/8, ::1? */
bool settings_loopback(str host);
void settings_policy(const struct settings *settings, struct policy *out);
#endif
