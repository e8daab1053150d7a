/* SPDX-License-Identifier: MIT
 * command: `jeton <noun> <verb> [options]`. One row per command carries everything: its arguments, its options, its help, what
 * it needs of the data directory. Exit status: 0 done, 1 refused or failed (one line on standard error), 2 wrong usage. */
#ifndef JETON_CLI_COMMAND_H
#define JETON_CLI_COMMAND_H
#include "cli/options.h"
#include "context/problem.h"

enum command_status { COMMAND_DONE = 0, COMMAND_REFUSED = 1, COMMAND_USAGE = 2 };

struct settings;
struct command;
/* What main gives: the process around the commands. */
struct command_world {
    const char *const *environment;
    int (*serve)(const struct settings *settings, struct arena *arena);
};
struct command_call {
    const struct command_world *world;
    const struct command *command;
    struct arena *arena; /* wiped when the command ends */
    struct options options;
    bool json;
};
struct command {
    const char *verb;      /* NULL: the noun alone is the command */
    const char *arguments; /* "NAME": as many words as must be there; in brackets: may be left out; NULL: none */
    const struct option *options;
    int (*run)(struct command_call *call);
    const char *help; /* one sentence, without a full stop */
};
struct command_noun {
    const char *name;
    const struct command *commands; /* ends with a row whose `run` is NULL */
    const char *help;
};
extern const struct command_noun command_nouns[];
extern const size_t command_noun_count;
extern const struct option command_common[]; /* --data --database --config --json --help */

/* words: the command line without the program's name, NULL at the end. */
int command_run(const struct command_world *world, const char *const *words);
const struct command_noun *command_find_noun(str name); /* NULL: none */
/* Text for people: of one command, of one noun, of all. */
void command_usage_of(struct buf *b, const struct command_noun *noun, const struct command *command);
void command_usage_noun(struct buf *b, const struct command_noun *noun);
void command_usage_all(struct buf *b);

/* The i-th argument; absent when it was not given. */
str command_argument(const struct command_call *call, size_t i);
/* One line on standard error; the exit status. Control bytes in it are replaced. */
int command_refuse(struct command_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
int command_misused(struct command_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The line for an err: the problems when there are any, else the kind's sentence and, as this is the administrator, why. */
int command_failed(struct command_call *call, err e, const struct problems *p);
#endif
