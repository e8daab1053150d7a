/* SPDX-License-Identifier: MIT
 * audit_pace: which class an event of the audit trail belongs to, and how many of it one source may put there (LG-01, RL-06). A source is
 * a client that has authenticated, or an address (IPv6 by its /64). Refusals and machines' traffic are paced by source and class, so that
 * one's flood hides nothing of another's and nothing weightier; what is left out is counted and told. */
#ifndef JETON_CONTEXT_AUDIT_PACE_H
#define JETON_CONTEXT_AUDIT_PACE_H
#include "store/store.h"
struct audit_row {
    const char *name; /* of the event, or with a dot at its end the beginning of several */
    enum db_event_class class;
    bool paced; /* what can be caused without a right to: refusals, and what machines do by themselves */
};
/* The row of an event; an event without one would be a machine's, paced. */
const struct audit_row *audit_row_of(str name);
extern const struct audit_row audit_rows[]; /* ends with name NULL */

enum { AUDIT_PACE_BURST = 1000, AUDIT_PACE_A_MINUTE = 300, AUDIT_PACE_SOURCES = 512, AUDIT_SOURCE_MAX = 63 };
/* May this one be recorded? Each source has AUDIT_PACE_BURST of a class at once and AUDIT_PACE_A_MINUTE more a minute; all beyond the
 * AUDIT_PACE_SOURCES most recent sources of a class share one allowance. Any thread. */
bool audit_pace_allows(enum db_event_class class, str source, unix_time now);
struct audit_left_out {
    enum db_event_class class;
    char source[AUDIT_SOURCE_MAX + 1]; /* empty: sources that were forgotten meanwhile */
    int64_t count;
};
/* Takes one source's count of what was left out since the last call for it; false when there is none. */
bool audit_pace_left_out(struct audit_left_out *out);
uint64_t audit_pace_total(enum db_event_class class); /* left out since the process started */
const char *audit_class_name(int64_t class);          /* administration, people, machines */
#endif
