/* SPDX-License-Identifier: MIT
 * sqlite_generation: a counter that all processes with this store share: eight bytes of a mapped file. It costs one atomic load
 * to see that a command committed something. Relies on the file staying eight bytes long; promises nothing after a crash
 * between a commit and its bump: the engine's own number (sqlite_data_version) is the certain way. */
#include "store/sqlite/sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

err sqlite_generation_open(struct store *store)
{
    char *file = NULL;
    if (asprintf(&file, "%s/jeton.generation", store->directory) < 0)
        FAIL(UNAVAILABLE, "store: out of memory");
    int descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(file);
    if (descriptor < 0)
        FAIL(UNAVAILABLE, "store: the generation file cannot be opened");
    void *map = MAP_FAILED;
    struct stat s;
    /* Blocks are allocated now: writing into a hole of a full disk would be a signal. */
    if (fstat(descriptor, &s) == 0 && S_ISREG(s.st_mode) && s.st_uid == geteuid() &&
        (s.st_size >= (off_t)sizeof(uint64_t) || posix_fallocate(descriptor, 0, sizeof(uint64_t)) == 0))
        map = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    (void)close(descriptor);
    if (map == MAP_FAILED)
        FAIL(UNAVAILABLE, "store: the generation file cannot be mapped");
    store->generation = map;
    return OK;
}

void sqlite_generation_close(struct store *store)
{
    if (store->generation != NULL)
        (void)munmap(store->generation, sizeof(uint64_t));
    store->generation = NULL;
}
