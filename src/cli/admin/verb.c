/* SPDX-License-Identifier: MIT
 * verb: list, add, edit and remove in one way for all nouns. Relies on the noun for the rules and on site for what is opened. Promises that a list is
 * whole or refused, that what is printed after a change was read after it, and that a name that is not there is never answered with success. */
#include "cli/admin/verb.h"

#include "cli/output.h"
#include "user/user.h"

#include "base/banned.h"

enum { PAGE_ROWS = 100 };

void verb_add_row(struct verb_rows *rows, json *row)
{
    json_add(rows->call->arena, rows->list, row);
}
static fallible read_all_pages(const struct verb_list *what, struct verb_rows *rows)
{
    size_t before;
    do {
        before = json_count(rows->list);
        rows->page.limit = PAGE_ROWS;
        TRY(what->read_page(rows));
        rows->page.offset = (int64_t)json_count(rows->list);
    } while (json_count(rows->list) > before && rows->page.offset < rows->total);
    return OK;
}
int verb_run_list(struct command_call *call, const struct verb_list *what)
{
    struct verb_rows rows = {.call = call, .list = json_list_new(call->arena)};
    rows.page.order_by = what->order_by ? str_of(what->order_by) : STR_ABSENT;
    rows.page.filter = what->filter ? options_text(&call->options, "filter") : STR_ABSENT;
    int status = what->open(call, SITE_MUST_EXIST, &rows.site);
    if (status == COMMAND_DONE && what->find_owner)
        status = what->find_owner(call, rows.site, &rows.owner);
    if (status != COMMAND_DONE)
        return status;
    err e = read_all_pages(what, &rows);
    return FAILED(e) ? command_failed(call, e, NULL) : output_value(call, rows.list, what->columns);
}

static int print_done(struct command_call *call, const json *value, const char *before, const char *after)
{
    str name = command_argument(call, 0);
    return after ? output_done(call, value, "%s%.*s%s", before, STR_FMT(name), after) : output_done(call, value, "%s", before);
}
int verb_run_change(struct command_call *call, const struct verb_change *what, const void *edit)
{
    struct site *site;
    struct problems p = {0};
    str name = command_argument(call, 0);
    int status = site_open(call, what->how, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = what->apply(&site->context, edit, &p);
    if (e.kind == ERR_CONFLICT && p.count == 0)
        return command_refuse(call, "the %s \"%.*s\" already exists", what->thing, STR_FMT(name));
    if (e.kind == ERR_NOT_FOUND)
        return command_refuse(call, "there is no %s \"%.*s\"", what->thing, STR_FMT(name));
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = site_changed(call, site);
    if (status != COMMAND_DONE)
        return status;
    json *now = what->show(call, site);
    return now ? print_done(call, now, what->before, what->after) : command_refuse(call, "the %s has been removed in the meantime", what->thing);
}

int verb_run_removal(struct command_call *call, const struct verb_removal *what)
{
    struct site *site;
    bool removed = false;
    str name = command_argument(call, 0);
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = what->remove(&site->context, name, &removed);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    if (!removed)
        return command_refuse(call, "there is no %s \"%.*s\"; %s", what->thing, STR_FMT(name), what->hint);
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, what->member, name);
    json_put_boolean(call->arena, j, what->done, true);
    return print_done(call, j, what->before, what->after);
}

int verb_find_user(struct command_call *call, struct site *site, struct db_user **out)
{
    struct db_user *user = NULL;
    str name = command_argument(call, 0);
    err e = user_find(&site->context, name, &user);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    if (!user)
        return command_refuse(call, "there is no user \"%.*s\"; to see all users, run jeton user list", STR_FMT(name));
    *out = user;
    return COMMAND_DONE;
}
int verb_find_owner(struct command_call *call, struct site *site, str *owner)
{
    struct db_user *user;
    int status = verb_find_user(call, site, &user);
    if (status == COMMAND_DONE)
        *owner = user->id;
    return status;
}
