/* SPDX-License-Identifier: MIT
 * Claims about keys in a store: they are made once, found again, lost with the master key, and rotate without breaking what is out. */
#include "keys/rotation.h"
#include "context/authority.h"
#include "fixture.h"
#include "keys/at_rest.h"
#include "token/jws.h"
#include "token/opaque.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/banned.h"

enum { NOW = 1700000000 };

static const char *master_path(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/master.key", fixture_authority_directory());
    return path;
}

static size_t count_rows(const struct rotation_row *rows, size_t n, const char *use, const char *alg, const char *state)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += str_is(rows[i].use, use) && str_is(rows[i].alg, alg) && str_is(rows[i].state, state);
    return found;
}

Test(rotation, the_first_start_makes_every_key)
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    struct context *ctx = fixture_context(authority, a);
    struct rotation_row *rows;
    size_t n;
    cr_assert(!FAILED(authority_keys_list(ctx, &rows, &n)));
    cr_assert_eq(n, 7);
    static const char *const algs[] = {"ES256", "RS256", "EdDSA"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(count_rows(rows, n, "sig", algs[i], "active"), 1);
        cr_assert_eq(count_rows(rows, n, "sig", algs[i], "next"), 1);
    }
    cr_assert_eq(count_rows(rows, n, "seal", "A256GCM", "active"), 1);
    cr_assert_eq(keyring_sealing_number(ctx->keys), 1);
    struct stat s;
    cr_assert_eq(stat(master_path(), &s), 0);
    cr_assert_eq(s.st_size, 32);
    cr_assert_eq(s.st_mode & 0777, 0600); /* ST-03 */
    authority_leave(ctx);
}

Test(rotation, the_next_start_finds_the_same_keys)
{
    struct arena *a = fixture_arena();
    struct context *first = fixture_context(fixture_authority(a), a);
    struct context *second = fixture_context(fixture_authority_again(a), a);
    cr_assert(str_equal(keyring_jwks(first->keys, KEYRING_ALL_ALGS), keyring_jwks(second->keys, KEYRING_ALL_ALGS)));
    struct token_raw raw;
    str payload;
    cr_assert(!FAILED(opaque_sealed_make(a, first->keys, OPAQUE_CODE, STR("x"), &raw)));
    cr_assert(!FAILED(opaque_sealed_open(a, second->keys, OPAQUE_CODE, raw.text, &payload)));
    authority_leave(first);
    authority_leave(second);
}

static enum err_kind open_again(const struct authority *like, err *out)
{
    struct authority other = *like;
    other.keys = NULL;
    *out = authority_open(&other, fixture_authority_directory());
    if (!FAILED(*out))
        authority_close(&other);
    return out->kind;
}

Test(rotation, without_the_master_key_a_store_with_keys_is_refused) /* ST-02 */
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    err e;
    cr_assert_eq(open_again(authority, &e), ERR_OK);
    cr_assert_eq(unlink(master_path()), 0);
    cr_assert_eq(open_again(authority, &e), ERR_SERVER_ERROR);
    cr_assert(strstr(err_say(e), "master.key") != NULL);
    cr_assert_neq(access(master_path(), F_OK), 0, "a new master key was made over old keys");
}

Test(rotation, a_master_key_that_is_open_to_others_damaged_or_foreign_is_refused) /* ST-03 */
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    static const mode_t modes[] = {0640, 0604, 0660, 0666, 0610};
    err e;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        cr_assert_eq(chmod(master_path(), modes[i]), 0);
        cr_assert_eq(open_again(authority, &e), ERR_SERVER_ERROR, "%o", (unsigned)modes[i]);
    }
    cr_assert_eq(chmod(master_path(), 0600), 0);
    cr_assert_eq(open_again(authority, &e), ERR_OK);
    cr_assert_eq(truncate(master_path(), 31), 0);
    cr_assert_eq(open_again(authority, &e), ERR_SERVER_ERROR);
    cr_assert_eq(truncate(master_path(), 33), 0);
    cr_assert_eq(open_again(authority, &e), ERR_SERVER_ERROR);
    cr_assert_eq(truncate(master_path(), 32), 0);
    FILE *f = fopen(master_path(), "r+e");
    cr_assert(f != NULL && fputs("not the key", f) >= 0);
    fclose(f);
    cr_assert_eq(open_again(authority, &e), ERR_SERVER_ERROR);
    cr_assert(strstr(err_say(e), "master.key") != NULL);
    char other[300];
    snprintf(other, sizeof other, "%s.other", master_path());
    cr_assert_eq(rename(master_path(), other), 0);
    cr_assert_eq(symlink(other, master_path()), 0);
    cr_assert_eq(open_again(authority, &e), ERR_SERVER_ERROR, "a symbolic link was followed");
}

Test(rotation, the_database_holds_no_key_in_the_clear) /* ST-02 */
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    struct db_key *rows;
    size_t n;
    cr_assert(!FAILED(db_key_all(store_each(authority->store), a, &rows, &n)));
    for (size_t i = 0; i < n; i++)
        cr_assert(rows[i].sealed.n > 64);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            cr_assert(!str_equal(rows[i].sealed, rows[j].sealed));
}

static str signed_by(struct context *ctx, enum sign_alg alg)
{
    str token;
    cr_assert(!FAILED(jws_sign(ctx->arena, ctx->keys, alg, "at+jwt", STR("{}"), &token)));
    return token;
}

Test(rotation, rotation_keeps_what_is_out_and_signs_with_what_was_published) /* AT-11 */
{
    struct arena *a = fixture_arena();
    clock_set(NOW);
    struct authority *authority = fixture_authority(a);
    struct context *before = fixture_context(authority, a);
    const enum sign_alg algs[] = {SIGN_ES256, SIGN_RS256, SIGN_EDDSA};
    str tokens[3], jwks = str_dup(a, keyring_jwks(before->keys, KEYRING_ALL_ALGS));
    struct token_raw refresh;
    int64_t numbers[2];
    json *claims;
    for (size_t i = 0; i < 3; i++)
        tokens[i] = signed_by(before, algs[i]);
    cr_assert(!FAILED(opaque_numbers_make(a, before->keys, OPAQUE_REFRESH, (const int64_t[2]){1, 1}, &refresh)));
    cr_assert(!FAILED(authority_keys_rotate(before, ROTATION_NOW)));
    cr_assert(str_equal(keyring_jwks(before->keys, KEYRING_ALL_ALGS), jwks), "the keys changed under a running request");

    struct context *after = fixture_context(authority, a);
    cr_assert(!str_equal(keyring_jwks(after->keys, KEYRING_ALL_ALGS), jwks));
    cr_assert_eq(keyring_sealing_number(after->keys), 2);
    cr_assert(!FAILED(opaque_numbers_open(a, after->keys, OPAQUE_REFRESH, refresh.text, numbers)));
    for (size_t i = 0; i < 3; i++) {
        err e = jws_check(a, after->keys, "at+jwt", tokens[i], &claims);
        cr_assert(!FAILED(e), "%zu: %s", i, err_why(e));
        str kid = keyring_kid(after->keys, algs[i]);
        cr_assert(str_present(kid));
        struct buf b = buf_new(a, 256);
        str quoted;
        buf_format(&b, "\"kid\":\"%.*s\"", STR_FMT(kid));
        cr_assert(!FAILED(buf_done(&b, &quoted)));
        cr_assert(strstr(jwks.p, quoted.p) != NULL, "a key signs that was not published before");
        cr_assert(!FAILED(jws_check(a, after->keys, "at+jwt", signed_by(after, algs[i]), &claims)));
    }
    authority_leave(before);
    authority_leave(after);
}

static bool is_public_only(struct arena *a, const struct authority *authority, const struct db_key *row)
{
    str material;
    json *j;
    cr_assert(!FAILED(at_rest_material(authority->keeper, a, row, &material)));
    return !FAILED(json_parse(a, material, &j)) && str_filled(json_member_text(j, "kty")) && json_member(j, "d") == NULL;
}

Test(rotation, the_private_half_of_a_retired_key_is_gone) /* AT-11 */
{
    struct arena *a = fixture_arena();
    clock_set(NOW);
    struct authority *authority = fixture_authority(a);
    struct context *ctx = fixture_context(authority, a), *after;
    struct rotation_row *rows;
    struct db_key *stored;
    size_t n, halves = 0;
    cr_assert(!FAILED(authority_keys_rotate(ctx, ROTATION_NOW)));
    after = fixture_context(authority, a);
    cr_assert(!FAILED(db_key_all(store_each(authority->store), a, &stored, &n)));
    for (size_t i = 0; i < n; i++) {
        if (str_is(stored[i].use, "sig") && str_is(stored[i].state, "old"))
            cr_assert_eq(stored[i].sealed.n, 0);
        if (str_is(stored[i].use, "pub"))
            halves += is_public_only(a, authority, &stored[i]);
    }
    cr_assert_eq(halves, 3);
    cr_assert(!FAILED(authority_keys_list(after, &rows, &n)));
    cr_assert_eq(n, 11, "a key was listed twice");
    for (size_t i = 0; i < n; i++) {
        if (!str_is(rows[i].state, "old"))
            continue;
        const struct policy *p = &authority->policy;
        cr_assert_eq(rows[i].retired_at, NOW);
        cr_assert_eq(rows[i].destroy_after, NOW + (str_is(rows[i].use, "sig") ? p->access_lifetime_max : p->refresh_absolute));
    }
}

Test(rotation, a_retired_key_checks_no_longer_than_the_longest_token_lives) /* AT-11 */
{
    struct arena *a = fixture_arena();
    clock_set(NOW);
    struct authority *authority = fixture_authority(a);
    struct context *ctx = fixture_context(authority, a);
    str token = signed_by(ctx, SIGN_ES256);
    json *claims;
    cr_assert(!FAILED(authority_keys_rotate(ctx, ROTATION_NOW)));
    clock_set(NOW + authority->policy.access_lifetime_max - 1);
    struct context *early = fixture_context(fixture_authority_again(a), a);
    cr_assert(!FAILED(jws_check(a, early->keys, "at+jwt", token, &claims)));
    clock_set(NOW + authority->policy.access_lifetime_max);
    struct context *late = fixture_context(fixture_authority_again(a), a);
    cr_assert_eq(jws_check(a, late->keys, "at+jwt", token, &claims).kind, ERR_INVALID_TOKEN);
    authority_leave(ctx);
    authority_leave(early);
    authority_leave(late);
}

Test(rotation, another_process_sees_a_rotation_at_its_next_request)
{
    struct arena *a = fixture_arena();
    struct authority *ours = fixture_authority(a), *theirs = fixture_authority_again(a);
    struct context *old = fixture_context(theirs, a), *ctx = fixture_context(ours, a);
    struct token_raw raw;
    str payload;
    cr_assert(!FAILED(authority_keys_rotate(ctx, ROTATION_NOW)));
    struct context *here = fixture_context(ours, a), *there = fixture_context(theirs, a);
    cr_assert(str_equal(keyring_jwks(here->keys, KEYRING_ALL_ALGS), keyring_jwks(there->keys, KEYRING_ALL_ALGS)));
    cr_assert(!FAILED(opaque_sealed_make(a, here->keys, OPAQUE_CODE, STR("x"), &raw)));
    cr_assert(!FAILED(opaque_sealed_open(a, there->keys, OPAQUE_CODE, raw.text, &payload)));
    cr_assert_eq(opaque_sealed_open(a, old->keys, OPAQUE_CODE, raw.text, &payload).kind, ERR_INVALID_TOKEN);
    authority_leave(old);
    authority_leave(ctx);
    authority_leave(here);
    authority_leave(there);
}

Test(rotation, two_rotations_never_reuse_a_sealing_number)
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    struct token_raw first;
    str payload;
    struct context *before = fixture_context(authority, a);
    cr_assert(!FAILED(opaque_sealed_make(a, before->keys, OPAQUE_CODE, STR("x"), &first)));
    authority_leave(before);
    for (uint8_t expected = 2; expected <= 3; expected++) {
        struct context *ctx = fixture_context(authority, a);
        cr_assert(!FAILED(authority_keys_rotate(ctx, ROTATION_NOW)));
        authority_leave(ctx);
        ctx = fixture_context(authority, a);
        cr_assert_eq(keyring_sealing_number(ctx->keys), expected);
        cr_assert(!FAILED(opaque_sealed_open(a, ctx->keys, OPAQUE_CODE, first.text, &payload)));
        authority_leave(ctx);
    }
}

static unsigned sealing_number_now(struct authority *authority, struct arena *a)
{
    struct context *ctx = fixture_context(authority, a);
    unsigned number = keyring_sealing_number(ctx->keys);
    authority_leave(ctx);
    return number;
}

static bool scheduled(struct authority *authority, struct arena *a)
{
    bool rotated;
    struct context *ctx = fixture_context(authority, a);
    err e = authority_keys_schedule(ctx, &rotated);
    authority_leave(ctx);
    cr_assert(!FAILED(e), "%s", err_why(e));
    return rotated;
}

Test(rotation, no_key_signs_that_was_not_published_for_an_hour) /* AT-11 */
{
    struct arena *a = fixture_arena();
    clock_set(NOW);
    struct authority *authority = fixture_authority(a);
    unix_time made = NOW;
    struct context *first = fixture_context(authority, a);
    err at_once = authority_keys_rotate(first, ROTATION_PUBLISHED); /* the next ones were published with the first */
    cr_assert(!FAILED(at_once), "%s", err_why(at_once));
    authority_leave(first);
    for (int i = 0; i < 2; i++) {
        clock_set(made + ROTATION_PUBLISHED_SECONDS - 1);
        struct context *ctx = fixture_context(authority, a);
        cr_assert_eq(authority_keys_rotate(ctx, ROTATION_PUBLISHED).kind, ERR_UNPROCESSABLE);
        authority_leave(ctx);
        made += ROTATION_PUBLISHED_SECONDS;
        clock_set(made);
        ctx = fixture_context(authority, a);
        err e = authority_keys_rotate(ctx, ROTATION_PUBLISHED);
        cr_assert(!FAILED(e), "%s", err_why(e));
        authority_leave(ctx);
    }
    cr_assert_eq(sealing_number_now(authority, a), 4u);
}

Test(rotation, the_schedule_rotates_when_its_days_are_over_and_once) /* AT-11 */
{
    struct arena *a = fixture_arena();
    clock_set(NOW);
    struct authority *authority = fixture_authority(a), *theirs = fixture_authority_again(a);
    authority->policy.key_rotation = theirs->policy.key_rotation = 0;
    clock_set(NOW + 100 * 86400);
    cr_assert_not(scheduled(authority, a), "without a schedule");
    authority->policy.key_rotation = theirs->policy.key_rotation = 90 * 86400;
    clock_set(NOW + 90 * 86400 - 1);
    cr_assert_not(scheduled(authority, a));
    clock_set(NOW + 90 * 86400);
    cr_assert(scheduled(authority, a));
    cr_assert_not(scheduled(theirs, a), "two processes rotated");
    cr_assert_not(scheduled(authority, a));
    struct rotation_row *rows;
    size_t n;
    struct context *ctx = fixture_context(authority, a);
    cr_assert(!FAILED(authority_keys_list(ctx, &rows, &n)));
    for (size_t i = 0; i < n; i++)
        if (str_is(rows[i].use, "sig") && !str_is(rows[i].state, "old"))
            cr_assert_eq(rows[i].due_at, NOW + 180 * 86400);
    authority_leave(ctx);
}

Test(rotation, a_rotation_made_from_keys_that_are_gone_changes_nothing)
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    struct context *one = fixture_context(authority, a), *two = fixture_context(authority, a);
    cr_assert(!FAILED(authority_keys_rotate(one, ROTATION_NOW)));
    cr_assert_eq(authority_keys_rotate(two, ROTATION_NOW).kind, ERR_CONFLICT);
    authority_leave(one);
    authority_leave(two);
    cr_assert_eq(sealing_number_now(authority, a), 2u);
}
