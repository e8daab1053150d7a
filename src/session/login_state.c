/* SPDX-License-Identifier: MIT
 * login_state: see the header. Relies on token/opaque for the seal. Promises that a state means nothing to another browser, and that what was
 * proved by a password which is changed since proves nothing. */
#include "session/login_state.h"
#include "crypto/random.h"
#include "session/login_count.h"
#include "token/opaque.h"
#include "base/banned.h"

enum { UUID_TEXT = 37 };
static const char login_kind[] = "attempt", step_up_kind[] = "step-up";

static str browser_of(const struct login_trial *t)
{
    return t->attempt->session == NULL ? STR("-") : session_print(t->ctx->arena, t->attempt->session);
}

fallible login_state_seal(const struct login_trial *t, str *text)
{
    char id[UUID_TEXT];
    struct token_raw raw;
    struct arena *a = t->ctx->arena;
    str browser = browser_of(t), place = login_count_place(t);
    random_uuid(id);
    str named = str_present(t->id) ? t->id : str_of(id);
    str payload =
        str_format(a, "%s %lld %lld %lld %lld %.*s %.*s %.*s %.*s", t->step_up ? step_up_kind : login_kind, (long long)t->begun, (long long)t->user->number,
                   (long long)t->user->password_changed_at, (long long)t->steps + 1, STR_FMT(place), STR_FMT(named), STR_FMT(browser), STR_FMT(t->amr));
    if (!str_present(browser) || !str_present(place) || !str_present(payload))
        FAIL(UNAVAILABLE, "login: no memory for what is proved so far");
    TRY(opaque_sealed_make(a, t->ctx->keys, OPAQUE_VISIT, payload, &raw));
    *text = raw.text;
    return OK;
}

static bool number_of(str *rest, int64_t *out)
{
    str word;
    uint64_t n;
    if (!str_next(rest, ' ', &word) || FAILED(str_u64(word, INT64_MAX, &n)))
        return false;
    *out = (int64_t)n;
    return true;
}

struct whose {
    int64_t user, password_changed_at; /* as it was when the first step was judged */
    str browser;
};

/* Words of the payload into t and *of. */
static bool read_payload(struct login_trial *t, str payload, struct whose *of)
{
    str kind;
    int64_t begun;
    if (!str_next(&payload, ' ', &kind) || (!str_is(kind, login_kind) && !str_is(kind, step_up_kind)))
        return false;
    t->step_up = str_is(kind, step_up_kind);
    if (!number_of(&payload, &begun) || !number_of(&payload, &of->user) || !number_of(&payload, &of->password_changed_at) || !number_of(&payload, &t->steps))
        return false;
    if (!str_next(&payload, ' ', &t->place) || !str_next(&payload, ' ', &t->id) || !str_next(&payload, ' ', &of->browser))
        return false;
    t->begun = begun;
    t->amr = payload;
    return true;
}

fallible login_state_open(struct login_trial *t)
{
    str payload;
    struct whose of;
    err opened = opaque_sealed_open(t->ctx->arena, t->ctx->keys, OPAQUE_VISIT, t->attempt->state, &payload);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened) || !read_payload(t, payload, &of) || !str_equal(of.browser, browser_of(t)))
        FAIL(STALE_FORM, "login: what was proved so far is not of this browser");
    if (!clock_within(t->ctx->now, t->begun, LOGIN_STATE_SECONDS - 1))
        FAIL(STALE_FORM, "login: too long between two steps");
    TRY(db_user_by_number(t->ctx->tx, t->ctx->arena, of.user, &t->user));
    if (t->user == NULL || t->user->password_changed_at != of.password_changed_at)
        FAIL(STALE_FORM, "login: the person was removed or has another password since the first step");
    return OK;
}
