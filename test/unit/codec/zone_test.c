/* SPDX-License-Identifier: MIT
 * zone: what the clocks of the world show, as Python's zoneinfo says it (of another library and another copy of the database). */
#include "codec/zone.h"

#include "codec/icu.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

/* On both sides of each change of 2026; where there is none, one time. Then the past and the far future. */
static const struct {
    const char *zone;
    unix_time t;
    const char *text;
} shown[] = {
    {"Europe/Paris", 1774745999, "2026-03-29 01:59 UTC+1"},
    {"Europe/Paris", 1774746000, "2026-03-29 03:00 UTC+2"},
    {"Europe/Paris", 1792889999, "2026-10-25 02:59 UTC+2"},
    {"Europe/Paris", 1792890000, "2026-10-25 02:00 UTC+1"},
    {"Europe/Dublin", 1774745999, "2026-03-29 00:59 UTC"},
    {"Europe/Dublin", 1774746000, "2026-03-29 02:00 UTC+1"},
    {"Europe/Dublin", 1792889999, "2026-10-25 01:59 UTC+1"},
    {"Europe/Dublin", 1792890000, "2026-10-25 01:00 UTC"},
    {"America/New_York", 1772953199, "2026-03-08 01:59 UTC-5"},
    {"America/New_York", 1772953200, "2026-03-08 03:00 UTC-4"},
    {"America/New_York", 1793512799, "2026-11-01 01:59 UTC-4"},
    {"America/New_York", 1793512800, "2026-11-01 01:00 UTC-5"},
    {"America/St_Johns", 1772947799, "2026-03-08 01:59 UTC-3:30"},
    {"America/St_Johns", 1772947800, "2026-03-08 03:00 UTC-2:30"},
    {"America/St_Johns", 1793507399, "2026-11-01 01:59 UTC-2:30"},
    {"America/St_Johns", 1793507400, "2026-11-01 01:00 UTC-3:30"},
    {"America/Sao_Paulo", 1767297600, "2026-01-01 17:00 UTC-3"},
    {"Australia/Lord_Howe", 1775314799, "2026-04-05 01:59 UTC+11"},
    {"Australia/Lord_Howe", 1775314800, "2026-04-05 01:30 UTC+10:30"},
    {"Australia/Lord_Howe", 1791041399, "2026-10-04 01:59 UTC+10:30"},
    {"Australia/Lord_Howe", 1791041400, "2026-10-04 02:30 UTC+11"},
    {"Pacific/Chatham", 1775311199, "2026-04-05 03:44 UTC+13:45"},
    {"Pacific/Chatham", 1775311200, "2026-04-05 02:45 UTC+12:45"},
    {"Pacific/Chatham", 1790431199, "2026-09-27 02:44 UTC+12:45"},
    {"Pacific/Chatham", 1790431200, "2026-09-27 03:45 UTC+13:45"},
    {"Asia/Kathmandu", 1767297600, "2026-01-02 01:45 UTC+5:45"},
    {"Pacific/Kiritimati", 1767297600, "2026-01-02 10:00 UTC+14"},
    {"Etc/GMT+12", 1767297600, "2026-01-01 08:00 UTC-12"},
    {"UTC", 1767297600, "2026-01-01 20:00 UTC"},
    {"Asia/Kolkata", 1767297600, "2026-01-02 01:30 UTC+5:30"},
    {"Europe/Paris", -17280000, "1969-06-15 01:00 UTC+1"},
    {"Europe/London", 2147483648, "2038-01-19 03:14 UTC"},
    {"America/New_York", 4102444799, "2099-12-31 18:59 UTC-5"},
    {"Europe/Moscow", 1301180399, "2011-03-27 01:59 UTC+3"},
    {"Europe/Moscow", 1301180400, "2011-03-27 03:00 UTC+4"},
    {"Europe/Moscow", 1414274400, "2014-10-26 01:00 UTC+3"},
};

static void expect_shown(const char *zone, unix_time t, const char *text)
{
    char out[ZONE_TEXT_SIZE];
    zone_write(str_of(zone), t, out);
    cr_expect_str_eq(out, text, "%s at %lld: %s, not %s", zone, (long long)t, out, text);
}

Test(zone, clocks_show_what_python_says_at_both_sides_of_each_change)
{
    for (size_t round = 0; round < 2; round++) /* the second from calendars that are there */
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
            expect_shown(shown[i].zone, shown[i].t, shown[i].text);
}

Test(zone, what_nobody_knows_is_shown_in_utc)
{
    static const char *const strange[] = {"",
                                          "Mars/Olympus",
                                          "BST",
                                          "SystemV/EST5EDT",
                                          "Europe/Par\xc3\xads",
                                          "GMT+5",
                                          "europe/paris",
                                          "Etc/Unknown",
                                          "Europe/Paris/Europe/Paris/Europe/Paris/Europe/Paris/Europe/Paris/Eur"};
    char out[ZONE_TEXT_SIZE];
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        expect_shown(strange[i], 1795316400, "2026-11-22 03:00 UTC");
    zone_write(STR_ABSENT, 1795316400, out);
    cr_expect_str_eq(out, "2026-11-22 03:00 UTC");
    zone_write(STR("Europe/Paris\0"), 1795316400, out);
    cr_expect_str_eq(out, "2026-11-22 03:00 UTC", "a NUL ends no name");
}

Test(zone, a_time_that_cannot_be_written_is_empty_in_every_zone)
{
    expect_shown("Europe/Paris", 0, "");
    expect_shown("Europe/Paris", INT64_MAX, "");
    expect_shown("Europe/Paris", INT64_MIN, "");
    expect_shown("Europe/Paris", -3600, "1969-12-31 23:00 UTC"); /* midnight there is 0, which is no time here */
    expect_shown("Pacific/Kiritimati", 253402300799, "9999-12-31 23:59 UTC");
}

Test(zone, names_of_the_database_are_known_and_others_are_not)
{
    static const struct {
        const char *name;
        bool known;
    } names[] = {{"Europe/Paris", true},
                 {"America/Argentina/Buenos_Aires", true},
                 {"Etc/GMT+5", true},
                 {"UTC", true},
                 {"EST5EDT", true},
                 {"Asia/Calcutta", true},
                 {"Europe/Atlantis", false},
                 {"BST", false},
                 {"IST", false},
                 {"SystemV/AST4", false},
                 {"GMT+5", false},
                 {"GMT+05:00", false},
                 {"Etc/Unknown", false},
                 {"EUROPE/PARIS", false},
                 {" UTC", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool known = !names[i].known;
        cr_assert(!FAILED(zone_known(str_of(names[i].name), &known)));
        cr_expect_eq(known, names[i].known, "%s", names[i].name);
    }
}

/* More zones than are kept, from several threads. */
static void *ask_many(void *unused)
{
    for (int i = 0; i < 400; i++) {
        char name[] = "Etc/GMT+0", text[ZONE_TEXT_SIZE], *end;
        name[7] = i % 2 == 0 ? '+' : '-';
        name[8] = (char)('1' + i / 2 % 9);
        zone_write(str_of(name), 1795316400, text);
        end = strstr(text, "UTC");
        cr_assert_not_null(end);
        cr_assert(end[3] == (i % 2 == 0 ? '-' : '+') && end[4] == name[8], "%s: %s", name, text); /* POSIX counts westwards */
        for (size_t j = 0; j < sizeof shown / sizeof *shown; j += 7)
            expect_shown(shown[j].zone, shown[j].t, shown[j].text);
    }
    return unused;
}

Test(zone, many_threads_and_more_zones_than_are_kept_get_their_own)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_many, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}
