/* SPDX-License-Identifier: MIT
 * authenticator_recovery: something that the person has, a code on paper for who lost the rest. Looked up by its hash, so nothing secret is compared; used once. */
#include "session/authenticators.h"
#include "session/second_factor.h"
#include "store/table/db_authenticator.h"
#include "base/banned.h"

err authenticator_recovery(const struct login_trial *t, str *reason)
{
    struct token_hash hash;
    bool taken = false;
    if (t->user != NULL && second_factor_recovery_hash(t->user, t->attempt->proof, &hash))
        TRY(db_recovery_take(t->ctx->tx, t->ctx->arena, t->user->number, &hash, &taken));
    *reason = taken ? STR_ABSENT : STR("wrong recovery code");
    return OK;
}
