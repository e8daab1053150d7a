/* SPDX-License-Identifier: MIT
 * Claims about the typed credentials: what was made here is known again as its kind, and nothing else ever is. */
#include "token/opaque.h"
#include "keys/keyring_build.h"
#include "codec/b64url.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "base/banned.h"

static const enum opaque_kind plain_kinds[] = {OPAQUE_PERSONAL, OPAQUE_CLIENT_SECRET};
static const enum opaque_kind sealed_kinds[] = {OPAQUE_ACCESS, OPAQUE_REFRESH, OPAQUE_CODE, OPAQUE_SESSION, OPAQUE_VISIT, OPAQUE_CONSENT, OPAQUE_DEVICE};
#define COUNT(list_) (sizeof(list_) / sizeof *(list_))

static str changed(struct arena *a, str text, size_t at, char to)
{
    char *copy = arena_take(a, text.n + 1);
    memcpy(copy, text.p, text.n);
    copy[at] = to;
    return (str){copy, text.n};
}

Test(opaque, plain_credentials_have_one_length_a_kind_and_check) /* AT-01 */
{
    struct arena *a = fixture_arena();
    const size_t lengths[] = {8 + 43 + 4, 7 + 43 + 4};
    for (size_t i = 0; i < COUNT(plain_kinds); i++) {
        struct token_raw one, two;
        cr_assert(!FAILED(opaque_plain_make(a, plain_kinds[i], &one)));
        cr_assert(!FAILED(opaque_plain_make(a, plain_kinds[i], &two)));
        cr_assert_eq(one.text.n, lengths[i]);
        cr_assert(!str_equal(one.text, two.text));
        cr_assert_eq(opaque_kind_of(one.text), plain_kinds[i]);
        cr_assert(!FAILED(opaque_plain_check(one.text, plain_kinds[i])));
    }
}

Test(opaque, the_checksum_is_the_one_that_is_documented)
{
    /* sha256("jtn_pat_" "AAAA…") computed with another program; its first three bytes */
    FILE *f = fopen("test/vectors/opaque_personal.txt", "re");
    char line[128];
    cr_assert(f != NULL && fgets(line, sizeof line, f) != NULL);
    fclose(f);
    str text = {line, strcspn(line, "\n")};
    cr_assert(!FAILED(opaque_plain_check(text, OPAQUE_PERSONAL)), "%.*s", STR_FMT(text));
}

Test(opaque, any_changed_character_of_a_plain_credential_is_refused)
{
    struct arena *a = fixture_arena();
    struct token_raw raw;
    cr_assert(!FAILED(opaque_plain_make(a, OPAQUE_PERSONAL, &raw)));
    for (size_t i = 0; i < raw.text.n; i++) {
        str other = changed(a, raw.text, i, raw.text.p[i] == 'x' ? 'y' : 'x');
        cr_assert_eq(opaque_plain_check(other, OPAQUE_PERSONAL).kind, ERR_INVALID_TOKEN, "position %zu", i);
    }
    cr_assert_eq(opaque_plain_check((str){raw.text.p, raw.text.n - 1}, OPAQUE_PERSONAL).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(opaque_plain_check(STR_ABSENT, OPAQUE_PERSONAL).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(opaque_plain_check(STR(""), OPAQUE_PERSONAL).kind, ERR_INVALID_TOKEN);
}

Test(opaque, a_plain_credential_under_another_prefix_is_refused) /* AC-11 */
{
    struct arena *a = fixture_arena();
    struct token_raw raw;
    cr_assert(!FAILED(opaque_plain_make(a, OPAQUE_PERSONAL, &raw)));
    str body = {raw.text.p + 8, raw.text.n - 8};
    str moved = str_join(a, (const str[]){STR("jtn_cs_"), body}, 2);
    cr_assert_eq(opaque_plain_check(moved, OPAQUE_CLIENT_SECRET).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(opaque_plain_check(raw.text, OPAQUE_CLIENT_SECRET).kind, ERR_INVALID_TOKEN);
}

Test(opaque, no_sealed_kind_opens_as_another) /* AC-11 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    for (size_t i = 0; i < COUNT(sealed_kinds); i++) {
        struct token_raw raw;
        str payload;
        cr_assert(!FAILED(opaque_sealed_make(a, k, sealed_kinds[i], STR("payload"), &raw)));
        cr_assert_eq(opaque_kind_of(raw.text), sealed_kinds[i]);
        for (size_t j = 0; j < COUNT(sealed_kinds); j++) {
            str as = str_join(a, (const str[]){str_of(opaque_prefix(sealed_kinds[j])), {raw.text.p + 7, raw.text.n - 7}}, 2);
            err opened = opaque_sealed_open(a, k, sealed_kinds[j], as, &payload);
            cr_assert_eq(opened.kind, i == j ? ERR_OK : ERR_INVALID_TOKEN, "%zu as %zu", i, j);
            if (i != j)
                cr_assert_eq(opaque_sealed_open(a, k, sealed_kinds[j], raw.text, &payload).kind, ERR_INVALID_TOKEN);
        }
        cr_assert(str_is(payload, "payload"));
    }
    keyring_free(k);
}

Test(opaque, any_changed_character_of_a_sealed_credential_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct token_raw raw;
    int64_t numbers[2] = {-1, -1};
    cr_assert(!FAILED(opaque_numbers_make(a, k, OPAQUE_REFRESH, (const int64_t[2]){7, 3}, &raw)));
    for (size_t i = 0; i < raw.text.n; i++) {
        str other = changed(a, raw.text, i, raw.text.p[i] == 'x' ? 'y' : 'x');
        cr_assert_eq(opaque_numbers_open(a, k, OPAQUE_REFRESH, other, numbers).kind, ERR_INVALID_TOKEN, "position %zu", i);
    }
    for (size_t n = 0; n < raw.text.n; n++)
        cr_assert_eq(opaque_numbers_open(a, k, OPAQUE_REFRESH, (str){raw.text.p, n}, numbers).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(numbers[0], -1, "an output was touched on failure");
    keyring_free(k);
}

Test(opaque, numbers_come_back_whole_even_at_the_ends)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    const int64_t pairs[][2] = {{0, 0}, {1, 2}, {INT64_MAX, INT64_MIN}, {-1, 1}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct token_raw raw;
        int64_t numbers[2];
        cr_assert(!FAILED(opaque_numbers_make(a, k, OPAQUE_CODE, pairs[i], &raw)));
        cr_assert(!FAILED(opaque_numbers_open(a, k, OPAQUE_CODE, raw.text, numbers)));
        cr_assert_eq(numbers[0], pairs[i][0]);
        cr_assert_eq(numbers[1], pairs[i][1]);
    }
    keyring_free(k);
}

Test(opaque, a_payload_of_another_length_is_not_two_numbers)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct token_raw raw;
    int64_t numbers[2];
    cr_assert(!FAILED(opaque_sealed_make(a, k, OPAQUE_CODE, STR("seventeen letters"), &raw)));
    cr_assert_eq(opaque_numbers_open(a, k, OPAQUE_CODE, raw.text, numbers).kind, ERR_INVALID_TOKEN);
    keyring_free(k);
}

Test(opaque, the_largest_payload_opens_and_a_larger_one_is_not_made)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    char *big = arena_take(a, OPAQUE_PAYLOAD_MAX + 1);
    struct token_raw raw;
    str payload;
    cr_assert(!FAILED(opaque_sealed_make(a, k, OPAQUE_CONSENT, (str){big, OPAQUE_PAYLOAD_MAX}, &raw)));
    cr_assert(!FAILED(opaque_sealed_open(a, k, OPAQUE_CONSENT, raw.text, &payload)));
    cr_assert_eq(payload.n, OPAQUE_PAYLOAD_MAX);
    cr_assert_eq(opaque_sealed_make(a, k, OPAQUE_CONSENT, (str){big, OPAQUE_PAYLOAD_MAX + 1}, &raw).kind, ERR_SERVER_ERROR);
    keyring_free(k);
}

Test(opaque, a_credential_of_another_servers_keyring_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *ours = fixture_keyring(a), *theirs = fixture_keyring(a);
    struct token_raw raw;
    str payload;
    cr_assert(!FAILED(opaque_sealed_make(a, theirs, OPAQUE_SESSION, STR("x"), &raw)));
    cr_assert_eq(opaque_sealed_open(a, ours, OPAQUE_SESSION, raw.text, &payload).kind, ERR_INVALID_TOKEN);
    keyring_free(ours);
    keyring_free(theirs);
}

Test(opaque, a_successor_opens_with_the_old_token_alone)
{
    struct arena *a = fixture_arena();
    str sealed, fresh, again;
    cr_assert(!FAILED(opaque_successor_close(a, STR("jtn_rt_old"), STR("jtn_rt_new"), &sealed)));
    cr_assert(!FAILED(opaque_successor_open(a, STR("jtn_rt_old"), sealed, &fresh)));
    cr_assert(str_is(fresh, "jtn_rt_new"));
    cr_assert_eq(opaque_successor_open(a, STR("jtn_rt_olD"), sealed, &again).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(opaque_successor_open(a, STR("jtn_rt_old"), STR(""), &again).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(opaque_successor_open(a, STR("jtn_rt_old"), STR_ABSENT, &again).kind, ERR_INVALID_TOKEN);
    str bent = changed(a, sealed, 0, sealed.p[0] == 'x' ? 'y' : 'x');
    cr_assert_eq(opaque_successor_open(a, STR("jtn_rt_old"), bent, &again).kind, ERR_INVALID_TOKEN);
}

Test(opaque, what_the_store_keeps_of_the_old_token_does_not_open_its_successor)
{
    struct arena *a = fixture_arena();
    str sealed, fresh;
    cr_assert(!FAILED(opaque_successor_close(a, STR("jtn_rt_old"), STR("jtn_rt_new"), &sealed)));
    struct token_hash hash = token_hash_of(STR("jtn_rt_old"));
    str as_key = {(char *)hash.bytes, sizeof hash.bytes};
    cr_assert_eq(opaque_successor_open(a, as_key, sealed, &fresh).kind, ERR_INVALID_TOKEN);
    uint8_t box[64], plain[64];
    size_t n;
    cr_assert(!FAILED(b64url_decode(sealed, box, sizeof box, &n)));
    cr_assert_eq(seal_open_once(hash.bytes, STR("jeton successor"), box, n, plain).kind, ERR_INVALID_TOKEN);
}

Test(opaque, foreign_prefixes_are_no_kind)
{
    static const char *const foreign[] = {"", "j", "jtn_", "jtn_xx_AAAA", "JTN_AT_AAAA", "ghp_AAAA", "Bearer jtn_at_"};
    for (size_t i = 0; i < COUNT(foreign); i++)
        cr_assert_eq(opaque_kind_of(str_of(foreign[i])), OPAQUE_NONE, "%s", foreign[i]);
    cr_assert_eq(opaque_kind_of(STR_ABSENT), OPAQUE_NONE);
}

Test(opaque, memory_that_ends_makes_no_credential)
{
    struct arena *a = arena_new(1 << 16);
    struct keyring *k = fixture_keyring(fixture_arena());
    struct token_raw raw = {STR_ABSENT};
    str payload = STR_ABSENT;
    arena_fail_after(1);
    cr_assert_eq(opaque_plain_make(a, OPAQUE_PERSONAL, &raw).kind, ERR_UNAVAILABLE);
    arena_fail_after(1);
    cr_assert_eq(opaque_sealed_make(a, k, OPAQUE_CODE, STR("x"), &raw).kind, ERR_UNAVAILABLE);
    arena_fail_after(0);
    cr_assert(!str_present(raw.text));
    cr_assert(!FAILED(opaque_sealed_make(a, k, OPAQUE_CODE, STR("x"), &raw)));
    arena_fail_after(1);
    cr_assert_eq(opaque_sealed_open(a, k, OPAQUE_CODE, raw.text, &payload).kind, ERR_UNAVAILABLE);
    arena_fail_after(0);
    cr_assert(!str_present(payload));
    keyring_free(k);
    arena_release(a);
}
