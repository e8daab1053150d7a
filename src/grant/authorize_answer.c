/* SPDX-License-Identifier: MIT
 * authorize_answer: the person's answer. The judged request travels to the consent page and back sealed, so that nothing in the form
 * can add a scope or change where the code goes (CO-03); it is bound to the browser's cookie (AZ-24), ends after ten minutes and is
 * taken once, together with the grant and the code, in one transaction (AZ-25). */
#include "crypto/random.h"
#include "grant/authorize.h"
#include "grant/consent.h"
#include "store/db_consent.h"
#include "store/db_grant.h"
#include "token/opaque.h"
#include "base/banned.h"

enum { PENDING_SECONDS = 600, PENDING_TEXTS = 8 };

/* The sealed text: each piece as its length in two bytes and its bytes; 0xffff stands for absent. */
static void pack(struct buf *b, str piece)
{
    size_t n = str_present(piece) ? piece.n : 0xffff;
    buf_char(b, (char)(n >> 8));
    buf_char(b, (char)(n & 0xff));
    if (str_present(piece))
        buf_add(b, piece);
}

static bool unpack(str *rest, str *piece)
{
    if (rest->n < 2)
        return false;
    size_t n = ((size_t)(unsigned char)rest->p[0] << 8) | (unsigned char)rest->p[1];
    *rest = (str){rest->p + 2, rest->n - 2};
    if (n == 0xffff) {
        *piece = STR_ABSENT;
        return true;
    }
    if (rest->n < n)
        return false;
    *piece = (str){rest->p, n};
    *rest = (str){rest->p + n, rest->n - n};
    return true;
}

fallible authorize_pend(struct ground *g, const struct authorize_request *request, const struct session *s, str *pending)
{
    char once[37];
    str text, print = session_print(g->arena, s), end = str_format(g->arena, "%lld", (long long)clock_add(g->now, PENDING_SECONDS));
    struct token_raw raw;
    struct buf b = buf_new(g->arena, OPAQUE_PAYLOAD_MAX);
    random_uuid(once);
    if (!str_present(print) || !str_present(end))
        FAIL(UNAVAILABLE, "authorize: no memory");
    bool sent = str_present(request->redirect_uri_sent);
    const str pieces[PENDING_TEXTS] = {print,          end,
                                       str_of(once),   request->client->id,
                                       request->state, request->scope,
                                       request->resource, request->challenge};
    for (size_t i = 0; i < PENDING_TEXTS; i++)
        pack(&b, pieces[i]);
    pack(&b, sent ? STR("sent") : STR("left out"));
    pack(&b, request->redirect_uri);
    if (FAILED(buf_done(&b, &text)))
        REFUSE(INVALID_REQUEST, "The authorization request is too long.", "authorize: pending request too long");
    TRY(opaque_sealed_make(g->arena, g->keys, OPAQUE_CONSENT, text, &raw));
    *pending = raw.text;
    return OK;
}

#define STALE "This page has expired or belongs to another login. Please go back to the application and start again."

static fallible open_pending(struct ground *g, str pending, str pieces[PENDING_TEXTS + 2])
{
    str text;
    if (!str_present(pending) || FAILED(opaque_sealed_open(g->arena, g->keys, OPAQUE_CONSENT, pending, &text)))
        REFUSE(INVALID_REQUEST, STALE, "consent: pending request is not ours");
    for (size_t i = 0; i < PENDING_TEXTS + 2; i++)
        if (!unpack(&text, &pieces[i]))
            REFUSE(INVALID_REQUEST, STALE, "consent: pending request is cut");
    return OK;
}

fallible authorize_resume(struct ground *g, str pending, const struct session *s, struct authorize_pending *out)
{
    str pieces[PENDING_TEXTS + 2], matched;
    uint64_t end;
    TRY(open_pending(g, pending, pieces));
    if (!s->user || !str_equal(pieces[0], session_print(g->arena, s))) /* AZ-24 */
        REFUSE(INVALID_REQUEST, STALE, "consent: pending request of another browser session");
    if (FAILED(str_u64(pieces[1], INT64_MAX, &end)) || (int64_t)end <= g->now)
        REFUSE(INVALID_REQUEST, STALE, "consent: pending request has expired");
    struct authorize_request request = {.client = hot_client(g->facts, pieces[3]),
                                        .redirect_uri = pieces[9],
                                        .redirect_uri_sent = str_is(pieces[8], "sent") ? pieces[9] : STR_ABSENT,
                                        .state = pieces[4],
                                        .scope = pieces[5],
                                        .resource = pieces[6],
                                        .challenge = pieces[7],
                                        .max_age = -1};
    if (!request.client || request.client->disabled)
        REFUSE(INVALID_REQUEST, "This application has been disabled or removed meanwhile.", "consent: client disabled meanwhile");
    TRY(redirect_match(g->arena, request.client, request.redirect_uri, &matched)); /* it may have been changed meanwhile */
    *out = (struct authorize_pending){request, pieces[2], true};
    return OK;
}

static fallible make_code(struct ground *g, const struct authorize_pending *pending, struct db_grant *grant, struct token_raw *code)
{
    const struct authorize_request *request = &pending->request;
    struct db_code row = {
        .redirect_uri = request->redirect_uri_sent,
        .code_challenge = request->challenge,
        .expires_at = grant->expires_at,
    };
    TRY(db_grant_reserve(g->authority->db, &grant->number));
    TRY(db_code_reserve(g->authority->db, &row.number));
    row.grant_number = grant->number;
    const int64_t numbers[2] = {row.number, 0};
    TRY(opaque_numbers_make(g->arena, g->keys, OPAQUE_CODE, numbers, code));
    row.hash = token_hash_of(code->text);
    err added = db_grant_add_with_code(g->authority->db, grant, &row, pending->once_id);
    if (added.kind == ERR_CONFLICT) /* AZ-25 */
        REFUSE(INVALID_REQUEST, "This page was already answered. Please go back to the application and start again.", "consent: answered before");
    return added;
}

/* A block, a password change or a logout that ended the session meanwhile must win: its end of all grants came before this one. */
static fallible session_still_open(struct ground *g, const struct session *s, const struct db_grant *grant)
{
    struct db_session *row;
    TRY(db_session_get(g->authority->db, g->arena, s->row->number, &row));
    if (row)
        return OK;
    TRY(db_grant_revoke(g->authority->db, grant->number, g->now));
    FAIL(LOGIN_REQUIRED, "consent: the session ended meanwhile");
}

fallible authorize_allow(struct ground *g, const struct authorize_pending *pending, const struct session *s, str *location)
{
    const struct authorize_request *request = &pending->request;
    char id[37];
    struct token_raw code;
    random_uuid(id);
    struct db_grant grant = {
        .id = str_dup(g->arena, str_of(id)),
        .user_number = s->user->number,
        .client_number = request->client->number,
        .client_epoch = request->client->epoch,
        .scope = request->scope,
        .resource = request->resource,
        .session_id = s->row->id,
        .flow = STR("authorization_code"),
        .created_at = g->now,
        .auth_time = s->row->auth_time,
        .last_used_at = g->now,
        .expires_at = clock_add(g->now, g->authority->policy.code_lifetime), /* AC-02 */
    };
    TRY(make_code(g, pending, &grant, &code));
    TRY(session_still_open(g, s, &grant));
    if (pending->asked)
        TRY(db_consent_remember(g->authority->db, s->user->number, request->client->number, request->scope, g->now));
    const char *event = pending->asked ? "consent.given" : "code.issued";
    authority_event(g, event,
                    &(struct authority_event_facts){.actor = s->user->id, .client_id = request->client->id, .subject = grant.id,
                                                    .detail = request->scope});
    struct redirect_answer answer = {.code = code.text, .error = OK, .state = request->state, .issuer = g->authority->issuer};
    return redirect_location(g->arena, request->redirect_uri, &answer, location);
}

fallible authorize_deny(struct ground *g, const struct authorize_pending *pending, const struct session *s, str *location)
{
    bool first;
    const struct authorize_request *request = &pending->request;
    TRY(db_once_take(g->authority->db, "consent", pending->once_id, clock_add(g->now, PENDING_SECONDS), &first));
    if (!first)
        REFUSE(INVALID_REQUEST, "This page was already answered. Please go back to the application and start again.", "consent: answered before");
    authority_event(g, "consent.denied", &(struct authority_event_facts){.actor = s->user->id, .client_id = request->client->id});
    struct redirect_answer answer = {.error = ERR(ACCESS_DENIED, "consent: the person said no"), .state = request->state, .issuer = g->authority->issuer};
    return redirect_location(g->arena, request->redirect_uri, &answer, location);
}
