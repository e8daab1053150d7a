/* SPDX-License-Identifier: MIT
 * fetch: outgoing HTTP. Relies on libcurl, which no other file includes, and on fetch_address for where the server may call. Promises
 * that a credential travels over checked TLS or stays on this machine (TL-04), that no redirect carries it elsewhere, and that a hostile
 * server cannot fill the memory, hold us for ever, or hold many of our threads at once. The library is loaded when it is first needed: it brings fifteen others along
 * (Kerberos, LDAP, SSH), which a server that never calls out should neither load nor keep in memory. Each call has its own handle, so
 * any number of threads may call; nothing is kept between calls but the library itself. */
#include "fetch/fetch.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetch/fetch_address.h"
#include "fetch/fetch_share.h"
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#undef curl_easy_setopt /* macros that check the types of a direct call */
#undef curl_easy_getinfo
#include "base/banned.h"

#define CALLS(X)   \
    X(global_init) \
    X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_strerror) X(slist_append) X(slist_free_all)
static struct {
    bool whole; /* loaded and started: stays so until the process ends */
#define X(name_) __typeof__(&curl_##name_) name_;
    CALLS(X)
#undef X
} curl;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static void (*waiting)(bool begins); /* set before the first call */

static void load_libcurl(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    bool whole = library != NULL;
#define X(name_) whole = whole && (*(void **)&curl.name_ = dlsym(library, "curl_" #name_)) != NULL;
    CALLS(X)
#undef X
    curl.whole = whole && curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

enum { CONNECT_SECONDS = 10, WHOLE_SECONDS = 60, HEADERS_MAX = 65536, TOLD_EVERY_US = 10000000 };

/* How one call behaves, whoever makes it. */
struct ways {
    bool guarded;  /* the server's own: internal addresses are refused, unless `named`; no proxy */
    bool named;    /* an administrator named this host */
    bool loopback; /* a person's: http:// may be used */
    bool refused;  /* an internal address was met and not opened */
    bool hung;     /* the time ran out */
    int64_t seconds;
    size_t bytes;
    const char *trust; /* file with further certificates; NULL: none */
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct buf *b = context;
    buf_add(b, (str){data, size * count});
    return b->over ? 0 : size * count; /* 0: libcurl stops */
}
struct setup {
    CURL *handle;
    CURLcode code;
};
#define SET(setup_, option_, value_) ((setup_)->code == CURLE_OK ? (void)((setup_)->code = curl.easy_setopt((setup_)->handle, option_, value_)) : (void)0)

/* The last word before a socket is opened, about the very address that it will be connected to (no DNS rebinding). */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct ways *w = context;
    if (purpose != CURLSOCKTYPE_IPCXN || (!w->named && !fetch_address_public(&address->addr))) { /* AZ-18 */
        w->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void set_ways(struct setup *s, struct ways *w)
{
    int64_t patience = w->seconds < CONNECT_SECONDS ? w->seconds : CONNECT_SECONDS;
    SET(s, CURLOPT_PROTOCOLS_STR, w->loopback ? "https,http" : "https");
    SET(s, CURLOPT_FOLLOWLOCATION, 0L);
    SET(s, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(s, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(s, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(s, CURLOPT_NOSIGNAL, 1L);
    SET(s, CURLOPT_CONNECTTIMEOUT, (long)patience);
    SET(s, CURLOPT_TIMEOUT, (long)w->seconds);
    SET(s, CURLOPT_USERAGENT, "jeton/" JETON_VERSION);
    if (w->trust)
        SET(s, CURLOPT_CAINFO, w->trust);
    if (!w->guarded) {
        SET(s, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
        return;
    }
    SET(s, CURLOPT_PROXY, ""); /* a proxy would open the connection for us, unjudged */
    SET(s, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(s, CURLOPT_OPENSOCKETDATA, w);
}
static fallible terminate_text(struct arena *a, str text, const char **z)
{
    *z = str_z(a, text);
    if (*z == NULL && arena_failed(a))
        FAIL(UNAVAILABLE, "no memory for a request");
    if (*z == NULL)
        FAIL(INVALID_REQUEST, "a part of the request holds a NUL byte");
    return OK;
}
static fallible set_request(struct arena *a, struct setup *s, const struct fetch_request *r)
{
    const char *url, *user, *password;
    TRY(terminate_text(a, r->url, &url));
    SET(s, CURLOPT_URL, url);
    str body = str_present(r->form) ? r->form : r->json;
    if (str_present(body)) {
        SET(s, CURLOPT_POST, 1L);
        SET(s, CURLOPT_POSTFIELDSIZE, (long)body.n);
        SET(s, CURLOPT_POSTFIELDS, body.p);
    }
    if (str_present(r->user)) {
        TRY(terminate_text(a, r->user, &user));
        TRY(terminate_text(a, r->password, &password));
        SET(s, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(s, CURLOPT_USERNAME, user);
        SET(s, CURLOPT_PASSWORD, password);
    }
    return OK;
}
static fallible set_certificate(struct arena *a, struct setup *s, const struct fetch_request *r)
{
    if (!str_present(r->certificate))
        return OK;
    const char *certificate, *key;
    TRY(terminate_text(a, r->certificate, &certificate));
    TRY(terminate_text(a, r->key, &key));
    SET(s, CURLOPT_SSLCERT, certificate);
    SET(s, CURLOPT_SSLKEY, key);
    return OK;
}
/* Adds to *list, which stays the caller's also when it fails. */
static fallible add_header(struct arena *a, struct curl_slist **list, str line)
{
    const char *z = str_z(a, line);
    for (size_t i = 0; i < line.n; i++) {
        if (!ascii_printable(line.p[i]))
            FAIL(INVALID_REQUEST, "a header line holds a control byte");
    }
    struct curl_slist *longer = z ? curl.slist_append(*list, z) : NULL;
    if (!longer)
        FAIL(UNAVAILABLE, "no memory for a header line");
    *list = longer;
    return OK;
}
static fallible add_headers(struct arena *a, struct curl_slist **list, const struct fetch_request *r)
{
    str accept[] = {STR("Accept: "), str_present(r->accept) ? r->accept : STR("application/json")};
    TRY(add_header(a, list, str_join(a, accept, 2)));
    if (!str_present(r->form) && str_present(r->json))
        TRY(add_header(a, list, STR("Content-Type: application/json")));
    for (size_t i = 0; i < r->header_count; i++)
        TRY(add_header(a, list, r->headers[i]));
    return OK;
}
str fetch_header(const struct fetch_answer *answer, const char *name)
{
    str rest = answer->headers, line, found = STR_ABSENT;
    while (str_present(rest) && str_next(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':');
        if (colon == line.n || !str_equal_nocase((str){line.p, colon}, str_of(name)))
            continue;
        if (str_present(found))
            return STR_ABSENT;
        size_t end = line.p[line.n - 1] == '\r' ? line.n - 1 : line.n;
        found = str_trim((str){line.p + colon + 1, end - colon - 1});
    }
    return found;
}
static const char *unknown_hint(const struct ways *w)
{
    return w->guarded ? "; name the certificates to trust in the setting fetch_authority"
                      : "; name the certificates to trust with --ca FILE (of jeton: DIR/tls/ca.pem)";
}
/* Performs and copies out; the handle stays the caller's. */
static fallible perform_request(struct arena *a, struct setup *s, struct ways *w, struct fetch_answer *out, const char **trouble)
{
    struct buf body = buf_new(a, w->bytes);
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    str text, lines;
    struct buf headers = buf_new(a, HEADERS_MAX);
    SET(s, CURLOPT_HEADERFUNCTION, take_body);
    SET(s, CURLOPT_HEADERDATA, &headers);
    SET(s, CURLOPT_ERRORBUFFER, detail);
    SET(s, CURLOPT_WRITEFUNCTION, take_body);
    SET(s, CURLOPT_WRITEDATA, &body);
    if (s->code == CURLE_OK)
        s->code = curl.easy_perform(s->handle);
    if (s->code == CURLE_OK)
        s->code = curl.easy_getinfo(s->handle, CURLINFO_RESPONSE_CODE, &status);
    if (s->code != CURLE_OK) {
        bool unknown = s->code == CURLE_PEER_FAILED_VERIFICATION;
        str said = str_format(a, "%s%s", detail[0] ? detail : curl.easy_strerror(s->code), unknown ? unknown_hint(w) : "");
        *trouble = str_present(said) ? said.p : "no memory";
        w->hung = s->code == CURLE_OPERATION_TIMEDOUT;
        if (w->refused) {
            *trouble = "the host lies at an internal address; an administrator can allow it in the setting fetch_internal";
            FAIL(INVALID_REQUEST, "the host lies at an internal address, which fetch_internal does not name");
        }
        FAIL(UNAVAILABLE, "the request did not get through");
    }
    TRY(buf_done(&body, &text));
    TRY(buf_done(&headers, &lines));
    out->status = status;
    out->body = text;
    out->headers = lines;
    return OK;
}
static fallible run_fetch_request(struct arena *a, const struct fetch_request *request, struct ways *w, struct fetch_answer *out, const char **trouble)
{
    struct setup s = {NULL, CURLE_OK};
    (void)pthread_once(&loaded, load_libcurl);
    if (!curl.whole) {
        *trouble = "the library libcurl.so.4 is not installed (Debian's package libcurl4)";
        FAIL(UNAVAILABLE, "libcurl cannot be loaded or started");
    }
    s.handle = curl.easy_init();
    struct curl_slist *headers = NULL;
    err e = s.handle ? add_headers(a, &headers, request) : ERR(UNAVAILABLE, "no memory for a request");
    if (!FAILED(e)) {
        set_ways(&s, w);
        SET(&s, CURLOPT_HTTPHEADER, headers);
        e = set_request(a, &s, request);
    }
    if (!FAILED(e))
        e = set_certificate(a, &s, request);
    if (!FAILED(e))
        e = perform_request(a, &s, w, out, trouble);
    curl.slist_free_all(headers);
    curl.easy_cleanup(s.handle);
    return e;
}
static fallible set_trust_file(struct arena *a, str file, struct ways *w)
{
    if (!str_filled(file))
        return OK;
    return terminate_text(a, file, &w->trust);
}
fallible fetch_run(struct arena *a, const struct fetch_request *request, struct fetch_answer *out, const char **trouble)
{
    struct url u;
    *trouble = "no memory";
    TRY(url_parse(request->url, &u));
    struct ways w = {.loopback = url_loopback(&u), .seconds = WHOLE_SECONDS, .bytes = BUF_JSON_MAX};
    if (str_equal_nocase(u.scheme, STR("http")) && !w.loopback) {
        *trouble = "http:// is for loopback hosts alone; use the server's https:// address";
        FAIL(INVALID_REQUEST, "a credential would travel in the open");
    }
    TRY(set_trust_file(a, request->authority, &w));
    return run_fetch_request(a, request, &w, out, trouble);
}
void fetch_when_waiting(void (*call)(bool begins))
{
    waiting = call;
}
void fetch_waits(bool begins)
{
    if (waiting != NULL)
        waiting(begins);
}
struct shared_call {
    const struct fetch_request *request;
    const struct url *url;
};
/* Who is a host for the shares: name and port; what lies at several ports of one machine may be several servers. */
static str host_of(struct arena *a, const struct url *u)
{
    str port = str_present(u->port) ? u->port : STR("443"), host = str_format(a, "%.*s:%.*s", STR_FMT(u->host), STR_FMT(port));
    for (size_t i = 0; str_present(host) && i < host.n; i++)
        ((char *)(uintptr_t)host.p)[i] = host.p[i] >= 'A' && host.p[i] <= 'Z' ? (char)(host.p[i] - 'A' + 'a') : host.p[i];
    return host;
}
static enum fetch_end end_of(err e, const struct ways *w)
{
    bool theirs = e.kind == ERR_UNAVAILABLE && !w->refused && curl.whole;
    return !theirs ? FETCH_ENDED_WELL : w->hung ? FETCH_HUNG : FETCH_FAILED;
}
/* RL-06: within the shares, or on a thread of its own, which only must not be held by who hangs. */
static fallible fetch_within_shares(struct arena *a, const struct fetch_manners *manners, const struct shared_call *call, struct ways *w,
                                    struct fetch_answer *out, const char **trouble)
{
    const struct fetch_place place = {host_of(a, call->url), manners->caller};
    size_t slot = 0;
    if (!str_present(place.host))
        FAIL(UNAVAILABLE, "fetch: no memory");
    if (manners->apart) {
        *trouble = "the host did not answer lately and is left alone for a while";
        if (fetch_share_benched(&place))
            FAIL(THROTTLED, "fetch: the host is benched");
        err e = run_fetch_request(a, call->request, w, out, trouble);
        if (end_of(e, w) != FETCH_FAILED)
            fetch_share_note(&place, end_of(e, w));
        return e;
    }
    TRY(fetch_share_begin(&place, w->seconds, &slot, trouble));
    fetch_waits(true);
    err e = run_fetch_request(a, call->request, w, out, trouble);
    fetch_waits(false);
    fetch_share_end(slot, end_of(e, w));
    return e;
}
bool fetch_port_due(const struct fetch_manners *manners, const struct url *u)
{
    return !str_filled(manners->ports) || fetch_address_port_listed(manners->ports, u);
}
/* Now and then: who names addresses to us could otherwise fill the log. */
static void tell_port_refused(const struct url *u, const char *why)
{
    static _Atomic int64_t told_us;
    int64_t now_us = clock_monotonic_us(), before_us = atomic_load(&told_us);
    if ((before_us == 0 || now_us - before_us >= TOLD_EVERY_US) && atomic_compare_exchange_strong(&told_us, &before_us, now_us))
        LOG(WARN, "fetch.refused", LOG_STR("host", u->host), LOG_STR("port", u->port), LOG_STR("why", str_of(why)));
}
fallible fetch_call(struct arena *a, const struct fetch_manners *manners, const struct fetch_request *request, struct fetch_answer *out, const char **trouble)
{
    struct url u;
    *trouble = "the address is not an https:// URL";
    TRY(url_parse(request->url, &u));
    if (!str_equal_nocase(u.scheme, STR("https"))) /* MD-05 */
        FAIL(INVALID_REQUEST, "the address to call is not https");
    if (!fetch_port_due(manners, &u)) {
        *trouble = "the port is not one that this server may call; an administrator can allow it in the setting outgoing_ports";
        tell_port_refused(&u, *trouble);
        FAIL(INVALID_REQUEST, "the port to call is not in outgoing_ports");
    }
    struct ways w = {.guarded = true,
                     .named = fetch_address_named(manners->internal, &u),
                     .seconds = manners->seconds > 0 ? manners->seconds : FETCH_SECONDS,
                     .bytes = manners->bytes > 0 ? manners->bytes : FETCH_BYTES};
    *trouble = "no memory";
    TRY(set_trust_file(a, manners->authority, &w));
    return fetch_within_shares(a, manners, &(struct shared_call){request, &u}, &w, out, trouble);
}
fallible fetch_document(struct arena *a, const struct fetch_manners *manners, str url, str accept, str *body)
{
    struct fetch_answer answer = {0};
    const char *trouble;
    struct fetch_request request = {.url = url, .accept = accept};
    TRY(fetch_call(a, manners, &request, &answer, &trouble));
    if (answer.status != 200)
        FAIL(UNAVAILABLE, "the other server did not answer with 200");
    if (!str_filled(answer.body))
        FAIL(UNAVAILABLE, "the other server answered with nothing");
    *body = answer.body;
    return OK;
}
