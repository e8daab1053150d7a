/* SPDX-License-Identifier: MIT
 * names: each name in the two ways in which clients write it. Relies on settings for the form of what the administrator gave; promises that
 * no name gets in that nobody gave. */
#include "server/names.h"
#include "codec/url.h"
#include "base/banned.h"

struct names {
    struct arena *arena;
    str *hosts;
    size_t n, room;
};

static void add_name(struct names *to, str name)
{
    if (to->n < to->room)
        to->hosts[to->n++] = name;
}

/* HOST or HOST:PORT as clients write it: with the usual port left out or not. */
static void add_host(struct names *to, str host, bool secure)
{
    const str usual = secure ? STR(":443") : STR(":80");
    size_t colon = host.n;
    while (colon > 0 && host.p[colon - 1] != ':' && host.p[colon - 1] != ']')
        colon--;
    bool port = colon > 0 && host.p[colon - 1] == ':';
    add_name(to, host);
    if (!port)
        add_name(to, str_join(to->arena, (const str[]){host, usual}, 2));
    else if (str_is((str){host.p + colon - 1, host.n - colon + 1}, usual.p))
        add_name(to, (str){host.p, colon - 1});
}

static fallible add_address(struct names *to, str address)
{
    struct url url;
    TRY(url_parse(address, &url));
    str origin = url_origin(to->arena, &url);
    if (!str_present(origin))
        FAIL(UNAVAILABLE, "app: no memory");
    size_t scheme = url.scheme.n + 3;
    add_host(to, (str){origin.p + scheme, origin.n - scheme}, str_equal_nocase(url.scheme, STR("https")));
    return OK;
}

/* Of the setting `hosts`: without a port also with the one that is listened on. */
static void add_further(struct names *to, str hosts, bool secure, uint16_t port)
{
    str rest = hosts, word;
    while (str_filled(hosts) && str_next(&rest, ' ', &word)) {
        if (word.n == 0)
            continue;
        add_host(to, word, secure);
        if (port != 0 && (str_find(word, ':') == word.n || word.p[word.n - 1] == ']'))
            add_name(to, str_format(to->arena, "%.*s:%u", STR_FMT(word), port));
    }
}

fallible names_of(struct arena *a, const struct settings *s, const struct authority *authority, uint16_t port, struct guard_rules *rules)
{
    enum { OF_ISSUERS = 4, OF_LOOPBACK = 3, OF_WORD = 3 };
    struct names to = {.arena = a, .room = OF_ISSUERS + OF_LOOPBACK + OF_WORD * (s->hosts.n / 2 + 1)};
    to.hosts = arena_array(a, to.room, sizeof *to.hosts);
    if (!to.hosts)
        FAIL(UNAVAILABLE, "app: no memory");
    TRY(add_address(&to, authority->issuer));
    if (str_present(authority->issuer_mtls))
        TRY(add_address(&to, authority->issuer_mtls));
    add_further(&to, s->hosts, authority->secure, port);
    add_name(&to, port == 0 ? STR("localhost") : str_format(a, "localhost:%u", port));
    if (port != 0) {
        add_name(&to, str_format(a, "127.0.0.1:%u", port));
        add_name(&to, str_format(a, "[::1]:%u", port));
    }
    *rules = (struct guard_rules){.hosts = to.hosts, .host_count = to.n};
    return OK;
}
