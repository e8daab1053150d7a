/* SPDX-License-Identifier: MIT
 * api_factors: second factors of people over the API; the rules are in user/factors. */
#include "user/factors.h"
#include "endpoint/api/api.h"
#include "base/banned.h"

fallible api_factors_get(struct call *c)
{
    str id;
    struct factors all;
    TRY(api_user_id(c, c->parameters[0], &id));
    TRY(factors_list(c->context, &c->actor, id, &all));
    struct json_writer body = call_object(c);
    json_write_list(&body, "authenticators");
    for (size_t i = 0; i < all.count; i++) {
        json_write_object(&body, NULL);
        json_write_text(&body, "id", all.rows[i].id);
        json_write_text(&body, "kind", all.rows[i].kind);
        json_write_text(&body, "name", all.rows[i].name);
        api_write_time(c, &body, "created_at", all.rows[i].created_at);
        api_write_time(c, &body, "last_used_at", all.rows[i].last_used_at);
        json_write_end(&body);
    }
    json_write_end(&body);
    json_write_integer(&body, "recovery_codes", all.recovery_codes);
    return call_json(c, 200, &body);
}

fallible api_factors_reset_post(struct call *c)
{
    static const char *const known[] = {"reason", NULL};
    str id, reason = STR_ABSENT;
    const json *body;
    TRY(api_user_id(c, c->parameters[0], &id));
    TRY(api_body(c, known, &body));
    api_text(c, body, "reason", &reason);
    TRY(problem_result(&c->problems));
    TRY(factors_reset(c->context, &c->actor, id, reason, &c->problems));
    return call_empty(c, 204);
}
