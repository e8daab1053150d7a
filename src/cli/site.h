/* SPDX-License-Identifier: MIT
 * site: the data directory that a command works on, opened as the directory's rules want it: settings, store, facts, keys. */
#ifndef JETON_CLI_SITE_H
#define JETON_CLI_SITE_H
#include "cli/command.h"
#include "config/settings.h"

enum site_open_how { SITE_MUST_EXIST, SITE_MAKE }; /* MAKE: the first thing that is added makes the directory */
struct site {
    struct settings settings;
    const char *directory;
    struct store *store;
    struct cache *cache;
    struct authority authority;
    struct context context;
    bool entered;
};
/* The settings that hold for this call: --data, --database, --config, options of `serve`, environment, file. Prints what is
 * wrong. */
int site_settings(struct command_call *call, struct settings *out);
/* COMMAND_DONE, or the exit status after its line was printed. Closed, whatever happens, when the call's arena is released. */
int site_open(struct command_call *call, enum site_open_how how, struct site **out);
/* In two steps: the database alone, then all that stands on it. */
int site_open_db(struct command_call *call, enum site_open_how how, struct site **out);
int site_enter(struct command_call *call, struct site *site);
/* Something was changed: from now on the context has the facts as they are. */
int site_changed(struct command_call *call, struct site *site);
#endif
