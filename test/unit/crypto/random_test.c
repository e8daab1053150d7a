/* SPDX-License-Identifier: MIT
 * Tests of random. */
#include "crypto/random.h"

#include "base/ascii.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

Test(random, bytes_do_not_repeat)
{
    static uint8_t seen[400][16];
    for (size_t i = 0; i < 400; i++) { /* more than one pool */
        random_bytes(seen[i], sizeof seen[i]);
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(memcmp(seen[i], seen[j], sizeof seen[i]), 0);
    }
}

Test(random, every_byte_of_any_size_is_filled_and_no_more)
{
    for (size_t size = 0; size <= 600; size += 37) {
        uint8_t either[601] = {0};
        for (int round = 0; round < 8; round++) { /* a byte stays zero eight times with a chance of 2^-64 */
            uint8_t bytes[601];
            memset(bytes, 0, sizeof bytes);
            random_bytes(bytes, size);
            cr_assert_eq(bytes[size], 0);
            for (size_t i = 0; i < size; i++)
                either[i] |= bytes[i];
        }
        for (size_t i = 0; i < size; i++)
            cr_assert_neq(either[i], 0);
    }
}

static void *other_thread(void *out)
{
    random_bytes(out, 32);
    return NULL;
}

Test(random, threads_have_pools_of_their_own)
{
    uint8_t mine[32], theirs[32];
    pthread_t thread;
    random_bytes(mine, sizeof mine);
    cr_assert_eq(pthread_create(&thread, NULL, other_thread, theirs), 0);
    pthread_join(thread, NULL);
    cr_assert_neq(memcmp(mine, theirs, sizeof mine), 0);
}

#ifndef JETON_RELEASE
Test(random, a_seed_fixes_the_sequence_until_it_is_taken_away)
{
    uint8_t a[64], b[64];
    random_seed(42);
    random_bytes(a, sizeof a);
    random_seed(42);
    random_bytes(b, sizeof b);
    cr_assert_eq(memcmp(a, b, sizeof a), 0);
    random_bytes(b, sizeof b);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
    random_seed(0);
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}
#endif

Test(random, uuids_are_version_4)
{
    char first[37], text[37];
    random_uuid(first);
    for (int round = 0; round < 50; round++) {
        random_uuid(text);
        cr_assert_str_neq(text, first);
        cr_assert_eq(strlen(text), 36);
        for (int i = 0; i < 36; i++)
            cr_assert(i == 8 || i == 13 || i == 18 || i == 23 ? text[i] == '-' : ascii_hex(text[i]) >= 0 && !(text[i] >= 'A' && text[i] <= 'F'));
        cr_assert_eq(text[14], '4');                 /* RFC 9562 4.2 */
        cr_assert(strchr("89ab", text[19]) != NULL); /* RFC 9562 4.1 */
    }
}
