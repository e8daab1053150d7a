/* SPDX-License-Identifier: MIT
 * db_directory: where the store lives: a directory of mode 0700 with a database file of mode 0600, both of this user. Relies on
 * descriptors (what was checked is what is there); promises that nothing others can read is ever opened (ST-03). */
#include "store/db_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static err check(int descriptor, mode_t type)
{
    struct stat s;
    if (fstat(descriptor, &s) != 0)
        FAIL(UNAVAILABLE, "store: fstat failed");
    if ((s.st_mode & S_IFMT) != type)
        REFUSE(SERVER_ERROR, "The data directory or the database is not of the right kind.", "store: wrong kind of file");
    if (s.st_uid != geteuid()) /* ST-03 */
        REFUSE(SERVER_ERROR, "The data directory or the database belongs to another user.", "store: wrong owner");
    if ((s.st_mode & 077) != 0) /* ST-03 */
        REFUSE(SERVER_ERROR, "Others can read the data: set mode 0700 on the directory and 0600 on its database.",
               "store: mode too open");
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
            REFUSE(SERVER_ERROR, "The data directory or the database cannot be opened.", "store: open refused");
        FAIL(UNAVAILABLE, "store: open failed");
    }
    err e = check(descriptor, type);
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

err db_directory_prepare(struct db *db, const struct db_options *options)
{
    if (asprintf(&db->directory, "%s", options->directory) < 0 || asprintf(&db->file, "%s/jeton.db", options->directory) < 0)
        FAIL(UNAVAILABLE, "store: out of memory");
    if (options->create && mkdir(db->directory, 0700) != 0 && errno != EEXIST)
        REFUSE(SERVER_ERROR, "The data directory cannot be made.", "store: mkdir failed");
    TRY(open_checked(db->directory, O_RDONLY | O_DIRECTORY, S_IFDIR));
    if (options->create)
        TRY(db_directory_new_file(db->file, true));
    return open_checked(db->file, O_RDWR, S_IFREG);
}
