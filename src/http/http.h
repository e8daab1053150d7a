/* SPDX-License-Identifier: MIT
 * http: what a request and a response are, and every ceiling of the door (IN-01). */
#ifndef JETON_HTTP_HTTP_H
#define JETON_HTTP_HTTP_H
#include "base/clock.h"
#include "codec/form.h"

enum {                              /* bytes unless said otherwise; each is answered with its own 4xx */
       HTTP_TARGET_MAX = 8192,      /* 414 */
       HTTP_HEADERS_MAX = 16384,    /* 431: all names and values */
       HTTP_HEADER_COUNT_MAX = 100, /* 431 */
       HTTP_BODY_MAX = 65536,       /* 413 */
       HTTP_COOKIE_MAX = 8192,      /* 431 */
       HTTP_ARENA_MAX = 4 << 20,    /* memory of one request */
       HTTP_IDLE_SECONDS = 15,      /* a connection that sends nothing, or a request that does not end */
       HTTP_CONNECTIONS_MAX = 16384,
};

enum http_method { HTTP_OTHER = 0, HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8, HTTP_DELETE = 16, HTTP_OPTIONS = 32 };
enum http_body { HTTP_BODY_NONE = 0, HTTP_BODY_FORM, HTTP_BODY_JSON, HTTP_BODY_OTHER }; /* no Content-Type counts as FORM (contract 4) */

struct http_header {
    str name, value;
};
/* Header fields that are asked for in most requests, shortest names first. */
enum http_field {
    HTTP_FIELD_HOST,
    HTTP_FIELD_DPOP,
    HTTP_FIELD_COOKIE,
    HTTP_FIELD_ACCEPT,
    HTTP_FIELD_ORIGIN,
    HTTP_FIELD_EXPECT,
    HTTP_FIELD_CONNECTION,
    HTTP_FIELD_USER_AGENT,
    HTTP_FIELD_CONTENT_TYPE,
    HTTP_FIELD_AUTHORIZATION,
    HTTP_FIELD_CONTENT_LENGTH,
    HTTP_FIELD_TRANSFER_ENCODING,
    HTTP_FIELD_COUNT
};
struct request {
    struct arena *arena;
    enum http_method method;
    str method_name;
    str target; /* raw, as sent */
    str path;   /* decoded once; without `.`/`..` segments, `//` or NUL (refused instead: IN-05) */
    str query;  /* raw, absent when none */
    struct http_header *headers;
    size_t header_count;
    str fields[HTTP_FIELD_COUNT]; /* the first of each, when `sorted` (by guard): through request_field alone */
    bool sorted;
    str body;
    enum http_body body_kind;
    str peer;         /* address of the socket, or what trusted proxies said: PROXY header, X-Forwarded-For (RL-04) */
    str certificate;  /* DER of the client's TLS certificate, whose key it holds; absent: none. Not judged in any way */
    bool secure;      /* the issuer is https */
    char id[17];      /* request id: 16 hex digits, NUL */
    int64_t begun_us; /* monotonic */
};
/* Value of the only header of that name (any letter case); absent when missing. (Headers that may come once are checked by guard.) */
str request_header_named(const struct request *r, str name);
static inline str request_header(const struct request *r, const char *name) /* inline, as str_of is */
{
    return request_header_named(r, str_of(name));
}
str request_field(const struct request *r, enum http_field which); /* the same for those that guard has found already */
/* The cookie of exactly that name; absent when missing; INVALID_REQUEST when it comes twice or the header is malformed (LS-20). */
fallible request_cookie(const struct request *r, const char *name, str *value);
/* The body as fields, by its kind (JSON only where json_allowed); UNSUPPORTED_MEDIA for other kinds. */
fallible request_form(const struct request *r, bool json_allowed, struct form *out);
fallible request_query(const struct request *r, struct form *out);
/* Query or form body, whichever the method carries, with what came twice (form_parse_repeating). */
fallible request_repeating(const struct request *r, struct form *out);
bool request_wants_json(const struct request *r); /* path under /api/ or Accept without html */

struct response {
    struct arena *arena;
    int status;
    struct http_header headers[24];
    size_t header_count;
    str content_type; /* absent: no body */
    str body;         /* arena or static memory, alive until sent */
    err refused;      /* for the access log: why this is not a success; OK otherwise */
    str note;         /* for the access log: client id, grant type; no secret */
};
/* Adds a header; refuses names that are no token and values with bytes below 0x20 or 0x7f (header injection): SERVER_ERROR. */
fallible response_header(struct response *r, const char *name, str value);
/* The same for what stands in the program's text: literals are neither looked through nor copied. */
#define response_literal(r_, name_, value_) response_put_own((r_), (struct http_header){STR(name_), STR(value_)})
/* And for what this server has spelled itself of letters and digits, and lives as long as the request. */
fallible response_put_own(struct response *r, struct http_header own);
struct response_cookie_rule {
    bool secure;     /* Secure; the caller chooses the __Host- or __Secure- name then */
    int64_t max_age; /* seconds; 0: a session cookie; negative: delete it */
    str path;        /* absent or empty: the whole host */
};
/* HttpOnly, SameSite=Lax always (LS-02). */
fallible response_cookie(struct response *r, str name, str value, const struct response_cookie_rule *rule);
void response_body(struct response *r, int status, const char *content_type, str body);
/* 303 with Location; the place comes from redirect_* or a constant (AZ-19). */
fallible response_redirect(struct response *r, str location);
#endif
