/* SPDX-License-Identifier: MIT
 * console_initial: initial access tokens for administrators: list, make, remove. Relies on registration/initial for every rule. Promises
 * that a token stands on the one page that answers its making (AD-03). */
#include "registration/initial.h"
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "base/banned.h"

static const char *const names[] = {"label", "uses", "expires_in", "grants", "scopes", NULL};

static fallible fields_of(struct call *c, struct page_fields **out)
{
    struct db_initial_rows all;
    TRY(initial_list(c->context, &c->actor, &all));
    struct page_fields *f = widget_admin(c, "nav_registrations");
    page_list(f, "tokens");
    for (size_t i = 0; i < all.count; i++) {
        struct page_fields *row = page_row(f, "tokens");
        page_put(row, "token_id", all.rows[i].id);
        page_put(row, "token_label", all.rows[i].label);
        page_put(row, "token_grants", all.rows[i].grants);
        page_put(row, "token_scopes", all.rows[i].scopes);
        page_put(row, "left", all.rows[i].uses_left < 0 ? STR("") : str_format(c->context->arena, "%lld", (long long)all.rows[i].uses_left));
        page_put_time(row, "made", all.rows[i].created_at);
        page_put_time(row, "until", all.rows[i].expires_at);
    }
    page_put_flag(f, "off", c->context->authority->policy.registration == REGISTRATION_OFF);
    page_put_flag(f, "open", c->context->authority->policy.registration == REGISTRATION_OPEN);
    page_put(f, "made_token", STR(""));
    widget_empty(f, names);
    widget_sound(c, f, names);
    *out = f;
    return OK;
}

err console_registrations_get(struct call *c)
{
    struct page_fields *f = NULL;
    TRY(fields_of(c, &f));
    return call_page(c, 200, "registrations.html", f);
}

err console_registrations_post(struct call *c)
{
    struct problems problems = {.count = 0};
    struct initial_made made = {0};
    struct page_fields *f = NULL;
    int status = 201;
    struct initial_edit edit = {.label = form_get(&c->form, "label"),
                                .grants = form_get(&c->form, "grants"),
                                .scopes = form_get(&c->form, "scopes"),
                                .uses = widget_number(c, "uses", 0, &problems),
                                .life = widget_number(c, "expires_in", 0, &problems)};
    err e = problem_result(&problems);
    if (!FAILED(e))
        e = initial_add(c->context, &c->actor, &edit, &problems, &made);
    TRY(fields_of(c, &f));
    if (!FAILED(e)) {
        page_put(f, "made_token", made.token);
        return call_page(c, status, "registrations.html", f);
    }
    TRY(widget_refused(c, f, e, &status));
    widget_typed(c, f, names);
    widget_problems(c, f, &problems, names);
    return call_page(c, status, "registrations.html", f);
}

err console_registration_remove_post(struct call *c)
{
    TRY(initial_remove(c->context, &c->actor, c->parameters[0]));
    return call_redirect(c, STR("/admin/registrations?done=removed"));
}
