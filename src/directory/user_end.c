/* SPDX-License-Identifier: MIT
 * user_end: after the store ended a person's grants, their access tokens, which are self-contained, must end too. Relies on the
 * store for durability. Promises that everything in memory is told even when one part fails, and that the failure is not
 * swallowed. */
#include "directory/user_end.h"

#include "base/banned.h"

fallible user_end_tell(const struct ground *g, int64_t user_number, const struct db_ended *ended)
{
    struct hot *hot = g->authority->hot;
    err e = OK;
    if (ended != NULL && ended->count > 0)
        e = hot_revoke_ended(hot, ended, clock_add(clock_now(), g->authority->policy.access_lifetime_max));
    hot_user_forget(hot, user_number);
    hot_pat_forget(hot);
    hot_changed(hot);
    return e;
}
