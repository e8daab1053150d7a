/* SPDX-License-Identifier: MIT
 * prompt: one line and no byte more from a pipe; from a terminal without echo, and the terminal is put back whatever happens. */
#include "cli/prompt.h"
#include "cli/options.h"
#include "console.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <termios.h>

static struct console c;
static void begin(void)
{
    c = console_bare();
}
TestSuite(prompt, .init = begin, .timeout = 20);

/* n bytes as standard input; how many were read of them. */
static off_t lines_of(const char *text, size_t n, err *e, str *line)
{
    int fd = memfd_create("input", MFD_CLOEXEC), before = dup(0);
    cr_assert(write(fd, text, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, 0) == 0);
    *line = STR_ABSENT;
    *e = prompt_line(c.a, line);
    off_t at = lseek(fd, 0, SEEK_CUR);
    cr_assert_eq(dup2(before, 0), 0);
    close(before);
    close(fd);
    return at;
}
Test(prompt, a_line_is_read_and_what_is_behind_it_stays_for_the_next)
{
    err e;
    str line;
    cr_expect_eq(lines_of("first\nsecond\n", 13, &e, &line), 6);
    cr_expect(!FAILED(e) && str_is(line, "first"));
    cr_expect_eq(lines_of("dos\r\nx", 6, &e, &line), 5);
    cr_expect(!FAILED(e) && str_is(line, "dos"));
    (void)lines_of("the end of the file ends it", 27, &e, &line);
    cr_expect(!FAILED(e) && line.n == 27);
    (void)lines_of(" spaces are part of it \n", 24, &e, &line);
    cr_expect(!FAILED(e) && line.n == 23);
}
Test(prompt, an_empty_an_endless_and_a_torn_line_are_no_secret)
{
    static char longest[OPTION_LINE_MAX + 2];
    err e;
    str line;
    (void)lines_of("", 0, &e, &line);
    cr_expect_eq(e.kind, ERR_INVALID_REQUEST);
    (void)lines_of("\r\nsecond\n", 9, &e, &line);
    cr_expect_eq(e.kind, ERR_INVALID_REQUEST);
    (void)lines_of("a\0b\n", 4, &e, &line);
    cr_expect_eq(e.kind, ERR_INVALID_REQUEST);
    cr_expect(!str_present(line));
    memset(longest, 'x', sizeof longest);
    longest[OPTION_LINE_MAX] = '\n';
    (void)lines_of(longest, sizeof longest, &e, &line);
    cr_expect(!FAILED(e) && line.n == OPTION_LINE_MAX);
    longest[OPTION_LINE_MAX] = 'x';
    (void)lines_of(longest, sizeof longest, &e, &line);
    cr_expect_eq(e.kind, ERR_INVALID_REQUEST);
}
Test(prompt, a_closed_standard_input_is_an_error_and_nobody_is_asked)
{
    int before = dup(0);
    str line;
    close(0);
    err e = prompt_line(c.a, &line), hidden = prompt_hidden(c.a, "Password", &line);
    bool possible = prompt_possible();
    cr_assert_eq(dup2(before, 0), 0);
    cr_expect_eq(e.kind, ERR_UNAVAILABLE);
    cr_expect_eq(hidden.kind, ERR_UNAVAILABLE);
    cr_expect(!possible);
}

/* A person at a terminal: waits for each question, then types. What the screen shows is kept. */
struct person {
    int master;
    const char *keys[2];
    char screen[4096];
    size_t n;
};
static void *sit_down(void *object)
{
    struct person *p = object;
    for (size_t i = 0; i < 2 && p->keys[i]; i++) {
        size_t from = p->n;
        while (p->n < sizeof p->screen && !memmem(p->screen + from, p->n - from, ": ", 2)) {
            ssize_t got = read(p->master, p->screen + p->n, sizeof p->screen - p->n);
            if (got <= 0)
                return NULL;
            p->n += (size_t)got;
        }
        cr_assert(write(p->master, p->keys[i], strlen(p->keys[i])) > 0);
    }
    return NULL;
}
static err at_terminal(struct person *p, err (*ask)(struct arena *, const char *, str *), str *line)
{
    struct termios was, is;
    pthread_t thread;
    p->master = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(p->master >= 0 && grantpt(p->master) == 0 && unlockpt(p->master) == 0);
    int slave = open(ptsname(p->master), O_RDWR | O_NOCTTY), before[2] = {dup(0), dup(2)};
    cr_assert(slave >= 0 && tcgetattr(slave, &was) == 0 && (was.c_lflag & ECHO));
    cr_assert(dup2(slave, 0) == 0 && dup2(slave, 2) == 2);
    bool possible = prompt_possible();
    cr_assert_eq(pthread_create(&thread, NULL, sit_down, p), 0);
    err e = ask(c.a, "Password", line);
    cr_assert(dup2(before[0], 0) == 0 && dup2(before[1], 2) == 2);
    pthread_join(thread, NULL);
    cr_expect(possible);
    cr_assert_eq(tcgetattr(slave, &is), 0);
    cr_expect_eq(is.c_lflag, was.c_lflag, "the terminal is as it was");
    (void)fcntl(p->master, F_SETFL, O_NONBLOCK);
    ssize_t got = read(p->master, p->screen + p->n, sizeof p->screen - p->n); /* what was echoed behind the last question */
    p->n += got > 0 ? (size_t)got : 0;
    close(slave);
    close(p->master);
    return e;
}
Test(prompt, what_is_typed_is_not_shown_and_can_be_mended)
{
    static const struct {
        const char *keys, *line;
    } rows[] = {
        {"geheim\n", "geheim"},   {"geheix\177m\r", "geheim"}, {"wrong\025right\n", "right"},
        {"\xc3\xa9\177e\n", "e"}, {"\177\177a\n", "a"},        {"ends\004", "ends"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct person p = {.keys = {rows[i].keys}};
        str line = STR_ABSENT;
        err e = at_terminal(&p, prompt_hidden, &line);
        cr_expect(!FAILED(e) && str_is(line, rows[i].line), "%zu: %.*s", i, STR_FMT(line));
        str screen = {p.screen, p.n};
        cr_expect(str_is(screen, "Password: \r\n"), "nothing but the question and the end of its line: %.*s", STR_FMT(screen));
    }
}
Test(prompt, who_gives_up_has_given_nothing)
{
    static const char *const keys[] = {"half\003", "\004", "\n"};
    static const enum err_kind kinds[] = {ERR_ACCESS_DENIED, ERR_ACCESS_DENIED, ERR_INVALID_REQUEST};
    for (size_t i = 0; i < 3; i++) {
        struct person p = {.keys = {keys[i]}};
        str line = STR_ABSENT;
        cr_expect_eq(at_terminal(&p, prompt_hidden, &line).kind, kinds[i], "%zu", i);
        cr_expect(!str_present(line));
    }
}
Test(prompt, a_fresh_password_is_typed_twice_and_both_are_equal)
{
    struct person same = {.keys = {"geheim\n", "geheim\n"}}, other = {.keys = {"geheim\n", "geheix\n"}};
    str line = STR_ABSENT;
    cr_expect(!FAILED(at_terminal(&same, prompt_fresh, &line)) && str_is(line, "geheim"));
    line = STR_ABSENT;
    cr_expect_eq(at_terminal(&other, prompt_fresh, &line).kind, ERR_INVALID_REQUEST);
    cr_expect(!str_present(line));
}
