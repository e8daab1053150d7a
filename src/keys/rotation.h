/* SPDX-License-Identifier: MIT
 * rotation: when and how keys change (AT-11). Each moves one step (keys/keyring): what is published signs, what has signed only checks. */
#ifndef JETON_KEYS_ROTATION_H
#define JETON_KEYS_ROTATION_H
#include "base/clock.h"
#include "keys/keys.h"
struct rotation_policy {  /* seconds */
    int64_t every;        /* that signing keys are used; 0: no schedule */
    int64_t signed_lives; /* the longest time that anybody may hold what they signed */
    int64_t sealed_lives; /* the same for what sealing keys sealed */
};
/* The caller's view, whose ring a rotation is judged by. */
struct rotation_view {
    struct tx *tx;
    struct keys *keys;
    const struct keyring *ring;
    struct arena *arena;
    unix_time now;
    struct rotation_policy policy;
};
struct rotation_row {
    str kid, use, alg, state;
    unix_time created_at, active_at, retired_at, destroy_after;
    unix_time ready_at; /* a next signing key: published long enough from then on */
    unix_time due_at;   /* an active or next signing key: when the schedule changes them; 0: it does not */
};
fallible rotation_list(const struct rotation_view *v, struct rotation_row **rows, size_t *count);
/* All algorithms and the sealing key, in one transaction. PUBLISHED: UNPROCESSABLE unless the next keys have been in the JWKS for
 * ROTATION_PUBLISHED_SECONDS, which is longer than anybody may keep it, or were in it from the first moment (AT-11). CONFLICT: somebody else
 * rotated meanwhile. UNPROCESSABLE too when all numbers of sealing keys are in use. */
enum rotation_how { ROTATION_PUBLISHED = 1, ROTATION_NOW };
enum { ROTATION_PUBLISHED_SECONDS = 3600 };
fallible rotation_run(const struct rotation_view *v, enum rotation_how how);
/* Has the schedule's time come? */
fallible rotation_due(const struct rotation_view *v, bool *due);
#endif
