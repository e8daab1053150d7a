/* SPDX-License-Identifier: MIT
 * console_initial: initial access tokens on an administrator's page. */
#include "endpoint/visit.h"
#include "registration/initial.h"

#include "base/banned.h"

TestSuite(console_initial, .init = visit_open);

static struct db_initial_rows tokens(void)
{
    struct db_initial_rows all;
    scene_next(&stage.s);
    assert_done(initial_list(stage.s.ctx, &actor_owner, &all));
    return all;
}

Test(console_initial, a_token_stands_on_the_page_of_its_making_and_nowhere_else) /* AD-03 */
{
    struct browser *b = visit_browser(root);
    struct answer r = visit_post(b, "/admin/registrations", "label=Partner&uses=3&expires_in=3600&grants=authorization_code&scopes=read");
    expect_page(r, "registrations_made", 201);
    str token = visit_field(&r, "token");
    cr_expect(visit_shows(&r, "name=\"token\"") && visit_shows(&r, "value=\"jtn_"));
    r = visit_get(b, "/admin/registrations");
    expect_page(r, "registrations", 200);
    cr_expect(visit_shows(&r, "Partner") && !visit_shows(&r, "value=\"jtn_") && (!str_filled(token) || !visit_shows(&r, visit_z(token))));
    cr_assert(tokens().count == 1 && tokens().rows[0].uses_left == 3 && str_is(tokens().rows[0].grants, "authorization_code"));
}

Test(console_initial, what_is_wrong_makes_no_token_and_is_kept)
{
    static const char *const bad[] = {"label=x&uses=many", "label=x&uses=-1", "label=x&expires_in=1.5", "label=x&grants=magic", "label=x&scopes=nosuch"};
    struct browser *b = visit_browser(root);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer r = visit_post(b, "/admin/registrations", bad[i]);
        cr_expect(r.status == 422 && visit_shows(&r, "value=\"x\"") && !visit_shows(&r, "value=\"jtn_"), "%s: %d", bad[i], r.status);
    }
    expect_page(visit_post(b, "/admin/registrations", "label=%22%3E%3Cscript%3Ealert(1)&uses=x"), "registrations_problem", 422);
    cr_expect_eq(tokens().count, 0u);
}

Test(console_initial, it_is_removed_once)
{
    struct browser *b = visit_browser(root);
    visit_post(b, "/admin/registrations", "label=Partner");
    cr_assert_eq(tokens().count, 1u);
    const char *remove = visit_z(visit_text("/admin/registrations/%.*s/remove", STR_FMT(tokens().rows[0].id)));
    expect_status(visit_forged(b, remove, ""), 400);
    cr_expect_eq(tokens().count, 1u);
    expect_goes(visit_post(b, remove, ""), "/admin/registrations?done=removed");
    cr_expect_eq(tokens().count, 0u);
    expect_refused(visit_post(b, remove, ""), 404, NOT_FOUND);
}

Test(console_initial, who_may_create_clients_does_not_hand_out_that_right) /* AD-01 */
{
    struct browser *b = visit_browser(visit_person("helper", "view-users view-events"));
    expect_refused(visit_get(b, "/admin/registrations"), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_post(b, "/admin/registrations", "label=x"), 403, INSUFFICIENT_SCOPE);
    expect_refused(visit_post(b, "/admin/registrations/x/remove", ""), 403, INSUFFICIENT_SCOPE);
    cr_expect_eq(tokens().count, 0u);
}

Test(console_initial, a_store_that_fails_shows_no_token)
{
    struct browser *b = visit_browser(root);
    visit_break("initial_tokens");
    struct answer r = visit_post(b, "/admin/registrations", "label=x");
    cr_expect(r.status == 503 && !visit_shows(&r, "jtn_"));
    expect_refused(visit_get(b, "/admin/registrations"), 503, UNAVAILABLE);
    expect_refused(visit_post(b, "/admin/registrations/x/remove", ""), 503, UNAVAILABLE);
}
