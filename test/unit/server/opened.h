/* SPDX-License-Identifier: MIT
 * opened: a whole server in this process, on the fixture's store and ready-made keys, for the tests of what opens, changes and closes one. One
 * at a time. Options are set before opened_load, which reads them with the file; nothing is fenced. */
#ifndef JETON_TEST_OPENED_H
#define JETON_TEST_OPENED_H
#include "server/app.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    struct arena *a;
    const char *directory;
    str options[SETTINGS_COUNT];
    char file[128];
    struct settings settings;
    struct problems problems;
    struct app app;
    char answer[1 << 18];
} opened;

static inline void opened_begin(void)
{
    opened.a = fixture_arena();
    (void)fixture_authority(opened.a);
    opened.directory = fixture_authority_directory();
    cr_assert_lt(snprintf(opened.file, sizeof opened.file, "%s/jeton.conf", opened.directory), (int)sizeof opened.file);
    opened.options[SETTINGS_data] = str_of(opened.directory);
    opened.options[SETTINGS_listen] = STR("127.0.0.1:0");
    opened.options[SETTINGS_tls] = STR("off");
    opened.options[SETTINGS_sandbox] = STR("off");
    opened.options[SETTINGS_event_threads] = opened.options[SETTINGS_hash_threads] = STR("1");
    opened.options[SETTINGS_worker_threads] = STR("2");
    opened.options[SETTINGS_drain_seconds] = STR("1");
}

/* A file of the data directory; its path, in the arena. */
static inline str opened_put(const char *name, str text, mode_t mode)
{
    const char *path = str_z(opened.a, str_format(opened.a, "%s/%s", opened.directory, name));
    FILE *f = fopen(path, "w");
    cr_assert(f != NULL && fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0 && chmod(path, mode) == 0);
    return str_of(path);
}

static inline void opened_load(const char *file)
{
    struct settings_input input = {.file = file, .options = opened.options};
    opened.problems.count = 0;
    err e = settings_load(opened.a, &input, &opened.settings, &opened.problems);
    if (!FAILED(e))
        e = settings_judge(opened.a, &opened.settings, &opened.problems);
    cr_assert(!FAILED(e), "%.*s", opened.problems.count > 0 ? (int)opened.problems.rows[0].message.n : 0,
              opened.problems.count > 0 ? opened.problems.rows[0].message.p : "");
}

static inline err opened_open(void)
{
    opened.app = (struct app){.arena = NULL};
    return app_open(&opened.app, &opened.settings, opened.a);
}

static inline void opened_serve(void)
{
    opened_load(NULL);
    err e = opened_open();
    cr_assert(!FAILED(e), "%s: %.*s", err_why(e), opened.app.problems->count > 0 ? (int)opened.app.problems->rows[0].message.n : 0,
              opened.app.problems->count > 0 ? opened.app.problems->rows[0].message.p : "");
}

/* Is `setting` what the problems name, first of all? */
static inline bool opened_blames(const struct problems *p, const char *setting)
{
    return p->count > 0 && strcmp(p->rows[0].field, setting) == 0 && str_filled(p->rows[0].message);
}

static inline int opened_connect(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval bound = {10, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound) == 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The number with which this text begins. */
static inline int64_t opened_number(const char *text)
{
    uint64_t number = 0;
    cr_assert_eq(str_u64((str){text, strspn(text, "0123456789")}, INT64_MAX, &number).kind, ERR_OK, "%.40s", text);
    return (int64_t)number;
}

/* The status of what comes, to its end, in opened.answer; 0: nothing. */
static inline int opened_hear(int fd)
{
    size_t n = 0;
    for (ssize_t got; n < sizeof opened.answer - 1 && (got = recv(fd, opened.answer + n, sizeof opened.answer - 1 - n, 0)) > 0;)
        n += (size_t)got;
    opened.answer[n] = '\0';
    close(fd);
    return n > 12 && strncmp(opened.answer, "HTTP/1.1 ", 9) == 0 ? (int)opened_number(opened.answer + 9) : 0;
}

static inline void opened_say(int fd, const char *path, const char *fields)
{
    char text[2048];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n%sConnection: close\r\n\r\n", path,
                     (unsigned)listen_port(opened.app.listener), fields);
    cr_assert(n > 0 && n < (int)sizeof text);
    (void)!send(fd, text, (size_t)n, MSG_NOSIGNAL);
}

static inline int opened_get(const char *path, const char *fields)
{
    int fd = opened_connect(listen_port(opened.app.listener));
    cr_assert_geq(fd, 0);
    opened_say(fd, path, fields);
    return opened_hear(fd);
}

static inline size_t opened_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}
#endif
