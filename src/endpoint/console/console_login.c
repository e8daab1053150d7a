/* SPDX-License-Identifier: MIT
 * console_login: login for people. Relies on session/login for the one judgement of a password and on
 * session/session for what follows. Promises: one message and one status for every wrong login (LS-11); a throttled one says
 * when to try again; a new cookie at each login (LS-01), made in the transaction that settles the login; the place to go back to is one of this server (RU-10).
 *
 *   nobody ──login_post ok: session_open──▶ logged in ──oauth_logout: session_end──▶ nobody
 *   logged in ──login_post ok, same person: session_open──▶ logged in, password fresh */
#include "endpoint/console/console.h"

#include "endpoint/console/widget.h"
#include "endpoint/headers.h"
#include "authorize/redirect.h"
#include "session/login.h"
#include "session/second_factor.h"
#include "base/banned.h"

/* The application that a person is on the way to, and where it gets its answer (lines); NULL when they are not. */
static const struct db_client *application_of(struct call *c, str return_to, str *redirect_uri)
{
    struct form query;
    if (!str_starts(return_to, STR("/oauth/authorize?")))
        return NULL;
    size_t at = str_find(return_to, '?') + 1;
    if (FAILED(form_parse(c->context->arena, (str){return_to.p + at, return_to.n - at}, &query)))
        return NULL;
    const struct db_client *client = client_find(c->context, form_get(&query, "client_id"));
    if (!client || client->disabled)
        return NULL;
    if (form_has(&query, "request_uri") || form_has(&query, "request")) { /* the address stands elsewhere: it is one of these */
        *redirect_uri = client->redirect_uris;
        return client;
    }
    return FAILED(redirect_match(c->context->arena, client, form_get(&query, "redirect_uri"), redirect_uri)) ? NULL : client;
}

/* OpenID Connect Registration 2: shown to whoever is about to log in; MD-05: registration took https alone, and the page holds to it. */
static str link_of(str uri)
{
    return str_starts(uri, STR("https://")) ? uri : STR_ABSENT;
}

/* A step that the page asks for. */
struct login_step {
    str state;  /* of the steps before; absent: the first one */
    str with;   /* the authenticator that is asked for */
    str offers; /* words: it and those that may stand in for it */
};

static bool offers_instead(const struct login_step *step, const char *name)
{
    return !str_is(step->with, name) && str_has_word(step->offers, str_of(name));
}

static fallible answer_step(struct call *c, const struct login_step *step, int status, const struct message *error)
{
    struct page_fields *f = call_fields(c);
    page_put(f, "attempt", step->state);
    page_put(f, "with", step->with);
    page_put(f, "offers", step->offers);
    page_put_flag(f, "totp", str_is(step->with, DB_FACTOR_TOTP));
    page_put_flag(f, "recovery", str_is(step->with, DB_FACTOR_RECOVERY));
    page_put_flag(f, "offers_totp", offers_instead(step, DB_FACTOR_TOTP));
    page_put_flag(f, "offers_recovery", offers_instead(step, DB_FACTOR_RECOVERY));
    str return_to = call_local_path(form_get(&c->form, "return_to"), STR("/account"));
    bool again = form_has(&c->form, "again") && c->session.user;
    str redirect_uri = STR_ABSENT;
    const struct db_client *client = application_of(c, return_to, &redirect_uri);
    page_put(f, "return_to", return_to);
    page_put(f, "return_escaped", widget_escaped(c, return_to));
    page_put_flag(f, "again", again);
    page_put_flag(f, "switch", form_has(&c->form, "switch"));
    page_put(f, "acr", form_get(&c->form, "acr"));
    page_put(f, "username", again ? c->session.user->username : form_get(&c->form, "username"));
    page_put(f, "application", client ? client->name : STR_ABSENT);
    page_put(f, "policy_uri", client ? link_of(client->metadata.policy_uri) : STR_ABSENT);
    page_put(f, "tos_uri", client ? link_of(client->metadata.tos_uri) : STR_ABSENT);
    page_put_flag(f, "with_email", c->context->authority->policy.login_with_email);
    page_put_message(f, "error", error);
    if (client) /* browsers hold the form to form-action through all redirects: it may end at the application at once */
        TRY(response_header(c->response, "Content-Security-Policy", headers_csp(c->context->arena, redirect_uri)));
    return call_page(c, status, "login.html", f);
}

static fallible answer_form(struct call *c, int status, const struct message *error)
{
    return answer_step(c, &(struct login_step){.state = STR_ABSENT, .with = STR(""), .offers = STR("")}, status, error);
}

/* The step that was sent, once more: what was proved before still is. */
static struct login_step step_of(struct call *c)
{
    return (struct login_step){.state = form_get(&c->form, "attempt"), .with = form_get(&c->form, "with"), .offers = form_get(&c->form, "offers")};
}

static fallible answer_same_step(struct call *c, int status, const struct message *error)
{
    struct login_step step = step_of(c);
    return str_filled(step.state) ? answer_step(c, &step, status, error) : answer_form(c, status, error);
}

err console_login_get(struct call *c)
{
    if (c->session.user && !form_has(&c->form, "again") && !form_has(&c->form, "switch"))
        return call_redirect(c, call_local_path(form_get(&c->form, "return_to"), STR("/account")));
    bool expired = form_has(&c->form, "expired");
    return answer_form(c, 200, expired ? &MESSAGE_PLAIN("The page was open for too long. Please log in again.") : &MESSAGE_PLAIN(""));
}

static fallible answer_throttled(struct call *c, err why, int64_t seconds)
{
    struct arena *a = c->context->arena;
    int64_t wait = seconds > 0 ? seconds : 1;
    int64_t end = clock_add(c->context->now, wait);
    struct message error =
        wait < 120 ? MESSAGE_MANY("Too many attempts. Try again in {n} second, at {time}.", "Too many attempts. Try again in {n} seconds, at {time}.",
                                  MESSAGE_NUMBER("n", wait), MESSAGE_TIME("time", end))
                   : MESSAGE_MANY("Too many attempts. Try again in {n} minute, at {time}.", "Too many attempts. Try again in {n} minutes, at {time}.",
                                  MESSAGE_NUMBER("n", (wait + 59) / 60), MESSAGE_TIME("time", end));
    c->response->refused = why;
    TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)wait)));
    return answer_same_step(c, 429, &error);
}

struct opening {
    const struct session *before;
    struct session now;
};

static err open_session(struct context *ctx, const struct login_result *login, void *context)
{
    struct opening *w = context;
    w->now = *w->before;
    return session_open(ctx, login->user, login->amr, login->step_up, &w->now);
}

static fallible begin_login_session(struct call *c, const struct db_user *user, const struct opening *opened)
{
    TRY(session_leave(c->context, opened->before, &opened->now));
    c->session = opened->now;
    return widget_known_device(c, user); /* RL-02 */
}

/* The field that carries a proof is that of its authenticator; a step names it by `with`. */
static struct login_try attempt_of(struct call *c, struct opening *opening)
{
    str with = form_get(&c->form, "with");
    const struct authenticator *row = assurance_row(&assurance_usual, str_filled(with) ? with : STR("password"));
    return (struct login_try){
        .username = form_get(&c->form, "username"),
        .proof = row ? form_get_raw(&c->form, row->field) : STR_ABSENT,
        .event = "login",
        .with = with,
        .state = form_get(&c->form, "attempt"),
        .session = &c->session,
        .wished = form_get(&c->form, "acr"),
        .begins = open_session,
        .context = opening,
    };
}

/* The first of what may follow is asked for. */
static fallible answer_next_step(struct call *c, const struct login_result *so_far)
{
    str rest = so_far->offers;
    struct login_step step = {.state = so_far->state, .with = STR(""), .offers = so_far->offers};
    (void)str_next(&rest, ' ', &step.with);
    return answer_step(c, &step, 200, &MESSAGE_PLAIN(""));
}

err console_login_post(struct call *c)
{
    struct login_result result;
    struct opening opening = {.before = &c->session};
    struct login_try attempt = attempt_of(c, &opening);
    struct login_step step = step_of(c), other = {step.state, form_get(&c->form, "choose"), step.offers};
    if (str_filled(other.with) && str_filled(step.state) && str_has_word(step.offers, other.with)) /* another way than the one that is asked for */
        return answer_step(c, &other, 200, &MESSAGE_PLAIN(""));
    if (!str_filled(attempt.state) && (!str_filled(attempt.username) || !str_filled(attempt.proof)))
        return answer_form(c, 400, &MESSAGE_PLAIN("Enter both your username and your password."));
    err judged = login_check(c->context, &attempt, &result);
    if (judged.kind == ERR_THROTTLED)
        return answer_throttled(c, judged, result.retry_after);
    if (judged.kind == ERR_INVALID_GRANT) {
        c->response->refused = judged;
        return answer_same_step(c, 401, &(struct message){.text = str_of(result.wrong != NULL ? result.wrong : err_say(judged))});
    }
    TRY(judged);
    if (!result.user) /* the same page asks for the next step */
        return answer_next_step(c, &result);
    TRY(begin_login_session(c, result.user, &opening));
    return call_redirect(c, call_local_path(form_get(&c->form, "return_to"), STR("/account")));
}
