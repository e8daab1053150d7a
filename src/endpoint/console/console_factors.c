/* SPDX-License-Identifier: MIT
 * console_factors: what a person proves themself with, as they see it, add to it and take from it. Relies on session/second_factor for every rule. Promises: a secret and recovery
 * codes are shown once, to a browser that has just logged in; everything works without script. */
#include "codec/percent.h"
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "page/qr.h"
#include "session/second_factor.h"
#include "user/factors.h"
#include "base/banned.h"

#define METHODS     "/account/sign-in-methods"
#define METHODS_NEW METHODS "/new"
static const char *const new_names[] = {"name", "code", NULL};

static fallible methods_page(struct call *c, int status, const struct message *error)
{
    struct factors all;
    const struct db_user *user = c->session.user;
    TRY(factors_list(c->context, &c->actor, user->id, &all));
    struct page_fields *f = widget_account(c, "nav_methods");
    page_put_time(f, "password_changed", user->password_changed_at);
    page_put(f, "recovery_left", all.recovery_codes > 0 ? str_format(c->context->arena, "%lld", (long long)all.recovery_codes) : STR(""));
    page_put_message(f, "error", error);
    page_list(f, "methods");
    for (size_t i = 0; i < all.count; i++) {
        struct page_fields *row = page_row(f, "methods");
        page_put(row, "method_id", all.rows[i].id);
        page_put(row, "method_name", all.rows[i].name);
        page_put_time(row, "created", all.rows[i].created_at);
        page_put_time(row, "used", all.rows[i].last_used_at);
    }
    return call_page(c, status, "sign_in_methods.html", f);
}

err console_factors_get(struct call *c)
{
    return methods_page(c, 200, &MESSAGE_PLAIN(""));
}

/* ---- an authenticator app ---- */

static fallible draw_qr_address(struct call *c, str uri, str *address)
{
    str svg;
    struct buf b = buf_new(c->context->arena, BUF_PAGE_MAX);
    TRY(qr_svg(c->context->arena, uri, &svg));
    buf_add_z(&b, "data:image/svg+xml,");
    percent_add(&b, svg);
    return buf_done(&b, address);
}

static fallible new_fields(struct call *c, const struct second_factor_offer *offer, struct page_fields **out)
{
    str qr;
    TRY(draw_qr_address(c, offer->uri, &qr));
    struct page_fields *f = widget_account(c, "nav_methods");
    page_put_flag(f, "due", second_factor_due(c->context, c->session.user));
    page_put(f, "qr", qr);
    page_put(f, "secret", offer->secret);
    page_put(f, "offer", offer->state);
    page_put(f, "return_to", call_local_path(form_get(&c->form, "return_to"), STR("")));
    page_put(f, "name", STR(""));
    widget_sound(c, f, new_names);
    *out = f;
    return OK;
}

/* A place of this server to go on to, or the list. */
static str place_after(struct call *c)
{
    return call_local_path(form_get(&c->form, "return_to"), STR(METHODS));
}

static fallible login_again(struct call *c)
{
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX * 16);
    str back, place = call_local_path(form_get(&c->form, "return_to"), STR(""));
    buf_add_z(&b, METHODS_NEW);
    if (str_filled(place)) {
        buf_char(&b, '?');
        form_add(&b, STR("return_to"), place);
    }
    TRY(buf_done(&b, &back));
    return widget_login_again(c, back);
}

err console_factors_new_get(struct call *c)
{
    struct page_fields *f;
    struct second_factor_offer offer;
    err made = second_factor_offer(c->context, &c->session, &offer);
    if (made.kind == ERR_INSUFFICIENT_AUTHENTICATION)
        return login_again(c);
    TRY(made);
    TRY(new_fields(c, &offer, &f));
    return call_page(c, 200, "totp_new.html", f);
}

static fallible codes_page(struct call *c, const str codes[DB_RECOVERY_CODES], str added)
{
    struct page_fields *f = widget_account(c, "nav_methods");
    page_put(f, "added", added);
    page_put(f, "next", place_after(c));
    page_list(f, "codes");
    for (size_t i = 0; i < DB_RECOVERY_CODES; i++)
        page_put(page_row(f, "codes"), "code", codes[i]);
    return call_page(c, 200, "recovery_codes.html", f);
}

err console_factors_new_post(struct call *c)
{
    struct problems problems = {.count = 0};
    int status = 422;
    struct second_factor_added added = {
        .state = form_get(&c->form, "offer"),
        .name = form_get(&c->form, "name"),
        .code = form_get(&c->form, "code"),
    };
    err done = second_factor_add(c->context, &c->session, &added, &problems);
    if (done.kind == ERR_INSUFFICIENT_AUTHENTICATION)
        return login_again(c);
    if (!FAILED(done))
        TRY(widget_known_device(c, c->session.user));
    if (!FAILED(done) && str_present(added.codes[0]))
        return codes_page(c, added.codes, str_trim(added.name));
    if (!FAILED(done))
        return call_redirect(c, place_after(c));
    struct second_factor_offer offer;
    struct page_fields *f;
    if (done.kind != ERR_UNPROCESSABLE)
        return done;
    TRY(second_factor_offer_again(c->context, &c->session, added.state, &offer));
    TRY(new_fields(c, &offer, &f));
    TRY(widget_refused(c, f, done, &status));
    page_put(f, "name", added.name);
    widget_problems(c, f, &problems, new_names);
    return call_page(c, status, "totp_new.html", f);
}

/* ---- recovery codes ---- */

err console_factors_recovery_post(struct call *c)
{
    str codes[DB_RECOVERY_CODES];
    err made = second_factor_recovery_make(c->context, &c->session, codes);
    if (made.kind == ERR_INSUFFICIENT_AUTHENTICATION)
        return widget_login_again(c, STR(METHODS));
    if (made.kind == ERR_UNPROCESSABLE)
        return methods_page(c, 422, &(struct message){.text = str_of(err_say(made))});
    TRY(made);
    return codes_page(c, codes, STR(""));
}

/* ---- removing ---- */

err console_factors_remove_get(struct call *c)
{
    struct factors all;
    TRY(factors_list(c->context, &c->actor, c->session.user->id, &all));
    for (size_t i = 0; i < all.count; i++) {
        if (!str_equal(all.rows[i].id, c->parameters[0]))
            continue;
        str place = widget_place(c, METHODS "/", all.rows[i].id, "/remove");
        if (!session_recent(c->context, &c->session))
            return widget_login_again(c, place);
        struct page_fields *f = widget_account(c, "nav_methods");
        page_put(f, "name", all.rows[i].name);
        page_put_flag(f, "last", all.count == 1);
        page_put(f, "action", place);
        return call_page(c, 200, "sign_in_method_remove.html", f);
    }
    FAIL(NOT_FOUND, "factors: no such authenticator of this person");
}

err console_factors_remove_post(struct call *c)
{
    err removed = second_factor_remove(c->context, &c->session, c->parameters[0]);
    if (removed.kind == ERR_INSUFFICIENT_AUTHENTICATION)
        return widget_login_again(c, widget_place(c, METHODS "/", c->parameters[0], "/remove"));
    TRY(removed);
    return call_redirect(c, STR(METHODS "?done=method-removed"));
}
