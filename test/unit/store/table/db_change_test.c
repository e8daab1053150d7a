/* SPDX-License-Identifier: MIT
 * The change feed: what is appended, in which order, and how much of it is kept. */
#include "store/fresh.h"

#include "store/table/db_change.h"

#include "base/banned.h"

static void written(const char *text, enum db_change_kind kind)
{
    cr_expect_eq(db_change_of(text), kind, "%s", text);
}

Test(change, a_statement_is_known_by_the_table_that_it_writes)
{
    written("UPDATE clients SET name = $1 RETURNING number", DB_CHANGE_CLIENT);
    written("INSERT INTO client_secrets (number) VALUES ($1) RETURNING client_number", DB_CHANGE_CLIENT_SECRET);
    written("DELETE FROM pats WHERE number = $1 RETURNING hash", DB_CHANGE_PAT);
    written("INSERT INTO revocations (number) VALUES ($1)", DB_CHANGE_REVOCATION);
    written("SELECT number FROM clients", DB_CHANGE_NONE);
    written("UPDATE clients_of_others SET name = $1", DB_CHANGE_NONE);
    written("", DB_CHANGE_NONE);
    cr_expect_eq(db_change_kind_of(STR("client")), DB_CHANGE_CLIENT);
    cr_expect_eq(db_change_kind_of(STR("pat")), DB_CHANGE_PAT);
    cr_expect_eq(db_change_kind_of(STR("else")), DB_CHANGE_NONE);
    cr_expect_eq(db_change_kind_of(STR_ABSENT), DB_CHANGE_NONE);
}

static err scope_and_regret(void *context)
{
    struct fresh *s = context;
    TRY(db_scope_add(s->tx, STR("regretted"), STR("words")));
    FAIL(CONFLICT, "test: regret");
}

Test(change, what_is_rolled_back_leaves_neither_a_line_nor_a_gap)
{
    for (int threaded = 0; threaded < 2; threaded++) {
        struct fresh s = fresh_new(threaded == 1);
        MUST(db_scope_add(s.tx, STR("one"), STR("words")));
        MUST_FAIL(CONFLICT, fresh_together(&s, scope_and_regret, &s));
        MUST_FAIL(CONFLICT, db_scope_add(s.tx, STR("one"), STR("words"))); /* there already: nothing was changed */
        MUST(db_scope_add(s.tx, STR("two"), STR("words")));
        cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes"), 2);
        cr_assert_eq(by_hand(&s, "SELECT max(seq) FROM changes"), 2);
        cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes WHERE kind = 'scope' AND key IN ('one', 'two')"), 2);
        fresh_end(&s);
    }
}

Test(change, one_transaction_tells_of_each_thing_it_changed)
{
    struct fresh s = fresh_new(true);
    struct db_client c = fresh_client(&s, "app");
    struct db_user u = fresh_user(&s, "ada");
    struct db_pat p = {.user_number = u.number, .hash = hash_of("pat"), .name = STR("n")};
    MUST(db_pat_add(s.tx, s.a, &p));
    int64_t before = by_hand(&s, "SELECT max(seq) FROM changes");
    MUST(db_user_set_password(s.tx, s.a, &(struct db_new_password){u.number, "$new", 0, true, false}));
    cr_assert_eq(by_hand(&s, "SELECT max(seq) FROM changes"), before + 2); /* the person, and their token */
    struct token_hash hash = hash_of("fresh");
    MUST(db_client_secret_add(s.tx, c.number, &hash, 0));
    cr_assert_eq(by_hand(&s, "SELECT count(DISTINCT key) FROM changes WHERE kind = 'client'"), 1);
    fresh_end(&s);
}

Test(change, a_change_whose_line_cannot_be_written_does_not_happen)
{
    struct fresh s = fresh_new(true);
    struct db_scope *rows;
    size_t before, after;
    MUST(db_scope_all(s.tx, s.a, &rows, &before));
    (void)by_hand(&s, "INSERT INTO changes (seq, kind, key) VALUES ((SELECT next FROM counters WHERE name = 'change'), 'x', 'y')");
    cr_assert(FAILED(db_scope_add(s.tx, STR("one"), STR("words"))));
    MUST(db_scope_all(s.tx, s.a, &rows, &after));
    cr_assert_eq(before, after);
    (void)by_hand(&s, "DELETE FROM changes");
    MUST(db_scope_add(s.tx, STR("one"), STR("words"))); /* and it heals */
    fresh_end(&s);
}
