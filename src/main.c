/* SPDX-License-Identifier: MIT
 * main: the process around the commands. It makes sure that what the program inherits cannot hurt it: descriptors 0 to 2 are
 * open, no other one is but the sockets that a service manager passed, new files are the owner's alone, no core is dumped, a closed
 * pipe is an error and not a signal. The table of commands is cli/admin/command_nouns.c, the loop over it cli/command.c; the exit status is
 * the command's. */
#include "cli/command.h"
#include "http/doors_passed.h"
#include "server/serve.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/banned.h"

/* A file opened later must never become standard output: /dev/null takes the places that are free. */
static bool open_standard(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return false;
    return close_range(STDERR_FILENO + 1U + (unsigned)doors_passed_count(), ~0U, 0) == 0;
}

int main(int argc, char **argv)
{
    const struct command_world world = {.environment = (const char *const *)environ, .serve = serve_run};
    if (argc < 1 || !open_standard())
        return COMMAND_REFUSED;
    (void)umask(077);
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return COMMAND_REFUSED;
    return command_run(&world, (const char *const *)(argv + 1));
}
