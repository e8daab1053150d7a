/* SPDX-License-Identifier: MIT
 * bearer: the one place that says whether an access token holds now. Relies on token/access for what the token says and on store/cache
 * for what has happened since; promises that every cause of death is asked for every kind (CVE-2026-8922), and that a failing
 * store is an error and never a verdict. Runs on event threads: touches no disk, or asks to be run elsewhere. */
#include "resource/bearer.h"
#include "user/user.h"
#include "clientauth/sender.h"
#include "session/assurance.h"
#include "base/ascii.h"
#include "token/opaque.h"
#include <stdatomic.h>
#include "base/banned.h"

static bool eight_fit(uint64_t v)
{
    return ascii_eight_printable(v) && !ascii_eight_has(v, ' ') && !ascii_eight_has(v, ',');
}

static bool scheme_is(str authorization, str scheme)
{
    return authorization.n > scheme.n && str_equal_nocase((str){authorization.p, scheme.n}, scheme);
}

fallible bearer_of_header(str authorization, struct bearer_sent *sent)
{
    const str bearer = STR("bearer "), dpop = STR("dpop ");
    if (!str_present(authorization))
        REFUSE(INVALID_TOKEN, "No access token was sent: use the header Authorization: Bearer followed by the token.", "bearer: no Authorization header");
    bool bound = scheme_is(authorization, dpop);
    if (!bound && !scheme_is(authorization, bearer))
        REFUSE(INVALID_TOKEN, "The Authorization header is not of the form: Bearer (or DPoP) followed by one access token.", "bearer: not a Bearer header");
    size_t skip = bound ? dpop.n : bearer.n;
    str text = str_trim((str){authorization.p + skip, authorization.n - skip});
    size_t i = 0;
    while (text.n - i >= 8 && eight_fit(ascii_eight(text.p + i)))
        i += 8;
    for (; i < text.n; i++)
        if (!ascii_visible(text.p[i]) || text.p[i] == ',')
            REFUSE(INVALID_TOKEN, "The access token contains a character that is not allowed in tokens.", "bearer: malformed token");
    if (text.n == 0)
        REFUSE(INVALID_TOKEN, "The access token is empty.", "bearer: empty");
    *sent = (struct bearer_sent){text, bound};
    return OK;
}

/* LS-14: no token gets round a password that must be changed. */
static fallible refuse_due_password(const struct db_user *user)
{
    if (user->must_change_password)
        REFUSE(INVALID_TOKEN, USER_MUST_CHANGE_SAY, "bearer: the person must change their password first");
    return OK;
}

static fallible find_live_user(struct context *ctx, int64_t user_number, struct db_user **user)
{
    TRY(cache_user(ctx->authority->cache, ctx->tx, ctx->arena, user_number, user));
    if (!*user || (*user)->blocked) /* PT-04, RF-08 */
        REFUSE(INVALID_TOKEN, "The access token was revoked.", "bearer: the person is blocked or gone");
    return refuse_due_password(*user);
}

/* What sealed and signed tokens share: is everything that the token hangs on still there? */
static fallible require_live_token(struct context *ctx, struct bearer *b)
{
    const struct permit *p = &b->facts.permit;
    b->client = cache_client(ctx->snapshot, p->client_id);
    if (!b->client || b->client->disabled || b->client->epoch != p->client_epoch) /* CA-15 */
        REFUSE(INVALID_TOKEN, "The access token was revoked.", "bearer: the client is disabled, gone, or was disabled meanwhile");
    if (cache_revoked(ctx->authority->cache, "token", b->facts.token_id))
        REFUSE(INVALID_TOKEN, "The access token was revoked.", "bearer: token revoked");
    if (str_present(p->authorization_id) && cache_revoked(ctx->authority->cache, "grant", p->authorization_id))
        REFUSE(INVALID_TOKEN, "The access token was revoked.", "bearer: grant revoked");
    if (p->user_number != 0)
        return find_live_user(ctx, p->user_number, &b->user);
    return OK;
}

static fallible check_sealed(struct context *ctx, str token, struct bearer *b)
{
    b->kind = BEARER_SEALED;
    TRY(access_open(ctx->arena, ctx->keys, token, ctx->now, &b->facts));
    if (b->facts.permit.resource_number != 0) {
        b->resource = cache_resource_by_number(ctx->snapshot, b->facts.permit.resource_number);
        if (!b->resource)
            REFUSE(INVALID_TOKEN, "The access token is for a service that is no longer registered.", "bearer: resource removed");
    }
    return require_live_token(ctx, b);
}

static fallible check_jwt(struct context *ctx, str token, struct bearer *b)
{
    b->kind = BEARER_JWT;
    struct access_reader reader = {ctx->authority->issuer, ctx->now};
    TRY(access_check(ctx->arena, ctx->keys, token, &reader, &b->facts));
    b->resource = cache_resource(ctx->snapshot, b->facts.permit.audience);
    if (!b->resource)
        REFUSE(INVALID_TOKEN, "The access token is for a service that is no longer registered.", "bearer: resource removed");
    const struct permit *p = &b->facts.permit;
    if (p->user_number != 0 && !str_present(p->authorization_id)) /* TE-08, as below */
        REFUSE(INVALID_TOKEN, "The access token is malformed.", "bearer: a person's JWT without a grant");
    if (p->user_number != 0) /* pairwise: the person came along sealed */
        return require_live_token(ctx, b);
    if (str_present(p->authorization_id)) { /* a JWT names the person by id alone */
        TRY(require_live_token(ctx, b));
        if (cache_is_inline())
            return ERR(ELSEWHERE, "bearer: a person by id is on disk");
        TRY(db_user_by_id(ctx->tx, ctx->arena, p->subject, &b->user));
        if (!b->user || b->user->blocked)
            REFUSE(INVALID_TOKEN, "The access token was revoked.", "bearer: the person is blocked or gone");
        return refuse_due_password(b->user);
    }
    if (!str_starts(p->subject, STR("client:"))) /* TE-08: a person's token always hangs on a grant */
        REFUSE(INVALID_TOKEN, "The access token is malformed.", "bearer: a person's JWT without a grant");
    return require_live_token(ctx, b);
}

static fallible check_personal(struct context *ctx, str token, struct bearer *b)
{
    b->kind = BEARER_PERSONAL;
    TRY(opaque_plain_check(token, OPAQUE_PERSONAL));
    struct token_hash hash = token_hash_of(token);
    TRY(cache_pat(ctx->authority->cache, ctx->tx, ctx->arena, &hash, &b->pat));
    if (!b->pat)
        REFUSE(INVALID_TOKEN, "The personal access token is unknown.", "bearer: personal token unknown");
    if (b->pat->revoked_at != 0)
        REFUSE(INVALID_TOKEN, "The personal access token was revoked.", "bearer: personal token revoked");
    if (b->pat->expires_at != 0 && b->pat->expires_at <= ctx->now)
        REFUSE(INVALID_TOKEN, "The personal access token has expired.", "bearer: personal token expired");
    return find_live_user(ctx, b->pat->user_number, &b->user);
}

fallible bearer_check(struct context *ctx, str token, struct bearer *out)
{
    struct bearer b = {0};
    enum opaque_kind kind = opaque_kind_of(token);
    if (kind == OPAQUE_ACCESS)
        TRY(check_sealed(ctx, token, &b));
    else if (kind == OPAQUE_PERSONAL)
        TRY(check_personal(ctx, token, &b));
    else if (kind == OPAQUE_NONE)
        TRY(check_jwt(ctx, token, &b));
    else /* AT-04 */
        REFUSE(INVALID_TOKEN, "This credential is not an access token.", "bearer: another kind of credential");
    b.jkt = b.pat ? b.pat->jkt : b.facts.permit.jkt;
    b.x5t = b.facts.permit.x5t;
    *out = b;
    return OK;
}

str bearer_acr(const struct bearer *b)
{
    const struct permit *p = &b->facts.permit;
    if (p->auth_time == 0)
        return STR_ABSENT;
    return str_present(p->acr) ? p->acr : assurance_acr(&assurance_usual, p->amr);
}

/* At most one write a minute for each token. Two tokens may share a slot and then write more often; nothing is lost. */
static void note_use(struct context *ctx, const struct db_pat *pat)
{
    enum { SLOTS = 1024, MINUTE_BITS = 28 };
    static atomic_llong slots[SLOTS];
    long long minute = (long long)(ctx->now / 60) & ((1LL << MINUTE_BITS) - 1);
    long long mark = ((pat->number & 0x7ffffffffLL) << MINUTE_BITS) | minute;
    atomic_llong *slot = &slots[pat->number % SLOTS];
    if (atomic_exchange(slot, mark) != mark)
        (void)!FAILED(db_pat_used(ctx->tx, pat->number, ctx->now, ctx->address)); /* lost only when the queue is full */
}

static void describe_bearer_actor(struct context *ctx, const struct bearer *b, struct actor *actor)
{
    *actor = (struct actor){.user = b->user, .client = b->client};
    actor->kind = b->user ? ACTOR_USER : ACTOR_CLIENT;
    if (b->kind == BEARER_PERSONAL) {
        note_use(ctx, b->pat);
        actor->way = ACTOR_BY_PERSONAL_TOKEN;
        actor->scope = b->pat->scope;
        actor->unscoped = !str_filled(b->pat->scope);
        actor->auth_time = 0;
        actor->expires_at = b->pat->expires_at;
        actor->token_id = b->pat->id;
        return;
    }
    actor->way = ACTOR_BY_TOKEN;
    actor->scope = b->facts.permit.scope;
    actor->unscoped = b->facts.permit.unscoped;
    actor->unscoped_full = b->facts.permit.unscoped_full;
    actor->auth_time = b->facts.permit.auth_time;
    actor->expires_at = b->facts.permit.expires_at;
    actor->token_id = b->facts.token_id;
    actor->userinfo_claims = b->facts.permit.userinfo_claims;
}

/* RFC 9449 7.1, 7.2: the scheme must tell the truth both ways. */
static fallible require_token_binding(struct context *ctx, const struct bearer_sent *sent, const struct bearer *b)
{
    if (sent->dpop && !str_present(b->jkt))
        REFUSE(INVALID_TOKEN, "This access token is not bound to a key: send it with the scheme Bearer.", "bearer: an unbound token as DPoP");
    if (!sent->dpop && str_present(b->jkt)) /* DP-02 */
        REFUSE(INVALID_TOKEN, "This access token is bound to a key: send it with the scheme DPoP and a proof in the DPoP header.",
               "bearer: a bound token as Bearer");
    return sender_fits(ctx, &(struct sender){b->jkt, b->x5t, STR_ABSENT}, b->client, sent->token);
}

fallible bearer_actor(struct context *ctx, const struct bearer_sent *sent, struct actor *out)
{
    struct bearer b;
    TRY(bearer_check(ctx, sent->token, &b));
    if (b.resource) /* AT-03 */
        REFUSE(INVALID_TOKEN, "This access token is for another service.", "bearer: made for another resource");
    TRY(require_token_binding(ctx, sent, &b));
    describe_bearer_actor(ctx, &b, out);
    return OK;
}
