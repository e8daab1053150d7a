/* SPDX-License-Identifier: MIT
 * Claims about access tokens: what was permitted comes back exactly, nothing else is ever read, and the last second is the one
 * before expires_at. */
#include "token/access.h"
#include "keys/keyring_build.h"
#include "fixture.h"
#include "token/jws.h"
#include "token/opaque.h"
#include "token/sealed.h"
#include <criterion/criterion.h>
#include <string.h>
#include "base/banned.h"

enum { NOW = 1700000000 };

static struct permit person(void)
{
    struct permit p;
    memset(&p, 0, sizeof p);
    p.user_number = 42;
    p.subject = STR("0b2e7a52-9d3c-4f6e-8a10-5f2b6c7d8e9f");
    p.client_number = 7;
    p.client_epoch = 3;
    p.client_id = STR("my client");
    p.authorization_id = STR("ffffffff-0000-4000-8000-0123456789ab");
    p.scope = STR("view-users edit-users");
    p.auth_time = NOW - 30;
    p.issued_at = NOW;
    p.expires_at = NOW + 3600;
    return p;
}

static struct permit machine(void)
{
    struct permit p = person();
    p.user_number = 0;
    p.subject = STR("client:my client");
    p.authorization_id = STR_ABSENT;
    p.auth_time = 0;
    return p;
}

static void same(const struct permit *one, const struct permit *other)
{
    cr_assert_eq(one->user_number, other->user_number);
    cr_assert(str_equal(one->subject, other->subject), "%.*s", STR_FMT(one->subject));
    cr_assert_eq(one->client_number, other->client_number);
    cr_assert_eq(one->client_epoch, other->client_epoch);
    cr_assert(str_equal(one->client_id, other->client_id));
    cr_assert(str_equal(one->authorization_id, other->authorization_id), "%.*s", STR_FMT(one->authorization_id));
    cr_assert(str_equal(one->scope, other->scope));
    cr_assert_eq(one->unscoped_full, other->unscoped_full);
    cr_assert_eq(one->resource_number, other->resource_number);
    cr_assert(str_equal(one->audience, other->audience));
    cr_assert_eq(one->auth_time, other->auth_time);
    cr_assert_eq(one->issued_at, other->issued_at);
    cr_assert_eq(one->expires_at, other->expires_at);
    cr_assert(str_equal(one->jkt, other->jkt) && str_equal(one->x5t, other->x5t));
    cr_assert(str_equal(one->details, other->details), "%.*s", STR_FMT(one->details));
    cr_assert(str_equal(one->act, other->act) && str_equal(one->userinfo_claims, other->userinfo_claims));
    cr_assert(str_equal(one->amr, other->amr));
}

#define PRINT_A "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define PRINT_B "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"

static struct permit rich(void)
{
    struct permit p = person();
    p.jkt = STR(PRINT_A);
    p.x5t = STR("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
    p.details = STR("[{\"type\":\"payment\",\"amount\":7}]");
    p.act = STR("{\"sub\":\"client:desk\"}");
    p.userinfo_claims = STR("email phone_number");
    p.amr = STR("pwd otp");
    return p;
}

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

/* AT-14: others see the pairwise subject and nothing else of the person; this server finds them again. */
Test(access, a_jwt_shows_what_it_is_bound_to_and_hides_the_person)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = rich();
    struct access_jwt how = {.alg = SIGN_ES256, .issuer = STR(FIXTURE_ISSUER)};
    struct access_reader reader = {how.issuer, NOW};
    struct access_facts facts;
    str token;
    json *claims;
    p.audience = STR("https://api.example.com/");
    p.resource_number = 9;
    p.pairwise = STR("somebody");
    cr_assert(!FAILED(access_sign(a, k, &p, &how, &token)));
    cr_assert(!FAILED(jws_check(a, k, "at+jwt", token, &claims)));
    cr_expect(str_is(json_member_text(claims, "sub"), "somebody"));
    cr_expect(str_is(json_member_text(json_member(claims, "cnf"), "jkt"), PRINT_A));
    cr_expect(str_equal(json_member_text(json_member(claims, "cnf"), "x5t#S256"), p.x5t));
    cr_expect_eq(json_count(json_member(claims, "authorization_details")), 1);
    cr_expect(str_is(json_member_text(json_member(claims, "act"), "sub"), "client:desk"));
    cr_assert(!FAILED(access_check(a, k, token, &reader, &facts)));
    cr_expect_eq(facts.permit.user_number, 42);
    cr_expect(str_is(facts.permit.subject, "somebody"));
    cr_expect(str_equal(facts.permit.jkt, p.jkt) && str_equal(facts.permit.x5t, p.x5t));
    cr_expect(str_equal(facts.permit.details, p.details) && str_equal(facts.permit.act, p.act));
    keyring_free(k);
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

/* ---- signed ---- */

static const struct access_jwt es256 = {SIGN_ES256, {FIXTURE_ISSUER, sizeof FIXTURE_ISSUER - 1}};
static const struct access_reader reader = {{FIXTURE_ISSUER, sizeof FIXTURE_ISSUER - 1}, NOW};

static struct permit for_resource(struct permit p)
{
    p.resource_number = 5;
    p.audience = STR("https://api.example.com");
    return p;
}

Test(access, a_signed_token_says_what_rfc_9068_asks) /* AT-02, AT-12 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit people = for_resource(person()), machines = for_resource(machine());
    const struct permit *permits[] = {&people, &machines};
    const enum sign_alg algs[] = {SIGN_ES256, SIGN_RS256, SIGN_EDDSA};
    for (size_t i = 0; i < 6; i++) {
        struct permit p = *permits[i % 2];
        struct access_facts facts;
        str token;
        struct access_jwt how = {algs[i / 2], STR(FIXTURE_ISSUER)};
        cr_assert(!FAILED(access_sign(a, k, &p, &how, &token)));
        err e = access_check(a, k, token, &reader, &facts);
        cr_assert(!FAILED(e), "%s", err_why(e));
        cr_assert(facts.is_jwt);
        cr_assert_eq(facts.token_id.n, 22);
        p.user_number = p.client_number = p.resource_number = 0; /* numbers never leave the house */
        same(&facts.permit, &p);
    }
    keyring_free(k);
}

Test(access, two_signed_tokens_have_two_ids)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = for_resource(person());
    struct access_facts one, two;
    str token;
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &token)));
    cr_assert(!FAILED(access_check(a, k, token, &reader, &one)));
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &token)));
    cr_assert(!FAILED(access_check(a, k, token, &reader, &two)));
    cr_assert(!str_equal(one.token_id, two.token_id));
    keyring_free(k);
}

Test(access, a_signed_token_of_another_issuer_or_time_is_refused)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = for_resource(person());
    struct access_facts facts;
    str token;
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &token)));
    struct access_reader other = {STR("https://auth.example.com/"), NOW};
    cr_assert_eq(access_check(a, k, token, &other, &facts).kind, ERR_INVALID_TOKEN);
    struct access_reader late = {STR(FIXTURE_ISSUER), p.expires_at};
    cr_assert_eq(access_check(a, k, token, &late, &facts).kind, ERR_INVALID_TOKEN);
    late.now = p.expires_at - 1;
    cr_assert_eq(access_check(a, k, token, &late, &facts).kind, ERR_OK);
    keyring_free(k);
}

Test(access, kinds_do_not_stand_in_for_each_other) /* AT-04 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = for_resource(person());
    struct access_facts facts;
    str jwt, sealed, id;
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &jwt)));
    cr_assert(!FAILED(access_seal(a, k, &p, &sealed, &id)));
    cr_assert_eq(access_open(a, k, jwt, NOW, &facts).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(access_check(a, k, sealed, &reader, &facts).kind, ERR_INVALID_TOKEN);
    keyring_free(k);
}

/* RFC 9068 2.2.1: how and when the person logged in; and nothing when nobody is said to have (RFC 7523). */
Test(access, a_jwt_tells_of_the_login_that_there_was_and_of_no_other)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = for_resource(person());
    struct access_facts facts;
    str token;
    json *claims;
    p.amr = STR("pwd otp");
    p.acr = STR("urn:strong");
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &token)));
    cr_assert(!FAILED(jws_check(a, k, "at+jwt", token, &claims)));
    cr_assert(str_is(json_member_text(claims, "acr"), "urn:strong"));
    cr_assert(str_is(json_words_of(a, json_member(claims, "amr")), "pwd otp"));
    cr_assert(!FAILED(access_check(a, k, token, &reader, &facts)));
    cr_assert(facts.permit.auth_time == p.auth_time && str_equal(facts.permit.acr, p.acr) && str_equal(facts.permit.amr, p.amr));
    p.auth_time = 0;
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &token)));
    cr_assert(!FAILED(jws_check(a, k, "at+jwt", token, &claims)));
    cr_assert(json_member(claims, "auth_time") == NULL && json_member(claims, "acr") == NULL && json_member(claims, "amr") == NULL);
    cr_assert(!FAILED(access_check(a, k, token, &reader, &facts)), "still a person's");
    cr_assert(facts.permit.auth_time == 0 && str_equal(facts.permit.subject, p.subject) && str_equal(facts.permit.authorization_id, p.authorization_id));
    keyring_free(k);
}

Test(access, a_signed_token_that_lacks_a_claim_is_refused)
{
    static const char *const names[] = {"iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp", "auth_time", "client_epoch"};
    static const char *const values[] = {"\"" FIXTURE_ISSUER "\"", "\"me\"", "\"https://a\"", "\"c\"", "\"\"", "\"j\"", "1", "1900000000", "1", "0"};
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    enum { COUNT = sizeof names / sizeof *names };
    for (size_t leave = 0; leave <= 2 * COUNT; leave++) { /* each left out, each of another type, and the whole one */
        struct buf b = buf_new(a, 2048);
        struct access_facts facts;
        str claims, token;
        for (size_t i = 0; i < COUNT; i++) {
            if (i == leave)
                continue;
            buf_char(&b, b.n == 0 ? '{' : ',');
            buf_format(&b, "\"%s\":%s", names[i], i + COUNT == leave ? "[\"x\"]" : values[i]);
        }
        buf_char(&b, '}');
        cr_assert(!FAILED(buf_done(&b, &claims)));
        token = STR_ABSENT;
        cr_assert(!FAILED(jws_sign(a, k, SIGN_EDDSA, "at+jwt", claims, &token)));
        err e = access_check(a, k, token, &reader, &facts);
        cr_assert_eq(e.kind, leave == 2 * COUNT ? ERR_OK : ERR_INVALID_TOKEN, "case %zu: %s", leave, err_why(e));
    }
    keyring_free(k);
}
