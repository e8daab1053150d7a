/* SPDX-License-Identifier: MIT
 * main: what the program inherits cannot hurt it. Each case is a child that makes its world, runs main, and looks. */
#include "fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

int main_tested(int argc, char **argv); /* src/main.c's */

enum { GOOD = 100 }; /* no status of a command */

static int run_main(const char *noun)
{
    char name[] = "jeton", word[32];
    snprintf(word, sizeof word, "%s", noun);
    char *argv[] = {name, word, NULL};
    return main_tested(2, argv);
}

static int status_of(int (*world)(void))
{
    int status = 0;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        fixture_end_child(world());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void be_silent(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
}

static int version(void)
{
    be_silent();
    return run_main("version");
}

static int unknown_noun(void)
{
    be_silent();
    return run_main("nosuchnoun");
}

static int no_name(void)
{
    char *argv[] = {NULL};
    return main_tested(0, argv);
}

Test(main, the_exit_status_is_the_command_s)
{
    cr_expect_eq(status_of(version), 0);
    cr_expect_eq(status_of(unknown_noun), 2);
    cr_expect_eq(status_of(no_name), 1);
}

static bool is_null(int fd)
{
    struct stat here, null;
    return fstat(fd, &here) == 0 && stat("/dev/null", &null) == 0 && here.st_rdev == null.st_rdev && S_ISCHR(here.st_mode);
}

/* A file that is opened later must never become standard output. */
static int without_standard(void)
{
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    if (run_main("version") != 0 || !is_null(0) || !is_null(1) || !is_null(2))
        return 1;
    return open("/dev/null", O_RDONLY | O_CLOEXEC) == 3 ? GOOD : 2; /* and nothing else stayed open */
}

static int with_one_gap(void)
{
    be_silent();
    close(STDOUT_FILENO);
    return run_main("version") == 0 && is_null(1) && fcntl(2, F_GETFD) >= 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) == 3 ? GOOD : 1;
}

Test(main, descriptors_0_to_2_are_open_whatever_was_inherited)
{
    cr_expect_eq(status_of(without_standard), GOOD);
    cr_expect_eq(status_of(with_one_gap), GOOD);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0 || errno != EBADF;
}

static int with_strays(void)
{
    be_silent();
    if (dup2(1, 10) != 10 || dup2(1, 200) != 200)
        return 1;
    return run_main("version") == 0 && !is_open(10) && !is_open(200) && is_open(0) && is_open(1) && is_open(2) ? GOOD : 2;
}

static int with_passed(void)
{
    char pid[16];
    be_silent();
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (dup2(1, 3) != 3 || dup2(1, 4) != 4 || dup2(1, 5) != 5 || setenv("LISTEN_PID", pid, 1) != 0 || setenv("LISTEN_FDS", "2", 1) != 0)
        return 1;
    return run_main("version") == 0 && is_open(3) && is_open(4) && !is_open(5) ? GOOD : 2;
}

static int with_passed_to_another(void)
{
    be_silent();
    if (dup2(1, 3) != 3 || setenv("LISTEN_PID", "1", 1) != 0 || setenv("LISTEN_FDS", "1", 1) != 0)
        return 1;
    return run_main("version") == 0 && !is_open(3) ? GOOD : 2;
}

Test(main, no_other_descriptor_is_inherited_but_those_that_were_passed_to_it)
{
    cr_expect_eq(status_of(with_strays), GOOD);
    cr_expect_eq(status_of(with_passed), GOOD);
    cr_expect_eq(status_of(with_passed_to_another), GOOD);
}

static int with_open_mode(void)
{
    struct sigaction pipe;
    be_silent();
    (void)umask(0);
    (void)signal(SIGPIPE, SIG_DFL);
    if (run_main("version") != 0)
        return 1;
    if (umask(0) != 077)
        return 2;
    if (prctl(PR_GET_DUMPABLE) != 0)
        return 3;
    return sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler == SIG_IGN ? GOOD : 4;
}

Test(main, files_are_the_owner_s_alone_no_core_is_dumped_and_a_closed_pipe_is_no_signal)
{
    cr_expect_eq(status_of(with_open_mode), GOOD);
}
