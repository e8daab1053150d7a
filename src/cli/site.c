/* SPDX-License-Identifier: MIT
 * site: opens what a command works on. Relies on settings, store and directory; promises that whatever was opened is closed
 * when the call's arena ends, in the opposite order, also after a failure half way. (Servers on the
 * same directory learn of changes from the store.) */
#include "cli/site.h"
#include "codec/url.h"
#include "base/banned.h"

enum { SITE_USER_CACHE = 256 };

static void close_db(void *db)
{
    store_close(db);
}
static void close_cache(void *cache)
{
    cache_close(cache);
}
static void close_authority(void *authority)
{
    authority_close(authority);
}
static void leave_context(void *object)
{
    struct site *site = object;
    if (site->entered)
        authority_leave(&site->context);
    site->entered = false;
}

/* --database: sqlite:DIR is --data DIR by another name. */
static int take_database(struct command_call *call, str url, str *texts)
{
    bool sqlite = str_starts(url, STR("sqlite:"));
    if (!sqlite && !settings_database_form(url))
        return command_misused(call, "--database must be sqlite:DIR or postgresql://…");
    if (!sqlite) {
        if (settings_has_password(url)) /* seen by everybody on the machine */
            return command_misused(call, "--database must not contain the password, because everyone on this machine could read it: put it in the settings "
                                         "file, or in a password file (~/.pgpass, or passfile=FILE)");
        texts[SETTINGS_database] = url;
        return COMMAND_DONE;
    }
    if (options_has(&call->options, "data"))
        return command_misused(call, "--data and --database sqlite:DIR mean the same thing: give only one of them");
    if (url.n == 7)
        return command_misused(call, "--database must be sqlite:DIR or postgresql://…");
    texts[SETTINGS_data] = (str){url.p + 7, url.n - 7};
    texts[SETTINGS_database] = STR("");
    return COMMAND_DONE;
}
int site_settings(struct command_call *call, struct settings *out)
{
    const struct options *o = &call->options;
    struct problems *p = ARENA_NEW(call->arena, struct problems);
    str *texts = arena_array(call->arena, SETTINGS_COUNT, sizeof *texts);
    if (!p || !texts)
        return command_refuse(call, "out of memory while reading the settings");
    for (size_t i = 0; i < o->count; i++) {
        if (o->rows[i]->kind == OPTION_SETTING && o->order[i] != 0)
            texts[settings_find(str_of(o->rows[i]->name))] = o->values[i];
    }
    if (options_has(o, "data"))
        texts[SETTINGS_data] = options_text(o, "data");
    if (options_has(o, "database")) {
        int status = take_database(call, options_text(o, "database"), texts);
        if (status != COMMAND_DONE)
            return status;
    }
    const char *file = options_has(o, "config") ? str_z(call->arena, options_text(o, "config")) : NULL;
    struct settings_input input = {.file = file, .options = texts, .environment = call->world->environment};
    err e = settings_load(call->arena, &input, out, p);
    return FAILED(e) ? command_failed(call, e, p) : COMMAND_DONE;
}
static int refuse_missing_database(struct command_call *call, const struct site *site)
{
    return command_refuse(call, "there is no database in \"%s\": name its directory with --data DIR, or start with jeton user add or jeton client add",
                          site->directory);
}
int site_open_db(struct command_call *call, enum site_open_how how, struct site **out)
{
    struct arena *a = call->arena;
    struct site *site = ARENA_NEW(a, struct site);
    if (!site)
        return command_refuse(call, "no memory");
    int status = site_settings(call, &site->settings);
    if (status != COMMAND_DONE)
        return status;
    site->directory = str_z(a, site->settings.data);
    if (!site->directory)
        return command_misused(call, "--data must be a path");
    struct store_options options = {.directory = site->directory, .database = str_z(a, site->settings.database), .create = how == SITE_MAKE, .threads = false};
    err e = store_open(&options, &site->store);
    if (e.kind == ERR_NOT_FOUND)
        return refuse_missing_database(call, site);
    if (!FAILED(e))
        e = arena_on_release(a, close_db, site->store);
    if (FAILED(e))
        return command_refuse(call, "cannot open the database in \"%s\" (--data): %s", site->directory, err_told(e));
    *out = site;
    return COMMAND_DONE;
}
static fallible prepare_authority(struct command_call *call, struct site *site)
{
    struct arena *a = call->arena;
    struct authority *authority = &site->authority;
    struct url u;
    authority->store = site->store;
    authority->cache = site->cache;
    /* Port 0 is a free one that only the server knows; commands put no address into anything. */
    uint16_t port = site->settings.listen_port == 0 ? 443 : site->settings.listen_port;
    authority->issuer = settings_issuer(a, &site->settings, port);
    if (!str_present(authority->issuer))
        FAIL(UNAVAILABLE, "no memory for the issuer");
    TRY(url_parse(authority->issuer, &u));
    authority->issuer_origin = url_origin(a, &u);
    authority->base = settings_base(&site->settings);
    authority->secure = str_equal_nocase(u.scheme, STR("https"));
    settings_policy(&site->settings, &authority->policy);
    if (site->settings.source[SETTINGS_outgoing_ports] == SETTINGS_FROM_DEFAULT)
        authority->policy.fetch.ports = STR_ABSENT; /* the default hangs on settings of the server's that a command may not see */
    TRY(authority_open(authority, site->directory));
    return arena_on_release(a, close_authority, authority);
}
static fallible enter_site_authority(struct command_call *call, struct site *site)
{
    TRY(authority_enter(&site->authority, call->arena, &site->context));
    site->entered = true;
    return OK;
}
static fallible open_floors(struct command_call *call, struct site *site)
{
    TRY(cache_open(site->store, SITE_USER_CACHE, &site->cache));
    TRY(arena_on_release(call->arena, close_cache, site->cache));
    TRY(prepare_authority(call, site));
    TRY(arena_on_release(call->arena, leave_context, site));
    return enter_site_authority(call, site);
}
int site_enter(struct command_call *call, struct site *site)
{
    err e = open_floors(call, site);
    if (FAILED(e))
        return command_refuse(call, "cannot use the data in \"%s\" (--data): %s", site->directory, err_told(e));
    return COMMAND_DONE;
}
int site_open(struct command_call *call, enum site_open_how how, struct site **out)
{
    struct site *site;
    int status = site_open_db(call, how, &site);
    if (status == COMMAND_DONE)
        status = site_enter(call, site);
    if (status == COMMAND_DONE)
        *out = site;
    return status;
}
int site_changed(struct command_call *call, struct site *site)
{
    leave_context(site);
    err e = enter_site_authority(call, site); /* the facts as they are now */
    return FAILED(e) ? command_failed(call, e, NULL) : COMMAND_DONE;
}
