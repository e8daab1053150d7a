/* SPDX-License-Identifier: MIT
 * route: THE table. The row carries the policy: who may call, what it takes, what it answers, where it runs. Zero in any of these is
 * refused at start and by a unit test. There is no second place where protection could be forgotten. */
#ifndef JETON_SERVER_ROUTE_H
#define JETON_SERVER_ROUTE_H
#include "endpoint/call.h"
enum route_who {
    ROUTE_WHO_UNSET = 0,
    ANYONE,
    BROWSER,         /* has a session or a visit; POST: CSRF check */
    USER,            /* must be logged in, else 303 to /login (page) ; POST: CSRF check */
    USER_DUE,        /* USER, even one who must choose a new password or add a second factor before anything else; all other rows send them there */
    ADMIN,           /* USER who is an administrator or has a permission that the handler asks; others get 403 */
    CLIENT,          /* client authentication before any other parameter is interpreted */
    CLIENT_OF_GRANT, /* the same at the token endpoint, the only place where client_id may be left out (contract 4) */
    BEARER,          /* an access token meant for jeton's API */
    PROBE,           /* anyone: it tells nothing */
    METER,           /* whom the setting `metrics` lets */
};
enum route_takes {
    ROUTE_TAKES_UNSET = 0,
    NOTHING,
    QUERY,
    FORM,
    FORM_OR_JSON,
    JSON_BODY,
    QUERY_OR_FORM,
    QUERY_OR_FORM_REPEATING /* the handler judges what came twice */
};
enum route_answers { ROUTE_ANSWERS_UNSET = 0, HTML, OAUTH_JSON, API_JSON, PUBLIC_JSON, STATIC, TEXT };
enum route_pool { ROUTE_POOL_UNSET = 0, INLINE, READ, HASH, WRITE, CHOOSE };
/* Of requests that carry a session's cookie (LS-06). READS: a GET, which changes nothing. TOKEN: the form carries the token, and origin and fetch metadata
 * fit. CROSS_SITE: other sites may send it (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2; LS-09): it changes nothing without a hint that names
 * this very session. NO_COOKIE: who calls is told by something else than a cookie. */
enum route_csrf { ROUTE_CSRF_UNSET = 0, CSRF_READS, CSRF_TOKEN, CSRF_CROSS_SITE, CSRF_NO_COOKIE };
/* Which web origins may read the answer (TE-13): none; those of the setting cors_origins; any. */
enum route_cors { ROUTE_CORS_UNSET = 0, CORS_NONE, CORS_REGISTERED, CORS_ANY };
/* WWW-Authenticate of a 401. BASIC: RFC 6749 5.2, when the header was tried. BEARER: RFC 6750 3 and RFC 9449 7.1, also with insufficient_scope.
 * BEARER_API: and where the API tells who gives tokens for it (RFC 9728 5.1). */
enum route_challenge { ROUTE_CHALLENGE_UNSET = 0, CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER, CHALLENGE_BEARER_API };
/* What a DPoP proof does. BINDS: what the answer gives (RFC 9449 5, 10.1). SHOWN: that who brings the token holds its key (7.1): an unfit one is a
 * failed authentication. */
enum route_proof { ROUTE_PROOF_UNSET = 0, PROOF_NONE, PROOF_BINDS, PROOF_SHOWN };
/* By which names the address answers (IN-04): this server's own; these and a plain address; any. */
enum route_names { ROUTE_NAMES_UNSET = 0, NAMES_OWN, NAMES_OWN_OR_ADDRESS, NAMES_ANY };
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
    enum route_csrf csrf;
    enum route_cors cors;
    enum route_challenge challenge;
    enum route_proof proof;
    enum route_names names;
};
/* The last five columns, by what the address is. */
#define AS_PAGE          CSRF_READS, CORS_NONE, CHALLENGE_NONE, PROOF_NONE, NAMES_OWN      /* what a browser shows */
#define AS_FORM          CSRF_TOKEN, CORS_NONE, CHALLENGE_NONE, PROOF_NONE, NAMES_OWN      /* what its forms are sent to */
#define AS_LANDING       CSRF_CROSS_SITE, CORS_NONE, CHALLENGE_NONE, PROOF_NONE, NAMES_OWN /* where applications send browsers */
#define AS_PUBLIC        CSRF_NO_COOKIE, CORS_ANY, CHALLENGE_NONE, PROOF_NONE, NAMES_OWN   /* keys and metadata */
#define AS_FILE          CSRF_NO_COOKIE, CORS_NONE, CHALLENGE_NONE, PROOF_NONE, NAMES_OWN
#define AS_CLIENT        CSRF_NO_COOKIE, CORS_REGISTERED, CHALLENGE_BASIC, PROOF_NONE, NAMES_OWN  /* clients of OAuth */
#define AS_ISSUE         CSRF_NO_COOKIE, CORS_REGISTERED, CHALLENGE_BASIC, PROOF_BINDS, NAMES_OWN /* the same, where proofs bind */
#define AS_SERVICE       CSRF_NO_COOKIE, CORS_NONE, CHALLENGE_BASIC, PROOF_NONE, NAMES_OWN        /* resource servers: never from a browser (IR-10) */
#define AS_REGISTER      CSRF_NO_COOKIE, CORS_REGISTERED, CHALLENGE_BEARER, PROOF_NONE, NAMES_OWN
#define AS_TOKEN         CSRF_NO_COOKIE, CORS_REGISTERED, CHALLENGE_BEARER, PROOF_SHOWN, NAMES_OWN /* what an access token opens */
#define AS_API           CSRF_NO_COOKIE, CORS_REGISTERED, CHALLENGE_BEARER_API, PROOF_SHOWN, NAMES_OWN
#define AS_PROBE         CSRF_NO_COOKIE, CORS_NONE, CHALLENGE_NONE, PROOF_NONE, NAMES_ANY
#define AS_METER         CSRF_NO_COOKIE, CORS_NONE, CHALLENGE_NONE, PROOF_NONE, NAMES_OWN_OR_ADDRESS
#define ROUTE_REACH_ANY  "*"                    /* any valid token: the handler tells each what its scopes tell */
#define ROUTE_REACH_FULL "\"full\""             /* none but unscoped tokens with all of the person's permissions: no scope has such a name */
bool route_of_browser(const struct route *row); /* who calls is told by a browser's cookies */
bool route_of_client(const struct route *row);  /* by client authentication */
bool route_of_user(const struct route *row);    /* a user's session, or an access token: nobody else may call */
/* Which column of this row is empty, or does not fit another one? NULL: none. */
const char *route_hole(const struct route *row);
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
