/* SPDX-License-Identifier: MIT
 * cmd_event: `jeton event`: the audit trail, newest first, so that the administrator sees which check failed (LG-01). Reads the
 * database alone: it works while keys or settings are broken. */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "context/audit_pace.h"

#include <stdio.h>

#include "base/banned.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 10000, PAGE_MEMORY = 4 << 20 };

/* clang-format off */
static const struct option options_list[] = {
    {"filter", OPTION_TEXT,   "TEXT",   1, 0, "Show only events with this text in their name, actor, client, subject, detail or request ID."},
    {"actor",  OPTION_TEXT,   "ACTOR",  1, 0, "Show only what this user (by ID) or client (client:ID) did."},
    {"limit",  OPTION_NUMBER, "NUMBER", 1, LIMIT_MAX, "How many events to show. Default: 50."},
    OPTION_LAST,
};
static const struct option options_export[] = {
    {"class",  OPTION_CHOICE, "administration|people|machines", 0, 0, "Print only events of this class."},
    {"after",  OPTION_NUMBER, "NUMBER", 0, INT64_MAX, "Print only events after this number, which is on the last line of an earlier export."},
    OPTION_LAST,
};
/* clang-format on */

static int64_t class_of(str word) /* 0: any */
{
    for (int64_t i = 1; i <= DB_EVENT_CLASSES; i++)
        if (str_is(word, audit_class_name(i)))
            return i;
    return 0;
}

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
    json_put_text(a, j, "class", str_of(audit_class_name(event->class)));
    return j;
}
static err read_events(struct verb_rows *rows)
{
    const struct options *o = &rows->call->options;
    struct db_event_rows found;
    int64_t most = options_number(o, "limit", LIMIT_DEFAULT), left = most - rows->page.offset;
    if (left < rows->page.limit)
        rows->page.limit = left;
    TRY(db_event_list(store_each(rows->site->store), rows->call->arena, options_text(o, "actor"), &rows->page, &found));
    for (size_t i = 0; i < found.count; i++)
        verb_add_row(rows, event_json(rows->call, &found.rows[i]));
    rows->total = found.total < most ? found.total : most;
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {site_open_db, NULL, read_events, NULL, "at name actor client_id subject address detail", true};
    return verb_run_list(call, &what);
}

/* Oldest first, a line each, so that a later export goes on with --after. Each page has memory of its own. */
static int run_export(struct command_call *call)
{
    struct site *site;
    int64_t after = options_number(&call->options, "after", 0), class = class_of(options_text(&call->options, "class"));
    int status = site_open_db(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    for (;;) {
        struct db_event *rows;
        size_t count = 0;
        struct arena *a = arena_new(PAGE_MEMORY), *own = call->arena;
        err e = a != NULL ? db_event_after(store_each(site->store), a, class, after, &rows, &count) : ERR(UNAVAILABLE, "no memory");
        call->arena = a;
        str line;
        for (size_t i = 0; i < count && !FAILED(e); i++) {
            e = output_json(a, event_json(call, &rows[i]), &line);
            if (!FAILED(e) && printf("%.*s\n", STR_FMT(line)) < 0)
                e = ERR(SERVER_ERROR, "event: standard output cannot be written");
            after = rows[i].number;
        }
        call->arena = own;
        bool last = FAILED(e) || count == 0;
        arena_release(a);
        if (FAILED(e))
            return command_failed(call, e, NULL);
        if (last)
            return fflush(stdout) == 0 ? COMMAND_DONE : command_refuse(call, "standard output cannot be written");
    }
}

/* clang-format off */
const struct command cmd_event[] = {
    {"export", NULL, options_export, run_export, "Print the whole audit trail as JSON lines, oldest first"},
    {"list", NULL, options_list, run_list, "List events, newest first"},
    COMMAND_END,
};
/* clang-format on */
