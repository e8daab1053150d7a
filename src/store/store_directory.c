/* SPDX-License-Identifier: MIT
 * store_directory: the data directory: mode 0700, of this user. Relies on descriptors (what was checked is what is there); promises that
 * nothing that others can enter is ever used (ST-03). */
#include "store/store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* What a new file system holds counts as nothing. Moves the descriptor's place in the directory, which nobody else reads. */
static bool is_empty(int directory)
{
    int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    bool empty = d != NULL;
    for (struct dirent *e; empty && (e = readdir(d)) != NULL;) {
        str name = str_of(e->d_name);
        empty = str_is(name, ".") || str_is(name, "..") || str_is(name, "lost+found");
    }
    if (d != NULL)
        (void)closedir(d);
    else if (copy >= 0)
        (void)close(copy);
    return empty;
}

static err check_directory(int descriptor)
{
    struct stat s;
    if (fstat(descriptor, &s) != 0)
        FAIL(UNAVAILABLE, "store: fstat failed");
    if (!S_ISDIR(s.st_mode))
        REFUSE(SERVER_ERROR, "The data directory is not a directory.", "store: wrong kind of file");
    if (s.st_uid != geteuid()) /* ST-03 */
        REFUSE(SERVER_ERROR,
               "The data directory belongs to another user: run jeton as its owner, or change the owner (chown). If it is the root of a container volume, name "
               "a directory below it, such as VOLUME/jeton, and jeton creates it.",
               "store: wrong owner");
    if ((s.st_mode & 077) == 0)
        return OK;
    bool empty = is_empty(descriptor);
    if (empty && fchmod(descriptor, 0700) == 0 && fstat(descriptor, &s) == 0 && (s.st_mode & 077) == 0)
        return OK; /* nobody can have lost or left anything there */
    bool ours = faccessat(descriptor, "jeton.db", F_OK, 0) == 0 || errno != ENOENT || faccessat(descriptor, "master.key", F_OK, 0) == 0;
    if (!empty && !ours)
        REFUSE(SERVER_ERROR, "The directory contains files that are not jeton's: name an empty directory, or a new one, which jeton creates.",
               "store: directory of somebody else");
    REFUSE(SERVER_ERROR,
           "Other users can open the data directory: set its mode to 0700 (chmod 700). If a container volume forces other permissions, name a directory below "
           "it, such as VOLUME/jeton, and jeton creates it.",
           "store: directory's mode too open"); /* ST-03 */
}

static err open_checked(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        if (errno == ENOENT)
            REFUSE(NOT_FOUND, "There is no database here: check the data directory, or create one with jeton serve.", "store: no directory");
        if (errno == EACCES || errno == ELOOP || errno == ENOTDIR)
            REFUSE(SERVER_ERROR, "The data directory cannot be opened: it is not a directory, it is a link, or this user may not read it.",
                   "store: open refused");
        FAIL(UNAVAILABLE, "store: open failed");
    }
    err e = check_directory(descriptor);
    if (close(descriptor) != 0 && !FAILED(e))
        e = ERR(UNAVAILABLE, "store: close failed");
    return e;
}

static err not_made(int why)
{
    if (why == ENOENT)
        REFUSE(SERVER_ERROR, "The parent directory does not exist: create it first.", "store: mkdir: no parent");
    if (why == EACCES || why == EPERM || why == EROFS)
        REFUSE(SERVER_ERROR, "This user may not create it: create it yourself with mode 0700 and this user as owner, or name another place.",
               "store: mkdir refused");
    if (why == ENOSPC || why == EDQUOT)
        REFUSE(UNAVAILABLE, "The disk is full.", "store: mkdir: no space");
    REFUSE(SERVER_ERROR, "The data directory cannot be created.", "store: mkdir failed");
}

err store_directory_prepare(struct store *store, const struct store_options *options)
{
    if (asprintf(&store->directory, "%s", options->directory) < 0)
        FAIL(UNAVAILABLE, "store: out of memory");
    if (options->create && mkdir(store->directory, 0700) != 0 && errno != EEXIST)
        return not_made(errno);
    return open_checked(store->directory);
}
