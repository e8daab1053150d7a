/* SPDX-License-Identifier: MIT
 * doors_path: relies on the lock of the folder (flock), so that two servers that find the same stale socket do not take each other's. Rights
 * are given between bind and listen, to the very file that was made: nobody connects before, and no link that was put in its place is
 * followed.
 *
 *   lock the folder ─┬─ nothing there ───────────────────────────────┬─▶ bind ─▶ owner, mode ─▶ listen ─▶ unlock
 *                    ├─ our socket, and nobody answers: removed ─────┘
 *                    └─ somebody answers, or it is something else: refused */
#include "http/doors_path.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

enum { PATH_BACKLOG = 4096, GROUP_TEXT = 16384, NO_GROUP_CHANGE = -1 };

static fallible address_of(str host, struct sockaddr_un *out)
{
    str path = {host.p + 5, host.n - 5}; /* unix: */
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path.n == 0 || path.p[0] != '/' || path.p[path.n - 1] == '/' || path.n >= sizeof out->sun_path || str_find(path, '\0') < path.n)
        REFUSE(INVALID_REQUEST, "a Unix socket must be an absolute path of at most 107 bytes", "listen: no path of a Unix socket");
    memcpy(out->sun_path, path.p, path.n);
    return OK;
}

static fallible group_of(str group, gid_t *out)
{
    char name[64], text[GROUP_TEXT];
    struct group room, *found = NULL;
    uint64_t number;
    *out = (gid_t)NO_GROUP_CHANGE;
    if (!str_filled(group))
        return OK;
    if (!FAILED(str_u64(group, INT32_MAX, &number))) {
        *out = (gid_t)number;
        return OK;
    }
    if (group.n >= sizeof name)
        REFUSE(INVALID_REQUEST, "the group does not exist", "listen: no such group");
    memcpy(name, group.p, group.n);
    name[group.n] = '\0';
    if (getgrnam_r(name, &room, text, sizeof text, &found) != 0 || found == NULL)
        REFUSE(INVALID_REQUEST, "the group does not exist", "listen: no such group");
    *out = found->gr_gid;
    return OK;
}

/* The folder, locked; closing it unlocks. */
static fallible lock_folder(const struct sockaddr_un *a, int *out)
{
    char folder[sizeof a->sun_path];
    memcpy(folder, a->sun_path, sizeof folder);
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        REFUSE(UNAVAILABLE, "its folder does not exist, or this user may not read it", "listen: no folder for the socket");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        REFUSE(UNAVAILABLE, "another program is opening a socket in that folder at the moment: try again", "listen: folder locked");
    }
    *out = fd;
    return OK;
}

static bool is_socket_answered(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive = fd < 0 || connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno != ECONNREFUSED;
    if (fd >= 0)
        (void)close(fd);
    return alive;
}

static fallible clear_place(const struct sockaddr_un *a)
{
    struct stat s;
    if (lstat(a->sun_path, &s) != 0) {
        if (errno == ENOENT)
            return OK;
        REFUSE(UNAVAILABLE, "this user may not read its folder", "listen: no view of the socket's folder");
    }
    if (!S_ISSOCK(s.st_mode))
        REFUSE(UNAVAILABLE, "something else than a socket is in that place: remove it, or choose another path", "listen: path is taken");
    if (s.st_uid != geteuid())
        REFUSE(UNAVAILABLE, "the socket in that place belongs to another user: remove it, or choose another path", "listen: another user's socket");
    if (is_socket_answered(a))
        REFUSE(UNAVAILABLE, "the address is already in use: stop the program that listens there, or choose another path", "listen: address in use");
    if (unlink(a->sun_path) != 0)
        REFUSE(UNAVAILABLE, "the old socket cannot be removed", "listen: stale socket stays");
    return OK;
}

/* To the file that bind made, and to no other. */
static fallible give_rights(const struct doors_wish *wish, gid_t group, struct doors *d)
{
    char self[32];
    struct stat s;
    int fd = open(d->path.sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    bool ours = fd >= 0 && fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode) && s.st_uid == geteuid();
    bool owned = ours && (group == (gid_t)NO_GROUP_CHANGE || fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) == 0);
    bool moded = owned && chmod(self, wish->mode) == 0;
    if (ours) {
        d->device = s.st_dev;
        d->inode = s.st_ino;
    }
    if (fd >= 0)
        (void)close(fd);
    if (ours && !owned)
        REFUSE(UNAVAILABLE, "this user may not assign that group: it must be a member of it", "listen: group refused");
    if (!moded)
        REFUSE(UNAVAILABLE, "its mode cannot be set", "listen: mode refused");
    return OK;
}

static err refused_path(int why)
{
    if (why == EACCES || why == EPERM || why == EROFS)
        return REFUSAL(UNAVAILABLE, "this user may not create a socket in that folder", "listen: folder is not writable");
    return REFUSAL(UNAVAILABLE, "the system does not allow it", "listen: refused by the system");
}

static fallible make_socket(const struct doors_wish *wish, gid_t group, struct doors *d)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&d->path, sizeof d->path) != 0) {
        err e = refused_path(errno);
        if (fd >= 0)
            (void)close(fd);
        return e;
    }
    err e = give_rights(wish, group, d);
    if (!FAILED(e) && listen(fd, PATH_BACKLOG) != 0)
        e = ERR(UNAVAILABLE, "listen: refused by the system");
    if (FAILED(e)) {
        doors_path_remove(d);
        (void)close(fd);
        return e;
    }
    d->fds[0] = fd;
    d->count = 1;
    return OK;
}

fallible doors_path_open(const struct doors_wish *wish, struct doors *out)
{
    struct doors d = {.count = 0};
    gid_t group;
    int folder;
    TRY(address_of(wish->host, &d.path));
    TRY(group_of(wish->group, &group));
    TRY(lock_folder(&d.path, &folder));
    err e = clear_place(&d.path);
    if (!FAILED(e))
        e = make_socket(wish, group, &d);
    (void)close(folder);
    if (!FAILED(e))
        *out = d;
    return e;
}

void doors_path_remove(const struct doors *d)
{
    struct stat s;
    if (d->path.sun_path[0] != '\0' && lstat(d->path.sun_path, &s) == 0 && s.st_dev == d->device && s.st_ino == d->inode)
        (void)unlink(d->path.sun_path);
}
