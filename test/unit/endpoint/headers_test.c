/* SPDX-License-Identifier: MIT
 * headers: what protects people's browsers is on every answer (LS-07, LS-08, LS-10). */
#include "endpoint/headers.h"
#include "fixture.h"
#include "http/http.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

static str value_of(const struct response *r, const char *name)
{
    str found = STR_ABSENT;
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_nocase(r->headers[i].name, str_of(name))) {
            cr_assert_not(str_present(found), "%s stands twice", name);
            found = r->headers[i].value;
        }
    return found;
}

static bool has(str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

Test(headers, a_page_lets_nothing_foreign_in_and_nobody_frame_it)
{
    struct response r = {.arena = fixture_arena()};
    cr_assert_eq(headers_protect(&r, true, true).kind, ERR_OK);
    str csp = value_of(&r, "Content-Security-Policy");
    cr_expect(has(csp, "default-src 'none'") && has(csp, "frame-ancestors 'none'") && has(csp, "base-uri 'none'"));
    cr_expect(has(csp, "script-src 'self';") && !has(csp, "unsafe") && !has(csp, "*"));
    cr_expect(str_is(value_of(&r, "X-Frame-Options"), "DENY") && str_is(value_of(&r, "Referrer-Policy"), "no-referrer"));
    cr_expect(str_is(value_of(&r, "X-Content-Type-Options"), "nosniff") && str_starts(value_of(&r, "Strict-Transport-Security"), STR("max-age=")));
}

Test(headers, other_answers_are_not_guessed_at_and_plain_http_promises_no_https)
{
    struct response r = {.arena = fixture_arena()};
    cr_assert_eq(headers_protect(&r, false, false).kind, ERR_OK);
    cr_expect(str_is(value_of(&r, "X-Content-Type-Options"), "nosniff"));
    cr_expect(r.header_count == 1);
}

Test(headers, a_pages_own_policy_stays_the_only_one)
{
    struct response r = {.arena = fixture_arena()};
    cr_assert_eq(response_header(&r, "content-security-policy", STR("default-src 'none'")).kind, ERR_OK);
    cr_assert_eq(headers_protect(&r, true, false).kind, ERR_OK);
    cr_expect(str_is(value_of(&r, "Content-Security-Policy"), "default-src 'none'"));
}

Test(headers, a_form_ends_here_or_at_the_origins_that_were_named)
{
    struct arena *a = fixture_arena();
    cr_expect(has(headers_csp(a, STR_ABSENT), "form-action 'self'"));
    str csp = headers_csp(a, STR("https://app.example.com:8443/cb?x=1\ncom.example.app:/cb\nhttp://127.0.0.1:1/cb"));
    str tail = STR("form-action 'self' https://app.example.com:8443 com.example.app: http://127.0.0.1:1");
    cr_expect(csp.n > tail.n && str_equal((str){csp.p + csp.n - tail.n, tail.n}, tail), "%.*s", STR_FMT(csp));
}

Test(headers, what_is_no_address_adds_nothing)
{
    struct arena *a = fixture_arena();
    str plain = headers_csp(a, STR_ABSENT);
    static const char *const bad[] = {"", "*", "'unsafe-inline'", "app.example.com", "https://a.example; script-src *", "https://a.example\\b", "/cb", "\n\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(str_equal(headers_csp(a, str_of(bad[i])), plain), "%s: %.*s", bad[i], STR_FMT(headers_csp(a, str_of(bad[i]))));
}

Test(headers, without_memory_there_is_no_policy_in_part)
{
    struct arena *a = fixture_arena();
    arena_fail_after(1);
    cr_expect_not(str_present(headers_csp(a, STR("https://a.example"))));
    arena_fail_after(0);
}
