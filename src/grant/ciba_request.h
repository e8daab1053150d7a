/* SPDX-License-Identifier: MIT
 * ciba_request: the parameters of a backchannel authentication request (CIBA Core 7.1), plain or as a signed request object (7.1.1). */
#ifndef JETON_GRANT_CIBA_REQUEST_H
#define JETON_GRANT_CIBA_REQUEST_H
#include "codec/form.h"
#include "context/authority.h"
struct ciba_ask { /* absent: not sent */
    str scope, notification_token, acr_values, id_token_hint, login_hint, binding_message, requested_expiry;
    str resources; /* words (scope/resource); absent: this server alone */
};
/* Exactly one hint, openid in the scope, a plain binding message. INVALID_REQUEST, INVALID_SCOPE, INVALID_BINDING_MESSAGE, UNAVAILABLE. */
fallible ciba_request_read(struct context *ctx, const struct db_client *client, const struct form *f, struct ciba_ask *out);
#endif
