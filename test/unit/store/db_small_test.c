/* SPDX-License-Identifier: MIT
 * The smaller rooms: clients, scopes, resources, sessions, personal access tokens, consents, keys. */
#include "fresh.h"

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

/* ---- clients ---- */

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

/* ---- scopes and resources ---- */

Test(scope, builtin_ones_are_there_in_words_and_stay)
{
    struct fresh s = fresh_new(true);
    struct db_scope *rows;
    size_t count;
    bool removed = true;
    MUST(db_scope_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(count, 26u);
    for (size_t i = 0; i < count; i++) {
        cr_assert(rows[i].builtin);
        cr_assert(rows[i].description.n > 10);
        cr_assert(i == 0 || str_compare(rows[i - 1].name, rows[i].name) != 0);
    }
    MUST(db_scope_remove(s.tx, STR("view-users"), &removed));
    cr_assert_not(removed);
    MUST_FAIL(CONFLICT, db_scope_add(s.tx, STR("view-users"), STR("mine")));
    MUST(db_scope_add(s.tx, STR("mine"), STR("words")));
    MUST_FAIL(CONFLICT, db_scope_add(s.tx, STR("mine"), STR("again")));
    MUST(db_scope_remove(s.tx, STR("mine"), &removed));
    cr_assert(removed);
    MUST(db_scope_remove(s.tx, STR("mine"), &removed));
    cr_assert_not(removed);
    fresh_end(&s);
}

Test(resource, numbers_never_come_back_and_uris_are_unique)
{
    struct fresh s = fresh_new(true);
    struct db_resource r = {.uri = STR("https://api.example"), .name = STR("API"), .token_format = STR("jwt"), .alg = STR("ES256")};
    struct db_resource *rows, again = r;
    size_t count;
    bool removed;
    MUST(db_resource_add(s.tx, &r));
    cr_assert_geq(r.number, 1);
    MUST_FAIL(CONFLICT, db_resource_add(s.tx, &again));
    MUST(db_resource_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(count, 1u);
    cr_assert(str_is(rows[0].alg, "ES256"));
    MUST(db_resource_remove(s.tx, r.uri, &removed));
    cr_assert(removed);
    MUST(db_resource_add(s.tx, &again));
    cr_assert_gt(again.number, r.number);
    fresh_end(&s);
}

/* ---- sessions ---- */

static struct db_session session_new(struct fresh *s, int64_t user)
{
    struct db_session row = {.id = STR("public"),
                             .hash = hash_of("cookie"),
                             .user_number = user,
                             .created_at = T0,
                             .last_seen_at = T0,
                             .auth_time = T0,
                             .expires_at = T0 + 100,
                             .address = STR("192.0.2.1"),
                             .user_agent = STR("Browser")};
    MUST(db_session_reserve(s->tx, &row.number));
    MUST(db_session_open(s->tx, &row));
    return row;
}

Test(session, lives_until_it_ends_and_not_a_second_longer)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_session row = session_new(&s, u.number), *r = NULL;
    MUST(db_session_seen(s.tx, row.number, T0 + 50));
    clock_set(T0 + 99);
    MUST(db_session_get(s.tx, s.a, row.number, &r));
    cr_assert(token_hash_equal(&r->hash, &row.hash));
    cr_assert_eq(r->last_seen_at, T0 + 50);
    cr_assert(str_is(r->user_agent, "Browser"));
    clock_set(T0 + 100);
    MUST(db_session_get(s.tx, s.a, row.number, &r));
    cr_assert_null(r);
    fresh_end(&s);
}

Test(session, is_ended_by_number_or_by_its_owners_id_with_what_was_allowed_in_it)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), other = fresh_user(&s, "bob");
    struct db_session a = session_new(&s, u.number), b = session_new(&s, u.number), *r, *rows;
    size_t count;
    bool ended = true;
    MUST(db_session_end(s.tx, a.number));
    MUST(db_session_get(s.tx, s.a, a.number, &r));
    cr_assert_null(r);
    struct db_session_name foreign = {other.number, b.id}, own = {u.number, b.id};
    struct db_client client = fresh_client(&s, "app");
    struct db_authorization inside = fresh_authorization(&s, u.number, client.number), outside = fresh_authorization(&s, u.number, client.number);
    inside.session_id = b.id;
    inside.id = STR("given in b");
    MUST(db_authorization_reserve(s.tx, &inside.number));
    MUST(db_authorization_add(s.tx, &inside));
    MUST(db_authorization_end_session(s.tx, s.a, &foreign, &ended));
    cr_assert_not(ended);
    MUST(db_session_list(s.tx, s.a, u.number, &rows, &count));
    cr_assert_eq(count, 1u);
    MUST(db_authorization_end_session(s.tx, s.a, &own, &ended));
    cr_assert(ended);
    struct db_authorization *kept;
    struct db_revocation *told;
    MUST(db_authorization_get(s.tx, s.a, outside.number, &kept));
    cr_assert_eq(kept->revoked_at, 0);
    MUST(db_revocation_since(s.tx, s.a, 0, &told, &count));
    cr_assert_eq(count, 1u);
    cr_assert(str_equal(told[0].id, inside.id), "in the same transaction");
    MUST(db_session_end(s.tx, b.number)); /* once more harms nobody */
    MUST_FAIL(CONFLICT, db_session_open(s.tx, &(struct db_session){
                                                  .number = session_new(&s, u.number).number, .id = STR("x"), .hash = hash_of("y"), .user_number = u.number}));
    fresh_end(&s);
}

/* ---- personal access tokens ---- */

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

/* ---- consents ---- */

Test(consent, remembering_adds_each_word_once_and_forgetting_takes_all)
{
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app"), d = fresh_client(&s, "other");
    str scope = STR("x");
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert_not(str_present(scope));
    MUST(db_consent_remember(s.tx, u.number, c.number, STR(""), T0));
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert(str_present(scope) && scope.n == 0); /* agreed, to nothing by name */
    MUST(db_consent_remember(s.tx, u.number, c.number, STR("openid mail"), T0));
    MUST(db_consent_remember(s.tx, u.number, c.number, STR("mail phone"), T0));
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert(str_is(scope, "openid mail phone"));
    MUST(db_consent_get(s.tx, s.a, u.number, d.number, &scope));
    cr_assert_not(str_present(scope));
    MUST(db_consent_forget(s.tx, u.number, c.number));
    MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
    cr_assert_not(str_present(scope));
    fresh_end(&s);
}

/* What no longer fits is asked for again: the last yes is always there, and none is refused because of those before it. */
Test(consent, a_list_that_grew_too_long_begins_anew_with_the_last_yes)
{
    enum { YESES = 100, WORD = 1000 };
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app");
    str scope = STR_ABSENT, first = STR_ABSENT;
    size_t longest = 0;
    for (int i = 0; i < YESES; i++) {
        str word = str_format(s.a, "word%0*d", WORD, i);
        first = i == 0 ? word : first;
        MUST(db_consent_remember(s.tx, u.number, c.number, word, T0 + i));
        MUST(db_consent_get(s.tx, s.a, u.number, c.number, &scope));
        cr_assert(str_has_word(scope, word));
        longest = scope.n > longest ? scope.n : longest;
    }
    cr_assert_gt(longest, 60u * WORD);
    cr_assert_lt(scope.n, longest);
    cr_assert_not(str_has_word(scope, first));
    fresh_end(&s);
}

/* ---- keys ---- */

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
