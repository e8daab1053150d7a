/* SPDX-License-Identifier: MIT
 * route: THE table. The row carries the policy: who may call, what it takes, what it answers, where it runs. Zero in any of these is
 * refused at start and by a unit test. There is no second place where protection could be forgotten. */
#ifndef JETON_SERVER_ROUTE_H
#define JETON_SERVER_ROUTE_H
#include "endpoint/call.h"
enum route_who {
    ROUTE_WHO_UNSET = 0,
    ANYONE,
    BROWSER, /* has a session or a visit; POST: CSRF check */
    USER,    /* must be logged in, else 303 to /login (page) ; POST: CSRF check */
    USER_DUE, /* USER, even one who must choose a new password before anything else; all other rows send them there */
    ADMIN,   /* USER who is an administrator or has a permission that the handler asks; others get 403 */
    CLIENT,  /* client authentication before any other parameter is interpreted */
    BEARER,  /* an access token meant for jeton's API */
    PROBE,   /* anyone, by whatever name or address they reach this machine (IN-04): it tells nothing */
    METER,   /* whom the setting `metrics` lets; by the server's names or a plain address, never by a foreign name */
};
enum route_takes { ROUTE_TAKES_UNSET = 0, NOTHING, QUERY, FORM, FORM_OR_JSON, JSON_BODY, QUERY_OR_FORM,
                   QUERY_OR_FORM_REPEATING /* the handler judges what came twice */ };
enum route_answers { ROUTE_ANSWERS_UNSET = 0, HTML, OAUTH_JSON, API_JSON, PUBLIC_JSON, STATIC, TEXT };
enum route_pool { ROUTE_POOL_UNSET = 0, INLINE, READ, HASH, WRITE, CHOOSE };
struct route {
    enum http_method method; /* GET serves HEAD too */
    const char *path;        /* {id} is one whole segment of ids' characters (A-Z a-z 0-9 - _ . ~ %-decoded visible ASCII for client ids) */
    enum route_who who;
    enum route_takes takes;
    enum route_answers answers;
    enum route_pool pool;
    call_handler *handler;
    enum route_pool (*choose)(const struct form *form); /* for CHOOSE: after the body was parsed */
    const char *reach; /* BEARER: the scopes one of which the token must reach to get in at all; what it may then do, and whose things these
                          are, the rules decide. NULL in every other row */
};
#define ROUTE_REACH_ANY  "*"        /* any valid token: the handler tells each what its scopes tell */
#define ROUTE_REACH_FULL "\"full\"" /* none but unscoped tokens with all of the person's permissions: no scope has such a name */
extern const struct route route_table[];
extern const size_t route_count;
/* A path without the issuer's path, `base` ("" or /…): base/x is /x, /.well-known/name/base/x is /.well-known/name/x (RFC 8414 3.1, RFC 9728 3.1).
 * What is not found so is taken as it stands, for a proxy in front may have cut the base off already. */
str route_local(struct arena *a, str base, str path);
/* NULL when no row has this path. *methods: the methods that rows with this path take, for Allow. HEAD finds GET. */
/* Any row with this path; NULL: none. */
const struct route *route_find_any(str path);
const struct route *route_find(enum http_method method, str path, str parameters[3], unsigned *methods);
#endif
