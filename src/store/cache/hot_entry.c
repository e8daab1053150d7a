/* SPDX-License-Identifier: MIT
 * hot_entry: see the header. Promises that a text which was absent stays so, and that each ends with a NUL byte, as str_dup's do. */
#include "store/cache/hot_entry.h"

#include "crypto/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static size_t size_of(const struct db_shape *shape, const void *row)
{
    size_t size = shape->size;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].kind == DB_TEXT)
            size += ((const str *)((const char *)row + shape->fields[i].at))->n + 1;
    return size;
}

struct hot_entry *hot_entry_new(const struct db_shape *shape, const void *row)
{
    size_t size = size_of(shape, row);
    struct hot_entry *e = malloc(sizeof(*e) + size);
    if (e == NULL)
        return NULL;
    atomic_init(&e->holders, 1);
    e->size = size;
    memcpy(e->row, row, shape->size);
    char *to = e->row + shape->size;
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].kind != DB_TEXT)
            continue;
        const str *from = (const str *)((const char *)row + shape->fields[i].at);
        str text = {from->p != NULL ? to : NULL, from->n};
        if (from->n > 0)
            memcpy(to, from->p, from->n);
        to[from->n] = '\0';
        to += from->n + 1;
        memcpy(e->row + shape->fields[i].at, &text, sizeof(text));
    }
    return e;
}

struct hot_entry *hot_entry_hold(struct hot_entry *e)
{
    (void)atomic_fetch_add_explicit(&e->holders, 1, memory_order_relaxed);
    return e;
}

void hot_entry_let_go(struct hot_entry *e)
{
    if (e == NULL || atomic_fetch_sub_explicit(&e->holders, 1, memory_order_acq_rel) != 1)
        return;
    secret_wipe(e->row, e->size);
    free(e);
}

/* Row and texts at once; then each text is pointed at where it came to stand. */
void *hot_entry_copy(const struct hot_entry *e, const struct db_shape *shape, struct arena *a)
{
    char *to = arena_take(a, e->size);
    if (to == NULL)
        return NULL;
    memcpy(to, e->row, e->size);
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->fields[i].kind != DB_TEXT)
            continue;
        str text;
        memcpy(&text, to + shape->fields[i].at, sizeof(text));
        if (text.p != NULL)
            text.p = to + (text.p - e->row);
        memcpy(to + shape->fields[i].at, &text, sizeof(text));
    }
    return to;
}
