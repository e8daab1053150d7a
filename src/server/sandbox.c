/* SPDX-License-Identifier: MIT
 * sandbox: the only door to libseccomp. A list of what must never happen rather than of what may: libraries below change their calls
 * from release to release, and a list that kills a healthy server is one that people switch off. */
#include "server/sandbox.h"
#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "base/banned.h"

static const char *const forbidden[] = {
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "bpf",
    "perf_event_open", "add_key", "request_key", "keyctl", "userfaultfd", "swapon", "swapoff", "reboot", "settimeofday",
    "clock_settime", "sethostname", "setdomainname", "iopl", "ioperm", "acct", "quotactl", "setuid", "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "capset", "personality", "mknod", "mknodat", "open_by_handle_at",
    "name_to_handle_at", "lookup_dcookie", "move_pages", "migrate_pages", "mbind", "set_mempolicy", "vmsplice",
};

void sandbox_no_dumps(void)
{
    const struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

fallible sandbox_enter(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        FAIL(UNAVAILABLE, "sandbox: no_new_privs refused");
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        FAIL(UNAVAILABLE, "sandbox: no memory for the filter");
    bool good = true;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        int call = seccomp_syscall_resolve_name(forbidden[i]);
        if (call != __NR_SCMP_ERROR && call >= 0)
            good = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) == 0 && good;
    }
    good = good && seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 && seccomp_load(filter) == 0;
    seccomp_release(filter);
    if (!good)
        FAIL(UNAVAILABLE, "sandbox: the kernel refused the filter");
    return OK;
}
