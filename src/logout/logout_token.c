/* SPDX-License-Identifier: MIT
 * logout_token: LO-02. Relies on token/jws for the signature, in the algorithm of the client's ID tokens (Back-Channel Logout 2.4), and on
 * subject for the name that this client knows the person by. Promises: typ logout+jwt, the one event, no nonce, a jti of its own, two
 * minutes at most. */
#include "logout/logout_token.h"

#include "codec/json_writer.h"
#include "crypto/random.h"
#include "client/subject.h"
#include "token/jws.h"

#include "base/banned.h"

static fallible claims_of(struct context *ctx, const struct db_client *client, const json *facts, struct json_writer *w)
{
    char jti[37];
    str sub;
    unix_time now = clock_now();                                          /* the context may be older than the message is */
    const struct db_user person = {.id = json_member_text(facts, "sub")}; /* who may be gone by now */
    TRY(subject_of(ctx, client, &person, &sub));
    random_uuid(jti);
    json_write_text(w, "iss", ctx->authority->issuer);
    json_write_text(w, "aud", client->id);
    json_write_integer(w, "iat", now);
    json_write_integer(w, "exp", clock_add(now, LOGOUT_TOKEN_SECONDS));
    json_write_text(w, "jti", str_of(jti));
    json_write_text(w, "sub", sub);
    if (str_filled(json_member_text(facts, "sid")))
        json_write_text(w, "sid", json_member_text(facts, "sid"));
    json_write_object(w, "events");
    json_write_object(w, "http://schemas.openid.net/event/backchannel-logout");
    json_write_end(w);
    json_write_end(w);
    return OK;
}

fallible logout_token_make(struct context *ctx, const struct db_client *client, str facts, str *token)
{
    json *read;
    struct json_writer claims = json_writer_new(ctx->arena);
    str text, alg_name = client->metadata.id_token_signed_response_alg;
    enum sign_alg alg;
    if (!sign_alg_of(str_filled(alg_name) ? alg_name : STR("RS256"), &alg))
        FAIL(SERVER_ERROR, "the algorithm of this client's ID tokens is none of ours");
    if (FAILED(json_parse(ctx->arena, facts, &read)) || !str_filled(json_member_text(read, "sub")))
        FAIL(SERVER_ERROR, "the facts of a logout notice are damaged");
    json_write_object(&claims, NULL);
    TRY(claims_of(ctx, client, read, &claims));
    json_write_end(&claims);
    TRY(json_writer_done(&claims, &text));
    return jws_sign(ctx->arena, ctx->keys, alg, "logout+jwt", text, token);
}
