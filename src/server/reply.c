/* SPDX-License-Identifier: MIT
 * reply: one place turns an err into bytes, so that `why` has no way out but the log, and every address keeps its promise: JSON where
 * JSON is promised, a page for people. Relies on the row; promises never to fail: what cannot be shaped becomes a bare 500. */
#include "server/reply.h"
#include "server/phase.h"
#include "base/ascii.h"
#include "base/log.h"
#include "codec/percent.h"
#include "crypto/random.h"
#include "endpoint/headers.h"
#include "clientauth/sender.h"
#include "grant/token_request.h"
#include "token/dpop.h"
#include "base/banned.h"

enum route_answers reply_answers(const struct pipeline *w)
{
    if (w->route)
        return w->route->answers;
    const struct request *r = &w->exchange->request;
    str path = str_filled(r->path) ? r->path : (str){r->target.p, str_find(r->target, '?')};
    path = route_local(r->arena, w->app->authority.base, path);
    const struct route *row = route_find_any(path);
    if (row) /* refused at the door, before its row was looked for: the address keeps its promise all the same */
        return row->answers;
    if (str_starts(path, STR("/api/")) || str_is(path, "/api"))
        return API_JSON;
    if (str_starts(path, STR("/oauth/")) && request_wants_json(r))
        return OAUTH_JSON;
    return request_wants_json(r) ? API_JSON : HTML;
}

fallible reply_allow(struct pipeline *w)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"}, {HTTP_PUT, "PUT"}, {HTTP_DELETE, "DELETE"}};
    struct buf b = buf_new(w->exchange->request.arena, 64);
    str text;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(w->methods & names[i].bit))
            continue;
        if (b.n > 0)
            buf_add(&b, STR(", "));
        buf_add_z(&b, names[i].name);
    }
    TRY(buf_done(&b, &text));
    return response_header(&w->exchange->response, "Allow", text);
}

/* At resources an unfit proof is a failed authentication (RFC 9449 7.1), elsewhere a malformed request. */
static int status_of(const struct pipeline *w, err why)
{
    bool proof = why.kind == ERR_INVALID_DPOP_PROOF || why.kind == ERR_USE_DPOP_NONCE;
    return proof && w->route && w->route->proof == PROOF_SHOWN ? 401 : err_status(why);
}

/* RFC 9728 5.1: where the API tells who gives tokens for it. */
static str metadata_of(struct pipeline *w)
{
    if (w->route->challenge != CHALLENGE_BEARER_API)
        return STR("");
    const struct authority *authority = &w->app->authority;
    return str_format(w->exchange->response.arena, ", resource_metadata=\"%.*s/.well-known/oauth-protected-resource%.*s/api/1.0\"",
                      STR_FMT(authority->issuer_origin), STR_FMT(authority->base));
}

static bool names_scopes(const struct route *route)
{
    return route->reach && !str_is(str_of(route->reach), ROUTE_REACH_ANY) && !str_is(str_of(route->reach), ROUTE_REACH_FULL);
}

/* What went wrong, and what would help: which scopes (RFC 6750 3), how fresh a login (RFC 9470 3). */
static str error_told(struct pipeline *w, err why)
{
    struct arena *a = w->exchange->response.arena;
    str error = str_format(a, ", error=\"%s\", error_description=\"%s\"", err_code(why), err_say(why));
    if (why.kind == ERR_INSUFFICIENT_SCOPE && names_scopes(w->route))
        return str_format(a, "%.*s, scope=\"%s\"", STR_FMT(error), w->route->reach);
    if (why.kind == ERR_INSUFFICIENT_AUTHENTICATION)
        return str_format(a, "%.*s, max_age=\"%lld\"", STR_FMT(error), (long long)w->context.authority->policy.reauthentication);
    return error;
}

/* RFC 6750 3, RFC 9449 7.1: both schemes, the one that was tried first and with the error. Who sent nothing is told no error. */
static fallible send_bearer_challenge(struct pipeline *w, err why)
{
    struct response *r = &w->exchange->response;
    str sent = request_field(&w->exchange->request, HTTP_FIELD_AUTHORIZATION), none = STR("");
    bool dpop = sent.n > 5 && str_equal_nocase((str){sent.p, 5}, STR("dpop ")); /* as bearer_of_header reads it */
    bool told = str_present(sent) || str_present(w->context.dpop) || form_has(&w->call.form, "access_token");
    str error = told ? error_told(w, why) : none, where = metadata_of(w);
    str bearer = str_format(r->arena, "Bearer realm=\"jeton\"%.*s%.*s", STR_FMT(dpop ? none : error), STR_FMT(where));
    str proof = str_format(r->arena, "DPoP realm=\"jeton\"%.*s, algs=\"%.*s\"%.*s", STR_FMT(dpop ? error : none), STR_FMT(dpop_algs), STR_FMT(where));
    if (!str_present(error) || !str_present(where) || !str_present(bearer) || !str_present(proof))
        FAIL(UNAVAILABLE, "reply: no memory");
    TRY(response_header(r, "WWW-Authenticate", dpop ? proof : bearer));
    return response_header(r, "WWW-Authenticate", dpop ? bearer : proof);
}

/* What goes with a kind of error whatever the form of the body. */
static fallible error_headers(struct pipeline *w, err why)
{
    struct response *r = &w->exchange->response;
    if (why.kind == ERR_METHOD_NOT_ALLOWED)
        TRY(reply_allow(w));
    if ((why.kind == ERR_UNAVAILABLE || why.kind == ERR_BUSY) && r->header_count == 0) /* kept: what the handler said */
        TRY(response_header(r, "Retry-After", why.kind == ERR_BUSY ? STR("30") : STR("1")));
    if (why.kind == ERR_INVALID_CLIENT && w->call.client.header_tried) /* RFC 6749 5.2; TE-04 */
        TRY(response_literal(r, "WWW-Authenticate", "Basic realm=\"jeton\", charset=\"UTF-8\""));
    bool bearer = w->route && (w->route->challenge == CHALLENGE_BEARER || w->route->challenge == CHALLENGE_BEARER_API);
    if (bearer && (status_of(w, why) == 401 || why.kind == ERR_INSUFFICIENT_SCOPE))
        TRY(send_bearer_challenge(w, why));
    if (why.kind == ERR_USE_DPOP_NONCE) /* RFC 9449 8, 9 */
        TRY(response_header(r, "DPoP-Nonce", sender_nonce(&w->context)));
    return OK;
}

static fallible error_oauth(struct pipeline *w, err why)
{
    struct json_writer body = call_object(&w->call);
    json_write_text(&body, "error", str_of(err_code(why)));
    json_write_text(&body, "error_description", str_of(err_say(why)));
    if (err_status(why) >= 500)
        json_write_text(&body, "request_id", str_of(w->exchange->request.id));
    return call_json(&w->call, status_of(w, why), &body);
}

/* Each field once, with all that is wrong with it; there are PROBLEM_MAX at the most. */
static void write_problems(const struct call *c, struct json_writer *w)
{
    const struct problems *p = &c->problems;
    json_write_object(w, "errors");
    for (size_t i = 0; i < p->count; i++) {
        str field = str_of(p->rows[i].field);
        bool told = false;
        for (size_t k = 0; k < i && !told; k++)
            told = str_is(field, p->rows[k].field);
        if (told)
            continue;
        json_write_list(w, p->rows[i].field);
        for (size_t k = i; k < p->count; k++)
            if (str_is(field, p->rows[k].field))
                json_write_text(w, NULL, problem_text(c->context->arena, c->context->language, &p->rows[k]));
        json_write_end(w);
    }
    json_write_end(w);
}

/* The words that the contract promises for some; else the code of the kind of error. */
static const char *api_word(int status, err why)
{
    return status == 401 ? "Unauthenticated." : status == 404 ? "Not Found" : status == 429 ? "too_many_requests" : err_code(why);
}

/* For a person; OAuth's error_description stays English. */
static str translate_error_text(const struct pipeline *w, err why)
{
    return message_word(w->context.language, str_of(err_say(why)));
}

/* Contract 6: one form for every error under /api/: error, message and request_id, and with 422 what is wrong with each field. */
static fallible error_api(struct pipeline *w, err why)
{
    struct json_writer body = call_object(&w->call);
    int status = status_of(w, why);
    json_write_text(&body, "error", str_of(api_word(status, why)));
    json_write_text(&body, "message", status == 500 ? STR("Server Error") : translate_error_text(w, why));
    json_write_text(&body, "request_id", str_of(w->exchange->request.id)); /* LG-05 */
    if (status == 422)
        write_problems(&w->call, &body);
    return call_json(&w->call, status, &body);
}

/* Where the person was going: here, for a page; from a form where it says, or the page that it stands on. */
static str find_return_target(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    str ignored[3], to = call_local_path(form_get(&w->call.form, "return_to"), STR_ABSENT);
    unsigned methods;
    if (r->method == HTTP_GET || r->method == HTTP_HEAD)
        return r->target;
    if (str_present(to) || w->route->who == BROWSER) /* the page where people log in leads to others, not to itself */
        return to;
    return route_find(HTTP_GET, r->path, ignored, &methods) ? r->path : STR_ABSENT;
}

/* To the page where something must be done first, and from there on. `more` is a query that begins with &. */
static fallible to_page(struct pipeline *w, const char *page, str more)
{
    struct buf b = buf_new(w->exchange->request.arena, BUF_URL_MAX * 4);
    str location, to = find_return_target(w);
    buf_add_z(&b, page);
    buf_add_z(&b, str_present(to) || str_filled(more) ? "?" : "");
    if (str_present(to)) {
        buf_add(&b, STR("return_to="));
        percent_add(&b, to);
    }
    buf_add(&b, str_present(to) || !str_filled(more) ? more : (str){more.p + 1, more.n - 1});
    TRY(buf_done(&b, &location));
    return call_redirect(&w->call, location);
}

/* A form of ours from before: two tabs, Back, a login that ended. What it asked for is not done; whoever is logged in goes on to where they
 * were going, others log in first, with the name that they had typed. */
static fallible go_on(struct pipeline *w)
{
    struct arena *a = w->exchange->request.arena;
    str to = find_return_target(w), typed = form_get(&w->call.form, "username");
    struct buf more = buf_new(a, BUF_URL_MAX);
    if (w->call.session.user) {
        bool same = str_present(to) && str_equal(to, w->exchange->request.path);
        return call_redirect(&w->call, same ? str_format(a, "%.*s?done=expired", STR_FMT(to)) : str_present(to) ? to : STR("/account"));
    }
    buf_add(&more, STR("&expired=1"));
    if (str_filled(typed)) {
        buf_add(&more, STR("&username="));
        percent_add(&more, typed);
    }
    str text;
    TRY(buf_done(&more, &text));
    return to_page(w, "/login", text);
}

static fallible error_page(struct pipeline *w, err why)
{
    if (why.kind == ERR_LOGIN_REQUIRED)
        return to_page(w, "/login", STR(""));
    if (why.kind == ERR_PASSWORD_DUE) /* LS-14 */
        return to_page(w, "/account/password", STR(""));
    if (why.kind == ERR_FACTOR_DUE)
        return to_page(w, "/account/sign-in-methods/new", STR(""));
    if (why.kind == ERR_STALE_FORM)
        return go_on(w);
    struct page_fields *f = call_fields(&w->call);
    page_put_word(f, "title", err_status(why) >= 500 ? STR("Something went wrong") : STR("This did not work"));
    page_put_word(f, "message", str_of(err_say(why)));
    page_put(f, "request_id", str_of(w->exchange->request.id));
    return call_page(&w->call, err_status(why), "error.html", f);
}

static fallible error_text(struct pipeline *w, err why)
{
    str text = str_format(w->exchange->request.arena, "%.*s\n", STR_FMT(translate_error_text(w, why)));
    if (!str_present(text))
        FAIL(UNAVAILABLE, "reply: no memory");
    response_body(&w->exchange->response, err_status(why), "text/plain; charset=utf-8", text);
    return OK;
}

static fallible error_body(struct pipeline *w, err why)
{
    switch (reply_answers(w)) {
    case OAUTH_JSON:
        return error_oauth(w, why);
    case API_JSON:
    case PUBLIC_JSON:
        return error_api(w, why);
    case HTML:
    case STATIC:
        return error_page(w, why);
    case TEXT:
    case ROUTE_ANSWERS_UNSET:
        break;
    }
    return error_text(w, why);
}

/* What can be said without memory: another time, when that is what is missing (AV-08). */
static void reply_barely(struct response *r)
{
    bool used_up = arena_failed(r->arena);
    r->header_count = 0;
    if (!used_up)
        response_body(r, 500, "application/json", STR("{\"error\":\"server_error\",\"message\":\"Server Error\"}"));
    else
        response_body(r, 503, "application/json", STR("{\"error\":\"temporarily_unavailable\"}"));
    if (used_up && FAILED(response_literal(r, "Retry-After", "1")))
        r->header_count = 0;
}

void reply_error(struct pipeline *w, err why)
{
    struct response *r = &w->exchange->response;
    if (!w->context.language)
        phase_language(w);
    str note = r->note;
    struct http_header kept[4];
    size_t keep = 0;
    for (size_t i = 0; i < r->header_count && keep < 4; i++) /* a handler may have said when to try again */
        if (str_equal_nocase(r->headers[i].name, STR("Retry-After")))
            kept[keep++] = r->headers[i];
    r->header_count = 0;
    for (size_t i = 0; i < keep; i++)
        r->headers[r->header_count++] = kept[i];
    if (FAILED(error_headers(w, why)) || FAILED(error_body(w, why)))
        reply_barely(r);
    r->refused = why;
    r->note = note;
}

/* Headers that a page of a registered origin may send; browsers ask for them one by one. */
static const char *const cors_headers[] = {"accept",          "accept-language",      "authorization",  "content-type",          "dpop",
                                           "if-match",        "mcp-protocol-version", "mcp-session-id", "x-fapi-interaction-id", "x-request-id",
                                           "x-requested-with"};

static bool cors_header(str name, bool any)
{
    bool known = any && name.n > 0;
    for (size_t i = 0; i < name.n && known; i++)
        known = ascii_letter(name.p[i]) || ascii_digit(name.p[i]) || name.p[i] == '-' || name.p[i] == '_';
    for (size_t i = 0; i < sizeof cors_headers / sizeof cors_headers[0] && !known; i++)
        known = str_equal_nocase(name, str_of(cors_headers[i]));
    return known;
}

/* Fetch 4.8: the headers that were asked for and may be sent; without a question all that we know. */
static fallible cors_preflight(struct pipeline *w, str methods, bool any)
{
    struct response *r = &w->exchange->response;
    str asked = request_header(&w->exchange->request, "Access-Control-Request-Headers"), name, allowed;
    struct buf b = buf_new(r->arena, HTTP_TARGET_MAX);
    for (size_t i = 0; i < sizeof cors_headers / sizeof cors_headers[0] && !str_present(asked); i++) {
        buf_add_z(&b, i > 0 ? ", " : "");
        buf_add_z(&b, cors_headers[i]);
    }
    for (str rest = asked; str_filled(rest) && str_next(&rest, ',', &name);) {
        name = str_trim(name);
        if (!cors_header(name, any))
            continue;
        buf_add_z(&b, b.n > 0 ? ", " : "");
        buf_add(&b, name);
    }
    TRY(buf_done(&b, &allowed));
    TRY(response_header(r, "Access-Control-Allow-Methods", methods));
    if (allowed.n > 0)
        TRY(response_header(r, "Access-Control-Allow-Headers", allowed));
    return response_literal(r, "Access-Control-Max-Age", "600");
}

/* An address without a row speaks as its neighbours do. */
static enum route_cors cors_of(const struct pipeline *w)
{
    if (w->route)
        return w->route->cors;
    enum route_answers answers = reply_answers(w);
    return answers == OAUTH_JSON || answers == API_JSON ? CORS_REGISTERED : CORS_NONE;
}

static fallible set_cors_headers(struct pipeline *w) /* TE-13 */
{
    struct response *r = &w->exchange->response;
    bool preflight = w->exchange->request.method == HTTP_OPTIONS;
    enum route_cors rule = cors_of(w);
    if (rule == CORS_ANY) {
        TRY(response_header(r, "Access-Control-Allow-Origin", STR("*")));
        return preflight ? cors_preflight(w, STR("GET"), true) : OK;
    }
    str origin = request_field(&w->exchange->request, HTTP_FIELD_ORIGIN);
    if (rule != CORS_REGISTERED || !str_present(origin) || !str_has_word(atomic_load(&w->app->settings)->cors_origins, origin))
        return OK;
    TRY(response_header(r, "Vary", STR("Origin, Access-Control-Request-Headers")));
    TRY(response_header(r, "Access-Control-Allow-Origin", origin));
    TRY(response_header(r, "Access-Control-Expose-Headers",
                        STR("DPoP-Nonce, WWW-Authenticate, X-Request-Id, Retry-After, x-fapi-interaction-id"))); /* RFC 9449 8.2 */
    return preflight ? cors_preflight(w, STR("GET, POST, PUT, DELETE"), false) : OK;
}

static fallible cache_rules(struct pipeline *w, enum route_answers answers)
{
    struct response *r = &w->exchange->response;
    bool good = r->status < 400;
    if (answers == STATIC && good)
        return OK; /* the handler said it: names carry a hash */
    if (answers == PUBLIC_JSON && good)
        return response_literal(r, "Cache-Control", "public, max-age=300"); /* AT-10 */
    TRY(response_literal(r, "Cache-Control", "no-store"));                  /* TE-03 */
    return response_literal(r, "Pragma", "no-cache");
}

/* FAPI 1.0 Baseline 6.2.1 (11, 12): the client's own id comes back, and one is made where none came; it must be a UUID (RFC 4122). */
static str interaction_id(struct pipeline *w)
{
    str sent = request_header(&w->exchange->request, "x-fapi-interaction-id");
    bool fit = sent.n == 36;
    for (size_t i = 0; i < sent.n && fit; i++)
        fit = i == 8 || i == 13 || i == 18 || i == 23 ? sent.p[i] == '-' : ascii_hex(sent.p[i]) >= 0;
    if (!fit) {
        char made[37];
        random_uuid(made);
        sent = str_dup(w->exchange->request.arena, str_of(made));
    }
    w->interaction_id = sent;
    return sent;
}

static fallible finish_reply_headers(struct pipeline *w)
{
    enum route_answers answers = reply_answers(w);
    bool html = answers == HTML || str_starts(w->exchange->response.content_type, STR("text/html"));
    TRY(cache_rules(w, answers));
    TRY(response_put_own(&w->exchange->response, (struct http_header){STR("X-Request-Id"), str_of(w->exchange->request.id)}));
    if (w->route && w->route->who == BEARER)
        TRY(response_header(&w->exchange->response, "x-fapi-interaction-id", interaction_id(w)));
    if (sender_wants_nonce(&w->context) && w->exchange->response.refused.kind != ERR_USE_DPOP_NONCE)
        TRY(response_header(&w->exchange->response, "DPoP-Nonce", sender_nonce(&w->context)));
    TRY(set_cors_headers(w));
    return headers_protect(&w->exchange->response, html, w->app->hsts);
}

void reply_finish(struct pipeline *w)
{
    struct response *r = &w->exchange->response;
    if (FAILED(finish_reply_headers(w))) {
        reply_barely(r);
        r->refused =
            r->status == 503 ? ERR(UNAVAILABLE, "reply: the request's memory is used up") : ERR(SERVER_ERROR, "reply: the response's headers do not fit");
    }
}

/* What a protocol says in its ordinary course, what is told elsewhere, and what is the server's own trouble (the log has it) is no refusal
 * to look into. */
static bool is_ordinary_refusal(err why)
{
    static const enum err_kind kinds[] = {ERR_OK,
                                          ERR_AUTHORIZATION_PENDING,
                                          ERR_SLOW_DOWN,
                                          ERR_USE_DPOP_NONCE,
                                          ERR_LOGIN_REQUIRED,
                                          ERR_PASSWORD_DUE,
                                          ERR_FACTOR_DUE,
                                          ERR_CONSENT_REQUIRED,
                                          ERR_ACCOUNT_SELECTION_REQUIRED,
                                          ERR_ACCESS_DENIED,
                                          ERR_NOT_FOUND,
                                          ERR_METHOD_NOT_ALLOWED,
                                          ERR_ELSEWHERE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (why.kind == kinds[i])
            return true;
    return err_status(why) >= 500;
}

/* LG-01: every refusal is an event, once, with the very check that failed; the client and its developer find it by the request's id. */
static void audit_refusal(struct pipeline *w)
{
    const struct exchange *x = w->exchange;
    const struct db_user *user = w->call.actor.user;
    err why = x->response.refused;
    if (is_ordinary_refusal(why) || w->refusal_audited || !w->context.authority->store)
        return;
    struct authority_event_facts facts = {
        .actor = user ? user->id : STR_ABSENT,
        .client_id = x->response.note,
        .subject = str_of(err_code(why)),
        .detail = str_format(x->request.arena, "%.*s %.*s: %s", STR_FMT(x->request.method_name), STR_FMT(x->request.path), err_why(why)),
    };
    authority_event(&w->context, "request.refused", &facts);
}

void reply_log(struct pipeline *w)
{
    const struct exchange *x = w->exchange;
    audit_refusal(w);
    size_t row = w->route ? (size_t)(w->route - route_table) : route_count;
    int class = x->response.status / 100;
    if (class > 0 && class < APP_STATUS_CLASSES)
        atomic_fetch_add_explicit(&w->app->answered[row][class], 1, memory_order_relaxed);
    if (!w->app->access_log)
        return;
    bool refused = FAILED(x->response.refused);
    const struct grant_type *grant = w->route && w->route->who == CLIENT_OF_GRANT ? grant_types_offered(form_get(&w->call.form, "grant_type")) : NULL;
    struct log_field fields[] = {
        LOG_STR("id", str_of(x->request.id)),
        LOG_STR("peer", x->request.peer),
        LOG_STR("method", x->request.method_name),
        LOG_STR("path", x->request.path), /* never the query: it may hold codes (LG-02) */
        LOG_INT("status", x->response.status),
        LOG_INT("us", clock_monotonic_us() - x->request.begun_us),
        LOG_STR("client", x->response.note),
        LOG_STR("interaction", w->interaction_id),
        LOG_STR("grant", grant ? str_of(grant->wire) : STR_ABSENT),
        LOG_STR("why", refused ? str_of(err_why(x->response.refused)) : STR_ABSENT),
    };
    log_write(x->response.status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "request", fields, sizeof fields / sizeof fields[0]);
}
