/* SPDX-License-Identifier: MIT
 * fetch: outgoing HTTP. Relies on libcurl, which no other file includes. Promises that a credential travels over checked TLS or
 * stays on this machine (TL-04), that no redirect carries it elsewhere, and that a hostile server cannot fill the memory or
 * hold us for ever. The library is loaded when it is first needed: it brings fifteen others along (Kerberos, LDAP, SSH), which a
 * server that never calls out should neither load nor keep in memory. */
#include "cli/fetch.h"
#include "base/ascii.h"
#include "codec/url.h"
#include <curl/curl.h>
#include <dlfcn.h>
#undef curl_easy_setopt /* macros that check the types of a direct call */
#undef curl_easy_getinfo
#include "base/banned.h"

#define CALLS(X)                                                                                                               \
    X(global_init)                                                                                                             \
    X(global_cleanup) X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_strerror)             \
        X(slist_append) X(slist_free_all)
static struct {
    void *library;
#define X(name_) __typeof__(&curl_##name_) name_;
    CALLS(X)
#undef X
} curl;

/* Commands have one thread. What was loaded stays until the process ends. */
static bool load(void)
{
    if (curl.library != NULL)
        return true;
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    bool whole = library != NULL;
#define X(name_) whole = whole && (*(void **)&curl.name_ = dlsym(library, "curl_" #name_)) != NULL;
    CALLS(X)
#undef X
    if (whole)
        curl.library = library;
    return whole;
}

enum { CONNECT_SECONDS = 10, WHOLE_SECONDS = 60, HEADERS_MAX = 65536 };

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
#define SET(setup_, option_, value_)                                                                                           \
    ((setup_)->code == CURLE_OK ? (void)((setup_)->code = curl.easy_setopt((setup_)->handle, option_, value_)) : (void)0)

static void set_manners(struct setup *s, bool loopback)
{
    SET(s, CURLOPT_PROTOCOLS_STR, loopback ? "https,http" : "https");
    SET(s, CURLOPT_FOLLOWLOCATION, 0L);
    SET(s, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(s, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(s, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(s, CURLOPT_NOSIGNAL, 1L);
    SET(s, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    SET(s, CURLOPT_TIMEOUT, (long)WHOLE_SECONDS);
    SET(s, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    SET(s, CURLOPT_USERAGENT, "jeton/" JETON_VERSION);
}
static fallible set_request(struct arena *a, struct setup *s, const struct fetch_request *r)
{
    const char *url = str_z(a, r->url);
    if (!url)
        FAIL(INVALID_REQUEST, "the address holds a NUL byte");
    SET(s, CURLOPT_URL, url);
    str body = str_present(r->form) ? r->form : r->json;
    if (str_present(body)) {
        SET(s, CURLOPT_POST, 1L);
        SET(s, CURLOPT_POSTFIELDSIZE, (long)body.n);
        SET(s, CURLOPT_POSTFIELDS, body.p);
    }
    if (str_present(r->user)) {
        const char *user = str_z(a, r->user), *password = str_z(a, r->password);
        if (!user || !password)
            FAIL(INVALID_REQUEST, "a credential holds a NUL byte");
        SET(s, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(s, CURLOPT_USERNAME, user);
        SET(s, CURLOPT_PASSWORD, password);
    }
    if (str_present(r->authority)) {
        const char *file = str_z(a, r->authority);
        if (!file)
            FAIL(INVALID_REQUEST, "the name of the certificate file holds a NUL byte");
        SET(s, CURLOPT_CAINFO, file);
    }
    return OK;
}
static fallible set_certificate(struct arena *a, struct setup *s, const struct fetch_request *r)
{
    if (!str_present(r->certificate))
        return OK;
    const char *certificate = str_z(a, r->certificate), *key = str_z(a, r->key);
    if (!certificate || !key)
        FAIL(INVALID_REQUEST, "a client certificate without a usable name of its key's file");
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
/* Performs and copies out; the handle stays the caller's. */
static fallible perform(struct arena *a, struct setup *s, struct buf *body, struct fetch_answer *out, const char **trouble)
{
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    str text, lines;
    struct buf headers = buf_new(a, HEADERS_MAX);
    SET(s, CURLOPT_HEADERFUNCTION, take_body);
    SET(s, CURLOPT_HEADERDATA, &headers);
    SET(s, CURLOPT_ERRORBUFFER, detail);
    SET(s, CURLOPT_WRITEFUNCTION, take_body);
    SET(s, CURLOPT_WRITEDATA, body);
    if (s->code == CURLE_OK)
        s->code = curl.easy_perform(s->handle);
    if (s->code == CURLE_OK)
        s->code = curl.easy_getinfo(s->handle, CURLINFO_RESPONSE_CODE, &status);
    if (s->code != CURLE_OK) {
        bool unknown = s->code == CURLE_PEER_FAILED_VERIFICATION;
        *trouble = str_format(a, "%s%s", detail[0] ? detail : curl.easy_strerror(s->code),
                              unknown ? "; name the certificates to trust with --ca FILE (of jeton: DIR/tls/ca.pem)" : "")
                       .p;
        FAIL(UNAVAILABLE, "the request did not get through");
    }
    TRY(buf_done(body, &text));
    TRY(buf_done(&headers, &lines));
    out->status = status;
    out->body = text;
    out->headers = lines;
    return OK;
}
fallible fetch_run(struct arena *a, const struct fetch_request *request, struct fetch_answer *out, const char **trouble)
{
    struct url u;
    struct setup s = {NULL, CURLE_OK};
    struct buf body = buf_new(a, BUF_JSON_MAX);
    *trouble = "no memory";
    TRY(url_parse(request->url, &u));
    bool plain = str_equal_nocase(u.scheme, STR("http"));
    if (plain && !url_loopback(&u)) {
        *trouble = "http:// is for loopback hosts alone; use the server's https:// address";
        FAIL(INVALID_REQUEST, "a credential would travel in the open");
    }
    if (!load()) {
        *trouble = "the library libcurl.so.4 is not installed (Debian's package libcurl4)";
        FAIL(UNAVAILABLE, "libcurl cannot be loaded");
    }
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        FAIL(UNAVAILABLE, "libcurl refuses to start");
    s.handle = curl.easy_init();
    struct curl_slist *headers = NULL;
    err e = s.handle ? add_headers(a, &headers, request) : ERR(UNAVAILABLE, "no memory for a request");
    if (!FAILED(e)) {
        set_manners(&s, url_loopback(&u));
        SET(&s, CURLOPT_HTTPHEADER, headers);
        e = set_request(a, &s, request);
    }
    if (!FAILED(e))
        e = set_certificate(a, &s, request);
    if (!FAILED(e))
        e = perform(a, &s, &body, out, trouble);
    curl.slist_free_all(headers);
    curl.easy_cleanup(s.handle);
    curl.global_cleanup();
    return e;
}
