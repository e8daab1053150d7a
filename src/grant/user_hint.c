/* SPDX-License-Identifier: MIT
 * user_hint: an e-mail address is nobody's name by itself: people set their own, and so could set somebody else's, who is not here or has none. It
 * must be verified, as for a login by it. Relies on the store for one person at the most having an address verified. */
#include "grant/user_hint.h"
#include "base/banned.h"

fallible user_hint_email(struct context *ctx, str email, struct db_user **user)
{
    struct db_user *found;
    TRY(db_user_by_email(ctx->tx, ctx->arena, email, &found));
    *user = found && found->email_verified ? found : NULL;
    return OK;
}
