/* SPDX-License-Identifier: MIT
 * Fuzz target of url. Properties: the pieces of an accepted URL join to that very URL; its bytes are visible ASCII; its origin
 * is a URL with the same origin; a parameter that is added can be read back. */
#include "codec/url.h"

#include "base/ascii.h"
#include "codec/form.h"

#include <stdlib.h>

#include "base/banned.h"

static void add(struct buf *b, const char *mark, str piece)
{
    if (!str_present(piece))
        return;
    buf_add_z(b, mark);
    buf_add(b, piece);
}

static void check(struct arena *a, str text, const struct url *u)
{
    struct buf b = buf_new(a, BUF_URL_MAX);
    str joined;
    buf_add(&b, u->scheme);
    buf_char(&b, ':');
    add(&b, "//", u->host);
    add(&b, ":", u->port);
    buf_add(&b, u->path);
    add(&b, "?", u->query);
    add(&b, "#", u->fragment);
    INVARIANT(!FAILED(buf_done(&b, &joined)) && str_equal(joined, text));
    for (size_t i = 0; i < text.n; i++)
        INVARIANT(ascii_visible(text.p[i]) && text.p[i] != '\\');
    INVARIANT(str_find(u->host, '@') == u->host.n && str_find(u->host, '/') == u->host.n);
    str origin = url_origin(a, u);
    if (str_filled(u->host)) {
        struct url of_origin;
        INVARIANT(!FAILED(url_parse(origin, &of_origin)) && str_equal(url_origin(a, &of_origin), origin));
        INVARIANT(url_loopback(u) == url_loopback(&of_origin));
    }
}

static void check_parameter(struct arena *a, str text)
{
    struct buf b = buf_new(a, 4 * BUF_URL_MAX);
    str longer;
    struct url u;
    struct form f;
    buf_add(&b, text);
    url_add_parameter(&b, STR("jeton code"), STR("a&b=%+\xc3\xa9"));
    INVARIANT(!FAILED(buf_done(&b, &longer)));
    if (FAILED(url_parse(longer, &u))) /* over BUF_URL_MAX now */
        return;
    if (!FAILED(form_parse(a, u.query, &f)))
        INVARIANT(str_is(form_get(&f, "jeton code"), "a&b=%+\xc3\xa9"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(64 << 20);
    str text = {(const char *)data, size};
    struct url u;
    err e = url_parse(text, &u);
    if (FAILED(e)) {
        INVARIANT(e.kind == ERR_INVALID_REQUEST && e.reason->say != NULL);
    } else {
        check(a, text, &u);
        if (!str_present(u.fragment))
            check_parameter(a, text);
    }
    arena_release(a);
    return 0;
}
