/* SPDX-License-Identifier: MIT
 * at_rest: keys between the store and the keyring. Relies on keys/keeper for sealing and on store/table/db_key for rows. Promises that no private half
 * reaches the store in the clear (ST-02), and that a store of a version before the keeper is taken over whole or not at all:
 *
 *   sealed under master.key itself ──at_rest_renew, one transaction──▶ sealed under the keeper's keys
 *
 * A look at the keys tells whether there is anything to do. What opens with neither stays as it is, and whoever needs it is told. */
#include "keys/at_rest.h"
#include "codec/b64url.h"
#include "store/table/db_client.h"
#include "base/banned.h"

enum { RENEW_MEMORY = 256 << 20, RENEW_TRIES = 3 };

static fallible label_of(struct arena *a, str use, str kid, struct keeper_label *out)
{
    str name = str_format(a, "%.*s %.*s", STR_FMT(use), STR_FMT(kid));
    if (!str_present(name))
        FAIL(UNAVAILABLE, "no memory for the name of a key");
    *out = (struct keeper_label){KEEPER_PRIVATE_KEY, name};
    return OK;
}

fallible at_rest_row(const struct keeper *k, struct arena *a, const struct keyring_entry *entry, struct db_key *out)
{
    struct db_key row = {.kid = entry->kid, .use = entry->use, .alg = entry->alg, .state = entry->state};
    struct keeper_label label;
    TRY(label_of(a, entry->use, entry->kid, &label));
    TRY(keeper_seal(k, a, &label, entry->material, &row.sealed));
    row.created_at = entry->created_at;
    row.active_at = str_is(entry->state, "active") ? entry->created_at : 0;
    row.destroy_after = entry->destroy_after;
    *out = row;
    return OK;
}

fallible at_rest_material(const struct keeper *k, struct arena *a, const struct db_key *row, str *out)
{
    struct keeper_label label;
    TRY(label_of(a, row->use, row->kid, &label));
    err opened = keeper_open(k, a, &label, row->sealed, out);
    if (opened.kind == ERR_SERVER_ERROR)
        REFUSE(SERVER_ERROR, "The stored keys do not belong to this master.key; put the right file back.", "a stored key does not open with master.key");
    return opened;
}

/* ---- stores of before ---- */

struct renewal {
    struct store *store;
    struct arena *a;
    const struct keeper *keeper;
    const struct master *master;
    struct db_key *keys;       /* .sealed: anew; absent: left as it is */
    str *was;                  /* .sealed before */
    size_t key_count, found;   /* found: of before */
    struct db_client *clients; /* those with sealed secrets, metadata anew */
    size_t client_count;
};

/* *sealed absent: it is no box of before. */
static fallible sealed_anew(const struct renewal *r, const struct keeper_label *label, str was, str *sealed)
{
    str plain;
    *sealed = STR_ABSENT;
    if (!str_filled(was))
        return OK;
    err opened = keeper_open_early(r->master, r->a, label, was, &plain);
    if (opened.kind == ERR_SERVER_ERROR)
        return OK;
    TRY(opened);
    return keeper_seal(r->keeper, r->a, label, plain, sealed);
}

static fallible renew_keys(struct renewal *r)
{
    TRY(db_key_all(store_each(r->store), r->a, &r->keys, &r->key_count));
    r->found = 0;
    r->was = arena_array(r->a, r->key_count + 1, sizeof *r->was);
    if (r->was == NULL)
        FAIL(UNAVAILABLE, "no memory to seal keys anew");
    for (size_t i = 0; i < r->key_count; i++) {
        struct keeper_label label;
        r->was[i] = r->keys[i].sealed;
        TRY(label_of(r->a, r->keys[i].use, r->keys[i].kid, &label));
        TRY(sealed_anew(r, &label, r->was[i], &r->keys[i].sealed));
        r->found += str_present(r->keys[i].sealed);
    }
    return OK;
}

/* The words of metadata.sealed_secret (client/client_secret). */
static fallible secrets_anew(struct renewal *r, struct db_client *client)
{
    const struct keeper_label label = {KEEPER_CLIENT_SECRET, client->id};
    str word, fresh[DB_CLIENT_SECRETS * 2];
    size_t n = 0;
    for (str rest = client->metadata.sealed_secret; n < DB_CLIENT_SECRETS * 2 && str_next(&rest, ' ', &word);) {
        if (n > 0)
            fresh[n++] = STR(" ");
        TRY(sealed_anew(r, &label, word, &fresh[n]));
        fresh[n] = str_present(fresh[n]) ? fresh[n] : word;
        n++;
    }
    client->metadata.sealed_secret = str_join(r->a, fresh, n);
    return str_present(client->metadata.sealed_secret) ? OK : ERR(UNAVAILABLE, "no memory to seal secrets anew");
}

static fallible renew_clients(struct renewal *r)
{
    struct db_client *all;
    size_t count, kept = 0;
    TRY(db_client_all(r->store, r->a, &all, &count));
    for (size_t i = 0; i < count; i++) {
        if (!str_filled(all[i].metadata.sealed_secret))
            continue;
        TRY(secrets_anew(r, &all[i]));
        all[kept++] = all[i];
    }
    r->clients = all;
    r->client_count = kept;
    return OK;
}

static err write_all(struct tx *tx, void *context)
{
    const struct renewal *r = context;
    for (size_t i = 0; i < r->key_count; i++)
        if (str_present(r->keys[i].sealed))
            TRY(db_key_reseal(tx, &r->keys[i], r->was[i]));
    for (size_t i = 0; i < r->client_count; i++)
        TRY(db_client_save(tx, &r->clients[i]));
    return OK;
}

static fallible renew_once(struct renewal *r)
{
    TRY(renew_keys(r));
    if (r->found == 0)
        return OK;
    TRY(renew_clients(r));
    return store_together(store_each(r->store), write_all, r);
}

fallible at_rest_renew(struct store *store, const struct keeper *k, const struct master *master)
{
    err done = OK;
    for (int i = 0; i < RENEW_TRIES; i++) { /* CONFLICT: another process was at it, and the next look finds its work */
        struct renewal r = {.store = store, .a = arena_new(RENEW_MEMORY), .keeper = k, .master = master};
        if (r.a == NULL)
            FAIL(UNAVAILABLE, "no memory to look at what is sealed");
        done = renew_once(&r);
        arena_release(r.a);
        if (done.kind != ERR_CONFLICT)
            break;
    }
    return done;
}
