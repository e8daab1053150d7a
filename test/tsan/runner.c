/* SPDX-License-Identifier: MIT
 * runner: what the unit programs take from Criterion, for builds with the thread sanitizer: Criterion keeps its own facts at addresses that the
 * sanitizer needs for itself, and does not start there. The tests are found where its macros put them, and each runs in a process of its own.
 *
 *   PROGRAM [SUITE/START…] [-SUITE/START…]     the tests whose names begin so, all when none is given; without those behind a dash
 *
 * A child that ends by exit() lets the sanitizer give its own status to a test with reports. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { JOBS_MAX = 16, PATIENCE = 400 /* seconds for one test */ };
enum { STATUS_FAILED = 1, STATUS_SKIPPED = 77 };

extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak)), *__stop_cr_sts[] __attribute__((weak));

struct criterion_options criterion_options;
static const struct criterion_test *running;
static jmp_buf out;
static bool failed, skipped;

/* ---- what the macros call ---- */

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *t)
{
    static const struct criterion_test_extra_data none;
    for (struct criterion_suite **s = __start_cr_sts; s < __stop_cr_sts; s++)
        if (*s != NULL && strcmp((*s)->name, t->category) == 0 && (*s)->data != NULL)
            return (*s)->data;
    return &none;
}

static void run_part(void (*part)(void))
{
    if (part != NULL && setjmp(out) == 0)
        part();
}

void criterion_internal_test_setup(void)
{
    run_part(suite_of(running)->init);
    run_part(running->data->init);
}

void criterion_internal_test_main(void (*part)(void))
{
    if (!failed && !skipped)
        run_part(part);
}

void criterion_internal_test_teardown(void)
{
    run_part(running->data->fini);
    run_part(suite_of(running)->fini);
}

void criterion_abort_test(void)
{
    failed = true;
    longjmp(out, 1);
}

void criterion_continue_test(void)
{
    failed = true;
}

void criterion_skip_test(const char *format, ...)
{
    (void)format;
    skipped = true;
    longjmp(out, 1);
}

void criterion_send_assert(struct criterion_assert_stats *s)
{
    if (!s->passed)
        fprintf(stderr, "%s:%u: %s/%s: %s\n", s->file, s->line, running->category, running->name, s->message);
}

void cri_asserts_passed_incr(void)
{
}

int cr_asprintf(char **made, const char *format, ...)
{
    va_list more;
    va_start(more, format);
    int n = vasprintf(made, format, more);
    va_end(more);
    return n;
}

void cr_asprintf_free(char *made)
{
    free(made);
}

/* The words behind the number are what was asked, as text. */
char *cr_translate_assert_msg(int number, ...)
{
    char *made = NULL;
    va_list more;
    va_start(more, number);
    const char *asked = va_arg(more, const char *);
    va_end(more);
    return asprintf(&made, "does not hold: %s", asked) < 0 ? NULL : made;
}

void cr_log(enum criterion_severity severity, const char *format, ...)
{
    va_list more;
    (void)severity;
    va_start(more, format);
    vfprintf(stderr, format, more);
    va_end(more);
}

static FILE *heard[3];

static void redirect(int fd)
{
    char path[32];
    int file = memfd_create("redirected", 0);
    (void)fflush(NULL);
    if (file < 0 || dup2(file, fd) < 0 || snprintf(path, sizeof path, "/proc/self/fd/%d", file) < 0 || (heard[fd] = fopen(path, "re")) == NULL)
        abort();
    close(file);
}

void cr_redirect_stdout(void)
{
    redirect(STDOUT_FILENO);
}

void cr_redirect_stderr(void)
{
    redirect(STDERR_FILENO);
}

FILE *cr_get_redirected_stdout(void)
{
    (void)fflush(stdout);
    return heard[STDOUT_FILENO];
}

FILE *cr_get_redirected_stderr(void)
{
    (void)fflush(stderr);
    return heard[STDERR_FILENO];
}

/* ---- running them ---- */

static bool begins(const struct criterion_test *t, const char *word)
{
    char name[256];
    int n = snprintf(name, sizeof name, "%s/%s", t->category, t->name);
    return n > 0 && strncmp(name, word, strlen(word)) == 0;
}

static bool wanted(const struct criterion_test *t, char **words)
{
    bool chosen = false, choice = false;
    for (char **word = words; *word != NULL; word++) {
        if (**word == '-' && begins(t, *word + 1))
            return false;
        choice = choice || **word != '-';
        chosen = chosen || begins(t, *word);
    }
    return chosen || !choice;
}

/* A word that no test begins with is a mistake, or stands there no longer with a reason. */
static bool means_something(const char *word)
{
    for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++)
        if (*t != NULL && begins(*t, word + (*word == '-')))
            return true;
    fprintf(stderr, "no test is called %s\n", word);
    return false;
}

static _Noreturn void run_test(const struct criterion_test *t)
{
    running = t;
    (void)alarm(PATIENCE);
    t->test();
    exit(failed ? STATUS_FAILED : skipped ? STATUS_SKIPPED : EXIT_SUCCESS);
}

struct job {
    pid_t pid;
    const struct criterion_test *test;
};
static struct {
    struct job jobs[JOBS_MAX];
    size_t busy;
    unsigned tested, passing, failing, crashing;
} all;

static void judge(const struct criterion_test *t, int status)
{
    int due = t->data->signal, code = t->data->exit_code;
    all.tested++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIPPED) {
        all.tested--;
    } else if (WIFSIGNALED(status) ? WTERMSIG(status) == due : due == 0 && WEXITSTATUS(status) == code) {
        all.passing++;
    } else if (WIFSIGNALED(status)) {
        all.crashing++;
        fprintf(stderr, "%s/%s ended by signal %d\n", t->category, t->name, WTERMSIG(status));
    } else {
        all.failing++;
        fprintf(stderr, "%s/%s ended with status %d\n", t->category, t->name, WEXITSTATUS(status));
    }
}

static void await_one(void)
{
    int status;
    pid_t pid = wait(&status);
    for (size_t i = 0; i < all.busy; i++) {
        if (all.jobs[i].pid != pid)
            continue;
        const struct criterion_test *t = all.jobs[i].test;
        all.jobs[i] = all.jobs[--all.busy];
        judge(t, status);
        return;
    }
}

int main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (size_t)cores;
    for (int i = 1; i < argc; i++)
        if (!means_something(argv[i]))
            return EXIT_FAILURE;
    for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++) {
        if (*t == NULL || !wanted(*t, argv + 1))
            continue;
        if (all.busy == jobs)
            await_one();
        pid_t pid = fork();
        if (pid == 0)
            run_test(*t);
        if (pid < 0)
            abort();
        all.jobs[all.busy++] = (struct job){pid, *t};
    }
    while (all.busy > 0)
        await_one();
    fprintf(stderr, "Synthesis: Tested: %u | Passing: %u | Failing: %u | Crashing: %u\n", all.tested, all.passing, all.failing, all.crashing);
    return all.failing + all.crashing == 0 && all.tested > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
