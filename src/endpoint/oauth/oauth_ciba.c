/* SPDX-License-Identifier: MIT
 * oauth_ciba: the backchannel authentication endpoint (CIBA Core 7). The row has authenticated the client; the rules are in grant/ciba. */
#include "endpoint/oauth/oauth.h"
#include "grant/ciba.h"
#include "base/banned.h"

err oauth_ciba_post(struct call *c)
{
    struct arena *a = c->context->arena;
    struct ciba_answer answer = {0};
    c->response->note = c->client.client->id;
    err judged = ciba_request(c->context, &c->client, &c->form, &answer);
    if (judged.kind == ERR_THROTTLED || judged.kind == ERR_BUSY)
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)answer.retry_after)));
    TRY(judged);
    struct json_writer body = call_object(c); /* CIBA Core 7.3 */
    json_write_text(&body, "auth_req_id", answer.auth_req_id);
    json_write_integer(&body, "expires_in", answer.expires_in);
    json_write_integer(&body, "interval", answer.interval);
    return call_json(c, 200, &body);
}
