/* SPDX-License-Identifier: MIT
 * evp_state: each thread has its own, the same at every call. */
#include "crypto/evp_state.h"

#include <criterion/criterion.h>
#include <pthread.h>

#include "base/banned.h"

static void *take(void *other)
{
    struct evp_state *mine = evp_state_of_thread();
    bool own = mine != NULL && mine != other && mine == evp_state_of_thread();
    mine->hmacs[0].keyed = mine->blocks[0].keyed = true;
    return own ? mine : NULL;
}

Test(evp_state, a_thread_shares_it_with_no_other)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    struct evp_state *mine = evp_state_of_thread();
    cr_assert(mine != NULL && mine->close != NULL && mine->open != NULL && mine->close != mine->open);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take, mine), 0);
    for (int i = 0; i < THREADS; i++) {
        void *theirs = NULL;
        cr_assert(pthread_join(threads[i], &theirs) == 0 && theirs != NULL);
    }
    cr_expect(evp_state_of_thread() == mine && !mine->hmacs[0].keyed && !mine->blocks[0].keyed); /* what others have keyed is not here */
}

static void *look(void *unused)
{
    (void)unused;
    const struct evp_state *mine = evp_state_of_thread();
    return mine->hmacs[0].keyed || mine->hmacs[1].keyed || mine->blocks[0].keyed || mine->blocks[1].keyed ? NULL : (void *)1;
}

Test(evp_state, a_thread_begins_without_anybodys_key)
{
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        void *fresh = NULL;
        cr_assert(pthread_create(&thread, NULL, take, NULL) == 0 && pthread_join(thread, NULL) == 0);
        cr_assert(pthread_create(&thread, NULL, look, NULL) == 0 && pthread_join(thread, &fresh) == 0);
        cr_expect_not_null(fresh);
    }
}
