/* SPDX-License-Identifier: MIT
 * cmd_event: `jeton event`: the audit trail, newest first, so that the administrator sees which check failed (LG-01). Reads the
 * database alone: it works while keys or settings are broken. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/site.h"
#include "base/banned.h"

enum { PAGE_ROWS = 100, LIMIT_DEFAULT = 50, LIMIT_MAX = 10000 };

/* clang-format off */
static const struct option options_list[] = {
    {"filter", OPTION_TEXT,   "TEXT",   1, 0, "only those with this in name, actor, client, subject or detail"},
    {"actor",  OPTION_TEXT,   "ACTOR",  1, 0, "only what this user id or client:ID did"},
    {"limit",  OPTION_NUMBER, "NUMBER", 1, LIMIT_MAX, "how many; 50 without this"},
    OPTION_LAST,
};
/* clang-format on */

static json *event_json(struct command_call *call, const struct db_event *event)
{
    struct arena *a = call->arena;
    json *j = json_object_new(a);
    json_put_integer(a, j, "number", event->number);
    output_time(call, j, "at", event->at);
    json_put_text(a, j, "name", event->name);
    json_put_text(a, j, "actor", event->actor);
    json_put_text(a, j, "client_id", event->client_id);
    json_put_text(a, j, "subject", event->subject);
    json_put_text(a, j, "address", event->address);
    json_put_text(a, j, "request_id", event->request_id);
    json_put_text(a, j, "detail", event->detail);
    return j;
}
static int run_list(struct command_call *call)
{
    struct site *site;
    json *list = json_list_new(call->arena);
    int64_t left = options_number(&call->options, "limit", LIMIT_DEFAULT);
    struct db_page page = {.filter = options_text(&call->options, "filter")};
    int status = site_open_db(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    while (left > 0) {
        struct db_event_rows rows;
        page.limit = left < PAGE_ROWS ? left : PAGE_ROWS;
        err e = db_event_list(site->db, call->arena, options_text(&call->options, "actor"), &page, &rows);
        if (FAILED(e))
            return command_failed(call, e, NULL);
        for (size_t i = 0; i < rows.count; i++)
            json_add(call->arena, list, event_json(call, &rows.rows[i]));
        page.offset += (int64_t)rows.count;
        left -= (int64_t)rows.count;
        if (rows.count == 0 || page.offset >= rows.total)
            break;
    }
    return output_value(call, list, "at name actor client_id subject address detail");
}

/* clang-format off */
const struct command cmd_event[] = {
    {"list", NULL, options_list, run_list, "List what happened, newest first"},
    COMMAND_END,
};
/* clang-format on */
