/* SPDX-License-Identifier: MIT
 * audit: who may read the audit trail: an administrator or `view-events` all of it, a person what they did themselves. */
#ifndef JETON_CONTEXT_AUDIT_H
#define JETON_CONTEXT_AUDIT_H
#include "context/actor.h"
fallible audit_list(struct context *ctx, const struct actor *by, const struct db_page *page, struct db_event_rows *out);
#endif
