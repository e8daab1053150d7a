/* SPDX-License-Identifier: MIT
 * sandbox: each probe is a process of its own that enters and tries one thing. Most of what is refused here would be let by the kernel. */
#include "server/sandbox.h"
#include "codec/text.h"
#include "fixture.h"
#include "store/store.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { NOT_ENTERED = 250, BROKEN = 251, CACHESTAT = 451, AUDIT = 9 };

/* What the probe gave: 0 or an errno; minus the signal that ended it. */
static int inside(int (*probe)(void))
{
    int status = 0;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(FAILED(sandbox_enter()) ? NOT_ENTERED : probe());
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int why(long result)
{
    return result < 0 ? errno : 0;
}

/* ---- refused ---- */

static int forks(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return why(child);
}

static int clones_a_process(void)
{
    long child = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    return why(child);
}

static int clones_into_a_namespace(void)
{
    return why(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER, NULL, NULL, NULL, NULL));
}

static int clones_by_clone3(void)
{
    return why(syscall(SYS_clone3, NULL, 0));
}

static int executes(void)
{
    static char *const arguments[] = {(char *)"true", NULL}, *const environment[] = {NULL};
    return why(execve("/bin/true", arguments, environment));
}

static int executes_at(void)
{
    static char *const arguments[] = {(char *)"true", NULL}, *const environment[] = {NULL};
    return why(syscall(SYS_execveat, -1, "/bin/true", arguments, environment, 0));
}

static int traces(void)
{
    return why(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int reads_a_process(void)
{
    int from = 1, to = 0;
    struct iovec here = {&to, sizeof to}, there = {&from, sizeof from};
    return why(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

static int signals_another(void)
{
    return why(kill(getppid(), 0));
}

static int mounts(void)
{
    return why(mount("none", "/nowhere", "tmpfs", 0, NULL));
}

static int leaves_namespaces(void)
{
    return why(unshare(CLONE_FS));
}

static int asks_bpf(void)
{
    return why(syscall(SYS_bpf, 0, NULL, 0));
}

static int sees_packets(void)
{
    return why(socket(AF_PACKET, SOCK_DGRAM, 0));
}

static int makes_raw_packets(void)
{
    return why(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP));
}

static int asks_the_audit(void)
{
    return why(socket(AF_NETLINK, SOCK_RAW, AUDIT));
}

static int listens(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return s < 0 ? BROKEN : why(listen(s, 1));
}

static int maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int makes_data_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? BROKEN : why(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int makes_code_of_no_file(void)
{
    return why(memfd_create("code", 0));
}

static int types_for_a_user(void)
{
    char sign = 'x';
    return why(ioctl(0, TIOCSTI, &sign));
}

static int can_be_dumped(void)
{
    return why(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int sets_a_limit(void)
{
    struct rlimit limit = {0, 0};
    return why(setrlimit(RLIMIT_CORE, &limit));
}

static int calls_what_is_newer(void)
{
    return why(syscall(CACHESTAT, -1, NULL, NULL, 0)); /* a kernel that has it says EBADF */
}

Test(sandbox, AV_09_what_serving_does_not_need_is_refused_and_nobody_is_killed)
{
    static int (*const probes[])(void) = {
        forks,        clones_a_process, clones_into_a_namespace, executes,         executes_at,
        traces,       reads_a_process,  signals_another,         mounts,           leaves_namespaces,
        asks_bpf,     sees_packets,     makes_raw_packets,       asks_the_audit,   listens,
        maps_code,    makes_data_code,  makes_code_of_no_file,   types_for_a_user, can_be_dumped,
        sets_a_limit,
    };
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        cr_expect_eq(inside(probes[i]), EPERM, "probe %zu", i);
}

Test(sandbox, a_call_that_is_newer_than_the_list_is_answered_as_by_an_older_kernel)
{
    cr_expect_eq(inside(calls_what_is_newer), ENOSYS);
    cr_expect_eq(inside(clones_by_clone3), ENOSYS);
}

/* ---- works ---- */

static void *add_one(void *number)
{
    ++*(int *)number;
    return number;
}

static int makes_threads(void)
{
    pthread_t thread;
    int number = 0;
    return pthread_create(&thread, NULL, add_one, &number) || pthread_join(thread, NULL) || number != 1;
}

static int loads_icu(void)
{
    str folded;
    return FAILED(text_fold(fixture_arena(), STR("\xc3\x84RGER"), &folded)) || !str_is(folded, "\xc3\xa4rger");
}

static int looks_up_names(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    int first = getaddrinfo("localhost", "443", &hints, &found), second = getaddrinfo("nowhere.invalid", "443", &hints, &found);
    return first != 0 || second == EAI_SYSTEM || second == EAI_MEMORY;
}

static int door = -1; /* listens since before */

static int connects(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (getsockname(door, (struct sockaddr *)&address, &size) != 0 || connect(s, (struct sockaddr *)&address, size) != 0)
        return errno;
    int served = accept4(door, NULL, NULL, SOCK_NONBLOCK);
    return served < 0 || write(served, "x", 1) != 1;
}

static int waits_for_events(void)
{
    const struct itimerspec soon = {.it_value = {0, 1}};
    int poller = epoll_create1(0), bell = eventfd(1, EFD_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, 0), pair[2];
    struct epoll_event event = {.events = EPOLLIN}, got[2];
    if (epoll_ctl(poller, EPOLL_CTL_ADD, bell, &event) != 0 || epoll_wait(poller, got, 2, 0) != 1 || timerfd_settime(timer, 0, &soon, NULL) != 0)
        return BROKEN;
    return why(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) || why(inotify_init1(0)) || why(kill(getpid(), 0)) || why(raise(0));
}

static int weighs_less(void)
{
    return why(setpriority(PRIO_PROCESS, 0, 10));
}

static const char *folder;

static int writes_a_store(void)
{
    struct store *db = NULL;
    struct store_options options = {.directory = folder, .create = true, .threads = true};
    if (FAILED(store_open(&options, &db)))
        return BROKEN;
    store_close(db);
    return 0;
}

Test(sandbox, threads_icu_names_connections_events_and_the_store_work_inside)
{
    static int (*const probes[])(void) = {makes_threads, loads_icu, looks_up_names, connects, waits_for_events, weighs_less, writes_a_store};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    door = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(door, (struct sockaddr *)&address, sizeof address) == 0 && listen(door, 4) == 0);
    folder = fixture_directory();
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        cr_expect_eq(inside(probes[i]), 0, "probe %zu", i);
}
