/* SPDX-License-Identifier: MIT
 * console_tokens: a person's personal access tokens. Relies on user/pat. Promises: a token is made only after a recent
 * password (PT-03), shown on the one page that answers its making (PT-01), and listed with its last use (PT-04). */
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "base/banned.h"

static const char *const names[] = {"name", "days", "dpop_jkt", NULL};
static const char *const problem_names[] = {"name", "scopes", "expires_in", "days", "dpop_jkt", NULL};
enum { DAY = 86400, DAYS_MAX = 36500 };
static const struct period {
    const char *value, *text;
    int64_t seconds; /* 0: as `days` says */
} periods[] = {
    {"7", SAY("7 days"), 7 * DAY},     {"30", SAY("30 days"), 30 * DAY}, {"90", SAY("90 days"), 90 * DAY},
    {"365", SAY("1 year"), 365 * DAY}, {"custom", SAY("custom"), 0},
};
enum { PERIODS = sizeof periods / sizeof periods[0], USUAL_PERIOD = 2 };

static const struct period *period_asked(struct call *c)
{
    str asked = form_get(&c->form, "expires");
    for (size_t i = 0; i < PERIODS; i++)
        if (str_is(asked, periods[i].value))
            return &periods[i];
    return str_present(asked) ? NULL : &periods[USUAL_PERIOD];
}

static void put_periods(struct call *c, struct page_fields *f)
{
    const struct period *asked = period_asked(c);
    page_list(f, "periods");
    for (size_t i = 0; i < PERIODS; i++) {
        struct page_fields *row = page_row(f, "periods");
        page_put(row, "period", str_of(periods[i].value));
        page_put_word(row, "period_text", str_of(periods[i].text));
        page_put_flag(row, "chosen", &periods[i] == asked);
    }
}

static fallible page_of(struct call *c, struct page_fields **out)
{
    struct db_pat_rows rows;
    struct db_page page = widget_page(c);
    page.filter = STR_ABSENT;
    TRY(pat_list(c->context, &c->actor, c->session.user->id, &page, &rows));
    struct page_fields *f = widget_account(c, "nav_tokens");
    page_list(f, "tokens");
    for (size_t i = 0; i < rows.count; i++) {
        const struct db_pat *pat = &rows.rows[i];
        struct page_fields *row = page_row(f, "tokens");
        page_put(row, "token_id", pat->id);
        page_put(row, "token_name", pat->name);
        page_put(row, "token_scope", pat->scope);
        page_put(row, "token_key", pat->jkt);
        page_put_time(row, "created", pat->created_at);
        page_put_time(row, "expires", pat->expires_at);
        page_put_time(row, "used", pat->last_used_at);
        page_put(row, "used_from", pat->last_used_address);
    }
    widget_pager(c, f, &page, rows.total);
    page_put_flag(f, "recent", session_recent(c->context, &c->session));
    put_periods(c, f);
    widget_scopes(c, f, widget_words(c, "scopes[]"));
    widget_typed(c, f, names);
    widget_sound(c, f, problem_names);
    *out = f;
    return OK;
}

err console_tokens_get(struct call *c)
{
    struct page_fields *f;
    TRY(page_of(c, &f));
    return call_page(c, 200, "tokens.html", f);
}

static int64_t seconds_asked(struct call *c, struct problems *p)
{
    const struct period *asked = period_asked(c);
    if (!asked) {
        problem_add(p, "expires_in", STR("Choose one of the periods."));
        return 0;
    }
    if (asked->seconds > 0)
        return asked->seconds;
    uint64_t days = 0;
    if (FAILED(str_u64(str_trim(form_get(&c->form, "days")), DAYS_MAX, &days)) || days == 0)
        problem_add(p, "days", STR("Enter a number of days from 1 to 36500."));
    return (int64_t)days * DAY;
}

err console_tokens_post(struct call *c)
{
    struct problems problems = {.count = 0};
    struct page_fields *f;
    struct pat_made made;
    int status = 422;
    if (!session_recent(c->context, &c->session)) /* PT-03 */
        return widget_login_again(c, STR("/account/tokens"));
    struct pat_edit edit = {.user = c->session.user->id, .name = form_get(&c->form, "name"), .scopes = widget_words(c, "scopes[]")};
    edit.dpop_jkt = form_get(&c->form, "dpop_jkt");
    edit.expires_in = seconds_asked(c, &problems);
    err added = problem_result(&problems);
    if (!FAILED(added))
        added = pat_add(c->context, &c->actor, &edit, &problems, &made);
    if (FAILED(added)) {
        TRY(page_of(c, &f));
        TRY(widget_refused(c, f, added, &status));
        widget_problems(c, f, &problems, problem_names);
        return call_page(c, status, "tokens.html", f);
    }
    f = widget_account(c, "nav_tokens");
    page_put(f, "name", made.pat.name);
    page_put(f, "token", made.token);
    page_put(f, "scope", made.pat.scope);
    page_put(f, "key", made.pat.jkt);
    page_put_time(f, "expires", made.pat.expires_at);
    page_put(f, "issuer", c->context->authority->issuer);
    return call_page(c, 201, "token_made.html", f);
}

err console_tokens_revoke_get(struct call *c)
{
    struct db_pat *pat;
    TRY(pat_get(c->context, &c->actor, c->session.user->id, c->parameters[0], &pat));
    if (!pat)
        FAIL(NOT_FOUND, "tokens: no such personal access token");
    struct page_fields *f = widget_account(c, "nav_tokens");
    page_put(f, "name", pat->name);
    page_put(f, "action", widget_place(c, "/account/tokens/", pat->id, "/revoke"));
    page_put(f, "back", STR("/account/tokens"));
    return call_page(c, 200, "token_revoke.html", f);
}

err console_tokens_revoke_post(struct call *c)
{
    bool revoked;
    TRY(pat_revoke(c->context, &c->actor, c->session.user->id, c->parameters[0], &revoked));
    if (!revoked)
        FAIL(NOT_FOUND, "tokens: no such personal access token");
    return call_redirect(c, STR("/account/tokens?done=revoked"));
}
