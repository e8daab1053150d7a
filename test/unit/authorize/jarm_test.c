/* SPDX-License-Identifier: MIT
 * jarm: signed responses, and the modes in which a response may go. */
#include "authorize/jarm.h"
#include "client_ways.h"
#include "token/jws.h"

static err send_it(struct stage *t, enum redirect_mode mode, err error, struct redirect_sent *out)
{
    struct redirect_answer answer = {
        .client = stage_find(t, "web"), .uri = STR(CALLBACK), .mode = mode, .code = STR("c"), .error = error, .state = STR("s\"<")};
    return redirect_send(t->s.ctx, &answer, out);
}

Test(jarm, one_parameter_that_only_this_client_and_only_now_may_take)
{
    struct stage t = stage_new();
    struct redirect_sent sent;
    json *claims;
    int64_t exp;
    assert_done(send_it(&t, REDIRECT_QUERY_JWT, OK, &sent));
    str response = stage_parameter(&t, sent.location, "response");
    cr_assert(str_filled(response) && sent.count == 1 && !str_present(stage_parameter(&t, sent.location, "code")));
    assert_done(jws_check(t.s.a, t.s.ctx->keys, "JWT", response, &claims));
    cr_expect(str_is(json_member_text(claims, "iss"), FIXTURE_ISSUER) && str_is(json_member_text(claims, "aud"), "web"));
    cr_expect(str_is(json_member_text(claims, "code"), "c") && str_is(json_member_text(claims, "state"), "s\"<"));
    cr_expect(json_integer_of(json_member(claims, "exp"), &exp) && exp == NOW + JARM_SECONDS);
    assert_done(send_it(&t, REDIRECT_FORM_POST_JWT, ERR(ACCESS_DENIED, "test"), &sent));
    cr_expect(!str_present(sent.location) && str_is(sent.uri, CALLBACK) && str_is(sent.fields[0].name, "response"));
    assert_done(jws_check(t.s.a, t.s.ctx->keys, "JWT", sent.fields[0].value, &claims));
    cr_expect(str_is(json_member_text(claims, "error"), "access_denied") && !json_member(claims, "code"));
}

static str header_alg(struct stage *t, str jwt)
{
    char bytes[512];
    size_t n;
    json *header;
    assert_done(b64url_decode((str){jwt.p, str_find(jwt, '.')}, bytes, sizeof bytes, &n));
    assert_done(json_parse(t->s.a, (str){bytes, n}, &header));
    return json_member_text(header, "alg");
}

Test(jarm, the_algorithm_is_the_registered_one_and_the_profile_s)
{
    struct stage t = stage_new();
    struct redirect_sent sent;
    assert_done(send_it(&t, REDIRECT_FORM_POST_JWT, OK, &sent));
    cr_expect(str_is(header_alg(&t, sent.fields[0].value), "RS256"));
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.authorization_signed_response_alg = STR("EdDSA")});
    assert_done(send_it(&t, REDIRECT_FORM_POST_JWT, OK, &sent));
    cr_expect(str_is(header_alg(&t, sent.fields[0].value), "EdDSA"));
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.profile = STR("fapi2-message-signing")});
    assert_done(send_it(&t, REDIRECT_FORM_POST_JWT, OK, &sent));
    cr_expect(str_is(header_alg(&t, sent.fields[0].value), "ES256"));
    ways_register(&t, "web", "client_secret_basic",
                  &(struct db_client_metadata){.profile = STR("fapi2-security"), .authorization_signed_response_alg = STR("RS256")});
    expect_kind(send_it(&t, REDIRECT_FORM_POST_JWT, OK, &sent), SERVER_ERROR);
}

static enum err_kind mode_kind(struct stage *t, const char *mode, enum redirect_mode *out)
{
    struct authorize_request r;
    struct form f = stage_form(
        t, str_z(t->s.a, stage_text(t, "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&response_mode=", str_of(mode), "")));
    assert_done(authorize_read(t->s.ctx, &f, &r));
    enum err_kind kind = authorize_check(t->s.ctx, &f, &r).kind;
    *out = r.mode;
    return kind;
}

Test(jarm, AZ_09_modes_by_word_by_client_and_by_profile)
{
    struct stage t = stage_new();
    enum redirect_mode mode;
    static const char *const good[] = {"query", "form_post", "jwt", "query.jwt", "form_post.jwt"};
    static const char *const bad[] = {"fragment", "fragment.jwt", "web_message", "QUERY", "query+jwt"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_eq(mode_kind(&t, good[i], &mode), ERR_OK, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(mode_kind(&t, bad[i], &mode), ERR_INVALID_REQUEST, "%s", bad[i]);
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.response_modes = STR("form_post")});
    cr_expect_eq(mode_kind(&t, "form_post", &mode), ERR_OK);
    cr_expect_eq(mode_kind(&t, "query", &mode), ERR_INVALID_REQUEST);
    cr_expect_eq(mode_kind(&t, "", &mode), ERR_INVALID_REQUEST);
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.profile = STR("fapi2-message-signing")});
    cr_expect_eq(mode_kind(&t, "query", &mode), ERR_INVALID_REQUEST);
    cr_expect_eq(mode, REDIRECT_QUERY_JWT); /* even the refusal is signed */
}
