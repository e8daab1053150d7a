/* SPDX-License-Identifier: MIT
 * jarm: signs authorization responses. Relies on token/jws; promises that a response names the one client that it is for and ends soon, so
 * that it cannot be taken to another (JARM 2.1, 2.4). */
#include "authorize/jarm.h"
#include "codec/json_writer.h"
#include "client/profile.h"
#include "token/jws.h"
#include "base/banned.h"

static fallible choose_jarm_alg(const struct context *ctx, const struct db_client *client, enum sign_alg *alg)
{
    str registered = client->metadata.authorization_signed_response_alg;
    bool strong = profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS);
    str name = str_filled(registered) ? registered : strong ? STR("ES256") : STR("RS256"); /* JARM 3; FAPI 2.0 Security Profile 5.4 */
    if (!str_has_word(profile_algs(ctx, client, STR_ABSENT), name) || !sign_alg_of(name, alg))
        FAIL(SERVER_ERROR, "jarm: the registered algorithm cannot be used");
    return OK;
}

fallible jarm_response(struct context *ctx, const struct db_client *client, const struct redirect_sent *plain, str *jwt)
{
    struct arena *a = ctx->arena;
    enum sign_alg alg;
    str claims;
    struct json_writer body = json_writer_new(a);
    TRY(choose_jarm_alg(ctx, client, &alg));
    json_write_object(&body, NULL);
    json_write_text(&body, "aud", client->id);
    json_write_integer(&body, "exp", clock_add(ctx->now, JARM_SECONDS));
    for (size_t i = 0; i < plain->count; i++) { /* iss is one of them */
        const char *name = str_z(a, plain->fields[i].name);
        if (name)
            json_write_text(&body, name, plain->fields[i].value);
    }
    json_write_end(&body);
    TRY(json_writer_done(&body, &claims));
    return jws_sign(a, ctx->keys, alg, "JWT", claims, jwt);
}
