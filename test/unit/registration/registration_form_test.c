/* SPDX-License-Identifier: MIT
 * registration_form: what software asks for becomes a change that stays within its right, with a default for what it left out. */
#include "registration/registration_form.h"
#include "client/client_rules.h"
#include "context/check.h"
#include "people.h"
#include "store/table/db_scope.h"

struct desk {
    struct scene s;
    struct registration_right right;
    struct client_edit edit;
};

static struct desk desk_new(void)
{
    struct desk d = {.s = scene_new()};
    assert_done(db_scope_add(store_each(d.s.authority->store), STR("read"), STR("Read.")));
    assert_done(db_scope_add(store_each(d.s.authority->store), STR("write"), STR("Write.")));
    scene_next(&d.s);
    d.right = (struct registration_right){.grants = STR("authorization_code refresh_token client_credentials"), .scopes = STR("read")};
    return d;
}

static err read_form(struct desk *d, const char *text)
{
    json *body;
    assert_done(json_parse(d->s.a, str_of(text), &body));
    d->s.p.count = 0;
    d->edit = client_edit_nothing();
    return registration_form_read(d->s.ctx, body, &d->right, &d->edit, &d->s.p);
}

/* Members beside one good redirect URI. */
static const struct client_edit *asks(struct desk *d, const char *members)
{
    assert_done(read_form(d, str_format(d->s.a, "{\"redirect_uris\":[\"https://app.example/cb\"]%s}", members).p));
    return &d->edit;
}

static str member(const struct desk *d, size_t i)
{
    return d->edit.metadata[i];
}

Test(registration_form, what_is_not_named_has_its_default) /* RFC 7591 2 */
{
    struct desk d = desk_new();
    const struct client_edit *edit = asks(&d, "");
    cr_expect(str_is(edit->auth_method, "client_secret_basic") && str_is(edit->grants, "authorization_code") && edit->refresh == 0);
    cr_expect(str_is(edit->name, "app.example") && str_is(member(&d, METADATA_application_type), "web"));
    cr_expect(str_present(edit->post_logout_redirect_uris) && edit->post_logout_redirect_uris.n == 0, "an update drops what it left out");
    cr_expect(str_present(member(&d, METADATA_logo_uri)) && member(&d, METADATA_logo_uri).n == 0);
    cr_expect_not(str_present(member(&d, METADATA_profile)), "what administrators set is not touched");
    cr_expect_eq(d.s.p.count, 0);
    d.right.method = STR("none");
    cr_expect(str_is(asks(&d, "")->auth_method, "none"));
}

Test(registration_form, MD_06_one_bad_address_does_not_spoil_the_good_ones)
{
    struct desk d = desk_new();
    assert_done(read_form(&d, "{\"redirect_uris\":[\"javascript:alert(1)\",\"https://app.example/cb\",7,\"\",\"https://app.example/#f\"],"
                              "\"post_logout_redirect_uris\":\"https://app.example/bye\"}"));
    cr_expect(str_is(d.edit.redirect_uris, "https://app.example/cb") && str_is(d.edit.post_logout_redirect_uris, "https://app.example/bye"));
    cr_expect_eq(d.s.p.count, 0);
    d.s.authority->policy.profile = PROFILE_OAUTH21; /* where strictness is wanted it is a problem */
    assert_done(read_form(&d, "{\"redirect_uris\":[\"javascript:alert(1)\",\"https://app.example/cb\"]}"));
    cr_expect(problem_at(&d.s.p, "redirect_uris"));
}

Test(registration_form, addresses_of_which_none_is_good_are_a_problem) /* RU-03 */
{
    struct desk d = desk_new();
    static const char *const bodies[] = {"{\"redirect_uris\":[\"javascript:alert(1)\"]}", "{\"redirect_uris\":[7]}", "{\"redirect_uris\":[\"\"]}",
                                         "{\"redirect_uris\":{\"a\":1}}", "{\"redirect_uris\":\"http://app.example/cb\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_done(read_form(&d, bodies[i]));
        cr_expect(problem_at(&d.s.p, "redirect_uris") && d.edit.redirect_uris.n == 0, "%s", bodies[i]);
    }
    struct buf b = buf_new(d.s.a, 65536);
    str text;
    for (int i = 0; i < CLIENT_RULES_URIS_MAX + 5; i++)
        buf_format(&b, "%s\"https://app.example/%d\"", i ? "," : "", i);
    assert_done(buf_done(&b, &text));
    assert_done(read_form(&d, str_format(d.s.a, "{\"redirect_uris\":[%s]}", text.p).p));
    cr_expect_eq(check_count(d.edit.redirect_uris, '\n'), CLIENT_RULES_URIS_MAX);
}

Test(registration_form, MD_04_grants_are_those_of_the_right_that_such_a_client_can_have)
{
    struct desk d = desk_new();
    static const struct {
        const char *members, *grants;
        bool refresh;
    } rows[] = {
        {",\"grant_types\":[\"authorization_code\",\"password\",\"implicit\",\"nosuch\",7]", "authorization_code", false},
        {",\"grant_types\":[\"refresh_token\",\"authorization_code\"]", "authorization_code refresh_token", true},
        {",\"grant_types\":[\"refresh_token\"]", "authorization_code refresh_token", true},
        {",\"grant_types\":\"client_credentials\"", "client_credentials", false},
        {",\"grant_types\":[\"client_credentials\"],\"token_endpoint_auth_method\":\"none\"", "authorization_code", false}, /* TE-07 */
        {",\"grant_types\":[]", "authorization_code", false},
        {",\"grant_types\":null", "authorization_code", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct client_edit *edit = asks(&d, rows[i].members);
        cr_expect(str_is(edit->grants, rows[i].grants) && edit->refresh == rows[i].refresh, "%s: %.*s", rows[i].members, STR_FMT(edit->grants));
    }
    d.right.grants = STR("client_credentials");
    (void)asks(&d, ",\"grant_types\":[\"authorization_code\"]");
    cr_expect(problem_at(&d.s.p, "grant_types"));
    assert_done(read_form(&d, "{\"grant_types\":[\"client_credentials\"]}"));
    cr_expect(str_is(d.edit.grants, "client_credentials") && d.s.p.count == 0);
}

Test(registration_form, MD_04_scopes_are_identity_and_what_was_named_and_never_a_permission)
{
    struct desk d = desk_new();
    const struct client_edit *edit = asks(&d, "");
    cr_expect(str_has_word(edit->scopes, STR("openid")) && str_has_word(edit->scopes, STR("read")) && !str_has_word(edit->scopes, STR("write")));
    cr_expect(!str_has_word(edit->scopes, STR("view-users")) && !str_has_word(edit->scopes, STR("view-own-profile")));
    cr_expect(str_is(asks(&d, ",\"scope\":\"read write view-users nosuch\"")->scopes, "read"));
    d.right.scopes = STR("read view-users view-own-profile");
    cr_expect(str_is(asks(&d, ",\"scope\":\"view-users view-own-profile\"")->scopes, "view-own-profile"));
    edit = asks(&d, ",\"scope\":\"nosuch\"");
    cr_expect(str_present(edit->scopes) && edit->scopes.n == 0);
}

Test(registration_form, a_way_to_authenticate_that_is_not_offered_is_replaced_by_the_usual_one)
{
    struct desk d = desk_new();
    static const char *const unknown[] = {"\"nosuch\"", "\"any\"", "\"tls_client_auth\"", "7", "null", "\"\""};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_expect(str_is(asks(&d, str_format(d.s.a, ",\"token_endpoint_auth_method\":%s", unknown[i]).p)->auth_method, "client_secret_basic"), "%s",
                  unknown[i]);
    cr_expect(str_is(asks(&d, ",\"token_endpoint_auth_method\":\"private_key_jwt\"")->auth_method, "private_key_jwt"));
    d.s.authority->certificates = true;
    cr_expect(str_is(asks(&d, ",\"token_endpoint_auth_method\":\"tls_client_auth\"")->auth_method, "tls_client_auth"));
}

Test(registration_form, a_wish_that_cannot_be_granted_is_left_out_and_a_need_is_a_problem)
{
    struct desk d = desk_new();
    static const struct {
        const char *members;
        size_t member;
        const char *value; /* NULL: a problem */
    } rows[] = {
        {",\"logo_uri\":\"http://app.example/logo\"", METADATA_logo_uri, ""},
        {",\"logo_uri\":7", METADATA_logo_uri, ""},
        {",\"contacts\":[\"a@app.example\",7,\"b\\nc\"]", METADATA_contacts, "a@app.example"},
        {",\"id_token_signed_response_alg\":\"none\"", METADATA_id_token_signed_response_alg, ""},
        {",\"require_auth_time\":\"true\"", METADATA_require_auth_time, "true"}, /* meant so */
        {",\"jwks\":{\"keys\":[]}", METADATA_jwks, ""},
        {",\"token_endpoint_auth_signing_alg\":\"HS256\"", METADATA_token_endpoint_auth_signing_alg, ""},
        {",\"backchannel_token_delivery_mode\":\"ping\"", METADATA_backchannel_token_delivery_mode, ""},
        {",\"jwks_uri\":\"http://app.example/keys\"", METADATA_jwks_uri, NULL},
        {",\"jwks\":{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", METADATA_jwks, NULL}, /* AT-05 */
        {",\"require_signed_request_object\":\"maybe\"", METADATA_require_signed_request_object, NULL},
        {",\"dpop_bound_access_tokens\":7", METADATA_dpop_bound_access_tokens, NULL},
        {",\"tls_client_auth_san_ip\":\"one\"", METADATA_tls_client_auth_san_ip, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)asks(&d, rows[i].members);
        if (rows[i].value)
            cr_expect(str_is(member(&d, rows[i].member), rows[i].value) && d.s.p.count == 0, "%s: %.*s", rows[i].members, STR_FMT(member(&d, rows[i].member)));
        else
            cr_expect(problem_at(&d.s.p, metadata_rows[rows[i].member].name), "%s", rows[i].members);
    }
}

Test(registration_form, what_answers_on_a_device_is_native_whatever_it_says)
{
    struct desk d = desk_new();
    assert_done(read_form(&d, "{\"redirect_uris\":[\"com.example.app:/cb\"],\"application_type\":\"web\"}"));
    cr_expect(str_is(member(&d, METADATA_application_type), "native"));
    assert_done(read_form(&d, "{\"redirect_uris\":[\"http://127.0.0.1/cb\"]}"));
    cr_expect(str_is(member(&d, METADATA_application_type), "native"));
    (void)asks(&d, ",\"application_type\":\"native\"");
    cr_expect(str_is(member(&d, METADATA_application_type), "native"));
}

Test(registration_form, AD_04_what_software_may_not_set_changes_nothing)
{
    struct desk d = desk_new();
    struct client_edit plain = *asks(&d, "");
    struct client_edit edit =
        *asks(&d, ",\"first_party\":true,\"is_admin\":true,\"origin\":\"\",\"sector\":\"evil.example\",\"profile\":\"none\",\"exchange_modes\":"
                  "[\"impersonation\"],\"redirect_custom_schemes\":true,\"client_id\":\"web\",\"client_secret\":\"x\",\"login_ticket\":\"x\"");
    for (size_t i = 0; i < METADATA_COUNT; i++)
        cr_expect(str_equal(edit.metadata[i], plain.metadata[i]) && str_present(edit.metadata[i]) == str_present(plain.metadata[i]), "%s",
                  metadata_rows[i].name);
    cr_expect(edit.first_party == plain.first_party && str_equal(edit.secret, plain.secret) && str_equal(edit.id, plain.id) && !str_present(edit.origin));
}

Test(registration_form, a_name_that_people_cannot_read_is_made_from_where_the_answer_goes)
{
    struct desk d = desk_new();
    cr_expect(str_is(asks(&d, ",\"client_name\":\"  Map \"")->name, "Map"));
    cr_expect(str_is(asks(&d, ",\"client_name\":\"a\\u0007b\"")->name, "app.example"));
    cr_expect(str_is(asks(&d, ",\"client_name\":{\"a\":1}")->name, "app.example"));
    cr_expect(str_is(asks(&d, ",\"client_name\":\"   \"")->name, "app.example"));
}

Test(registration_form, problems_go_out_under_the_names_of_the_standard)
{
    static const char *const names[][2] = {
        {"name", "client_name"}, {"grants", "grant_types"}, {"scopes", "scope"}, {"auth_method", "token_endpoint_auth_method"}, {"jwks", "jwks"}};
    struct problems p = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        problem_add(&p, names[i][0], STR("x"));
    registration_form_rename(&p);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect(str_is(str_of(p.rows[i].field), names[i][1]), "%s", names[i][0]);
}

static err read_again(struct context *ctx, void *context)
{
    struct desk *d = context;
    json *body;
    d->s.p.count = 0;
    d->edit = client_edit_nothing();
    TRY(json_parse(ctx->arena,
                   STR("{\"redirect_uris\":[\"https://app.example/cb\",\"https://app.example/two\"],\"contacts\":[\"a@app.example\"],\"scope\":\"openid\"}"),
                   &body));
    return registration_form_read(ctx, body, &d->right, &d->edit, &d->s.p);
}

Test(registration_form, memory_that_ends_makes_no_smaller_client)
{
    struct desk d = desk_new();
    size_t n = 1;
    while (n < 500 && !scene_torture(&d.s, n, read_again, &d))
        n++;
    cr_expect(n > 1 && n < 500, "%zu", n);
}
