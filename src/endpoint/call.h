/* SPDX-License-Identifier: MIT
 * call: what a handler gets: the request, the context it stands on, and what the phases of its row found out before it. */
#ifndef JETON_ENDPOINT_CALL_H
#define JETON_ENDPOINT_CALL_H
#include "codec/json_writer.h"
#include "resource/bearer.h"
#include "clientauth/client_auth.h"
#include "http/http.h"
#include "page/page.h"
#include "session/csrf.h"
#include "session/session.h"
struct call;
typedef err call_handler(struct call *c);
struct call {
    struct request *request;
    struct response *response;
    struct context *context;
    struct form form;           /* rows that take FORM (or QUERY): parsed once, by phase_limit */
    str parameters[3];          /* what stood for {id} … in the path, in order */
    struct session session;     /* BROWSER, USER rows */
    struct actor actor;         /* USER and BEARER rows; NOBODY otherwise */
    struct client_proof client; /* CLIENT rows */
    struct problems problems;   /* what UNPROCESSABLE is about; reply shows them as the API does */
    call_handler *finish;       /* set by a handler: what is left to do, costly and without effect (signatures). Called once, when what
                                    the handler did is durable, outside of the transaction, on the same context; response is filled by it */
    void *unfinished;           /* the handler's own, for finish */
};
/* A handler fills response and returns OK, or returns an err that reply turns into what the row answers (page, OAuth JSON, API JSON).
 * INLINE handlers may return ELSEWHERE to be run again on a worker; they must not have had any effect by then. */

/* Answers. Each takes its memory from the request's arena. */
struct json_writer call_object(struct call *c);                             /* the answer's object, opened; nothing has to become of it */
fallible call_json(struct call *c, int status, struct json_writer *object); /* closes it */
fallible call_page(struct call *c, int status, const char *template_name, struct page_fields *fields); /* adds session, csrf, notices */
fallible call_redirect(struct call *c, str location);                                                  /* 303 */
fallible call_empty(struct call *c, int status);                                                       /* 204 */
/* The page's fields with what every page needs: user, csrf token, flash. */
struct page_fields *call_fields(struct call *c);
/* An internal place to go back to: a local path or the fallback (RU-10: `//`, `/\`, controls, schemes refused). */
str call_local_path(str wanted, str fallback);
/* Sets the session cookie when session.fresh. Done by the pipeline after each BROWSER/USER row. */
fallible call_set_session(struct call *c);
#endif
