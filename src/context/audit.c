/* SPDX-License-Identifier: MIT
 * audit: the reading side of the audit trail; writing is authority_event. */
#include "context/audit.h"
#include "base/banned.h"

fallible audit_list(struct context *ctx, const struct actor *by, const struct db_page *page, struct db_event_rows *out)
{
    bool all = by->kind == ACTOR_OWNER || actor_may(by, "view-events");
    if (!all && (by->kind != ACTOR_USER || !actor_may_self(by, by->user->number, "view-own-events")))
        FAIL(INSUFFICIENT_SCOPE, "audit: not allowed to see events");
    return db_event_list(ctx->tx, ctx->arena, all ? STR_ABSENT : by->user->id, page, out);
}
