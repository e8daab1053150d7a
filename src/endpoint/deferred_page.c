/* SPDX-License-Identifier: MIT
 * deferred_page: fills what a person must see before they decide: who asks, for what in words, since when. Relies on the facts in memory. */
#include "endpoint/deferred_page.h"
#include "grant/details.h"
#include "base/banned.h"

static str lifetime_words(struct arena *a, int64_t seconds)
{
    if (seconds % 3600 == 0)
        return str_format(a, "%lld hour%s", (long long)(seconds / 3600), seconds == 3600 ? "" : "s");
    return str_format(a, "%lld minutes", (long long)((seconds + 59) / 60));
}

fallible deferred_page_details(struct call *c, struct page_fields *f, str details)
{
    struct details_words *words;
    size_t count;
    TRY(details_show(c->ground, details, &words, &count));
    page_list(f, "details");
    for (size_t i = 0; i < count; i++) {
        struct page_fields *row = page_row(f, "details");
        page_put(row, "what", words[i].description);
        page_list(row, "facts");
        for (size_t k = 0; k < words[i].count; k++) {
            struct page_fields *fact = page_row(row, "facts");
            page_put(fact, "label", words[i].facts[k].label);
            page_put(fact, "value", words[i].facts[k].value);
        }
    }
    return OK;
}

fallible deferred_page_put(struct call *c, struct page_fields *f, const struct db_deferred *row)
{
    const struct db_client *client = deferred_client(c->ground, row);
    str word;
    page_put(f, "client_name", client ? client->name : STR("An application that is no longer here"));
    page_put_flag(f, "first_party", client && client->first_party);
    page_put_flag(f, "unscoped", !str_filled(row->scope));
    page_put_time(f, "created", row->created_at);
    page_put(f, "lifetime", client ? lifetime_words(c->ground->arena, token_request_lifetime(c->ground, client)) : STR(""));
    page_list(f, "scopes");
    for (str rest = row->scope; str_filled(rest) && str_next(&rest, ' ', &word);) { /* CO-02 */
        const struct db_scope *scope = hot_scope(c->ground->facts, word);
        struct page_fields *line = page_row(f, "scopes");
        page_put(line, "name", word);
        page_put(line, "description", scope ? scope->description : word);
    }
    return deferred_page_details(c, f, row->details);
}

fallible deferred_page_decision(struct call *c, struct db_deferred **row, bool *allow)
{
    str decision = form_get(&c->form, "decision");
    if (!str_is(decision, "allow") && !str_is(decision, "deny"))
        REFUSE(INVALID_REQUEST, "Please choose to allow or to deny.", "deferred: no decision");
    TRY(deferred_resume(c->ground, form_get(&c->form, "request"), &c->session, row));
    *allow = str_is(decision, "allow");
    return OK;
}
