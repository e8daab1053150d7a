/* SPDX-License-Identifier: MIT
 * cache_entry: see the header. Promises that a text which was absent stays so, and that each ends with a NUL byte, as str_dup's do. */
#include "store/cache/cache_entry.h"

#include "crypto/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static size_t size_of(const struct db_columns *columns, const void *row)
{
    size_t size = columns->size;
    for (size_t i = 0; i < columns->count; i++)
        if (columns->fields[i].kind == DB_TEXT)
            size += ((const str *)((const char *)row + columns->fields[i].at))->n + 1;
    return size;
}

struct cache_entry *cache_entry_new(const struct db_columns *columns, const void *row)
{
    size_t size = size_of(columns, row);
    struct cache_entry *e = malloc(sizeof(*e) + size);
    if (e == NULL)
        return NULL;
    atomic_init(&e->holders, 1);
    e->size = size;
    memcpy(e->row, row, columns->size);
    char *to = e->row + columns->size;
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->fields[i].kind != DB_TEXT)
            continue;
        const str *from = (const str *)((const char *)row + columns->fields[i].at);
        str text = {from->p != NULL ? to : NULL, from->n};
        if (from->n > 0)
            memcpy(to, from->p, from->n);
        to[from->n] = '\0';
        to += from->n + 1;
        memcpy(e->row + columns->fields[i].at, &text, sizeof(text));
    }
    return e;
}

struct cache_entry *cache_entry_hold(struct cache_entry *e)
{
    (void)atomic_fetch_add_explicit(&e->holders, 1, memory_order_relaxed);
    return e;
}

void cache_entry_let_go(struct cache_entry *e)
{
    if (e == NULL || atomic_fetch_sub_explicit(&e->holders, 1, memory_order_acq_rel) != 1)
        return;
    secret_wipe(e->row, e->size);
    free(e);
}

/* Row and texts at once; then each text is pointed at where it came to stand. */
void *cache_entry_copy(const struct cache_entry *e, const struct db_columns *columns, struct arena *a)
{
    char *to = arena_take(a, e->size);
    if (to == NULL)
        return NULL;
    memcpy(to, e->row, e->size);
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->fields[i].kind != DB_TEXT)
            continue;
        str text;
        memcpy(&text, to + columns->fields[i].at, sizeof(text));
        if (text.p != NULL)
            text.p = to + (text.p - e->row);
        memcpy(to + columns->fields[i].at, &text, sizeof(text));
    }
    return to;
}
