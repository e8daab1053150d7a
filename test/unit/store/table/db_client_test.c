/* SPDX-License-Identifier: MIT
 * db_client: clients come back whole, an id is given once for ever, what a client loses makes its epoch grow, and two secrets live at most. */
#include "store/fresh.h"

#include "base/banned.h"

static struct db_client client_now(struct fresh *s, int64_t number)
{
    struct db_client *rows;
    size_t count;
    MUST(db_client_all(s->store, s->a, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (rows[i].number == number)
            return rows[i];
    return (struct db_client){0};
}

Test(client, every_member_comes_back)
{
    struct fresh s = fresh_new(true);
    struct db_client c = {.id = STR("4711"),
                          .name = STR("N"),
                          .description = STR("D"),
                          .auth_method = STR("none"),
                          .grants = STR("password"),
                          .redirect_uris = STR("https://a/\nhttps://b/"),
                          .post_logout_redirect_uris = STR("https://c/"),
                          .scopes = STR("x y"),
                          .owner_id = STR("u"),
                          .is_public = true,
                          .require_pkce = true,
                          .access_lifetime = 60,
                          .refresh_lifetime = 600};
    MUST(db_client_add(s.tx, &c));
    struct db_client r = client_now(&s, c.number);
    cr_assert(str_equal(r.id, c.id) && str_equal(r.name, c.name) && str_equal(r.description, c.description));
    cr_assert(str_equal(r.grants, c.grants) && str_equal(r.redirect_uris, c.redirect_uris));
    cr_assert(str_equal(r.post_logout_redirect_uris, c.post_logout_redirect_uris) && str_equal(r.scopes, c.scopes));
    cr_assert(str_equal(r.owner_id, c.owner_id) && str_equal(r.auth_method, c.auth_method));
    cr_assert(r.is_public && r.require_pkce && !r.first_party && !r.compat_processmaker && !r.disabled);
    cr_assert_eq(r.access_lifetime, 60);
    cr_assert_eq(r.refresh_lifetime, 600);
    cr_assert_eq(r.secret_count, 0u);
    r.name = STR("other");
    r.require_pkce = false;
    r.compat_processmaker = true;
    r.scopes = STR_ABSENT;
    MUST(db_client_save(s.tx, &r));
    struct db_client again = client_now(&s, c.number);
    cr_assert(str_is(again.name, "other") && !again.require_pkce && again.compat_processmaker && !str_present(again.scopes));
    cr_assert(str_is(again.id, "4711"));
    cr_assert_eq(again.epoch, r.epoch);
    cr_assert_eq(again.version, r.version + 1);
    MUST_FAIL(CONFLICT, db_client_save(s.tx, &r)); /* AD-05 */
    fresh_end(&s);
}

Test(client, an_id_is_never_given_twice_not_even_after_removal)
{
    struct fresh s = fresh_new(true);
    struct db_client c = fresh_client(&s, "app"), d = {.id = STR("app")};
    MUST_FAIL(CONFLICT, db_client_add(s.tx, &d));
    cr_assert_eq(d.number, 0);
    MUST(db_client_remove(s.tx, c.number));
    MUST_FAIL(CONFLICT, db_client_add(s.tx, &d));
    cr_assert_eq(client_now(&s, c.number).number, 0);
    MUST_FAIL(NOT_FOUND, db_client_remove(s.tx, c.number));
    MUST_FAIL(NOT_FOUND, db_client_set_disabled(s.tx, c.number, false));
    MUST_FAIL(CONFLICT, db_client_save(s.tx, &c));
    struct token_hash hash = hash_of("new");
    MUST_FAIL(NOT_FOUND, db_client_secret_add(s.tx, c.number, &hash, 0));
    fresh_end(&s);
}

Test(client, disabling_grows_the_epoch_and_enabling_does_not)
{
    struct fresh s = fresh_new(true);
    struct db_client c = fresh_client(&s, "app");
    MUST(db_client_set_disabled(s.tx, c.number, true));
    cr_assert_eq(client_now(&s, c.number).epoch, c.epoch + 1);
    cr_assert(client_now(&s, c.number).disabled);
    MUST(db_client_set_disabled(s.tx, c.number, true));
    cr_assert_eq(client_now(&s, c.number).epoch, c.epoch + 1);
    MUST(db_client_set_disabled(s.tx, c.number, false));
    struct db_client now = client_now(&s, c.number);
    cr_assert_not(now.disabled);
    cr_assert_eq(now.epoch, c.epoch + 1); /* what it ended stays ended */
    now.disabled = true;
    MUST(db_client_save(s.tx, &now));
    cr_assert_eq(client_now(&s, c.number).epoch, c.epoch + 2);
    fresh_end(&s);
}

/* CA-05 */
Test(client, a_new_secret_overlaps_as_long_as_it_is_told_and_two_live_at_most)
{
    struct fresh s = fresh_new(true);
    struct db_client c = fresh_client(&s, "app");
    struct token_hash two = hash_of("two"), three = hash_of("three"), four = hash_of("four");
    MUST(db_client_secret_add(s.tx, c.number, &two, T0 + 100));
    struct db_client r = client_now(&s, c.number);
    cr_assert_eq(r.secret_count, 2u);
    cr_assert(token_hash_equal(&r.secrets[0].hash, &two));
    cr_assert_eq(r.secrets[0].expires_at, 0);
    cr_assert_eq(r.secrets[1].expires_at, T0 + 100);
    MUST(db_client_secret_add(s.tx, c.number, &three, T0 + 200));
    r = client_now(&s, c.number);
    cr_assert_eq(r.secret_count, 2u);
    cr_assert(token_hash_equal(&r.secrets[0].hash, &three));
    cr_assert(token_hash_equal(&r.secrets[1].hash, &two));
    MUST(db_client_secret_add(s.tx, c.number, &four, 0));
    r = client_now(&s, c.number);
    cr_assert_eq(r.secret_count, 1u);
    cr_assert(token_hash_equal(&r.secrets[0].hash, &four));
    fresh_end(&s);
}

static err hold(struct tx *tx, void *context)
{
    struct {
        int64_t seq;
        bool current;
    } *w = context;
    return db_client_hold(tx, w->seq, &w->current);
}

static bool is_current(struct fresh *s, int64_t seq)
{
    struct {
        int64_t seq;
        bool current;
    } w = {seq, false};
    MUST(store_together(s->tx, hold, &w));
    return w.current;
}

Test(client, what_was_judged_holds_until_another_client_is_changed)
{
    struct fresh s = fresh_new(true);
    struct db_client c = fresh_client(&s, "app");
    int64_t seq = by_hand(&s, "SELECT max(seq) FROM changes");
    cr_assert(is_current(&s, seq));
    MUST(db_scope_add(s.tx, STR("mine"), STR("words")));
    cr_assert(is_current(&s, seq), "a scope is no client");
    MUST(db_client_set_disabled(s.tx, c.number, true));
    cr_assert_not(is_current(&s, seq));
    cr_assert(is_current(&s, by_hand(&s, "SELECT max(seq) FROM changes")));
    (void)by_hand(&s, "DELETE FROM changes");
    cr_assert_not(is_current(&s, seq), "lines that are not kept any more may have told of one");
    fresh_end(&s);
}

Test(client, a_removed_one_keeps_nothing_but_its_id)
{
    struct fresh s = fresh_new(true);
    struct db_client c = fresh_client(&s, "app");
    c.metadata.client_uri = STR("https://a.example");
    c.version = 1;
    MUST(db_client_save(s.tx, &c));
    MUST(db_client_remove(s.tx, c.number));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM clients WHERE id = 'app' AND name IS NULL AND redirect_uris IS NULL AND metadata IS NULL"
                             " AND owner_id IS NULL AND registration_hash IS NULL AND disabled = 1 AND epoch = 2"),
                 1);
    fresh_end(&s);
}
