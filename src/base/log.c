/* SPDX-License-Identifier: MIT
 * log: facts into lines, lines into standard error. Relies on clock for the time and on write(2).
 * Promises: 1. a line is one line: no byte of a value can end it or imitate a field (LG-03); 2. a caller in buffered mode waits for no
 * disk: the lock covers a copy, never a write; 3. lines that were lost are counted and the count is reported (LG-04).
 *
 *     log_write --append under `lock`--> halves[active] --log_flush: swap under `lock`--> the other half --write--> stderr
 */
#include "base/log.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum { HALF_SIZE = 256 * 1024, PRESSING = HALF_SIZE / 4, VALUE_MAX = 512 };

struct line {
    size_t n;
    char text[BUF_LINE_MAX];
};

static _Atomic(int) least_level = LOG_LEVEL_INFO;
static _Atomic(size_t) dropped;
static _Atomic(bool) buffered;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;    /* halves, active, filled */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER; /* one flush at a time; taken before `lock` */
static char halves[2][HALF_SIZE];
static int active;
static size_t filled;
static void (*pressed)(void); /* set before the first thread */

/* The last four bytes stay free for "...\n"; a line that was cut is full to the last byte but one. */
static inline void put_bytes(struct line *l, const char *p, size_t n)
{
    size_t room = l->n < sizeof l->text - 4 ? sizeof l->text - 4 - l->n : 0;
    if (n <= room) {
        memcpy(l->text + l->n, p, n);
        l->n += n;
    } else {
        memset(l->text + l->n, '.', sizeof l->text - 1 - l->n);
        l->n = sizeof l->text - 1;
    }
}

static void put_z(struct line *l, const char *z)
{
    put_bytes(l, z, strlen(z));
}

static bool needs_no_escape(char c)
{
    return ascii_printable(c) && c != '"' && c != '\\';
}

static void put_escaped(struct line *l, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    if (c == '"' || c == '\\')
        put_bytes(l, (const char[]){'\\', c}, 2);
    else
        put_bytes(l, (const char[]){'\\', 'x', digits[byte >> 4], digits[byte & 15]}, 4);
}

static inline bool bare_eight(uint64_t v)
{
    return ascii_eight_printable_but(v, ' ', '"') && ascii_eight_without(v, '\\', '=');
}

/* Most values: there is something, and nothing in it asks for quotes. */
static bool needs_no_quotes(str value)
{
    size_t i = 0;
    while (value.n - i >= 8 && bare_eight(ascii_eight(value.p + i)))
        i += 8;
    size_t rest = value.n - i;
    return value.n > 0 && (rest == 0 || (rest < 8 && bare_eight(ascii_eight_rest(value.p + i, rest))));
}

static void put_value(struct line *l, str value)
{
    str shown = {value.p, value.n < VALUE_MAX ? value.n : VALUE_MAX};
    bool quoted = !needs_no_quotes(shown);
    if (!quoted && value.n == shown.n) {
        put_bytes(l, shown.p, shown.n);
        return;
    }
    if (quoted)
        put_z(l, "\"");
    for (size_t i = 0; i < shown.n; i++) {
        size_t begun = i;
        while (i < shown.n && needs_no_escape(shown.p[i]))
            i++;
        put_bytes(l, shown.p + begun, i - begun);
        if (i < shown.n)
            put_escaped(l, shown.p[i]);
    }
    if (value.n > shown.n)
        put_z(l, "...");
    if (quoted)
        put_z(l, "\"");
}

static void put_number(struct line *l, int64_t v)
{
    char text[ASCII_DECIMAL_MAX];
    size_t n = ascii_decimal(text, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    if (v < 0)
        put_z(l, "-");
    put_bytes(l, text + sizeof text - n, n);
}

static void put_time(struct line *l)
{
    static _Thread_local char text[CLOCK_TEXT_SIZE]; /* of this second: lines come by the thousand */
    static _Thread_local unix_time second;
    int64_t ms = clock_now_ms(), part = ms % 1000;
    if (second != ms / 1000) {
        second = ms / 1000;
        clock_write(second, text);
    }
    if (text[0] == '\0' || part < 0) {
        put_z(l, "-");
        return;
    }
    put_bytes(l, text, CLOCK_TEXT_SIZE - 2);
    put_bytes(l, (const char[]){'.', (char)('0' + part / 100), (char)('0' + part / 10 % 10), (char)('0' + part % 10), 'Z'}, 5);
}

static void compose_log_line(struct line *l, enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    static const str names[] = {{" debug ", 7}, {" info ", 6}, {" warn ", 6}, {" error ", 7}};
    l->n = 0;
    put_time(l);
    put_bytes(l, names[level].p, names[level].n);
    put_z(l, event);
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].is_number && !str_present(fields[i].value))
            continue;
        put_bytes(l, fields[i].name.p, fields[i].name.n);
        if (fields[i].is_number)
            put_number(l, fields[i].number);
        else
            put_value(l, fields[i].value);
    }
    l->text[l->n++] = '\n';
}

static bool write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDERR_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break;
        p += done;
        n -= (size_t)done;
    }
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n')
            atomic_fetch_add(&dropped, 1);
    return n == 0;
}

static void report_dropped(void)
{
    size_t lost = atomic_exchange(&dropped, 0);
    if (lost == 0)
        return;
    struct line l;
    compose_log_line(&l, LOG_LEVEL_WARN, "log.dropped", &LOG_INT("lines", lost), 1);
    if (!write_all(l.text, l.n))
        atomic_fetch_add(&dropped, lost - 1); /* write_all counted this very line */
}

void log_level_set(enum log_level least)
{
    atomic_store(&least_level, (int)least);
}

void log_buffered(bool on)
{
    atomic_store(&buffered, on);
    if (!on)
        log_flush();
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    struct line l __attribute__((uninitialized)); /* 4 KiB: clearing it first would cost more than the line */
    compose_log_line(&l, level, event, fields, count);
    if (!atomic_load(&buffered)) {
        report_dropped();
        write_all(l.text, l.n);
        return;
    }
    pthread_mutex_lock(&lock);
    bool presses = filled < PRESSING && filled + l.n >= PRESSING;
    if (l.n <= HALF_SIZE - filled) {
        memcpy(halves[active] + filled, l.text, l.n);
        filled += l.n;
    } else {
        atomic_fetch_add(&dropped, 1);
    }
    pthread_mutex_unlock(&lock);
    if (presses && pressed != NULL)
        pressed();
}

void log_when_pressed(void (*call)(void))
{
    pressed = call;
}

void log_flush(void)
{
    pthread_mutex_lock(&writing);
    pthread_mutex_lock(&lock);
    const char *p = halves[active];
    size_t n = filled;
    active = 1 - active;
    filled = 0;
    pthread_mutex_unlock(&lock);
    write_all(p, n);
    report_dropped();
    pthread_mutex_unlock(&writing);
}
