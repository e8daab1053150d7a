/* SPDX-License-Identifier: MIT
 * console_account: a person's own profile and password. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_account, .init = visit_open);

Test(console_account, each_page_of_a_person_asks_who_is_there_and_each_form_for_its_token) /* AD-01, LS-06 */
{
    struct browser *nobody = visit_browser(NULL), *b = visit_browser(ada);
    size_t pages = 0, forms = 0;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *row = &route_table[i];
        char target[128];
        size_t n = 0;
        if (row->who != USER && row->who != USER_DUE && row->who != ADMIN)
            continue;
        for (const char *p = row->path; *p; p++)
            if (*p != '{' && *p != '}')
                target[n++] = *p;
        target[n] = '\0';
        struct answer r = row->method == HTTP_GET ? visit_get(nobody, target) : visit_post(nobody, target, "");
        cr_expect(r.status == 303 && str_starts(visit_answer_header(&r, "Location"), STR("/login")), "%s: %d", target, r.status);
        pages += row->method == HTTP_GET;
        if (row->method == HTTP_GET)
            continue;
        cr_expect_eq(visit_forged(b, target, "").status, 400, "%s", target);
        forms++;
    }
    cr_expect(pages > 20 && forms > 20);
}

Test(console_account, the_profile_is_shown_and_changed)
{
    struct browser *b = visit_browser(ada);
    expect_goes(visit_get(NULL, "/"), "/account");
    expect_goes(visit_post(b, "/account", "full_name=Ada+Lovelace&email=ada%40example.com&given_name=Ada"), "/account?done=saved");
    struct answer r = visit_get(b, "/account?done=saved");
    expect_page(r, "account", 200);
    cr_expect(visit_shows(&r, "value=\"ada@example.com\"") && visit_shows(&r, "class=\"notice\""));
    cr_expect(str_is(visit_field(&r, "version"), "2"));
}

Test(console_account, nobody_gives_themself_rights_or_a_verdict) /* AD-04 */
{
    struct browser *b = visit_browser(ada);
    expect_goes(visit_post(b, "/account",
                           "full_name=Ada&email=a%40example.com&admin=1&permissions%5B%5D=view-users&permissions=view-users&username=king"
                           "&email_verified=true&phone_number=%2B41446681800&phone_number_verified=true&blocked=1&must_change_password=1"),
                "/account?done=saved");
    const struct db_user *now = visit_again(ada);
    cr_expect(!now->admin && !str_filled(now->permissions) && !now->email_verified && !now->blocked && str_is(now->username, "ada"));
    struct user_claims_edit claims;
    assert_done(user_claims_values(visit_memory(), now, &claims));
    cr_expect(!str_is(claims.values[USER_CLAIMS_phone_number_verified], "true") && str_filled(claims.values[USER_CLAIMS_phone_number]));
}

Test(console_account, what_is_wrong_is_told_beside_its_field_and_kept)
{
    struct browser *b = visit_browser(ada);
    struct answer r = visit_post(b, "/account", "full_name=Ada&email=%22%3E%3Cscript%3Ealert(1)");
    expect_page(r, "account_problem", 422);
    cr_expect(visit_shows(&r, "aria-describedby=\"email-problem\"") && visit_shows(&r, "id=\"email-problem\""));
    cr_expect(visit_shows(&r, "&lt;script&gt;alert(1)"));
    cr_expect_not(str_filled(visit_again(ada)->full_name));
}

Test(console_account, a_page_of_before_overwrites_nothing) /* AD-05 */
{
    struct browser *b = visit_browser(ada);
    expect_goes(visit_post(b, "/account", "full_name=First&version=1"), "/account?done=saved");
    struct answer r = visit_post(b, "/account", "full_name=Second&version=1");
    expect_page(r, "account_conflict", 409);
    r = visit_post(b, "/account", "full_name=Third&version=2x");
    expect_page(r, "account_version", 422);
    cr_expect(str_is(visit_again(ada)->full_name, "First"));
}

Test(console_account, a_notice_is_never_text_from_the_address)
{
    struct answer r = visit_get(visit_browser(ada), "/account?done=You+won");
    cr_expect(r.status == 200 && !visit_shows(&r, "You won") && !visit_shows(&r, "class=\"notice\""));
}

Test(console_account, an_address_changes_only_after_a_recent_password) /* LS-13 */
{
    struct browser *b = visit_browser(ada);
    visit_wait(stage.s.authority->policy.reauthentication + 1);
    expect_goes(visit_post(b, "/account", "full_name=Ada&email=new%40example.com"), "/login?again=1&return_to=%2Faccount");
    cr_expect(!str_filled(visit_again(ada)->email) && !str_filled(visit_again(ada)->full_name));
    expect_goes(visit_post(b, "/account", "full_name=Ada&email="), "/account?done=saved");
}

Test(console_account, a_password_changes_with_the_current_one_and_ends_the_other_sessions) /* LS-13, LS-01 */
{
    struct browser *b = visit_browser(ada), *elsewhere = visit_browser(ada);
    expect_page(visit_get(b, "/account/password"), "password", 200);
    struct answer r = visit_post(b, "/account/password", "current=nonsense&password=quite+a+new+secret");
    expect_page(r, "password_problem", 422);
    cr_expect(!visit_shows(&r, "nonsense") && !visit_shows(&r, "quite a new secret"));
    expect_status(visit_post(b, "/account/password", "password=quite+a+new+secret"), 422);
    expect_status(visit_post(b, "/account/password", "current=correct+horse+battery&password=ada"), 422);
    expect_status(visit_get(elsewhere, "/account"), 200);
    r = visit_post(b, "/account/password", "current=correct+horse+battery&password=quite+a+new+secret");
    expect_goes(r, "/account/password?done=password");
    expect_status(visit_get(visit_follow(b, &r), "/account"), 200);
    expect_status(visit_get(b, "/account"), 303); /* its cookie of before is dead too */
    expect_status(visit_get(elsewhere, "/account"), 303);
}

Test(console_account, guesses_at_the_current_password_are_slowed) /* RL-01 */
{
    struct browser *b = visit_browser(ada);
    struct answer r = {0};
    for (int i = 0; i < 20 && r.status != 429; i++)
        r = visit_post(b, "/account/password", "current=nonsense&password=quite+a+new+secret");
    expect_page(r, "password_throttled", 429);
    cr_expect(str_filled(visit_answer_header(&r, "Retry-After")));
}

Test(console_account, who_must_change_the_password_does_that_first_and_goes_on) /* LS-14 */
{
    struct user_edit edit = {.admin = -1, .must_change = USER_MUST_CHANGE_PASSWORD};
    assert_done(user_change(stage.s.ctx, &actor_owner, ada->id, &edit, &stage.s.p));
    struct browser *b = visit_browser(visit_again(ada));
    expect_goes(visit_get(b, "/account/tokens"), "/account/password?return_to=%2Faccount%2Ftokens");
    struct answer r = visit_get(b, "/account/password?return_to=%2F%2Fevil.example");
    cr_expect(r.status == 200 && str_is(visit_field(&r, "return_to"), ""));
    r = visit_post(b, "/account/password", "current=correct+horse+battery&password=quite+a+new+secret&return_to=%2Faccount%2Ftokens");
    expect_goes(r, "/account/tokens");
    expect_status(visit_get(visit_follow(b, &r), "/account/tokens"), 200);
}

Test(console_account, a_store_that_fails_is_told_and_nothing_is_half_done)
{
    struct browser *b = visit_browser(ada);
    visit_break("throttles");
    expect_refused(visit_post(b, "/account/password", "current=correct+horse+battery&password=quite+a+new+secret"), 503, UNAVAILABLE);
    visit_mend("throttles");
    visit_break("deferred_requests");
    expect_page(visit_get(b, "/account"), "account_without_requests", 200); /* the count beside the menu is a decoration */
    visit_mend("deferred_requests");
    visit_break("users");
    expect_refused(visit_post(b, "/account", "full_name=Ada"), 503, UNAVAILABLE);
    visit_mend("users");
    cr_expect_not(str_filled(visit_again(ada)->full_name));
}

Test(console_account, times_are_in_the_zone_of_who_looks_and_no_other_zone_is_taken)
{
    struct browser *b = visit_browser(ada);
    expect_goes(visit_post(b, "/account", "full_name=Ada&zoneinfo=Asia%2FKathmandu"), "/account?done=saved");
    struct answer r = visit_get(b, "/account");
    cr_expect(visit_shows(&r, "data-zone=\"Asia/Kathmandu\"") && visit_shows(&r, " UTC+5:45</time>"));
    r = visit_get(visit_browser(root), "/account");
    cr_expect(visit_shows(&r, "data-zone=\"\"") && visit_shows(&r, " UTC</time>"), "another's is another's");
    r = visit_post(b, "/account", "full_name=Ada&zoneinfo=Mars%2FOlympus");
    expect_page(r, "account_zone", 422);
    cr_expect(visit_shows(&r, "id=\"zoneinfo-problem\"") && visit_shows(&r, "Mars/Olympus"));
    cr_expect(visit_shows(&r, " UTC+5:45</time>"), "what was in force stays");
}
