/* SPDX-License-Identifier: MIT
 * deferred_page: fills what a person must see before they decide: who asks, for what in words, since when. Relies on the facts in memory. */
#include "endpoint/deferred_page.h"
#include "endpoint/asked.h"
#include "base/banned.h"

static void put_client(struct page_fields *f, const struct db_client *client)
{
    if (client)
        page_put(f, "client_name", client->name);
    else
        page_put_word(f, "client_name", STR("An application that no longer exists"));
}

fallible deferred_page_put(struct call *c, struct page_fields *f, const struct db_deferred *row)
{
    const struct db_client *client = deferred_client(c->context, row);
    put_client(f, client);
    page_put_flag(f, "first_party", client && client->first_party);
    page_put_time(f, "created", row->created_at);
    struct message lifetime = client ? asked_lifetime(token_request_lifetime(c->context, client)) : MESSAGE_PLAIN("");
    page_put_message(f, "lifetime", &lifetime);
    asked_scopes(c, f, row->scope);
    TRY(asked_services(c, f, row->resource, !str_filled(row->scope) && client && scopes_any(client)));
    return asked_details(c, f, row->details);
}

fallible deferred_page_decision(struct call *c, struct db_deferred **row, bool *allow)
{
    str decision = form_get(&c->form, "decision");
    if (!str_is(decision, "allow") && !str_is(decision, "deny"))
        REFUSE(INVALID_REQUEST, "Please choose Allow or Deny.", "deferred: no decision");
    TRY(deferred_resume(c->context, form_get(&c->form, "request"), &c->session, row));
    *allow = str_is(decision, "allow");
    return OK;
}
