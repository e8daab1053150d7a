/* SPDX-License-Identifier: MIT
 * db_list: what all lists share: which statement an order means, and the pattern of a filter. Statements for every column and
 * direction stand in the tables; nothing of a request ever becomes SQL text (AD-09). */
#include "store/store_internal.h"

#include "base/ascii.h"
#include "base/buf.h"

#include "base/banned.h"

err db_list_line(const struct db_listing *listing, const struct db_page *page, size_t *line)
{
    if (page->limit < 1 || page->limit > DB_LIST_MAX || page->offset < 0)
        REFUSE(UNPROCESSABLE, "The page or the page size is out of range.", "store: limit or offset out of range"); /* AD-09 */
    if (!str_present(page->order_by)) {
        *line = listing->first + listing->own_order;
        return OK;
    }
    for (size_t i = 0; i < listing->column_count; i++)
        if (str_is(page->order_by, listing->columns[i])) {
            *line = listing->first + 2 * i + (page->descending ? 1 : 0);
            return OK;
        }
    REFUSE(UNPROCESSABLE, "This list cannot be ordered by that column.", "store: unknown order_by");
}

err db_list_pattern(struct arena *a, str filter, str *pattern)
{
    if (!str_filled(filter)) {
        *pattern = STR("");
        return OK;
    }
    if (filter.n > DB_FILTER_MAX)
        REFUSE(UNPROCESSABLE, "The filter is too long.", "store: filter too long");
    struct buf b = buf_new(a, 2 * DB_FILTER_MAX + 2);
    buf_char(&b, '%');
    for (size_t i = 0; i < filter.n; i++) {
        char c = filter.p[i];
        if (c == '%' || c == '_' || c == '!')
            buf_char(&b, '!');
        buf_char(&b, ascii_lower(c));
    }
    buf_char(&b, '%');
    return buf_done(&b, pattern);
}

struct listing {
    struct arena *a;
    const struct db_list_query *query;
    struct db_listed listed;
};

static err list_body(struct db_conn *c, void *context)
{
    struct listing *w = context;
    bool found = false;
    TRY(db_scalar(c, w->query->count, &w->listed.total, &found));
    return db_many(c, w->a, w->query->rows, w->query->columns, &w->listed.rows);
}

err db_list_read(struct tx *tx, struct arena *a, const struct db_list_query *query, struct db_listed *out)
{
    struct listing w = {a, query, {{NULL, 0}, 0}};
    TRY(db_read(tx, list_body, &w));
    *out = w.listed;
    return OK;
}
