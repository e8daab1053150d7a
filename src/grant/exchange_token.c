/* SPDX-License-Identifier: MIT
 * exchange_token: what was handed in for an exchange. Relies on resource/bearer for access tokens, which asks for every cause of death, and on
 * token/id_token. Promises: what cannot be read is an error and never "nothing was sent" (CVE-2026-9704); only tokens of this server, only
 * live ones, only of people who are there. */
#include "grant/exchange_token.h"
#include "user/user.h"
#include "client/subject.h"
#include "store/table/db_authorization.h"
#include "store/table/db_session.h"
#include "token/id_token.h"
#include "token/jws.h"
#include "token/opaque.h"
#include "base/banned.h"

/* RFC 8693 2.2.2 has one word for it. A failing store is none of these. */
static fallible as_request_error(err e)
{
    return e.kind == ERR_INVALID_TOKEN ? (err){ERR_INVALID_REQUEST, e.reason} : e;
}

static fallible read_may_act(struct context *ctx, const char *typ, str token, const json **may_act)
{
    json *claims;
    TRY(as_request_error(jws_check(ctx->arena, ctx->keys, typ, token, &claims)));
    *may_act = json_member(claims, "may_act");
    if (*may_act && !json_is_object(*may_act))
        REFUSE(INVALID_REQUEST, "The may_act claim of the token is malformed.", "exchange: may_act is no object");
    return OK;
}

static fallible read_access(struct context *ctx, str token, bool jwt_wanted, struct exchange_token *out)
{
    struct bearer b;
    if (opaque_kind_of(token) == OPAQUE_PERSONAL)
        REFUSE(INVALID_REQUEST, "A personal access token cannot be exchanged.", "exchange: personal access token");
    TRY(as_request_error(bearer_check(ctx, token, &b)));
    if (jwt_wanted && b.kind != BEARER_JWT)
        REFUSE(INVALID_REQUEST, "The token is not a JWT.", "exchange: type jwt for another token");
    const struct permit *p = &b.facts.permit;
    *out = (struct exchange_token){
        .client_id = p->client_id,
        .subject = b.user ? b.user->id : p->subject,
        .user = b.user,
        .authorization_id = p->authorization_id,
        .scope = str_present(p->scope) ? p->scope : STR(""),
        .act = p->act,
        .jkt = b.jkt,
        .x5t = b.x5t,
        .resource = b.resource,
        .amr = p->amr,
        .acr = bearer_acr(&b),
        .auth_time = p->auth_time,
        .expires_at = p->expires_at,
    };
    return b.kind == BEARER_JWT ? read_may_act(ctx, "at+jwt", token, &out->may_act) : OK;
}

/* Has the login that the ID token tells of, by its id or by a hint, ended since? What comes of the exchange ends with it. */
static fallible find_open_login(struct context *ctx, const struct db_client *client, const struct db_user *user, const struct id_token *t, str *session_id)
{
    struct db_session *rows;
    size_t count;
    str hint;
    *session_id = STR_ABSENT;
    if (!str_present(t->session_id) && !str_present(t->session_hint))
        return OK;
    TRY(db_session_list(ctx->tx, ctx->arena, user->number, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(subject_session_hint(ctx, client, rows[i].id, &hint));
        if (str_equal(rows[i].id, t->session_id) || (!str_present(t->session_id) && str_equal(hint, t->session_hint))) {
            *session_id = rows[i].id;
            return OK;
        }
    }
    REFUSE(INVALID_REQUEST, "The login that the ID token belongs to has ended.", "exchange: session of the id token has ended");
}

/* An ID token cannot be revoked, so it is asked for what can: an authorization of this client that the person has not taken back. What an
 * exchange made is none: it would keep itself alive. */
static fallible still_authorized(struct context *ctx, const struct db_user *user, const struct db_client *client)
{
    struct db_authorization *rows;
    size_t count;
    TRY(db_authorization_list(ctx->tx, ctx->arena, user->number, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (rows[i].client_number == client->number && rows[i].client_epoch == client->epoch && !str_is(rows[i].flow, "token_exchange"))
            return OK;
    REFUSE(INVALID_REQUEST, "The authorization that the ID token belongs to has ended.", "exchange: no live grant behind the id token"); /* CO-04 */
}

static fallible read_id(struct context *ctx, const struct db_client *client, str token, struct exchange_token *out)
{
    struct id_token t;
    struct db_user *user;
    str session_id;
    TRY(as_request_error(id_token_read(ctx->arena, ctx->keys, token, ctx->authority->issuer, &t)));
    if (t.expires_at <= ctx->now)
        REFUSE(INVALID_REQUEST, "The ID token has expired.", "exchange: id token expired");
    if (!str_equal(t.client_id, client->id))
        REFUSE(INVALID_REQUEST, "The ID token was issued to another client.", "exchange: id token of another client");
    if (subject_pairwise(client))
        REFUSE(INVALID_REQUEST, "This client knows users by pairwise IDs; send the access token instead.", "exchange: pairwise id token");
    TRY(user_find(ctx, t.subject, &user));
    if (!user || user->blocked || !str_equal(user->id, t.subject))
        REFUSE(INVALID_REQUEST, "The user that the ID token is about no longer exists.", "exchange: person of the id token blocked or gone");
    if (user->must_change_password) /* LS-14 */
        REFUSE(INVALID_REQUEST, USER_MUST_CHANGE_SAY, "exchange: the person must change their password first");
    TRY(find_open_login(ctx, client, user, &t, &session_id));
    TRY(still_authorized(ctx, user, client));
    *out = (struct exchange_token){.client_id = t.client_id,
                                   .subject = user->id,
                                   .user = user,
                                   .session_id = session_id,
                                   .amr = t.amr,
                                   .acr = t.acr,
                                   .auth_time = t.auth_time,
                                   .expires_at = t.expires_at};
    return read_may_act(ctx, "JWT", token, &out->may_act);
}

fallible exchange_token_read(struct context *ctx, const struct db_client *client, str token, str type, struct exchange_token *out)
{
    if (!str_filled(token))
        REFUSE(INVALID_REQUEST, "A token is missing or empty although its type was sent.", "exchange: token missing or empty");
    if (token.n > BUF_TOKEN_MAX)
        REFUSE(INVALID_REQUEST, "The token is longer than any token of this server.", "exchange: token too long");
    if (str_is(type, EXCHANGE_TYPE "access_token"))
        return read_access(ctx, token, false, out);
    if (str_is(type, EXCHANGE_TYPE "jwt"))
        return read_access(ctx, token, true, out);
    if (str_is(type, EXCHANGE_TYPE "id_token"))
        return read_id(ctx, client, token, out);
    REFUSE(INVALID_REQUEST, "The token type is missing, or it is not access_token, jwt or id_token.", "exchange: token type missing or unknown");
}
