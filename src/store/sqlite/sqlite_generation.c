/* SPDX-License-Identifier: MIT
 * db_generation: a counter that all processes with this store share: eight bytes of a mapped file. It costs one atomic load
 * to see that a command committed something. Relies on the file staying eight bytes long; promises nothing after a crash
 * between a commit and its bump: db_changed_elsewhere is the certain way. */
#include "store/store_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

err db_generation_open(struct store *db)
{
    char *file = NULL;
    if (asprintf(&file, "%s/jeton.generation", db->directory) < 0)
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
    db->generation = map;
    return OK;
}

void db_generation_close(struct store *db)
{
    if (db->generation != NULL)
        (void)munmap(db->generation, sizeof(uint64_t));
    db->generation = NULL;
}

uint64_t db_generation(const struct store *db)
{
    return atomic_load_explicit(db->generation, memory_order_acquire);
}

void db_generation_bump(struct store *db)
{
    (void)atomic_fetch_add_explicit(db->generation, 1, memory_order_acq_rel);
}

static err ask(struct db_conn *c, void *context)
{
    return db_conn_data_version(c, context);
}

/* Asked of the writer's own connection: the number it sees moves only when another connection commits, and all other
 * connections of this process only read. */
err db_changed_elsewhere(struct store *db, bool *changed)
{
    int64_t version = 0;
    TRY(db_write(db, DB_SINGLE, ask, &version));
    int64_t before = atomic_exchange(&db->data_version, version);
    *changed = before != version;
    return OK;
}
