/* SPDX-License-Identifier: MIT
 * user_password: which passwords are fit, and how a person gets another one. Relies on crypto/password for the hash and on the
 * store to end sessions and grants in the same transaction. Promises: what somebody else chose for a person must be changed by
 * them before anything else (AD-06); the own one needs the current one (LS-13), which is checked as a login is; a personal access token cannot do it
 * at all (PT-03). */
#include "base/ascii.h"
#include "codec/text.h"
#include "codec/utf8.h"
#include "crypto/password.h"
#include "context/check.h"
#include "user/common.h"
#include "user/user.h"

#include "base/banned.h"

enum { BESIDE_USERNAME = 4 }; /* characters that a password must have beside the username in it */

static bool starts_nocase(str s, str prefix)
{
    return s.n >= prefix.n && str_equal_nocase((str){s.p, prefix.n}, prefix);
}

/* How many bytes are left when every occurrence of the username is taken out? */
static size_t count_beside_username(str password, str username)
{
    size_t left = 0;
    for (size_t i = 0; i < password.n;) {
        bool here = starts_nocase((str){password.p + i, password.n - i}, username);
        i += here ? username.n : 1;
        left += !here;
    }
    return left;
}

void user_password_judge(struct context *ctx, str password, str username, const char *field, struct problems *p)
{
    if (password.n > PASSWORD_MAX) {
        problem_tell(p, field, ctx->arena, &MESSAGE("A password can have at most {most} bytes.", MESSAGE_NUMBER("most", PASSWORD_MAX)));
        return;
    }
    if (!utf8_valid(password)) {
        problem_add(p, field, STR("A password must be valid UTF-8 text."));
        return;
    }
    if (utf8_length(password) < PASSWORD_MIN) {
        problem_tell(p, field, ctx->arena,
                     &MESSAGE("A password must have at least {least} characters. A few random words make a good one.", MESSAGE_NUMBER("least", PASSWORD_MIN)));
        return;
    }
    if (str_filled(username) && count_beside_username(password, username) < BESIDE_USERNAME)
        problem_add(p, field, STR("The password is too similar to the username; choose one that cannot be guessed from it."));
    else if (ctx->authority->policy.password_common_refused && common_password(password)) /* LS-12 */
        problem_add(p, field, STR("This password is very common, and attackers try such passwords first; choose another one."));
}

/* The person themself, by session or by a token that is not narrowed; the command line; or, for a first password, who may edit people. */
static fallible may_actor_set_password(const struct actor *by, const struct db_user *user, bool *own)
{
    *own = user != NULL && actor_is(by, user->number);
    if (by->kind == ACTOR_OWNER)
        return OK;
    if (user == NULL || user->blocked || !actor_is_full(by)) /* AD-02, PT-03 */
        FAIL(INSUFFICIENT_SCOPE, "this token cannot change passwords");
    if (!*own && (!actor_may(by, "edit-users") || (user->admin && !actor_is_admin(by)))) /* AD-04 */
        FAIL(INSUFFICIENT_SCOPE, "somebody else's password");
    return OK;
}

/* LS-13, LS-16: by the one function that checks passwords, so that a stolen session cannot try them out. */
static fallible prove_current(struct context *ctx, const struct db_user *user, struct user_password_change *change, struct problems *p)
{
    if (change->prove == NULL)
        FAIL(SERVER_ERROR, "the current password is proven by nobody");
    err proven = change->prove(ctx, user, change->current, &change->retry_after);
    if (proven.kind != ERR_INVALID_GRANT)
        return proven;
    problem_add(p, "current", STR("The current password is wrong."));
    return problem_result(p);
}

static bool same_password(struct context *ctx, const struct user_password_change *change)
{
    str current;
    return utf8_valid(change->current) && !FAILED(text_password(ctx->arena, change->current, &current)) && secret_equal(current, change->fresh);
}

fallible user_password(struct context *ctx, const struct actor *by, struct user_password_change *change, struct problems *p)
{
    struct db_user *user = NULL;
    TRY(db_user_by_id(ctx->tx, ctx->arena, change->id, &user));
    bool own;
    TRY(may_actor_set_password(by, user, &own));
    if (user == NULL)
        FAIL(NOT_FOUND, "no such person");
    if (utf8_valid(change->fresh))
        TRY(text_password(ctx->arena, change->fresh, &change->fresh)); /* RFC 8265 4: the same from every keyboard */
    user_password_judge(ctx, change->fresh, user->username, "password", p);
    if (own && !str_present(change->current))
        problem_add(p, "current", STR("The current password is required."));
    else if (own && same_password(ctx, change))
        problem_add(p, "password", STR("The new password is the same as the current one."));
    TRY(problem_result(p));
    if (own)
        TRY(prove_current(ctx, user, change, p));
    char hash[PASSWORD_HASH_MAX];
    TRY(password_hash(change->fresh, hash));
    bool must_change = by->kind == ACTOR_OWNER ? change->must_change : !own; /* AD-06 */
    struct db_new_password fresh = {user->number, hash, change->keep_session, change->end_personal_tokens, must_change};
    TRY(db_user_set_password(ctx->tx, ctx->arena, &fresh)); /* LS-05 */
    check_event(
        ctx, by, "user.password_changed",
        &(struct authority_event_facts){.subject = user->id, .detail = change->end_personal_tokens ? STR("personal access tokens ended too") : STR_ABSENT});
    return OK;
}
