/* SPDX-License-Identifier: MIT
 * db_directory: where the store lives: a directory of mode 0700 with a database file of mode 0600, both of this user. Relies on
 * descriptors (what was checked is what is there); promises that nothing others can read is ever opened (ST-03). */
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
        REFUSE(SERVER_ERROR, "The data directory is no directory.", "store: wrong kind of file");
    if (s.st_uid != geteuid()) /* ST-03 */
        REFUSE(SERVER_ERROR,
               "The data directory belongs to another user: run jeton as its owner, give it to this user (chown), or, if it is the root of "
               "a container's volume, name a directory below it, such as VOLUME/jeton, and jeton makes it.", "store: wrong owner");
    if ((s.st_mode & 077) == 0)
        return OK;
    bool empty = is_empty(descriptor);
    if (empty && fchmod(descriptor, 0700) == 0 && fstat(descriptor, &s) == 0 && (s.st_mode & 077) == 0)
        return OK; /* nobody can have lost or left anything there */
    if (!empty && faccessat(descriptor, "jeton.db", F_OK, 0) != 0 && errno == ENOENT)
        REFUSE(SERVER_ERROR, "The directory holds other things than jeton's: name an empty directory, or a new one, which jeton makes for itself.",
               "store: directory of somebody else");
    REFUSE(SERVER_ERROR,
           "Others may enter the data directory: set mode 0700 on it (chmod 700). If a container's volume forces other rights, name a "
           "directory below it, such as VOLUME/jeton, and jeton makes it.", "store: directory's mode too open"); /* ST-03 */
}

static err check_file(int descriptor)
{
    struct stat s;
    if (fstat(descriptor, &s) != 0)
        FAIL(UNAVAILABLE, "store: fstat failed");
    if (!S_ISREG(s.st_mode))
        REFUSE(SERVER_ERROR, "jeton.db in the data directory is no file.", "store: wrong kind of file");
    if (s.st_uid != geteuid()) /* ST-03 */
        REFUSE(SERVER_ERROR, "jeton.db in the data directory belongs to another user: run jeton as its owner, or give the files to this user (chown).",
               "store: wrong owner");
    if ((s.st_mode & 077) != 0) /* ST-03 */
        REFUSE(SERVER_ERROR, "Others can read jeton.db in the data directory: set mode 0600 on it (chmod 600).", "store: mode too open");
    return OK;
}

static err open_checked(const char *path, int flags, mode_t type)
{
    int descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        if (errno == ENOENT)
            REFUSE(NOT_FOUND, "There is no database here: check the data directory, or make one with jeton serve.",
                   "store: no database");
        if (errno == EACCES || errno == ELOOP || errno == ENOTDIR)
            REFUSE(SERVER_ERROR, "The data directory or jeton.db in it cannot be opened: it is no directory, a link, or this user may not read it.",
                   "store: open refused");
        if (errno == EROFS)
            REFUSE(SERVER_ERROR, "The data directory lies on a file system that cannot be written.", "store: read-only file system");
        FAIL(UNAVAILABLE, "store: open failed");
    }
    err e = type == S_IFDIR ? check_directory(descriptor) : check_file(descriptor);
    if (close(descriptor) != 0 && !FAILED(e))
        e = ERR(UNAVAILABLE, "store: close failed");
    return e;
}

err db_directory_new_file(const char *file, bool may_exist)
{
    int descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        if (errno == EEXIST && may_exist)
            return OK;
        if (errno == EEXIST)
            REFUSE(CONFLICT, "That file exists already.", "store: file exists");
        if (errno == ENOENT || errno == EACCES || errno == ENOTDIR)
            REFUSE(UNPROCESSABLE, "That file cannot be made: check its directory.", "store: file cannot be made");
        FAIL(UNAVAILABLE, "store: file cannot be made");
    }
    (void)fchmod(descriptor, 0600);
    (void)close(descriptor);
    return OK;
}

static err not_made(int why)
{
    if (why == ENOENT)
        REFUSE(SERVER_ERROR, "The directory above it does not exist: make that first.", "store: mkdir: no parent");
    if (why == EACCES || why == EPERM || why == EROFS)
        REFUSE(SERVER_ERROR, "This user may not make it: make it by hand with mode 0700 and give it to this user, or name another place.",
               "store: mkdir refused");
    if (why == ENOSPC || why == EDQUOT)
        REFUSE(UNAVAILABLE, "The disk is full.", "store: mkdir: no space");
    REFUSE(SERVER_ERROR, "The data directory cannot be made.", "store: mkdir failed");
}

err db_directory_prepare(struct store *db, const struct db_options *options)
{
    if (asprintf(&db->directory, "%s", options->directory) < 0 || asprintf(&db->file, "%s/jeton.db", options->directory) < 0)
        FAIL(UNAVAILABLE, "store: out of memory");
    if (options->create && mkdir(db->directory, 0700) != 0 && errno != EEXIST)
        return not_made(errno);
    TRY(open_checked(db->directory, O_RDONLY | O_DIRECTORY, S_IFDIR));
    if (options->create)
        TRY(db_directory_new_file(db->file, true));
    return open_checked(db->file, O_RDWR, S_IFREG);
}
