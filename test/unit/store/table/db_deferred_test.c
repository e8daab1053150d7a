/* SPDX-License-Identifier: MIT
 * db_deferred: a person decides once, the tokens are fetched once, and nobody fills the table (DV-02, DV-05, DV-06, RL-06). */
#include "store/fresh.h"

#include "base/banned.h"

static const struct db_deferred_caps unbounded = {0};

struct asked {
    struct fresh s;
    int64_t user, client;
    struct db_deferred row;
};

static struct asked asked_new(void)
{
    struct asked x = {.s = fresh_new(true)};
    x.user = fresh_user(&x.s, "ada").number;
    x.client = fresh_client(&x.s, "app").number;
    x.row = fresh_deferred(&x.s, x.client, "CODE");
    MUST(db_deferred_add(x.s.tx, &x.row, &unbounded));
    return x;
}

static enum db_poll poll_of(struct asked *x, int64_t client, const char *code, const char *kind, struct db_polled *out)
{
    struct token_hash hash = hash_of(code);
    MUST(db_deferred_poll(x->s.tx, x->s.a, &(struct db_poll_claim){x->row.number, client, &hash, kind}, out));
    return out->how;
}

static enum db_poll poll_own(struct asked *x)
{
    struct db_polled out;
    return poll_of(x, x->client, "CODE", "device", &out);
}

static bool allow(struct asked *x, struct db_authorization *g)
{
    bool decided = false;
    *g = fresh_authorization_made(&x->s, x->user, x->client);
    MUST(db_deferred_allow(x->s.tx, x->row.number, g, &decided));
    return decided;
}

Test(deferred, a_yes_makes_the_grant_and_falls_once)
{
    struct asked x = asked_new();
    struct db_authorization g, again;
    struct db_polled out;
    bool decided = true;
    cr_assert(allow(&x, &g));
    cr_assert_not_null(store_authorization_again(&x.s, g.number));
    cr_assert_not(allow(&x, &again));
    cr_assert_null(store_authorization_again(&x.s, again.number), "a yes that did not count makes nothing");
    MUST(db_deferred_deny(x.s.tx, x.row.number, x.user, &decided));
    cr_assert_not(decided);
    cr_assert_eq(poll_of(&x, x.client, "CODE", "device", &out), DB_POLL_TAKEN);
    cr_assert(out.row->authorization_number == g.number && out.row->user_number == x.user);
    cr_assert_eq(poll_own(&x), DB_POLL_USED); /* DV-05 */
    fresh_end(&x.s);
}

Test(deferred, without_its_grant_there_is_no_yes)
{
    struct asked x = asked_new();
    struct db_authorization of_nobody = fresh_authorization_made(&x.s, 4711, x.client);
    bool decided = false;
    MUST_FAIL(NOT_FOUND, db_deferred_allow(x.s.tx, x.row.number, &of_nobody, &decided));
    cr_assert_not(decided);
    cr_assert_eq(poll_own(&x), DB_POLL_PENDING);
    fresh_end(&x.s);
}

Test(deferred, a_no_is_told_and_stays)
{
    struct asked x = asked_new();
    struct db_authorization g;
    bool decided = false;
    MUST(db_deferred_deny(x.s.tx, x.row.number, x.user, &decided));
    cr_assert(decided);
    cr_assert_eq(poll_own(&x), DB_POLL_DENIED);
    cr_assert_not(allow(&x, &g));
    cr_assert_eq(poll_own(&x), DB_POLL_DENIED);
    fresh_end(&x.s);
}

Test(deferred, what_waits_for_one_person_is_decided_by_nobody_else)
{
    struct asked x = asked_new();
    struct db_deferred row = fresh_deferred(&x.s, x.client, "CIBA"), *rows;
    struct db_authorization g = fresh_authorization_made(&x.s, x.user, x.client);
    int64_t bob = fresh_user(&x.s, "bob").number;
    size_t count;
    bool decided = true;
    row.kind = STR("ciba");
    row.user_code = STR_ABSENT;
    row.user_number = bob;
    MUST(db_deferred_add(x.s.tx, &row, &unbounded));
    MUST(db_deferred_allow(x.s.tx, row.number, &g, &decided));
    cr_assert_not(decided);
    MUST(db_deferred_deny(x.s.tx, row.number, x.user, &decided));
    cr_assert_not(decided);
    MUST(db_deferred_waiting(x.s.tx, x.s.a, x.user, &rows, &count));
    cr_assert_eq(count, 0u);
    MUST(db_deferred_waiting(x.s.tx, x.s.a, bob, &rows, &count));
    cr_assert(count == 1 && rows[0].number == row.number);
    g.user_number = bob;
    MUST(db_deferred_allow(x.s.tx, row.number, &g, &decided));
    cr_assert(decided);
    MUST(db_deferred_waiting(x.s.tx, x.s.a, bob, &rows, &count));
    cr_assert_eq(count, 0u);
    fresh_end(&x.s);
}

Test(deferred, whoever_polls_too_soon_waits_longer) /* DV-02 */
{
    struct asked x = asked_new();
    struct db_deferred *row;
    cr_assert_eq(poll_own(&x), DB_POLL_PENDING);
    clock_set(T0 + 4);
    cr_assert_eq(poll_own(&x), DB_POLL_EARLY);
    MUST(db_deferred_get(x.s.tx, x.s.a, x.row.number, &row));
    cr_assert_eq(row->interval_seconds, 5 + DB_DEFERRED_SLOWER);
    clock_set(T0 + 4 + 9);
    cr_assert_eq(poll_own(&x), DB_POLL_EARLY);
    clock_set(T0 + 4 + 9 + 15);
    cr_assert_eq(poll_own(&x), DB_POLL_PENDING);
    fresh_end(&x.s);
}

Test(deferred, of_another_client_another_code_or_kind_nothing_is_known)
{
    struct asked x = asked_new();
    struct db_authorization g;
    struct db_polled out;
    cr_assert(allow(&x, &g));
    cr_assert_eq(poll_of(&x, x.client + 1, "CODE", "device", &out), DB_POLL_UNKNOWN);
    cr_assert_null(out.row);
    cr_assert_eq(poll_of(&x, x.client, "EDOC", "device", &out), DB_POLL_UNKNOWN);
    cr_assert_eq(poll_of(&x, x.client, "CODE", "ciba", &out), DB_POLL_UNKNOWN);
    cr_assert_eq(poll_own(&x), DB_POLL_TAKEN, "and nothing was taken");
    fresh_end(&x.s);
}

Test(deferred, beyond_its_end_it_is_neither_found_nor_decided_nor_fetched)
{
    struct asked x = asked_new();
    struct db_authorization g;
    struct db_deferred *row;
    bool decided = true;
    clock_set(T0 + 599);
    MUST(db_deferred_by_user_code(x.s.tx, x.s.a, STR("CODE"), &row));
    cr_assert_not_null(row);
    clock_set(T0 + 600);
    MUST(db_deferred_by_user_code(x.s.tx, x.s.a, STR("CODE"), &row));
    cr_assert_null(row);
    MUST(db_deferred_get(x.s.tx, x.s.a, x.row.number, &row));
    cr_assert_null(row);
    cr_assert_not(allow(&x, &g));
    MUST(db_deferred_deny(x.s.tx, x.row.number, x.user, &decided));
    cr_assert_not(decided);
    cr_assert_eq(poll_own(&x), DB_POLL_EXPIRED);
    clock_set(T0 - 2); /* set back to before it was made, a row is of no use either */
    MUST(db_deferred_get(x.s.tx, x.s.a, x.row.number, &row));
    cr_assert_null(row);
    fresh_end(&x.s);
}

Test(deferred, a_word_that_people_type_stands_there_once)
{
    struct asked x = asked_new();
    struct db_deferred twin = fresh_deferred(&x.s, x.client, "CODE"), none = fresh_deferred(&x.s, x.client, "OTHER");
    MUST_FAIL(CONFLICT, db_deferred_add(x.s.tx, &twin, &unbounded));
    none.user_code = STR_ABSENT;
    MUST(db_deferred_add(x.s.tx, &none, &unbounded));
    none = fresh_deferred(&x.s, x.client, "THIRD");
    none.user_code = STR_ABSENT;
    MUST(db_deferred_add(x.s.tx, &none, &unbounded)); /* without a word there is nothing to clash */
    fresh_end(&x.s);
}

static enum err_kind add_of(struct asked *x, int64_t client, const char *source, const struct db_deferred_caps *caps)
{
    static int count;
    char code[16];
    (void)snprintf(code, sizeof(code), "C%d", count++);
    struct db_deferred row = fresh_deferred(&x->s, client, code);
    row.source = str_of(source);
    err e = db_deferred_add(x->s.tx, &row, caps);
    return e.kind;
}

Test(deferred, no_source_or_client_fills_the_table) /* RL-06 */
{
    struct asked x = asked_new();
    const struct db_deferred_caps caps = {.all = 12, .client = 9, .source = 2};
    int64_t other = fresh_client(&x.s, "other").number;
    enum err_kind kind;
    cr_assert_eq(add_of(&x, x.client, "at:1", &caps), ERR_OK);
    cr_assert_eq(add_of(&x, x.client, "at:1", &caps), ERR_OK);
    cr_assert_eq(add_of(&x, x.client, "at:1", &caps), ERR_THROTTLED, "one source holds two at the most");
    int more = 0;
    for (char source[8] = "at:a"; (kind = add_of(&x, x.client, source, &caps)) == ERR_OK; source[3]++)
        more++;
    cr_assert(kind == ERR_THROTTLED && more > 0 && more < 9, "%d", more);
    cr_assert_eq(add_of(&x, other, "at:1", &caps), ERR_OK, "another client has room beside it");
    clock_set(T0 + 600);
    cr_assert_eq(add_of(&x, x.client, "at:1", &caps), ERR_OK, "what has ended holds nothing");
    fresh_end(&x.s);
}

static enum err_kind ask_person(struct asked *x, int64_t client, const struct db_deferred_caps *caps)
{
    struct db_deferred row = fresh_deferred(&x->s, client, "c");
    row.kind = STR("ciba");
    row.user_code = STR_ABSENT;
    row.user_number = x->user;
    err e = db_deferred_add(x->s.tx, &row, caps);
    return e.kind;
}

Test(deferred, no_client_fills_what_waits_for_a_person) /* RL-06 */
{
    struct asked x = asked_new();
    const struct db_deferred_caps caps = {.all = 100, .user = 20, .client_of_user = 2};
    int64_t other = fresh_client(&x.s, "other").number;
    cr_assert_eq(ask_person(&x, x.client, &caps), ERR_OK);
    cr_assert_eq(ask_person(&x, x.client, &caps), ERR_OK);
    cr_assert_eq(ask_person(&x, x.client, &caps), ERR_THROTTLED);
    cr_assert_eq(ask_person(&x, other, &caps), ERR_OK);
    struct db_deferred *rows;
    size_t count;
    MUST(db_deferred_waiting(x.s.tx, x.s.a, x.user, &rows, &count));
    cr_assert_eq(count, 3u);
    cr_assert(rows[0].number > rows[1].number && rows[1].number > rows[2].number, "newest first");
    fresh_end(&x.s);
}
