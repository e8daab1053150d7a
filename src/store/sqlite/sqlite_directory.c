/* SPDX-License-Identifier: MIT
 * sqlite_directory: the database file: mode 0600, of this user. Relies on descriptors (what was checked is what is there); promises that
 * nothing others can read is ever opened (ST-03). */
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static err refuse_what_is_no_file(void)
{
    REFUSE(SERVER_ERROR, "jeton.db in the data directory is not a regular file.", "store: wrong kind of file");
}

static err check_file(int descriptor)
{
    struct stat s;
    if (fstat(descriptor, &s) != 0)
        FAIL(UNAVAILABLE, "store: fstat failed");
    if (!S_ISREG(s.st_mode))
        return refuse_what_is_no_file();
    if (s.st_uid != geteuid()) /* ST-03 */
        REFUSE(SERVER_ERROR, "jeton.db in the data directory belongs to another user: run jeton as its owner, or give the files to this user (chown).",
               "store: wrong owner");
    if ((s.st_mode & 077) != 0) /* ST-03 */
        REFUSE(SERVER_ERROR, "Other users can read jeton.db in the data directory: set its mode to 0600 (chmod 600).", "store: mode too open");
    return OK;
}

static err open_checked(const char *path)
{
    int descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        if (errno == ENOENT)
            REFUSE(NOT_FOUND, "There is no database here: check the data directory, or create one with jeton serve.", "store: no database");
        if (errno == EISDIR)
            return refuse_what_is_no_file();
        if (errno == EACCES || errno == ELOOP || errno == ENOTDIR)
            REFUSE(SERVER_ERROR, "jeton.db in the data directory cannot be opened: it is a link, or this user may not read it.", "store: open refused");
        if (errno == EROFS)
            REFUSE(SERVER_ERROR, "The data directory is on a read-only file system.", "store: read-only file system");
        FAIL(UNAVAILABLE, "store: open failed");
    }
    err e = check_file(descriptor);
    if (close(descriptor) != 0 && !FAILED(e))
        e = ERR(UNAVAILABLE, "store: close failed");
    return e;
}

err sqlite_directory_new_file(const char *file, bool may_exist)
{
    int descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        if (errno == EEXIST && may_exist)
            return OK;
        if (errno == EEXIST)
            REFUSE(CONFLICT, "That file already exists.", "store: file exists");
        if (errno == ENOENT || errno == EACCES || errno == ENOTDIR)
            REFUSE(UNPROCESSABLE, "That file cannot be created: check its directory.", "store: file cannot be made");
        FAIL(UNAVAILABLE, "store: file cannot be made");
    }
    (void)fchmod(descriptor, 0600);
    (void)close(descriptor);
    return OK;
}

err sqlite_directory_file(struct sqlite *engine, const char *directory, bool create)
{
    if (asprintf(&engine->file, "%s/jeton.db", directory) < 0)
        FAIL(UNAVAILABLE, "store: out of memory");
    if (create)
        TRY(sqlite_directory_new_file(engine->file, true));
    return open_checked(engine->file);
}
