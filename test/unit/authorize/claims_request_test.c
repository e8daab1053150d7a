/* SPDX-License-Identifier: MIT
 * claims_request: what the claims parameter may say, and what is kept of it. */
#include "authorize/claims_request.h"
#include "session/assurance.h"
#include "stage.h"

static err read_text(struct arena *a, const char *text, struct claims_request *out)
{
    return claims_request_read(a, str_of(text), STR("profile email address phone"), out);
}

Test(claims_request, keeps_what_is_known_and_names_the_scopes_that_it_amounts_to)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    assert_done(read_text(a,
                          "{\"userinfo\":{\"email\":{\"essential\":true,\"color\":1},\"nosuch\":null,\"name\":null},"
                          "\"id_token\":{\"phone_number\":{\"values\":[\"1\",\"2\"]},\"auth_time\":{\"essential\":true}},\"other\":5}",
                          &c));
    cr_expect(str_is(c.text, "{\"userinfo\":{\"email\":{\"essential\":true},\"name\":null},"
                             "\"id_token\":{\"phone_number\":{\"values\":[\"1\",\"2\"]},\"auth_time\":{\"essential\":true}}}"),
              "%.*s", STR_FMT(c.text));
    cr_expect(str_is(c.scopes, "email profile phone"), "%.*s", STR_FMT(c.scopes));
    cr_expect(!str_present(c.sub));
}

Test(claims_request, AZ_15_claims_of_a_scope_that_the_client_may_not_have_are_left_out)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    assert_done(claims_request_read(a, STR("{\"userinfo\":{\"email\":{\"essential\":true},\"name\":null},\"id_token\":{\"address\":null,\"auth_time\":null}}"),
                                    STR("profile"), &c));
    cr_expect(str_is(c.text, "{\"userinfo\":{\"name\":null},\"id_token\":{\"auth_time\":null}}"), "%.*s", STR_FMT(c.text));
    cr_expect(str_is(c.scopes, "profile"), "%.*s", STR_FMT(c.scopes));
}

Test(claims_request, nothing_asked_and_nothing_known_is_nothing_kept)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    static const char *const texts[] = {NULL, "", "{}", "{\"userinfo\":{}}", "{\"userinfo\":null}", "{\"id_token\":{\"nosuch\":{\"value\":1}}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_done(read_text(a, texts[i], &c));
        cr_expect(!str_present(c.text) && c.scopes.n == 0, "%zu", i);
    }
}

Test(claims_request, malformed_ones_are_refused_whole)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    static const char *const texts[] = {"x",
                                        "[]",
                                        "5",
                                        "\"a\"",
                                        "null",
                                        "{\"userinfo\":[]}",
                                        "{\"userinfo\":5}",
                                        "{\"id_token\":\"x\"}",
                                        "{\"userinfo\":{\"email\":true}}",
                                        "{\"userinfo\":{\"nosuch\":5}}",
                                        "{\"userinfo\":{\"email\":{\"essential\":\"true\"}}}",
                                        "{\"userinfo\":{\"email\":{\"values\":\"a\"}}}",
                                        "{\"id_token\":{\"sub\":{\"value\":5}}}",
                                        "{\"id_token\":{\"sub\":{\"value\":\"\"}}}",
                                        "{\"userinfo\":{\"sub\":{\"value\":\"a\"}},\"id_token\":{\"sub\":{\"value\":\"b\"}}}",
                                        "{\"userinfo\":{},\"userinfo\":{}}",
                                        "{} {}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(read_text(a, texts[i], &c).kind, ERR_INVALID_REQUEST, "%s", texts[i]);
    char big[CLAIMS_REQUEST_MAX + 2];
    memset(big, ' ', sizeof big);
    big[sizeof big - 1] = '\0';
    expect_kind(read_text(a, big, &c), INVALID_REQUEST);
}

Test(claims_request, an_essential_acr_is_met_or_refused_a_voluntary_one_is_neither)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    static const struct {
        const char *wish;
        enum err_kind kind;
    } rows[] = {
        {"null", ERR_OK},
        {"{\"essential\":true}", ERR_OK},
        {"{\"essential\":true,\"value\":\"" ACR_PASSWORD "\"}", ERR_OK},
        {"{\"essential\":true,\"values\":[\"x\",\"" ACR_PASSWORD "\"]}", ERR_OK},
        {"{\"essential\":true,\"value\":\"urn:mace:incommon:iap:silver\"}", ERR_UNMET_AUTHENTICATION},
        {"{\"essential\":true,\"values\":[\"1\",\"2\"]}", ERR_UNMET_AUTHENTICATION},
        {"{\"essential\":true,\"values\":[]}", ERR_UNMET_AUTHENTICATION},
        {"{\"value\":\"urn:mace:incommon:iap:silver\"}", ERR_OK},
        {"{\"essential\":false,\"values\":[\"1\"]}", ERR_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str text = str_format(a, "{\"id_token\":{\"acr\":%s}}", rows[i].wish);
        cr_expect_eq(claims_request_read(a, text, STR_ABSENT, &c).kind, rows[i].kind, "%s", rows[i].wish);
    }
}

Test(claims_request, an_essential_acr_is_told_and_a_wish_is_not)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    assert_done(read_text(a, "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"x\",\"a b\",7,\"" ACR_PASSWORD "\"]}}}", &c));
    cr_expect(str_is(c.acr, "x " ACR_PASSWORD), "%.*s", STR_FMT(c.acr));
    assert_done(read_text(a, "{\"id_token\":{\"acr\":{\"values\":[\"x\"]}}}", &c));
    cr_expect(!str_present(c.acr));
    assert_done(read_text(a, "{\"id_token\":{\"acr\":{\"essential\":true}}}", &c));
    cr_expect(!str_present(c.acr), "any will do");
}

Test(claims_request, the_person_that_it_must_be_about_is_told)
{
    struct arena *a = fixture_arena();
    struct claims_request c;
    assert_done(read_text(a, "{\"id_token\":{\"sub\":{\"value\":\"248289761001\"}}}", &c));
    cr_expect(str_is(c.sub, "248289761001") && c.scopes.n == 0);
}
