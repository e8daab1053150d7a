/* SPDX-License-Identifier: MIT
 * db_number: a number is given once, whatever becomes of the one who has it. */
#include "store/fresh.h"

#include "base/banned.h"

Test(numbers, reserved_numbers_are_distinct_over_blocks_threads_and_processes)
{
    struct fresh s = fresh_new(true), command = s;
    enum { MANY = 3 * DB_NUMBER_BLOCK, SPAN = 10 * DB_NUMBER_BLOCK };
    static bool seen[SPAN];
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    for (int i = 0; i < MANY; i++) {
        int64_t n = 0;
        MUST(db_authorization_reserve(i % 100 == 99 ? command.tx : s.tx, &n));
        cr_assert(n > 0 && n < SPAN);
        cr_assert_not(seen[n]);
        seen[n] = true;
    }
    store_close(command.store);
    fresh_end(&s);
}
