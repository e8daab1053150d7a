/* SPDX-License-Identifier: MIT
 * console_static: files from the program itself, kept as long as their address tells them apart. */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(console_static, .init = visit_open);

static struct answer ask(const char *target, str if_none_match)
{
    return visit(
        &(struct visit){.target = target, .bearer = STR_ABSENT, .more = {{str_present(if_none_match) ? STR("If-None-Match") : STR_ABSENT, if_none_match}}});
}

Test(console_static, a_file_that_is_asked_for_by_its_hash_is_kept_for_a_year)
{
    struct answer r = ask("/assets/style.css", STR_ABSENT);
    str etag = visit_answer_header(&r, "ETag");
    cr_assert(r.status == 200 && etag.n == 18);
    cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "public, max-age=300"));
    r = ask(visit_z(visit_text("/assets/style.css?v=%.*s", (int)etag.n - 2, etag.p + 1)), STR_ABSENT);
    cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "public, max-age=31536000, immutable"));
    static const char *const others[] = {"?v=", "?v=0123456789abcdef", "?v=x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        r = ask(visit_z(visit_text("/assets/style.css%s", others[i])), STR_ABSENT);
        cr_expect(str_is(visit_answer_header(&r, "Cache-Control"), "public, max-age=300"), "%s", others[i]);
    }
}

Test(console_static, who_has_it_gets_it_not_again) /* RFC 9110 13.1.2 */
{
    struct answer r = ask("/assets/style.css", STR_ABSENT);
    str etag = visit_answer_header(&r, "ETag");
    const str same[] = {etag, visit_text("W/%.*s", STR_FMT(etag)), visit_text("\"x\", %.*s", STR_FMT(etag)), STR("*")};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        r = ask("/assets/style.css", same[i]);
        cr_expect(r.status == 304 && r.body.n == 0 && str_equal(visit_answer_header(&r, "ETag"), etag), "%.*s: %d", STR_FMT(same[i]), r.status);
    }
    const str others[] = {STR("\"x\""), STR("W/"), STR(","), (str){etag.p, etag.n - 1}, (str){etag.p + 1, etag.n - 2}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_eq(ask("/assets/style.css", others[i]).status, 200, "%.*s", STR_FMT(others[i]));
}

Test(console_static, what_is_no_static_file_is_not_there)
{
    static const char *const none[] = {"/assets/layout.html", "/assets/style", "/assets/style.css.map", "/assets/..style.css", "/assets/STYLE.CSS"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_status(ask(none[i], STR_ABSENT), 404);
}

Test(console_static, each_kind_is_told_and_not_guessed)
{
    static const struct {
        const char *target, *start;
    } rows[] = {{"/assets/script.js", "//"}, {"/assets/style.css", "/*"}, {"/favicon.ico", "<svg"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer r = ask(rows[i].target, STR_ABSENT);
        cr_expect(r.status == 200 && r.body.n > 0 && str_is(visit_answer_header(&r, "X-Content-Type-Options"), "nosniff"), "%s", rows[i].target);
    }
}
