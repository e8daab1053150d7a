/* SPDX-License-Identifier: MIT
 * snapshot: what is shown never changes, taking out undoes exactly what putting in did, and what moved to another row stays with it. */
#include "store/fresh.h"

#include "store/cache/snapshot.h"

#include "base/banned.h"

static struct db_client client_of(int64_t number, const char *id, const char *origin)
{
    struct db_client c = {.number = number, .id = str_of(id), .name = str_of(id), .redirect_uris = STR("https://a.example/cb"), .secret_count = 2};
    c.secrets[0].hash = hash_of(id);
    c.secrets[1].hash = token_hash_of(STR("second"));
    c.metadata.origin = str_of(origin);
    c.metadata.id_token_signed_response_alg = STR("EdDSA");
    c.metadata.profile = STR("fapi2-security");
    return c;
}

static bool has_secret(const struct snapshot *f, const char *text)
{
    struct token_hash hash = hash_of(text);
    return cache_map_get(&f->secrets, (str){(const char *)hash.bytes, sizeof(hash)}) != NULL;
}

static void expect_empty(const struct snapshot *f)
{
    cr_expect(f->clients.count == 0 && f->clients_by_id.count == 0 && f->secrets.count == 0 && f->resources.count == 0 && f->resources_by_uri.count == 0);
    cr_expect(f->scopes.count == 0 && f->details.count == 0 && f->registered == 0 && f->registered_bytes == 0 && f->bytes == 0);
    for (size_t i = 0; i < SIGN_OWN_COUNT; i++)
        cr_expect_eq(f->algs[i], 0, "%zu", i);
}

Test(snapshot, taking_out_undoes_exactly_what_putting_in_did)
{
    struct snapshot *f;
    struct db_client by_hand = client_of(1, "by-hand", NULL), open = client_of(2, "open", "open");
    struct db_resource r = {.number = 5, .uri = STR("https://api"), .name = STR("API"), .token_format = STR("jwt"), .alg = STR("RS256")};
    MUST(snapshot_new(&f));
    expect_empty(f);
    MUST(snapshot_client(f, 1, &by_hand));
    MUST(snapshot_client(f, 2, &open));
    MUST(snapshot_resource(f, 5, &r));
    MUST(snapshot_scope(f, STR("mine"), &(struct db_scope){.name = STR("mine")}));
    MUST(snapshot_details(f, STR("pay"), &(struct db_details_type){.type = STR("pay")}));
    cr_assert(f->registered == 1 && f->registered_bytes > 0 && f->bytes > 0);
    cr_assert(f->algs[SIGN_EDDSA] == 2 && f->algs[SIGN_ES256] == 2 && f->algs[SIGN_RS256] == 1);
    open.name = STR("another name");
    open.metadata.id_token_signed_response_alg = STR_ABSENT;
    open.secret_count = 1;
    MUST(snapshot_client(f, 2, &open)); /* put in anew it counts once */
    cr_assert(f->registered == 1 && f->algs[SIGN_EDDSA] == 1 && f->clients.count == 2);
    MUST(snapshot_client(f, 1, NULL));
    MUST(snapshot_client(f, 2, NULL));
    MUST(snapshot_client(f, 3, NULL)); /* never there */
    r.alg = STR("ES256");
    MUST(snapshot_resource(f, 5, &r));
    cr_assert(f->algs[SIGN_RS256] == 0 && f->algs[SIGN_ES256] == 1);
    MUST(snapshot_resource(f, 5, NULL));
    MUST(snapshot_scope(f, STR("mine"), NULL));
    MUST(snapshot_details(f, STR("pay"), NULL));
    expect_empty(f);
    snapshot_free(f);
}

Test(snapshot, what_is_shown_does_not_change_with_the_next)
{
    struct snapshot *f, *next;
    struct db_client one = client_of(1, "one", "open"), two = client_of(2, "two", NULL);
    const str words[] = {STR("$2b$10$")};
    MUST(snapshot_new(&f));
    MUST(snapshot_client(f, 1, &one));
    MUST(snapshot_settings(f, &(struct db_rows){(void *)(uintptr_t)words, 1}));
    f->holders = 3;
    f->seq = 17;
    MUST(snapshot_next(f, &next));
    cr_assert(next->holders == 0 && next->seq == 17 && next->registered == 1 && next->bytes == f->bytes);
    one.name = STR("renamed");
    MUST(snapshot_client(next, 1, &one));
    MUST(snapshot_client(next, 2, &two));
    MUST(snapshot_settings(next, &(struct db_rows){NULL, 0}));
    const struct db_client *seen = cache_client(f, STR("one"));
    size_t count;
    cr_assert(str_is(seen->name, "one") && cache_client(f, STR("two")) == NULL && str_is(cache_client(next, STR("one"))->name, "renamed"));
    cr_assert(str_is(cache_password_settings(f, &count)[0], "$2b$10$") && count == 1);
    (void)cache_password_settings(next, &count);
    cr_assert_eq(count, 0u);
    snapshot_free(f);
    cr_assert(str_is(cache_client(next, STR("one"))->name, "renamed"), "it lives without the one before it");
    cr_assert(str_is(cache_client_by_number(next, 2)->id, "two"));
    snapshot_free(next);
    snapshot_free(NULL);
}

/* Lines of the feed come in any order of rows: the new owner of an id, a secret or a URI may be put in before the old one goes. */
Test(snapshot, what_went_to_another_row_stays_with_it)
{
    struct snapshot *f;
    struct db_client old = client_of(1, "app", NULL), new = client_of(2, "app", NULL);
    struct db_resource first = {.number = 5, .uri = STR("https://api"), .name = STR("old")},
                       second = {.number = 6, .uri = STR("https://api"), .name = STR("new")};
    MUST(snapshot_new(&f));
    MUST(snapshot_client(f, 1, &old));
    MUST(snapshot_client(f, 2, &new));
    MUST(snapshot_client(f, 1, NULL));
    cr_assert_eq(cache_client(f, STR("app"))->number, 2);
    cr_assert(has_secret(f, "app") && has_secret(f, "second"));
    MUST(snapshot_resource(f, 5, &first));
    MUST(snapshot_resource(f, 6, &second));
    MUST(snapshot_resource(f, 5, NULL));
    cr_assert(str_is(cache_resource(f, STR("https://api"))->name, "new"));
    cr_assert_null(cache_resource_by_number(f, 5));
    snapshot_free(f);
}

Test(snapshot, a_client_that_lost_a_secret_or_changed_its_uri_is_not_found_by_it)
{
    struct snapshot *f;
    struct db_client c = client_of(1, "app", NULL);
    struct db_resource r = {.number = 5, .uri = STR("https://old")};
    MUST(snapshot_new(&f));
    MUST(snapshot_client(f, 1, &c));
    c.secrets[0].hash = hash_of("third");
    c.secret_count = 1;
    MUST(snapshot_client(f, 1, &c));
    cr_assert(has_secret(f, "third") && !has_secret(f, "app") && !has_secret(f, "second"));
    MUST(snapshot_resource(f, 5, &r));
    r.uri = STR("https://new");
    MUST(snapshot_resource(f, 5, &r));
    cr_assert(cache_resource(f, STR("https://old")) == NULL && cache_resource(f, STR("https://new")) != NULL);
    snapshot_free(f);
}

Test(snapshot, memory_has_an_end)
{
    struct snapshot *f;
    struct db_client c = client_of(1, "app", NULL);
    MUST(snapshot_new(&f));
    f->bytes = SNAPSHOT_BYTES_MAX;
    MUST_FAIL(UNAVAILABLE, snapshot_client(f, 1, &c));
    MUST_FAIL(UNAVAILABLE, snapshot_scope(f, STR("mine"), &(struct db_scope){.name = STR("mine")}));
    snapshot_free(f);
}

Test(snapshot, of_settings_as_many_as_there_is_room_for)
{
    struct snapshot *f;
    str words[DB_PASSWORD_SETTINGS_MAX + 1];
    size_t count;
    MUST(snapshot_new(&f));
    for (size_t i = 0; i <= DB_PASSWORD_SETTINGS_MAX; i++)
        words[i] = STR("$x$");
    MUST(snapshot_settings(f, &(struct db_rows){words, DB_PASSWORD_SETTINGS_MAX + 1}));
    (void)cache_password_settings(f, &count);
    cr_assert_eq(count, (size_t)DB_PASSWORD_SETTINGS_MAX);
    snapshot_free(f);
}
