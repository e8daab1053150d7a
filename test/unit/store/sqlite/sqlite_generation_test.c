/* SPDX-License-Identifier: MIT
 * sqlite_generation: one counter for all processes with this store. */
#include "store/fresh.h"

#include "base/banned.h"

Test(sqlite_generation, each_commit_of_a_command_is_seen_by_all_and_a_servers_is_not_counted)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true), command = s;
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    uint64_t before = store_generation(s.store);
    (void)fresh_user(&s, "ours");
    cr_assert_eq(store_generation(command.store), before);
    (void)fresh_user(&command, "theirs");
    cr_assert_eq(store_generation(s.store), before + 1);
    store_close(command.store);
    fresh_end(&s);
}
