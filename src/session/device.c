/* SPDX-License-Identifier: MIT
 * device: the second cookie, which says that this person has logged in with this browser before. It opens no door: it only
 * moves failed logins to a counter of their own, so that nobody elsewhere can lock the owner out (RL-02). Relies on
 * token/opaque; stores nothing. */
#include "session/device.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "store/table/db_authenticator.h"
#include "token/opaque.h"
#include "base/banned.h"

/* Made before there was a second factor, by a password alone: whoever knew that could have collected any number, each with a counter of its own for guesses at codes. */
static fallible judge_device_factors(struct context *ctx, const struct db_user *user, unix_time made, bool *known)
{
    struct db_authenticator *rows;
    size_t count;
    if (!*known || !str_filled(user->second_factors))
        return OK;
    TRY(db_authenticator_list(ctx->tx, ctx->arena, user->number, &rows, &count));
    *known = count > 0 && made >= rows[0].created_at; /* oldest first */
    return OK;
}

fallible device_known(struct context *ctx, const struct db_user *user, bool *known)
{
    int64_t numbers[2]; /* the person, the time it was made */
    if (!str_present(ctx->device)) {
        *known = false;
        return OK;
    }
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, OPAQUE_DEVICE, ctx->device, numbers);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    /* A changed password ends the trust in old devices: one of them may be why it was changed. */
    *known = !FAILED(opened) && numbers[0] == user->number && numbers[1] >= user->password_changed_at && numbers[1] <= ctx->now;
    return judge_device_factors(ctx, user, numbers[1], known);
}

str device_name(struct arena *a, str text)
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(text, digest);
    return b64url_encode(a, digest, DIGEST_SIZE / 2);
}

fallible session_device_make(struct context *ctx, const struct db_user *user, str *text)
{
    bool known;
    struct token_raw fresh;
    TRY(device_known(ctx, user, &known));
    if (known) { /* its counter of failures goes on with it */
        *text = ctx->device;
        return OK;
    }
    TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_DEVICE, (const int64_t[2]){user->number, ctx->now}, &fresh));
    *text = fresh.text;
    return OK;
}
