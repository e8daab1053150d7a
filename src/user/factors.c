/* SPDX-License-Identifier: MIT
 * factors: see the header. Promises that no secret leaves (ST-01), and that who is not an administrator takes nothing from one. */
#include "user/factors.h"
#include "context/check.h"
#include "user/user.h"
#include "base/banned.h"

/* Who may not edit people does not learn whether somebody exists. */
static fallible find_person(struct context *ctx, const struct actor *by, str id, struct db_user **user)
{
    TRY(user_find(ctx, id, user));
    bool own = *user != NULL && actor_may_self(by, (*user)->number, "view-own-profile");
    if (!own && !actor_may(by, "edit-users"))
        FAIL(INSUFFICIENT_SCOPE, "factors: somebody else's");
    if (*user == NULL)
        FAIL(NOT_FOUND, "factors: no such person");
    return OK;
}

fallible factors_list(struct context *ctx, const struct actor *by, str id, struct factors *out)
{
    struct db_user *user;
    struct factors all = {NULL, 0, 0};
    TRY(find_person(ctx, by, id, &user));
    TRY(db_authenticator_list(ctx->tx, ctx->arena, user->number, &all.rows, &all.count));
    TRY(db_recovery_count(ctx->tx, user->number, &all.recovery_codes));
    for (size_t i = 0; i < all.count; i++)
        all.rows[i].secret = STR_ABSENT;
    *out = all;
    return OK;
}

fallible factors_reset(struct context *ctx, const struct actor *by, str id, str reason, struct problems *p)
{
    struct db_user *user;
    bool any;
    if (!actor_may(by, "edit-users"))
        FAIL(INSUFFICIENT_SCOPE, "factors: somebody else's");
    TRY(find_person(ctx, by, id, &user));
    if (user->admin && !actor_is_admin(by))
        FAIL(INSUFFICIENT_SCOPE, "factors: an administrator's, by who is none");
    if (actor_is(by, user->number))
        REFUSE(UNPROCESSABLE, "Remove your own sign-in methods under Account.", "factors: one's own");
    check_text(ctx->arena, str_trim(reason), &(struct check_text){"reason", SAY("The reason"), 1, FACTORS_REASON_MAX}, p);
    TRY(problem_result(p));
    TRY(db_authenticator_reset(ctx->tx, ctx->arena, user->number, &any));
    if (!any)
        REFUSE(UNPROCESSABLE, "This person has no second factor.", "factors: nothing to reset");
    check_event(ctx, by, "user.factors_reset", &(struct authority_event_facts){.subject = user->id, .detail = str_trim(reason)});
    return OK;
}
