/* SPDX-License-Identifier: MIT */
#include "http/guard.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

static const str hosts[] = {{"id.example", 10}};
static const struct guard_rules rules = {hosts, 1};

static enum err_kind verdict(const struct http_header *h, size_t n, const char *method)
{
    struct request r = {.method_name = str_of(method), .target = STR("/"), .headers = (struct http_header *)h, .header_count = n};
    err e = guard_check(&r);
    return FAILED(e) ? e.kind : guard_host(&r, &rules, GUARD_OWN_NAMES).kind;
}

#define H(name_, value_)        \
    {                           \
        STR(name_), STR(value_) \
    }
#define VERDICT(...) verdict((const struct http_header[]){__VA_ARGS__}, sizeof((struct http_header[]){__VA_ARGS__}) / sizeof(struct http_header), "GET")
#define HOST_        H("Host", "id.example")

Test(guard, an_ordinary_request_passes)
{
    cr_expect_eq(VERDICT(HOST_, H("Content-Length", "65536"), H("Content-Type", "application/json"), H("X", "a\tb \xc3\xa9")), ERR_OK);
    cr_expect_eq(VERDICT(H("hOST", "ID.example"), H("transfer-ENCODING", "Chunked")), ERR_OK);
}

Test(guard, what_may_come_once_comes_once)
{
    static const char *const names[] = {"Authorization", "Content-Type", "Cookie", "Content-Length", "Transfer-Encoding", "Host"};
    for (size_t i = 0; i < 6; i++) {
        str value = i == 3 ? STR("1") : i == 4 ? STR("chunked") : STR("id.example");
        struct http_header h[3] = {HOST_, {str_of(names[i]), value}, {str_of(names[i]), value}};
        cr_expect_eq(verdict(h + (i == 5), 2, "GET"), i == 5 ? ERR_INVALID_REQUEST : ERR_OK);
        cr_expect_eq(verdict(h, 3, "GET"), ERR_INVALID_REQUEST, "%s", names[i]);
    }
}

Test(guard, one_framing_or_none)
{
    cr_expect_eq(VERDICT(HOST_, H("Content-Length", "1"), H("Transfer-Encoding", "chunked")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(HOST_, H("Transfer-Encoding", "chunked, chunked")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(HOST_, H("Transfer-Encoding", "identity")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(HOST_, H("Transfer-Encoding", "")), ERR_INVALID_REQUEST);
    static const char *const lengths[] = {"", " 1", "1 ", "+1", "-1", "01", "0x1", "1,1", "1e1"};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct http_header h[] = {HOST_, {STR("Content-Length"), str_of(lengths[i])}};
        cr_expect_eq(verdict(h, 2, "GET"), ERR_INVALID_REQUEST, "%s", lengths[i]);
    }
    cr_expect_eq(VERDICT(HOST_, H("Content-Length", "65537")), ERR_TOO_LARGE);
    cr_expect_eq(VERDICT(HOST_, H("Content-Length", "18446744073709551615")), ERR_TOO_LARGE);
    cr_expect_eq(VERDICT(HOST_, H("Content-Length", "18446744073709551616")), ERR_TOO_LARGE);
}

Test(guard, names_are_tokens_and_values_hold_no_controls)
{
    cr_expect_eq(VERDICT(HOST_, H("", "x")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(HOST_, H("a b", "x")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(HOST_, H("a\xff", "x")), ERR_INVALID_REQUEST);
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        struct http_header h[] = {HOST_, {STR("X"), {&byte, 1}}};
        bool good = (c >= 0x20 && c != 0x7f) || c == '\t';
        cr_expect_eq(verdict(h, 2, "GET"), good ? ERR_OK : ERR_INVALID_REQUEST, "byte %d", c);
    }
    struct http_header absent[] = {HOST_, {STR("X"), STR_ABSENT}};
    cr_expect_eq(verdict(absent, 2, "GET"), ERR_INVALID_REQUEST);
}

Test(guard, the_method_is_a_token)
{
    struct http_header h[] = {HOST_};
    cr_expect_eq(verdict(h, 1, "BREW"), ERR_OK);
    cr_expect_eq(verdict(h, 1, ""), ERR_INVALID_REQUEST);
    cr_expect_eq(verdict(h, 1, "G T"), ERR_INVALID_REQUEST);
    cr_expect_eq(verdict(h, 1, NULL), ERR_INVALID_REQUEST);
}

Test(guard, the_host_is_this_server)
{
    cr_expect_eq(VERDICT(H("X", "y")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(H("Host", "")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(H("Host", "evil.example")), ERR_MISDIRECTED);
    cr_expect_eq(VERDICT(H("Host", "id.example.")), ERR_MISDIRECTED);
    cr_expect_eq(VERDICT(H("Host", "id.example:444")), ERR_MISDIRECTED);
    cr_expect_eq(VERDICT(H("Host", "id.example/x")), ERR_INVALID_REQUEST);
    cr_expect_eq(VERDICT(H("Host", "x@id.example")), ERR_INVALID_REQUEST);
    struct http_header h[] = {H("Host", "[::1]:80")};
    struct request r = {.method_name = STR("GET"), .target = STR("/"), .headers = h, .header_count = 1};
    cr_expect_eq(guard_check(&r).kind, ERR_OK);
    h[0].value = STR("a b");
    cr_expect_eq(guard_check(&r).kind, ERR_INVALID_REQUEST);
}

static enum err_kind host(const char *name, enum guard_names which)
{
    struct http_header h[] = {{STR("Host"), str_of(name)}};
    struct request r = {.headers = h, .header_count = 1};
    return guard_host(&r, &rules, which).kind;
}

Test(guard, probes_name_whatever_they_reach)
{
    static const char *const names[] = {"id.example", "10.0.0.7:8443", "evil.example", "[::1]:1"};
    struct request hostless = {.header_count = 0};
    cr_expect_eq(guard_host(&hostless, &rules, GUARD_ANY_NAME).kind, ERR_OK);
    cr_expect_eq(guard_host(&hostless, &rules, GUARD_OWN_NAMES_OR_ADDRESS).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(guard_host(&hostless, &rules, GUARD_OWN_NAMES).kind, ERR_INVALID_REQUEST);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_expect_eq(host(names[i], GUARD_ANY_NAME), ERR_OK, "%s", names[i]);
}

Test(guard, figures_are_for_own_names_and_plain_addresses_never_for_a_foreign_name)
{
    static const char *const good[] = {"id.example", "ID.example", "10.0.0.7", "10.0.0.7:8443", "[::1]", "[fe80::1]:9", "127.0.0.1:0"};
    static const char *const bad[] = {"evil.example",
                                      "evil.example:8443",
                                      "10.0.0.7.evil.example",
                                      "127.0.0.1:x",
                                      "127.0.0.1:99999",
                                      "[::1",
                                      "::1",
                                      "[127.0.0.1]",
                                      "[::1]x",
                                      "1.2.3",
                                      "",
                                      "127.1",
                                      "[]"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect_eq(host(good[i], GUARD_OWN_NAMES_OR_ADDRESS), ERR_OK, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(host(bad[i], GUARD_OWN_NAMES_OR_ADDRESS), ERR_MISDIRECTED, "%s", bad[i]);
    cr_expect_eq(host("10.0.0.7", GUARD_OWN_NAMES), ERR_MISDIRECTED);
}

Test(guard, sizes_at_their_edges)
{
    static char big[HTTP_HEADERS_MAX + 1];
    memset(big, 'a', sizeof(big));
    struct http_header h[HTTP_HEADER_COUNT_MAX + 1] = {HOST_};
    struct request r = {.method_name = STR("GET"), .target = {big, HTTP_TARGET_MAX}, .headers = h, .header_count = 2};
    h[1] = (struct http_header){STR("X"), {big, HTTP_HEADERS_MAX - 15}};
    cr_expect_eq(guard_check(&r).kind, ERR_OK);
    h[1].value.n++;
    cr_expect_eq(guard_check(&r).kind, ERR_HEADERS_TOO_LARGE);
    h[1].value.n = SIZE_MAX;
    cr_expect_eq(guard_check(&r).kind, ERR_HEADERS_TOO_LARGE);
    h[1] = (struct http_header){STR("Cookie"), {big, HTTP_COOKIE_MAX}};
    cr_expect_eq(guard_check(&r).kind, ERR_OK);
    h[1].value.n++;
    cr_expect_eq(guard_check(&r).kind, ERR_HEADERS_TOO_LARGE);
    for (size_t i = 1; i < HTTP_HEADER_COUNT_MAX + 1; i++)
        h[i] = (struct http_header)H("X", "y");
    r.header_count = HTTP_HEADER_COUNT_MAX;
    cr_expect_eq(guard_check(&r).kind, ERR_OK);
    r.header_count++;
    cr_expect_eq(guard_check(&r).kind, ERR_HEADERS_TOO_LARGE);
    r.header_count = 1;
    r.target.n++;
    cr_expect_eq(guard_check(&r).kind, ERR_URI_TOO_LONG);
}
