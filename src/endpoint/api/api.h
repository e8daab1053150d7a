/* SPDX-License-Identifier: MIT
 * api: the handlers under /api/1.0 (contract 6) and what they share: lists, fields, shapes. */
#ifndef JETON_ENDPOINT_API_API_H
#define JETON_ENDPOINT_API_API_H
#include "endpoint/call.h"

call_handler api_openapi_get, api_me_get;
call_handler api_users_get, api_users_post, api_user_get, api_user_put, api_user_delete;
call_handler api_tokens_get, api_tokens_post, api_token_get, api_token_delete;
call_handler api_factors_get, api_factors_reset_post;
call_handler api_clients_get, api_clients_post, api_client_get, api_client_put, api_client_delete, api_client_secret_post;
call_handler api_scopes_get, api_scopes_post, api_scope_delete;
call_handler api_events_get, api_sessions_get, api_session_delete, api_grants_get, api_grant_delete;

/* filter, order_by, order_direction, per_page (1 to 100), page of a list request. Anything else, and what is out of range, is UNPROCESSABLE
 * with problems (AD-09, IN-06). */
fallible api_page(struct call *c, struct db_page *page);
/* The same for lists that take one more parameter. */
fallible api_page_of(struct call *c, const char *more, struct db_page *page);
/* {"data":[…],"meta":{…}}: api_rows opens it up to the rows, each of which is an object then; api_list closes it behind `count` of them. */
struct json_writer api_rows(struct call *c);
fallible api_list(struct call *c, const struct db_page *page, struct json_writer *w, size_t count, int64_t total);
/* A list that is whole in memory: api_whole_new makes room, api_whole_add takes a row, whose cells the handler fills, and api_whole_page filters, orders
 * and cuts it: rows from..to are told then, and count is how many there are on all pages. UNPROCESSABLE: no such column. */
enum { API_WHOLE_CELLS = 6 };
struct api_whole_row {
    const void *what;
    str cells[API_WHOLE_CELLS]; /* in the order of the columns */
    str key;
    size_t at;
};
struct api_whole {
    const char *const *columns; /* that it can be ordered by; ends with NULL */
    size_t searched;            /* so many of them, from the first, are what the filter looks at */
    struct api_whole_row *rows;
    size_t count, from, to;
};
fallible api_whole_new(struct arena *a, size_t most, struct api_whole *w);
struct api_whole_row *api_whole_add(struct api_whole *w, const void *what);
fallible api_whole_page(struct api_whole *w, const struct db_page *page);
/* The body as an object whose members are all in `known`, or UNPROCESSABLE with a problem for each one that is not (AD-04). */
fallible api_body(struct call *c, const char *const *known, const json **object);
/* Members by kind; a wrong type is a problem. Absent stays as it was in *out. */
void api_text(struct call *c, const json *object, const char *name, str *out);
void api_flag(struct call *c, const json *object, const char *name, int *out);
void api_number(struct call *c, const json *object, const char *name, int64_t *out);
/* A list of strings (or one string) joined by `separator`; an empty list gives an empty text. */
void api_words(struct call *c, const json *object, const char *name, char separator, str *out);
void api_write_time(struct call *c, struct json_writer *w, const char *name, unix_time t); /* null for 0 */
void api_write_lines(struct json_writer *w, const char *name, str lines);                  /* "a\nb" becomes ["a","b"] */
/* The user id that {id} names: its own, or this very person under the pairwise subject that the token's client knows them by. */
fallible api_user_id(struct call *c, str id, str *out);
/* The name of a person for whoever asks: their id, or for themself by a pairwise client that client's subject (OpenID Connect Core 8). */
fallible api_shown_id(struct call *c, str id, str *out);
/* The person that {id} names, who must be this one, with a token that reaches the scope `own`, or be visible to them: NOT_FOUND,
 * INSUFFICIENT_SCOPE. */
fallible api_user(struct call *c, str id, const char *own, struct db_user **out);
#endif
