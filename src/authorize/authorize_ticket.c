/* SPDX-License-Identifier: MIT
 * authorize_ticket: tickets. Relies on token/opaque for seals; promises that a ticket is nobody's in particular: an old one does not speak
 * for a password that was given for something else, and one of another browser opens nothing. */
#include "authorize/authorize_ticket.h"
#include "authorize/authorize.h"
#include "store/table/db_pushed.h"
#include "token/opaque.h"
#include "base/banned.h"

enum {
    BACK_AT_ONCE = 60,   /* seconds: the way back from the login page is a redirect */
    CHOICE_SECONDS = 600 /* that the account page may lie open */
};
struct ticket {
    bool choice;
    unix_time made;
    str print;
    int64_t pushed;
};

static fallible make_visit_ticket(struct context *ctx, const char *kind, int64_t pushed, const struct session *s, str *ticket)
{
    struct token_raw raw;
    str print = session_print(ctx->arena, s);
    str payload = str_format(ctx->arena, "%s %lld %lld %.*s", kind, (long long)ctx->now, (long long)pushed, STR_FMT(print));
    if (!str_present(print) || !str_present(payload))
        FAIL(UNAVAILABLE, "authorize: no memory");
    TRY(opaque_sealed_make(ctx->arena, ctx->keys, OPAQUE_VISIT, payload, &raw));
    *ticket = raw.text;
    return OK;
}

fallible authorize_ticket(struct context *ctx, const struct authorize_request *request, const struct session *s, str *ticket)
{
    return make_visit_ticket(ctx, "login", request->pushed, s, ticket);
}

fallible authorize_choice(struct context *ctx, const struct authorize_request *request, const struct session *s, str *ticket)
{
    return make_visit_ticket(ctx, "choice", request->pushed, s, ticket);
}

static bool number_of(str *rest, uint64_t *number)
{
    str word;
    return str_next(rest, ' ', &word) && !FAILED(str_u64(word, INT64_MAX, number));
}

static bool open_ticket(struct context *ctx, str text, struct ticket *out)
{
    str payload, kind, print;
    uint64_t made, pushed;
    if (!str_present(text) || FAILED(opaque_sealed_open(ctx->arena, ctx->keys, OPAQUE_VISIT, text, &payload)))
        return false;
    if (!str_next(&payload, ' ', &kind) || (!str_is(kind, "login") && !str_is(kind, "choice")))
        return false;
    if (!number_of(&payload, &made) || !number_of(&payload, &pushed) || !str_next(&payload, ' ', &print))
        return false;
    *out = (struct ticket){str_is(kind, "choice"), (unix_time)made, print, (int64_t)pushed};
    return true;
}

bool authorize_ticket_login(struct context *ctx, str text, const struct session *s)
{
    struct ticket t;
    if (!s->row || !open_ticket(ctx, text, &t) || t.choice)
        return false;
    if (!clock_within(ctx->now, s->row->auth_time, BACK_AT_ONCE)) /* AZ-12 */
        return false;
    return s->row->auth_time >= t.made && !str_equal(t.print, session_print(ctx->arena, s));
}

bool authorize_ticket_choice(struct context *ctx, str text, const struct session *s)
{
    struct ticket t;
    if (!s->row || !open_ticket(ctx, text, &t) || !t.choice)
        return false;
    return clock_within(ctx->now, t.made, CHOICE_SECONDS - 1) && str_equal(t.print, session_print(ctx->arena, s));
}

int64_t authorize_ticket_pushed(struct context *ctx, str text)
{
    struct ticket t;
    if (!open_ticket(ctx, text, &t) || !clock_within(ctx->now, t.made, DB_PUSHED_SPARE - 1))
        return 0;
    return t.pushed;
}
