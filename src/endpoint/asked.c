/* SPDX-License-Identifier: MIT
 * asked: what an application asks for, in words, for every page on which a person decides (CO-02). Relies on the facts in memory. */
#include "endpoint/asked.h"
#include "scope/details.h"
#include "scope/resource.h"
#include "base/banned.h"

struct message asked_lifetime(int64_t seconds)
{
    if (seconds % 86400 == 0 && seconds > 86400)
        return MESSAGE_MANY("{n} day", "{n} days", MESSAGE_NUMBER("n", seconds / 86400));
    if (seconds % 3600 == 0)
        return MESSAGE_MANY("{n} hour", "{n} hours", MESSAGE_NUMBER("n", seconds / 3600));
    return MESSAGE_MANY("{n} minute", "{n} minutes", MESSAGE_NUMBER("n", (seconds + 59) / 60));
}

void asked_scopes(struct call *c, struct page_fields *f, str scopes)
{
    str word;
    page_list(f, "scopes");
    for (str rest = scopes; str_filled(rest) && str_next(&rest, ' ', &word);) { /* CO-02 */
        const struct db_scope *scope = cache_scope(c->context->snapshot, word);
        struct page_fields *row = page_row(f, "scopes");
        page_put(row, "name", word);
        page_put_word(row, "description", scope ? scope->description : word);
    }
}

fallible asked_services(struct call *c, struct page_fields *f, str resources, bool unscoped)
{
    str uri;
    const struct db_resource *resource;
    bool here = !str_filled(resources);
    page_list(f, "services");
    for (str rest = resources; str_filled(rest) && str_next(&rest, ' ', &uri);) {
        TRY(resource_find(c->context, uri, &resource));
        here = here || !resource;
        struct page_fields *row = page_row(f, "services");
        page_put_word(row, "name", resource ? resource->name : STR("This server"));
        page_put(row, "uri", uri);
    }
    page_put_flag(f, "unscoped", unscoped && here);
    page_put_flag(f, "unscoped_service", unscoped && !here);
    return OK;
}

fallible asked_details(struct call *c, struct page_fields *f, str details)
{
    struct details_words *words;
    size_t count;
    TRY(details_show(c->context, details, &words, &count));
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
