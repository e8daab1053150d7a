/* SPDX-License-Identifier: MIT
 * prompt: reads one secret line, from a pipe or from a person. Relies on read(2) byte by byte, so that nothing stays behind in
 * a library's buffer and the next line is still there for the next option. On a terminal neither echo nor signals nor the
 * kernel's line editing are on while a secret is typed: the room sees every key itself, and always puts the terminal back. */
#include "cli/prompt.h"
#include "cli/options.h"
#include "crypto/secret.h"
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include "base/banned.h"

enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_BACKSPACE = 8, KEY_KILL = 21, KEY_DELETE = 127 };

/* 1: a byte, 0: the end, -1: failed. */
static int read_byte(char *c)
{
    ssize_t n;
    do {
        n = read(STDIN_FILENO, c, 1);
    } while (n < 0 && errno == EINTR);
    return (int)n;
}
static fallible copy_secret_line(struct arena *a, const char *text, size_t n, str *line)
{
    if (n == 0)
        REFUSE(INVALID_REQUEST, "standard input was empty, but one line was expected", "an empty secret");
    str copy = str_dup(a, (str){text, n});
    if (!str_present(copy))
        FAIL(UNAVAILABLE, "no memory for a line of standard input");
    *line = copy;
    return OK;
}
fallible prompt_line(struct arena *a, str *line)
{
    char *text = arena_take(a, OPTION_LINE_MAX + 1);
    size_t n = 0;
    char c = 0;
    int got = 0;
    if (!text)
        FAIL(UNAVAILABLE, "no memory for a line of standard input");
    while ((got = read_byte(&c)) == 1 && c != '\n') {
        if (c == '\0' || n == OPTION_LINE_MAX)
            REFUSE(INVALID_REQUEST, "the line on standard input is too long or contains a NUL byte", "an unusable secret");
        text[n++] = c;
    }
    if (got < 0)
        REFUSE(UNAVAILABLE, "standard input could not be read", "read failed");
    if (n > 0 && text[n - 1] == '\r')
        n--;
    return copy_secret_line(a, text, n, line);
}
bool prompt_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}
/* Removes one UTF-8 character. */
static size_t step_back(const char *text, size_t n)
{
    while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
        n--;
    return n > 0 ? n - 1 : 0;
}
static fallible read_keys(char *text, size_t *length)
{
    size_t n = 0;
    char c = 0;
    for (;;) {
        int got = read_byte(&c);
        if (got < 0)
            REFUSE(UNAVAILABLE, "the terminal could not be read", "read failed");
        if (got == 0 || c == KEY_INTERRUPT || (c == KEY_END && n == 0))
            REFUSE(ACCESS_DENIED, "cancelled", "the person pressed Ctrl-C or Ctrl-D");
        if (c == '\n' || c == '\r' || c == KEY_END)
            break;
        if (c == KEY_BACKSPACE || c == KEY_DELETE)
            n = step_back(text, n);
        else if (c == KEY_KILL)
            n = 0;
        else if ((unsigned char)c >= 0x20 && n < OPTION_LINE_MAX)
            text[n++] = c;
    }
    *length = n;
    return OK;
}
fallible prompt_hidden(struct arena *a, const char *question, str *line)
{
    struct termios before, quiet;
    char *text = arena_take(a, OPTION_LINE_MAX + 1);
    size_t n = 0;
    if (!text)
        FAIL(UNAVAILABLE, "no memory for a line of the terminal");
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        REFUSE(UNAVAILABLE, "the terminal cannot hide what you type; use --password-stdin", "tcgetattr failed");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
        REFUSE(UNAVAILABLE, "the terminal cannot hide what you type; use --password-stdin", "tcsetattr failed");
    (void)fprintf(stderr, "%s: ", question);
    err e = read_keys(text, &n);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', stderr);
    TRY(e);
    return copy_secret_line(a, text, n, line);
}
fallible prompt_fresh(struct arena *a, const char *question, str *line)
{
    str first, again;
    TRY(prompt_hidden(a, question, &first));
    TRY(prompt_hidden(a, "Repeat the password", &again));
    if (!secret_equal(first, again))
        REFUSE(INVALID_REQUEST, "the two passwords do not match; nothing was changed", "the two entries differ");
    *line = first;
    return OK;
}
