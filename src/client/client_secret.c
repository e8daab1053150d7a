/* SPDX-License-Identifier: MIT
 * client_secret: seals and opens. Relies on keys/keeper; promises that what a rotation or an administrator ended is not usable here
 * either: only a secret whose hash the store still counts as live is handed out. */
#include "client/client_secret.h"

#include "base/banned.h"

enum { SECRET_MAX = 1024 };

bool client_secret_kept(const struct db_client *client)
{
    return str_is(client->auth_method, "client_secret_jwt");
}

static struct keeper_label label_of(const struct db_client *client)
{
    return (struct keeper_label){KEEPER_CLIENT_SECRET, client->id}; /* ids are never used twice */
}

fallible client_secret_keep(struct context *ctx, str raw, struct db_client *client)
{
    if (!client_secret_kept(client)) {
        client->metadata.sealed_secret = STR_ABSENT;
        return OK;
    }
    if (raw.n > SECRET_MAX)
        FAIL(UNPROCESSABLE, "secret: too long to keep");
    struct keeper_label label = label_of(client);
    str fresh, before = client->metadata.sealed_secret;
    TRY(keeper_seal(ctx->authority->keeper, ctx->arena, &label, raw, &fresh));
    str last = str_filled(before) ? (str){before.p, str_find(before, ' ')} : STR("");
    str parts[] = {fresh, STR(" "), last};
    str kept = str_join(ctx->arena, parts, last.n > 0 ? 3 : 1);
    if (!str_present(kept))
        FAIL(UNAVAILABLE, "no memory to seal a secret");
    client->metadata.sealed_secret = kept;
    return OK;
}

static bool is_live_secret(const struct context *ctx, const struct db_client *client, str raw)
{
    struct token_hash hash = token_hash_of(raw);
    for (size_t i = 0; i < client->secret_count; i++) {
        const struct db_client_secret *s = &client->secrets[i];
        if (token_hash_equal(&hash, &s->hash) && (s->expires_at == 0 || s->expires_at > ctx->now))
            return true;
    }
    return false;
}

fallible client_secret_live(struct context *ctx, const struct db_client *client, str raw[DB_CLIENT_SECRETS], size_t *count)
{
    struct keeper_label label = label_of(client);
    size_t n = 0;
    str word, text;
    for (str rest = client->metadata.sealed_secret; n < DB_CLIENT_SECRETS && str_filled(rest) && str_next(&rest, ' ', &word);) {
        TRY(keeper_open(ctx->authority->keeper, ctx->arena, &label, word, &text));
        if (is_live_secret(ctx, client, text))
            raw[n++] = text;
    }
    *count = n;
    return OK;
}
