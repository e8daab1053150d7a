/* SPDX-License-Identifier: MIT
 * request_object: which signed requests count (AZ-16, AZ-17, AZ-18), and that nothing beside them does. */
#include "authorize/request_object.h"
#include "client_ways.h"

#define NOW_TEXT "1800000000"

struct scene_object {
    struct stage t;
    struct sign_key *key;
};

static void shape_keyed(struct scene_object *s, struct db_client_metadata m)
{
    m.jwks = ways_jwks(&s->t, s->key, "k1");
    ways_register(&s->t, "web", "client_secret_basic", &m);
}

static struct scene_object object_stage(struct db_client_metadata m)
{
    struct scene_object s = {.t = stage_new()};
    s.key = foreign_key(s.t.s.a, SIGN_ES256);
    shape_keyed(&s, m);
    return s;
}

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"oauth-authz-req+jwt\"}"
#define MEANT  "\"iss\":\"web\",\"aud\":\"" FIXTURE_ISSUER "\""
#define ASKS   "\"client_id\":\"web\",\"response_type\":\"code\",\"redirect_uri\":\"" CALLBACK "\",\"scope\":\"read\",\"state\":\"inner\""

/* claims with %lld for now + 300. */
static str object_of(struct scene_object *s, const char *header, const char *claims)
{
    return foreign_token(s->t.s.a, s->key, header, claims);
}

static err read_outer(struct scene_object *s, const char *beside, str object, struct authorize_request *r)
{
    scene_next(&s->t.s);
    str text = stage_text(&s->t, beside, object, "");
    struct form f = stage_form(&s->t, str_z(s->t.s.a, text));
    TRY(authorize_read(s->t.s.ctx, &f, r));
    return authorize_check(s->t.s.ctx, &f, r);
}

#define BESIDE "client_id=web&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&response_type=code&scope=write&state=outer&nonce=outer&request="

Test(request_object, AZ_17_only_its_own_parameters_count)
{
    struct scene_object s = object_stage((struct db_client_metadata){0});
    struct authorize_request r;
    const char *claims = "{" MEANT "," ASKS ",\"max_age\":5,\"claims\":{\"userinfo\":{\"email\":null}}}";
    assert_done(read_outer(&s, BESIDE, object_of(&s, HEADER, claims), &r));
    cr_expect(str_is(r.state, "inner") && str_is(r.scope, "read") && !str_present(r.nonce) && r.max_age == 5);
    cr_expect_eq(r.source, AUTHORIZE_SIGNED);
    assert_done(read_outer(&s, "client_id=web&request=", object_of(&s, HEADER, claims), &r)); /* RFC 9101 5 */
    cr_expect(str_is(r.redirect_uri, CALLBACK));
}

Test(request_object, AZ_17_fourteen_that_are_refused)
{
    struct scene_object s = object_stage((struct db_client_metadata){0});
    struct authorize_request r;
    static const struct {
        const char *header, *claims;
        enum err_kind kind;
    } rows[] = {
        {HEADER, "{" MEANT "," ASKS "}", ERR_OK},
        {"{\"alg\":\"ES256\"}", "{" MEANT "," ASKS "}", ERR_OK},
        {"{\"alg\":\"ES256\",\"typ\":\"JWT\"}", "{" MEANT "," ASKS "}", ERR_OK},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "{" MEANT "," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {"{\"alg\":\"ES256\",\"kid\":\"k2\"}", "{" MEANT "," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {"{\"alg\":\"RS256\"}", "{" MEANT "," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {"{\"alg\":\"HS256\"}", "{" MEANT "," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {"{\"alg\":\"none\"}", "{" MEANT "," ASKS "}", ERR_REQUEST_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1}", "{" MEANT "," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{\"iss\":\"other\",\"aud\":\"" FIXTURE_ISSUER "\"," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{\"aud\":\"" FIXTURE_ISSUER "\"," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{\"iss\":\"web\",\"aud\":\"https://other.example\"," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{\"iss\":\"web\"," ASKS "}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT "," ASKS ",\"exp\":1}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT "," ASKS ",\"exp\":99999999999}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT "," ASKS ",\"nbf\":99999999999}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT "," ASKS ",\"request\":\"x\"}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT "," ASKS ",\"request_uri\":\"x\"}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT ",\"client_id\":\"other\",\"response_type\":\"code\"}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT "," ASKS ",\"nonce\":true}", ERR_INVALID_REQUEST_OBJECT},
        {HEADER, "{" MEANT ",\"redirect_uri\":\"" CALLBACK "\"}", ERR_INVALID_REQUEST}, /* response_type stands outside alone */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(read_outer(&s, BESIDE, object_of(&s, rows[i].header, rows[i].claims), &r).kind, rows[i].kind, "%zu: %s %s", i, rows[i].header,
                     rows[i].claims);
    str good = object_of(&s, HEADER, "{" MEANT "," ASKS "}");
    expect_kind(read_outer(&s, BESIDE, (str){good.p, good.n - 4}, &r), INVALID_REQUEST_OBJECT);
    expect_kind(read_outer(&s, BESIDE "a.b.c.d.e&x=", good, &r), INVALID_REQUEST_OBJECT); /* encrypted */
    expect_kind(read_outer(&s, "client_id=other&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&request=", good, &r), INVALID_REQUEST_OBJECT);
    struct sign_key *stranger = foreign_key(s.t.s.a, SIGN_ES256);
    expect_kind(read_outer(&s, BESIDE, foreign_token(s.t.s.a, stranger, HEADER, "{" MEANT "," ASKS "}"), &r), INVALID_REQUEST_OBJECT);
}

Test(request_object, its_error_goes_where_the_request_beside_it_says)
{
    struct scene_object s = object_stage((struct db_client_metadata){0});
    struct authorize_request r;
    expect_kind(read_outer(&s, BESIDE, STR("x.y.z"), &r), INVALID_REQUEST_OBJECT);
    cr_expect(str_is(r.redirect_uri, CALLBACK) && str_is(r.state, "outer"));
    cr_expect_eq(r.source, AUTHORIZE_PLAIN);
}

Test(request_object, the_registered_algorithm_and_the_profile_count)
{
    struct scene_object s = object_stage((struct db_client_metadata){.request_object_signing_alg = STR("PS256")});
    struct authorize_request r;
    str object = object_of(&s, HEADER, "{" MEANT "," ASKS "}");
    expect_kind(read_outer(&s, BESIDE, object, &r), INVALID_REQUEST_OBJECT);
    s.key = foreign_key(s.t.s.a, SIGN_RS256);
    shape_keyed(&s, (struct db_client_metadata){0});
    object = object_of(&s, "{\"alg\":\"RS256\",\"kid\":\"k1\"}", "{" MEANT "," ASKS "}");
    expect_kind(read_outer(&s, BESIDE, object, &r), OK);
    shape_keyed(&s, (struct db_client_metadata){.profile = STR("fapi2-security")});
    expect_kind(read_outer(&s, BESIDE, object, &r), INVALID_REQUEST_OBJECT);
}

Test(request_object, AZ_18_an_address_that_is_not_registered_is_never_called)
{
    struct db_client_metadata m = {.request_uris = STR("https://app.example.com/r.jwt\nhttp://app.example.com/plain.jwt")};
    struct scene_object s = object_stage(m);
    struct authorize_request r;
    static const char *const uris[] = {"https%3A%2F%2Fapp.example.com%2Fother.jwt",
                                       "https%3A%2F%2Fapp.example.com%2Fr.jwt%3Fx%3D1",
                                       "https%3A%2F%2Fapp.example.com%2Fr.jwt%2F",
                                       "http%3A%2F%2Fapp.example.com%2Fplain.jwt",
                                       "https%3A%2F%2Flocalhost%2F",
                                       "file%3A%2F%2F%2Fetc%2Fpasswd"};
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++)
        cr_expect_eq(read_outer(&s, "client_id=web&response_type=code&request_uri=", str_of(uris[i]), &r).kind, ERR_INVALID_REQUEST_URI, "%s", uris[i]);
}

Test(request_object, who_must_sign_must_sign)
{
    struct scene_object s = object_stage((struct db_client_metadata){.require_signed_request_object = true});
    struct authorize_request r;
    expect_kind(read_outer(&s, "client_id=web&response_type=code", STR(""), &r), INVALID_REQUEST);
    expect_kind(read_outer(&s, BESIDE, object_of(&s, HEADER, "{" MEANT "," ASKS "}"), &r), OK);
}
