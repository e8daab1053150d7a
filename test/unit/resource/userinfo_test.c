/* SPDX-License-Identifier: MIT
 * Claims about what a client is told of a person: ID tokens, userinfo, pairwise subjects (AT-13, AT-14, AT-15, RF-11, TE-08; OpenID Connect
 * Core 2, 5, 8, 12), and about signed introspection responses (RFC 9701). */
#include "resource/userinfo.h"
#include "client/subject.h"
#include "scope/details_types.h"
#include "stage.h"
#include "token/id_token.h"
#include "token/jws.h"
#include "token/opaque.h"
#include "base/banned.h"

static const char claims_of_ada[] =
    "{\"given_name\":\"Ada\",\"email_verified\":true,\"phone_number\":\"+44 1\",\"address\":{\"country\":\"UK\"},\"sub\":\"eve\",\"secret\":\"x\"}";

static void openid(struct client_edit *edit)
{
    edit->grants = STR("authorization_code password refresh_token client_credentials");
    edit->scopes = STR("openid profile email address phone read");
}

struct asked {
    const char *nonce, *claims, *details;
};

/* A grant with a code as the authorization endpoint will leave it. */
static str code_of(struct stage *t, const char *id, str scope, const struct asked *asked)
{
    const struct db_client *client = stage_find(t, id);
    struct db_authorization authorization = {.id = STR("aaaaaaaa-0000-4000-8000-0123456789ab"),
                                             .user_number = t->ada->number,
                                             .client_number = client->number,
                                             .client_epoch = client->epoch,
                                             .scope = scope,
                                             .flow = STR("authorization_code"),
                                             .created_at = t->s.ctx->now,
                                             .auth_time = t->s.ctx->now - 77,
                                             .amr = STR("pwd"),
                                             .acr = STR(ACR_PASSWORD),
                                             .session_id = STR("session-1"),
                                             .claims = str_of(asked->claims),
                                             .details = str_of(asked->details)};
    struct db_code code = {.redirect_uri = STR(CALLBACK), .expires_at = t->s.ctx->now + 60, .nonce = str_of(asked->nonce), .code_challenge = STR(CHALLENGE)};
    struct token_raw raw;
    assert_done(db_authorization_reserve(store_each(t->s.authority->store), &authorization.number));
    assert_done(db_code_reserve(store_each(t->s.authority->store), &code.number));
    code.authorization_number = authorization.number;
    authorization.expires_at = code.expires_at;
    assert_done(opaque_numbers_make(t->s.a, t->s.ctx->keys, OPAQUE_CODE, (const int64_t[]){code.number, 0}, &raw));
    code.hash = token_hash_of(raw.text);
    assert_done(db_authorization_add_with_code(store_each(t->s.authority->store), &authorization, &code, STR_ABSENT));
    return raw.text;
}

static struct token_answer redeemed(struct stage *t, const char *id, str scope, const struct asked *asked)
{
    struct token_answer answer;
    assert_done(stage_redeem(t, id, code_of(t, id, scope, asked), "&redirect_uri=" CALLBACK "&code_verifier=" VERIFIER, &answer));
    return answer;
}

static struct stage told_stage(void (*change)(struct db_client_metadata *))
{
    struct stage t = stage_new();
    (void)stage_client(&t, "rp", openid);
    (void)stage_client(&t, "rp2", openid);
    struct db_user ada = *t.ada;
    ada.email = STR("ada@example.com");
    ada.full_name = STR("Ada Lovelace");
    ada.claims = str_of(claims_of_ada);
    assert_done(db_user_save(store_each(t.s.authority->store), t.s.a, &ada, NULL));
    struct db_client client = *stage_find(&t, "rp");
    if (change)
        change(&client.metadata);
    assert_done(db_client_save(store_each(t.s.authority->store), &client));
    scene_next(&t.s);
    return t;
}

static json *id_claims(struct stage *t, str token)
{
    json *claims;
    cr_assert(str_present(token), "no id token");
    assert_done(jws_check(t->s.a, t->s.ctx->keys, "JWT", token, &claims));
    return claims;
}

static err userinfo(struct stage *t, str token, struct userinfo_answer *out)
{
    struct actor actor;
    scene_next(&t->s);
    assert_done(bearer_actor(t->s.ctx, &(struct bearer_sent){token, false}, &actor));
    return userinfo_tell(t->s.ctx, &actor, out);
}

static json *claims_told(struct stage *t, const struct userinfo_answer *told)
{
    json *claims;
    assert_done(json_parse(t->s.a, told->text, &claims));
    return claims;
}

Test(userinfo, an_id_token_tells_how_the_session_was_logged_in)
{
    struct stage t = told_stage(NULL);
    struct token_answer answer;
    str code = stage_code(&t, "response_type=code&client_id=rp&scope=openid&redirect_uri=" CALLBACK "&code_challenge_method=S256&code_challenge=" CHALLENGE);
    assert_done(stage_redeem(&t, "rp", code, "&redirect_uri=" CALLBACK "&code_verifier=" VERIFIER, &answer));
    json *claims = id_claims(&t, answer.id_token);
    const json *amr = json_member(claims, "amr");
    cr_expect(json_count(amr) == 1 && str_is(json_text_of(json_at(amr, 0)), "pwd"));
    cr_expect(str_is(json_member_text(claims, "acr"), ACR_PASSWORD));
}

Test(userinfo, a_code_with_openid_brings_an_id_token) /* AT-13 */
{
    struct stage t = told_stage(NULL);
    struct token_answer answer = redeemed(&t, "rp", STR("openid read"), &(struct asked){.nonce = "n1"});
    json *claims = id_claims(&t, answer.id_token);
    int64_t number;
    cr_expect(str_is(json_member_text(claims, "iss"), FIXTURE_ISSUER));
    cr_expect(str_equal(json_member_text(claims, "sub"), t.ada->id));
    cr_expect(str_is(json_member_text(claims, "aud"), "rp"));
    cr_expect(str_is(json_member_text(claims, "nonce"), "n1"));
    cr_expect(!str_present(json_member_text(claims, "sid")), "for clients that hear of logouts alone");
    cr_expect(json_integer_of(json_member(claims, "auth_time"), &number) && number == NOW - 77);
    cr_expect(json_integer_of(json_member(claims, "exp"), &number) && number == NOW + 3600);
    cr_expect(str_filled(json_member_text(claims, "acr")) && json_count(json_member(claims, "amr")) == 1);
    cr_expect(str_filled(json_member_text(claims, "at_hash")));
    cr_expect_null(json_member(claims, "email")); /* 5.4: scopes are told by userinfo */
    answer = redeemed(&t, "rp", STR("read"), &(struct asked){.nonce = "n1"});
    cr_expect_not(str_present(answer.id_token));
}

Test(userinfo, a_refreshed_id_token_is_of_the_same_login) /* RF-11, 12.2 */
{
    struct stage t = told_stage(NULL);
    struct token_answer answer = redeemed(&t, "rp", STR("openid read"), &(struct asked){.nonce = "n1"}), again;
    json *first = id_claims(&t, answer.id_token);
    clock_set(NOW + 500);
    assert_done(stage_refresh(&t, "rp", answer.refresh_token, "", &again));
    json *second = id_claims(&t, again.id_token);
    int64_t one, two;
    for (size_t i = 0; i < 3; i++) {
        const char *names[] = {"iss", "sub", "aud"};
        cr_expect(str_equal(json_member_text(first, names[i]), json_member_text(second, names[i])), "%s", names[i]);
    }
    cr_assert(json_integer_of(json_member(first, "auth_time"), &one) && json_integer_of(json_member(second, "auth_time"), &two));
    cr_expect_eq(one, two);
    cr_expect_null(json_member(second, "nonce"));
    assert_done(stage_refresh(&t, "rp", again.refresh_token, "&scope=read", &again));
    cr_expect_not(str_present(again.id_token));
}

Test(userinfo, tells_what_the_scopes_say_and_no_more) /* AT-15 */
{
    struct stage t = told_stage(NULL);
    struct userinfo_answer told;
    struct token_answer answer = redeemed(&t, "rp", STR("openid email"), &(struct asked){0});
    assert_done(userinfo(&t, answer.access_token, &told));
    cr_expect_eq(json_count(claims_told(&t, &told)), 3);
    cr_expect(str_equal(json_member_text(claims_told(&t, &told), "sub"), t.ada->id));
    cr_expect(str_is(json_member_text(claims_told(&t, &told), "email"), "ada@example.com"));
    bool verified = false;
    cr_expect(json_boolean_of(json_member(claims_told(&t, &told), "email_verified"), &verified) && verified);
    answer = redeemed(&t, "rp", STR("openid profile phone address"), &(struct asked){0});
    assert_done(userinfo(&t, answer.access_token, &told));
    cr_expect(str_is(json_member_text(claims_told(&t, &told), "name"), "Ada Lovelace"));
    cr_expect(str_is(json_member_text(claims_told(&t, &told), "given_name"), "Ada"));
    cr_expect(str_is(json_member_text(claims_told(&t, &told), "preferred_username"), "ada"));
    cr_expect(str_is(json_member_text(json_member(claims_told(&t, &told), "address"), "country"), "UK"));
    cr_expect(json_boolean_of(json_member(claims_told(&t, &told), "phone_number_verified"), &verified) && !verified);
    cr_expect_null(json_member(claims_told(&t, &told), "email"));
    cr_expect_null(json_member(claims_told(&t, &told), "secret"));
    cr_expect_null(json_member(claims_told(&t, &told), "nickname")); /* 5.3.2: what is not there is left out */
}

Test(userinfo, the_claims_parameter_asks_for_single_ones) /* 5.5 */
{
    struct stage t = told_stage(NULL);
    struct userinfo_answer told;
    struct token_answer answer = redeemed(
        &t, "rp", STR("openid"),
        &(struct asked){.claims = "{\"userinfo\":{\"email\":null,\"sub\":null,\"password_hash\":null},\"id_token\":{\"given_name\":{\"essential\":true}}}"});
    json *claims = id_claims(&t, answer.id_token);
    cr_expect(str_is(json_member_text(claims, "given_name"), "Ada"));
    cr_expect_null(json_member(claims, "email"));
    assert_done(userinfo(&t, answer.access_token, &told));
    cr_expect(str_is(json_member_text(claims_told(&t, &told), "email"), "ada@example.com"));
    cr_expect_eq(json_count(claims_told(&t, &told)), 2);
}

Test(userinfo, is_for_people_and_for_openid) /* TE-08 */
{
    struct stage t = told_stage(NULL);
    struct userinfo_answer told;
    struct token_answer answer;
    assert_done(stage_token(&t, "rp", STR("grant_type=client_credentials"), &answer));
    cr_expect_not(str_present(answer.id_token)); /* TE-07 */
    expect_kind(userinfo(&t, answer.access_token, &told), INVALID_TOKEN);
    answer = redeemed(&t, "rp", STR("read email"), &(struct asked){0});
    expect_kind(userinfo(&t, answer.access_token, &told), INSUFFICIENT_SCOPE);
}

static void pairwise_signed(struct db_client_metadata *m)
{
    m->subject_type = STR("pairwise");
    m->sector = STR("app.example.com");
    m->userinfo_signed_response_alg = STR("ES256");
    m->id_token_signed_response_alg = STR("EdDSA");
}

Test(userinfo, pairwise_subjects_agree_everywhere_and_differ_between_sectors) /* AT-14 */
{
    struct stage t = told_stage(pairwise_signed);
    struct userinfo_answer told;
    struct introspect_answer known;
    json *payload;
    struct token_answer answer = redeemed(&t, "rp", STR("openid"), &(struct asked){0});
    str sub = json_member_text(id_claims(&t, answer.id_token), "sub");
    cr_expect_eq(sub.n, 43);
    cr_expect_not(str_equal(sub, t.ada->id));
    assert_done(userinfo(&t, answer.access_token, &told));
    cr_assert(told.is_signed);
    assert_done(jws_check(t.s.a, t.s.ctx->keys, NULL, told.jwt, &payload));
    cr_expect(str_equal(json_member_text(payload, "sub"), sub));
    cr_expect(str_is(json_member_text(payload, "aud"), "rp") && str_is(json_member_text(payload, "iss"), FIXTURE_ISSUER));
    struct client_proof proof = stage_proof(&t, "rp");
    assert_done(introspect_token(t.s.ctx, &proof, answer.access_token, &known));
    cr_expect(str_equal(known.sub, sub) && !str_present(known.username));
    struct db_client twin = *stage_find(&t, "rp2");
    str other;
    twin.metadata.subject_type = STR("pairwise");
    assert_done(subject_of(t.s.ctx, &twin, t.ada, &other));
    cr_expect_not(str_equal(other, sub));
    twin.metadata.sector = STR("app.example.com");
    cr_expect(subject_matches(t.s.ctx, &twin, t.ada, sub));
    cr_expect_not(subject_matches(t.s.ctx, &twin, t.ada, t.ada->id));
}

Test(userinfo, a_jwt_with_a_pairwise_subject_still_ends_with_its_person)
{
    struct stage t = told_stage(pairwise_signed);
    struct bearer b;
    struct db_resource files = {.uri = STR("https://files.example.com"), .client_id = STR("rp"), .token_format = STR("jwt"), .alg = STR("ES256")};
    assert_done(db_resource_add(store_each(t.s.authority->store), &files));
    scene_next(&t.s);
    struct token_answer answer;
    assert_done(
        stage_token(&t, "rp", STR("grant_type=password&username=ada&password=correct+horse+battery&scope=openid&resource=https://files.example.com"), &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect_eq(b.kind, BEARER_JWT);
    cr_expect_eq(b.user->number, t.ada->number);
    cr_expect_eq(b.facts.permit.subject.n, 43);
    struct db_user ada = *b.user;
    ada.blocked = true;
    assert_done(db_user_save(store_each(t.s.authority->store), t.s.a, &ada, NULL));
    expect_kind(stage_bearer(&t, answer.access_token, &b), INVALID_TOKEN);
}

Test(userinfo, details_stand_in_answer_token_and_introspection) /* RFC 9396 7, 9 */
{
    struct stage t = told_stage(NULL);
    struct introspect_answer known;
    const char details[] = "[{\"type\":\"payment\"}]";
    struct details_edit payment = {STR("payment"), STR("Pay."), STR_ABSENT};
    assert_done(details_types_add(t.s.ctx, &actor_owner, &payment, &t.s.p));
    struct db_client rp = *stage_find(&t, "rp");
    rp.metadata.authorization_details_types = STR("payment");
    assert_done(db_client_save(store_each(t.s.authority->store), &rp));
    scene_next(&t.s);
    struct token_answer answer = redeemed(&t, "rp", STR("read"), &(struct asked){.details = details});
    cr_expect(str_is(answer.details, details));
    struct client_proof proof = stage_proof(&t, "rp");
    assert_done(introspect_token(t.s.ctx, &proof, answer.access_token, &known));
    cr_expect(str_is(known.details, details));
}

Test(userinfo, details_may_be_narrowed_and_never_widened) /* RFC 9396 6 */
{
    struct arena *a = fixture_arena();
    const str granted = STR("[{\"type\":\"payment\",\"amount\":1},{\"type\":\"account\"}]");
    const str bad[] = {STR("[]"),
                       STR("{}"),
                       STR("x"),
                       STR("[{\"type\":\"payment\"}]"),
                       STR("[{\"type\":\"payment\",\"amount\":2}]"),
                       STR("[{\"type\":\"account\"},{\"type\":\"other\"}]"),
                       STR("[1]")};
    str details;
    assert_done(token_request_details(a, granted, STR_ABSENT, &details));
    cr_expect(str_equal(details, granted));
    assert_done(token_request_details(a, granted, STR("[ {\"amount\":1,\"type\":\"payment\"} ]"), &details));
    cr_expect(str_is(details, "[{\"amount\":1,\"type\":\"payment\"}]"), "%.*s", STR_FMT(details));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_kind(token_request_details(a, granted, bad[i], &details), INVALID_AUTHORIZATION_DETAILS);
    expect_kind(token_request_details(a, STR_ABSENT, granted, &details), INVALID_AUTHORIZATION_DETAILS);
}

Test(userinfo, introspection_is_signed_for_whoever_asks_so) /* RFC 9701 5 */
{
    struct stage t = told_stage(pairwise_signed);
    struct client_proof proof = stage_proof(&t, "rp");
    str jwt;
    json *claims;
    struct introspect_signed how;
    const str accepts[] = {STR("application/token-introspection+jwt"), STR("application/json, Application/Token-Introspection+JWT;q=0.9")};
    const str plain[] = {STR_ABSENT, STR("application/json"), STR("*/*"), STR("application/token-introspection+jwt;q=0")};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        assert_done(introspect_signs(t.s.ctx, &proof, plain[i], &how));
        cr_expect_not(how.is_signed, "%zu", i);
    }
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        struct json_writer body = json_writer_new(t.s.a);
        assert_done(introspect_signs(t.s.ctx, &proof, accepts[i], &how));
        cr_assert(how.is_signed);
        json_write_object(&body, NULL);
        introspect_begin(t.s.ctx, &proof, &body);
        json_write_boolean(&body, "active", false);
        assert_done(introspect_sign(t.s.ctx, &how, &body, &jwt));
        assert_done(jws_check(t.s.a, t.s.ctx->keys, "token-introspection+jwt", jwt, &claims));
        cr_expect(str_is(json_member_text(claims, "aud"), "rp"));
        cr_expect_eq(json_count(json_member(claims, "token_introspection")), 1);
    }
}
