/* SPDX-License-Identifier: MIT
 * sqlite: what the engine says becomes an err, and a transaction in which it failed is never committed. */
#include "store/fresh.h"

#include "base/banned.h"

Test(sqlite, a_file_that_is_no_database_is_an_error_not_an_empty_store)
{
    fresh_only_sqlite();
    struct fresh s = {0};
    fresh_path(&s);
    char path[128];
    path_of(&s, "jeton.db", path);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database", f);
    fclose(f);
    cr_assert_eq(chmod(path, 0600), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    fresh_remove(&s);
}
