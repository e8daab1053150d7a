/* SPDX-License-Identifier: MIT
 * db_key: one key of a use and algorithm is active at each moment, and a rotation is whole or not at all. */
#include "store/fresh.h"

#include "base/banned.h"

static void expect_key(struct fresh *s, const char *kid, const char *state)
{
    struct db_key *rows;
    size_t count;
    MUST(db_key_all(s->tx, s->a, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (str_is(rows[i].kid, kid)) {
            cr_assert(str_is(rows[i].state, state), "%s is %.*s", kid, STR_FMT(rows[i].state));
            return;
        }
    cr_assert_fail("no key %s", kid);
}

static struct db_key key_of(const char *kid, const char *use, const char *alg, const char *state)
{
    return (struct db_key){.kid = str_of(kid), .use = str_of(use), .alg = str_of(alg), .sealed = STR("c2VhbGVk"), .state = str_of(state), .created_at = T0};
}

Test(key, rotation_moves_next_to_active_to_old_and_other_algorithms_stay)
{
    struct fresh s = fresh_new(true);
    struct db_key a = key_of("a", "sig", "ES256", "active"), n = key_of("n", "sig", "ES256", "next"), r = key_of("r", "sig", "RS256", "active"),
                  f = key_of("f", "sig", "ES256", ""), *rows;
    size_t count;
    MUST(db_key_add(s.tx, &a));
    MUST(db_key_add(s.tx, &n));
    MUST(db_key_add(s.tx, &r));
    MUST_FAIL(CONFLICT, db_key_add(s.tx, &a));
    MUST(db_key_rotate(s.tx, &f, T0 + 10, T0 + 500));
    expect_key(&s, "a", "old");
    expect_key(&s, "n", "active");
    expect_key(&s, "f", "next");
    expect_key(&s, "r", "active");
    MUST(db_key_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(rows[0].destroy_after, T0 + 500);
    cr_assert_eq(rows[0].retired_at, T0 + 10);
    cr_assert_eq(rows[1].active_at, T0 + 10);
    MUST_FAIL(CONFLICT, db_key_rotate(s.tx, &f, T0 + 20, T0 + 600)); /* the same key again: nothing moves */
    expect_key(&s, "n", "active");
    expect_key(&s, "f", "next");
    fresh_end(&s);
}

Test(key, a_fresh_sealing_key_is_active_at_once)
{
    struct fresh s = fresh_new(true);
    struct db_key one = key_of("1", "seal", "A256GCM", "active"), two = key_of("2", "seal", "A256GCM", "");
    MUST(db_key_add(s.tx, &one));
    MUST(db_key_rotate(s.tx, &two, T0, T0 + 5));
    expect_key(&s, "1", "old");
    expect_key(&s, "2", "active");
    int64_t deleted = 0;
    MUST(db_purge(s.store, T0 + 4, 100, &deleted));
    expect_key(&s, "1", "old"); /* still opens what it sealed */
    MUST(db_purge(s.store, T0 + 5, 100, &deleted));
    cr_assert_eq(deleted, 1);
    fresh_end(&s);
}

static struct db_key *key_row(struct fresh *s, size_t i, size_t *count)
{
    struct db_key *rows;
    MUST(db_key_all(s->tx, s->a, &rows, count));
    cr_assert_lt(i, *count);
    return &rows[i];
}

Test(key, the_private_half_of_a_retired_signing_key_is_gone) /* AT-11 */
{
    struct fresh s = fresh_new(true);
    struct db_key sig = key_of("a", "sig", "ES256", "active"), seal = key_of("1", "seal", "A256GCM", "active");
    struct db_key next_sig = key_of("b", "sig", "ES256", ""), next_seal = key_of("2", "seal", "A256GCM", "");
    size_t count;
    MUST(db_key_add(s.tx, &sig));
    MUST(db_key_add(s.tx, &seal));
    MUST(db_key_rotate(s.tx, &next_sig, T0 + 1, T0 + 9));
    MUST(db_key_rotate(s.tx, &next_seal, T0 + 1, T0 + 9));
    cr_assert(str_present(key_row(&s, 0, &count)->sealed) && key_row(&s, 0, &count)->sealed.n == 0);
    cr_assert(str_is(key_row(&s, 1, &count)->sealed, "c2VhbGVk"), "it must still open what it sealed");
    expect_key(&s, "b", "active"); /* without a next one the fresh one is in its place at once */
    cr_assert_eq(key_row(&s, 2, &count)->active_at, T0 + 1);
    fresh_end(&s);
}

Test(key, is_resealed_from_what_was_read_alone)
{
    struct fresh s = fresh_new(true);
    struct db_key k = key_of("a", "sig", "ES256", "active");
    size_t count;
    MUST(db_key_add(s.tx, &k));
    struct db_key row = *key_row(&s, 0, &count);
    row.sealed = STR("bmV3");
    MUST(db_key_reseal(s.tx, &row, STR("c2VhbGVk")));
    row.sealed = STR("b3RoZXI");
    MUST_FAIL(CONFLICT, db_key_reseal(s.tx, &row, STR("c2VhbGVk")));
    cr_assert(str_is(key_row(&s, 0, &count)->sealed, "bmV3"));
    row.number++;
    MUST_FAIL(CONFLICT, db_key_reseal(s.tx, &row, STR("bmV3")));
    fresh_end(&s);
}
