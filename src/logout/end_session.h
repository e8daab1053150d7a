/* SPDX-License-Identifier: MIT
 * end_session: what a logout request may do (OpenID Connect RP-Initiated Logout 1.0): whose it is, where it may lead afterwards, and
 * whether the person must be asked. The page of this server's own (/logout) asks the same rule. */
#ifndef JETON_LOGOUT_END_SESSION_H
#define JETON_LOGOUT_END_SESSION_H
#include "codec/form.h"
#include "session/session.h"
struct end_session_request {
    const struct db_client *client; /* NULL: none was named */
    str uri, state;                 /* as asked, and registered for this client; absent: none */
    str location;                   /* uri with state: where to go afterwards; absent: nowhere, so a page says that it is done */
    bool sure;                      /* the hint names the very person and session at this browser: nobody need be asked (LO-01) */
};
/* Parameters id_token_hint, client_id, post_logout_redirect_uri, state; logout_hint changes nothing here, and ui_locales the language of the page alone. INVALID_REQUEST
 * with a `say` for a page: nothing is ever redirected to where this failed (RU-09). */
fallible end_session_read(struct context *ctx, const struct form *f, const struct session *s, struct end_session_request *out);
#endif
