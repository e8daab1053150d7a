/* SPDX-License-Identifier: MIT
 * snapshot: puts rows into a snapshot and takes them out, with everything that is counted over all of them. Relies on cache_map for sharing
 * and on cache_entry for memory; promises that taking out undoes exactly what putting in did, so that no count drifts. */
#include "store/cache/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* ---- keys ---- */

str snapshot_number(const int64_t *number)
{
    return (str){(const char *)number, sizeof(*number)};
}

static str client_number(const void *row)
{
    return snapshot_number(&((const struct db_client *)row)->number);
}

static str client_id(const void *row)
{
    return ((const struct db_client *)row)->id;
}

static str secret_hash(const void *row)
{
    return (str){(const char *)((const struct cache_secret *)row)->hash.bytes, sizeof(struct token_hash)};
}

static str scope_name(const void *row)
{
    return ((const struct db_scope *)row)->name;
}

static str resource_number(const void *row)
{
    return snapshot_number(&((const struct db_resource *)row)->number);
}

static str resource_uri(const void *row)
{
    return ((const struct db_resource *)row)->uri;
}

static str details_type(const void *row)
{
    return ((const struct db_details_type *)row)->type;
}

static str name_text(const void *row)
{
    return ((const struct cache_name *)row)->text;
}

/* ---- snapshots ---- */

enum { MAPS = 9 };

static void maps_of(struct snapshot *f, struct cache_map *maps[MAPS])
{
    struct cache_map *all[MAPS] = {&f->clients,          &f->clients_by_id, &f->secrets, &f->scopes, &f->resources,
                                   &f->resources_by_uri, &f->details,       &f->folds,   &f->looks};
    for (size_t i = 0; i < MAPS; i++)
        maps[i] = all[i];
}

err snapshot_new(struct snapshot **out)
{
    static cache_key *const keys[MAPS] = {client_number, client_id, secret_hash, scope_name, resource_number, resource_uri, details_type, name_text, name_text};
    struct cache_map *maps[MAPS];
    struct snapshot *f = calloc(1, sizeof(*f));
    if (f == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    maps_of(f, maps);
    for (size_t i = 0; i < MAPS; i++)
        maps[i]->key = keys[i];
    *out = f;
    return OK;
}

err snapshot_next(const struct snapshot *from, struct snapshot **out)
{
    struct cache_map *maps[MAPS];
    size_t at = offsetof(struct snapshot, clients); /* who holds it is not this thread's to read */
    struct snapshot *f = calloc(1, sizeof(*f));
    if (f == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    memcpy((char *)f + at, (const char *)from + at, sizeof(*f) - at);
    maps_of(f, maps);
    for (size_t i = 0; i < MAPS; i++)
        *maps[i] = cache_map_share(maps[i]);
    if (f->settings != NULL)
        (void)cache_entry_hold(f->settings);
    *out = f;
    return OK;
}

void snapshot_free(struct snapshot *f)
{
    struct cache_map *maps[MAPS];
    if (f == NULL)
        return;
    maps_of(f, maps);
    for (size_t i = 0; i < MAPS; i++)
        cache_map_drop(maps[i]);
    cache_entry_let_go(f->settings);
    free(f);
}

/* A new entry, counted; a reference for the caller. */
static err entry_of(struct snapshot *f, const struct db_columns *columns, const void *row, struct cache_entry **out)
{
    struct cache_entry *e = cache_entry_new(columns, row);
    if (e == NULL || f->bytes + e->size > SNAPSHOT_BYTES_MAX) {
        cache_entry_let_go(e);
        FAIL(UNAVAILABLE, "hot: no memory for what is kept in it");
    }
    f->bytes += e->size;
    *out = e;
    return OK;
}

/* ---- clients ---- */

static void count_alg(struct snapshot *f, str word, int64_t by)
{
    enum sign_alg alg;
    if (str_filled(word) && sign_alg_of(word, &alg))
        f->algs[alg] += by;
}

static void count_algs(struct snapshot *f, const struct db_client *client, int64_t by)
{
    const struct db_client_metadata *m = &client->metadata;
    const str algs[] = {m->id_token_signed_response_alg, m->userinfo_signed_response_alg, m->authorization_signed_response_alg,
                        m->introspection_signed_response_alg, str_starts(m->profile, STR("fapi2")) ? STR("ES256") : STR_ABSENT};
    for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
        count_alg(f, algs[i], by);
}

/* Bytes of what software registered. */
static size_t weight_of(const struct db_client *c)
{
    size_t sum = c->redirect_uris.n + c->post_logout_redirect_uris.n + c->scopes.n;
#define TEXT(name_) sum += c->metadata.name_.n;
#define FLAG(name_) sum += c->metadata.name_ ? 4 : 0;
    DB_CLIENT_METADATA(TEXT, TEXT, TEXT, FLAG)
#undef TEXT
#undef FLAG
    return sum;
}

static err count_client(struct snapshot *f, const struct db_client *client, int64_t by)
{
    count_algs(f, client, by);
    if (!str_filled(client->metadata.origin))
        return cache_names_count(f, client, by);
    f->registered += (size_t)by;
    f->registered_bytes += (size_t)by * weight_of(client);
    return OK;
}

/* Ids and hashes may have gone to another client meanwhile, whose row came first: that one's stay. */
static err take_client(struct snapshot *f, struct cache_entry *e)
{
    const struct db_client *client = (const void *)e->row;
    if (cache_map_get(&f->clients_by_id, client->id) == e)
        TRY(cache_map_remove(&f->clients_by_id, client->id));
    for (size_t i = 0; i < client->secret_count; i++) {
        str hash = {(const char *)client->secrets[i].hash.bytes, sizeof(struct token_hash)};
        struct cache_entry *s = cache_map_get(&f->secrets, hash);
        if (s != NULL && ((const struct cache_secret *)(const void *)s->row)->client_number == client->number)
            TRY(cache_map_remove(&f->secrets, hash));
    }
    f->bytes -= e->size;
    return count_client(f, client, -1);
}

static err put_secret(struct snapshot *f, const struct db_client *client, size_t i)
{
    static const struct db_columns columns = {sizeof(struct cache_secret), NULL, 0};
    const struct cache_secret row = {client->secrets[i].hash, client->number, client->secrets[i].expires_at};
    struct cache_entry *e = cache_entry_new(&columns, &row);
    if (e == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    err put = cache_map_put(&f->secrets, e);
    cache_entry_let_go(e);
    return put;
}

static err put_client(struct snapshot *f, struct cache_entry *e)
{
    const struct db_client *client = (const void *)e->row;
    TRY(cache_map_put(&f->clients, e));
    TRY(cache_map_put(&f->clients_by_id, e));
    for (size_t i = 0; i < client->secret_count; i++)
        TRY(put_secret(f, client, i));
    return count_client(f, client, 1);
}

err snapshot_client(struct snapshot *f, int64_t number, const struct db_client *row)
{
    struct cache_entry *before = cache_map_get(&f->clients, snapshot_number(&number)), *e = NULL;
    if (before != NULL)
        TRY(take_client(f, before));
    if (row == NULL)
        return cache_map_remove(&f->clients, snapshot_number(&number));
    TRY(entry_of(f, &db_client_kept, row, &e));
    err put = put_client(f, e);
    cache_entry_let_go(e);
    return put;
}

/* ---- what has one key, or hardly more ---- */

static err replace_snapshot_row(struct snapshot *f, struct cache_map *m, str key, const struct db_columns *columns, const void *row)
{
    struct cache_entry *before = cache_map_get(m, key), *e = NULL;
    f->bytes -= before != NULL ? before->size : 0;
    if (row == NULL)
        return cache_map_remove(m, key);
    TRY(entry_of(f, columns, row, &e));
    err put = cache_map_put(m, e);
    cache_entry_let_go(e);
    return put;
}

err snapshot_scope(struct snapshot *f, str name, const struct db_scope *row)
{
    return replace_snapshot_row(f, &f->scopes, name, &db_scope_columns, row);
}

err snapshot_details(struct snapshot *f, str type, const struct db_details_type *row)
{
    return replace_snapshot_row(f, &f->details, type, &db_details_columns, row);
}

static str alg_of(const struct db_resource *r)
{
    return str_is(r->token_format, "jwt") ? r->alg : STR_ABSENT;
}

err snapshot_resource(struct snapshot *f, int64_t number, const struct db_resource *row)
{
    struct cache_entry *before = cache_map_get(&f->resources, snapshot_number(&number));
    if (before != NULL) {
        const struct db_resource *r = (const void *)before->row;
        count_alg(f, alg_of(r), -1);
        if (cache_map_get(&f->resources_by_uri, r->uri) == before)
            TRY(cache_map_remove(&f->resources_by_uri, r->uri));
    }
    TRY(replace_snapshot_row(f, &f->resources, snapshot_number(&number), &db_resource_columns, row));
    if (row == NULL)
        return OK;
    count_alg(f, alg_of(row), 1);
    return cache_map_put(&f->resources_by_uri, cache_map_get(&f->resources, snapshot_number(&number)));
}

err snapshot_settings(struct snapshot *f, const struct db_rows *words)
{
#define WORD(i_)                                            \
    {                                                       \
        DB_TEXT, offsetof(struct cache_settings, words[i_]) \
    }
    static const struct db_field fields[DB_PASSWORD_SETTINGS_MAX] = {WORD(0), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5), WORD(6), WORD(7)};
#undef WORD
    static const struct db_columns columns = DB_COLUMNS(struct cache_settings, fields);
    struct cache_settings row = {.count = words->count < DB_PASSWORD_SETTINGS_MAX ? words->count : DB_PASSWORD_SETTINGS_MAX};
    for (size_t i = 0; i < row.count; i++)
        row.words[i] = ((const str *)words->rows)[i];
    struct cache_entry *e = cache_entry_new(&columns, &row);
    if (e == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    cache_entry_let_go(f->settings);
    f->settings = e;
    return OK;
}
