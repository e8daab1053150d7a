/* SPDX-License-Identifier: MIT
 * material: relies on tls for reading, on http/listen and crypto/leaf for judging; promises that what it hands out can be used, and that
 * what it refuses is named by setting and file. */
#include "server/material.h"
#include "base/buf.h"
#include "codec/url.h"
#include "crypto/leaf.h"
#include "server/tls.h"
#include "base/banned.h"

/* e, with its row when it is a failure. */
static err add_file_problem(struct arena *a, err e, const char *setting, str file, struct problems *p)
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

static size_t count_file_words(str list)
{
    size_t count = 0;
    str rest = list, word;
    while (str_filled(list) && str_next(&rest, ' ', &word))
        count += word.n > 0 ? 1 : 0;
    return count;
}

/* The next word that is not empty; settings_judge has counted them. */
static str next_word(str *rest)
{
    str word = STR("");
    while (word.n == 0 && str_next(rest, ' ', &word))
        ;
    return word;
}

static fallible read_pair(struct arena *a, const str files[2], struct listen_pair *out, struct problems *p)
{
    TRY(add_file_problem(a, tls_file(a, files[0], false, &out->certificate), "tls_cert", files[0], p));
    TRY(add_file_problem(a, tls_file(a, files[1], true, &out->key), "tls_key", files[1], p));
    str both = str_format(a, "%.*s with %.*s", STR_FMT(files[0]), STR_FMT(files[1]));
    return add_file_problem(a, listen_judge(&(struct listen_pairs){out, 1}), "tls_cert, tls_key", both, p);
}

static fallible from_files(struct arena *a, const struct settings *s, struct listen_pairs *out, struct problems *p)
{
    size_t count = count_file_words(s->tls_cert);
    struct listen_pair *list = arena_array(a, count, sizeof *list);
    str certificates = s->tls_cert, keys = s->tls_key;
    if (list == NULL)
        FAIL(UNAVAILABLE, "material: no memory");
    for (size_t i = 0; i < count; i++)
        TRY(read_pair(a, (const str[]){next_word(&certificates), next_word(&keys)}, &list[i], p));
    *out = (struct listen_pairs){list, count};
    return add_file_problem(a, listen_judge(out), "tls_cert", s->tls_cert, p);
}

fallible material_certificates(struct arena *a, const struct settings *s, str issuer, struct listen_pairs *out, struct problems *p)
{
    struct listen_pairs pairs = {NULL, 0};
    struct cert_pem own;
    if (s->tls == SETTINGS_TLS_FILES) {
        TRY(from_files(a, s, &pairs, p));
    } else if (s->tls == SETTINGS_TLS_SELF_SIGNED) {
        str folder = str_format(a, "%.*s/tls", STR_FMT(s->data));
        struct listen_pair *one = ARENA_NEW(a, struct listen_pair);
        if (one == NULL)
            FAIL(UNAVAILABLE, "material: no memory");
        TRY(add_file_problem(a, self_signed(a, s, issuer, &own), "data", folder, p));
        *one = (struct listen_pair){own.certificate, own.key};
        pairs = (struct listen_pairs){one, 1};
        TRY(add_file_problem(a, listen_judge(&pairs), "data", folder, p));
    }
    *out = pairs;
    return OK;
}

fallible material_authorities(struct arena *a, const struct settings *s, str *pem, struct problems *p)
{
    str text;
    TRY(add_file_problem(a, tls_file(a, s->client_ca, false, &text), "client_ca", s->client_ca, p));
    TRY(add_file_problem(a, leaf_authorities(text), "client_ca", s->client_ca, p));
    *pem = text;
    return OK;
}
