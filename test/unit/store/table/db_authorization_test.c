/* SPDX-License-Identifier: MIT
 * Grants, codes, rotations: what is decided once is decided once. */
#include "store/fresh.h"

#include <pthread.h>

#include "base/banned.h"

struct scene {
    struct fresh s;
    struct db_user u;
    struct db_client c;
};

static struct scene scene_new(bool threaded)
{
    struct scene x = {.s = fresh_new(threaded)};
    x.u = fresh_user(&x.s, "ada");
    x.c = fresh_client(&x.s, "app");
    return x;
}

static struct db_taken take(struct fresh *s, int64_t number, const char *text)
{
    struct db_taken taken;
    struct token_hash hash = hash_of(text);
    MUST(db_code_take(s->tx, s->a, number, &hash, &taken));
    return taken;
}

Test(code, is_taken_once_and_its_return_ends_the_grant)
{
    for (int threaded = 0; threaded < 2; threaded++) {
        struct scene x = scene_new(threaded == 1);
        struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
        struct db_code c = fresh_code(&x.s, &g);
        struct db_taken t = take(&x.s, c.number, "code");
        cr_assert_eq(t.how, DB_TAKEN);
        cr_assert(str_is(t.code->redirect_uri, "https://a.example/cb"));
        cr_assert(str_is(t.code->code_challenge, "challenge"));
        cr_assert(token_hash_equal(&t.code->hash, &c.hash));
        cr_assert(str_equal(t.authorization->id, g.id));
        cr_assert_eq(t.authorization->revoked_at, 0);
        struct token_hash first = hash_of("r1");
        MUST(db_authorization_begin(x.s.tx, g.number, &first, T0, T0 + 1000));
        t = take(&x.s, c.number, "code"); /* AC-03 */
        cr_assert_eq(t.how, DB_TAKE_USED_BEFORE);
        cr_assert_eq(t.authorization->revoked_at, T0);
        bool rotated = true;
        struct db_authorization next = {.number = g.number, .generation = 2, .expires_at = T0 + 2000};
        MUST(db_refresh_rotate(x.s.tx, &next, 1, &rotated));
        cr_assert_not(rotated);
        fresh_end(&x.s);
    }
}

Test(code, unknown_wrong_and_expired_ones_are_told_apart_and_take_nothing)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    struct db_code c = fresh_code(&x.s, &g);
    struct db_taken t = take(&x.s, c.number + 1, "code");
    cr_assert_eq(t.how, DB_TAKE_UNKNOWN);
    cr_assert_null(t.code);
    cr_assert_null(t.authorization);
    cr_assert_eq(take(&x.s, c.number, "other").how, DB_TAKE_UNKNOWN);
    clock_set(T0 + 60); /* AC-02: not at its end any more */
    t = take(&x.s, c.number, "code");
    cr_assert_eq(t.how, DB_TAKE_EXPIRED);
    cr_assert_not_null(t.code);
    cr_assert_eq(t.authorization->revoked_at, 0);
    clock_set(T0 + 59);
    cr_assert_eq(take(&x.s, c.number, "code").how, DB_TAKEN);
    clock_set(T0 + 100); /* used before wins over expired: the return of a used code always ends its grant */
    cr_assert_eq(take(&x.s, c.number, "code").how, DB_TAKE_USED_BEFORE);
    fresh_end(&x.s);
}

Test(code, without_room_for_the_answer_it_is_not_taken)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    struct db_code c = fresh_code(&x.s, &g);
    struct db_taken t = {.how = DB_TAKE_EXPIRED};
    int refused = 0;
    for (size_t room = 16; room < 4000; room += 60) {
        struct arena *small = arena_new(room);
        err e = db_code_take(x.s.tx, small, c.number, &c.hash, &t);
        arena_release(small);
        if (!FAILED(e))
            break;
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
        cr_assert_eq(t.how, DB_TAKE_EXPIRED); /* untouched */
        refused++;
    }
    cr_assert_gt(refused, 2);
    cr_assert_eq(t.how, DB_TAKEN); /* each refusal had left it as it was */
    fresh_end(&x.s);
}

Test(code, a_consent_is_answered_once)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    struct db_code c = {.hash = hash_of("code"), .authorization_number = g.number, .expires_at = T0 + 60};
    MUST(db_code_reserve(x.s.tx, &c.number));
    MUST(db_authorization_add_with_code(x.s.tx, &g, &c, STR("page-1")));
    struct db_authorization h = fresh_authorization_made(&x.s, x.u.number, x.c.number), *r;
    struct db_code d = c;
    d.authorization_number = h.number;
    MUST(db_code_reserve(x.s.tx, &d.number));
    MUST_FAIL(CONFLICT, db_authorization_add_with_code(x.s.tx, &h, &d, STR("page-1")));
    MUST(db_authorization_get(x.s.tx, x.s.a, h.number, &r));
    cr_assert_null(r);
    cr_assert_eq(take(&x.s, d.number, "code").how, DB_TAKE_UNKNOWN);
    MUST(db_authorization_add_with_code(x.s.tx, &h, &d, STR("page-2")));
    fresh_end(&x.s);
}

/* ---- races ---- */

enum { RACERS = 100 };
struct race {
    struct fresh *s;
    int64_t number;
    pthread_barrier_t line;
    _Atomic int won, lost, failed;
};

static void *race_for_code(void *context)
{
    struct race *r = context;
    struct arena *a = arena_new(1 << 16);
    struct db_taken t = {0};
    struct token_hash hash = hash_of("code");
    pthread_barrier_wait(&r->line);
    err e = db_code_take(r->s->tx, a, r->number, &hash, &t);
    if (FAILED(e))
        r->failed++;
    else if (t.how == DB_TAKEN)
        r->won++;
    else if (t.how == DB_TAKE_USED_BEFORE)
        r->lost++;
    arena_release(a);
    return NULL;
}

static void *race_for_rotation(void *context)
{
    struct race *r = context;
    struct db_authorization next = {.number = r->number, .generation = 2, .current = hash_of("r2"), .expires_at = T0 + 2000};
    bool rotated = false;
    pthread_barrier_wait(&r->line);
    err e = db_refresh_rotate(r->s->tx, &next, 1, &rotated);
    if (FAILED(e))
        r->failed++;
    else if (rotated)
        r->won++;
    else
        r->lost++;
    return NULL;
}

static void run_race(struct race *r, void *(*runner)(void *))
{
    pthread_t threads[RACERS];
    pthread_barrier_init(&r->line, NULL, RACERS);
    for (int i = 0; i < RACERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, runner, r), 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&r->line);
    cr_assert_eq(r->won, 1);
    cr_assert_eq(r->lost, RACERS - 1);
    cr_assert_eq(r->failed, 0);
}

Test(race, a_hundred_threads_take_a_code_and_one_wins) /* AC-04 */
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    struct race r = {.s = &x.s, .number = fresh_code(&x.s, &g).number};
    run_race(&r, race_for_code);
    cr_assert_neq(store_authorization_again(&x.s, g.number)->revoked_at, 0);
    fresh_end(&x.s);
}

Test(race, a_hundred_threads_of_a_command_take_a_code_and_one_wins)
{
    struct scene x = scene_new(false);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    struct race r = {.s = &x.s, .number = fresh_code(&x.s, &g).number};
    run_race(&r, race_for_code);
    fresh_end(&x.s);
}

Test(race, a_hundred_threads_rotate_and_one_wins) /* RF-03 */
{
    struct scene x = scene_new(true);
    struct race r = {.s = &x.s, .number = fresh_authorization(&x.s, x.u.number, x.c.number).number};
    run_race(&r, race_for_rotation);
    cr_assert_eq(store_authorization_again(&x.s, r.number)->generation, 2);
    fresh_end(&x.s);
}

/* ---- refresh ---- */

Test(refresh, rotates_from_the_current_generation_alone)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization(&x.s, x.u.number, x.c.number), *r;
    struct db_authorization next = {.number = g.number,
                                    .generation = 2,
                                    .current = hash_of("r2"),
                                    .previous = hash_of("r1"),
                                    .successor = STR("sealed"),
                                    .rotated_at = T0 + 5,
                                    .last_used_at = T0 + 5,
                                    .expires_at = T0 + 5000};
    bool rotated = false;
    MUST(db_refresh_rotate(x.s.tx, &next, 1, &rotated));
    cr_assert(rotated);
    r = store_authorization_again(&x.s, g.number);
    cr_assert_eq(r->generation, 2);
    cr_assert(token_hash_equal(&r->current, &next.current));
    cr_assert(token_hash_equal(&r->previous, &next.previous));
    cr_assert(str_is(r->successor, "sealed"));
    cr_assert_eq(r->rotated_at, T0 + 5);
    cr_assert_eq(r->expires_at, T0 + 5000);
    cr_assert(str_is(r->scope, "openid")); /* RF-06: what was granted is not touched */
    next.generation = 3;
    MUST(db_refresh_rotate(x.s.tx, &next, 1, &rotated)); /* from an old generation */
    cr_assert_not(rotated);
    cr_assert_eq(store_authorization_again(&x.s, g.number)->generation, 2);
    next.successor = STR_ABSENT;
    MUST(db_refresh_rotate(x.s.tx, &next, 2, &rotated));
    cr_assert(rotated);
    cr_assert_not(str_present(store_authorization_again(&x.s, g.number)->successor));
    fresh_end(&x.s);
}

Test(refresh, a_dead_grant_never_rotates)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization(&x.s, x.u.number, x.c.number), next = g;
    bool rotated = true;
    next.generation = 2;
    next.expires_at = T0 + 9000;
    clock_set(T0 + 1000); /* its end */
    MUST(db_refresh_rotate(x.s.tx, &next, 1, &rotated));
    cr_assert_not(rotated);
    clock_set(T0);
    MUST(db_authorization_revoke(x.s.tx, g.number, T0 + 1));
    MUST(db_refresh_rotate(x.s.tx, &next, 1, &rotated));
    cr_assert_not(rotated);
    next.number = 4711;
    MUST(db_refresh_rotate(x.s.tx, &next, 1, &rotated));
    cr_assert_not(rotated);
    fresh_end(&x.s);
}

/* ---- grants ---- */

Test(authorization, begins_once_and_not_when_it_was_revoked)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number), h = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    struct token_hash first = hash_of("r1");
    (void)fresh_code(&x.s, &g);
    (void)fresh_code(&x.s, &h);
    MUST(db_authorization_begin(x.s.tx, g.number, &first, T0 + 1, T0 + 500));
    struct db_authorization *r = store_authorization_again(&x.s, g.number);
    cr_assert_eq(r->generation, 1);
    cr_assert(token_hash_equal(&r->current, &first));
    cr_assert_eq(r->expires_at, T0 + 500);
    MUST_FAIL(INVALID_GRANT, db_authorization_begin(x.s.tx, g.number, &first, T0, T0 + 500));
    MUST(db_authorization_revoke(x.s.tx, h.number, T0));
    MUST_FAIL(INVALID_GRANT, db_authorization_begin(x.s.tx, h.number, NULL, T0, T0 + 500));
    fresh_end(&x.s);
}

Test(authorization, without_a_refresh_token_has_generation_zero)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, x.u.number, x.c.number);
    (void)fresh_code(&x.s, &g);
    MUST(db_authorization_begin(x.s.tx, g.number, NULL, T0, T0 + 500));
    struct db_authorization *r = store_authorization_again(&x.s, g.number);
    static const struct token_hash none;
    cr_assert_eq(r->generation, 0);
    cr_assert(token_hash_equal(&r->current, &none));
    fresh_end(&x.s);
}

Test(authorization, of_nobody_is_refused)
{
    struct scene x = scene_new(true);
    struct db_authorization g = fresh_authorization_made(&x.s, 4711, x.c.number);
    MUST_FAIL(NOT_FOUND, db_authorization_add(x.s.tx, &g));
    g.user_number = x.u.number;
    MUST(db_authorization_add(x.s.tx, &g));
    MUST_FAIL(CONFLICT, db_authorization_add(x.s.tx, &g)); /* a number is used once */
    fresh_end(&x.s);
}

Test(authorization, is_revoked_by_id_by_its_owner_or_anybody_entitled)
{
    struct scene x = scene_new(true);
    struct db_user other = fresh_user(&x.s, "bob");
    struct db_authorization g = fresh_authorization(&x.s, x.u.number, x.c.number), h = fresh_authorization(&x.s, x.u.number, x.c.number);
    bool revoked = true;
    MUST(db_authorization_revoke_by_id(x.s.tx, g.id, other.number, &revoked));
    cr_assert_not(revoked);
    MUST(db_authorization_revoke_by_id(x.s.tx, g.id, x.u.number, &revoked));
    cr_assert(revoked);
    MUST(db_authorization_revoke_by_id(x.s.tx, g.id, x.u.number, &revoked)); /* no such live grant any more */
    cr_assert_not(revoked);
    MUST(db_authorization_revoke_by_id(x.s.tx, h.id, 0, &revoked));
    cr_assert(revoked);
    MUST(db_authorization_revoke_by_id(x.s.tx, STR("nothing"), 0, &revoked));
    cr_assert_not(revoked);
    cr_assert_neq(store_authorization_again(&x.s, h.number)->revoked_at, 0);
    fresh_end(&x.s);
}

Test(authorization, all_of_a_person_or_those_for_one_client_end)
{
    struct scene x = scene_new(true);
    struct db_client d = fresh_client(&x.s, "other");
    struct db_authorization g = fresh_authorization(&x.s, x.u.number, x.c.number);
    (void)fresh_authorization(&x.s, x.u.number, d.number);
    (void)fresh_authorization(&x.s, x.u.number, d.number);
    MUST(db_authorization_revoke_all(x.s.tx, x.s.a, x.u.number, x.c.number));
    cr_assert_eq(store_revoked(&x.s), 1u);
    cr_assert(str_equal(store_revoked_last(&x.s), g.id));
    MUST(db_authorization_revoke_all(x.s.tx, x.s.a, x.u.number, 0));
    cr_assert_eq(store_revoked(&x.s), 3u);
    MUST(db_authorization_revoke_all(x.s.tx, x.s.a, x.u.number, 0));
    cr_assert_eq(store_revoked(&x.s), 3u);
    fresh_end(&x.s);
}

Test(authorization, lists_show_live_ones_newest_first_and_at_most_a_hundred)
{
    struct scene x = scene_new(true);
    struct db_authorization waiting = fresh_authorization_made(&x.s, x.u.number, x.c.number), dead, *rows;
    size_t count = 0;
    (void)fresh_code(&x.s, &waiting); /* not exchanged */
    dead = fresh_authorization(&x.s, x.u.number, x.c.number);
    MUST(db_authorization_revoke(x.s.tx, dead.number, T0));
    struct db_authorization last = {0};
    for (int i = 0; i < 103; i++)
        last = fresh_authorization(&x.s, x.u.number, x.c.number);
    MUST(db_authorization_list(x.s.tx, x.s.a, x.u.number, &rows, &count));
    cr_assert_eq(count, 100u);
    cr_assert_eq(rows[0].number, last.number);
    for (size_t i = 1; i < count; i++)
        cr_assert_lt(rows[i].number, rows[i - 1].number);
    clock_set(T0 + 1000);
    MUST(db_authorization_list(x.s.tx, x.s.a, x.u.number, &rows, &count));
    cr_assert_eq(count, 0u);
    fresh_end(&x.s);
}

Test(authorization, applications_are_all_of_them_however_many_grants_one_has)
{
    struct scene x = scene_new(true);
    struct db_client other = fresh_client(&x.s, "behind-many");
    struct db_authorization first = fresh_authorization(&x.s, x.u.number, other.number), *rows;
    size_t count = 0;
    for (int i = 0; i < 103; i++)
        (void)fresh_authorization(&x.s, x.u.number, x.c.number);
    MUST(db_authorization_applications(x.s.tx, x.s.a, x.u.number, &rows, &count));
    cr_assert_eq(count, 2u);
    cr_assert(rows[0].client_number == x.c.number && rows[1].client_number == other.number);
    cr_assert(str_equal(rows[1].scope, first.scope) && rows[1].created_at == first.created_at);
    MUST(db_authorization_revoke(x.s.tx, first.number, T0));
    MUST(db_authorization_applications(x.s.tx, x.s.a, x.u.number, &rows, &count));
    cr_assert_eq(count, 1u);
    clock_set(T0 + 1000);
    MUST(db_authorization_applications(x.s.tx, x.s.a, x.u.number, &rows, &count));
    cr_assert_eq(count, 0u);
    fresh_end(&x.s);
}
