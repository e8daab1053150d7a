/* SPDX-License-Identifier: MIT
 * Tests of log: standard error is a file here, and what it holds is judged. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file = -1, saved = -1;
static char text[400000];

static void open_log(void)
{
    file = memfd_create("log", MFD_CLOEXEC);
    saved = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    clock_set(1795316400);
}

static void close_log(void)
{
    log_buffered(false);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(file);
}

static const char *written(void)
{
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

TestSuite(log, .init = open_log, .fini = close_log);

#define HEAD "2026-11-22T03:00:00.000Z "

Test(log, a_line_is_time_level_event_and_fields)
{
    LOG(INFO, "login", LOG_STR("user", STR("ann")), LOG_STR("gone", STR_ABSENT), LOG_INT("tries", -3));
    cr_assert_str_eq(written(), HEAD "info login user=ann tries=-3\n");
}

Test(log, LG_03_no_value_can_end_its_line_or_imitate_a_field)
{
    LOG(WARN, "x", LOG_STR("v", STR("a\nb error y=1")), LOG_STR("w", STR("\x1b[2J\x7f\xc3\xa9\0\"\\")), LOG_STR("u", STR("a=b")), LOG_STR("e", STR("")));
    cr_assert_str_eq(written(), HEAD "warn x v=\"a\\x0ab error y=1\" w=\"\\x1b[2J\\x7f\\xc3\\xa9\\x00\\\"\\\\\" u=\"a=b\" e=\"\"\n");
}

Test(log, lesser_levels_are_silent)
{
    LOG(DEBUG, "x", LOG_INT("n", 1));
    log_level_set(LOG_LEVEL_ERROR);
    LOG(WARN, "x", LOG_INT("n", 1));
    log_level_set(LOG_LEVEL_INFO);
    cr_assert_str_eq(written(), "");
}

Test(log, long_values_and_lines_are_cut)
{
    static char long_value[5000];
    memset(long_value, 'a', sizeof long_value);
    str v = {long_value, sizeof long_value};
    LOG(INFO, "x", LOG_STR("v", v), LOG_INT("after", 1));
    cr_assert_not_null(strstr(written(), "aaa... after=1\n"));
    cr_assert_lt(strlen(text), 700);
    struct log_field fields[20];
    for (size_t i = 0; i < 20; i++)
        fields[i] = LOG_STR("v", v);
    cr_assert_eq(ftruncate(file, 0), 0);
    lseek(STDERR_FILENO, 0, SEEK_SET);
    log_write(LOG_LEVEL_INFO, "x", fields, 20);
    size_t n = strlen(written());
    cr_assert_leq(n, BUF_LINE_MAX);
    cr_assert_str_eq(text + n - 4, "...\n");
    cr_assert_eq(strchr(text, '\n'), text + n - 1);
}

Test(log, buffered_lines_wait_for_the_flush)
{
    log_buffered(true);
    LOG(INFO, "one", LOG_INT("n", 1));
    cr_assert_str_eq(written(), "");
    log_flush();
    cr_assert_str_eq(written(), HEAD "info one n=1\n");
    log_flush();
    cr_assert_str_eq(written(), HEAD "info one n=1\n");
}

static int pressed;
static void count_pressed(void)
{
    pressed++;
}

Test(log, a_full_buffer_drops_lines_and_says_how_many)
{
    log_when_pressed(count_pressed);
    log_buffered(true);
    for (int i = 0; i < 12000; i++)
        LOG(INFO, "flood", LOG_INT("n", i));
    log_flush();
    size_t kept = 0;
    unsigned lost = 0;
    for (const char *p = written(); (p = strstr(p, "flood n=")) != NULL; p++)
        kept++;
    const char *report = strstr(text, "warn log.dropped lines=");
    cr_assert_not_null(report);
    cr_assert_eq(sscanf(report, "warn log.dropped lines=%u", &lost), 1);
    cr_assert_eq(kept + lost, 12000);
    cr_assert_eq(pressed, 1, "once between two flushes, long before it is full");
    LOG(INFO, "later", LOG_INT("n", 1));
    log_flush();
    cr_assert_not_null(strstr(written(), "info later n=1\n"));
}

Test(log, LG_04_lines_lost_to_a_full_disk_are_reported_when_it_has_room_again)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    cr_assert_geq(full, 0);
    dup2(full, STDERR_FILENO);
    LOG(ERROR, "one", LOG_INT("n", 1));
    LOG(ERROR, "two", LOG_INT("n", 2));
    dup2(file, STDERR_FILENO);
    close(full);
    LOG(ERROR, "three", LOG_INT("n", 3));
    cr_assert_str_eq(written(), HEAD "warn log.dropped lines=2\n" HEAD "error three n=3\n");
}
