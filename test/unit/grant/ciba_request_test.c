/* SPDX-License-Identifier: MIT
 * ciba_request: one hint, openid, a plain message; and a signed request that is its client's, for this server, now, and once (CIBA Core 7.1). */
#include "grant/ciba_request.h"
#include "grant/ciba.h"
#include "client_ways.h"

#define PLAIN "scope=openid+read&login_hint=ada"

static void shape_bank(struct client_edit *edit)
{
    edit->grants = STR("ciba");
    edit->scopes = STR("openid read");
}

struct desk {
    struct stage t;
    struct sign_key *key;
};

/* alg: what is registered; NULL: nothing, but keys. */
static struct desk desk_new(const char *alg)
{
    struct desk d = {.t = stage_new()};
    (void)stage_client(&d.t, "bank", shape_bank);
    d.key = foreign_key(d.t.s.a, SIGN_ES256);
    struct db_client_metadata m = {.jwks = ways_jwks(&d.t, d.key, NULL)};
    if (alg)
        m.backchannel_authentication_request_signing_alg = str_of(alg);
    ways_register(&d.t, "bank", "client_secret_basic", &m);
    return d;
}

static err read_it(struct desk *d, const char *text, struct ciba_ask *out)
{
    scene_next(&d->t.s);
    struct form f;
    assert_done(form_parse_repeating(d->t.s.a, str_of(text), &f));
    return ciba_request_read(d->t.s.ctx, stage_find(&d->t, "bank"), &f, out);
}

static enum err_kind kind_of(struct desk *d, const char *text)
{
    struct ciba_ask ask;
    return read_it(d, text, &ask).kind;
}

Test(ciba_request, what_was_sent_is_what_is_read)
{
    struct desk d = desk_new(NULL);
    struct ciba_ask ask;
    assert_done(read_it(&d, PLAIN "&binding_message=K-17&acr_values=a+b&requested_expiry=60&client_notification_token=n&x=1", &ask));
    cr_expect(str_is(ask.scope, "openid read") && str_is(ask.login_hint, "ada") && str_is(ask.binding_message, "K-17") && str_is(ask.acr_values, "a b"));
    cr_expect(str_is(ask.requested_expiry, "60") && str_is(ask.notification_token, "n") && !str_present(ask.id_token_hint) && !str_present(ask.resources));
}

Test(ciba_request, exactly_one_hint_and_openid)
{
    struct desk d = desk_new(NULL);
    static const struct {
        const char *text;
        enum err_kind kind;
    } rows[] = {{"scope=openid", ERR_INVALID_REQUEST},
                {"scope=openid&login_hint=", ERR_INVALID_REQUEST},
                {"scope=openid&login_hint=ada&id_token_hint=x", ERR_INVALID_REQUEST},
                {"scope=openid&login_hint=ada&login_hint_token=x", ERR_INVALID_REQUEST},
                {"scope=openid&login_hint_token=x", ERR_INVALID_REQUEST},
                {"scope=read&login_hint=ada", ERR_INVALID_SCOPE},
                {"scope=openidx&login_hint=ada", ERR_INVALID_SCOPE},
                {"login_hint=ada", ERR_INVALID_SCOPE},
                {"scope=openid&login_hint=ada", ERR_OK},
                {"scope=openid&id_token_hint=x", ERR_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(kind_of(&d, rows[i].text), rows[i].kind, "%s", rows[i].text);
}

Test(ciba_request, a_binding_message_is_short_and_plain)
{
    struct desk d = desk_new(NULL);
    char text[sizeof PLAIN "&binding_message=" + CIBA_BINDING_MAX + 2] = PLAIN "&binding_message=";
    size_t n = strlen(text);
    memset(text + n, 'a', CIBA_BINDING_MAX);
    cr_expect_eq(kind_of(&d, text), ERR_OK);
    text[n + CIBA_BINDING_MAX] = 'a';
    cr_expect_eq(kind_of(&d, text), ERR_INVALID_BINDING_MESSAGE);
    static const char *const bad[] = {"%C3%A9", "%0A", "%1B%5B31m", "a%7Fb"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(kind_of(&d, stage_text(&d.t, PLAIN "&binding_message=", str_of(bad[i]), "").p), ERR_INVALID_BINDING_MESSAGE, "%s", bad[i]);
}

#define RIGHT "\"jti\":\"a\",\"scope\":\"openid\",\"login_hint\":\"ada\",\"requested_expiry\":60"

/* The times stand behind, so that a claim of the members comes first; none is given twice. */
static const char *signed_with(struct desk *d, const struct sign_key *key, const char *header, const char *members)
{
    return stage_text(&d->t, "request=", foreign_token(d->t.s.a, key, header, members), "").p;
}

static const char *signed_request(struct desk *d, const char *members)
{
    str text = str_format(d->t.s.a, "{\"iss\":\"bank\",\"aud\":\"" FIXTURE_ISSUER "\",\"iat\":%d,\"nbf\":%d,\"exp\":%d,%s}", NOW, NOW, NOW + 300, members);
    return signed_with(d, d->key, "{\"alg\":\"ES256\"}", text.p);
}

Test(ciba_request, a_signed_request_stands_alone_and_counts_once)
{
    struct desk d = desk_new("ES256");
    struct ciba_ask ask;
    const char *good = signed_request(&d, RIGHT);
    cr_expect_eq(kind_of(&d, PLAIN), ERR_INVALID_REQUEST, "it must be signed");
    static const char *const beside[] = {"&scope=openid", "&login_hint=ada", "&binding_message=x", "&resource=x", "&requested_expiry=1"};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        cr_expect_eq(kind_of(&d, stage_text(&d.t, "", str_of(good), beside[i]).p), ERR_INVALID_REQUEST, "%s", beside[i]);
    assert_done(read_it(&d, good, &ask));
    cr_expect(str_is(ask.scope, "openid") && str_is(ask.login_hint, "ada") && str_is(ask.requested_expiry, "60") && !str_present(ask.binding_message));
    cr_expect_eq(kind_of(&d, good), ERR_INVALID_REQUEST, "replayed");
    clock_set(NOW + 310);
    cr_expect_eq(kind_of(&d, good), ERR_INVALID_REQUEST);
}

Test(ciba_request, what_is_signed_by_another_for_another_or_at_another_time_is_refused) /* AT-05, FAPI-CIBA 5.2.2 */
{
    struct desk d = desk_new("ES256");
    struct sign_key *other = foreign_key(d.t.s.a, SIGN_ES256);
    static const struct {
        const char *iss, *aud;
        int iat, nbf, exp;
    } rows[] = {{"web", FIXTURE_ISSUER, 0, 0, 300},        {"bank", "https://other.example", 0, 0, 300}, {"bank", FIXTURE_ISSUER, 0, 60, 300},
                {"bank", FIXTURE_ISSUER, -400, -400, -60}, {"bank", FIXTURE_ISSUER, 0, 0, 4000},         {"bank", FIXTURE_ISSUER, -4000, -4000, 100},
                {"bank", FIXTURE_ISSUER, 60, 0, 300}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str text = str_format(d.t.s.a, "{\"iss\":\"%s\",\"aud\":\"%s\",\"iat\":%d,\"nbf\":%d,\"exp\":%d," RIGHT "}", rows[i].iss, rows[i].aud,
                              NOW + rows[i].iat, NOW + rows[i].nbf, NOW + rows[i].exp);
        cr_expect_eq(kind_of(&d, signed_with(&d, d.key, "{\"alg\":\"ES256\"}", text.p)), ERR_INVALID_REQUEST, "%zu", i);
    }
    str right = str_format(d.t.s.a, "{\"iss\":\"bank\",\"aud\":\"" FIXTURE_ISSUER "\",\"iat\":%d,\"nbf\":%d,\"exp\":%d," RIGHT "}", NOW, NOW, NOW + 300);
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}", "{\"alg\":\"ES384\"}", "{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1}"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        cr_expect_eq(kind_of(&d, signed_with(&d, d.key, headers[i], right.p)), ERR_INVALID_REQUEST, "%s", headers[i]);
    cr_expect_eq(kind_of(&d, signed_with(&d, other, "{\"alg\":\"ES256\"}", right.p)), ERR_INVALID_REQUEST);
    cr_expect_eq(kind_of(&d, "request=x"), ERR_INVALID_REQUEST);
    cr_expect_eq(kind_of(&d, "request="), ERR_INVALID_REQUEST);
    cr_expect_eq(kind_of(&d, signed_with(&d, d.key, "{\"alg\":\"ES256\"}", right.p)), ERR_OK);
    struct desk strict = desk_new("PS256"); /* the registered algorithm is the only one */
    cr_expect_eq(kind_of(&strict, signed_request(&strict, RIGHT)), ERR_INVALID_REQUEST);
}

Test(ciba_request, a_claim_that_is_missing_or_of_another_type_is_an_error_and_never_an_absence)
{
    struct desk d = desk_new("ES256");
    static const char *const bad[] = {
        "\"scope\":\"openid\",\"login_hint\":\"ada\"", /* no jti */
        "\"jti\":\"b\",\"scope\":[\"openid\"],\"login_hint\":\"ada\"",
        "\"jti\":\"c\",\"scope\":\"openid\"",
        "\"jti\":\"d\",\"scope\":\"openid\",\"login_hint\":7",
        "\"jti\":\"e\",\"scope\":\"openid\",\"login_hint\":null",
        "\"jti\":\"f\",\"scope\":\"openid\",\"login_hint\":\"ada\",\"binding_message\":{}",
        "\"jti\":\"g\",\"scope\":\"openid\",\"login_hint\":\"ada\",\"requested_expiry\":1.5",
        "\"jti\":\"h\",\"scope\":\"openid\",\"login_hint\":\"ada\",\"resource\":[7]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(kind_of(&d, signed_request(&d, bad[i])), ERR_INVALID_REQUEST, "%s", bad[i]);
    cr_expect_eq(kind_of(&d, signed_request(&d, "\"jti\":\"i\",\"scope\":\"openid\",\"login_hint\":\"ada\",\"requested_expiry\":\"60\"")), ERR_OK);
}

Test(ciba_request, resources_may_be_several_by_either_way) /* RFC 8707 2 */
{
    struct desk d = desk_new(NULL);
    struct ciba_ask ask;
    for (int i = 0; i < 2; i++) {
        struct db_resource row = {
            .uri = i ? STR("https://two") : STR("https://one"), .name = STR("s"), .token_format = STR("jwt"), .alg = STR("ES256"), .created_at = NOW};
        row.name = row.uri;
        assert_done(db_resource_add(store_each(d.t.s.authority->store), &row));
    }
    assert_done(read_it(&d, PLAIN "&resource=https%3A%2F%2Fone&resource=https%3A%2F%2Ftwo", &ask));
    cr_expect(str_is(ask.resources, "https://one https://two"));
    assert_done(read_it(&d, signed_request(&d, RIGHT ",\"resource\":[\"https://one\",\"https://two\"]"), &ask));
    cr_expect(str_is(ask.resources, "https://one https://two"));
    cr_expect_eq(kind_of(&d, PLAIN "&resource=https%3A%2F%2Fnosuch"), ERR_INVALID_TARGET);
}

static err read_again(struct context *ctx, void *context)
{
    struct form f;
    struct ciba_ask ask;
    TRY(form_parse(ctx->arena, str_of(context), &f));
    return ciba_request_read(ctx, cache_client(ctx->snapshot, STR("bank")), &f, &ask);
}

Test(ciba_request, memory_that_ends_is_no_verdict_about_a_request)
{
    struct desk d = desk_new("ES256"), plain = desk_new(NULL);
    stage_torture(&d.t, read_again, (void *)(uintptr_t)signed_request(&d, RIGHT));
    stage_torture(&plain.t, read_again, (void *)(uintptr_t)PLAIN "&binding_message=K-17");
}
