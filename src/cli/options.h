/* SPDX-License-Identifier: MIT
 * options: one table-driven parser for every command. `--name value` and `--name=value`; `--` ends the options; dashes and
 * underscores in names are the same. An option that may not repeat and does, an unknown one, and a value of the wrong form are
 * wrong usage. */
#ifndef JETON_CLI_OPTIONS_H
#define JETON_CLI_OPTIONS_H
#include "base/str.h"

enum option_kind {
    OPTION_END = 0,
    OPTION_FLAG,   /* takes no value */
    OPTION_TEXT,   /* 1.. bytes of valid UTF-8 without controls, or `least` bytes at the least when that is negative: 0 */
    OPTION_WORDS,  /* words separated by spaces, RFC 6749 3.3 characters; may repeat (joined); may be empty */
    OPTION_NUMBER, /* least..most */
    OPTION_CHOICE, /* one of the words in `shape`, separated by | */
    OPTION_ID,     /* 1..255 visible ASCII characters */
    OPTION_URL,    /* an absolute URL */
    OPTION_LINES,  /* text as OPTION_TEXT with least -1, may repeat: lines; one empty value alone: an empty list */
    OPTION_URLS,   /* that, may repeat: lines; one empty value alone: an empty list */
    OPTION_SECRET, /* a flag: a line of standard input is read for it, in the order of the command line */
    OPTION_SETTING /* a server setting: its row judges the value */
};
struct option {
    const char *name; /* without the leading dashes */
    enum option_kind kind;
    const char *shape; /* what stands for the value in the usage; NULL for flags */
    int64_t least, most;
    const char *help; /* one sentence, without a full stop */
};
enum { OPTIONS_ROWS_MAX = 128, OPTIONS_ARGUMENTS_MAX = 8, OPTION_LINE_MAX = 16384 };

struct options {
    const struct option *rows[OPTIONS_ROWS_MAX]; /* both tables, one after the other */
    size_t count;
    str values[OPTIONS_ROWS_MAX];         /* absent: not given; flags: empty */
    size_t order[OPTIONS_ROWS_MAX];       /* position on the command line, from 1; 0: not given */
    str arguments[OPTIONS_ARGUMENTS_MAX]; /* what is no option */
    size_t argument_count;
};
/* Tables end with a row of OPTION_END. INVALID_REQUEST for wrong usage, and then *trouble is the sentence (arena memory). */
fallible options_parse(struct arena *a, const struct option *const tables[2], const char *const *words, struct options *out, const char **trouble);
/* By name, which must stand in a table. Absent, false, `fallback` when it was not given. */
str options_text(const struct options *o, const char *name);
bool options_has(const struct options *o, const char *name);
int64_t options_number(const struct options *o, const char *name, int64_t fallback);
/* Reads a line for each OPTION_SECRET that was given, in order, through `read`, into its value. */
fallible options_read_secrets(struct arena *a, struct options *o, err (*read)(struct arena *a, str *line), const char **trouble);
/* "  --name VALUE   what it does" for each row. */
struct buf;
void options_usage(struct buf *b, const struct option *table);
#endif
