/* SPDX-License-Identifier: MIT
 * sandbox_ports: a second fence of Landlock beside sandbox_files, of TCP alone (Linux 6.7 and later). fetch judges each address by itself and says why; this one
 * stands for whoever took the process over. Raw calls and own structs, because Debian 12's headers end before them.
 *
 * What is given up: hosts are not judged, only ports; nor is UDP, which name resolution speaks, nor Unix sockets. Binding is free: what is listened on is
 * bound behind this fence, at a port that may be any, and nothing listens anew afterwards (sandbox). Where the database is named by a service,
 * its ports stand in files that libpq reads later, so nothing is fenced. */
#include "server/sandbox_ports.h"
#include <errno.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "store/store.h"
#include "base/banned.h"

enum { KNOWS_PORTS = 4 /* version of the interface */, RULE_NET_PORT = 2, DOMAIN_PORT = 53, PORT_MAX = 65535 };
#define CONNECT_TCP (1ULL << 1)
struct net_ruleset {
    uint64_t handled_files, handled_net;
};
struct net_port_rule {
    uint64_t allowed, port;
};

/* A kernel that was built without TCP has nothing to allow. */
static bool allow_port(int rules, uint64_t port)
{
    struct net_port_rule rule = {CONNECT_TCP, port};
    return syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &rule, 0) == 0 || errno == EAFNOSUPPORT;
}

/* What is no port is for others to complain of: nothing is reached by it. */
static bool allow_ports(int rules, str words)
{
    bool good = true;
    str word;
    while (str_filled(words) && str_next(&words, ' ', &word)) {
        uint64_t port = 0;
        if (!FAILED(str_u64(word, PORT_MAX, &port)) && port != 0)
            good = allow_port(rules, port) && good;
    }
    return good;
}

static bool raise_port_fence(str due, str database)
{
    struct net_ruleset asked = {.handled_net = CONNECT_TCP};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &asked, sizeof asked, 0);
    if (rules < 0)
        return false;
    bool good = allow_ports(rules, due) && allow_ports(rules, database) && allow_port(rules, DOMAIN_PORT) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    (void)close(rules);
    return good;
}

fallible sandbox_ports(struct arena *a, const struct settings *s, const char **told)
{
    long found = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *told = NULL;
    if (str_is(s->outgoing_ports, "any"))
        *told = "open: outgoing_ports is any";
    else if (found < KNOWS_PORTS)
        *told = found > 0 ? "open: this kernel's Landlock does not cover ports" : "open: this kernel offers no Landlock";
    if (*told != NULL)
        return OK;
    str database = store_ports(a, s->database);
    if (arena_failed(a))
        FAIL(UNAVAILABLE, "sandbox: no memory");
    if (!str_present(database)) {
        *told = "open: the database is named by a service";
        return OK;
    }
    if (!raise_port_fence(s->outgoing_ports, database))
        FAIL(UNAVAILABLE, "sandbox: the kernel refused to fence ports");
    *told = "fenced";
    return OK;
}
