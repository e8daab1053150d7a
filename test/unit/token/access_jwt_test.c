/* SPDX-License-Identifier: MIT
 * access_jwt: a signed access token says what RFC 9068 asks and no more of a person than it must, and is read back whole or not at all. */
#include "permits.h"
#include "keys/keyring_build.h"
#include "token/jws.h"
#include "token/sealed.h"
#include "base/banned.h"

static const struct access_jwt es256 = {SIGN_ES256, {FIXTURE_ISSUER, sizeof FIXTURE_ISSUER - 1}};
static const struct access_reader reader = {{FIXTURE_ISSUER, sizeof FIXTURE_ISSUER - 1}, NOW};

static struct permit for_resource(struct permit p)
{
    p.resource_number = 5;
    p.audience = STR("https://api.example.com");
    return p;
}

/* AT-14: others see the pairwise subject and nothing else of the person; this server finds them again. */
Test(access_jwt, a_jwt_shows_what_it_is_bound_to_and_hides_the_person)
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = for_resource(rich());
    struct access_facts facts;
    str token;
    json *claims;
    p.pairwise = STR("somebody");
    cr_assert(!FAILED(access_sign(a, k, &p, &es256, &token)));
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

Test(access_jwt, a_signed_token_says_what_rfc_9068_asks) /* AT-02, AT-12 */
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

Test(access_jwt, two_signed_tokens_have_two_ids)
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

Test(access_jwt, a_signed_token_of_another_issuer_or_time_is_refused)
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

Test(access_jwt, kinds_do_not_stand_in_for_each_other) /* AT-04 */
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
Test(access_jwt, a_jwt_tells_of_the_login_that_there_was_and_of_no_other)
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

Test(access_jwt, a_signed_token_that_lacks_a_claim_is_refused)
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

/* ---- what is none of ours ---- */

#define BEGUN(subject_)                                                                                                                          \
    "{\"iss\":\"" FIXTURE_ISSUER "\",\"sub\":\"" subject_ "\",\"aud\":\"https://a\",\"client_id\":\"c\",\"scope\":\"\",\"jti\":\"j\",\"iat\":1," \
    "\"exp\":1900000000,\"client_epoch\":0"
#define WHOLE(subject_, more_) BEGUN(subject_) more_ "}"

static enum err_kind kind_of(struct arena *a, const struct keyring *k, const char *type, const char *claims, struct access_facts *facts)
{
    str token = STR_ABSENT;
    cr_assert(!FAILED(jws_sign(a, k, SIGN_EDDSA, type, str_of(claims), &token)));
    return access_check(a, k, token, &reader, facts).kind;
}

Test(access_jwt, of_another_type_it_is_no_access_token) /* RFC 9068 4, AT-04 */
{
    static const char *const types[] = {"JWT", "logout+jwt", "token-introspection+jwt", "at+JWT ", "application/at+jwt2"};
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct access_facts facts;
    cr_assert_eq(kind_of(a, k, "at+jwt", WHOLE("client:c", ""), &facts), ERR_OK);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        cr_expect_eq(kind_of(a, k, types[i], WHOLE("client:c", ""), &facts), ERR_INVALID_TOKEN, "%s", types[i]);
    keyring_free(k);
}

Test(access_jwt, a_person_and_a_client_are_not_mixed_up) /* TE-08 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct access_facts facts;
    const struct {
        const char *claims;
        enum err_kind kind;
    } rows[] = {
        {WHOLE("client:c", ""), ERR_OK},
        {WHOLE("me", ",\"auth_time\":1"), ERR_OK},
        {WHOLE("me", ",\"grant_id\":\"g\""), ERR_OK},
        {WHOLE("me", ""), ERR_INVALID_TOKEN},
        {WHOLE("client:other", ""), ERR_INVALID_TOKEN},
        {WHOLE("client:c", ",\"auth_time\":1"), ERR_INVALID_TOKEN},
        {WHOLE("client:c", ",\"grant_id\":\"g\""), ERR_INVALID_TOKEN},
        {WHOLE("client:c", ",\"auth_time\":\"1\""), ERR_INVALID_TOKEN},
        {WHOLE("me", ",\"auth_time\":-1,\"grant_id\":\"g\""), ERR_INVALID_TOKEN},
        {WHOLE("me", ",\"auth_time\":281474976710656"), ERR_INVALID_TOKEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(kind_of(a, k, "at+jwt", rows[i].claims, &facts), rows[i].kind, "%s", rows[i].claims);
    keyring_free(k);
}

Test(access_jwt, bound_to_something_unknown_it_is_none) /* RFC 7800 3.1 */
{
    static const char *const bad[] = {
        WHOLE("client:c", ",\"cnf\":{}"),
        WHOLE("client:c", ",\"cnf\":\"jkt\""),
        WHOLE("client:c", ",\"cnf\":null"),
        WHOLE("client:c", ",\"cnf\":{\"kid\":\"x\"}"),
        WHOLE("client:c", ",\"cnf\":{\"jkt\":\"\"}"),
        WHOLE("client:c", ",\"cnf\":{\"jkt\":[\"x\"]}"),
        WHOLE("client:c", ",\"cnf\":{\"jkt\":\"x\",\"kid\":\"x\"}"),
        WHOLE("client:c", ",\"cnf\":{\"jkt\":\"x\",\"x5t#S256\":\"y\",\"jwk\":{}}"),
    };
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct access_facts facts;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(kind_of(a, k, "at+jwt", bad[i], &facts), ERR_INVALID_TOKEN, "%s", bad[i]);
    cr_assert_eq(kind_of(a, k, "at+jwt", WHOLE("client:c", ",\"cnf\":{\"jkt\":\"x\",\"x5t#S256\":\"y\"}"), &facts), ERR_OK);
    cr_assert(str_is(facts.permit.jkt, "x") && str_is(facts.permit.x5t, "y"));
    keyring_free(k);
}

static enum err_kind person_of(struct arena *a, const struct keyring *k, str prefix, str payload, struct access_facts *facts)
{
    struct sealed box;
    cr_assert(!FAILED(sealed_close(a, k, prefix, payload, &box)));
    str claims = str_format(a, "%s,\"grant_id\":\"g\",\"person\":\"%.*s\"}", BEGUN("other"), STR_FMT(box.text));
    return kind_of(a, k, "at+jwt", claims.p, facts);
}

Test(access_jwt, the_person_behind_a_pairwise_subject_is_one_that_this_server_sealed) /* AT-14 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct access_facts facts;
    const str prefix = {"jtn_su_", 7}, number = {"\x2a\0\0\0\0\0", 6};
    cr_assert_eq(person_of(a, k, prefix, number, &facts), ERR_OK);
    cr_assert(facts.permit.user_number == 42 && str_is(facts.permit.pairwise, "other"));
    cr_assert_eq(person_of(a, k, STR("jtn_at_"), number, &facts), ERR_INVALID_TOKEN, "sealed as something else");
    cr_assert_eq(person_of(a, k, prefix, (str){"\0\0\0\0\0\0", 6}, &facts), ERR_INVALID_TOKEN, "nobody");
    cr_assert_eq(person_of(a, k, prefix, (str){"\x2a\0\0\0\0\0\0", 7}, &facts), ERR_INVALID_TOKEN, "too long");
    cr_assert_eq(kind_of(a, k, "at+jwt", WHOLE("other", ",\"grant_id\":\"g\",\"person\":\"jtn_su_AAAA\""), &facts), ERR_INVALID_TOKEN);
    keyring_free(k);
}

Test(access_jwt, without_issuer_audience_or_whole_details_none_is_made) /* AT-03 */
{
    struct arena *a = fixture_arena();
    struct keyring *k = fixture_keyring(a);
    struct permit p = for_resource(rich());
    str token = STR_ABSENT;
    cr_expect_eq(access_sign(a, k, &p, &(struct access_jwt){SIGN_ES256, STR_ABSENT}, &token).kind, ERR_SERVER_ERROR);
    cr_expect_eq(access_sign(a, k, &p, &(struct access_jwt){SIGN_ES384, STR(FIXTURE_ISSUER)}, &token).kind, ERR_SERVER_ERROR);
    p.details = STR("[{");
    cr_expect_eq(access_sign(a, k, &p, &es256, &token).kind, ERR_SERVER_ERROR);
    p = for_resource(rich());
    p.act = STR("x");
    cr_expect_eq(access_sign(a, k, &p, &es256, &token).kind, ERR_SERVER_ERROR);
    p = person();
    cr_expect_eq(access_sign(a, k, &p, &es256, &token).kind, ERR_SERVER_ERROR, "for nobody in particular");
    cr_assert_not(str_present(token));
    keyring_free(k);
}

Test(access_jwt, memory_that_ends_never_yields_a_token_or_half_of_one)
{
    struct keyring *k = fixture_keyring(fixture_arena());
    struct permit p = for_resource(rich());
    bool done = false;
    p.pairwise = STR("somebody");
    for (size_t n = 1; n < 500 && !done; n++) {
        struct arena *a = arena_new(1 << 20);
        struct access_facts facts;
        str token = STR_ABSENT;
        arena_fail_after(n);
        err made = access_sign(a, k, &p, &es256, &token);
        err read = FAILED(made) ? made : access_check(a, k, token, &reader, &facts);
        arena_fail_after(0);
        done = !arena_failed(a);
        cr_assert(done == !FAILED(read), "take %zu: %s", n, err_why(read));
        cr_assert(!FAILED(made) || !str_present(token));
        arena_release(a);
    }
    cr_assert(done);
    keyring_free(k);
}
