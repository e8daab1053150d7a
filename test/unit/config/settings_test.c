/* SPDX-License-Identifier: MIT
 * settings: bounds, precedence, refusals with line numbers, issuer against TLS and address. */
#include "loaded.h"

TestSuite(settings, .init = loaded_begin, .fini = loaded_end);

Test(settings, every_default_is_within_its_bounds)
{
    for (size_t row = 0; row < SETTINGS_COUNT; row++)
        cr_expect_null(settings_refuses(f.arena, row, str_of(settings_rows[row].fallback)), "%s", settings_rows[row].name);
    cr_assert(!FAILED(loaded_judge()));
    cr_assert_eq(f.settings.access_lifetime, 3600);
    cr_assert_eq(f.settings.listen_port, 8443);
    cr_assert_eq(f.settings.tls, SETTINGS_TLS_SELF_SIGNED);
    cr_assert(f.settings.sandbox);
}
Test(settings, listen_takes_a_host_and_a_port_and_nothing_else)
{
    const char *good[] = {"localhost:8443", "127.0.0.1:0", "[::1]:80", "0.0.0.0:65535"};
    const char *bad[] = {"localhost", ":80", "::1:80", "[::1]", "h:65536", "h:+1", "h:01", "h/x:1", "h:"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_null(settings_refuses(f.arena, SETTINGS_listen, str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not_null(settings_refuses(f.arena, SETTINGS_listen, str_of(bad[i])), "%s", bad[i]);
}
static bool complained_of(const char *field)
{
    for (size_t i = 0; i < f.problems.count; i++)
        if (strcmp(f.problems.rows[i].field, field) == 0)
            return true;
    return false;
}
Test(settings, RL_04_who_sends_a_PROXY_header_is_named_and_can_come_there)
{
    static const struct {
        const char *listen, *mtls, *where, *proxies, *wrong; /* wrong: NULL, or the setting that is complained of */
    } cases[] = {
        {"127.0.0.1:1", "", "off", "", NULL},
        {"127.0.0.1:1", "", "listen", "", "trusted_proxies"},
        {"127.0.0.1:1", "", "listen", "unix", "trusted_proxies"},
        {"127.0.0.1:1", "", "listen", "unix 10.0.0.1", NULL},
        {"unix:/run/s", "", "listen", "10.0.0.1", "trusted_proxies"},
        {"unix:/run/s", "", "listen", "unix", NULL},
        {"systemd:web", "", "listen", "", "trusted_proxies"},
        {"systemd:web", "", "listen", "unix", NULL},
        {"systemd:web", "", "listen", "10.0.0.1", NULL},
        {"127.0.0.1:1", "", "listen_mtls", "10.0.0.1", "proxy_protocol"},
        {"127.0.0.1:1", "", "both", "10.0.0.1", "proxy_protocol"},
        {"127.0.0.1:1", "127.0.0.1:2", "both", "10.0.0.1", NULL},
        {"127.0.0.1:1", "unix:/run/m", "both", "10.0.0.1", "trusted_proxies"},
        {"127.0.0.1:1", "unix:/run/m", "listen", "10.0.0.1", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        f.problems.count = 0;
        f.options[SETTINGS_listen] = str_of(cases[i].listen);
        f.options[SETTINGS_listen_mtls] = str_of(cases[i].mtls);
        f.options[SETTINGS_proxy_protocol] = str_of(cases[i].where);
        f.options[SETTINGS_trusted_proxies] = str_of(cases[i].proxies);
        f.options[SETTINGS_issuer] = STR("https://id.example");
        f.options[SETTINGS_issuer_mtls] = cases[i].mtls[0] ? STR("https://mtls.example") : STR("");
        bool good = !FAILED(loaded_judge());
        cr_expect_eq(good, cases[i].wrong == NULL, "%zu", i);
        cr_expect(cases[i].wrong == NULL || complained_of(cases[i].wrong), "%zu", i);
    }
}
Test(settings, what_has_no_port_listens_too_and_needs_an_issuer)
{
    const char *good[] = {"unix:/run/jeton/s", "unix:/s", "systemd:jeton.socket", "systemd:a"};
    const char *bad[] = {"unix:", "unix:s", "unix:/", "unix:/run/", "systemd:", "systemd:a:b", "systemd:a b", "unix"};
    char longest[5 + 108];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_null(settings_refuses(f.arena, SETTINGS_listen, str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not_null(settings_refuses(f.arena, SETTINGS_listen, str_of(bad[i])), "%s", bad[i]);
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "unix:/", 6);
    cr_expect_null(settings_refuses(f.arena, SETTINGS_listen_mtls, (str){longest, sizeof longest - 1}));
    cr_expect_not_null(settings_refuses(f.arena, SETTINGS_listen_mtls, (str){longest, sizeof longest}));
    f.options[SETTINGS_listen] = STR("unix:/run/jeton/s");
    cr_assert(FAILED(loaded_judge()) && loaded_complained("no port to derive the issuer"));
    f.problems.count = 0;
    f.options[SETTINGS_issuer] = STR("http://localhost");
    f.options[SETTINGS_tls] = STR("off");
    f.options[SETTINGS_trusted_proxies] = STR("unix ::1");
    f.options[SETTINGS_socket_mode] = STR("0620");
    cr_assert(!FAILED(loaded_judge()));
    cr_expect(str_is(f.settings.listen_host, "unix:/run/jeton/s") && f.settings.listen_port == 0 && f.settings.mode == 0620);
    f.options[SETTINGS_listen] = STR("systemd:jeton.socket"); /* whose address nobody knows */
    cr_assert(FAILED(loaded_judge()) && loaded_complained("only on loopback addresses"));
}
Test(settings, two_listeners_are_not_the_same_socket_and_the_second_has_a_public_address)
{
    f.options[SETTINGS_listen] = f.options[SETTINGS_listen_mtls] = STR("unix:/run/jeton/s");
    f.options[SETTINGS_issuer] = STR("https://id.example");
    cr_assert(FAILED(loaded_judge()) && loaded_complained("must differ") && loaded_complained("set issuer_mtls"));
    f.problems.count = 0;
    f.options[SETTINGS_listen_mtls] = STR("systemd:asking");
    f.options[SETTINGS_issuer_mtls] = STR("https://mtls.example");
    cr_assert(!FAILED(loaded_judge()));
}
Test(settings, a_mode_is_octal)
{
    const char *good[] = {"660", "0600", "0777"}, *bad[] = {"0888", "1660", "66", "rw-", "0x1", "07777"};
    for (size_t i = 0; i < 3; i++)
        cr_expect_null(settings_refuses(f.arena, SETTINGS_socket_mode, str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not_null(settings_refuses(f.arena, SETTINGS_socket_mode, str_of(bad[i])), "%s", bad[i]);
}
Test(settings, what_listens_is_a_numeric_address_or_localhost)
{
    const char *good[] = {"localhost:0", "127.0.0.1:443", "[::1]:65535", "0.0.0.0:1"}, *bad[] = {"example.org:443", "LOCAL:1", "1.2.3:4", "::1:443"};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_null(settings_refuses(f.arena, SETTINGS_listen, str_of(good[i])), "%s", good[i]);
        cr_expect_not_null(settings_refuses(f.arena, SETTINGS_listen, str_of(bad[i])), "%s", bad[i]);
    }
}
Test(settings, an_issuer_may_have_a_path_but_no_query_or_fragment)
{
    const char *bad[] = {"https://a/b//c", "https://a/b/..",
                         "https://a/%62",  "https://a/.well-known/b",
                         "https://a/b;c",  "https://a?x",
                         "https://a/b?x",  "https://a#",
                         "ftp://a",        "a",
                         "https://u@a"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not_null(settings_refuses(f.arena, SETTINGS_issuer, str_of(bad[i])), "%s", bad[i]);
    const char *good[] = {"https://a.example:444/", "https://a.example/b", "https://a.example/b/", "http://localhost/b/c-d._~"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_null(settings_refuses(f.arena, SETTINGS_issuer, str_of(good[i])), "%s", good[i]);
}
Test(settings, an_issuer_loses_the_slash_at_its_end_and_gives_its_path_to_its_twin)
{
    f.options[SETTINGS_issuer] = STR("https://id.example/a/b/");
    f.options[SETTINGS_issuer_mtls] = STR("https://mtls.example");
    f.options[SETTINGS_client_cert_header] = STR("Client-Cert");
    f.options[SETTINGS_trusted_proxies] = STR("::1");
    cr_assert_eq(loaded_read(NULL).kind, ERR_OK);
    str issuer = settings_issuer(f.arena, &f.settings, 80);
    cr_expect(str_is(issuer, "https://id.example/a/b"));
    cr_expect(str_is(settings_base(&f.settings), "/a/b"));
    cr_expect(str_is(settings_issuer_mtls(f.arena, &f.settings, issuer, 1), "https://mtls.example/a/b"));
    f.settings.issuer_mtls = STR("");
    f.settings.listen_mtls = STR("[::]:9");
    cr_expect(str_is(settings_issuer_mtls(f.arena, &f.settings, issuer, 9), "https://id.example:9/a/b"));
}
Test(settings, an_http_issuer_beyond_loopback_is_refused)
{
    f.options[SETTINGS_issuer] = STR("http://example.com");
    f.options[SETTINGS_tls] = STR("off");
    cr_assert(FAILED(loaded_judge()));
    cr_assert(loaded_complained("only for loopback hosts"));
}
Test(settings, an_http_issuer_on_another_address_is_refused)
{
    f.options[SETTINGS_issuer] = STR("http://localhost:80");
    f.options[SETTINGS_tls] = STR("off");
    f.options[SETTINGS_listen] = STR("0.0.0.0:80");
    cr_assert(FAILED(loaded_judge()));
}
Test(settings, an_http_issuer_with_tls_is_refused)
{
    f.options[SETTINGS_issuer] = STR("http://localhost:80");
    cr_assert(FAILED(loaded_judge()));
}
Test(settings, tls_off_behind_a_proxy_keeps_its_https_issuer)
{
    f.options[SETTINGS_issuer] = STR("https://id.example/");
    f.options[SETTINGS_tls] = STR("off");
    f.options[SETTINGS_listen] = STR("0.0.0.0:80");
    cr_assert(!FAILED(loaded_judge()));
    cr_assert(str_is(settings_issuer(f.arena, &f.settings, 80), "https://id.example"));
}
Test(settings, tls_off_without_an_issuer_is_for_loopback_alone)
{
    f.options[SETTINGS_tls] = STR("off");
    f.options[SETTINGS_listen] = STR("127.0.0.1:0");
    cr_assert(!FAILED(loaded_judge()));
    cr_assert(str_is(settings_issuer(f.arena, &f.settings, 4711), "http://localhost:4711"));
    f.options[SETTINGS_listen] = STR("192.0.2.1:0");
    cr_assert(FAILED(loaded_judge()));
}
Test(settings, a_certificate_alone_is_refused_and_a_pair_means_files)
{
    f.options[SETTINGS_tls_cert] = STR("cert.pem");
    cr_assert(FAILED(loaded_judge()));
    f.problems.count = 0;
    f.options[SETTINGS_tls_key] = STR("key.pem");
    cr_assert(!FAILED(loaded_judge()));
    cr_assert_eq(f.settings.tls, SETTINGS_TLS_FILES);
    f.options[SETTINGS_tls] = STR("off");
    cr_assert(FAILED(loaded_judge()));
}
Test(settings, each_certificate_of_a_list_has_its_key)
{
    f.options[SETTINGS_tls_cert] = STR("ec.pem  rsa.pem");
    f.options[SETTINGS_tls_key] = STR("ec.key rsa.key ");
    cr_assert(!FAILED(loaded_judge()));
    f.options[SETTINGS_tls_key] = STR("ec.key");
    cr_assert(FAILED(loaded_judge()) && loaded_complained("one key for each certificate"));
    f.problems.count = 0;
    f.options[SETTINGS_tls_cert] = STR("");
    cr_assert(FAILED(loaded_judge()));
}
Test(settings, the_issuer_of_an_ipv6_address_has_brackets)
{
    f.options[SETTINGS_listen] = STR("[2001:db8::1]:443");
    cr_assert(!FAILED(loaded_judge()));
    cr_assert(str_is(settings_issuer(f.arena, &f.settings, 443), "https://[2001:db8::1]:443"));
}
Test(settings, loopback_is_recognised_however_it_is_written)
{
    cr_assert(settings_loopback(STR("LocalHost")) && settings_loopback(STR("127.9.9.9")) && settings_loopback(STR("[::1]")));
    cr_assert(!settings_loopback(STR("localhost.example")) && !settings_loopback(STR("128.0.0.1")) && !settings_loopback(STR("")));
}
Test(settings, the_policy_is_what_was_set)
{
    struct policy policy;
    f.options[SETTINGS_common_passwords] = STR("allow");
    f.options[SETTINGS_account_tries] = STR("3");
    f.options[SETTINGS_personal_lifetime_max] = STR("0");
    cr_assert(!FAILED(loaded_judge()));
    settings_policy(&f.settings, &policy);
    cr_assert_eq(policy.account_rule.free_tries, 3);
    cr_assert_eq(policy.personal_lifetime_max, 0);
    cr_assert_eq(policy.access_lifetime_max, SETTINGS_ACCESS_MAX);
    cr_assert(!policy.password_common_refused);
}

Test(settings, certificates_need_their_company)
{
    f.options[SETTINGS_client_cert_header] = STR("Client-Cert");
    cr_expect_eq(loaded_judge().kind, ERR_UNPROCESSABLE);
    cr_expect(loaded_complained("trusted_proxies"));
    f.problems.count = 0;
    f.options[SETTINGS_trusted_proxies] = STR("10.0.0.2");
    cr_expect_eq(loaded_judge().kind, ERR_OK);
    f.options[SETTINGS_client_cert_header] = STR_ABSENT;
    f.options[SETTINGS_issuer_mtls] = STR("https://mtls.example");
    cr_expect_eq(loaded_judge().kind, ERR_UNPROCESSABLE);
    f.problems.count = 0;
    f.options[SETTINGS_listen_mtls] = STR("localhost:8444");
    cr_expect_eq(loaded_judge().kind, ERR_OK);
    cr_expect(str_is(settings_issuer_mtls(f.arena, &f.settings, STR("https://auth.example"), 8444), "https://mtls.example"));
    f.options[SETTINGS_issuer_mtls] = STR_ABSENT;
    cr_expect_eq(loaded_judge().kind, ERR_OK);
    cr_expect(str_is(settings_issuer_mtls(f.arena, &f.settings, STR("https://auth.example"), 8444), "https://auth.example:8444"));
    cr_expect(str_is(f.settings.mtls_host, "localhost") && f.settings.mtls_port == 8444);
    f.options[SETTINGS_listen_mtls] = STR("localhost:8443");
    cr_expect_eq(loaded_judge().kind, ERR_UNPROCESSABLE);
    f.problems.count = 0;
    f.options[SETTINGS_listen_mtls] = STR("localhost:8444");
    f.options[SETTINGS_tls] = STR("off");
    cr_expect_eq(loaded_judge().kind, ERR_UNPROCESSABLE);
}

Test(settings, certificate_and_fetch_values_have_their_form)
{
    static const struct {
        int row;
        const char *value;
        bool good;
    } rows[] = {
        {SETTINGS_fetch_internal, "keys.example:8443 localhost [::1]:1", true},
        {SETTINGS_fetch_internal, "https://keys.example", false},
        {SETTINGS_fetch_internal, "keys.example/a", false},
        {SETTINGS_fetch_internal, "a@b", false},
        {SETTINGS_outgoing_ports, "443", true},
        {SETTINGS_outgoing_ports, "443  8443 65535", true},
        {SETTINGS_outgoing_ports, "any", true},
        {SETTINGS_outgoing_ports, "443 any", false},
        {SETTINGS_outgoing_ports, "any 443", false},
        {SETTINGS_outgoing_ports, "0", false},
        {SETTINGS_outgoing_ports, "0443", false},
        {SETTINGS_outgoing_ports, "65536", false},
        {SETTINGS_outgoing_ports, "443,8443", false},
        {SETTINGS_outgoing_ports, " ", false},
        {SETTINGS_client_cert_header, "X-Client Cert", false},
        {SETTINGS_client_cert_header, "X-Client-Cert", true},
        {SETTINGS_issuer_mtls, "http://a.example", false},
        {SETTINGS_issuer_mtls, "https://a.example/x", false},
        {SETTINGS_listen_mtls, "8444", false},
        {SETTINGS_listen_mtls, "[::]:8444", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(settings_refuses(f.arena, (size_t)rows[i].row, str_of(rows[i].value)) == NULL, rows[i].good, "%s", rows[i].value);
}

/* The ports without the setting, and with it. */
static str ports_with(const char *internal, const char *ports)
{
    struct policy policy;
    f.options[SETTINGS_fetch_internal] = str_of(internal);
    f.options[SETTINGS_outgoing_ports] = str_of(ports);
    cr_assert_eq(loaded_judge().kind, ERR_OK);
    cr_expect(str_equal(f.settings.text[SETTINGS_outgoing_ports], f.settings.outgoing_ports));
    settings_policy(&f.settings, &policy);
    return policy.fetch.ports;
}

Test(settings, the_port_of_https_is_due_alone_unless_hosts_inside_are_named)
{
    cr_expect(str_is(ports_with(NULL, NULL), "443"));
    cr_expect(str_is(ports_with("keys.intern.example:8443", NULL), "any"));
    cr_expect(str_is(ports_with("keys.intern.example:8443", "443 8443"), "443 8443"));
    cr_expect(str_is(ports_with(NULL, "any"), "any"));
}
