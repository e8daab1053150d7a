/* SPDX-License-Identifier: MIT
 * console_factors: a person's sign-in methods, as pages. */
#include "app_secret.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_factors, .init = visit_open);

#define METHODS "/account/sign-in-methods"

/* The code that an app shows which was set up by this page's key. */
static str code_of(const struct answer *page)
{
    uint8_t secret[TOTP_SECRET_SIZE];
    char code[TOTP_DIGITS + 1];
    const char *at = memmem(page->body.p, page->body.n, "id=\"key\"", 8);
    cr_assert_not_null(at);
    at = strstr(at, "value=\"") + 7;
    secret_of((str){at, (size_t)(strchr(at, '"') - at)}, secret);
    assert_done(totp_code((str){(const char *)secret, sizeof secret}, clock_now() / TOTP_SECONDS, code));
    return visit_text("%s", code);
}

static struct answer add(const struct browser *b, const struct answer *page, const char *name, str code)
{
    str fields = visit_text("offer=%.*s&name=%s&code=%.*s&return_to=", STR_FMT(visit_field(page, "offer")), name, STR_FMT(code));
    return visit_post(b, METHODS "/new", visit_z(fields));
}

static struct browser *with_app(void)
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, METHODS "/new");
    struct answer made = add(b, &page, "phone", code_of(&page));
    cr_assert_eq(made.status, 200, "%d %s", made.status, err_why(made.refused));
    return visit_follow(b, &made);
}

static str place_of_removal(const struct browser *b)
{
    struct answer list = visit_get(b, METHODS);
    const char *at = memmem(list.body.p, list.body.n, METHODS "/", sizeof METHODS), *end;
    while (at && strncmp(at + sizeof METHODS, "new", 3) == 0)
        at = strstr(at + 1, METHODS "/");
    cr_assert_not_null(at);
    end = strchr(at, '"');
    return visit_text("%.*s", (int)(end - at), at);
}

Test(console_factors, an_app_is_added_with_a_code_of_it_and_its_codes_are_shown_once)
{
    struct browser *b = visit_browser(ada);
    struct answer page = visit_get(b, METHODS "/new");
    expect_page(page, "totp_new", 200);
    cr_expect(visit_shows(&page, "src=\"data:image/svg+xml,"));
    struct answer wrong = add(b, &page, "%22%3E%3Cscript%3Ealert(1)", STR("000000"));
    expect_page(wrong, "totp_wrong", 422);
    cr_expect(visit_shows(&wrong, "id=\"code-problem\"") && visit_shows(&wrong, "&lt;script&gt;alert(1)"));
    cr_expect(str_equal(visit_field(&wrong, "offer"), visit_field(&page, "offer")), "the same key once more");
    cr_expect_not(str_filled(visit_again(ada)->second_factors));
    struct answer made = add(b, &page, "phone", code_of(&page));
    expect_page(made, "recovery_codes", 200);
    b = visit_follow(b, &made);
    cr_expect(str_present(visit_cookie(&made, "__Host-jeton")), "a new cookie");                 /* LS-01 */
    cr_expect(str_present(visit_cookie(&made, "__Host-jeton-device")), "known by both factors"); /* RL-02 */
    struct answer list = visit_get(b, METHODS);
    expect_page(list, "sign_in_methods", 200);
    cr_expect(visit_shows(&list, "phone"));
    cr_expect(str_is(visit_again(ada)->second_factors, "totp recovery"));
}

Test(console_factors, everything_asks_for_a_fresh_login) /* LS-13 */
{
    struct browser *b = with_app();
    str place = place_of_removal(b);
    struct answer page = visit_get(b, METHODS "/new");
    str code = code_of(&page);
    visit_wait(stage.s.authority->policy.reauthentication + 1);
    struct answer answers[] = {visit_get(b, METHODS "/new"), add(b, &page, "x", code), visit_post(b, "/account/recovery-codes", ""),
                               visit_get(b, visit_z(place)), visit_post(b, visit_z(place), "")};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        str to = visit_answer_header(&answers[i], "Location");
        cr_expect(answers[i].status == 303 && str_starts(to, STR("/login?again=1&return_to=")), "%zu: %d %.*s", i, answers[i].status, STR_FMT(to));
    }
    cr_expect(str_is(visit_again(ada)->second_factors, "totp recovery"));
}

Test(console_factors, one_is_removed_by_its_owner_alone)
{
    struct browser *b = with_app(), *other = visit_browser(root);
    str place = place_of_removal(b);
    expect_status(visit_get(other, visit_z(place)), 404);
    expect_status(visit_post(other, visit_z(place), ""), 404);
    struct answer page = visit_get(b, visit_z(place));
    expect_page(page, "sign_in_method_remove", 200);
    expect_goes(visit_post(b, visit_z(place), ""), METHODS "?done=method-removed");
    cr_expect_not(str_filled(visit_again(ada)->second_factors));
    expect_status(visit_post(b, "/account/recovery-codes", ""), 422);
}

Test(console_factors, where_everybody_needs_one_all_pages_lead_there_and_it_goes_on)
{
    struct browser *b = visit_browser(ada);
    stage.s.authority->policy.second_factor_required = true;
    expect_goes(visit_get(b, "/account/tokens"), METHODS "/new?return_to=%2Faccount%2Ftokens");
    struct answer page = visit_get(b, METHODS "/new?return_to=%2Faccount%2Ftokens");
    expect_page(page, "totp_due", 200);
    cr_expect(visit_shows(&page, "class=\"warning\""));
    str fields = visit_text("offer=%.*s&name=x&code=%.*s&return_to=%%2Faccount%%2Ftokens", STR_FMT(visit_field(&page, "offer")), STR_FMT(code_of(&page)));
    struct answer made = visit_post(b, METHODS "/new", visit_z(fields));
    cr_expect(made.status == 200 && visit_shows(&made, "href=\"/account/tokens\""));
    expect_status(visit_get(visit_follow(b, &made), "/account/tokens"), 200);
}

Test(console_factors, an_administrator_resets_with_a_reason)
{
    struct browser *b = visit_browser(root), *own = with_app();
    str place = visit_text("/admin/users/%.*s/sign-in-methods", STR_FMT(ada->id));
    struct answer refused = visit_post(b, visit_z(place), "reason=+");
    expect_page(refused, "user_reset", 422);
    cr_expect(visit_shows(&refused, "id=\"reason-problem\""));
    expect_refused(visit_post(own, visit_z(place), "reason=me"), 403, INSUFFICIENT_SCOPE);
    expect_goes(visit_post(b, visit_z(place), "reason=lost+phone"), visit_z(visit_text("/admin/users/%.*s?done=factors-reset", STR_FMT(ada->id))));
    cr_expect_eq(visit_get(own, "/account").status, 303, "logged out");
}

Test(console_factors, a_reset_asks_the_administrator_for_a_fresh_login) /* LS-15 */
{
    struct browser *b = visit_browser(root);
    (void)with_app();
    str place = visit_text("/admin/users/%.*s/sign-in-methods", STR_FMT(ada->id));
    visit_wait(stage.s.authority->policy.reauthentication + 1);
    struct answer r = visit_post(b, visit_z(place), "reason=lost+phone");
    cr_expect(r.status == 303 && str_starts(visit_answer_header(&r, "Location"), STR("/login?again=1&return_to=")));
    cr_expect(str_is(visit_again(ada)->second_factors, "totp recovery"));
}
