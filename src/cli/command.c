/* SPDX-License-Identifier: MIT
 * command: finds the row for the words, parses its options, runs it. Relies on the table of nouns and on options. Promises that
 * standard output gets nothing but a command's answer, that what went wrong is one line on standard error without control
 * bytes, and that the arena, with every secret in it, is wiped before the process ends. */
#include "cli/command.h"
#include "base/buf.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/banned.h"

enum { COMMAND_MEMORY = 64 << 20, USAGE_MAX = 65536 };

/* clang-format off */
const struct option command_common[] = {
    {"data",     OPTION_TEXT, "DIR",  1, 0, "Data directory. Default: $JETON_DATA, or ./data."},
    {"database", OPTION_TEXT, "URL",  1, 0, "PostgreSQL database (postgresql://HOST/NAME) to use with the data directory; or sqlite:DIR, which means the same as --data DIR."},
    {"config",   OPTION_TEXT, "FILE", 1, 0, "Settings file. Default: $JETON_CONFIG, or DIR/jeton.conf if it exists."},
    {"json",     OPTION_FLAG, NULL,   0, 0, "Print one JSON object or array on standard output and nothing else."},
    {"help",     OPTION_FLAG, NULL,   0, 0, "Show this help."},
    {NULL,       OPTION_END,  NULL,   0, 0, NULL},
};
/* clang-format on */

static void print_error_line(struct arena *a, const char *text)
{
    struct buf flat = buf_new(a, BUF_LINE_MAX), b = buf_new(a, BUF_LINE_MAX);
    str line;
    for (const char *c = text ? text : "no memory"; *c; c++)
        buf_char(&flat, (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c);
    if (!FAILED(buf_done(&flat, &line)))
        output_add_clean(&b, line);
    if (flat.over || FAILED(buf_done(&b, &line)))
        line = STR("out of memory while reporting an error");
    (void)fflush(stdout);
    (void)fprintf(stderr, "jeton: %.*s\n", STR_FMT(line));
}
__attribute__((format(printf, 2, 0))) static str said(struct arena *a, const char *format, va_list values)
{
    char text[BUF_LINE_MAX / 2];
    int n = vsnprintf(text, sizeof text, format, values);
    return n < 0 ? STR_ABSENT : str_dup(a, str_of(text));
}
int command_refuse(struct command_call *call, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    str text = said(call->arena, format, values);
    va_end(values);
    print_error_line(call->arena, text.p);
    return COMMAND_REFUSED;
}
int command_misused(struct command_call *call, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    str text = said(call->arena, format, values);
    va_end(values);
    print_error_line(call->arena, str_format(call->arena, "%.*s (see jeton help)", STR_FMT(text)).p);
    return COMMAND_USAGE;
}
int command_failed(struct command_call *call, err e, const struct problems *p)
{
    struct buf b = buf_new(call->arena, BUF_LINE_MAX / 2);
    str text;
    for (size_t i = 0; p && i < p->count; i++) {
        if (i > 0)
            buf_add_z(&b, "; ");
        buf_format(&b, "%s: ", p->rows[i].field ? p->rows[i].field : "data");
        buf_add(&b, p->rows[i].message);
    }
    if (b.n == 0 && e.reason && e.reason->say)
        buf_add_z(&b, err_say(e));
    else if (b.n == 0)
        buf_format(&b, "%s (%s)", err_say(e), err_why(e));
    if (FAILED(buf_done(&b, &text)))
        text = STR("there are too many errors to show on one line");
    print_error_line(call->arena, text.p);
    return COMMAND_REFUSED;
}

str command_argument(const struct command_call *call, size_t i)
{
    return i < call->options.argument_count ? call->options.arguments[i] : STR_ABSENT;
}
const struct command_noun *command_find_noun(str name)
{
    for (size_t i = 0; i < command_noun_count; i++) {
        if (str_is(name, command_nouns[i].name))
            return &command_nouns[i];
    }
    return NULL;
}
static const struct command *find_verb(const struct command_noun *noun, const char *verb)
{
    for (const struct command *c = noun->commands; c->run; c++) {
        if (!c->verb || (verb && strcmp(c->verb, verb) == 0))
            return c;
    }
    return NULL;
}

void command_usage_of(struct buf *b, const struct command_noun *noun, const struct command *command)
{
    buf_format(b, "usage: jeton %s%s%s%s%s [options]\n%s.\n\n", noun->name, command->verb ? " " : "", command->verb ? command->verb : "",
               command->arguments ? " " : "", command->arguments ? command->arguments : "", command->help);
    options_usage(b, command->options);
    options_usage(b, command_common);
}
void command_usage_noun(struct buf *b, const struct command_noun *noun)
{
    if (!noun->commands->verb) {
        command_usage_of(b, noun, noun->commands);
        return;
    }
    buf_format(b, "jeton %s: %s.\n", noun->name, noun->help);
    for (const struct command *c = noun->commands; c->run; c++) {
        buf_format(b, "\njeton %s%s%s%s%s\n  %s.\n", noun->name, c->verb ? " " : "", c->verb ? c->verb : "", c->arguments ? " " : "",
                   c->arguments ? c->arguments : "", c->help);
        options_usage(b, c->options);
    }
    buf_add_z(b, "\nEvery command also takes:\n");
    options_usage(b, command_common);
}
void command_usage_all(struct buf *b)
{
    buf_add_z(b, "usage: jeton NOUN [VERB] [options]\n\n");
    for (size_t i = 0; i < command_noun_count; i++) {
        const struct command_noun *noun = &command_nouns[i];
        buf_format(b, "  %-12s %s", noun->name, noun->help);
        for (const struct command *c = noun->commands; c->run && c->verb; c++)
            buf_format(b, "%s%s", c == noun->commands ? ": " : ", ", c->verb);
        buf_char(b, '\n');
    }
    buf_add_z(b, "\nEvery command takes:\n");
    options_usage(b, command_common);
    buf_add_z(b, "\nRun jeton help NOUN to see the commands of one noun.\n");
}

/* How many words a description such as "NAME [FILE]" asks for. */
static void count_arguments(const char *description, size_t *least, size_t *most)
{
    str rest = str_of(description), word;
    *least = *most = 0;
    while (description && str_next(&rest, ' ', &word)) {
        *most += 1;
        *least += word.p[0] != '[';
    }
}
static int help_for(struct command_call *call, const struct command_noun *noun, bool whole_noun)
{
    struct buf b = buf_new(call->arena, USAGE_MAX);
    str text;
    if (whole_noun)
        command_usage_noun(&b, noun);
    else
        command_usage_of(&b, noun, call->command);
    if (FAILED(buf_done(&b, &text)))
        return command_refuse(call, "out of memory while writing the help");
    return output_text(call, "usage", text);
}
static int run_row(struct command_call *call, const struct command_noun *noun, const char *const *words)
{
    const struct command *c = call->command;
    const struct option *const tables[2] = {c->options, command_common};
    const char *trouble = NULL;
    size_t least, most;
    count_arguments(c->arguments, &least, &most);
    err e = options_parse(call->arena, tables, words, &call->options, &trouble);
    if (FAILED(e))
        return command_misused(call, "%s", trouble ? trouble : "wrong usage");
    call->json = options_has(&call->options, "json");
    if (options_has(&call->options, "help"))
        return help_for(call, noun, false);
    if (call->options.argument_count < least || call->options.argument_count > most)
        return command_misused(call, "jeton %s%s%s takes %s", noun->name, c->verb ? " " : "", c->verb ? c->verb : "",
                               c->arguments ? c->arguments : "no arguments");
    e = options_read_secrets(call->arena, &call->options, prompt_line, &trouble);
    if (FAILED(e))
        return command_refuse(call, "%s", trouble ? trouble : "standard input could not be read");
    return c->run(call);
}
static bool asks_help(const char *word)
{
    return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}
static int dispatch_command(struct command_call *call, const char *const *words)
{
    if (!words[0])
        return command_misused(call, "no command given");
    const char *name = asks_help(words[0]) ? "help" : strcmp(words[0], "--version") == 0 ? "version" : words[0];
    const struct command_noun *noun = command_find_noun(str_of(name));
    if (!noun)
        return command_misused(call, "unknown command \"%s\"", words[0]);
    call->command = find_verb(noun, words[1]);
    if (!call->command && asks_help(words[1]))
        return help_for(call, noun, true);
    if (!call->command && !words[1])
        return command_misused(call, "jeton %s needs a verb", noun->name);
    if (!call->command)
        return command_misused(call, "unknown command \"%s %s\"", noun->name, words[1]);
    return run_row(call, noun, words + (call->command->verb ? 2 : 1));
}
int command_run(const struct command_world *world, const char *const *words)
{
    struct command_call *call;
    struct arena *a = arena_new(COMMAND_MEMORY);
    call = a ? ARENA_NEW(a, struct command_call) : NULL;
    if (!call) {
        arena_release(a);
        (void)fprintf(stderr, "jeton: no memory\n");
        return COMMAND_REFUSED;
    }
    call->world = world;
    call->arena = a;
    int status = dispatch_command(call, words);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == COMMAND_DONE)
        status = command_refuse(call, "standard output could not be written");
    arena_release(a);
    return status;
}
