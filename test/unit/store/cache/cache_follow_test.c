/* SPDX-License-Identifier: MIT
 * Whatever is written, memory follows: every function of the store that writes something kept in memory stands in a table here, and after
 * each of them memory must be what a fresh start would load. A statement that no row of the table has run fails the test. */
#include "store/fresh.h"

#include "store/table/db_authenticator.h"
#include "store/table/db_change.h"
#include "store/table/db_details.h"
#include "store/table/db_initial.h"
#include "store/table/db_password.h"
#include "store/cache/cache_follow.h"

#include <pthread.h>

#include "base/banned.h"

struct scene {
    struct fresh s, other; /* other: the one that writes */
    struct cache *cache;
    struct db_client app, open;
    struct db_user ada, eve;
    struct db_pat pat;
};

/* ---- what memory holds, as text ---- */

struct told {
    char *text;
    size_t n;
};

static void tell(struct told *t, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    t->text = realloc(t->text, t->n + 2 * n + 2);
    cr_assert_not_null(t->text);
    for (size_t i = 0; i < n; i++) {
        t->text[t->n++] = digits[((const uint8_t *)p)[i] >> 4];
        t->text[t->n++] = digits[((const uint8_t *)p)[i] & 15];
    }
    t->text[t->n++] = '|';
    t->text[t->n] = '\0';
}

/* Texts by what they say, everything else by its bytes. */
static void tell_row(struct told *t, const struct db_columns *columns, const void *row)
{
    char *bytes = malloc(columns->size);
    cr_assert_not_null(bytes);
    memcpy(bytes, row, columns->size);
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->fields[i].kind != DB_TEXT)
            continue;
        const str *text = (const str *)((const char *)row + columns->fields[i].at);
        tell(t, text->p, text->n);
        memset(bytes + columns->fields[i].at, 0, sizeof(*text));
    }
    tell(t, bytes, columns->size);
    free(bytes);
}

static void tell_name(void *context, struct cache_entry *e)
{
    struct told *all = context;
    const struct cache_name *name = (const void *)e->row;
    for (size_t i = 0; i < name->text.n; i++)
        all->n += (size_t)(uint8_t)name->text.p[i] * (size_t)name->count; /* in whatever order they come */
}

static void tell_counts(struct told *t, const struct snapshot *f)
{
    struct told folds = {NULL, 0}, looks = {NULL, 0};
    cache_map_each(&f->folds, tell_name, &folds);
    cache_map_each(&f->looks, tell_name, &looks);
    const size_t counts[] = {f->clients.count,
                             f->clients_by_id.count,
                             f->secrets.count,
                             f->scopes.count,
                             f->resources.count,
                             f->details.count,
                             f->registered,
                             f->registered_bytes,
                             f->bytes,
                             f->resources_by_uri.count,
                             f->folds.count,
                             f->looks.count,
                             folds.n,
                             looks.n};
    tell(t, counts, sizeof(counts));
    tell(t, f->algs, sizeof(f->algs));
}

static char *told_of(struct arena *a, const struct snapshot *f)
{
    struct told t = {NULL, 0};
    size_t count;
    const struct db_client **clients = cache_clients(f, a, &count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(cache_client(f, clients[i]->id), clients[i]);
        for (size_t s = 0; s < clients[i]->secret_count; s++)
            cr_assert(cache_secret_taken(f, &clients[i]->secrets[s].hash, 0));
        tell_row(&t, &db_client_kept, clients[i]);
    }
    const struct db_scope **scopes = cache_scopes(f, a, &count);
    for (size_t i = 0; i < count; i++)
        tell_row(&t, &db_scope_columns, scopes[i]);
    const struct db_resource **resources = cache_resources(f, a, &count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(cache_resource(f, resources[i]->uri), resources[i]);
        tell_row(&t, &db_resource_columns, resources[i]);
    }
    const struct db_details_type **types = cache_details_types(f, a, &count);
    for (size_t i = 0; i < count; i++)
        tell_row(&t, &db_details_columns, types[i]);
    const str *settings = cache_password_settings(f, &count);
    for (size_t i = 0; i < count; i++)
        tell(&t, settings[i].p, settings[i].n);
    tell_counts(&t, f);
    return t.text;
}

/* A fresh start, which has asked for names too. */
static char *told_anew(struct fresh *s)
{
    struct fresh fresh = *s;
    struct cache *cache;
    MUST(store_open(FRESH_OPTIONS(s, false, false), &fresh.store));
    fresh.tx = store_each(fresh.store);
    MUST(cache_open(fresh.store, 16, &cache));
    MUST(cache_keep_names(cache, true));
    const struct snapshot *f = cache_hold(cache);
    char *text = told_of(s->a, f);
    cache_let_go(cache, f);
    cache_close(cache);
    store_close(fresh.store);
    return text;
}

static void same_user(struct scene *x, int64_t number)
{
    struct db_user *kept = NULL, *row = NULL;
    struct told a = {NULL, 0}, b = {NULL, 0};
    MUST(cache_user(x->cache, x->s.tx, x->s.a, number, &kept));
    MUST(db_user_by_number(x->s.tx, x->s.a, number, &row));
    cr_assert_eq(kept == NULL, row == NULL);
    if (row != NULL) {
        tell_row(&a, &db_user_columns, kept);
        tell_row(&b, &db_user_columns, row);
        cr_assert_str_eq(a.text, b.text);
    }
    free(a.text);
    free(b.text);
}

static void same_pat(struct scene *x, const struct token_hash *hash)
{
    struct db_pat *kept = NULL, *row = NULL;
    struct told a = {NULL, 0}, b = {NULL, 0};
    MUST(cache_pat(x->cache, x->s.tx, x->s.a, hash, &kept));
    MUST(db_pat_by_hash(x->s.tx, x->s.a, hash, &row));
    cr_assert_eq(kept == NULL, row == NULL);
    if (row != NULL) {
        tell_row(&a, &db_pat_columns, kept);
        tell_row(&b, &db_pat_columns, row);
        cr_assert_str_eq(a.text, b.text);
    }
    free(a.text);
    free(b.text);
}

static void all_revoked(struct scene *x)
{
    struct db_revocation *rows;
    size_t count;
    MUST(db_revocation_since(x->s.tx, x->s.a, 0, &rows, &count));
    for (size_t i = 0; i < count; i++)
        cr_assert(cache_revoked(x->cache, str_is(rows[i].kind, "grant") ? "grant" : "token", rows[i].id));
}

static bool followed_all(struct scene *x, struct store_place *newest)
{
    struct store_place followed;
    MUST(cache_places(x->cache, x->s.a, &followed, newest));
    return followed.change == newest->change && followed.revocation == newest->revocation;
}

static void same(struct scene *x, const char *after)
{
    struct store_place newest;
    cr_assert(followed_all(x, &newest), "after %s", after);
    const struct snapshot *f = cache_hold(x->cache);
    char *kept = told_of(x->s.a, f), *fresh = told_anew(&x->s);
    cr_assert_str_eq(kept, fresh, "after %s", after);
    free(kept);
    free(fresh);
    cache_let_go(x->cache, f);
    same_user(x, x->ada.number);
    same_user(x, x->eve.number);
    same_pat(x, &x->pat.hash);
    all_revoked(x);
}

/* ---- everything that writes ---- */

static err client_add(struct scene *x)
{
    struct db_client c = {.id = STR("added"), .name = STR("Added"), .compat_processmaker = true, .secret_count = 1};
    c.secrets[0].hash = hash_of("added");
    c.metadata.id_token_signed_response_alg = STR("EdDSA");
    c.metadata.profile = STR("fapi2-security");
    return db_client_add(x->other.tx, &c);
}

static err client_save(struct scene *x)
{
    x->app.name = STR("Renamed");
    x->app.redirect_uris = STR("https://b.example/cb");
    x->app.metadata.jwks_uri = STR("https://b.example/jwks");
    x->app.metadata.userinfo_signed_response_alg = STR("RS256");
    TRY(db_client_save(x->other.tx, &x->app));
    x->app.version++;
    return OK;
}

static err client_save_registered(struct scene *x)
{
    x->open.scopes = STR("openid profile");
    TRY(db_client_save(x->other.tx, &x->open));
    x->open.version++;
    return OK;
}

static err secret_beside(struct scene *x)
{
    struct token_hash hash = hash_of("second");
    return db_client_secret_add(x->other.tx, x->app.number, &hash, T0 + 100);
}

static err secret_instead(struct scene *x)
{
    struct token_hash hash = hash_of("third");
    return db_client_secret_add(x->other.tx, x->app.number, &hash, 0);
}

static err client_disable(struct scene *x)
{
    return db_client_set_disabled(x->other.tx, x->app.number, true);
}

static err client_remove(struct scene *x)
{
    return db_client_remove(x->other.tx, x->app.number);
}

static err clients_purge(struct scene *x)
{
    int64_t removed = 0;
    err e = db_initial_purge_unused(x->other.tx, T0 + 1, &removed);
    cr_assert_eq(removed, 1, "%lld", (long long)removed);
    return e;
}

static err clients_make_room(struct scene *x)
{
    int64_t removed = 0;
    struct db_client c = fresh_client(&x->other, "stranger");
    c.metadata.origin = STR("open");
    TRY(db_client_save(x->other.tx, &c));
    TRY(db_registration_note(x->other.tx, c.number, STR("192.0.2.1")));
    err e = db_registration_make_room(x->other.tx, T0 + 1, &removed);
    cr_assert_eq(removed, 1);
    return e;
}

static err scope_add(struct scene *x)
{
    return db_scope_add(x->other.tx, STR("orders"), STR("See orders"));
}

static err scope_remove(struct scene *x)
{
    bool removed;
    return db_scope_remove(x->other.tx, STR("orders"), &removed);
}

static err resource_add(struct scene *x)
{
    struct db_resource r = {.uri = STR("https://api.example"), .name = STR("API"), .token_format = STR("jwt"), .alg = STR("ES256")};
    return db_resource_add(x->other.tx, &r);
}

static err resource_edit(struct scene *x)
{
    bool found;
    return db_resource_edit(x->other.tx, &(struct db_resource){.uri = STR("https://api.example"), .name = STR("New"), .scopes = STR("a b")}, &found);
}

static err resource_remove(struct scene *x)
{
    bool removed;
    return db_resource_remove(x->other.tx, STR("https://api.example"), &removed);
}

static err details_add(struct scene *x)
{
    return db_details_add(x->other.tx, &(struct db_details_type){.type = STR("payment"), .description = STR("Pay"), .created_at = T0});
}

static err details_remove(struct scene *x)
{
    bool removed;
    return db_details_remove(x->other.tx, STR("payment"), &removed);
}

static err setting_add(struct scene *x)
{
    return db_password_setting_add(x->other.tx, STR("$2y$10$"));
}

static err setting_forget(struct scene *x)
{
    bool gone;
    return db_password_setting_forget(x->other.tx, STR("$2y$10$"), &gone);
}

static err user_add(struct scene *x)
{
    (void)fresh_user(&x->other, "bob");
    return OK;
}

static err factor_add(struct scene *x)
{
    struct db_authenticator row = {.id = STR("f"), .user_number = x->ada.number, .kind = STR(DB_FACTOR_TOTP), .name = STR("phone"), .secret = STR("box")};
    return db_authenticator_add(x->other.tx, x->other.a, &row, 0);
}

static err user_login(struct scene *x)
{
    return db_user_logged_in(x->other.tx, x->ada.number, T0 + 5);
}

static err user_rehash(struct scene *x)
{
    return db_user_rehash(x->other.tx, x->ada.number, STR("$argon2id$x"), "$argon2id$y");
}

static err user_password(struct scene *x)
{
    return db_user_set_password(x->other.tx, x->s.a, &(struct db_new_password){x->ada.number, "$argon2id$z", 0, true, false});
}

static err user_block(struct scene *x)
{
    struct db_user *now = NULL;
    TRY(db_user_by_number(x->other.tx, x->s.a, x->ada.number, &now));
    now->blocked = true;
    (void)fresh_authorization(&x->other, x->ada.number, x->app.number);
    return db_user_save(x->other.tx, x->s.a, now, NULL);
}

static err user_remove(struct scene *x)
{
    return db_user_remove(x->other.tx, x->s.a, x->eve.number);
}

static err pat_add(struct scene *x)
{
    x->pat = (struct db_pat){.user_number = x->ada.number, .hash = hash_of("pat"), .name = STR("n")};
    return db_pat_add(x->other.tx, x->s.a, &x->pat);
}

static err pat_add_another(struct scene *x)
{
    x->pat = (struct db_pat){.user_number = x->eve.number, .hash = hash_of("another"), .name = STR("n")};
    return db_pat_add(x->other.tx, x->s.a, &x->pat);
}

static err pat_used(struct scene *x)
{
    TRY(db_pat_used(x->other.tx, x->pat.number, T0 + 3, STR("192.0.2.1")));
    fresh_settled(&x->other); /* it is not waited for otherwise */
    return OK;
}

static err pat_revoke(struct scene *x)
{
    bool revoked;
    return db_pat_revoke(x->other.tx, x->pat.id, 0, T0, &revoked);
}

static err pats_purge(struct scene *x)
{
    int64_t deleted;
    clock_set(T0 + 10 * 86400);
    return db_purge(x->other.store, T0 + 10 * 86400, 1000, &deleted);
}

static err key_add(struct scene *x)
{
    return db_key_add(x->other.tx, &(struct db_key){.kid = STR("k"), .use = STR("sig"), .alg = STR("ES256"), .sealed = STR("s"), .state = STR("active")});
}

static err key_rotate(struct scene *x)
{
    TRY(db_key_add(x->other.tx, &(struct db_key){.kid = STR("l"), .use = STR("sig"), .alg = STR("ES256"), .sealed = STR("s"), .state = STR("next")}));
    return db_key_rotate(x->other.tx, &(struct db_key){.kid = STR("m"), .use = STR("sig"), .alg = STR("ES256"), .sealed = STR("s")}, T0, T0 + 60);
}

static err key_reseal(struct scene *x)
{
    struct db_key *keys;
    size_t n;
    TRY(db_key_all(x->other.tx, x->other.a, &keys, &n));
    str was = keys[0].sealed;
    keys[0].sealed = STR("anew");
    cr_assert_eq(db_key_reseal(x->other.tx, &keys[0], STR("what it is not")).kind, ERR_CONFLICT);
    return db_key_reseal(x->other.tx, &keys[0], was);
}

static err token_revoke(struct scene *x)
{
    return db_revocation_add(x->other.tx, "token", STR("jti"), T0 + 100);
}

static const struct {
    const char *name;
    err (*write)(struct scene *x);
    bool keys;
} writes[] = {
    {"client add", client_add, false},
    {"client save", client_save, false},
    {"registered client save", client_save_registered, false},
    {"secret beside another", secret_beside, false},
    {"secret instead of others", secret_instead, false},
    {"scope add", scope_add, false},
    {"resource add", resource_add, false},
    {"resource edit", resource_edit, false},
    {"details add", details_add, false},
    {"setting add", setting_add, false},
    {"user add", user_add, false},
    {"user login", user_login, false},
    {"factor add", factor_add, false},
    {"user rehash", user_rehash, false},
    {"pat add", pat_add, false},
    {"pat used", pat_used, false},
    {"key add", key_add, true},
    {"key rotate", key_rotate, true},
    {"key reseal", key_reseal, true},
    {"token revoke", token_revoke, false},
    {"user password", user_password, false},
    {"user block, a grant ended", user_block, false},
    {"pat add another", pat_add_another, false},
    {"pat revoke", pat_revoke, false},
    {"client disable", client_disable, false},
    {"client remove", client_remove, false},
    {"unused clients purge", clients_purge, false},
    {"room for clients", clients_make_room, false},
    {"scope remove", scope_remove, false},
    {"resource remove", resource_remove, false},
    {"details remove", details_remove, false},
    {"setting forget", setting_forget, false},
    {"old pats and keys purge", pats_purge, true},
    {"pat add again", pat_add_another, false},
    {"user remove", user_remove, false},
};
enum { WRITES = sizeof(writes) / sizeof(writes[0]) };

/* ---- which statements were run ---- */

enum { HANDLES_MAX = 64 };
static sqlite3 *handles[HANDLES_MAX];
static size_t handle_count;

static int note_handle(sqlite3 *handle, const char **error, const void *api)
{
    (void)error, (void)api;
    if (handle_count < HANDLES_MAX)
        handles[handle_count++] = handle;
    return SQLITE_OK;
}

static bool prepared_on(sqlite3 *handle, const char *text)
{
    for (sqlite3_stmt *st = sqlite3_next_stmt(handle, NULL); st != NULL; st = sqlite3_next_stmt(handle, st))
        if (strcmp(sqlite3_sql(st), text) == 0)
            return true;
    return false;
}

/* What fills in the columns of an older database runs when it is migrated, before anybody keeps anything. */
static bool of_migration(const char *text)
{
    str t = str_of(text);
    return str_starts(t, STR("UPDATE users SET username_skeleton = $2")) || str_starts(t, STR("UPDATE users SET email_verified = 0, version"));
}

static void every_statement_ran(sqlite3 *writing)
{
    size_t seen = 0;
    for (size_t i = 0; i < store_statement_count(); i++) {
        const char *text = store_statement_text(i);
        if (db_change_of(text) == DB_CHANGE_NONE || of_migration(text))
            continue;
        seen++;
        cr_expect(prepared_on(writing, text), "no row of the table runs: %s", text);
    }
    cr_assert(seen > 25);
}

/* ---- the tests ---- */

static void scene_begin(struct scene *x, bool threaded)
{
    x->s = fresh_new(threaded);
    x->app = fresh_client(&x->s, "app");
    x->open = fresh_client(&x->s, "open");
    x->open.metadata.origin = STR("open");
    x->open.metadata.client_uri = STR("https://open.example");
    MUST(db_client_save(x->s.tx, &x->open));
    x->open.version++;
    (void)fresh_admin(&x->s, "root");
    x->ada = fresh_user(&x->s, "ada");
    x->eve = fresh_user(&x->s, "eve");
    x->pat.hash = hash_of("pat");
    MUST(cache_open(x->s.store, 100, &x->cache));
    MUST(cache_keep_names(x->cache, true));
    x->other = x->s;
}

/* What writes from now on is another process, as far as the store can tell. */
static void command_begin(struct scene *x)
{
    MUST(store_open(FRESH_OPTIONS(&x->s, false, false), &x->other.store));
    x->other.tx = store_each(x->other.store);
}

static void write_all(struct scene *x, bool refresh)
{
    same(x, "the start");
    for (size_t i = 0; i < WRITES; i++) {
        uint64_t keys = cache_keys(x->cache);
        err e = writes[i].write(x);
        cr_assert(!FAILED(e), "%s: %s", writes[i].name, err_why(e));
        if (refresh) {
            fresh_told(&x->s);
            MUST(cache_refresh(x->cache));
        }
        same(x, writes[i].name);
        cr_assert_eq(cache_keys(x->cache) != keys, writes[i].keys, "%s", writes[i].name);
    }
}

Test(follow, every_kind_of_write_is_in_memory_when_it_is_acknowledged)
{
    struct scene x = {0};
    (void)sqlite3_auto_extension((void (*)(void))note_handle);
    scene_begin(&x, false);
    sqlite3 *writing = handles[0]; /* none on PostgreSQL, where the statements are the same */
    write_all(&x, false);
    if (!fresh_on_postgres())
        every_statement_ran(writing);
    cache_close(x.cache);
    fresh_end(&x.s);
}

Test(follow, every_kind_of_write_is_in_memory_when_the_writer_answers)
{
    struct scene x = {0};
    scene_begin(&x, true);
    write_all(&x, false);
    cache_close(x.cache);
    fresh_end(&x.s);
}

Test(follow, every_kind_of_write_of_a_command_is_in_memory_at_the_next_request)
{
    struct scene x = {0};
    scene_begin(&x, true);
    command_begin(&x);
    write_all(&x, true);
    store_close(x.other.store);
    cache_close(x.cache);
    fresh_end(&x.s);
}

Test(follow, what_a_command_changed_is_seen_to_be_missing_until_it_is_followed)
{
    static err (*const commands[])(struct scene * x) = {client_save, token_revoke};
    struct scene x = {0};
    struct store_place before, after;
    scene_begin(&x, true);
    command_begin(&x);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        cr_assert(followed_all(&x, &before));
        MUST(commands[i](&x));
        cr_assert_not(followed_all(&x, &after));
        cr_assert_eq(after.change - before.change, i == 0 ? 1 : 0);
        cr_assert_eq(after.revocation - before.revocation, i == 0 ? 0 : 1);
        fresh_told(&x.s);
        MUST(cache_refresh(x.cache));
        cr_assert(followed_all(&x, &after));
    }
    store_close(x.other.store);
    cache_close(x.cache);
    fresh_end(&x.s);
}

/* A node that starts when they are gone has missed nothing. */
Test(follow, revocations_that_were_purged_are_not_missing)
{
    struct scene x = {0};
    struct store_place newest;
    int64_t deleted = 0;
    scene_begin(&x, true);
    MUST(token_revoke(&x));
    cache_close(x.cache);
    clock_set(T0 + 86400);
    MUST(db_purge(x.s.store, T0 + 86400, 1000, &deleted));
    MUST(cache_open(x.s.store, 100, &x.cache));
    cr_assert(followed_all(&x, &newest));
    cr_assert_eq(newest.revocation, 1);
    cr_assert_not(cache_revoked(x.cache, "token", STR("jti")));
    MUST(db_revocation_add(x.s.tx, "token", STR("jti"), T0 + 2 * 86400)); /* and the next is not missed */
    cr_assert(cache_revoked(x.cache, "token", STR("jti")));
    cr_assert(followed_all(&x, &newest));
    cache_close(x.cache);
    fresh_end(&x.s);
}

Test(follow, every_statement_that_changes_something_kept_says_what)
{
    size_t seen = 0;
    for (size_t i = 0; i < store_statement_count(); i++) {
        cr_expect(db_change_fits(store_statement_text(i)), "it does not end with RETURNING and its table's key: %s", store_statement_text(i));
        seen += db_change_of(store_statement_text(i)) != DB_CHANGE_NONE;
    }
    cr_assert(seen > 25);
    cr_expect_not(db_change_fits("UPDATE clients SET name = $1"));
    cr_expect_not(db_change_fits("DELETE FROM pats WHERE number = $1 RETURNING number"));
    cr_expect(db_change_fits("UPDATE grants SET revoked_at = $1"));
}
