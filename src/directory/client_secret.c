/* SPDX-License-Identifier: MIT
 * client_secret: seals and opens. Relies on crypto/seal; promises that what a rotation or an administrator ended is not usable here
 * either: only a secret whose hash the store still counts as live is handed out. */
#include "directory/client_secret.h"

#include <string.h>

#include "codec/b64url.h"
#include "crypto/seal.h"

#include "base/banned.h"

enum { SECRET_MAX = 1024 };

bool client_secret_kept(const struct db_client *client)
{
    return str_is(client->auth_method, "client_secret_jwt");
}

static str context_of(struct ground *g, const struct db_client *client)
{
    return str_format(g->arena, "jeton client secret %.*s", STR_FMT(client->id)); /* ids are never used twice */
}

static void master_of(const struct ground *g, struct seal_key *master)
{
    memcpy(master->bytes, g->authority->master_key, sizeof master->bytes);
}

fallible client_secret_keep(struct ground *g, str raw, struct db_client *client)
{
    if (!client_secret_kept(client)) {
        client->metadata.sealed_secret = STR_ABSENT;
        return OK;
    }
    if (raw.n > SECRET_MAX)
        FAIL(UNPROCESSABLE, "secret: too long to keep");
    struct seal_key master;
    uint8_t *box = arena_take(g->arena, raw.n + SEAL_OVERHEAD);
    str context = context_of(g, client), before = client->metadata.sealed_secret;
    if (box == NULL || !str_present(context))
        FAIL(UNAVAILABLE, "no memory to seal a secret");
    master_of(g, &master);
    seal_close(&master, context, raw.p, raw.n, box);
    secret_wipe(&master, sizeof master);
    str fresh = b64url_encode(g->arena, box, raw.n + SEAL_OVERHEAD);
    str last = str_filled(before) ? (str){before.p, str_find(before, ' ')} : STR("");
    str parts[] = {fresh, STR(" "), last};
    str kept = str_present(fresh) ? str_join(g->arena, parts, last.n > 0 ? 3 : 1) : STR_ABSENT;
    if (!str_present(kept))
        FAIL(UNAVAILABLE, "no memory to seal a secret");
    client->metadata.sealed_secret = kept;
    return OK;
}

static fallible opened(struct ground *g, const struct db_client *client, str sealed, str *raw)
{
    size_t capacity = SECRET_MAX + SEAL_OVERHEAD, n;
    uint8_t *box = arena_take(g->arena, 2 * capacity);
    str context = context_of(g, client);
    if (box == NULL || !str_present(context))
        FAIL(UNAVAILABLE, "no memory to open a secret");
    if (FAILED(b64url_decode(sealed, box, capacity, &n)) || n < SEAL_OVERHEAD)
        FAIL(SERVER_ERROR, "secret: what is kept of it is malformed");
    struct seal_key master;
    master_of(g, &master);
    err e = seal_open(&master, context, box, n, box + capacity);
    secret_wipe(&master, sizeof master);
    if (FAILED(e))
        FAIL(SERVER_ERROR, "secret: does not open with master.key");
    *raw = (str){(const char *)box + capacity, n - SEAL_OVERHEAD};
    return OK;
}

static bool live(const struct ground *g, const struct db_client *client, str raw)
{
    struct token_hash hash = token_hash_of(raw);
    for (size_t i = 0; i < client->secret_count; i++) {
        const struct db_client_secret *s = &client->secrets[i];
        if (token_hash_equal(&hash, &s->hash) && (s->expires_at == 0 || s->expires_at > g->now))
            return true;
    }
    return false;
}

fallible client_secret_live(struct ground *g, const struct db_client *client, str raw[DB_CLIENT_SECRETS], size_t *count)
{
    size_t n = 0;
    str word, text;
    for (str rest = client->metadata.sealed_secret; n < DB_CLIENT_SECRETS && str_filled(rest) && str_next(&rest, ' ', &word);) {
        TRY(opened(g, client, word, &text));
        if (live(g, client, text))
            raw[n++] = text;
    }
    *count = n;
    return OK;
}
