/* SPDX-License-Identifier: MIT
 * sandbox: the only door to libseccomp: a list of the system calls that serving needs; every other one is refused, never answered by a
 * kill, so that a library that tries something new goes on without it.
 *
 *     listed            allowed; some for certain arguments alone
 *     newer than 6.4    ENOSYS, as from an older kernel: libraries have another way. So is clone3, whose flags cannot be read here: glibc
 *                       then makes its threads by clone
 *     anything else     EPERM, and the kernel logs it (type=1326) for who runs the server
 *
 * Two filters, because a filter logs all that it refuses or nothing: the first says ENOSYS and is silent, since each new thread asks.
 *
 * What is given up: mmap of a file for execution stays, because ICU and the modules of name resolution are loaded when they are first
 * needed. So no mapping is writable and executable, none becomes executable, and none without a file ever is; a file of the data
 * folder could be mapped as code, by whoever already runs code here. fcntl is not looked into: SQLite's locks are made of it. */
#include "server/sandbox.h"
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/banned.h"

enum { FIRST_NEWER = 451, LAST_NEWER = 511, BINARY_TREE = 2 };

/* Names that an architecture does not have are passed over. */
/* clang-format off */
static const char *const listed[] = {
    /* bytes */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "_llseek", "close",
    "close_range", "dup", "dup2", "dup3", "pipe", "pipe2", "fcntl", "flock", "sendfile",
    /* files; sandbox_files says which */
    "open", "openat", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "getdents", "getdents64", "getcwd", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2",
    "linkat", "fchmod", "fchown", "umask", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "fadvise64",
    "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    /* memory */
    "brk", "munmap", "mremap", "madvise", "msync", "mincore", "mlock", "mlock2", "munlock", "membarrier",
    /* threads, signals, time */
    "futex", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "gettid", "getpid", "getppid", "exit", "exit_group",
    "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigtimedwait", "rt_sigpending", "rt_sigsuspend", "sigaltstack", "restart_syscall", "nanosleep", "clock_nanosleep", "clock_gettime",
    "clock_getres", "gettimeofday", "time", "times", "getrusage", "getcpu", "sysinfo", "uname", "getrandom", "getrlimit", "getuid",
    "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "capget",
    /* sockets that are there, or are made by a rule below; nothing listens anew */
    "accept", "accept4", "bind", "connect", "shutdown", "getsockname", "getpeername", "getsockopt", "setsockopt", "recvfrom", "recvmsg", "recvmmsg", "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "signalfd4",
};
/* clang-format on */

void sandbox_no_dumps(void)
{
    const struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* The nth argument, from 0, or its bits under the mask. */
static struct scmp_arg_cmp match_equal_argument(unsigned n, uint64_t value)
{
    return (struct scmp_arg_cmp){n, SCMP_CMP_EQ, value, 0};
}

static struct scmp_arg_cmp match_masked_argument(unsigned n, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){n, SCMP_CMP_MASKED_EQ, mask, value};
}

/* Has this architecture the call, and did its rule not fit in? */
static bool fails_to_allow_syscall(scmp_filter_ctx f, const char *name, const struct scmp_arg_cmp *arguments, unsigned count)
{
    int call = seccomp_syscall_resolve_name(name);
    return call >= 0 && seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, count, arguments) != 0;
}

static bool allow_listed(scmp_filter_ctx f)
{
    bool good = true;
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
        good = !fails_to_allow_syscall(f, listed[i], NULL, 0) && good;
    return good;
}

/* A thread of this process in its own namespaces. */
static bool allow_threads(scmp_filter_ctx f)
{
    const uint64_t told = CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    const struct scmp_arg_cmp thread = match_masked_argument(0, told, CLONE_THREAD);
    const struct scmp_arg_cmp own = match_equal_argument(0, (uint32_t)getpid());
    return !fails_to_allow_syscall(f, "clone", &thread, 1) && !fails_to_allow_syscall(f, "kill", &own, 1) && !fails_to_allow_syscall(f, "tgkill", &own, 1);
}

static bool allow_memory(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp data = match_masked_argument(2, PROT_EXEC, 0);
    const struct scmp_arg_cmp code[] = {match_masked_argument(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), match_masked_argument(3, MAP_ANONYMOUS, 0)};
    return !fails_to_allow_syscall(f, "mmap", &data, 1) && !fails_to_allow_syscall(f, "mmap", code, 2) && !fails_to_allow_syscall(f, "mprotect", &data, 1);
}

static bool allow_socket(scmp_filter_ctx f, int family, int type)
{
    const uint64_t kind = ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) & UINT32_MAX;
    const int protocols[] = {0, family == AF_NETLINK ? NETLINK_ROUTE : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP};
    bool good = true;
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        const struct scmp_arg_cmp arguments[] = {match_equal_argument(0, (uint32_t)family), match_masked_argument(1, kind, (uint64_t)type),
                                                 match_equal_argument(2, (uint32_t)protocols[i])};
        good = !fails_to_allow_syscall(f, "socket", arguments, 3) && (family != AF_UNIX || !fails_to_allow_syscall(f, "socketpair", arguments, 3)) && good;
    }
    return good;
}

/* Not what opens a connection as it sends: sandbox_ports judges connect alone. */
static bool allow_sending(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp to = match_masked_argument(3, MSG_FASTOPEN, 0), message = match_masked_argument(2, MSG_FASTOPEN, 0);
    return !fails_to_allow_syscall(f, "sendto", &to, 1) && !fails_to_allow_syscall(f, "sendmsg", &message, 1) && !fails_to_allow_syscall(f, "sendmmsg", &to, 1);
}

/* Netlink is for getaddrinfo, which asks for this machine's addresses. */
static bool allow_sockets(scmp_filter_ctx f)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
    bool good = allow_socket(f, AF_NETLINK, SOCK_RAW) && allow_socket(f, AF_NETLINK, SOCK_DGRAM);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        good = allow_socket(f, families[i], SOCK_STREAM) && allow_socket(f, families[i], SOCK_DGRAM) && good;
    return good;
}

/* Is standard error a terminal, how much is there to read, and not to wait; a thread's own name and weight (server/pool); limits are read,
 * not set. */
static bool allow_questions(scmp_filter_ctx f)
{
    static const uint32_t requests[] = {TCGETS, FIONREAD, FIONBIO};
    const struct scmp_arg_cmp name = match_equal_argument(0, PR_SET_NAME), unset = match_equal_argument(2, 0);
    const struct scmp_arg_cmp own[] = {match_equal_argument(0, PRIO_PROCESS), match_equal_argument(1, 0)};
    bool good = !fails_to_allow_syscall(f, "prctl", &name, 1) && !fails_to_allow_syscall(f, "prlimit64", &unset, 1) &&
                !fails_to_allow_syscall(f, "setpriority", own, 2);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct scmp_arg_cmp request = match_equal_argument(1, requests[i]);
        good = !fails_to_allow_syscall(f, "ioctl", &request, 1) && good;
    }
    return good;
}

/* In both filters: ENOSYS in the silent one, allowed in the other, which would answer in its place. */
static bool add_newer_syscalls(scmp_filter_ctx f, uint32_t action)
{
    bool good = seccomp_rule_add(f, action, SCMP_SYS(clone3), 0) == 0;
    for (int call = FIRST_NEWER; call <= LAST_NEWER; call++)
        good = seccomp_rule_add(f, action, call, 0) == 0 && good;
    return good;
}

static bool load_seccomp_filter(scmp_filter_ctx f)
{
    return seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) == 0 && seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
           seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE) == 0 && seccomp_load(f) == 0;
}

static bool load_silent(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    if (f == NULL)
        return false;
    bool good = add_newer_syscalls(f, SCMP_ACT_ERRNO(ENOSYS)) && load_seccomp_filter(f);
    seccomp_release(f);
    return good;
}

static bool load_list(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (f == NULL)
        return false;
    (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_LOG, 1); /* where the kernel can */
    bool good = add_newer_syscalls(f, SCMP_ACT_ALLOW) && allow_listed(f) && allow_threads(f) && allow_memory(f) && allow_sockets(f) && allow_sending(f) &&
                allow_questions(f) && load_seccomp_filter(f);
    seccomp_release(f);
    return good;
}

fallible sandbox_enter(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        FAIL(UNAVAILABLE, "sandbox: no_new_privs refused");
    if (!load_silent() || !load_list())
        FAIL(UNAVAILABLE, "sandbox: the kernel refused the list of system calls");
    return OK;
}
