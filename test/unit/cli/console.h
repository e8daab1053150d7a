/* SPDX-License-Identifier: MIT
 * console: runs commands as a person's shell does: words in, standard input from a text, standard output and error kept apart. The data directory is the
 * fixture's, whose keys are ready-made; what a command did is asked of the store through another authority over it. */
#ifndef JETON_TEST_CONSOLE_H
#define JETON_TEST_CONSOLE_H
#include "cli/command.h"
#include "codec/json.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CONSOLE_WORDS = 48, CONSOLE_TEXT = 1 << 22 };

struct console {
    struct arena *a;
    struct authority *authority;
    const char *directory;
    const char *input;              /* of the next command; NULL: nothing */
    const char *const *environment; /* NULL: empty */
    int (*serve)(const struct settings *settings, struct arena *arena);
    int status;
    str out, err; /* of the last command */
    int files[3], before[3];
};

static inline struct console console_new(void)
{
    struct console c = {.a = fixture_arena()};
    c.authority = fixture_authority(c.a);
    c.directory = fixture_authority_directory();
    return c;
}

static inline int console_file(const char *text)
{
    int fd = memfd_create("console", MFD_CLOEXEC);
    size_t n = text ? strlen(text) : 0;
    cr_assert(fd >= 0 && write(fd, text ? text : "", n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static inline str console_read(struct console *c, int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);
    cr_assert(end >= 0 && end <= CONSOLE_TEXT);
    size_t n = (size_t)end;
    char *text = arena_take(c->a, n + 1);
    cr_assert(text != NULL && pread(fd, text, n, 0) == (ssize_t)n);
    text[n] = '\0';
    return (str){text, n};
}

/* A console without a store. */
static inline struct console console_bare(void)
{
    struct console c = {.a = fixture_arena()};
    return c;
}

/* Between these two the process's standard files are the console's. */
static inline void console_take(struct console *c)
{
    (void)fflush(NULL);
    c->files[0] = console_file(c->input);
    c->files[1] = console_file(NULL);
    c->files[2] = console_file(NULL);
    for (int i = 0; i < 3; i++) {
        c->before[i] = dup(i);
        cr_assert(c->before[i] >= 0 && dup2(c->files[i], i) == i);
    }
}
static inline int console_give_back(struct console *c, int status)
{
    (void)fflush(NULL);
    for (int i = 0; i < 3; i++) {
        cr_assert(dup2(c->before[i], i) == i);
        close(c->before[i]);
    }
    c->out = console_read(c, c->files[1]);
    c->err = console_read(c, c->files[2]);
    c->input = NULL;
    for (int i = 0; i < 3; i++)
        close(c->files[i]);
    c->status = status;
    return status;
}

/* The words as they are, no directory added. The exit status. */
static inline int console_run(struct console *c, const char *const *words)
{
    static const char *const nothing[] = {NULL};
    struct command_world world = {.environment = c->environment ? c->environment : nothing, .serve = c->serve};
    console_take(c);
    return console_give_back(c, command_run(&world, words));
}
#define CONSOLE_RUN(c_, ...) console_run(c_, (const char *const[]){__VA_ARGS__, NULL})

/* A call with common options alone, for functions that take one. */
static inline struct command_call console_call(struct console *c, const char *const *words)
{
    static const char *const nothing[] = {NULL};
    static struct command_world world;
    static const struct option none[] = {{NULL, OPTION_END, NULL, 0, 0, NULL}};
    const struct option *const tables[2] = {none, command_common};
    struct command_call call = {.world = &world, .arena = c->a};
    const char *trouble = NULL;
    world.environment = c->environment ? c->environment : nothing;
    cr_assert(!FAILED(options_parse(c->a, tables, words, &call.options, &trouble)), "%s", trouble);
    call.json = options_has(&call.options, "json");
    return call;
}

/* The words, and --data DIR behind them; `extra` after that, when there is one. */
static inline int console_at(struct console *c, const char *extra, const char *const *words)
{
    const char *all[CONSOLE_WORDS];
    size_t n = 0;
    while (words[n] && n < CONSOLE_WORDS - 4) {
        all[n] = words[n];
        n++;
    }
    cr_assert_null(words[n]);
    all[n++] = "--data";
    all[n++] = c->directory;
    all[n] = extra;
    all[n + 1] = NULL;
    return console_run(c, all);
}
#define CONSOLE(c_, ...) console_at(c_, NULL, (const char *const[]){__VA_ARGS__, NULL})

static inline json *console_parse(struct console *c)
{
    json *value;
    cr_assert(!FAILED(json_parse(c->a, c->out, &value)), "no JSON: %.*s", STR_FMT(c->out));
    cr_assert(c->out.n > 1 && c->out.p[c->out.n - 1] == '\n');
    return value;
}
/* The answer of a command that must be done, with --json. */
static inline json *console_json(struct console *c, const char *const *words)
{
    int status = console_at(c, "--json", words);
    cr_assert_eq(status, COMMAND_DONE, "%d: %.*s", status, STR_FMT(c->err));
    return console_parse(c);
}
#define CONSOLE_JSON(c_, ...) console_json(c_, (const char *const[]){__VA_ARGS__, NULL})

static inline bool console_has(str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}
static inline size_t console_lines(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '\n';
    return count;
}
/* Refused or misused: nothing on standard output, one line on standard error. */
#define CONSOLE_REFUSED(c_, status_, ...)                                                              \
    do {                                                                                               \
        cr_expect_eq(CONSOLE(c_, __VA_ARGS__), status_, "%d: %.*s", (c_)->status, STR_FMT((c_)->err)); \
        cr_expect_eq((c_)->out.n, 0, "%.*s", STR_FMT((c_)->out));                                      \
        cr_expect_eq(console_lines((c_)->err), 1, "%.*s", STR_FMT((c_)->err));                         \
    } while (0)
static inline const json *console_row(const json *list, const char *member, const char *value)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_member_text(json_at(list, i), member), value))
            return json_at(list, i);
    return NULL;
}
static inline bool console_flag(const json *object, const char *member)
{
    bool truth = false;
    return json_boolean_of(json_member(object, member), &truth) && truth;
}
/* A context of the store as it is now. */
static inline struct context *console_context(struct console *c)
{
    cr_assert(!FAILED(cache_refresh(c->authority->cache)));
    return fixture_context(c->authority, c->a);
}
#endif
