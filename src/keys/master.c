/* SPDX-License-Identifier: MIT
 * master: DIR/master.key, the 32 bytes that everything sealed in the database hangs on; it lies beside the database and
 * not in it, so that a copy of one is worth nothing without the other (ST-02). Promises: the file is judged on the open
 * descriptor, so what was checked is what is read; a new one appears whole or not at all, and never in the place of an existing
 * one. */
#include "keys/master.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/banned.h"

static const char master_name[] = "master.key";

static fallible judge_master_file(int file)
{
    struct stat s;
    if (fstat(file, &s) != 0)
        FAIL(SERVER_ERROR, "master.key cannot be looked at");
    if (!S_ISREG(s.st_mode) || s.st_uid != geteuid() || (s.st_mode & 077) != 0) /* ST-03 */
        REFUSE(SERVER_ERROR, "master.key must belong to the user that runs jeton and have mode 0600.", "master.key is open to others");
    if (s.st_size != MASTER_SIZE)
        REFUSE(SERVER_ERROR, "master.key is damaged: it must hold exactly 32 bytes. Restore it from your backup.", "master.key has the wrong size");
    return OK;
}

static fallible read_whole(int file, struct master *out)
{
    TRY(judge_master_file(file));
    if (pread(file, out->bytes, sizeof out->bytes, 0) == MASTER_SIZE)
        return OK;
    secret_wipe(out, sizeof *out);
    FAIL(SERVER_ERROR, "master.key cannot be read");
}

static fallible write_whole(int directory, int file, const char *name)
{
    uint8_t bytes[MASTER_SIZE];
    random_bytes(bytes, sizeof bytes);
    bool written = write(file, bytes, sizeof bytes) == MASTER_SIZE && fsync(file) == 0;
    secret_wipe(bytes, sizeof bytes);
    /* A link never replaces: when another process was first, its key is the one. */
    if (!written || (linkat(directory, name, directory, master_name, 0) != 0 && errno != EEXIST) || fsync(directory) != 0)
        FAIL(SERVER_ERROR, "master.key cannot be written");
    return OK;
}

static fallible make_master_file(int directory)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%ld.new", master_name, (long)getpid());
    unlinkat(directory, name, 0); /* of a process that had our number and died */
    int file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        FAIL(SERVER_ERROR, "master.key cannot be made in the data directory");
    err written = write_whole(directory, file, name);
    close(file);
    unlinkat(directory, name, 0);
    return written;
}

static fallible read_or_make(int directory, enum master_how how, struct master *out)
{
    int file = openat(directory, master_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 && errno == ENOENT && how == MASTER_MAKE) {
        TRY(make_master_file(directory));
        file = openat(directory, master_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (file < 0 && errno == ENOENT)
        REFUSE(SERVER_ERROR,
               "master.key is missing in the data directory, and the database cannot be used without it. "
               "Restore it from your backup.",
               "the store holds keys but master.key is missing");
    if (file < 0)
        FAIL(SERVER_ERROR, "master.key cannot be opened");
    err done = read_whole(file, out);
    close(file);
    return done;
}

fallible master_read(const char *directory, enum master_how how, struct master *out)
{
    int place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        FAIL(SERVER_ERROR, "the data directory cannot be opened");
    err done = read_or_make(place, how, out);
    close(place);
    return done;
}
