/* SPDX-License-Identifier: MIT
 * migrations: the numbered steps of the schema. */
#include "store/fresh.h"

#include "store/migrations.h"

#include "base/banned.h"

Test(migrations, migrations_are_numbered_without_a_gap_and_all_listed)
{
    for (size_t i = 0; i < migrations_count(); i++) {
        cr_assert_eq(migrations_version(i), (int64_t)i + 1);
        cr_assert(strlen(store_migrations_text(i)) > 10);
    }
    cr_assert_null(store_migrations_text(migrations_count()));
}
