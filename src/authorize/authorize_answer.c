/* SPDX-License-Identifier: MIT
 * authorize_answer: the person's answer. The judged request travels to the consent page and back sealed, so that nothing in the form
 * can add a scope or change where the code goes (CO-03); it is bound to the browser's cookie (AZ-24), ends after ten minutes and is
 * taken once, together with the grant, the code, what is remembered of it and the event, in one transaction (AZ-25). */
#include "crypto/random.h"
#include "client/profile.h"
#include "authorize/authorize.h"
#include "authorize/consent.h"
#include "scope/scope.h"
#include "store/table/db_consent.h"
#include "store/table/db_authorization.h"
#include "store/table/db_pushed.h"
#include "token/opaque.h"
#include "base/banned.h"

enum { PENDING_SECONDS = 600 };

/* What of the judged request the answer needs; the order is that of the sealed text. */
#define PENDING_TEXTS(X) X(state) X(scope) X(resources) X(challenge) X(redirect_uri_sent) X(redirect_uri) X(nonce) X(claims) X(claims_scopes) X(details) X(jkt)
enum {
    PRINT,
    END,
    ONCE,
    CLIENT,
    EPOCH,
    MODE,
    PUSHED,
#define X(name_) TEXT_##name_,
    PENDING_TEXTS(X)
#undef X
        PENDING_COUNT
};

/* The sealed text: each piece as its length in two bytes and its bytes; 0xffff stands for absent. */
static void pack_text_piece(struct buf *b, str piece)
{
    size_t n = str_present(piece) ? piece.n : 0xffff;
    buf_char(b, (char)(n >> 8));
    buf_char(b, (char)(n & 0xff));
    if (str_present(piece))
        buf_add(b, piece);
}

static bool unpack_text_piece(str *rest, str *piece)
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

fallible authorize_pend(struct context *ctx, const struct authorize_request *request, const struct session *s, str *pending)
{
    char once[37];
    str text;
    struct token_raw raw;
    struct buf b = buf_new(ctx->arena, OPAQUE_PAYLOAD_MAX);
    random_uuid(once);
    const str pieces[PENDING_COUNT] = {[PRINT] = session_print(ctx->arena, s),
                                       [END] = str_format(ctx->arena, "%lld", (long long)clock_add(ctx->now, PENDING_SECONDS)),
                                       [ONCE] = str_of(once),
                                       [CLIENT] = request->client->id,
                                       [EPOCH] = str_format(ctx->arena, "%lld", (long long)request->client->epoch),
                                       [MODE] = str_format(ctx->arena, "%d", (int)request->mode),
                                       [PUSHED] = str_format(ctx->arena, "%lld", (long long)request->pushed),
#define X(name_) [TEXT_##name_] = request->name_,
                                       PENDING_TEXTS(X)
#undef X
    };
    if (arena_failed(ctx->arena))
        FAIL(UNAVAILABLE, "authorize: no memory");
    for (size_t i = 0; i < PENDING_COUNT; i++)
        pack_text_piece(&b, pieces[i]);
    if (FAILED(buf_done(&b, &text)))
        REFUSE(INVALID_REQUEST, "The authorization request is too long.", "authorize: pending request too long");
    TRY(opaque_sealed_make(ctx->arena, ctx->keys, OPAQUE_CONSENT, text, &raw));
    *pending = raw.text;
    return OK;
}

#define STALE "This page has expired or belongs to another login. Please go back to the application and start again."

static fallible open_pending(struct context *ctx, str pending, str pieces[PENDING_COUNT])
{
    str text;
    err opened = opaque_sealed_open(ctx->arena, ctx->keys, OPAQUE_CONSENT, pending, &text);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened))
        REFUSE(INVALID_REQUEST, STALE, "consent: pending request is not ours");
    for (size_t i = 0; i < PENDING_COUNT; i++)
        if (!unpack_text_piece(&text, &pieces[i]))
            REFUSE(INVALID_REQUEST, STALE, "consent: pending request is cut");
    return OK;
}

fallible authorize_resume(struct context *ctx, str pending, const struct session *s, struct authorize_pending *out)
{
    str pieces[PENDING_COUNT], matched;
    uint64_t end, mode, pushed, epoch;
    TRY(open_pending(ctx, pending, pieces));
    str print = session_print(ctx->arena, s);
    if (!str_present(print))
        FAIL(UNAVAILABLE, "consent: no memory");
    if (!s->user || !str_equal(pieces[PRINT], print)) /* AZ-24 */
        FAIL(STALE_FORM, "consent: pending request of another browser session");
    if (FAILED(str_u64(pieces[END], INT64_MAX, &end)) || !clock_ahead(ctx->now, (unix_time)end, PENDING_SECONDS))
        FAIL(STALE_FORM, "consent: pending request has expired");
    if (FAILED(str_u64(pieces[MODE], REDIRECT_FRAGMENT_JWT, &mode)) || FAILED(str_u64(pieces[PUSHED], INT64_MAX, &pushed)) ||
        FAILED(str_u64(pieces[EPOCH], INT64_MAX, &epoch)))
        REFUSE(INVALID_REQUEST, STALE, "consent: pending request is damaged");
    struct authorize_request request = {.client = cache_client(ctx->snapshot, pieces[CLIENT]),
                                        .mode = (enum redirect_mode)mode,
                                        .pushed = (int64_t)pushed,
                                        .broken = OK,
                                        .max_age = -1,
#define X(name_) .name_ = pieces[TEXT_##name_],
                                        PENDING_TEXTS(X)
#undef X
    };
    if (!request.client || request.client->disabled || request.client->epoch != (int64_t)epoch) /* CA-15 */
        REFUSE(INVALID_REQUEST, "This application has been disabled or removed in the meantime.", "consent: client disabled meanwhile");
    TRY(redirect_match(ctx->arena, request.client, request.redirect_uri, &matched)); /* it may have been changed meanwhile */
    *out = (struct authorize_pending){request, pieces[ONCE], true};
    return OK;
}

#define ANSWERED "This page has already been answered. Please go back to the application and start again."

/* PR-01: a pushed request ends once, whichever page or way ends it. */
static fallible end_pushed(struct context *ctx, const struct authorize_request *request)
{
    bool first = true;
    if (request->pushed != 0)
        TRY(db_pushed_take(ctx->tx, request->pushed, ctx->now, &first));
    if (!first)
        REFUSE(INVALID_REQUEST_URI, "The request_uri has already been used. Please go back to the application and start again.",
               "authorize: pushed request was ended before");
    return OK;
}

struct adding {
    struct context *ctx;
    const struct session *session;
    const struct authorize_pending *pending;
    const struct db_authorization *authorization;
    const struct db_code *code;
};

/* A block, a password change or a logout that ended the session meanwhile must win; what ends it from here on ends this grant too. */
static fallible session_still_open(const struct adding *w)
{
    struct db_session *row;
    TRY(db_session_get(w->ctx->tx, w->ctx->arena, w->session->row->number, &row));
    if (!row)
        FAIL(LOGIN_REQUIRED, "consent: the session ended meanwhile");
    return OK;
}

/* What was agreed to before, and taken back meanwhile, is not agreed to. */
static fallible consent_still_there(const struct adding *w)
{
    bool due = false;
    if (!w->pending->asked)
        TRY(authorize_consent_due(w->ctx, &w->pending->request, w->session, &due));
    if (due)
        FAIL(CONSENT_REQUIRED, "consent: it was taken back meanwhile");
    return OK;
}

/* With what it tells of, or not at all. */
static void tell_about_code(const struct adding *w, const char *name, const struct authority_event_facts *more)
{
    struct authority_event_facts facts = *more;
    facts.actor = w->session->user->id;
    facts.client_id = w->pending->request.client->id;
    authority_event(w->ctx, name, &facts);
}

/* What was shown and agreed to: the scope, and the scopes that single claims amount to. */
static fallible remember_user_consent(struct context *ctx, const struct authorize_request *request, const struct session *s)
{
    str shown, agreed;
    TRY(scope_union(ctx->arena, request->scope, request->claims_scopes, &shown));
    TRY(consent_words(ctx, request->client, shown, request->resources, &agreed));
    return db_consent_remember(ctx->tx, s->user->number, request->client->number, agreed, ctx->now);
}

static err store_granted_consent(void *context)
{
    const struct adding *w = context;
    const struct authorize_request *request = &w->pending->request;
    if (w->pending->asked) /* first, for it holds the person alone */
        TRY(remember_user_consent(w->ctx, request, w->session));
    else
        TRY(db_user_hold(w->ctx->tx, w->session->user->number));
    TRY(session_still_open(w));
    TRY(consent_still_there(w));
    TRY(end_pushed(w->ctx, request));
    TRY(db_authorization_add_with_code(w->ctx->tx, w->authorization, w->code, w->pending->once_id));
    tell_about_code(w, w->pending->asked ? "consent.given" : "code.issued",
                    &(struct authority_event_facts){.subject = w->authorization->id, .detail = request->scope});
    return OK;
}

static fallible make_code(const struct adding *w, struct db_authorization *authorization, struct token_raw *code)
{
    const struct authorize_request *request = &w->pending->request;
    struct context *ctx = w->ctx;
    struct db_code row = {
        .redirect_uri = request->redirect_uri_sent,
        .code_challenge = request->challenge,
        .expires_at = authorization->expires_at,
        .nonce = request->nonce,
        .jkt = request->jkt,
    };
    struct adding whole = {ctx, w->session, w->pending, authorization, &row};
    TRY(db_authorization_reserve(ctx->tx, &authorization->number));
    TRY(db_code_reserve(ctx->tx, &row.number));
    row.authorization_number = authorization->number;
    const int64_t numbers[2] = {row.number, 0};
    TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_CODE, numbers, code));
    row.hash = token_hash_of(code->text);
    err added = authority_together(ctx, store_granted_consent, &whole);
    if (added.kind == ERR_CONFLICT) /* AZ-25 */
        REFUSE(INVALID_REQUEST, ANSWERED, "consent: answered before");
    return added;
}

static int64_t code_seconds(const struct context *ctx, const struct db_client *client) /* AC-02 */
{
    int64_t seconds = ctx->authority->policy.code_lifetime;
    bool minute = profile_demands(ctx, client, PROFILE_RULE_CODE_MINUTE);
    return minute && seconds > 60 ? 60 : seconds; /* FAPI 2.0 Security Profile 5.3.2.1 */
}

static fallible send_authorize_redirect(struct context *ctx, const struct authorize_request *request, str code, err error, struct redirect_sent *out)
{
    struct redirect_answer answer = {
        .client = request->client, .uri = request->redirect_uri, .mode = request->mode, .code = code, .error = error, .state = request->state};
    return redirect_send(ctx, &answer, out);
}

fallible authorize_allow(struct context *ctx, const struct authorize_pending *pending, const struct session *s, struct redirect_sent *out)
{
    const struct authorize_request *request = &pending->request;
    char id[37];
    struct token_raw code;
    random_uuid(id);
    struct db_authorization authorization = {
        .id = str_dup(ctx->arena, str_of(id)),
        .user_number = s->user->number,
        .client_number = request->client->number,
        .client_epoch = request->client->epoch,
        .scope = request->scope,
        .resource = request->resources,
        .claims = request->claims,
        .details = request->details,
        .session_id = s->row->id,
        .flow = STR("authorization_code"),
        .created_at = ctx->now,
        .auth_time = s->row->auth_time,
        .amr = s->row->amr,
        .acr = s->row->acr,
        .last_used_at = ctx->now,
        .expires_at = clock_add(ctx->now, code_seconds(ctx, request->client)),
    };
    TRY(make_code(&(struct adding){.ctx = ctx, .session = s, .pending = pending}, &authorization, &code));
    return send_authorize_redirect(ctx, request, code.text, OK, out);
}

static err record_consent_denial(void *context)
{
    const struct adding *w = context;
    bool first;
    TRY(end_pushed(w->ctx, &w->pending->request));
    TRY(db_once_take(w->ctx->tx, "consent", w->pending->once_id, clock_add(w->ctx->now, PENDING_SECONDS), &first));
    if (!first)
        REFUSE(INVALID_REQUEST, ANSWERED, "consent: answered before");
    tell_about_code(w, "consent.denied", &(struct authority_event_facts){.subject = STR_ABSENT});
    return OK;
}

fallible authorize_deny(struct context *ctx, const struct authorize_pending *pending, const struct session *s, struct redirect_sent *out)
{
    const struct authorize_request *request = &pending->request;
    struct adding w = {.ctx = ctx, .session = s, .pending = pending};
    TRY(authority_together(ctx, record_consent_denial, &w));
    return send_authorize_redirect(ctx, request, STR_ABSENT, ERR(ACCESS_DENIED, "consent: the person said no"), out);
}

/* RFC 9700 4.11.2: an open redirector needs a client that anybody can be, and a person who has not yet shown to be here. Clients that an
 * administrator made are told at once; software that introduced itself once somebody has logged in (AZ-21). */
bool authorize_may_tell(const struct authorize_request *request, const struct session *s, err why)
{
    bool silent = str_has_word(form_get(&request->parameters, "prompt"), STR("none")); /* AZ-11 */
    bool anybody = str_filled(request->client->metadata.origin);
    return why.kind != ERR_ELSEWHERE && (s->user || silent || !anybody);
}

fallible authorize_refuse(struct context *ctx, const struct authorize_request *request, err why, struct redirect_sent *out)
{
    if (why.kind == ERR_THROTTLED || why.kind == ERR_CONFLICT) /* no words of RFC 6749 4.1.2.1 */
        why.kind = ERR_UNAVAILABLE;
    TRY(end_pushed(ctx, request));
    return send_authorize_redirect(ctx, request, STR_ABSENT, why, out);
}
