/* SPDX-License-Identifier: MIT
 * phase_limit: what a request may bring. Relies on the row's `takes` alone; promises that a handler finds its parameters parsed once, from the one
 * place where they may stand. */
#include "server/phase.h"
#include "base/banned.h"

fallible phase_limit(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    switch (w->route->takes) {
    case NOTHING:
        return OK;
    case QUERY:
        return request_query(r, &w->call.form);
    case FORM:
        return request_form(r, false, &w->call.form);
    case FORM_OR_JSON:
        return request_form(r, true, &w->call.form);
    case QUERY_OR_FORM: /* AZ-08 */
    case QUERY_OR_FORM_REPEATING:
        if (r->method != HTTP_POST)
            return w->route->takes == QUERY_OR_FORM ? request_query(r, &w->call.form) : request_repeating(r, &w->call.form);
        if (str_filled(r->query)) /* AZ-03: no parameter in two places */
            REFUSE(INVALID_REQUEST, "A POST request must have its parameters only in the body.", "limit: query beside a form");
        return w->route->takes == QUERY_OR_FORM ? request_form(r, false, &w->call.form) : request_repeating(r, &w->call.form);
    case JSON_BODY:
        if (r->body.n > 0 && r->body_kind != HTTP_BODY_JSON)
            REFUSE(UNSUPPORTED_MEDIA, "Send the data as JSON, with the header Content-Type: application/json.", "limit: body is not JSON");
        return OK;
    case ROUTE_TAKES_UNSET:
        break;
    }
    FAIL(SERVER_ERROR, "limit: the row does not say what it takes");
}
