/* SPDX-License-Identifier: MIT
 * widget: what many pages share: numbers, lists of words, places and pages within bounds, problems beside their fields. */
#include "endpoint/console/widget.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(widget, .init = visit_open);

Test(widget, a_page_number_is_within_bounds_or_the_first) /* AD-09 */
{
    static const struct {
        const char *query;
        int64_t offset;
    } rows[] = {
        {"", 0},
        {"page=1", 0},
        {"page=2", WIDGET_ROWS},
        {"page=0", 0},
        {"page=-1", 0},
        {"page=x", 0},
        {"page=2x", 0},
        {"page=%2B2", 0},
        {"page=1000000", 999999 * WIDGET_ROWS},
        {"page=1000001", 0},
        {"page=99999999999999999999", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db_page page = widget_page(visit_call(rows[i].query));
        cr_expect(page.offset == rows[i].offset && page.limit == WIDGET_ROWS && !page.descending && !str_present(page.order_by), "%s: %lld", rows[i].query,
                  (long long)page.offset);
    }
    struct db_page page = widget_page(visit_call("filter=a+b&order_by=password_hash&limit=1000"));
    cr_expect(str_is(page.filter, "a b") && !str_present(page.order_by) && page.limit == WIDGET_ROWS);
}

Test(widget, a_number_is_digits_none_or_a_problem)
{
    static const char *const bad[] = {"x", "-1", "%2B1", "1.5", "1e3", "0x1", "2147483648", "99999999999999999999", "1+1"};
    struct problems p = {.count = 0};
    cr_expect_eq(widget_number(visit_call("n=+42+"), "n", -1, &p), 42);
    cr_expect_eq(widget_number(visit_call("n=2147483647"), "n", -1, &p), INT32_MAX);
    cr_expect_eq(widget_number(visit_call("n=0"), "n", -1, &p), 0);
    cr_expect_eq(widget_number(visit_call("n="), "n", -1, &p), -1);
    cr_expect_eq(widget_number(visit_call("m=1"), "n", -1, &p), -1);
    cr_expect_eq(p.count, 0u);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p.count = 0;
        cr_expect(widget_number(visit_call(visit_z(visit_text("n=%s", bad[i]))), "n", 7, &p) == 7 && problem_at(&p, "n"), "%s", bad[i]);
    }
}

Test(widget, words_are_present_even_when_none_was_sent)
{
    str none = widget_words(visit_call("scopes=read"), "scopes[]"), two = widget_words(visit_call("scopes[]=read&x=y&scopes[]=write"), "scopes[]");
    cr_expect(str_present(none) && none.n == 0 && str_is(two, "read write"), "%.*s %.*s", STR_FMT(none), STR_FMT(two));
}

Test(widget, an_id_in_a_place_is_one_segment)
{
    struct call *c = visit_call("");
    cr_expect(str_is(widget_place(c, "/admin/clients/", STR("a/../b?c#d&e=f%"), "/remove"), "/admin/clients/a%2F..%2Fb%3Fc%23d%26e%3Df%25/remove"));
    cr_expect(str_is(widget_escaped(c, STR("it's \"\xc3\xa9\"")), "it%27s%20%22%C3%A9%22"));
    cr_expect(str_is(widget_escaped(c, STR("")), ""));
}

Test(widget, what_is_the_persons_to_mend_stays_on_the_page)
{
    static const struct {
        err why;
        int status;
    } * row, rows[] = {{{ERR_CONFLICT, NULL}, 409}, {{ERR_UNPROCESSABLE, NULL}, 422}, {{ERR_THROTTLED, NULL}, 429}};
    static const enum err_kind others[] = {ERR_UNAVAILABLE, ERR_SERVER_ERROR, ERR_INSUFFICIENT_SCOPE, ERR_NOT_FOUND, ERR_LOGIN_REQUIRED};
    struct call *c = visit_call("");
    for (row = rows; row < rows + 3; row++) {
        int status = 0;
        assert_done(widget_refused(c, page_fields_new(visit_memory()), row->why, &status));
        cr_expect(status == row->status && c->response->refused.kind == row->why.kind);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        int status = 7;
        err why = {others[i], NULL};
        cr_expect(widget_refused(c, page_fields_new(visit_memory()), why, &status).kind == others[i] && status == 7);
    }
}

Test(widget, a_field_has_all_that_is_wrong_with_it_and_nothing_of_others)
{
    struct call *c = visit_call("");
    struct problems p = {.count = 0};
    problem_add(&p, "name", STR("Must be a string."));
    problem_add(&p, "other", STR("Must be true or false."));
    problem_add(&p, "name", STR("Must be a list of strings."));
    cr_expect(str_is(widget_problem(c, &p, "name"), "Must be a string. Must be a list of strings."));
    cr_expect(str_is(widget_problem(c, &p, "nam"), "") && str_is(widget_problem(c, NULL, "name"), ""));
}

Test(widget, a_pager_leads_to_pages_that_are_there)
{
    struct browser *b = visit_browser(root);
    for (int i = 0; i < 2 * WIDGET_ROWS; i++)
        visit_person(visit_z(visit_text("paged%03d", i)), "");
    struct answer first = visit_get(b, "/admin/users?filter=paged"), second = visit_get(b, "/admin/users?filter=paged&page=2"),
                  far = visit_get(b, "/admin/users?filter=paged&page=9");
    cr_expect(visit_shows(&first, "page=2\"") && !visit_shows(&first, "page=0\"") && !visit_shows(&first, "page=3\""));
    cr_expect(visit_shows(&second, "page=1\"") && !visit_shows(&second, "page=3\""));
    cr_expect(far.status == 200 && !visit_shows(&far, "page=10\""));
    first = visit_get(b, "/admin/users?filter=paged%22%26");
    cr_expect_not(visit_shows(&first, "paged\"&"));
}

Test(widget, a_sensitive_step_leads_over_the_login_and_back)
{
    struct call *c = visit_call("");
    assert_done(widget_login_again(c, STR("/admin/users/a&b")));
    cr_expect(c->response->status == 303 && str_is(c->response->headers[0].value, "/login?again=1&return_to=%2Fadmin%2Fusers%2Fa%26b"));
}
