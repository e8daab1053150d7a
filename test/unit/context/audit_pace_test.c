/* SPDX-License-Identifier: MIT */
#include "context/audit_pace.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { T0 = 1700000000 };

static int allowed(enum db_event_class class, const char *source, int tries, unix_time now)
{
    int n = 0;
    for (int i = 0; i < tries; i++)
        n += audit_pace_allows(class, str_of(source), now);
    return n;
}

static int64_t left_out_of(const char *source)
{
    struct audit_left_out left;
    int64_t count = 0;
    while (audit_pace_left_out(&left))
        count += strcmp(left.source, source) == 0 ? left.count : 0;
    return count;
}

Test(audit_pace, a_flood_costs_its_own_source_alone)
{
    cr_assert_eq(allowed(DB_EVENT_MACHINES, "10.0.0.1", 5000, T0), AUDIT_PACE_BURST);
    cr_assert_eq(allowed(DB_EVENT_MACHINES, "10.0.0.2", 40, T0), 40);
    cr_assert_eq(allowed(DB_EVENT_PEOPLE, "10.0.0.1", 40, T0), 40, "nor its own weightier events");
    cr_assert_eq(left_out_of("10.0.0.1"), 5000 - AUDIT_PACE_BURST);
    cr_assert_eq(left_out_of("10.0.0.1"), 0, "told once");
    cr_assert_eq(audit_pace_total(DB_EVENT_MACHINES), 5000 - AUDIT_PACE_BURST);
}

Test(audit_pace, an_allowance_comes_back_with_time_and_not_with_a_clock_that_goes_back)
{
    (void)allowed(DB_EVENT_MACHINES, "a", 5000, T0);
    cr_assert_eq(allowed(DB_EVENT_MACHINES, "a", 1000, T0 + 10), 10 * AUDIT_PACE_A_MINUTE / 60);
    cr_assert_eq(allowed(DB_EVENT_MACHINES, "a", 1000, T0 - 7200), 0);
    cr_assert_eq(allowed(DB_EVENT_MACHINES, "a", 1000, T0 - 7200 + 5), 5 * AUDIT_PACE_A_MINUTE / 60);
}

Test(audit_pace, many_sources_are_counted_when_they_are_forgotten)
{
    int64_t recorded = 0, left = 0;
    struct audit_left_out out;
    for (int i = 0; i < 20000; i++) {
        char source[32];
        (void)snprintf(source, sizeof source, "2001:db8:%x::/64", i);
        recorded += allowed(DB_EVENT_MACHINES, source, 3, T0);
    }
    while (audit_pace_left_out(&out))
        left += out.count;
    cr_assert_eq(recorded + left, 60000, "recorded or counted, nothing is lost");
    cr_assert(recorded <= (int64_t)16 * AUDIT_PACE_BURST, "and bounded in all");
}

Test(audit_pace, every_name_has_a_class)
{
    static const struct {
        const char *name;
        enum db_event_class class;
    } rows[] = {
        {"client.changed", DB_EVENT_ADMINISTRATION},
        {"client.refused", DB_EVENT_MACHINES},
        {"login.failed", DB_EVENT_PEOPLE},
        {"request.refused", DB_EVENT_MACHINES},
        {"token.revoked", DB_EVENT_MACHINES},
        {"pat.revoked", DB_EVENT_PEOPLE},
        {"logout", DB_EVENT_PEOPLE},
        {"logout.delivered", DB_EVENT_MACHINES},
        {"nobody.knows", DB_EVENT_MACHINES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(audit_row_of(str_of(rows[i].name))->class, rows[i].class, "%s", rows[i].name);
}
