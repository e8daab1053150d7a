/* SPDX-License-Identifier: MIT
 * db_sheet: all statements of the store in one row, so that a test can show each to both engines. */
#include "store/db_room.h"

#include "base/banned.h"

static const struct db_sheet *sheet_of(size_t index)
{
    switch (index) {
#define X(name_)                                                                                                               \
    case DB_SHEET_##name_: return db_sheet_##name_;
        DB_SHEETS(X)
#undef X
    default: return NULL;
    }
}

size_t db_statement_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < DB_SHEET_COUNT; i++)
        count += sheet_of(i)->count;
    return count;
}

const char *db_statement_text(size_t i)
{
    for (size_t s = 0; s < DB_SHEET_COUNT; s++) {
        const struct db_sheet *sheet = sheet_of(s);
        if (i < sheet->count)
            return sheet->texts[i];
        i -= sheet->count;
    }
    return NULL;
}
