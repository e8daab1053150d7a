/* SPDX-License-Identifier: MIT
 * oauth_pushed: the pushed authorization request endpoint (RFC 9126 2). The row's guards have parsed the body and authenticated the
 * client; the rules are in authorize/pushed. */
#include "endpoint/oauth/oauth.h"
#include "authorize/pushed.h"
#include "base/banned.h"

bool oauth_pushed_waits(const struct form *form)
{
    return pushed_waits(form);
}

fallible oauth_pushed_post(struct call *c)
{
    struct arena *a = c->context->arena;
    struct pushed_answer answer = {0};
    c->response->note = c->client.client->id;
    err judged = pushed_accept(c->context, &c->client, &c->form, &answer);
    if (judged.kind == ERR_THROTTLED)
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)answer.retry_after)));
    TRY(judged);
    struct json_writer body = call_object(c); /* RFC 9126 2.2 */
    json_write_text(&body, "request_uri", answer.request_uri);
    json_write_integer(&body, "expires_in", answer.expires_in);
    return call_json(c, 201, &body);
}
