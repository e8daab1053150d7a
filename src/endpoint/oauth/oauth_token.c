/* SPDX-License-Identifier: MIT
 * oauth_token: the token endpoint (RFC 6749 3.2). The row's guards have parsed the body and authenticated the client; the grants table
 * does the rest. */
#include "endpoint/oauth/oauth.h"
#include "base/banned.h"

enum grant_lane oauth_token_lane(const struct form *form)
{
    const struct grant_row *row = token_request_row(form_get(form, "grant_type"));
    return row ? row->lane : GRANT_INLINE; /* an unknown one is refused at once */
}

fallible oauth_token_post(struct call *c)
{
    struct arena *a = c->ground->arena;
    struct token_answer answer = {0};
    c->response->note = c->client.client->id;
    err judged = token_request_answer(c->ground, &c->client, &c->form, &answer);
    if (judged.kind == ERR_THROTTLED)
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)answer.retry_after)));
    TRY(judged);
    json *body = json_object_new(a); /* RFC 6749 5.1 */
    json_put_text(a, body, "token_type", STR("Bearer"));
    json_put_integer(a, body, "expires_in", answer.expires_in);
    json_put_text(a, body, "access_token", answer.access_token);
    if (str_present(answer.refresh_token))
        json_put_text(a, body, "refresh_token", answer.refresh_token);
    json_put_text(a, body, "scope", answer.scope); /* TE-09 */
    return call_json(c, 200, body);
}
