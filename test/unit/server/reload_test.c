/* SPDX-License-Identifier: MIT
 * reload: what SIGHUP puts in force, and what it leaves as it was (TL-05, AV-04). */
#include "server/reload.h"
#include "opened.h"

#include "base/log.h"
#include "crypto/cert.h"
#include "http/loop.h"
#include "store/table/db_event.h"

#include "base/banned.h"

static struct cert_pem authority, first, second;

static void begin(void)
{
    opened_begin();
}

TestSuite(reload, .init = begin, .timeout = 60);

static void write_conf(const char *text)
{
    (void)opened_put("jeton.conf", str_of(text), 0600);
}

static void serve_with(const char *text)
{
    write_conf(text);
    opened_serve();
}

static const struct settings *in_force(void)
{
    return atomic_load(&opened.app.settings);
}

static size_t events_called(const char *name)
{
    struct db_event *rows;
    size_t count = 0, found = 0;
    log_flush();
    for (int tries = 0; tries < 2000 && found == 0; tries++) { /* they are written without waiting: asked for until one is there */
        cr_assert_eq(db_event_after(store_each(opened.app.authority.store), opened.a, 0, 0, &rows, &count).kind, ERR_OK);
        for (size_t i = 0; i < count; i++)
            found += str_is(rows[i].name, name) ? 1 : 0;
        cr_assert_eq(store_ready(opened.app.authority.store).kind, ERR_OK); /* behind them in the writer's queue */
    }
    return found;
}

Test(reload, what_is_as_it_was_puts_nothing_in_force)
{
    serve_with("code_lifetime = 31\n");
    const struct authority *before = atomic_load(&opened.app.current);
    const struct settings *settings = in_force();
    reload_run(&opened.app);
    cr_expect(atomic_load(&opened.app.current) == before && in_force() == settings && opened.app.generations == NULL);
    app_close(&opened.app);
}

Test(reload, another_value_counts_from_then_on_and_the_old_one_for_who_holds_it)
{
    serve_with("code_lifetime = 31\n");
    const struct authority *before = atomic_load(&opened.app.current);
    write_conf("code_lifetime = 32\n");
    reload_run(&opened.app);
    cr_expect_eq(atomic_load(&opened.app.current)->policy.code_lifetime, 32);
    cr_expect_eq(in_force()->code_lifetime, 32);
    cr_expect_eq(before->policy.code_lifetime, 31); /* a request that began before goes on with it */
    cr_expect_eq(atomic_load(&opened.app.current)->store, before->store);
    cr_expect_eq(events_called("settings.reloaded"), 1u);
    write_conf("");
    reload_run(&opened.app);
    cr_expect_eq(in_force()->code_lifetime, 60); /* what is no longer said is the default */
    app_close(&opened.app);
}

Test(reload, TL_05_unfit_settings_are_told_and_the_old_ones_stay)
{
    static const char *const unfit[] = {"code_lifetime = 0\n", "nosuch = 1\n", "code_lifetime = 32\ncode_lifetime = 33\n",
                                        "session_idle = 500\nsession_absolute = 400\n", "trusted_proxies = everybody\n"};
    serve_with("code_lifetime = 31\n");
    const struct settings *before = in_force();
    for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++) {
        write_conf(unfit[i]);
        reload_run(&opened.app);
        cr_expect(in_force() == before && before->code_lifetime == 31, "%zu", i);
        cr_expect_eq(opened_get("/health/live", ""), 200);
    }
    cr_expect_geq(events_called("settings.unfit"), 1u);
    app_close(&opened.app);
}

Test(reload, what_is_read_at_start_alone_stays)
{
    serve_with("worker_threads = 3\nproxy_protocol = off\n");
    uint16_t port = listen_port(opened.app.listener);
    opened.options[SETTINGS_worker_threads] = STR_ABSENT;
    write_conf("worker_threads = 4\nproxy_protocol = listen\ntrusted_proxies = 127.0.0.1\ncode_lifetime = 33\n");
    reload_run(&opened.app);
    cr_expect_eq(in_force()->worker_threads, 2); /* the option that it was started with */
    cr_expect_eq(in_force()->proxy_protocol, SETTINGS_PROXY_OFF);
    cr_expect_eq(in_force()->code_lifetime, 33); /* all else is taken */
    cr_expect_eq(listen_port(opened.app.listener), port);
    cr_expect_eq(opened_get("/health/live", ""), 200);
    app_close(&opened.app);
}

Test(reload, RL_04_names_and_proxies_reach_every_listener)
{
    opened.options[SETTINGS_tls] = STR("self-signed");
    opened.options[SETTINGS_listen_mtls] = STR("127.0.0.1:0");
    serve_with("");
    write_conf("trusted_proxies = 127.0.0.1 192.0.2.9\nhosts = other.example\n");
    reload_run(&opened.app);
    struct listener *const both[] = {opened.app.listener, opened.app.asking};
    for (size_t i = 0; i < 2; i++) {
        const struct listener_names *names = atomic_load(&both[i]->names);
        bool other = false;
        cr_expect_eq(names->proxies.count, 2u);
        for (size_t k = 0; k < names->rules.host_count; k++)
            other = other || str_is(names->rules.hosts[k], "other.example");
        cr_expect(other);
    }
    app_close(&opened.app);
}

/* Nobody could connect any more: where PROXY headers are due, somebody must be there to send them. */
Test(reload, RL_04_the_last_proxy_of_a_listener_that_needs_one_stays)
{
    serve_with("proxy_protocol = listen\ntrusted_proxies = 127.0.0.1\n");
    write_conf("proxy_protocol = listen\n");
    reload_run(&opened.app);
    cr_expect(str_is(in_force()->trusted_proxies, "127.0.0.1"));
    cr_expect_geq(events_called("settings.unfit"), 1u);
    write_conf("proxy_protocol = listen\ntrusted_proxies = 127.0.0.1 192.0.2.9\n");
    reload_run(&opened.app);
    cr_expect(str_is(in_force()->trusted_proxies, "127.0.0.1 192.0.2.9"));
    app_close(&opened.app);
}

static void make_certificates(void)
{
    cr_assert_eq(cert_authority_make(opened.a, clock_now(), 864000, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(opened.a, &authority, STR("localhost"), clock_now(), 86400, &first).kind, ERR_OK);
    cr_assert_eq(cert_server_make(opened.a, &authority, STR("localhost"), clock_now(), 86400, &second).kind, ERR_OK);
    opened.options[SETTINGS_tls] = STR("files");
    opened.options[SETTINGS_tls_cert] = opened_put("c.pem", first.certificate, 0644);
    opened.options[SETTINGS_tls_key] = opened_put("c.key", first.key, 0600);
}

/* A broken one of the three does not hold up the others. */
Test(reload, TL_05_certificate_settings_and_authorities_are_judged_by_themselves)
{
    make_certificates();
    opened.options[SETTINGS_client_ca] = opened_put("ca.pem", authority.certificate, 0644);
    serve_with("");
    (void)opened_put("c.pem", STR("junk"), 0644);
    (void)opened_put("ca.pem", STR("junk"), 0644);
    write_conf("code_lifetime = 31\n");
    reload_run(&opened.app);
    cr_expect_eq(in_force()->code_lifetime, 31);
    cr_expect(opened.app.pairs.count == 1 && str_equal(opened.app.pairs.list[0].certificate, first.certificate));
    cr_expect(str_equal(atomic_load(&opened.app.current)->client_ca, authority.certificate));
    (void)opened_put("c.pem", second.certificate, 0644);
    (void)opened_put("c.key", second.key, 0600);
    write_conf("code_lifetime = 0\n");
    reload_run(&opened.app);
    cr_expect_eq(in_force()->code_lifetime, 31);
    cr_expect(str_equal(opened.app.pairs.list[0].certificate, second.certificate));
    (void)opened_put("ca.pem", second.certificate, 0644);
    reload_run(&opened.app);
    cr_expect(str_equal(atomic_load(&opened.app.current)->client_ca, second.certificate));
    app_close(&opened.app);
    cr_expect_null(opened.app.generations);
}
