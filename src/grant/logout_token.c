/* SPDX-License-Identifier: MIT
 * logout_token: LO-02. Relies on token/jws for the signature, in the algorithm of the client's ID tokens (Back-Channel Logout 2.4), and on
 * subject for the name that this client knows the person by. Promises: typ logout+jwt, the one event, no nonce, a jti of its own, two
 * minutes at most. */
#include "grant/logout_token.h"

#include "crypto/random.h"
#include "grant/subject.h"
#include "token/jws.h"

#include "base/banned.h"

static fallible claims_of(struct ground *g, const struct db_client *client, const json *facts, json *j)
{
    char jti[37];
    str sub;
    struct arena *a = g->arena;
    unix_time now = clock_now(); /* the ground may be older than the message is */
    const struct db_user person = {.id = json_member_text(facts, "sub")}; /* who may be gone by now */
    TRY(subject_of(g, client, &person, &sub));
    random_uuid(jti);
    json_put_text(a, j, "iss", g->authority->issuer);
    json_put_text(a, j, "aud", client->id);
    json_put_integer(a, j, "iat", now);
    json_put_integer(a, j, "exp", clock_add(now, LOGOUT_TOKEN_SECONDS));
    json_put_text(a, j, "jti", str_of(jti));
    json_put_text(a, j, "sub", sub);
    if (str_filled(json_member_text(facts, "sid")))
        json_put_text(a, j, "sid", json_member_text(facts, "sid"));
    json *events = json_object_new(a);
    json_put(a, events, "http://schemas.openid.net/event/backchannel-logout", json_object_new(a));
    json_put(a, j, "events", events);
    return OK;
}

fallible logout_token_make(struct ground *g, const struct db_client *client, str facts, str *token)
{
    json *read, *claims = json_object_new(g->arena);
    str text, alg_name = client->metadata.id_token_signed_response_alg;
    enum sign_alg alg;
    if (!sign_alg_of(str_filled(alg_name) ? alg_name : STR("RS256"), &alg))
        FAIL(SERVER_ERROR, "the algorithm of this client's ID tokens is none of ours");
    if (FAILED(json_parse(g->arena, facts, &read)) || !str_filled(json_member_text(read, "sub")))
        FAIL(SERVER_ERROR, "the facts of a logout notice are damaged");
    TRY(claims_of(g, client, read, claims));
    TRY(json_text(g->arena, claims, &text));
    return jws_sign(g->arena, g->keys, alg, "logout+jwt", text, token);
}
