/* SPDX-License-Identifier: MIT
 * sandbox_files: relies on Landlock (Linux 5.13 and later), by raw calls, because Debian 12's C library has none; where the kernel has
 * none, nothing is done. Rights hang on folders, not on names: a file that is put in the place of another, as renewed certificates are,
 * is reached like the first. Descriptors that are open stay what they are.
 *
 * What is given up: files that settings name are looked for in the folders that were named at the start, so a certificate in another one
 * needs a restart (server/reload says so). /run is readable, because resolv.conf may come to lie there later. Landlock judges no chmod, chown, utime or extended attributes of a name; those are not on
 * sandbox's list. Nor does it judge connecting to a Unix socket by its name, wherever that lies. */
#include "server/sandbox_files.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/banned.h"

/* By version of the interface; headers of Debian 12 end at REFER. */
enum { UNTIL_MAKE_SYM = 13, UNTIL_REFER = 14, UNTIL_TRUNCATE = 15, UNTIL_IOCTL = 16 };
#define TRUNCATE  (1ULL << 14)
#define READING   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OF_A_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)
#define WRITING                                                                                                                               \
    (READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | TRUNCATE)

/* Libraries and their settings; the resolver's; authorities; time zones; what a process asks about itself and the machine; chance. */
static const char *const read_only[] = {
    "/etc", "/usr", "/lib", "/lib32", "/lib64", "/run", "/proc", "/sys/devices/system/cpu", "/dev/random", "/dev/urandom",
};

/* Some of what lies there is a link that leads elsewhere on some systems: where it leads is let too. */
static const char *const linked[] = {
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime", "/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt",
};

struct fence {
    struct arena *arena;
    int rules;
    uint64_t handled;
    bool good;
};

static uint64_t list_handled_rights(long version)
{
    int bits = version >= 5 ? UNTIL_IOCTL : version >= 3 ? UNTIL_TRUNCATE : version >= 2 ? UNTIL_REFER : UNTIL_MAKE_SYM;
    return (1ULL << bits) - 1;
}

/* What is not there needs no right. */
static void allow_path(struct fence *f, const char *path, uint64_t rights)
{
    struct stat s;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights & f->handled, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return;
    bool known = fstat(rule.parent_fd, &s) == 0;
    if (known && !S_ISDIR(s.st_mode))
        rule.allowed_access &= OF_A_FILE;
    f->good = known && syscall(SYS_landlock_add_rule, f->rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 && f->good;
    (void)close(rule.parent_fd);
}

/* The folder of a name; the file itself where that is the root. */
static void let_folder(struct fence *f, str name)
{
    size_t n = name.n;
    while (n > 0 && name.p[n - 1] != '/')
        n--;
    const char *path = str_z(f->arena, n > 1 ? (str){name.p, n} : n == 1 ? name : STR("."));
    if (path != NULL)
        allow_path(f, path, READING);
    f->good = f->good && path != NULL;
}

/* Up to and with the last slash of what both begin with, when that is at least two folders deep; else nothing. */
static str shared_folder(str one, str other)
{
    size_t end = 0, slashes = 0;
    for (size_t i = 0; i < one.n && i < other.n && one.p[i] == other.p[i]; i++)
        if (one.p[i] == '/') {
            end = i + 1;
            slashes++;
        }
    return (str){one.p, slashes > 2 ? end : 0};
}

/* A file that a setting names, and where links lead from it. Tools that renew certificates make a new folder each time beside the last, and
 * move the link: so the folder that holds both the name and the file is let. */
static void let_named(struct fence *f, str name)
{
    if (!str_filled(name))
        return;
    const char *path = str_z(f->arena, name);
    char *target = path != NULL ? realpath(path, NULL) : NULL;
    str shared = target != NULL ? shared_folder(name, str_of(target)) : STR("");
    f->good = f->good && path != NULL;
    if (shared.n > 0) {
        let_folder(f, shared);
    } else {
        let_folder(f, name);
        if (target != NULL)
            let_folder(f, str_of(target));
    }
    free(target);
}

static bool names_files(size_t row)
{
    return strcmp(settings_rows[row].shape, "FILE") == 0 || strcmp(settings_rows[row].shape, "FILES") == 0;
}

/* The next file of a setting: all of it, or a word of a list. */
static bool next_file(size_t row, str *rest, str *file)
{
    return str_next(rest, strcmp(settings_rows[row].shape, "FILES") == 0 ? ' ' : '\0', file);
}

/* A Unix socket is made before system calls are listed, but behind this fence; it is removed at the end. */
static void let_socket(struct fence *f, str address)
{
    const str prefix = STR("unix:");
    if (!str_starts(address, prefix))
        return;
    size_t n = address.n;
    while (n > prefix.n + 1 && address.p[n - 1] != '/')
        n--;
    const char *path = str_z(f->arena, (str){address.p + prefix.n, n - prefix.n});
    if (path != NULL)
        allow_path(f, path, LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE);
    f->good = f->good && path != NULL;
}

static str settings_file(const struct settings *s)
{
    static const char name[] = "JETON_CONFIG=";
    if (s->input.file != NULL)
        return str_of(s->input.file);
    for (const char *const *e = s->input.environment; e != NULL && *e != NULL; e++)
        if (strncmp(*e, name, sizeof name - 1) == 0)
            return str_of(*e + sizeof name - 1);
    return STR("");
}

static bool raise_fence(struct fence *f, const struct settings *s, const char *data)
{
    struct landlock_ruleset_attr asked = {.handled_access_fs = f->handled};
    f->rules = (int)syscall(SYS_landlock_create_ruleset, &asked, sizeof asked, 0);
    if (f->rules < 0)
        return false;
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++)
        allow_path(f, read_only[i], READING);
    allow_path(f, "/dev/null", READING | LANDLOCK_ACCESS_FS_WRITE_FILE);
    allow_path(f, data, WRITING);
    for (size_t i = 0; i < sizeof linked / sizeof linked[0]; i++)
        let_named(f, str_of(linked[i]));
    let_named(f, settings_file(s));
    let_socket(f, s->text[SETTINGS_listen]);
    let_socket(f, s->text[SETTINGS_listen_mtls]);
    for (size_t row = 0; row < SETTINGS_COUNT; row++)
        for (str rest = names_files(row) ? s->text[row] : STR_ABSENT, file; str_present(rest) && next_file(row, &rest, &file);)
            let_named(f, file);
    bool good = f->good && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, f->rules, 0) == 0;
    (void)close(f->rules);
    return good;
}

fallible sandbox_files(struct arena *a, const struct settings *s, int *version)
{
    long found = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    const char *data = str_z(a, s->data);
    *version = 0;
    if (data == NULL)
        FAIL(UNAVAILABLE, "sandbox: no memory");
    if (found <= 0)
        return OK;
    struct stat there;
    if ((mkdir(data, 0700) != 0 && errno != EEXIST) || stat(data, &there) != 0 || !S_ISDIR(there.st_mode))
        return OK; /* store_open will say why, in its own words */
    struct fence f = {.arena = a, .handled = list_handled_rights(found), .good = true};
    if (!raise_fence(&f, s, data))
        FAIL(UNAVAILABLE, "sandbox: the kernel refused to fence files");
    *version = (int)found;
    return OK;
}

static bool is_file_hidden(struct arena *a, str file)
{
    const char *path = str_filled(file) ? str_z(a, file) : NULL;
    int descriptor = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor >= 0)
        (void)close(descriptor);
    return path != NULL && descriptor < 0 && errno == EACCES;
}

bool sandbox_files_hides(struct arena *a, const struct settings *s, size_t row)
{
    bool found = false;
    for (str rest = names_files(row) ? s->text[row] : STR_ABSENT, file; !found && str_present(rest) && next_file(row, &rest, &file);)
        found = is_file_hidden(a, file);
    return found;
}
