/* SPDX-License-Identifier: MIT
 * material: relies on tls for reading, on http/listen and crypto/leaf for judging; promises that what it hands out can be used, and that
 * what it refuses is named by setting and file. */
#include "server/material.h"
#include "base/buf.h"
#include "codec/url.h"
#include "crypto/leaf.h"
#include "http/listen.h"
#include "server/tls.h"
#include "base/banned.h"

/* e, with its row when it is a failure. */
static err named(struct arena *a, err e, const char *setting, str file, struct problems *p)
{
    if (FAILED(e))
        problem_add(p, setting, str_format(a, "cannot use %.*s (setting %s): %s", STR_FMT(file), setting, err_told(e)));
    return e;
}

static void add_host(struct buf *b, str host)
{
    if (host.n > 2 && host.p[0] == '[')
        host = (str){host.p + 1, host.n - 2};
    buf_char(b, ' ');
    buf_add(b, host);
}

/* For the names under which the server may be called (server/names). */
static fallible self_signed(struct arena *a, const struct settings *s, str issuer, struct cert_pem *out)
{
    struct url url;
    struct buf b = buf_new(a, BUF_URL_MAX);
    str rest = s->hosts, word, hosts;
    TRY(url_parse(issuer, &url));
    buf_add_z(&b, "localhost 127.0.0.1 ::1");
    if (!url_loopback(&url))
        add_host(&b, url.host);
    while (str_filled(s->hosts) && str_next(&rest, ' ', &word)) {
        str address = str_format(a, "https://%.*s", STR_FMT(word));
        if (word.n > 0 && !FAILED(url_parse(address, &url)) && !url_loopback(&url))
            add_host(&b, url.host);
    }
    TRY(buf_done(&b, &hosts));
    return tls_self_signed(a, str_z(a, s->data), hosts, out);
}

fallible material_certificate(struct arena *a, const struct settings *s, str issuer, struct cert_pem *out, struct problems *p)
{
    struct cert_pem pair = {STR_ABSENT, STR_ABSENT};
    if (s->tls == SETTINGS_TLS_FILES) {
        TRY(named(a, tls_file(a, s->tls_cert, false, &pair.certificate), "tls_cert", s->tls_cert, p));
        TRY(named(a, tls_file(a, s->tls_key, true, &pair.key), "tls_key", s->tls_key, p));
        str both = str_format(a, "%.*s with %.*s", STR_FMT(s->tls_cert), STR_FMT(s->tls_key));
        TRY(named(a, listen_judge(pair.certificate, pair.key), "tls_cert, tls_key", both, p));
    } else if (s->tls == SETTINGS_TLS_SELF_SIGNED) {
        str folder = str_format(a, "%.*s/tls", STR_FMT(s->data));
        TRY(named(a, self_signed(a, s, issuer, &pair), "data", folder, p));
        TRY(named(a, listen_judge(pair.certificate, pair.key), "data", folder, p));
    }
    *out = pair;
    return OK;
}

fallible material_authorities(struct arena *a, const struct settings *s, str *pem, struct problems *p)
{
    str text;
    TRY(named(a, tls_file(a, s->client_ca, false, &text), "client_ca", s->client_ca, p));
    TRY(named(a, leaf_authorities(text), "client_ca", s->client_ca, p));
    *pem = text;
    return OK;
}
