/* SPDX-License-Identifier: MIT
 * oauth_device: device authorization (RFC 8628) over HTTP: the device's request, the page where a person types its code, the code as a QR
 * picture. Relies on grant/device_code for every rule. Promises: the page has a logged-in person (its row says USER), so a login in between
 * comes back to the confirmation and never to the approval (DV-06); a complete address still asks for confirmation (DV-03). */
#include "grant/device_code.h"
#include "endpoint/deferred_page.h"
#include "endpoint/oauth/oauth.h"
#include "page/qr.h"
#include "base/banned.h"

err oauth_device_code_post(struct call *c)
{
    struct arena *a = c->context->arena;
    struct device_code_answer answer = {.retry_after = 0};
    c->response->note = c->client.client->id;
    err judged = device_code_request(c->context, &c->client, &c->form, &answer);
    if (judged.kind == ERR_BUSY)
        TRY(response_header(c->response, "Retry-After", str_format(a, "%lld", (long long)answer.retry_after)));
    TRY(judged);
    struct json_writer body = call_object(c); /* RFC 8628 3.2 */
    json_write_text(&body, "device_code", answer.device_code);
    json_write_text(&body, "user_code", answer.user_code);
    json_write_text(&body, "verification_uri", answer.verification_uri);
    json_write_text(&body, "verification_uri_complete", answer.verification_uri_complete);
    json_write_integer(&body, "expires_in", answer.expires_in);
    json_write_integer(&body, "interval", answer.interval);
    return call_json(c, 200, &body);
}

static fallible answer_entry(struct call *c, int status, str error)
{
    struct page_fields *f = call_fields(c);
    page_put(f, "user_code", form_get(&c->form, "user_code"));
    page_put_word(f, "error", error);
    return call_page(c, status, "device.html", f);
}

static fallible answer_confirm(struct call *c, const struct device_code_found *found)
{
    str pending;
    TRY(deferred_pend(c->context, found->row, &c->session, &pending));
    struct page_fields *f = call_fields(c);
    TRY(deferred_page_put(c, f, found->row));
    page_put(f, "account", c->session.user->username);
    page_put(f, "code", found->shown);
    page_put(f, "address", found->row->address); /* DV-03 */
    page_put(f, "request", pending);
    return call_page(c, 200, "device_confirm.html", f);
}

/* A typed or scanned code: what it stands for is shown; nothing happens yet. */
static fallible answer_code(struct call *c)
{
    struct device_code_found found = {0};
    err judged = device_code_find(c->context, &c->session, form_get(&c->form, "user_code"), &found);
    if (judged.kind == ERR_THROTTLED)
        TRY(response_header(c->response, "Retry-After", str_format(c->context->arena, "%lld", (long long)found.retry_after)));
    if (judged.kind == ERR_THROTTLED || judged.kind == ERR_NOT_FOUND) {
        c->response->refused = judged;
        return answer_entry(c, err_status(judged), str_of(err_say(judged)));
    }
    TRY(judged);
    return answer_confirm(c, &found);
}

err oauth_device_get(struct call *c)
{
    if (str_present(form_get(&c->form, "user_code")))
        return answer_code(c);
    return answer_entry(c, 200, STR_ABSENT);
}

static fallible answer_decision(struct call *c)
{
    struct db_deferred *row;
    bool allow;
    TRY(deferred_page_decision(c, &row, &allow));
    TRY(deferred_decide(c->context, row, &c->session, allow));
    const struct db_client *client = deferred_client(c->context, row);
    struct page_fields *f = call_fields(c);
    page_put_flag(f, "allowed", allow);
    if (client)
        page_put(f, "client_name", client->name);
    else
        page_put_word(f, "client_name", STR("The application"));
    return call_page(c, 200, "device_done.html", f);
}

err oauth_device_post(struct call *c)
{
    if (str_present(form_get(&c->form, "request")))
        return answer_decision(c);
    if (str_present(form_get(&c->form, "user_code")))
        return answer_code(c);
    return answer_entry(c, 400, STR("Enter the code that your device shows."));
}

/* For devices with a screen, and for moving on to a phone. Any well-formed code is drawn: whether there is such a one is not said here. */
err oauth_device_qr_get(struct call *c)
{
    char letters[DEVICE_CODE_LETTERS];
    str typed = form_get(&c->form, "user_code"), shown = STR_ABSENT, svg;
    if (str_present(typed)) {
        if (!device_code_letters(typed, letters))
            REFUSE(INVALID_REQUEST, "This is not a code from this server.", "device: malformed user code");
        shown = str_format(c->context->arena, "%.4s-%.4s", letters, letters + 4);
    }
    TRY(qr_svg(c->context->arena, device_code_address(c->context, shown), &svg));
    TRY(response_header(c->response, "Cache-Control", STR("no-store")));
    response_body(c->response, 200, "image/svg+xml", svg);
    return OK;
}
