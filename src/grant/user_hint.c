/* SPDX-License-Identifier: MIT
 * person_hint: an e-mail address is nobody's name by itself: it must be one person's verified one, or exactly one's. Relies on the store. */
#include "grant/user_hint.h"
#include "base/banned.h"

fallible user_hint_email(struct context *ctx, str email, struct db_user **user)
{
    return db_user_by_email(ctx->tx, ctx->arena, email, user);
}
