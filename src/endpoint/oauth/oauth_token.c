/* SPDX-License-Identifier: MIT
 * oauth_token: the token endpoint (RFC 6749 3.2). The row's guards have parsed the body and authenticated the client; grant/token_request
 * does the rest. Signatures come last, when what the grant did is durable (call.finish). */
#include "endpoint/oauth/oauth.h"
#include "base/banned.h"

enum grant_pool oauth_token_pool(const struct form *form)
{
    const struct grant_type *row = grant_types_offered(form_get(form, "grant_type"));
    return row ? row->pool : GRANT_INLINE; /* an unknown one is refused at once */
}

static fallible write_answer(struct call *c, const struct token_answer *answer) /* RFC 6749 5.1 */
{
    struct json_writer body = call_object(c);
    json_write_text(&body, "token_type", str_present(answer->token_type) ? answer->token_type : STR("Bearer"));
    json_write_integer(&body, "expires_in", answer->expires_in);
    json_write_text(&body, "access_token", answer->access_token);
    json_write_filled(&body, "refresh_token", answer->refresh_token);
    json_write_filled(&body, "id_token", answer->id_token);                   /* OpenID Connect Core 3.1.3.3 */
    json_write_filled(&body, "issued_token_type", answer->issued_token_type); /* RFC 8693 2.2.1 */
    if (str_present(answer->details)) {
        json *details;
        TRY(json_parse(c->context->arena, answer->details, &details));
        json_write_value(&body, "authorization_details", details); /* RFC 9396 7 */
    }
    json_write_text(&body, "scope", answer->scope); /* TE-09 */
    return call_json(c, 200, &body);
}

static fallible finish_token_call(struct call *c)
{
    struct token_answer *answer = c->unfinished;
    TRY(token_request_finish(c->context, answer));
    return write_answer(c, answer);
}

fallible oauth_token_post(struct call *c)
{
    struct arena *a = c->context->arena;
    struct token_answer *answer = ARENA_NEW(a, struct token_answer);
    if (!answer)
        FAIL(UNAVAILABLE, "token: no memory");
    c->response->note = c->client.client->id;
    err judged = token_request_answer(c->context, &c->client, &c->form, answer);
    if (judged.kind == ERR_THROTTLED)
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)answer->retry_after)));
    TRY(judged);
    if (!answer->owed.access && !answer->owed.id)
        return write_answer(c, answer);
    c->unfinished = answer;
    c->finish = finish_token_call;
    return OK;
}
