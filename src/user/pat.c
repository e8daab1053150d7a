/* SPDX-License-Identifier: MIT
 * pat: personal access tokens: made, listed, shown, revoked. Relies on token/opaque for the credential and keeps only its hash.
 * Promises: a personal token never makes another (PT-03), a session makes one only with a fresh password, the raw token leaves
 * once (PT-01), and every one ends within the policy's longest lifetime (PT-02).
 *
 *   pat_add ──▶ [live] ──pat_revoke──▶ [revoked]        [live] ──expires_at──▶ [expired]
 */
#include "user/pat.h"

#include "codec/b64url.h"
#include "crypto/digest.h"
#include "context/check.h"
#include "scope/scopes.h"
#include "token/opaque.h"

#include "base/banned.h"

/* May they make one for this person (NULL: unknown)? */
static fallible may_add(const struct context *ctx, const struct actor *by, const struct db_user *user)
{
    if (by->kind == ACTOR_OWNER)
        return OK;
    bool own = user != NULL && actor_is(by, user->number) && !user->blocked && !by->user->blocked;
    if (!actor_is_admin(by) && !(own && actor_is_full(by))) /* PT-03, AD-02 */
        FAIL(INSUFFICIENT_SCOPE, "a personal token is made by its person or an administrator, never by a personal token");
    if (by->way == ACTOR_BY_SESSION && !actor_recent(ctx, by)) /* PT-03 */
        REFUSE(INSUFFICIENT_SCOPE, "Please enter your password again first.", "a personal token without a fresh password");
    return OK;
}

/* Seen and revoked by the person, with a token only if it reaches that far, or by who may edit people. `user` NULL: everybody's, for
 * administrators. */
static bool may_see(const struct actor *by, const struct db_user *user)
{
    if (user == NULL)
        return actor_is_admin(by);
    return actor_may_self(by, user->number, "view-own-tokens") || actor_may(by, "edit-users");
}

static bool may_revoke(const struct actor *by, const struct db_user *user)
{
    if (user == NULL)
        return actor_is_admin(by);
    if (actor_may_self(by, user->number, "delete-own-tokens"))
        return true;
    return actor_may(by, "edit-users") && (!user->admin || actor_is_admin(by));
}

/* NULL when `id` is absent; who may not edit people does not learn whether an id exists. */
static fallible load_user(struct context *ctx, const struct actor *by, str id, struct db_user **out)
{
    struct db_user *user = NULL;
    if (str_present(id)) {
        TRY(db_user_by_id(ctx->tx, ctx->arena, id, &user));
        if (user == NULL && !actor_may(by, "edit-users"))
            FAIL(INSUFFICIENT_SCOPE, "somebody else's tokens");
        if (user == NULL)
            FAIL(NOT_FOUND, "no such person");
    }
    *out = user;
    return OK;
}

static unix_time choose_pat_expiry(const struct context *ctx, int64_t asked, struct problems *p)
{
    const struct policy *policy = &ctx->authority->policy;
    int64_t most = policy->personal_lifetime_max, wanted = asked;
    if (asked < 0 || (most > 0 && asked > most)) { /* PT-02 */
        if (most > 0)
            problem_tell(p, "expires_in", ctx->arena,
                         &MESSAGE("A token may be valid for 1 to {most} seconds; 0 means the default.", MESSAGE_NUMBER("most", most)));
        else
            problem_add(p, "expires_in", STR("The lifetime is a number of seconds; 0 means the default."));
        return 0;
    }
    if (asked == 0) {
        wanted = policy->personal_lifetime;
        if (most > 0 && (wanted <= 0 || wanted > most))
            wanted = most;
    }
    return wanted > 0 ? clock_add(ctx->now, wanted) : 0;
}

/* DP-02: what is no thumbprint would bind the token to nobody. */
static str judge_key(str jkt, struct problems *p)
{
    uint8_t print[DIGEST_SIZE];
    if (!str_filled(jkt))
        return STR_ABSENT;
    if (FAILED(b64url_decode_exact(jkt, print, sizeof print)))
        problem_add(p, "dpop_jkt", STR("The thumbprint of a key (RFC 7638, SHA-256) must have 43 base64url characters."));
    return jkt;
}

static fallible judge_pat_edit(struct context *ctx, const struct db_user *user, const struct pat_edit *edit, struct problems *p, struct db_pat *next)
{
    next->user_number = user->number;
    next->created_at = ctx->now;
    next->name = str_trim(edit->name);
    check_text(ctx->arena, next->name, &(struct check_text){"name", SAY("The name"), 1, CHECK_NAME_MAX}, p);
    next->expires_at = choose_pat_expiry(ctx, edit->expires_in, p);
    next->jkt = judge_key(str_trim(edit->dpop_jkt), p);
    next->scope = STR("");
    if (user->blocked)
        problem_add(p, "user", STR("This user is blocked; unblock them first."));
    err e = str_present(edit->scopes) ? scopes_known(ctx, edit->scopes, "scopes", p) : OK;
    if (e.kind != ERR_UNPROCESSABLE) {
        TRY(e);
        TRY(check_fold(ctx->arena, edit->scopes, ' ', &next->scope));
    }
    return problem_result(p);
}

fallible pat_add(struct context *ctx, const struct actor *by, const struct pat_edit *edit, struct problems *p, struct pat_made *out)
{
    struct db_user *user = NULL;
    if (str_present(edit->user))
        TRY(db_user_by_id(ctx->tx, ctx->arena, edit->user, &user));
    TRY(may_add(ctx, by, user));
    if (user == NULL)
        FAIL(NOT_FOUND, "no such person");
    struct db_pat next = {0};
    TRY(judge_pat_edit(ctx, user, edit, p, &next));
    struct token_raw raw;
    TRY(opaque_plain_make(ctx->arena, OPAQUE_PERSONAL, &raw));
    next.hash = token_hash_of(raw.text); /* PT-01 */
    next.name = str_dup(ctx->arena, next.name);
    next.jkt = str_dup(ctx->arena, next.jkt);
    TRY(check_arena(ctx->arena));
    TRY(db_pat_add(ctx->tx, ctx->arena, &next));
    check_event(ctx, by, "pat.added",
                &(struct authority_event_facts){.subject = next.id, .detail = str_format(ctx->arena, "for user %.*s", STR_FMT(user->id))});
    out->pat = next;
    out->token = raw.text;
    return OK;
}

fallible pat_list(struct context *ctx, const struct actor *by, str user, const struct db_page *page, struct db_pat_rows *out)
{
    struct db_user *person = NULL;
    TRY(load_user(ctx, by, user, &person));
    if (!may_see(by, person))
        FAIL(INSUFFICIENT_SCOPE, "somebody else's tokens");
    TRY(check_page(page));
    return db_pat_list(ctx->tx, ctx->arena, person != NULL ? person->number : 0, page, out);
}

/* A live token of that person (NULL: of anybody). */
static fallible find_live_pat(struct context *ctx, const struct db_user *person, str id, struct db_pat **out)
{
    struct db_pat *pat = NULL;
    TRY(db_pat_by_id(ctx->tx, ctx->arena, id, &pat));
    if (pat != NULL && person != NULL && pat->user_number != person->number) /* AD-02 */
        pat = NULL;
    if (pat != NULL && (pat->revoked_at != 0 || (pat->expires_at != 0 && pat->expires_at <= ctx->now)))
        pat = NULL;
    *out = pat;
    return OK;
}

fallible pat_get(struct context *ctx, const struct actor *by, str user, str id, struct db_pat **out)
{
    struct db_user *person = NULL;
    TRY(load_user(ctx, by, user, &person));
    if (!may_see(by, person))
        FAIL(INSUFFICIENT_SCOPE, "somebody else's tokens");
    return find_live_pat(ctx, person, id, out);
}

fallible pat_revoke(struct context *ctx, const struct actor *by, str user, str id, bool *revoked)
{
    struct db_user *person = NULL;
    struct db_pat *pat = NULL;
    TRY(load_user(ctx, by, user, &person));
    if (!may_revoke(by, person))
        FAIL(INSUFFICIENT_SCOPE, "somebody else's tokens");
    TRY(find_live_pat(ctx, person, id, &pat));
    bool done = false;
    if (pat != NULL)
        TRY(db_pat_revoke(ctx->tx, pat->id, pat->user_number, ctx->now, &done));
    if (done) /* PT-04: memory has forgotten it already */
        check_event(ctx, by, "pat.revoked", &(struct authority_event_facts){.subject = pat->id});
    *revoked = done;
    return OK;
}
