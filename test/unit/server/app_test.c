/* SPDX-License-Identifier: MIT
 * app: opened whole or not at all, and closed without losing a request. */
#include "opened.h"

#include "http/loop.h"

#include <pthread.h>
#include <sched.h>

#include "base/banned.h"

static void begin(void)
{
    opened_begin();
}

TestSuite(app, .init = begin, .timeout = 60);

Test(app, what_is_open_answers_and_what_is_closed_does_not_listen)
{
    opened_serve();
    uint16_t port = listen_port(opened.app.listener);
    char end[16];
    snprintf(end, sizeof end, ":%u", (unsigned)port);
    cr_expect(str_ends(opened.app.authority.issuer, str_of(end))); /* the free port is in the issuer */
    cr_expect_eq(opened_get("/health/live", ""), 200);
    cr_expect_eq(opened_get("/health/ready", ""), 200);
    app_close(&opened.app);
    cr_expect_eq(opened_connect(port), -1);
}

Test(app, AV_02_what_could_not_be_opened_is_named_and_nothing_stays_open)
{
    opened_serve(); /* once, so that what a process opens only once is open */
    uint16_t port = listen_port(opened.app.listener);
    app_close(&opened.app);
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    cr_assert(setsockopt(taken, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 && bind(taken, (struct sockaddr *)&a, sizeof a) == 0 &&
              listen(taken, 1) == 0);
    size_t before = opened_descriptors();
    opened.options[SETTINGS_listen] = str_format(opened.a, "127.0.0.1:%u", (unsigned)port);
    opened_load(NULL);
    cr_expect(FAILED(opened_open()));
    cr_expect(opened_blames(opened.app.problems, "listen"));
    cr_expect_eq(opened_descriptors(), before);
    opened.options[SETTINGS_listen] = STR("127.0.0.1:0");
    opened_load(NULL);
    cr_assert_eq(chmod(opened.directory, 0755), 0); /* ST-03 */
    cr_expect(FAILED(opened_open()));
    cr_expect(opened_blames(opened.app.problems, "data"));
    cr_expect_eq(opened_descriptors(), before);
    cr_assert_eq(chmod(opened.directory, 0700), 0);
    opened.options[SETTINGS_client_ca] = opened_put("ca.pem", STR("no certificate"), 0600);
    opened_load(NULL);
    cr_expect(FAILED(opened_open()));
    cr_expect(opened_blames(opened.app.problems, "client_ca"));
    cr_expect_eq(opened_descriptors(), before);
    close(taken);
}

Test(app, a_second_address_that_cannot_be_had_closes_the_first)
{
    opened.options[SETTINGS_tls] = STR("self-signed");
    opened.options[SETTINGS_issuer] = STR("https://id.example");
    opened.options[SETTINGS_listen_mtls] = STR("127.0.0.1:0");
    opened_serve(); /* once, so that what a process opens only once is open */
    app_close(&opened.app);
    size_t before = opened_descriptors();
    opened.options[SETTINGS_listen_mtls] = STR("192.0.2.1:1"); /* nobody's */
    opened_load(NULL);
    cr_expect(FAILED(opened_open()));
    cr_expect(opened_blames(opened.app.problems, "listen_mtls"));
    cr_expect_eq(opened_descriptors(), before);
}

/* DP-01: whoever saw a proof before this start is remembered by the store alone. */
Test(app, DP_01_the_first_start_of_a_store_has_nothing_to_look_back_at)
{
    opened_serve();
    cr_expect_eq(opened.app.authority.started, 0);
    app_close(&opened.app);
    opened_serve();
    cr_expect_neq(opened.app.authority.started, 0);
    app_close(&opened.app);
}

Test(app, RL_04_proxy_protocol_is_demanded_where_it_is_set_and_nowhere_else)
{
    static const struct {
        const char *where;
        bool listen, mtls;
    } cases[] = {{"off", false, false}, {"listen", true, false}, {"listen_mtls", false, true}, {"both", true, true}};
    opened.options[SETTINGS_tls] = STR("self-signed");
    opened.options[SETTINGS_listen_mtls] = STR("127.0.0.1:0");
    opened.options[SETTINGS_trusted_proxies] = STR("127.0.0.1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        opened.options[SETTINGS_proxy_protocol] = str_of(cases[i].where);
        opened_serve();
        cr_expect_eq(opened.app.listener->options.proxied, cases[i].listen, "%s", cases[i].where);
        cr_expect_eq(opened.app.asking->options.proxied, cases[i].mtls, "%s", cases[i].where);
        cr_expect(opened.app.asking->options.ask_certificate && !opened.app.listener->options.ask_certificate); /* TL-03, RFC 8705 5 */
        app_close(&opened.app);
    }
}

static void *close_app(void *context)
{
    app_close(context);
    return NULL;
}

/* AV-01: a request that has begun is answered; who comes later finds nobody. */
Test(app, AV_01_a_request_under_way_is_answered_before_the_end)
{
    pthread_t closer;
    opened.options[SETTINGS_drain_seconds] = STR("20");
    opened_serve();
    uint16_t port = listen_port(opened.app.listener);
    atomic_fetch_add(&opened.app.inside, 1); /* one that takes its time */
    int fd = opened_connect(port);
    while (listen_connections(opened.app.listener) == 0)
        sched_yield(); /* it is in: the door may shut now */
    opened_say(fd, "/health/live", "");
    cr_assert_eq(pthread_create(&closer, NULL, close_app, &opened.app), 0);
    cr_expect_eq(opened_hear(fd), 200);
    while (!atomic_load(&opened.app.draining))
        sched_yield();
    cr_expect(atomic_load(&opened.app.open)); /* as long as one is inside */
    atomic_fetch_sub(&opened.app.inside, 1);
    pthread_join(closer, NULL);
    cr_expect_not(atomic_load(&opened.app.open));
    cr_expect_eq(opened_connect(port), -1);
}

Test(app, settings_become_limits_and_rules)
{
    struct db_event_limit limits[DB_EVENT_CLASSES + 1];
    const struct settings s = {.events_administration = 11,
                               .events_administration_days = 1,
                               .events_people = 22,
                               .events_people_days = 0,
                               .events_machines = 33,
                               .events_machines_days = 30,
                               .courier_hours = 5,
                               .courier_wait = 6,
                               .drain_seconds = 7};
    app_event_limits(&s, limits);
    cr_expect(limits[DB_EVENT_ADMINISTRATION].rows == 11 && limits[DB_EVENT_ADMINISTRATION].seconds == 86400);
    cr_expect(limits[DB_EVENT_PEOPLE].rows == 22 && limits[DB_EVENT_PEOPLE].seconds == 0);
    cr_expect(limits[DB_EVENT_MACHINES].rows == 33 && limits[DB_EVENT_MACHINES].seconds == 30 * 86400);
    struct outbox_rule rule = app_outbox_rule(&s);
    cr_expect(memcmp(&rule, &(struct outbox_rule){5, 6, 7}, sizeof rule) == 0);
}
