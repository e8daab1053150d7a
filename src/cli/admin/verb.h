/* SPDX-License-Identifier: MIT
 * verb: what the verbs of all nouns have in common: a list, page by page; an addition or a change, and what is there after it; a removal. A noun's
 * file holds only what is its own. */
#ifndef JETON_CLI_ADMIN_VERB_H
#define JETON_CLI_ADMIN_VERB_H
#include "cli/site.h"
#include "codec/json.h"
#include "context/actor.h"

/* `jeton NOUN list [OWNER]`. */
struct verb_rows {
    struct command_call *call;
    struct site *site;
    str owner;           /* whose rows; absent: the noun has no owners */
    struct db_page page; /* the one that is wanted now */
    int64_t total;       /* put there by read_page; 0: what was read is all */
    json *list;
};
struct verb_list {
    int (*open)(struct command_call *call, enum site_open_how how, struct site **out); /* site_open, or less of it */
    int (*find_owner)(struct command_call *call, struct site *site, str *owner);       /* the exit status; NULL: the noun has no owners */
    err (*read_page)(struct verb_rows *rows);                                          /* gives each row to verb_add_row */
    const char *order_by, *columns;                                                    /* order_by NULL: the list's own order; columns: what people see */
    bool filter;                                                                       /* it has the option --filter */
};
int verb_run_list(struct command_call *call, const struct verb_list *what);
void verb_add_row(struct verb_rows *rows, json *row);

/* `jeton NOUN add|edit NAME`. In sentences the name stands between `before` and `after`; after NULL: `before` is the whole sentence. */
struct verb_change {
    enum site_open_how how;
    const char *thing; /* for sentences: "scope" */
    const char *before, *after;
    err (*apply)(struct context *ctx, const void *edit, struct problems *p); /* by actor_owner */
    json *(*show)(struct command_call *call, const struct site *site);       /* what the name stands for now; NULL: nothing more */
};
int verb_run_change(struct command_call *call, const struct verb_change *what, const void *edit);

/* `jeton NOUN remove NAME`, and what is like it. Refused when there is none of that name. */
struct verb_removal {
    const char *thing, *hint; /* "scope"; where people see which are there: "jeton scope list shows which are there" */
    const char *member;       /* what the name is called in JSON */
    const char *done;         /* the JSON member that says true: "removed" */
    const char *before, *after;
    err (*remove)(struct context *ctx, str name, bool *removed); /* by actor_owner */
};
int verb_run_removal(struct command_call *call, const struct verb_removal *what);

/* The person whom the first argument names, by username or id: the exit status. */
struct db_user;
int verb_find_user(struct command_call *call, struct site *site, struct db_user **out);
int verb_find_owner(struct command_call *call, struct site *site, str *owner); /* the same: their id, for struct verb_list */
#endif
