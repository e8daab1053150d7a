/* SPDX-License-Identifier: MIT
 * api_whole: lists that are whole in memory before they are told, and take the same parameters as those that the store pages (AD-09). Relies on
 * the handler for the cells of each row; promises that what was asked for is done or refused, never passed over, and that rows which are equal
 * keep the order in which they lay. */
#include "endpoint/api/api.h"
#include "base/ascii.h"
#include <stdlib.h>
#include "base/banned.h"

static bool contains_nocase(str text, str wanted)
{
    for (size_t i = 0; i + wanted.n <= text.n; i++)
        if (str_equal_nocase((str){text.p + i, wanted.n}, wanted))
            return true;
    return false;
}

static bool is_row_wanted(const struct api_whole *w, const struct api_whole_row *row, str filter)
{
    bool wanted = !str_filled(filter);
    for (size_t i = 0; i < w->searched && !wanted; i++)
        wanted = contains_nocase(row->cells[i], filter);
    return wanted;
}

static int compare_text(str a, str b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int c = (unsigned char)ascii_lower(a.p[i]), d = (unsigned char)ascii_lower(b.p[i]);
        if (c != d)
            return c - d;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static int compare_rising(const void *a, const void *b)
{
    const struct api_whole_row *x = a, *y = b;
    int order = compare_text(x->key, y->key);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static int compare_falling(const void *a, const void *b)
{
    const struct api_whole_row *x = a, *y = b;
    int order = compare_text(y->key, x->key);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static fallible sort_rows(struct api_whole *w, const struct db_page *page)
{
    size_t column = 0;
    if (!str_present(page->order_by))
        return OK;
    while (column < API_WHOLE_CELLS && w->columns[column] && !str_is(page->order_by, w->columns[column]))
        column++;
    if (column == API_WHOLE_CELLS || !w->columns[column])
        REFUSE(UNPROCESSABLE, "This list cannot be ordered by that column.", "api: unknown order_by");
    for (size_t i = 0; i < w->count; i++)
        w->rows[i].key = w->rows[i].cells[column];
    if (w->count > 1)
        qsort(w->rows, w->count, sizeof *w->rows, page->descending ? compare_falling : compare_rising);
    return OK;
}

fallible api_whole_new(struct arena *a, size_t most, struct api_whole *w)
{
    w->rows = arena_array(a, most > 0 ? most : 1, sizeof *w->rows);
    if (!w->rows)
        FAIL(UNAVAILABLE, "api: no memory for a list");
    return OK;
}

struct api_whole_row *api_whole_add(struct api_whole *w, const void *what)
{
    struct api_whole_row *row = &w->rows[w->count];
    *row = (struct api_whole_row){.what = what, .at = w->count++};
    return row;
}

fallible api_whole_page(struct api_whole *w, const struct db_page *page)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++)
        if (is_row_wanted(w, &w->rows[i], page->filter))
            w->rows[kept++] = w->rows[i];
    w->count = kept;
    TRY(sort_rows(w, page));
    w->from = (size_t)page->offset < kept ? (size_t)page->offset : kept;
    w->to = kept - w->from > (size_t)page->limit ? w->from + (size_t)page->limit : kept;
    return OK;
}
