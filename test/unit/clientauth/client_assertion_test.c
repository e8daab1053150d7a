/* SPDX-License-Identifier: MIT
 * client_assertion: CA-07 to CA-10: what a client assertion must be, and everything that it may not be. */
#include "clientauth/client_auth.h"
#include "crypto/mac.h"
#include "client/client_secret.h"
#include "client_ways.h"

#include <string.h>

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"k1\"}"
#define GOOD   "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"%s\"}"

static struct stage t;
static struct sign_key *key;
static struct client_proof proof;

static void begin_with(const struct db_client_metadata *m)
{
    struct db_client_metadata metadata = *m;
    t = stage_new();
    key = foreign_key(t.s.a, SIGN_ES256);
    metadata.jwks = ways_jwks(&t, key, "k1");
    ways_register(&t, "web", "private_key_jwt", &metadata);
    t.s.ctx->url = STR(FIXTURE_ISSUER "/oauth/token");
}

static void begin(void)
{
    begin_with(&(struct db_client_metadata){0});
}

static err sent(const char *header, const char *claims)
{
    return ways_check(&t, STR_ABSENT, ways_body(&t, foreign_token(t.s.a, key, header, claims), ""), &proof);
}

static const char *good(const char *jti)
{
    return str_format(t.s.a, GOOD, jti).p;
}

Test(client_assertion, a_right_one_authenticates_and_says_how)
{
    begin();
    assert_done(sent(HEADER, good("a")));
    cr_expect(proof.authenticated && str_is(proof.client->id, "web") && str_is(str_of(proof.method), "private_key_jwt"));
    assert_done(sent("{\"alg\":\"ES256\"}", good("b"))); /* without kid every fitting key is tried */
    assert_done(sent("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", good("c")));
    assert_done(sent("{\"alg\":\"ES256\",\"typ\":\"client-authentication+jwt\"}", good("d")));
    assert_done(ways_check(&t, STR_ABSENT, ways_body(&t, foreign_token(t.s.a, key, HEADER, good("e")), "&client_id=web"), &proof));
}

Test(client_assertion, CA_08_a_jti_works_once_for_each_client)
{
    begin();
    assert_done(sent(HEADER, good("once")));
    expect_kind(sent(HEADER, good("once")), INVALID_CLIENT);
    cr_expect_str_eq(err_why(sent(HEADER, good("once"))), "assertion: jti used before");
    scene_next(&t.s); /* a later request */
    expect_kind(sent(HEADER, good("once")), INVALID_CLIENT);
    struct db_client_metadata m = {.jwks = ways_jwks(&t, key, NULL)};
    ways_register(&t, "other", "private_key_jwt", &m);
    assert_done(sent("{\"alg\":\"ES256\"}", "{\"iss\":\"other\",\"sub\":\"other\",\"aud\":\"https://auth.example.com\","
                                            "\"exp\":1790000060,\"jti\":\"once\"}"));
}

/* A request is judged by the time of its arrival, and may have waited for a thread or for keys since. */
Test(client_assertion, CA_08_a_jti_is_spent_for_those_too_that_waited_beyond_its_end)
{
    begin();
    assert_done(sent(HEADER, good("late")));
    clock_set(NOW + 60 + 10 + 15); /* its end, the skew, a slow fetch */
    expect_kind(sent(HEADER, good("late")), INVALID_CLIENT);
    cr_expect_str_eq(err_why(sent(HEADER, good("late"))), "assertion: jti used before");
}

Test(client_assertion, CA_08_a_jti_is_spent_for_the_next_start_too)
{
    begin();
    assert_done(sent(HEADER, good("kept")));
    struct authority *again = fixture_authority_again(t.s.a);
    struct context *ctx = fixture_context(again, t.s.a);
    struct form f;
    assert_done(form_parse(t.s.a, ways_body(&t, foreign_token(t.s.a, key, HEADER, good("kept")), ""), &f));
    struct client_claim claim = {STR_ABSENT, &f, true};
    expect_kind(client_auth_check(ctx, &claim, &proof), INVALID_CLIENT);
}

Test(client_assertion, CA_07_twenty_five_malformed_ones_are_refused)
{
    static const char *const es = HEADER;
    static const struct {
        const char *header, *claims;
    } rows[] = {
        {es, "{\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"other\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"other\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"nobody\",\"sub\":\"nobody\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://other.example\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com/\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":[\"https://auth.example.com\",\"https://other.example\"],\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":[],\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"web\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1789999900,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":4070908800,\"jti\":\"x\"}"}, /* CA-09: 2099 */
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000700,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":\"1790000060\",\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":7}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"nbf\":1790000030,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"iat\":1790000030,\"jti\":\"x\"}"},
        {es, "{\"iss\":\"web\",\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}"},
        {"{\"alg\":\"none\"}", GOOD},
        {"{\"alg\":\"nOnE\"}", GOOD},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\"}", GOOD},
        {"{\"alg\":\"RS256\",\"kid\":\"k1\"}", GOOD},
        {"{\"alg\":\"ES384\",\"kid\":\"k1\"}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"k2\"}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"../../k1\"}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"' OR 1=1\"}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"k1\",\"b64\":false}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"dpop+jwt\"}", GOOD},
    };
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool whole = strstr(rows[i].claims, "%s") != NULL;
        err e = sent(rows[i].header, whole ? good("y") : rows[i].claims);
        cr_expect(e.kind == ERR_INVALID_CLIENT, "row %zu: %s (%s)", i, err_code(e), err_why(e));
        cr_expect_null(proof.client);
    }
    assert_done(sent(HEADER, good("x"))); /* none of them spent the jti */
}

Test(client_assertion, a_clock_may_be_ten_seconds_ahead)
{
    begin();
    assert_done(sent(HEADER, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"iat\":1790000010,"
                             "\"nbf\":1790000010,\"jti\":\"a\"}"));
    expect_kind(sent(HEADER, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,"
                             "\"nbf\":1790000011,\"jti\":\"b\"}"),
                INVALID_CLIENT);
}

Test(client_assertion, a_key_in_the_header_is_not_believed)
{
    begin();
    struct sign_key *mine = key;
    key = foreign_key(t.s.a, SIGN_ES256);
    str jwk;
    assert_done(json_text(t.s.a, foreign_jwk(t.s.a, key), &jwk));
    str header = str_format(t.s.a, "{\"alg\":\"ES256\",\"jwk\":%.*s,\"jku\":\"https://evil.example/jwks\"}", STR_FMT(jwk));
    expect_kind(sent(header.p, good("a")), INVALID_CLIENT); /* CA-10 */
    key = mine;
    assert_done(sent("{\"alg\":\"ES256\",\"jku\":\"https://evil.example/jwks\",\"x5u\":\"https://evil.example/x\"}", good("b")));
}

Test(client_assertion, a_public_key_is_no_hmac_secret)
{
    begin();
    struct sign_jwk parts;
    assert_done(sign_key_jwk(t.s.a, key, &parts));
    const char *claims = good("a");
    str header = STR("{\"alg\":\"HS256\",\"kid\":\"k1\"}"), text = foreign_parts(t.s.a, header, str_of(claims));
    uint8_t tag[MAC_SIZE_MAX];
    assert_done(mac_make(MAC_HS256, parts.x, text, tag));
    str signed_text = str_join(t.s.a, (const str[]){text, STR("."), b64url_encode(t.s.a, tag, 32)}, 3);
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, signed_text, ""), &proof), INVALID_CLIENT); /* AT-05 */
}

Test(client_assertion, the_endpoint_is_an_audience_unless_a_profile_forbids_it)
{
    static const char *const others[] = {"\"https://auth.example.com/oauth/token\"", "[\"https://auth.example.com\"]",
                                         "[\"https://auth.example.com\",\"https://auth.example.com/oauth/token\"]", "\"https://auth.example.com/oauth/par\""};
    for (int strict = 0; strict < 2; strict++) {
        begin_with(&(struct db_client_metadata){.profile = strict ? STR("fapi2-security") : STR_ABSENT});
        t.s.ctx->url = STR(FIXTURE_ISSUER "/oauth/par");
        for (size_t i = 0; i < 4; i++) {
            str claims = str_format(t.s.a, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":%s,\"exp\":1790000060,\"jti\":\"%zu\"}", others[i], i);
            err e = sent(HEADER, claims.p);
            cr_expect(e.kind == (strict ? ERR_INVALID_CLIENT : ERR_OK), "%d %s: %s", strict, others[i], err_why(e));
        }
        assert_done(sent(HEADER, good("issuer")));
    }
    expect_kind(sent(HEADER, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000400,\"jti\":\"l\"}"),
                INVALID_CLIENT); /* five minutes under FAPI 2.0, ten without */
}

Test(client_assertion, the_registered_algorithm_is_the_only_one)
{
    begin_with(&(struct db_client_metadata){.token_endpoint_auth_signing_alg = STR("PS256")});
    expect_kind(sent(HEADER, good("a")), INVALID_CLIENT);
    begin_with(&(struct db_client_metadata){.token_endpoint_auth_signing_alg = STR("ES256")});
    assert_done(sent(HEADER, good("a")));
}

Test(client_assertion, form_and_company_must_be_right)
{
    begin();
    str assertion = foreign_token(t.s.a, key, HEADER, good("a"));
    expect_kind(ways_check(&t, STR_ABSENT, stage_text(&t, "client_assertion=", assertion, ""), &proof), INVALID_REQUEST);
    expect_kind(ways_check(&t, STR_ABSENT, STR("client_id=web&client_assertion_type=" ASSERTION_TYPE), &proof), INVALID_REQUEST);
    expect_kind(ways_check(&t, STR_ABSENT, stage_text(&t, "client_assertion_type=saml&client_assertion=", assertion, ""), &proof), INVALID_CLIENT);
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, assertion, "&client_id=other"), &proof), INVALID_CLIENT);
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, assertion, "&client_secret=x"), &proof), INVALID_REQUEST); /* CA-02 */
    expect_kind(ways_check(&t, STR("Basic d2ViOng="), ways_body(&t, assertion, ""), &proof), INVALID_REQUEST);
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, STR("a.b"), ""), &proof), INVALID_CLIENT);
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, STR("a.b.c.d.e"), ""), &proof), INVALID_CLIENT);
    assert_done(ways_check(&t, STR_ABSENT, ways_body(&t, assertion, ""), &proof));
}

Test(client_assertion, event_threads_send_it_elsewhere)
{
    begin();
    cache_inline(true);
    err e = sent(HEADER, good("a"));
    cache_inline(false);
    expect_kind(e, ELSEWHERE);
    assert_done(sent(HEADER, good("a")));
}

Test(client_assertion, unknown_client_and_wrong_key_say_the_same)
{
    begin();
    err unknown = sent(HEADER, "{\"iss\":\"nobody\",\"sub\":\"nobody\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"x\"}");
    key = foreign_key(t.s.a, SIGN_ES256);
    err wrong = sent(HEADER, good("a"));
    expect_kind(wrong, INVALID_CLIENT);
    cr_expect_str_eq(err_say(unknown), err_say(wrong)); /* TE-12 */
    cr_expect_str_eq(err_why(wrong), "jwt: signature does not match");
}

static str mac_signed(str secret, const char *jti)
{
    str header = STR("{\"alg\":\"HS256\"}"), text = foreign_parts(t.s.a, header, str_of(good(jti)));
    uint8_t tag[MAC_SIZE_MAX];
    assert_done(mac_make(MAC_HS256, secret, text, tag));
    return str_join(t.s.a, (const str[]){text, STR("."), b64url_encode(t.s.a, tag, 32)}, 3);
}

Test(client_assertion, CA_14_a_secret_signs_only_where_it_is_kept)
{
    t = stage_new();
    ways_register(&t, "web", "client_secret_jwt", &(struct db_client_metadata){0});
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(t.secret, "a"), ""), &proof), INVALID_CLIENT);
    str fresh;
    assert_done(client_rotate_secret(t.s.ctx, &actor_owner, STR("web"), &(struct client_rotation){.overlap = 60}, &fresh));
    scene_next(&t.s);
    assert_done(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(fresh, "b"), ""), &proof));
    cr_expect_str_eq(proof.method, "client_secret_jwt");
    str sealed = stage_find(&t, "web")->metadata.sealed_secret;
    cr_expect_null(memmem(sealed.p, sealed.n, fresh.p, fresh.n));
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(t.secret, "c"), ""), &proof), INVALID_CLIENT);
    str newer;
    assert_done(client_rotate_secret(t.s.ctx, &actor_owner, STR("web"), &(struct client_rotation){.overlap = 60}, &newer));
    scene_next(&t.s);
    assert_done(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(fresh, "d"), ""), &proof)); /* overlaps */
    assert_done(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(newer, "e"), ""), &proof));
    str last;
    assert_done(client_rotate_secret(t.s.ctx, &actor_owner, STR("web"), &(struct client_rotation){.overlap = 0}, &last));
    scene_next(&t.s);
    expect_kind(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(newer, "f"), ""), &proof), INVALID_CLIENT); /* ended at once */
    assert_done(ways_check(&t, STR_ABSENT, ways_body(&t, mac_signed(last, "g"), ""), &proof));
}

Test(client_assertion, CA_03_full_matrix_of_ways)
{
    static const char *const methods[] = {
        "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none", "any"};
    t = stage_new();
    key = foreign_key(t.s.a, SIGN_ES256);
    struct db_client secret = *stage_find(&t, "web");
    secret.auth_method = STR("client_secret_jwt");
    assert_done(client_secret_keep(t.s.ctx, t.secret, &secret));
    struct db_client_metadata m = {
        .jwks = ways_jwks(&t, key, "k1"), .sealed_secret = secret.metadata.sealed_secret, .tls_client_auth_subject_dn = STR("CN=web")};
    str pair = stage_text(&t, "web:", t.secret, ""), basic = b64url_encode(t.s.a, pair.p, pair.n);
    for (char *p = (char *)(uintptr_t)basic.p; p < basic.p + basic.n; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    for (size_t i = 0; i < 8; i++) {
        ways_register(&t, "web", methods[i], &m);
        str jti = str_format(t.s.a, "%zu", i);
        const struct {
            str authorization, body;
            const char *for_method, *or_method;
        } sends[] = {
            {stage_text(&t, "Basic ", basic, ""), STR(""), "client_secret_basic", "any"},
            {STR_ABSENT, stage_text(&t, "client_id=web&client_secret=", t.secret, ""), "client_secret_post", "any"},
            {STR_ABSENT, ways_body(&t, mac_signed(t.secret, str_z(t.s.a, jti)), ""), "client_secret_jwt", ""},
            {STR_ABSENT, ways_body(&t, foreign_token(t.s.a, key, HEADER, good(str_z(t.s.a, jti))), ""), "private_key_jwt", ""},
            {STR_ABSENT, STR("client_id=web"), "none", ""},
        };
        for (size_t k = 0; k < 5; k++) {
            err e = ways_check(&t, sends[k].authorization, sends[k].body, &proof);
            bool right = str_is(str_of(methods[i]), sends[k].for_method) || str_is(str_of(methods[i]), sends[k].or_method);
            cr_expect(e.kind == (right ? ERR_OK : ERR_INVALID_CLIENT), "%s by sending %zu: %s", methods[i], k, err_why(e));
            cr_expect(!right || str_is(str_of(proof.method), sends[k].for_method), "%s %s", methods[i], proof.method);
        }
    }
}

Test(client_assertion, a_profile_refuses_shared_secrets_and_public_clients)
{
    t = stage_new();
    ways_register(&t, "web", "client_secret_post", &(struct db_client_metadata){.profile = STR("fapi2-security")});
    expect_kind(ways_check(&t, STR_ABSENT, stage_text(&t, "client_id=web&client_secret=", t.secret, ""), &proof), INVALID_CLIENT);
    ways_register(&t, "web", "none", &(struct db_client_metadata){.profile = STR("fapi2-security")});
    expect_kind(ways_check(&t, STR_ABSENT, STR("client_id=web"), &proof), INVALID_CLIENT);
}

/* RFC 9101 10.8: a request object is signed with the same key, and a browser hands it about in the open. */
Test(client_assertion, AT_04_a_request_object_is_no_proof_of_who_sends_it)
{
    static const char *const asks[] = {"\"response_type\":\"code\"", "\"redirect_uri\":\"https://app.example.com/cb\"", "\"login_hint\":\"ada\"",
                                       "\"id_token_hint\":\"x\""};
    begin();
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        str claims = str_format(
            t.s.a, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"%zu\",\"client_id\":\"web\",%s}", i,
            asks[i]);
        cr_expect_eq(sent(HEADER, claims.p).kind, ERR_INVALID_CLIENT, "%s", asks[i]);
    }
    assert_done(sent(HEADER, "{\"iss\":\"web\",\"sub\":\"web\",\"aud\":\"https://auth.example.com\",\"exp\":1790000060,\"jti\":\"z\",\"client_id\":\"web\"}"));
}
