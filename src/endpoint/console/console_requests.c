/* SPDX-License-Identifier: MIT
 * console_requests: applications that wait for this person's word (CIBA). Relies on grant/ciba. Promises: each request is shown with who
 * asks, for what in words, and the message that the application shows too; the answer is about the request that was shown. */
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "endpoint/deferred_page.h"
#include "grant/ciba.h"
#include "base/banned.h"

static fallible put_request(struct call *c, struct page_fields *f, const struct db_deferred *row)
{
    str pending;
    TRY(deferred_pend(c->context, row, &c->session, &pending));
    struct page_fields *line = page_row(f, "requests");
    TRY(deferred_page_put(c, line, row));
    page_put(line, "binding_message", row->binding_message);
    page_put_time(line, "expires", row->expires_at);
    page_put(line, "request", pending);
    return OK;
}

err console_requests_get(struct call *c)
{
    struct db_deferred *rows;
    size_t count;
    TRY(ciba_waiting(c->context, &c->session, &rows, &count));
    struct page_fields *f = widget_account(c, "nav_requests");
    page_list(f, "requests");
    for (size_t i = 0; i < count; i++)
        TRY(put_request(c, f, &rows[i]));
    return call_page(c, 200, "requests.html", f);
}

err console_requests_post(struct call *c)
{
    struct db_deferred *row;
    bool allow;
    TRY(deferred_page_decision(c, &row, &allow));
    TRY(ciba_decide(c->context, row, &c->session, allow));
    return call_redirect(c, allow ? STR("/account/requests?done=request-allowed") : STR("/account/requests?done=request-denied"));
}
