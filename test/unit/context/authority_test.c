/* SPDX-License-Identifier: MIT
 * Claims about the authority: requests share what does not change, and events carry where they came from. (Its keys: test/unit/keys.) */
#include "context/authority.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include "base/banned.h"

Test(authority, requests_share_one_ring_while_nothing_changes)
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    struct context *one = fixture_context(authority, a), *two = fixture_context(authority, a);
    cr_assert(one->keys == two->keys);
    struct context *three = fixture_context(authority, a);
    cr_assert(one->keys == three->keys);
    authority_leave(one);
    authority_leave(two);
    authority_leave(three);
}

Test(authority, an_event_carries_where_it_came_from)
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    struct context *ctx = fixture_context(authority, a);
    struct db_event_rows events;
    authority_event(ctx, "test.event", &(struct authority_event_facts){.actor = STR("me"), .detail = STR("why")});
    cr_assert(!FAILED(db_event_list(store_each(authority->store), a, STR_ABSENT, &(struct db_page){.limit = 10}, &events)));
    cr_assert_eq(events.count, 1);
    cr_assert(str_is(events.rows[0].name, "test.event"));
    cr_assert(str_is(events.rows[0].address, "192.0.2.7"));
    cr_assert(str_is(events.rows[0].request_id, "test"));
    cr_assert(str_is(events.rows[0].actor, "me"));
    cr_assert_eq(events.rows[0].at, ctx->now);
    authority_leave(ctx);
}
