/* SPDX-License-Identifier: MIT
 * console_access: what may act for a person: applications that they have allowed, and browsers where they are logged in. Relies
 * on authorize/consent and on user/user. Promises: a person sees and ends all of it, and nobody else's (CO-04, LS-17). */
#include "endpoint/console/console.h"
#include "user/user.h"
#include "endpoint/console/widget.h"
#include "authorize/consent.h"
#include "base/banned.h"

/* The words of both, each once. */
static str words_together(struct arena *a, str one, str other)
{
    str word, all = one;
    for (str rest = other; str_filled(rest) && str_next(&rest, ' ', &word);) {
        if (str_has_word(all, word))
            continue;
        all = str_filled(all) ? str_format(a, "%.*s %.*s", STR_FMT(all), STR_FMT(word)) : word;
    }
    return all;
}

/* One row an application: grants come newest first; those of the same client before `i` were told already. */
static bool was_client_listed(const struct db_authorization *grants, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (grants[k].client_number == grants[i].client_number)
            return true;
    return false;
}

static void put_client(struct call *c, struct page_fields *f, const struct db_authorization *grants, size_t count)
{
    const struct db_client *client = cache_client_by_number(c->context->snapshot, grants[0].client_number);
    if (!client)
        return;
    str scope = STR("");
    unix_time created = grants[0].created_at, used = 0;
    for (size_t i = 0; i < count; i++) {
        if (grants[i].client_number != client->number)
            continue;
        scope = words_together(c->context->arena, scope, grants[i].scope);
        created = grants[i].created_at < created ? grants[i].created_at : created;
        used = grants[i].last_used_at > used ? grants[i].last_used_at : used;
    }
    struct page_fields *row = page_row(f, "applications");
    page_put(row, "client_name", client->name);
    page_put(row, "client_path", widget_escaped(c, client->id));
    page_put(row, "scope", scope);
    page_put_time(row, "created", created);
    page_put_time(row, "used", used);
}

err console_access_applications_get(struct call *c)
{
    struct db_authorization *grants;
    size_t count;
    TRY(consent_applications(c->context, &c->actor, c->session.user->number, &grants, &count));
    struct page_fields *f = widget_account(c, "nav_applications");
    page_list(f, "applications");
    for (size_t i = 0; i < count; i++)
        if (!was_client_listed(grants, i))
            put_client(c, f, grants + i, count - i);
    return call_page(c, 200, "applications.html", f);
}

static fallible client_asked(struct call *c, const struct db_client **out)
{
    *out = client_find(c->context, c->parameters[0]);
    if (!*out)
        FAIL(NOT_FOUND, "access: no such client");
    return OK;
}

err console_access_application_revoke_get(struct call *c)
{
    const struct db_client *client;
    TRY(client_asked(c, &client));
    struct page_fields *f = widget_account(c, "nav_applications");
    page_put(f, "client_name", client->name);
    page_put(f, "client_path", widget_escaped(c, client->id));
    return call_page(c, 200, "application_revoke.html", f);
}

err console_access_application_revoke_post(struct call *c)
{
    const struct db_client *client;
    TRY(client_asked(c, &client));
    TRY(consent_revoke_client(c->context, &c->actor, c->session.user->number, client->id));
    return call_redirect(c, STR("/account/applications?done=access-ended"));
}

/* Names of the applications that were given something in the session, and still have it. */
static str applications_of(struct call *c, str session_id, const struct db_authorization *grants, size_t count)
{
    struct buf b = buf_new(c->context->arena, BUF_PAGE_MAX / 4);
    str out = STR("");
    for (size_t i = 0; i < count; i++) {
        const struct db_client *client = cache_client_by_number(c->context->snapshot, grants[i].client_number);
        if (!client || !str_equal(grants[i].session_id, session_id))
            continue;
        if (b.n > 0)
            buf_add_z(&b, ", ");
        buf_add(&b, str_filled(client->name) ? client->name : client->id);
    }
    return b.n == 0 || FAILED(buf_done(&b, &out)) ? STR("") : out;
}

err console_access_sessions_get(struct call *c)
{
    struct db_session *rows;
    struct db_authorization *grants;
    size_t count, granted;
    TRY(session_list(c->context, c->session.user->number, &rows, &count));
    TRY(consent_authorizations(c->context, &c->actor, c->session.user->number, &grants, &granted));
    struct page_fields *f = widget_account(c, "nav_sessions");
    page_list(f, "sessions");
    for (size_t i = 0; i < count; i++) {
        struct page_fields *row = page_row(f, "sessions");
        page_put(row, "session_id", rows[i].id);
        page_put(row, "agent", rows[i].user_agent);
        page_put(row, "address", rows[i].address);
        page_put_time(row, "created", rows[i].created_at);
        page_put_time(row, "seen", rows[i].last_seen_at);
        page_put(row, "applications", applications_of(c, rows[i].id, grants, granted));
        page_put_flag(row, "here", rows[i].number == c->session.row->number);
    }
    page_put_flag(f, "others", count > 1);
    return call_page(c, 200, "sessions.html", f);
}

err console_access_session_end_post(struct call *c)
{
    bool ended;
    TRY(user_end_session(c->context, &c->actor, c->session.user->number, c->parameters[0], &ended));
    if (!ended)
        FAIL(NOT_FOUND, "access: no such session");
    return call_redirect(c, STR("/account/sessions?done=session-ended"));
}

/* A list holds so many and no more, so this is asked again until there was nothing to end. */
static fallible end_other_sessions(struct call *c, bool *any)
{
    struct db_session *rows;
    size_t count;
    *any = false;
    TRY(session_list(c->context, c->session.user->number, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        bool ended = false;
        if (rows[i].number != c->session.row->number)
            TRY(user_end_session(c->context, &c->actor, c->session.user->number, rows[i].id, &ended));
        *any = *any || ended;
    }
    return OK;
}

err console_access_sessions_end_others_post(struct call *c)
{
    bool any = true;
    while (any)
        TRY(end_other_sessions(c, &any));
    return call_redirect(c, STR("/account/sessions?done=sessions-ended"));
}
