/* SPDX-License-Identifier: MIT
 * postgres_cluster: a PostgreSQL of one test's own (tools/postgres), which it may stop and start. */
#ifndef TEST_POSTGRES_CLUSTER_H
#define TEST_POSTGRES_CLUSTER_H
#include "postgres_hand.h"
#include <fcntl.h>
#include <sys/wait.h>

struct cluster {
    char address[256], folder[256];
    int stdin_of; /* closed: it ends */
    pid_t process;
};

static inline void cluster_line(FILE *from, char *line, size_t size)
{
    cr_assert_not_null(fgets(line, (int)size, from), "tools/postgres says nothing");
    line[strcspn(line, "\n")] = '\0';
}

static inline struct cluster cluster_start(void)
{
    struct cluster c = {.stdin_of = -1};
    int in[2], out[2];
    (void)hand_cluster(); /* where there is no PostgreSQL at all, the test is skipped */
    cr_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    c.process = fork();
    if (c.process == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[1]);
        (void)close(out[0]);
        (void)execl("tools/postgres", "tools/postgres", "sh", "-c", "echo \"$JETON_TEST_POSTGRES\"; echo \"$JETON_TEST_CLUSTER\"; exec cat >&2", NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    c.stdin_of = in[1];
    FILE *from = fdopen(out[0], "r");
    cluster_line(from, c.address, sizeof(c.address));
    cluster_line(from, c.folder, sizeof(c.folder));
    (void)fclose(from);
    return c;
}

static inline void cluster_end(struct cluster *c)
{
    (void)close(c->stdin_of);
    (void)waitpid(c->process, NULL, 0);
}

static inline void cluster_control(const struct cluster *c, const char *verb)
{
    pid_t process = fork();
    if (process == 0) {
        (void)setenv("JETON_TEST_CLUSTER", c->folder, 1);
        (void)execl("tools/postgres", "tools/postgres", "--control", verb, "-m", "immediate", NULL);
        _exit(127);
    }
    int status = -1;
    (void)waitpid(process, &status, 0);
    cr_assert_eq(status, 0, "%s: %d", verb, status);
}
#endif
