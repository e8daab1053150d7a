/* SPDX-License-Identifier: MIT
 * oauth_ciba: the backchannel authentication endpoint (CIBA Core 7). The row has authenticated the client; the rules are in grant/ciba. */
#include "endpoint/oauth/oauth.h"
#include "grant/ciba.h"
#include "base/banned.h"

err oauth_ciba_post(struct call *c)
{
    struct arena *a = c->ground->arena;
    struct ciba_answer answer = {0};
    c->response->note = c->client.client->id;
    err judged = ciba_request(c->ground, &c->client, &c->form, &answer);
    if (judged.kind == ERR_THROTTLED || judged.kind == ERR_BUSY)
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)answer.retry_after)));
    TRY(judged);
    json *body = json_object_new(a); /* CIBA Core 7.3 */
    json_put_text(a, body, "auth_req_id", answer.auth_req_id);
    json_put_integer(a, body, "expires_in", answer.expires_in);
    json_put_integer(a, body, "interval", answer.interval);
    return call_json(c, 200, body);
}
