/* SPDX-License-Identifier: MIT
 * check: what the checks of people, clients, tokens and scopes have in common. Private to the folders of users, clients, scopes and registration. */
#ifndef JETON_CONTEXT_CHECK_H
#define JETON_CONTEXT_CHECK_H
#include "context/actor.h"
#include "context/problem.h"
enum { CHECK_NAME_MAX = 255, CHECK_LIST_BYTES = 65536 };
struct check_text {
    const char *field, *label; /* label begins a sentence: "The name" */
    size_t least, most;        /* code points */
};
/* Text that people read: valid UTF-8 without controls, between least and most code points, not blank when least > 0. */
void check_text(struct arena *a, str value, const struct check_text *rule, struct problems *p);
/* The pieces of a list, each once, in the order given, with one separator between: what the store wants. Blank pieces, and CR
 * and spaces around a piece, go. Absent and empty give "". UNPROCESSABLE above CHECK_LIST_BYTES; UNAVAILABLE when memory ends.
 */
fallible check_fold(struct arena *a, str list, char separator, str *out);
size_t check_count(str folded, char separator);
/* limit 1..100, offset ≥ 0: UNPROCESSABLE. */
fallible check_page(const struct db_page *page);
bool check_scope_token(str word); /* RFC 6749 3.3 */
/* UNAVAILABLE when the arena could not give all that was asked of it: a copy may be missing. */
fallible check_arena(const struct arena *a);
/* One line in the audit trail, by this actor. */
void check_event(const struct context *ctx, const struct actor *by, const char *name, const struct authority_event_facts *facts);
#endif
