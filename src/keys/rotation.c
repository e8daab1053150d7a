/* SPDX-License-Identifier: MIT
 * rotation: see the header. Relies on store/table/db_key for steps that are whole or not at all, and on the caller's ring for the keys that retire.
 * Promises that signing keys which retire keep their public half for as long as anybody may hold what they signed, that sealing keys open for
 * as long as what they sealed may come back (AT-11), and that of two who rotate the same keys one does. */
#include "keys/rotation.h"
#include "keys/at_rest.h"
#include "base/banned.h"

enum { SEALING_NUMBERS = 255 };

/* When whoever checks signatures has had the time to learn a next key: an hour after its making, but from the beginning when it was made
 * with the first key of all, for then there never was a key set without it (AT-11). */
static unix_time ready_at(const struct db_key *rows, size_t count, const struct db_key *next)
{
    enum { MAKING_SECONDS = 60 };
    bool first = true;
    for (size_t i = 0; i < count; i++)
        if ((str_is(rows[i].use, "sig") || str_is(rows[i].use, "pub")) && str_equal(rows[i].alg, next->alg))
            first = first && !str_is(rows[i].state, "old") && clock_add(rows[i].created_at, MAKING_SECONDS) >= next->created_at;
    return first ? next->created_at : clock_add(next->created_at, ROTATION_PUBLISHED_SECONDS);
}

/* When the schedule puts the next keys to use: days after the oldest active one was, but never before they were published. 0: never. */
static unix_time due_at(const struct rotation_policy *p, const struct db_key *rows, size_t count)
{
    unix_time due = 0, ready = 0;
    for (size_t i = 0; p->every > 0 && i < count; i++) {
        if (!str_is(rows[i].use, "sig"))
            continue;
        unix_time end = clock_add(rows[i].active_at, p->every), from = ready_at(rows, count, &rows[i]);
        if (str_is(rows[i].state, "active") && (due == 0 || end < due))
            due = end;
        if (str_is(rows[i].state, "next") && from > ready)
            ready = from;
    }
    return due == 0 || due > ready ? due : ready;
}

fallible rotation_list(const struct rotation_view *v, struct rotation_row **rows, size_t *count)
{
    struct db_key *stored;
    size_t n, kept = 0;
    TRY(db_key_all(v->tx, v->arena, &stored, &n));
    struct rotation_row *list = arena_array(v->arena, n + 1, sizeof *list);
    if (list == NULL)
        FAIL(UNAVAILABLE, "no memory for the list of keys");
    unix_time due = due_at(&v->policy, stored, n);
    for (size_t i = 0; i < n; i++) {
        const struct db_key *k = &stored[i];
        bool sig = str_is(k->use, "sig"), next = sig && str_is(k->state, "next");
        if (str_is(k->use, "pub")) /* the shadow of a retired signing key, which is listed itself */
            continue;
        list[kept++] = (struct rotation_row){
            .kid = k->kid,
            .use = k->use,
            .alg = k->alg,
            .state = k->state,
            .created_at = k->created_at,
            .active_at = k->active_at,
            .retired_at = k->retired_at,
            .ready_at = next ? ready_at(stored, n, k) : 0,
            .due_at = next || (sig && str_is(k->state, "active")) ? due : 0,
            .destroy_after = k->destroy_after,
        };
    }
    *rows = list;
    *count = kept;
    return OK;
}

/* ---- rotation ---- */

/* The public half of the active key goes into a row of its own before the store wipes the private one. */
static fallible public_row(const struct rotation_view *v, enum sign_alg alg, unix_time destroy_after, struct db_key *out)
{
    struct keyring_entry entry;
    struct db_key row;
    TRY(keyring_public_half(v->ring, v->arena, alg, &entry));
    entry.created_at = v->now;
    entry.destroy_after = destroy_after;
    TRY(at_rest_row(keys_keeper(v->keys), v->arena, &entry, &row));
    row.retired_at = v->now;
    *out = row;
    return OK;
}

/* The number after the active one that no row has: a number comes back only when its key is destroyed. */
static fallible sealing_number(const struct rotation_view *v, uint8_t *out)
{
    struct db_key *rows;
    size_t count;
    bool taken[SEALING_NUMBERS + 1] = {true};
    TRY(db_key_all(v->tx, v->arena, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        if (str_is(rows[i].use, "seal") && !FAILED(str_u64(rows[i].kid, SEALING_NUMBERS, &number)))
            taken[number] = true;
    }
    unsigned number = keyring_sealing_number(v->ring);
    for (unsigned i = 0; i < SEALING_NUMBERS; i++) {
        number = number % SEALING_NUMBERS + 1;
        if (!taken[number]) {
            *out = (uint8_t)number;
            return OK;
        }
    }
    REFUSE(UNPROCESSABLE, "The keys were rotated too often: wait until the oldest encryption keys are destroyed.", "all numbers of sealing keys are taken");
}

/* What a rotation puts into the store, made beforehand: an RSA key takes its time, and the writer has none. */
struct rotation {
    const struct rotation_view *view;
    enum rotation_how how;
    struct db_key fresh[SIGN_OWN_COUNT], old[SIGN_OWN_COUNT], sealing; /* by algorithm; old: public halves */
    unix_time old_until;
};

static fallible fresh_row(const struct rotation_view *v, enum sign_alg alg, struct db_key *out)
{
    struct keyring_entry entry;
    TRY(keyring_fresh_signing(v->arena, alg, &entry));
    return at_rest_row(keys_keeper(v->keys), v->arena, &entry, out);
}

static fallible prepare_rotation_rows(const struct rotation_view *v, struct rotation *r)
{
    struct keyring_entry entry;
    uint8_t number;
    r->old_until = clock_add(v->now, v->policy.signed_lives);
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++) {
        TRY(fresh_row(v, (enum sign_alg)alg, &r->fresh[alg]));
        TRY(public_row(v, (enum sign_alg)alg, r->old_until, &r->old[alg]));
    }
    TRY(sealing_number(v, &number));
    TRY(keyring_fresh_sealing(v->arena, number, &entry));
    return at_rest_row(keys_keeper(v->keys), v->arena, &entry, &r->sealing);
}

/* AT-11: whoever checks signatures has had the time to learn the next keys. */
static bool are_next_keys_published(const struct db_key *rows, size_t count, unix_time now)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(rows[i].use, "sig") && str_is(rows[i].state, "next") && ready_at(rows, count, &rows[i]) > now)
            return false;
    return true;
}

/* Are the keys still those that the rotation was made from? Of two processes that rotate one is first, and the other finds so. */
static bool same_keys(const struct keyring *ring, const struct db_key *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum sign_alg alg;
        if (str_is(rows[i].use, "sig") && str_is(rows[i].state, "active") && sign_alg_of(rows[i].alg, &alg) && !str_equal(keyring_kid(ring, alg), rows[i].kid))
            return false;
    }
    return true;
}

static err rotate_all(struct tx *tx, void *context)
{
    const struct rotation *r = context;
    const struct rotation_view *v = r->view;
    struct db_key *rows;
    size_t count;
    TRY(db_key_hold(tx));
    TRY(db_key_all(tx, v->arena, &rows, &count));
    if (!same_keys(v->ring, rows, count))
        FAIL(CONFLICT, "the keys were rotated meanwhile");
    if (r->how != ROTATION_NOW && !are_next_keys_published(rows, count, v->now))
        REFUSE(UNPROCESSABLE,
               "The next keys have not been published for an hour yet, so clients may not know them. Wait, or, if a key has been compromised, rotate at once "
               "with jeton key rotate --now.",
               "the next keys were not published long enough");
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++) {
        err added = db_key_add(tx, &r->old[alg]);
        if (FAILED(added) && added.kind != ERR_CONFLICT) /* a rotation that did not come to its end has left it there */
            return added;
        TRY(db_key_rotate(tx, &r->fresh[alg], v->now, r->old_until));
    }
    return db_key_rotate(tx, &r->sealing, v->now, clock_add(v->now, v->policy.sealed_lives));
}

fallible rotation_run(const struct rotation_view *v, enum rotation_how how)
{
    struct rotation *r = ARENA_NEW(v->arena, struct rotation);
    if (r == NULL)
        FAIL(UNAVAILABLE, "no memory for new keys");
    r->view = v;
    r->how = how;
    TRY(prepare_rotation_rows(v, r));
    return store_together(v->tx, rotate_all, r);
}

fallible rotation_due(const struct rotation_view *v, bool *due)
{
    struct db_key *rows;
    size_t count;
    TRY(db_key_all(v->tx, v->arena, &rows, &count));
    unix_time at = due_at(&v->policy, rows, count);
    *due = at != 0 && at <= v->now;
    return OK;
}
