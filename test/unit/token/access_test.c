/* SPDX-License-Identifier: MIT
 * Claims about access tokens: what was permitted comes back exactly, nothing else is ever read, and the last second is the one
 * before expires_at. */
#include "permits.h"
#include "keys/keyring_build.h"
#include "token/jws.h"
#include "token/opaque.h"
#include "token/sealed.h"
#include "base/banned.h"

static void round_trip(const struct permit *p)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct access_facts facts;
    str token, id;
    err e = access_seal(a, k, p, &token, &id);
    cr_assert(!FAILED(e), "%s", err_why(e));
    cr_assert_eq(opaque_kind_of(token), OPAQUE_ACCESS);
    e = access_open(a, k, token, p->issued_at, &facts);
    cr_assert(!FAILED(e), "%s", err_why(e));
    same(&facts.permit, p);
    cr_assert(!facts.is_jwt);
    cr_assert_eq(id.n, 22);
    cr_assert(str_equal(facts.token_id, id));
    keyring_free(k);
}

Test(access, a_persons_token_comes_back_whole)
{
    struct permit p = person();
    round_trip(&p);
}

Test(access, what_a_token_is_bound_to_and_speaks_of_comes_back_whole)
{
    struct permit p = rich();
    round_trip(&p);
    p.x5t = p.details = p.act = p.userinfo_claims = STR_ABSENT;
    round_trip(&p);
    p.jkt = STR_ABSENT;
    round_trip(&p); /* the login alone */
    p = person();
    p.act = rich().act;
    round_trip(&p);
    p = machine();
    p.x5t = rich().x5t;
    round_trip(&p);
}

Test(access, permits_bound_to_nonsense_make_no_token)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    str token, id;
    for (int i = 0; i < 5; i++) {
        struct permit p = rich();
        static char much[PERMIT_DETAILS_MAX + 1];
        if (i == 0)
            p.jkt = STR("short");
        if (i == 1)
            p.x5t = STR(PRINT_B); /* dangling bits */
        if (i == 2)
            p.details = (str){much, sizeof much};
        if (i == 3)
            p.pairwise = STR("client:x"); /* TE-08 */
        if (i == 4) {
            p = machine();
            p.pairwise = STR("x");
        }
        cr_expect_eq(access_seal(a, k, &p, &token, &id).kind, ERR_SERVER_ERROR, "%d", i);
    }
    keyring_free(k);
}

Test(access, a_clients_own_token_comes_back_whole)
{
    struct permit p = machine();
    round_trip(&p);
}

Test(access, odd_but_lawful_permits_come_back_whole)
{
    struct permit p = person();
    static char long_id[255];
    memset(long_id, '~', sizeof long_id);
    p.client_id = (str){long_id, sizeof long_id};
    p.subject = STR("0B2E7A52-9D3C-4F6E-8A10-5F2B6C7D8E9F"); /* not the one spelling that is packed */
    p.scope = STR("");
    p.unscoped_full = true;
    p.resource_number = ((int64_t)1 << 48) - 1;
    p.audience = STR("https://api.example.com/");
    p.auth_time = 0;
    p.expires_at = p.issued_at + UINT32_MAX;
    round_trip(&p);
    p.subject = STR("x");
    p.authorization_id = STR_ABSENT;
    p.user_number = p.client_number = ((int64_t)1 << 48) - 1;
    p.client_epoch = 0;
    round_trip(&p);
}

Test(access, a_usual_token_is_short)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = person();
    str token, id;
    p.client_id = STR("0b2e7a52-9d3c-4f6e-8a10-5f2b6c7d8e9f");
    p.amr = STR("pwd");
    cr_assert(!FAILED(access_seal(a, k, &p, &token, &id)));
    cr_assert_leq(token.n, 256, "%zu", token.n);
    keyring_free(k);
}

Test(access, a_token_is_dead_from_the_second_it_expires) /* AT-09 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = person();
    struct access_facts facts;
    str token, id;
    cr_assert(!FAILED(access_seal(a, k, &p, &token, &id)));
    cr_assert_eq(access_open(a, k, token, p.expires_at - 1, &facts).kind, ERR_OK);
    err e = access_open(a, k, token, p.expires_at, &facts);
    cr_assert_eq(e.kind, ERR_INVALID_TOKEN);
    cr_assert(strstr(err_say(e), "expired") != NULL);
    keyring_free(k);
}

Test(access, any_changed_or_missing_character_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = machine();
    struct access_facts facts;
    str token, id;
    cr_assert(!FAILED(access_seal(a, k, &p, &token, &id)));
    char *copy = arena_take(a, token.n + 1);
    for (size_t i = 0; i < token.n; i++) {
        memcpy(copy, token.p, token.n);
        copy[i] = copy[i] == 'x' ? 'y' : 'x';
        cr_assert_eq(access_open(a, k, (str){copy, token.n}, NOW, &facts).kind, ERR_INVALID_TOKEN, "position %zu", i);
        cr_assert_eq(access_open(a, k, (str){token.p, i}, NOW, &facts).kind, ERR_INVALID_TOKEN, "length %zu", i);
    }
    keyring_free(k);
}

Test(access, a_sealed_record_that_is_malformed_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = person();
    struct access_facts facts;
    struct sealed good, bent;
    str token, id;
    cr_assert(!FAILED(access_seal(a, k, &p, &token, &id)));
    cr_assert(!FAILED(sealed_open(a, k, STR("jtn_at_"), token, &good)));
    for (size_t n = 0; n < good.payload.n; n++) {
        cr_assert(!FAILED(sealed_close(a, k, STR("jtn_at_"), (str){good.payload.p, n}, &bent)));
        cr_assert_eq(access_open(a, k, bent.text, NOW, &facts).kind, ERR_INVALID_TOKEN, "length %zu", n);
    }
    char *copy = arena_take(a, good.payload.n + 1);
    memcpy(copy, good.payload.p, good.payload.n);
    cr_assert(!FAILED(sealed_close(a, k, STR("jtn_at_"), (str){copy, good.payload.n + 1}, &bent)));
    cr_assert_eq(access_open(a, k, bent.text, NOW, &facts).kind, ERR_INVALID_TOKEN, "a byte too many");
    copy[0] = 2;
    cr_assert(!FAILED(sealed_close(a, k, STR("jtn_at_"), (str){copy, good.payload.n}, &bent)));
    cr_assert_eq(access_open(a, k, bent.text, NOW, &facts).kind, ERR_INVALID_TOKEN, "another version");
    copy[0] = 1;
    copy[1] |= 32;
    cr_assert(!FAILED(sealed_close(a, k, STR("jtn_at_"), (str){copy, good.payload.n}, &bent)));
    cr_assert_eq(access_open(a, k, bent.text, NOW, &facts).kind, ERR_INVALID_TOKEN, "an unknown flag");
    keyring_free(k);
}

static void refuse(const struct keyring *k, const struct permit *p, const char *what)
{
    struct arena *a = arena_new(1 << 20);
    str token = STR_ABSENT, id;
    cr_assert_eq(access_seal(a, k, p, &token, &id).kind, ERR_SERVER_ERROR, "%s", what);
    struct access_jwt how = {SIGN_EDDSA, STR("https://issuer")};
    cr_assert_eq(access_sign(a, k, p, &how, &token).kind, ERR_SERVER_ERROR, "%s", what);
    cr_assert(!str_present(token));
    arena_release(a);
}

Test(access, a_broken_permit_makes_no_token)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = person();
    p.client_id = STR("");
    refuse(k, &p, "no client");
    p = person();
    p.subject = STR_ABSENT;
    refuse(k, &p, "no subject");
    p = person();
    p.subject = STR("client:my client");
    refuse(k, &p, "a person that looks like a client"); /* TE-08 */
    p = machine();
    p.subject = STR("0b2e7a52-9d3c-4f6e-8a10-5f2b6c7d8e9f");
    refuse(k, &p, "a client that looks like a person"); /* TE-08 */
    p = machine();
    p.subject = STR("client:other one");
    refuse(k, &p, "a client that looks like another");
    p = person();
    p.expires_at = p.issued_at;
    refuse(k, &p, "no lifetime");
    p = person();
    p.expires_at = INT64_MAX;
    refuse(k, &p, "for ever");
    p = person();
    p.client_number = -1;
    refuse(k, &p, "a negative number");
    p = person();
    p.resource_number = 1;
    refuse(k, &p, "a resource without audience");
    keyring_free(k);
}

Test(access, memory_that_ends_never_yields_a_token)
{
    struct keyring *k = fixture_keyring(fixture_arena());
    struct permit p = machine();
    for (size_t n = 1; n < 100; n++) {
        struct arena *a = arena_new(1 << 20);
        struct access_facts facts;
        str token = STR_ABSENT, id = STR_ABSENT;
        arena_fail_after(n);
        err made = access_seal(a, k, &p, &token, &id);
        err opened = FAILED(made) ? made : access_open(a, k, token, NOW, &facts);
        arena_fail_after(0);
        bool done = !arena_failed(a);
        cr_assert(done == !FAILED(opened), "take %zu", n);
        cr_assert(!FAILED(made) || !str_present(token));
        arena_release(a);
        if (done)
            break;
    }
    keyring_free(k);
}
