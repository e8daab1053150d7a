/* SPDX-License-Identifier: MIT
 * signing: see the header. Registration lets no other words in; should one be there, nothing is signed. */
#include "client/signing.h"
#include "client/profile.h"
#include "base/banned.h"

fallible signing_alg(const struct context *ctx, const struct db_client *client, str registered, enum sign_alg *alg)
{
    enum sign_alg chosen = SIGN_RS256; /* OpenID Connect Registration 2 */
    if (str_filled(registered) && !sign_alg_of(registered, &chosen))
        FAIL(SERVER_ERROR, "signing: an algorithm is registered that this server does not sign with");
    if (chosen == SIGN_RS256 && profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS)) /* FAPI 2.0 Security Profile 5.4 */
        chosen = SIGN_ES256;
    *alg = chosen;
    return OK;
}

bool signing_is_slow(enum sign_alg alg)
{
    return alg == SIGN_RS256;
}
