/* SPDX-License-Identifier: MIT
 * authorize_next: what must happen now for this browser. Relies on tickets for what happened on our own pages since; promises that
 * prompt=none shows nothing (AZ-11), that a login that was asked for has happened (AZ-12), that an essential acr is reached, and that a request about one person is never
 * answered for another (AZ-14). */
#include "client/profile.h"
#include "authorize/authorize.h"
#include "authorize/authorize_ticket.h"
#include "authorize/consent.h"
#include "scope/scope.h"
#include "client/subject.h"
#include "session/second_factor.h"
#include "base/banned.h"

/* A login that was asked for has happened: age and prompt are satisfied, and a wish is met as far as it went (AZ-12). */
static enum assurance_missing find_missing_assurance(struct context *ctx, const struct authorize_request *request, const struct session *s)
{
    bool done = authorize_ticket_login(ctx, request->login_ticket, s);
    const struct assurance_need need = {
        .max_age = done ? -1 : request->max_age,
        .again = !done && request->prompt_login,
        .essential = request->acr_essential,
        .wished = done ? STR_ABSENT : request->acr_wished,
    };
    enum assurance_missing missing = session_missing(ctx, s, &need);
    if (missing == ASSURANCE_NEVER && s->user && second_factor_due(ctx, s->user) && session_missing(ctx, &(struct session){.user = NULL}, &need) != missing)
        return ASSURANCE_NOTHING; /* a second factor is added first, and then this is asked again */
    return missing;
}

bool authorize_other_user(struct context *ctx, const struct authorize_request *request, const struct session *s)
{
    for (size_t i = 0; s->user && i < sizeof request->subjects / sizeof request->subjects[0]; i++)
        if (str_present(request->subjects[i]) && !subject_matches(ctx, request->client, s->user, request->subjects[i]))
            return true;
    return false;
}

static bool choice_due(struct context *ctx, const struct authorize_request *request, const struct session *s)
{
    return request->prompt_select && s->user && !authorize_ticket_login(ctx, request->login_ticket, s) &&
           !authorize_ticket_choice(ctx, request->login_ticket, s);
}

/* Why a login that is needed will not be asked for; OK when it will. */
static fallible login_refused(struct context *ctx, const struct authorize_request *request, const struct session *s, enum assurance_missing lacks)
{
    bool other = authorize_other_user(ctx, request, s), done = authorize_ticket_login(ctx, request->login_ticket, s);
    if (lacks == ASSURANCE_NEVER || (lacks == ASSURANCE_STEP && done)) /* OpenID Connect Core 5.5.1.1 */
        FAIL(UNMET_AUTHENTICATION, "authorize: an essential acr that this login does not reach");
    if (request->prompt_none && other) /* AZ-14 */
        FAIL(LOGIN_REQUIRED, "authorize: prompt=none and another person is logged in");
    if (request->prompt_none) /* AZ-11 */
        FAIL(LOGIN_REQUIRED, "authorize: prompt=none and nobody logged in, or too long ago, or not well enough");
    if (other && done)
        FAIL(LOGIN_REQUIRED, "authorize: another person logged in than the request is about");
    return OK;
}

static fallible login_step(struct context *ctx, const struct authorize_request *request, const struct session *s, enum authorize_step *step)
{
    enum assurance_missing lacks = find_missing_assurance(ctx, request, s);
    *step = 0;
    if (choice_due(ctx, request, s)) {
        *step = AUTHORIZE_SELECT;
        return OK;
    }
    if (lacks == ASSURANCE_NOTHING && !authorize_other_user(ctx, request, s))
        return OK;
    TRY(login_refused(ctx, request, s, lacks));
    *step = AUTHORIZE_LOGIN;
    return OK;
}

fallible authorize_consent_due(struct context *ctx, const struct authorize_request *request, const struct session *s, bool *due)
{
    struct consent_question question = {.redirect_uri = request->redirect_uri, .resources = request->resources};
    /* Whoever may refuse is asked, but for the house's own clients and for prompt=none, which shows nothing (AZ-11). */
    bool asked = profile_demands(ctx, request->client, PROFILE_RULE_ASKED) && !request->client->first_party && !request->prompt_none;
    question.forced = request->prompt_consent || asked || str_present(request->details); /* RFC 9396 6: each asks for something of its own */
    TRY(scope_union(ctx->arena, request->scope, request->claims_scopes, &question.scope));
    return consent_needed(ctx, request->client, s->user->number, &question, due);
}

fallible authorize_next(struct context *ctx, const struct authorize_request *request, const struct session *s, enum authorize_step *step)
{
    bool needed;
    TRY(login_step(ctx, request, s, step));
    if (*step != 0)
        return OK;
    if (s->user->must_change_password && request->prompt_none) /* LS-14, AZ-11 */
        FAIL(INTERACTION_REQUIRED, "authorize: prompt=none and the password must be changed first");
    if (s->user->must_change_password) {
        *step = AUTHORIZE_CHANGE;
        return OK;
    }
    if (second_factor_due(ctx, s->user) && request->prompt_none) /* AZ-11 */
        FAIL(INTERACTION_REQUIRED, "authorize: prompt=none and a second factor must be added first");
    if (second_factor_due(ctx, s->user)) {
        *step = AUTHORIZE_ENROL;
        return OK;
    }
    TRY(authorize_consent_due(ctx, request, s, &needed));
    if (needed && request->prompt_none)
        FAIL(CONSENT_REQUIRED, "authorize: prompt=none and consent is needed");
    *step = needed ? AUTHORIZE_ASK : AUTHORIZE_ANSWER;
    return OK;
}
