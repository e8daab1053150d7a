/* SPDX-License-Identifier: MIT
 * route: THE table, and how a path finds its row. Relies on target having decoded the path once and refused every ambiguous spelling;
 * promises literal comparison, one whole segment for {id}, and nothing else. */
#include "server/route.h"
#include "endpoint/api/api.h"
#include "endpoint/console/console.h"
#include "endpoint/oauth/oauth.h"
#include "server/probe.h"
#include "server/route_api.h"
#include "server/route_console.h"
#include "base/ascii.h"
#include <pthread.h>
#include <string.h>
#include "base/banned.h"

static enum route_pool token_runs(const struct form *form)
{
    switch (oauth_token_pool(form)) {
    case GRANT_INLINE:
        return INLINE;
    case GRANT_WRITE:
        return WRITE;
    case GRANT_HASH:
        return HASH;
    case GRANT_READ:
        return READ;
    case GRANT_NOWHERE:
        break;
    }
    return ROUTE_POOL_UNSET;
}

static enum route_pool pushed_runs(const struct form *form)
{
    return oauth_pushed_waits(form) ? READ : WRITE;
}

/* clang-format off */
const struct route route_table[] = {
/*   method     path                                        who      takes          answers      pool     handler                choose reach, the rest */
    /* TE-01 */
    {HTTP_POST, "/oauth/token",                             CLIENT_OF_GRANT, FORM_OR_JSON,  OAUTH_JSON,  CHOOSE,  oauth_token_post,      token_runs, NULL, AS_ISSUE},
    {HTTP_POST, "/oauth/par",                               CLIENT,  FORM,          OAUTH_JSON,  CHOOSE,  oauth_pushed_post,     pushed_runs, NULL, AS_ISSUE},
    {HTTP_POST, "/oauth/introspect",                        CLIENT,  FORM,          OAUTH_JSON,  INLINE,  oauth_introspect_post, NULL, NULL, AS_SERVICE},
    {HTTP_POST, "/oauth/revoke",                            CLIENT,  FORM,          OAUTH_JSON,  WRITE, oauth_revoke_post,     NULL, NULL, AS_CLIENT},
    {HTTP_GET,  "/oauth/userinfo",                          BEARER,  NOTHING,       OAUTH_JSON,  INLINE,  oauth_userinfo_any,    NULL, ROUTE_REACH_ANY, AS_TOKEN},
    {HTTP_POST, "/oauth/userinfo",                          BEARER,  FORM,          OAUTH_JSON,  INLINE,  oauth_userinfo_any,    NULL, ROUTE_REACH_ANY, AS_TOKEN},
    {HTTP_GET,  "/oauth/authorize",                         BROWSER, QUERY_OR_FORM_REPEATING, HTML, READ,  oauth_authorize_any,   NULL, NULL, AS_PAGE},
    {HTTP_POST, "/oauth/authorize",                         BROWSER, QUERY_OR_FORM_REPEATING, HTML, READ,  oauth_authorize_any,   NULL, NULL, AS_LANDING},
    {HTTP_POST, "/oauth/consent",                           USER,    FORM,          HTML,        READ,  oauth_consent_post,    NULL, NULL, AS_FORM},
    {HTTP_POST, "/oauth/device/code",                       CLIENT,  FORM,          OAUTH_JSON,  READ,  oauth_device_code_post, NULL, NULL, AS_CLIENT},
    {HTTP_GET,  "/oauth/device",                            USER,    QUERY,         HTML,        READ,  oauth_device_get,      NULL, NULL, AS_PAGE},
    {HTTP_POST, "/oauth/device",                            USER,    FORM,          HTML,        READ,  oauth_device_post,     NULL, NULL, AS_FORM},
    {HTTP_GET,  "/oauth/device/qr.svg",                     ANYONE,  QUERY,         STATIC,      READ,  oauth_device_qr_get,   NULL, NULL, AS_FILE},
    {HTTP_POST, "/oauth/ciba",                              CLIENT,  FORM,          OAUTH_JSON,  READ,  oauth_ciba_post,       NULL, NULL, AS_CLIENT},
    {HTTP_GET,  "/oauth/logout",                            BROWSER, QUERY_OR_FORM, HTML,        READ,  oauth_logout_any,      NULL, NULL, AS_PAGE},
    {HTTP_POST, "/oauth/logout",                            BROWSER, QUERY_OR_FORM, HTML,        READ,  oauth_logout_any,      NULL, NULL, AS_LANDING},
    {HTTP_GET,  "/oauth/jwks",                              ANYONE,  NOTHING,       PUBLIC_JSON, INLINE,  oauth_jwks_get,        NULL, NULL, AS_PUBLIC},
    {HTTP_GET,  "/.well-known/oauth-authorization-server",  ANYONE,  NOTHING,       PUBLIC_JSON, INLINE,  oauth_metadata_get,    NULL, NULL, AS_PUBLIC},
    {HTTP_GET,  "/.well-known/openid-configuration",        ANYONE,  NOTHING,       PUBLIC_JSON, INLINE,  oauth_metadata_get,    NULL, NULL, AS_PUBLIC},
    {HTTP_POST, "/oauth/register",                          ANYONE,  JSON_BODY,     OAUTH_JSON,  READ,  oauth_register_post,   NULL, NULL, AS_REGISTER},
    {HTTP_GET,  "/oauth/register/{id}",                     ANYONE,  NOTHING,       OAUTH_JSON,  READ,  oauth_register_one_get, NULL, NULL, AS_REGISTER},
    {HTTP_PUT,  "/oauth/register/{id}",                     ANYONE,  JSON_BODY,     OAUTH_JSON,  READ,  oauth_register_one_put, NULL, NULL, AS_REGISTER},
    {HTTP_DELETE, "/oauth/register/{id}",                   ANYONE,  NOTHING,       OAUTH_JSON,  READ,  oauth_register_one_delete, NULL, NULL, AS_REGISTER},
    {HTTP_GET,  "/.well-known/oauth-protected-resource",    ANYONE,  NOTHING,       PUBLIC_JSON, INLINE,  oauth_resource_get,    NULL, NULL, AS_PUBLIC},
    {HTTP_GET,  "/.well-known/oauth-protected-resource/api/1.0", ANYONE, NOTHING,   PUBLIC_JSON, INLINE,  oauth_resource_api_get, NULL, NULL, AS_PUBLIC},
    {HTTP_GET,  "/health/live",                             PROBE,   NOTHING,       TEXT,        INLINE,  probe_live_get,        NULL, NULL, AS_PROBE},
    {HTTP_GET,  "/health/ready",                            PROBE,   NOTHING,       TEXT,        READ,  probe_ready_get,       NULL, NULL, AS_PROBE},
    {HTTP_GET,  "/metrics",                                 METER,   NOTHING,       TEXT,        READ,  probe_metrics_get,     NULL, NULL, AS_METER},
    ROUTES_API
    ROUTES_CONSOLE
};
/* clang-format on */
const size_t route_count = sizeof route_table / sizeof route_table[0];

bool route_of_browser(const struct route *row)
{
    return row->who == BROWSER || row->who == USER || row->who == USER_DUE || row->who == ADMIN;
}

bool route_of_client(const struct route *row)
{
    return row->who == CLIENT || row->who == CLIENT_OF_GRANT;
}

bool route_of_user(const struct route *row)
{
    return row->who == USER || row->who == USER_DUE || row->who == ADMIN || row->who == BEARER;
}

/* Requests with a session's cookie, and no others, are judged by where they come from. */
static bool csrf_fits(const struct route *row)
{
    bool reads = row->method == HTTP_GET;
    if (!route_of_browser(row))
        return row->csrf == CSRF_NO_COOKIE;
    return reads ? row->csrf == CSRF_READS : row->csrf == CSRF_TOKEN || row->csrf == CSRF_CROSS_SITE;
}

const char *route_hole(const struct route *row)
{
    const struct {
        bool whole;
        const char *column;
    } columns[] = {
        {row->method != HTTP_OTHER, "method"},
        {row->path != NULL && row->path[0] == '/', "path"},
        {row->who != ROUTE_WHO_UNSET, "who"},
        {row->takes != ROUTE_TAKES_UNSET, "takes"},
        {row->answers != ROUTE_ANSWERS_UNSET, "answers"},
        {row->pool != ROUTE_POOL_UNSET, "pool"},
        {row->handler != NULL, "handler"},
        {(row->pool == CHOOSE) == (row->choose != NULL), "choose"},
        {(row->who == BEARER) == (row->reach != NULL), "reach"},
        {csrf_fits(row), "csrf"},
        {row->cors != ROUTE_CORS_UNSET && (row->answers == PUBLIC_JSON) == (row->cors == CORS_ANY), "cors"},
        {row->challenge != ROUTE_CHALLENGE_UNSET && route_of_client(row) == (row->challenge == CHALLENGE_BASIC), "challenge"},
        {row->proof != ROUTE_PROOF_UNSET && (row->who == BEARER) == (row->proof == PROOF_SHOWN), "proof"},
        {row->names != ROUTE_NAMES_UNSET, "names"},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (!columns[i].whole)
            return columns[i].column;
    return NULL;
}

static bool id_char(char c)
{
    return ascii_visible(c) && c != '/' && c != '\\';
}

/* Does the path fit the pattern? Fills the parameters in order. */
static bool matches_path_pattern(const char *pattern, str path, str parameters[3])
{
    size_t i = 0, found = 0;
    for (const char *p = pattern; *p;) {
        if (p[0] == '{') {
            size_t begin = i;
            while (i < path.n && id_char(path.p[i]))
                i++;
            if (i == begin || found == 3)
                return false;
            parameters[found++] = (str){path.p + begin, i - begin};
            while (*p && *p != '}')
                p++;
            p++;
            continue;
        }
        if (i >= path.n || path.p[i] != *p)
            return false;
        i++;
        p++;
    }
    return i == path.n;
}

/* ---- the table by length: most paths are whole rows, and few rows are as long ---- */

enum { ROWS_MAX = 255, LENGTHS = 64, NO_ROW = ROWS_MAX };
static pthread_once_t sorted = PTHREAD_ONCE_INIT;
static uint8_t first_of[LENGTHS], next_of[ROWS_MAX], first_pattern; /* numbers of rows, in the order of the table */

static void sort_rows(void)
{
    INVARIANT(route_count < ROWS_MAX);
    memset(first_of, NO_ROW, sizeof first_of);
    first_pattern = NO_ROW;
    for (size_t i = route_count; i-- > 0;) {
        const char *path = route_table[i].path;
        size_t n = strlen(path);
        INVARIANT(n < LENGTHS);
        uint8_t *first = strchr(path, '{') != NULL ? &first_pattern : &first_of[n];
        next_of[i] = *first;
        *first = (uint8_t)i;
    }
}

static uint8_t first_whole(str path)
{
    return path.n < LENGTHS ? first_of[path.n] : NO_ROW;
}

static bool is_whole(const struct route *row, str path)
{
    return memcmp(row->path, path.p, path.n) == 0;
}

/* The row, or NULL and the methods of those that fit. A row without {} goes before one with (a test holds that none is hidden so). */
const struct route *route_find(enum http_method method, str path, str parameters[3], unsigned *methods)
{
    enum http_method asked = method == HTTP_HEAD ? HTTP_GET : method;
    INVARIANT(pthread_once(&sorted, sort_rows) == 0);
    *methods = 0;
    for (size_t k = 0; k < 3; k++)
        parameters[k] = STR_ABSENT;
    for (uint8_t i = first_whole(path); i != NO_ROW; i = next_of[i]) {
        if (!is_whole(&route_table[i], path))
            continue;
        *methods |= route_table[i].method;
        if (route_table[i].method == asked)
            return &route_table[i];
    }
    for (uint8_t i = first_pattern; i != NO_ROW; i = next_of[i]) {
        str found[3] = {{0}};
        if (!matches_path_pattern(route_table[i].path, path, found))
            continue;
        *methods |= route_table[i].method;
        if (route_table[i].method != asked)
            continue;
        for (size_t k = 0; k < 3; k++)
            parameters[k] = found[k];
        return &route_table[i];
    }
    return NULL;
}

const struct route *route_find_any(str path)
{
    str ignored[3];
    INVARIANT(pthread_once(&sorted, sort_rows) == 0);
    for (uint8_t i = first_whole(path); i != NO_ROW; i = next_of[i])
        if (is_whole(&route_table[i], path))
            return &route_table[i];
    for (uint8_t i = first_pattern; i != NO_ROW; i = next_of[i])
        if (matches_path_pattern(route_table[i].path, path, ignored))
            return &route_table[i];
    return NULL;
}

/* /.well-known/name/base/rest without the base; absent: it is no such path. */
static str well_known_local(struct arena *a, str base, str path)
{
    const str root = STR("/.well-known/");
    if (!str_starts(path, root))
        return STR_ABSENT;
    str tail = {path.p + root.n, path.n - root.n};
    size_t name = root.n + str_find(tail, '/');
    str rest = {path.p + name, path.n - name};
    if (!str_starts(rest, base) || (rest.n > base.n && rest.p[base.n] != '/'))
        return STR_ABSENT;
    return str_join(a, (const str[]){{path.p, name}, {rest.p + base.n, rest.n - base.n}}, 2);
}

str route_local(struct arena *a, str base, str path)
{
    str local = STR_ABSENT;
    if (base.n == 0)
        return path;
    if (str_starts(path, base) && (path.n == base.n || path.p[base.n] == '/'))
        local = path.n == base.n ? STR("/") : (str){path.p + base.n, path.n - base.n};
    else
        local = well_known_local(a, base, path);
    if (!str_present(local) || (!route_find_any(local) && route_find_any(path)))
        return path;
    return local;
}
