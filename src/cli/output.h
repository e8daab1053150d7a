/* SPDX-License-Identifier: MIT
 * output: a command's answer, made once as JSON, printed as that (--json) or for people: an object as lines `name: value`, a
 * list as a table. Control bytes never reach the terminal. */
#ifndef JETON_CLI_OUTPUT_H
#define JETON_CLI_OUTPUT_H
#include "cli/command.h"
#include "base/clock.h"
#include "codec/json.h"

/* `columns`: the members to show people, separated by spaces; NULL: all of them. The exit status. */
int output_value(struct command_call *call, const json *value, const char *columns);
/* Something was done: with --json `value`, else the sentence. */
int output_done(struct command_call *call, const json *value, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A longer text; with --json {"<name>": text}. */
int output_text(struct command_call *call, const char *name, str text);
/* A further line for people; nothing with --json. */
void output_note(struct command_call *call, const char *text);
/* A time as RFC 3339 UTC; 0 becomes null. */
void output_time(struct command_call *call, json *object, const char *name, unix_time t);
/* Text of strangers for a terminal: what is not readable, or could steer it, becomes `?`. */
void output_add_clean(struct buf *b, str text);
/* The JSON text of a value, in which what could steer a terminal is escaped. */
fallible output_json(struct arena *a, const json *value, str *out);
/* Lines separated by \n as a list. */
void output_lines(struct command_call *call, json *object, const char *name, str lines);
#endif
