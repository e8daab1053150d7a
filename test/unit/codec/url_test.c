/* SPDX-License-Identifier: MIT
 * Tests of url. */
#include "codec/url.h"

#include "base/ascii.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(url, .init = open_arena, .fini = close_arena);

static struct url parsed(const char *text)
{
    struct url u = {0};
    err e = url_parse(str_of(text), &u);
    cr_assert_not(FAILED(e), "%s: %s", text, err_why(e));
    return u;
}

Test(url, pieces)
{
    struct url u = parsed("HTTPS://a.Example:8443/p/q;x@y:z?k=v&l[]=?/#f?/");
    cr_assert(str_is(u.scheme, "HTTPS") && str_is(u.host, "a.Example") && str_is(u.port, "8443"));
    cr_assert(str_is(u.path, "/p/q;x@y:z") && str_is(u.query, "k=v&l[]=?/") && str_is(u.fragment, "f?/"));
    u = parsed("http://[2001:db8::1]");
    cr_assert(str_is(u.host, "[2001:db8::1]") && u.path.n == 0);
    cr_assert(!str_present(u.port) && !str_present(u.query) && !str_present(u.fragment));
    u = parsed("https://x?");
    cr_assert(str_present(u.query) && u.query.n == 0);
}

Test(url, private_schemes_of_native_apps)
{
    struct url u = parsed("com.example.app:/cb?x=1"); /* RFC 8252 7.1 */
    cr_assert(str_is(u.scheme, "com.example.app") && !str_present(u.host) && str_is(u.path, "/cb"));
    u = parsed("myapp://callback");
    cr_assert(str_is(u.host, "callback") && u.path.n == 0);
    u = parsed("urn:ietf:wg:oauth:2.0:oob");
    cr_assert(!str_present(u.host) && str_is(u.path, "ietf:wg:oauth:2.0:oob"));
}

Test(url, every_refusal_says_something_fit_for_a_client)
{
    const char *bad[] = {
        "",
        "/path",
        "//host/path",
        "host/path",
        "://host",
        "1http://host",
        "ht_tp://host",
        "http:",
        "https:/path",
        "http://",
        "http:///path",
        "http://:80/",
        "https://user@host/",
        "https://user:pass@host/",
        "https://good.example@evil.example/",
        "https://good.example\\@evil.example/",
        "https://host\\path",
        "https://ho st/",
        "https://host/a b",
        "https://host/\t",
        "https://host/\n",
        "https://host/\x7f",
        "https://h\xc3\xb6st/",
        "https://host/\xc3\xa9",
        "https://host/%",
        "https://host/%4",
        "https://host/%zz",
        "https://ho%73t/",
        "https://host:/",
        "https://host:0/",
        "https://host:65536/",
        "https://host:080/",
        "https://host:-1/",
        "https://host:80a/",
        "https://host:80:80/",
        "https://[::1/",
        "https://[::g]/",
        "https://[]/",
        "https://[::1]x/",
        "https://[127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://::1/",
        "https://a..b/",
        "https://.a/",
        "https://a./",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.256/",
        "https://1.2.3.4.5/",
        "https://host,evil/",
        "https://host;x/",
        "https://host/<script>",
        "https://host/\"",
        "https://host/`",
        "https://host/{x}",
        "https://host/a|b",
        "https://host/a^b",
        "https://host/[x]",
        "https://host/#a#b",
        "myapp://:80/",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct url u;
        err e = url_parse(str_of(bad[i]), &u);
        cr_assert_eq(e.kind, ERR_INVALID_REQUEST, "%s", bad[i]);
        cr_assert_str_neq(err_say(e), err_say((err){ERR_INVALID_REQUEST, NULL}), "%s", bad[i]);
        for (const char *p = err_say(e); *p != '\0'; p++) /* RFC 6749 5.2 */
            cr_assert(ascii_printable(*p) && *p != '"' && *p != '\\');
    }
    struct url u;
    cr_assert(FAILED(url_parse(STR("https://good\0.evil/"), &u)));
    cr_assert(FAILED(url_parse(STR_ABSENT, &u)));
}

Test(url, overlong_urls_and_hosts_are_refused)
{
    static char text[BUF_URL_MAX + 2];
    struct url u;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    text[16] = '/';
    cr_assert_not(FAILED(url_parse((str){text, BUF_URL_MAX}, &u)));
    cr_assert(FAILED(url_parse((str){text, BUF_URL_MAX + 1}, &u)));
    text[16] = 'a';
    cr_assert_not(FAILED(url_parse((str){text, 8 + 253}, &u)));
    cr_assert(FAILED(url_parse((str){text, 8 + 254}, &u)));
}

Test(url, loopback_is_told_by_literal)
{
    const char *literals[] = {"http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", "http://[::1]:1/"};
    for (size_t i = 0; i < 3; i++) {
        struct url u = parsed(literals[i]);
        cr_assert(url_loopback_ip(&u) && url_loopback(&u));
    }
    struct url u = parsed("http://LocalHost:1/");
    cr_assert(!url_loopback_ip(&u) && url_loopback(&u));
    const char *others[] = {"http://127.0.0.2/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "http://[::2]/", "app:/x"};
    for (size_t i = 0; i < 5; i++) {
        u = parsed(others[i]);
        cr_assert(!url_loopback_ip(&u) && !url_loopback(&u), "%s", others[i]);
    }
}

Test(url, origins)
{
    const char *rows[][2] = {{"HTTPS://A.example/p", "https://a.example"}, {"https://a.example:443/p", "https://a.example"},
                             {"http://a.example:80", "http://a.example"},  {"https://a.example:80", "https://a.example:80"},
                             {"http://[::1]:8080/x", "http://[::1]:8080"}, {"com.Example:/cb", "com.example:"},
                             {"myapp://cb:443/", "myapp://cb:443"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct url u = parsed(rows[i][0]);
        cr_assert(str_is(url_origin(a, &u), rows[i][1]), "%s", rows[i][0]);
    }
    struct url u = parsed("https://a");
    arena_fail_after(1);
    cr_assert_not(str_present(url_origin(a, &u)));
}

Test(url, parameters_join_an_existing_query)
{
    const char *rows[][2] = {{"https://a/cb", "https://a/cb?code=x%26y&state=z"},
                             {"https://a/cb?", "https://a/cb?code=x%26y&state=z"},
                             {"https://a/cb?k=v", "https://a/cb?k=v&code=x%26y&state=z"},
                             {"https://a/cb?k=v?", "https://a/cb?k=v?&code=x%26y&state=z"},
                             {"https://a/cb?k=v&", "https://a/cb?k=v&code=x%26y&state=z"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b = buf_new(a, BUF_URL_MAX);
        buf_add_z(&b, rows[i][0]);
        url_add_parameter(&b, STR("code"), STR("x&y"));
        url_add_parameter(&b, STR("state"), STR("z"));
        str s;
        cr_assert_not(FAILED(buf_done(&b, &s)));
        cr_assert_str_eq(s.p, rows[i][1]);
    }
}
