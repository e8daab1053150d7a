/* SPDX-License-Identifier: MIT
 * authenticator_totp: something that the person has, a shared secret in an app (RFC 6238). Relies on crypto/totp for equal time and on the store for one use: a code is
 * taken by one statement, with all codes before it. */
#include "session/authenticators.h"
#include "crypto/totp.h"
#include "store/table/db_authenticator.h"
#include "base/banned.h"

err authenticator_totp(const struct login_trial *t, str *reason)
{
    struct db_authenticator *rows = NULL;
    size_t count = 0;
    bool matched = false, taken = false;
    if (t->user != NULL)
        TRY(db_authenticator_list(t->ctx->tx, t->ctx->arena, t->user->number, &rows, &count));
    for (size_t i = 0; i < count && !taken; i++) {
        int64_t step;
        str secret;
        if (!str_is(rows[i].kind, DB_FACTOR_TOTP))
            continue;
        TRY(keeper_open(t->ctx->authority->keeper, t->ctx->arena, &(struct keeper_label){KEEPER_AUTHENTICATOR, rows[i].id}, rows[i].secret, &secret));
        TRY(totp_match(secret, t->attempt->proof, t->ctx->now, &step));
        matched = matched || step != 0;
        if (step != 0) /* LS-15 */
            TRY(db_authenticator_take(t->ctx->tx, rows[i].number, step, t->ctx->now, &taken));
    }
    *reason = taken ? STR_ABSENT : matched ? STR("a code that was used before") : STR("wrong code");
    return OK;
}
