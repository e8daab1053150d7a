/* SPDX-License-Identifier: MIT
 * probe: asked over HTTP, of a whole server. */
#include "opened.h"

#include <sqlite3.h>

#include "base/banned.h"

static void begin(void)
{
    opened_begin();
}

TestSuite(probe, .init = begin, .timeout = 60);

static void by_hand(const char *sql)
{
    char path[160];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/jeton.db", opened.directory);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int64_t figure(const char *name)
{
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *found = strstr(opened.answer, line);
    cr_assert_not_null(found, "%s is missing", name);
    return opened_number(found + strlen(line));
}

/* AV-06: ready is what a real write says; alive is who answers. */
Test(probe, AV_06_a_store_that_takes_no_write_is_not_ready_but_alive)
{
    opened_serve();
    by_hand("DELETE FROM counters WHERE name = 'ready'");
    cr_expect_eq(opened_get("/health/ready", ""), 503);
    cr_expect_not_null(strstr(opened.answer, "Retry-After:"));
    cr_expect_eq(opened_get("/health/live", ""), 200);
    by_hand("INSERT INTO counters (name, next) VALUES ('ready', 1)");
    cr_expect_eq(opened_get("/health/ready", ""), 200); /* a failure is not remembered */
    app_close(&opened.app);
}

Test(probe, AV_01_who_drains_is_not_ready)
{
    opened_serve();
    cr_expect_eq(opened_get("/health/ready", ""), 200);
    atomic_store(&opened.app.draining, true);
    cr_expect_eq(opened_get("/health/ready", ""), 503);
    cr_expect_eq(opened_get("/health/live", ""), 200);
    app_close(&opened.app);
}

/* RL-04: near is who connects from this machine and is no proxy that speaks for somebody else. */
Test(probe, RL_04_figures_are_for_whom_the_setting_names)
{
    static const char far[] = "X-Forwarded-For: 203.0.113.9\r\n";
    static const struct {
        const char *metrics, *proxies;
        int near, far;
    } cases[] = {{"local", "", 200, 200}, {"local", "127.0.0.1", 200, 404}, {"on", "127.0.0.1", 200, 200}, {"off", "127.0.0.1", 404, 404}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        opened.options[SETTINGS_metrics] = str_of(cases[i].metrics);
        opened.options[SETTINGS_trusted_proxies] = str_of(cases[i].proxies);
        opened_serve();
        cr_expect_eq(opened_get("/metrics", ""), cases[i].near, "%zu", i);
        cr_expect_eq(opened_get("/metrics", far), cases[i].far, "%zu", i);
        app_close(&opened.app);
    }
}

Test(probe, figures_count_what_was_answered)
{
    opened_serve();
    for (int i = 0; i < 3; i++)
        cr_expect_eq(opened_get("/health/live", ""), 200);
    cr_expect_eq(opened_get("/oauth/nosuch", ""), 404);
    cr_expect_eq(opened_get("/metrics", ""), 200);
    cr_expect_eq(figure("jeton_requests_total{method=\"GET\",path=\"/health/live\",status=\"2xx\"}"), 3);
    cr_expect_eq(figure("jeton_requests_total{method=\"\",path=\"unknown\",status=\"4xx\"}"), 1);
    cr_expect_geq(figure("jeton_connections"), 1); /* this one */
    cr_expect_gt(figure("jeton_resident_bytes"), 1 << 20);
    cr_expect_eq(figure("jeton_feed_followed{feed=\"changes\"}"), figure("jeton_feed_newest{feed=\"changes\"}"));
    cr_expect_eq(figure("jeton_events_budget{class=\"people\"}"), opened.settings.events_people);
    app_close(&opened.app);
}

/* The text format of Prometheus: each name is explained once, and each line is a name with its number. */
Test(probe, figures_are_the_text_that_Prometheus_reads)
{
    str seen[64];
    size_t explained = 0, lines = 0;
    opened_serve();
    cr_expect_eq(opened_get("/metrics", ""), 200);
    cr_expect_not_null(strstr(opened.answer, "text/plain; version=0.0.4"));
    app_close(&opened.app);
    str rest = str_of(strstr(opened.answer, "\r\n\r\n") + 4), line;
    while (str_next(&rest, '\n', &line)) {
        if (line.n == 0)
            continue;
        lines++;
        if (str_starts(line, STR("# TYPE "))) {
            str word = {line.p + 7, str_find((str){line.p + 7, line.n - 7}, ' ')};
            for (size_t i = 0; i < explained; i++)
                cr_expect_not(str_equal(seen[i], word), "%.*s", STR_FMT(word));
            cr_assert_lt(explained, sizeof seen / sizeof seen[0]);
            seen[explained++] = word;
        } else if (line.p[0] != '#') {
            const char *text = str_z(opened.a, line), *number = strrchr(text, ' ');
            cr_expect(explained > 0 && str_equal(seen[explained - 1], (str){text, strspn(text, "abcdefghijklmnopqrstuvwxyz_")}), "%s", text);
            cr_expect(number != NULL && number[1] != '\0' && strspn(number + 1, "-0123456789") == strlen(number + 1), "%s", text);
        }
    }
    cr_expect(explained > 10 && lines > 3 * explained - 5);
}
