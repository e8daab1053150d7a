/* SPDX-License-Identifier: MIT
 * fetch: outgoing HTTP. Relies on libcurl, which no other file includes. Promises that a credential travels over checked TLS or
 * stays on this machine (TL-04), that no redirect carries it elsewhere, and that a hostile server cannot fill the memory or
 * hold us for ever. The library is loaded when it is first needed: it brings fifteen others along (Kerberos, LDAP, SSH), which a
 * server that never calls out should neither load nor keep in memory. */
#include "cli/fetch.h"
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

enum { CONNECT_SECONDS = 10, WHOLE_SECONDS = 60 };

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
    if (str_present(r->form)) {
        SET(s, CURLOPT_POST, 1L);
        SET(s, CURLOPT_POSTFIELDSIZE, (long)r->form.n);
        SET(s, CURLOPT_POSTFIELDS, r->form.p);
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
/* Performs and copies out; the handle stays the caller's. */
static fallible perform(struct arena *a, struct setup *s, struct buf *body, struct fetch_answer *out, const char **trouble)
{
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    str text;
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
    out->status = status;
    out->body = text;
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
    struct curl_slist *headers = curl.slist_append(NULL, "Accept: application/json");
    err e = s.handle && headers ? OK : ERR(UNAVAILABLE, "no memory for a request");
    if (!FAILED(e)) {
        set_manners(&s, url_loopback(&u));
        SET(&s, CURLOPT_HTTPHEADER, headers);
        e = set_request(a, &s, request);
    }
    if (!FAILED(e))
        e = perform(a, &s, &body, out, trouble);
    curl.slist_free_all(headers);
    curl.easy_cleanup(s.handle);
    curl.global_cleanup();
    return e;
}
