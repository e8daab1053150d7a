/* SPDX-License-Identifier: MIT
 * oauth_userinfo: OpenID Connect Core 5.3 over HTTP, by GET and by POST. The row's guards have judged the token, its sender and the place
 * where it stood; resource/userinfo says what may be told. */
#include "resource/userinfo.h"
#include "endpoint/oauth/oauth.h"
#include "base/banned.h"

fallible oauth_userinfo_any(struct call *c)
{
    struct userinfo_answer answer;
    if (c->actor.client)
        c->response->note = c->actor.client->id;
    TRY(userinfo_tell(c->context, &c->actor, &answer));
    if (!answer.is_signed) {
        response_body(c->response, 200, "application/json", answer.text);
        return OK;
    }
    response_body(c->response, 200, "application/jwt", answer.jwt);
    return OK;
}
