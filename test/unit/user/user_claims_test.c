/* SPDX-License-Identifier: MIT
 * Claims about standard claims: each has its form, none is lost, types are those of OpenID Connect Core 5.1. */
#include "people.h"
#include "user/user_claims.h"
#include "base/banned.h"

static struct arena *memory;
static void set_up(void)
{
    memory = arena_new(1 << 20);
}
static void tear_down(void)
{
    arena_release(memory);
}
TestSuite(user_claims, .init = set_up, .fini = tear_down);

/* The text for the row after this one value was given; absent when it was refused. */
static str after(str stored, enum user_claims_name name, const char *value, size_t *problems)
{
    struct user_claims_edit edit = {{{NULL, 0}}};
    struct problems p = {.count = 0};
    str text = STR_ABSENT;
    edit.values[name] = str_of(value);
    cr_assert_eq(user_claims_change(memory, stored, &edit, &p, &text).kind, ERR_OK);
    *problems = p.count;
    return text;
}

static const struct {
    enum user_claims_name name;
    const char *value;
    bool fits;
} forms[] = {
    {USER_CLAIMS_birthdate, "1990-12-31", true},
    {USER_CLAIMS_birthdate, "0000-12-31", true},
    {USER_CLAIMS_birthdate, "0000-02-29", true},
    {USER_CLAIMS_birthdate, "1990", true},
    {USER_CLAIMS_birthdate, "2000-02-29", true},
    {USER_CLAIMS_birthdate, "1900-02-29", false},
    {USER_CLAIMS_birthdate, "1990-13-01", false},
    {USER_CLAIMS_birthdate, "1990-00-01", false},
    {USER_CLAIMS_birthdate, "1990-1-1", false},
    {USER_CLAIMS_birthdate, "0000", false},
    {USER_CLAIMS_birthdate, "31.12.1990", false},
    {USER_CLAIMS_birthdate, "1990-04-31", false},
    {USER_CLAIMS_zoneinfo, "Europe/Paris", true},
    {USER_CLAIMS_zoneinfo, "America/Argentina/Buenos_Aires", true},
    {USER_CLAIMS_zoneinfo, "Etc/GMT+5", true},
    {USER_CLAIMS_zoneinfo, "UTC", true},
    {USER_CLAIMS_zoneinfo, "Europe//Paris", false},
    {USER_CLAIMS_zoneinfo, "../etc/passwd", false},
    {USER_CLAIMS_zoneinfo, "Europe/", false},
    {USER_CLAIMS_zoneinfo, "+5", false},
    {USER_CLAIMS_zoneinfo, "Europe/Atlantis", false},
    {USER_CLAIMS_zoneinfo, "BST", false},
    {USER_CLAIMS_locale, "en", true},
    {USER_CLAIMS_locale, "en-US", true},
    {USER_CLAIMS_locale, "zh-Hant-TW", true},
    {USER_CLAIMS_locale, "de_CH", true},
    {USER_CLAIMS_locale, "es-419", true},
    {USER_CLAIMS_locale, "e", false},
    {USER_CLAIMS_locale, "en-", false},
    {USER_CLAIMS_locale, "-en", false},
    {USER_CLAIMS_locale, "12-US", false},
    {USER_CLAIMS_locale, "en-abcdefghi", false},
    {USER_CLAIMS_phone_number, "+1 (425) 555-1212", true},
    {USER_CLAIMS_phone_number, "+1 (604) 555-1234;ext=5678", true},
    {USER_CLAIMS_phone_number, "0446681800", true},
    {USER_CLAIMS_phone_number, "+12", false},
    {USER_CLAIMS_phone_number, "1+2345", false},
    {USER_CLAIMS_phone_number, "+1234567890123456", false},
    {USER_CLAIMS_phone_number, "+1234567;ext=", false},
    {USER_CLAIMS_phone_number, "call me", false},
    {USER_CLAIMS_website, "https://a.example/x?y", true},
    {USER_CLAIMS_website, "http://a.example", true},
    {USER_CLAIMS_website, "javascript:alert(1)", false},
    {USER_CLAIMS_picture, "/me.png", false},
    {USER_CLAIMS_profile, "ftp://a.example/", false},
    {USER_CLAIMS_nickname, "a\nb", false},
    {USER_CLAIMS_street_address, "1 Road\r\nHouse", true},
    {USER_CLAIMS_street_address, "1\tRoad", false},
    {USER_CLAIMS_email_verified, "true", true},
    {USER_CLAIMS_email_verified, "yes", false},
};

Test(user_claims, each_kind_has_its_form)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t problems;
        str text = after(STR_ABSENT, forms[i].name, forms[i].value, &problems);
        cr_expect_eq(problems == 0 && str_present(text), forms[i].fits, "%s", forms[i].value);
    }
}

Test(user_claims, a_change_leaves_the_others_and_empty_takes_away)
{
    size_t problems;
    str text = after(STR_ABSENT, USER_CLAIMS_given_name, "Ada", &problems);
    text = after(text, USER_CLAIMS_country, "UK", &problems);
    cr_assert(str_is(text, "{\"given_name\":\"Ada\",\"address\":{\"country\":\"UK\"}}"), "%s", text.p);
    text = after(text, USER_CLAIMS_country, "", &problems);
    cr_assert(str_is(text, "{\"given_name\":\"Ada\"}"));
    cr_assert_not(str_present(after(text, USER_CLAIMS_given_name, "", &problems)));
    cr_assert_eq(problems, 0u);
}

Test(user_claims, a_zone_that_is_no_longer_known_can_stay_and_cannot_come)
{
    size_t problems;
    str old = STR("{\"zoneinfo\":\"Mars/Olympus\"}");
    cr_expect(str_equal(after(old, USER_CLAIMS_zoneinfo, "Mars/Olympus", &problems), old));
    cr_expect_eq(problems, 0u);
    (void)after(STR_ABSENT, USER_CLAIMS_zoneinfo, "Mars/Olympus", &problems);
    cr_expect_eq(problems, 1u);
}

Test(user_claims, are_read_with_the_types_of_core_5_1)
{
    struct db_user user = {.username = STR("ada"),
                           .email = STR("ada@example.org"),
                           .full_name = STR("Ada L"),
                           .updated_at = 77,
                           .claims = STR("{\"email_verified\":true,\"phone_number\":\"+41446681800\",\"address\":{\"locality\":\"Bern\"}}")};
    json *object;
    str text;
    object = json_object_new(memory);
    cr_assert_eq(user_claims_put(memory, &user, object).kind, ERR_OK);
    cr_assert_eq(json_text(memory, object, &text).kind, ERR_OK);
    cr_assert(str_is(text, "{\"email_verified\":true,\"phone_number\":\"+41446681800\",\"phone_number_verified\":false,"
                           "\"address\":{\"locality\":\"Bern\"}}"),
              "%s", text.p);
    user.email = STR("");
    object = json_object_new(memory);
    cr_assert_eq(user_claims_put(memory, &user, object).kind, ERR_OK);
    cr_assert_null(json_member(object, "email_verified"), "a verdict about nothing");
    user.claims = STR("[1]");
    cr_assert_eq(user_claims_put(memory, &user, object).kind, ERR_SERVER_ERROR);
}

Test(user_claims, json_of_the_wrong_type_is_a_problem_by_field)
{
    static const char *const wrong[] = {"{\"given_name\":1}", "{\"email_verified\":\"true\"}", "{\"address\":\"Bern\"}", "{\"address\":{\"planet\":\"Earth\"}}",
                                        "{\"address\":{\"country\":[]}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct user_claims_edit edit = {{{NULL, 0}}};
        struct problems p = {.count = 0};
        json *j;
        cr_assert_eq(json_parse(memory, str_of(wrong[i]), &j).kind, ERR_OK);
        user_claims_from_json(memory, j, &edit, &p);
        cr_expect_eq(p.count, 1u, "%s", wrong[i]);
    }
}
