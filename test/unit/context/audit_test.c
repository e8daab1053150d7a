/* SPDX-License-Identifier: MIT
 * audit: who reads the trail, and how much of it. */
#include "context/audit.h"
#include "people.h"

#include "base/banned.h"

static void tell_event(struct scene *s, const char *name, str actor)
{
    authority_event(s->ctx, name, &(struct authority_event_facts){.actor = actor});
}

/* How many rows this actor is shown, of how many in all; -1: refused. */
static int64_t shown(struct scene *s, const struct actor *by, const char *filter)
{
    struct db_page page = {.filter = str_of(filter), .limit = 100};
    struct db_event_rows rows = {0};
    err e = audit_list(s->ctx, by, &page, &rows);
    cr_assert(!FAILED(e) || e.kind == ERR_INSUFFICIENT_SCOPE, "%s", err_why(e));
    cr_assert(FAILED(e) || rows.total == (int64_t)rows.count);
    return FAILED(e) ? -1 : rows.total;
}

struct audience {
    struct scene s;
    struct db_user *ada, *root, *auditor;
};

/* Ada did two things, somebody else one. */
static struct audience audience_new(void)
{
    struct audience x = {.s = scene_new()};
    x.ada = scene_person(&x.s, "ada", "", false);
    x.root = scene_person(&x.s, "root", "", true);
    x.auditor = scene_person(&x.s, "auditor", "view-events", false);
    tell_event(&x.s, "probe.one", x.ada->id);
    tell_event(&x.s, "probe.two", x.ada->id);
    tell_event(&x.s, "probe.one", x.root->id);
    return x;
}

Test(audit, the_owner_administrators_and_who_may_view_events_read_all_of_it)
{
    struct audience x = audience_new();
    struct actor root = by_session(x.root), auditor = by_session(x.auditor);
    cr_expect_eq(shown(&x.s, &actor_owner, "probe."), 3);
    cr_expect_eq(shown(&x.s, &root, "probe."), 3);
    cr_expect_eq(shown(&x.s, &auditor, "probe."), 3);
}

Test(audit, a_person_reads_what_they_did_and_nothing_of_others) /* AD-02 */
{
    struct audience x = audience_new();
    struct actor ada = by_session(x.ada);
    struct db_page page = {.filter = STR("probe."), .limit = 100};
    struct db_event_rows rows;
    assert_done(audit_list(x.s.ctx, &ada, &page, &rows));
    cr_assert(rows.count == 2 && rows.total == 2);
    for (size_t i = 0; i < rows.count; i++)
        cr_expect(str_equal(rows.rows[i].actor, x.ada->id));
    struct db_page hers = {.filter = x.root->id, .limit = 100}; /* a filter is none over the others' */
    assert_done(audit_list(x.s.ctx, &ada, &hers, &rows));
    cr_expect(rows.count == 0 && rows.total == 0);
}

Test(audit, AD_01_a_token_reaches_no_further_than_its_scope)
{
    struct audience x = audience_new();
    static const struct {
        const char *scope;
        int64_t root, ada; /* rows for each */
    } rows[] = {{"view-events", 3, -1}, {"view-own-events", 1, 2}, {"view-users", -1, -1}, {"view-own-profile", -1, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct actor root = by_token(x.root, rows[i].scope, false), ada = by_token(x.ada, rows[i].scope, false);
        cr_expect_eq(shown(&x.s, &root, "probe."), rows[i].root, "%s", rows[i].scope);
        cr_expect_eq(shown(&x.s, &ada, "probe."), rows[i].ada, "%s", rows[i].scope);
    }
}

Test(audit, nobody_software_and_clients_without_the_permission_read_nothing)
{
    struct audience x = audience_new();
    static struct db_client machine = {.number = 3, .id = STR("robot")};
    struct actor nobody = {0}, hollow = {.kind = ACTOR_USER, .user = x.ada}, blind = by_client(&machine, "view-own-events"),
                 seeing = by_client(&machine, "view-events");
    struct db_user blocked = *x.auditor;
    blocked.blocked = true;
    struct actor was = by_session(&blocked);
    cr_expect_eq(shown(&x.s, &nobody, ""), -1);
    cr_expect_eq(shown(&x.s, &hollow, ""), -1);
    cr_expect_eq(shown(&x.s, &actor_software, ""), -1);
    cr_expect_eq(shown(&x.s, &blind, ""), -1, "a client did nothing by itself that view-own-events speaks of");
    cr_expect_eq(shown(&x.s, &was, ""), -1);
    cr_expect_eq(shown(&x.s, &seeing, "probe."), 3);
}
