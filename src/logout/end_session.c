/* SPDX-License-Identifier: MIT
 * end_session: the judge of logout requests. Relies on token/id_token for our own signature: a hint is one of our ID tokens, however old (RP-
 * Initiated Logout 4). Promises: a redirect leads to a string that the client registered, bound to the client that the hint or client_id
 * names (RU-09); only a hint that names who is logged in here spares the question (LO-01). */
#include "logout/end_session.h"

#include "codec/url.h"
#include "client/subject.h"
#include "token/id_token.h"

#include "base/banned.h"

enum { STATE_MAX = 2048 };

/* *there false: no hint. exp may be long past. */
static fallible hint_of(struct context *ctx, const struct form *f, struct id_token *out, bool *there)
{
    str hint = form_get(f, "id_token_hint");
    *there = str_filled(hint);
    if (!*there)
        return OK;
    err checked = id_token_read(ctx->arena, ctx->keys, hint, ctx->authority->issuer, out);
    if (checked.kind == ERR_INVALID_TOKEN)
        REFUSE(INVALID_REQUEST, "The id_token_hint is not an ID token of this server. To log out here, open /logout.", "end_session: the hint does not verify");
    return checked;
}

static fallible client_named(struct context *ctx, const struct form *f, const struct id_token *hint, const struct db_client **out)
{
    str asked = form_get(f, "client_id");
    if (hint != NULL && str_filled(asked) && !str_equal(asked, hint->client_id)) /* RP-Initiated Logout 2 */
        REFUSE(INVALID_REQUEST, "The id_token_hint was issued to a different client than client_id.", "end_session: client_id is not the hint's");
    str id = hint != NULL ? hint->client_id : asked;
    const struct db_client *client = str_filled(id) ? cache_client(ctx->snapshot, id) : NULL;
    if (str_filled(asked) && client == NULL)
        REFUSE(INVALID_REQUEST, "The client_id is unknown.", "end_session: unknown client");
    *out = client;
    return OK;
}

static fallible place_of(struct context *ctx, const struct form *f, struct end_session_request *out)
{
    str uri = form_get(f, "post_logout_redirect_uri"), state = form_get(f, "state");
    if (!str_filled(uri))
        return OK;
    if (out->client == NULL || out->client->disabled)
        REFUSE(INVALID_REQUEST, "Name the client by id_token_hint or client_id, so that post_logout_redirect_uri can be checked.",
               "end_session: a place to go to, but no client");
    if (!str_has_line(out->client->post_logout_redirect_uris, uri)) /* RU-09: byte for byte */
        REFUSE(INVALID_REQUEST,
               "The post_logout_redirect_uri is not registered for this client. It must equal a registered one character for character; "
               "an administrator can register it.",
               "end_session: not registered");
    if (state.n > STATE_MAX)
        REFUSE(INVALID_REQUEST, "The state is too long.", "end_session: state too long");
    struct buf b = buf_new(ctx->arena, BUF_URL_MAX * 2);
    buf_add(&b, uri);
    if (str_filled(state))
        url_add_parameter(&b, STR("state"), state);
    out->uri = uri;
    out->state = state;
    return buf_done(&b, &out->location);
}

/* Who is logged in here, in this session if the token names one. */
static bool does_hint_name_session(struct context *ctx, const struct id_token *hint, const struct db_client *client, const struct session *s)
{
    str own;
    if (s->row == NULL || client == NULL || (str_present(hint->session_id) && !str_equal(hint->session_id, s->row->id)))
        return false;
    if (str_present(hint->session_hint) && (FAILED(subject_session_hint(ctx, client, s->row->id, &own)) || !str_equal(own, hint->session_hint)))
        return false;
    return subject_matches(ctx, client, s->user, hint->subject);
}

fallible end_session_read(struct context *ctx, const struct form *f, const struct session *s, struct end_session_request *out)
{
    struct end_session_request r = {.uri = STR_ABSENT, .state = STR_ABSENT, .location = STR_ABSENT};
    struct id_token hint = {0};
    bool there;
    TRY(hint_of(ctx, f, &hint, &there));
    TRY(client_named(ctx, f, there ? &hint : NULL, &r.client));
    TRY(place_of(ctx, f, &r));
    r.sure = there && does_hint_name_session(ctx, &hint, r.client, s);
    *out = r;
    return OK;
}
