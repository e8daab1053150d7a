/* SPDX-License-Identifier: MIT
 * db_pat: personal access tokens are found by hash alone, and lists show those that live. */
#include "store/fresh.h"

#include "base/banned.h"

static struct db_pat pat_new(struct fresh *s, int64_t user, const char *name)
{
    struct db_pat p = {.user_number = user, .hash = hash_of(name), .name = str_of(name), .scope = STR("openid"), .expires_at = T0 + 100};
    MUST(db_pat_add(s->tx, s->a, &p));
    return p;
}

Test(pat, is_found_by_hash_also_when_revoked)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), other = fresh_user(&s, "bob");
    struct db_pat p = pat_new(&s, u.number, "one"), *r;
    bool revoked = true;
    cr_assert_eq(p.id.n, 36u);
    cr_assert_gt(p.number, 0);
    MUST(db_pat_revoke(s.tx, p.id, other.number, T0 + 1, &revoked));
    cr_assert_not(revoked);
    MUST(db_pat_revoke(s.tx, p.id, u.number, T0 + 1, &revoked));
    cr_assert(revoked);
    MUST(db_pat_revoke(s.tx, p.id, 0, T0 + 2, &revoked));
    cr_assert_not(revoked);
    MUST(db_pat_by_hash(s.tx, s.a, &p.hash, &r));
    cr_assert_eq(r->revoked_at, T0 + 1);
    struct token_hash none = hash_of("none");
    MUST(db_pat_by_hash(s.tx, s.a, &none, &r));
    cr_assert_null(r);
    MUST(db_pat_by_id(s.tx, s.a, STR("none"), &r));
    cr_assert_null(r);
    struct db_pat twin = {.user_number = u.number, .hash = p.hash};
    MUST_FAIL(CONFLICT, db_pat_add(s.tx, s.a, &twin));
    fresh_end(&s);
}

Test(pat, use_is_noted_aside_and_never_goes_back)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_pat p = pat_new(&s, u.number, "one"), *r;
    MUST(db_pat_used(s.tx, p.number, T0 + 10, STR("192.0.2.9")));
    MUST(db_pat_used(s.tx, p.number, T0 + 5, STR("192.0.2.1")));
    fresh_settled(&s); /* both have been written */
    MUST(db_pat_by_id(s.tx, s.a, p.id, &r));
    cr_assert_eq(r->last_used_at, T0 + 10);
    cr_assert(str_is(r->last_used_address, "192.0.2.9"));
    fresh_end(&s);
}

Test(pat, lists_are_of_live_ones)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), other = fresh_user(&s, "bob");
    struct db_pat a = pat_new(&s, u.number, "laptop"), b = pat_new(&s, u.number, "phone");
    (void)pat_new(&s, other.number, "desk");
    bool revoked;
    struct db_pat_rows rows;
    MUST(db_pat_revoke(s.tx, a.id, u.number, T0, &revoked));
    MUST(db_pat_list(s.tx, s.a, u.number, &(struct db_page){.limit = 10}, &rows));
    cr_assert_eq(rows.total, 1);
    cr_assert_eq(rows.rows[0].number, b.number);
    MUST(db_pat_list(s.tx, s.a, 0, &(struct db_page){.limit = 1, .order_by = STR("name")}, &rows));
    cr_assert_eq(rows.total, 2);
    cr_assert(str_is(rows.rows[0].name, "desk"));
    MUST(db_pat_list(s.tx, s.a, 0, &(struct db_page){.limit = 5, .filter = STR("PHO")}, &rows));
    cr_assert_eq(rows.total, 1);
    MUST_FAIL(UNPROCESSABLE, db_pat_list(s.tx, s.a, 0, &(struct db_page){.limit = 1, .order_by = STR("hash")}, &rows));
    clock_set(T0 + 100);
    MUST(db_pat_list(s.tx, s.a, 0, &(struct db_page){.limit = 5}, &rows));
    cr_assert_eq(rows.total, 0);
    fresh_end(&s);
}
