/* SPDX-License-Identifier: MIT
 * serve: the process's life from outside: a child serves, the test reads what it says and sends it signals. */
#include "server/serve.h"
#include "opened.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/banned.h"

struct child {
    pid_t pid;
    int out, log; /* pipes' ends */
    char said[256], logged[1 << 16];
};
static struct child child;

static void begin(void)
{
    opened_begin();
}

TestSuite(serve, .init = begin, .timeout = 60);

static void begin_child(void)
{
    int out[2], log[2];
    cr_assert(pipe2(out, O_CLOEXEC) == 0 && pipe2(log, O_CLOEXEC) == 0);
    child.pid = fork();
    cr_assert_geq(child.pid, 0);
    if (child.pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(log[1], STDERR_FILENO);
        fixture_end_child(serve_run(&opened.settings, opened.a));
    }
    close(out[1]);
    close(log[1]);
    child.out = out[0];
    child.log = log[0];
}

static void read_to(int fd, char *text, size_t room, const char *word)
{
    size_t n = strlen(text);
    while (n < room - 1 && (word == NULL || strstr(text, word) == NULL)) {
        ssize_t got = read(fd, text + n, room - 1 - n);
        if (got <= 0)
            return;
        n += (size_t)got;
        text[n] = '\0';
    }
}

static int end_of_child(void)
{
    int status = 0;
    read_to(child.log, child.logged, sizeof child.logged, NULL);
    cr_assert_eq(waitpid(child.pid, &status, 0), child.pid);
    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static uint16_t port_of_child(void)
{
    const char *colon = strrchr(child.said, ':');
    cr_assert_not_null(colon, "%s", child.said);
    return (uint16_t)opened_number(colon + 1);
}

static void serve_and_be_ready(void)
{
    opened_load(NULL);
    begin_child();
    read_to(child.out, child.said, sizeof child.said, "\n");
    cr_assert_eq(strncmp(child.said, "jeton ready on http", 19), 0, "%s", child.said);
}

Test(serve, AV_01_it_says_when_it_is_ready_and_ends_in_order)
{
    static const int ends[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        child = (struct child){.pid = 0};
        serve_and_be_ready();
        uint16_t port = port_of_child();
        int fd = opened_connect(port);
        cr_assert_geq(fd, 0);
        close(fd);
        cr_assert_eq(kill(child.pid, ends[i]), 0);
        cr_expect_eq(end_of_child(), 0);
        cr_expect_eq(opened_connect(port), -1);
        cr_expect_not_null(strstr(child.logged, " stopped "));
    }
}

Test(serve, AV_04_SIGHUP_reads_anew_and_other_signals_do_nothing)
{
    (void)opened_put("jeton.conf", STR("code_lifetime = 31\n"), 0600);
    serve_and_be_ready();
    (void)opened_put("jeton.conf", STR("code_lifetime = 32\n"), 0600);
    cr_assert(kill(child.pid, SIGPIPE) == 0 && kill(child.pid, SIGUSR2) == 0 && kill(child.pid, SIGXFSZ) == 0 && kill(child.pid, SIGUSR1) == 0);
    cr_assert_eq(kill(child.pid, SIGHUP), 0);
    read_to(child.log, child.logged, sizeof child.logged, "changed=code_lifetime");
    cr_expect_not_null(strstr(child.logged, "changed=code_lifetime"));
    int fd = opened_connect(port_of_child());
    cr_assert_geq(fd, 0);
    close(fd);
    kill(child.pid, SIGTERM);
    cr_expect_eq(end_of_child(), 0);
}

Test(serve, who_cannot_start_says_why_in_one_line_and_which_setting)
{
    opened.options[SETTINGS_issuer] = STR("https://id.example");
    opened.options[SETTINGS_listen] = STR("192.0.2.1:1"); /* nobody's */
    opened.options[SETTINGS_trusted_proxies] = STR("127.0.0.1");
    opened_load(NULL);
    begin_child();
    read_to(child.out, child.said, sizeof child.said, NULL);
    cr_expect_eq(end_of_child(), 1);
    cr_expect_str_eq(child.said, ""); /* never ready */
    const char *line = strstr(child.logged, "jeton serve: ");
    cr_assert_not_null(line, "%s", child.logged);
    cr_expect_not_null(strstr(line, "listen"));
    cr_expect_null(strstr(line + 1, "jeton serve: "));
}

/* AV-02: at any point of a start, as a kill would; the signal may come before the first step. */
Test(serve, AV_02_a_signal_ends_a_start)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL); /* the child's too: what comes too early waits for it */
    opened_load(NULL);
    begin_child();
    cr_assert_eq(kill(child.pid, SIGTERM), 0);
    cr_expect_eq(end_of_child(), 0);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    child = (struct child){.pid = 0};
    serve_and_be_ready(); /* and the next one starts on what it left */
    kill(child.pid, SIGTERM);
    cr_expect_eq(end_of_child(), 0);
}
