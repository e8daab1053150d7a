/* SPDX-License-Identifier: MIT
 * login: is this the person? A machine over the table of authenticators (session/assurance); for every caller (LS-16) each step is counted
 * (RL-01), refused when there were too many, judged, and then the one question is asked: what is still missing?
 *
 *   begun ──step──▶ counted ──judge──▶ wrong                                         (what was counted stays)
 *                                 └──▶ proved ──nothing missing──▶ settled           (given back, once; the person is handed out)
 *                                         └──a step is missing──▶ waiting ──step──▶ counted …   (what was counted stays, but nobody waits for it)
 *   waiting ──LOGIN_STATE_SECONDS, another password──▶ abandoned                     (what was counted stays)
 *
 * A waiting login is sealed into the page's form (login_state): it has no row. Relies on login_count for the counters. Promises:
 *   1. no proof is judged that was not counted before, so parallel attempts gain nothing; and nothing is answered before that is durable;
 *   2. unknown, wrong, blocked and password-less accounts answer alike, in words and in work (LS-11); which of them it was stands in
 * the event list alone;
 *   3. nobody is handed out before everything that is needed is proved and the counters are settled, and a login is settled once. */
#include "session/login.h"
#include "session/login_count.h"
#include "session/login_state.h"
#include "base/banned.h"

#define WRONG "The username or password is wrong."

static fallible find_user(struct login_trial *t)
{
    struct db_user *found = NULL;
    str name = str_trim(t->attempt->username);
    TRY(db_user_by_name(t->ctx->tx, t->ctx->arena, name, &t->user));
    if (t->user != NULL || !t->ctx->authority->policy.login_with_email)
        return OK;
    TRY(db_user_by_email(t->ctx->tx, t->ctx->arena, name, &found));
    t->user = found != NULL && found->email_verified ? found : NULL;
    return OK;
}

static void record_login_event(const struct login_trial *t, const char *outcome, str detail)
{
    str name = str_format(t->ctx->arena, "%s.%s", t->attempt->event, outcome);
    if (!str_present(name))
        return;
    authority_event(t->ctx, name.p,
                    &(struct authority_event_facts){
                        .actor = str_is(str_of(outcome), "ok") ? t->user->id : STR_ABSENT,
                        .client_id = t->attempt->client_id,
                        .subject = t->user != NULL ? t->user->id : STR_ABSENT,
                        .detail = detail,
                    });
}

static fallible refuse_throttled_login(const struct login_trial *t, const struct db_throttle *state, struct login_result *out)
{
    int64_t wait = state->until - t->ctx->now;
    out->retry_after = wait > 1 ? wait : 1;
    record_login_event(t, "failed", STR("throttled"));
    REFUSE(THROTTLED, "There were too many failed attempts; please wait a moment and try again.", "login: throttled");
}

/* ---- the beginning of a step ---- */

/* A step that cannot begin a login builds on what this browser's session has proved. */
static fallible begin_from_session(struct login_trial *t)
{
    const struct session *s = t->attempt->session;
    if (s == NULL || s->row == NULL)
        REFUSE(INVALID_REQUEST, "A login cannot start with this step.", "login: no first step");
    t->amr = s->row->amr;
    t->step_up = true;
    return db_user_by_number(t->ctx->tx, t->ctx->arena, s->row->user_number, &t->user);
}

static fallible begin_login_trial(struct login_trial *t)
{
    const struct login_try *attempt = t->attempt;
    t->rules = attempt->rules != NULL ? attempt->rules : &assurance_usual;
    t->row = assurance_row(t->rules, str_filled(attempt->with) ? attempt->with : STR("password"));
    t->begun = t->ctx->now;
    t->amr = t->id = STR_ABSENT;
    if (t->row == NULL)
        REFUSE(INVALID_REQUEST, "There is no such way to log in.", "login: an unknown authenticator");
    if (!str_filled(attempt->state))
        return t->row->first ? find_user(t) : begin_from_session(t);
    if (!t->row->next)
        REFUSE(INVALID_REQUEST, "This cannot follow another step.", "login: an authenticator that only begins");
    TRY(login_state_open(t));
    if (str_has_word(t->amr, str_of(t->row->amr)))
        REFUSE(INVALID_REQUEST, "This has already been proved; another step is needed.", "login: the same authenticator twice");
    return OK;
}

/* ---- its end ---- */

static fallible judge_login_step(const struct login_trial *t, str *reason)
{
    TRY(t->row->judge(t, reason)); /* whatever the name: the same work */
    if (t->user == NULL)
        *reason = STR("unknown user");
    else if (t->user->blocked)
        *reason = STR("blocked");
    return OK;
}

/* Names of the steps that may follow. */
static fallible list_next_steps(const struct login_trial *t, str *names)
{
    struct buf b = buf_new(t->ctx->arena, BUF_TOKEN_MAX);
    for (size_t i = 0; i < t->rules->count; i++) {
        const struct authenticator *row = &t->rules->rows[i];
        if (!row->next || str_has_word(t->amr, str_of(row->amr)) || !assurance_has(row, t->user->second_factors))
            continue;
        if (b.n > 0)
            buf_char(&b, ' ');
        buf_add_z(&b, row->name);
    }
    return buf_done(&b, names);
}

struct finishing {
    const struct login_trial *trial;
    const struct login_result *result;
};

static err settle_login(void *context)
{
    const struct finishing *w = context;
    const struct login_try *attempt = w->trial->attempt;
    TRY(login_count_settle(w->trial));
    record_login_event(w->trial, "ok", w->trial->row->enrolled ? str_of(w->trial->row->name) : STR_ABSENT); /* an app, or one code fewer on paper */
    return attempt->begins != NULL ? attempt->begins(w->trial->ctx, w->result, attempt->context) : OK;
}

static fallible finish_login(const struct login_trial *t, struct login_result *out)
{
    struct login_result result = {.user = t->user, .amr = t->amr, .acr = assurance_acr(t->rules, t->amr), .step_up = t->step_up};
    t->user->last_login_at = t->ctx->now;
    TRY(authority_together(t->ctx, settle_login, &(struct finishing){t, &result}));
    *out = result;
    return OK;
}

/* Proved: is it enough? */
static fallible advance_login(struct login_trial *t, struct login_result *out)
{
    TRY(assurance_and(t->ctx->arena, t->rules, t->row, &t->amr));
    struct assurance_need need = {.max_age = -1, .essential = t->attempt->essential, .wished = t->attempt->wished};
    const struct assurance_have have = {t->amr, &t->user->second_factors, t->ctx->now, t->ctx->now};
    enum assurance_missing missing = assurance_missing(t->rules, &need, &have);
    t->partial = t->attempt->alone && missing != ASSURANCE_NOTHING;
    if (t->attempt->alone || missing == ASSURANCE_NOTHING)
        return finish_login(t, out);
    struct login_result more = {.retry_after = 0};
    TRY(list_next_steps(t, &more.offers));
    if (missing == ASSURANCE_NEVER || !str_filled(more.offers))
        REFUSE(INVALID_GRANT, "This server cannot provide the kind of login that is required.", "login: nothing can follow, and more is needed");
    TRY(login_state_seal(t, &more.state));
    *out = more;
    return OK;
}

static fallible take_step(struct login_trial *t, struct login_result *out)
{
    struct db_throttle state = {0, 0};
    bool allowed;
    str reason;
    TRY(login_count(t, &allowed, &state));
    if (!allowed)
        return refuse_throttled_login(t, &state, out);
    TRY(judge_login_step(t, &reason));
    if (str_present(reason)) {
        record_login_event(t, "failed", reason);
        out->wrong = t->row->wrong != NULL ? t->row->wrong : WRONG;
        REFUSE(INVALID_GRANT, WRONG, "login: unknown user, wrong password or blocked");
    }
    TRY(advance_login(t, out));
    if (t->row->proved != NULL)
        t->row->proved(t);
    return OK;
}

fallible login_check(struct context *ctx, const struct login_try *attempt, struct login_result *out)
{
    struct login_trial t = {.ctx = ctx, .attempt = attempt, .counted = STR_ABSENT};
    *out = (struct login_result){.user = NULL};
    TRY(begin_login_trial(&t));
    TRY(login_count_keys(&t));
    err e = take_step(&t, out);
    if (out->user == NULL) /* without settling, nothing of this is on the disk yet */
        TRY(str_present(out->state) ? login_count_pass(&t) : login_count_keep(&t));
    return e;
}

fallible login_overtaken(struct context *ctx, const struct db_user *judged, bool *overtaken)
{
    struct db_user *now;
    TRY(db_user_by_number(ctx->tx, ctx->arena, judged->number, &now));
    bool more = now != NULL && str_filled(now->second_factors) && !str_filled(judged->second_factors); /* what was shown is no longer enough */
    *overtaken = now == NULL || now->blocked || more || now->password_changed_at != judged->password_changed_at;
    return OK;
}

fallible login_prove(struct context *ctx, const struct db_user *user, str password, int64_t *retry_after)
{
    struct login_result result;
    const struct login_try attempt = {.username = user->username, .proof = password, .event = "password_change", .alone = true};
    err judged = login_check(ctx, &attempt, &result);
    *retry_after = result.retry_after;
    if (!FAILED(judged) && result.user->number != user->number)
        FAIL(SERVER_ERROR, "login: the name is another person's now");
    return judged;
}
