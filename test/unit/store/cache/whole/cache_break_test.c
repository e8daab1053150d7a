/* SPDX-License-Identifier: MIT
 * Whoever tries to part a change from its line, or to make the feed unreadable. */
#include "store/fresh.h"
#include "store/postgres_proxy.h"

#include "store/table/db_change.h"
#include "store/cache/cache.h"

#include "base/banned.h"

/* A change whose line cannot be written is not made: else it would be in the store and never in memory. */
Test(cache_break, no_change_without_its_line)
{
    struct fresh s = fresh_new(true);
    struct cache *cache;
    struct db_client app = fresh_client(&s, "app");
    MUST(cache_open(s.store, 16, &cache));
    (void)by_hand(&s, "INSERT INTO changes (seq, kind, key) SELECT next, 'client', '999' FROM counters WHERE name = 'change'");
    err e = db_client_set_disabled(s.tx, app.number, true);
    cr_expect(FAILED(e));
    int64_t disabled = by_hand(&s, "SELECT disabled FROM clients WHERE id = 'app'");
    const struct snapshot *f = cache_hold(cache);
    const struct db_client *kept = cache_client(f, STR("app"));
    cr_expect_eq(kept->disabled, disabled == 1, "store: %d, memory: %d", (int)disabled, (int)kept->disabled);
    cache_let_go(cache, f);
    cache_close(cache);
    fresh_end(&s);
}

Test(cache_break, no_change_without_its_counter)
{
    struct fresh s = fresh_new(true);
    struct cache *cache;
    struct db_client app = fresh_client(&s, "app");
    MUST(cache_open(s.store, 16, &cache));
    (void)by_hand(&s, "UPDATE counters SET name = 'gone' WHERE name = 'change'");
    err e = db_client_set_disabled(s.tx, app.number, true);
    cr_expect(FAILED(e));
    cr_expect_eq(by_hand(&s, "SELECT disabled FROM clients WHERE id = 'app'"), 0, "disabled in the store, and nobody will hear of it");
    (void)by_hand(&s, "UPDATE counters SET name = 'change' WHERE name = 'gone'");
    cache_close(cache);
    fresh_end(&s);
}

enum { LARGE = DB_CHANGES_READ + 8, LARGE_BYTES = 60000 };
struct large {
    struct fresh *s;
    str keys;
};

static err add_large(void *context)
{
    const struct large *w = context;
    for (int i = 0; i < LARGE; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "large-%d", i);
        struct db_client c = {.id = str_of(id), .name = str_of(id), .scopes = STR("openid")};
        c.metadata.jwks = w->keys;
        TRY(db_client_add(w->s->tx, &c));
    }
    return OK;
}

/* Clients as large as a request's body may make them: a bite of lines names more of them than memory for reading would hold at once. */
Test(cache_break, many_large_clients_are_followed)
{
    struct fresh s = fresh_new(true), other;
    struct cache *cache;
    char *bytes = malloc(LARGE_BYTES);
    cr_assert_not_null(bytes);
    memset(bytes, 'a', LARGE_BYTES);
    MUST(cache_open(s.store, 16, &cache));
    other = s;
    fresh_open(&other, false); /* a command */
    struct large w = {&other, {bytes, LARGE_BYTES}};
    MUST(fresh_together(&other, add_large, &w));
    MUST(cache_refresh(cache));
    const struct snapshot *f = cache_hold(cache);
    cr_expect_not_null(cache_client(f, STR("large-0")));
    cr_expect_not_null(cache_client(f, STR("large-519")));
    cache_let_go(cache, f);
    cache_close(cache);
    MUST(cache_open(s.store, 16, &cache));
    cache_close(cache);
    store_close(other.store);
    free(bytes);
    fresh_end(&s);
}

/* The reading is run again on another connection: what the first one had read of everything is not everything. */
Test(cache_break, a_loading_that_is_interrupted_anywhere_is_shown_whole_or_not_at_all)
{
    struct fresh s = fresh_postgres(false), near = s;
    struct proxy *proxy = proxy_new(s.database);
    struct cache *cache;
    (void)fresh_client(&s, "app");
    (void)by_hand(&s, "DELETE FROM changes; UPDATE counters SET next = 1 WHERE name = 'change'"); /* as after the migration that brought the feed */
    (void)snprintf(near.database, sizeof(near.database), "%s", proxy->string);
    fresh_open(&near, false);
    int cut = 0;
    for (int at = 1; cut == at - 1 && at < 30; at++) {
        atomic_store(&proxy->last, atomic_load(&proxy->trips) + at);
        MUST(cache_open(near.store, 16, &cache));
        const struct snapshot *f = cache_hold(cache);
        cr_expect_not_null(cache_client(f, STR("app")), "cut at %d", at);
        cr_expect_not_null(cache_scope(f, STR("openid")), "cut at %d", at);
        cache_let_go(cache, f);
        cache_close(cache);
        cut += atomic_exchange(&proxy->last, 0) == 0 ? 1 : 0;
    }
    cr_assert_geq(cut, 8, "cut at %d places", cut);
    store_close(near.store);
    proxy_end(proxy);
    fresh_end(&s);
}
