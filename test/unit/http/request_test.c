/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct request r;
static struct http_header headers[2];

static void begin(void)
{
    r = (struct request){.arena = arena_new(1 << 20), .headers = headers, .header_count = 0};
}

static void end(void)
{
    arena_release(r.arena);
}

static void with(const char *name, const char *value)
{
    headers[0] = (struct http_header){str_of(name), str_of(value)};
    r.header_count = 1;
}

TestSuite(request, .init = begin, .fini = end);

Test(request, headers_are_found_in_any_case)
{
    with("x-THING", "v");
    cr_expect(str_is(request_header(&r, "X-Thing"), "v"));
    cr_expect_not(str_present(request_header(&r, "X-Thin")));
    cr_expect_not(str_present(request_header(&r, "X-Things")));
}

Test(request, methods_keep_their_case)
{
    cr_expect_eq(request_method(STR("GET")), HTTP_GET);
    cr_expect_eq(request_method(STR("OPTIONS")), HTTP_OPTIONS);
    cr_expect_eq(request_method(STR("get")), HTTP_OTHER);
    cr_expect_eq(request_method(STR("TRACE")), HTTP_OTHER);
}

Test(request, a_cookie_is_the_one_of_exactly_that_name)
{
    static const struct {
        const char *header, *value;
        enum err_kind kind;
    } cases[] = {
        {"id=1", "1", ERR_OK},
        {"a=b; id=1; c=d", "1", ERR_OK},
        {"id=1;c=d", "1", ERR_OK},
        {"xid=1", NULL, ERR_OK},
        {"idx=1", NULL, ERR_OK},
        {"ID=1", NULL, ERR_OK},
        {"id=", "", ERR_OK},
        {"id=a=b", "a=b", ERR_OK},
        {"id=1; x={\"a\",b}", "1", ERR_OK},
        {"id=1; id=2", NULL, ERR_INVALID_REQUEST},
        {"id=1; id=1", NULL, ERR_INVALID_REQUEST},
        {"id", NULL, ERR_INVALID_REQUEST},
        {"=1", NULL, ERR_INVALID_REQUEST},
        {"id=1;", NULL, ERR_INVALID_REQUEST},
        {"a b=1", NULL, ERR_INVALID_REQUEST},
        {"; id=1", NULL, ERR_INVALID_REQUEST},
        {"id=\"1\"", NULL, ERR_INVALID_REQUEST},
        {"id=a b", NULL, ERR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        str value = STR_ABSENT;
        with("Cookie", cases[i].header);
        cr_expect_eq(request_cookie(&r, "id", &value).kind, cases[i].kind, "%s", cases[i].header);
        cr_expect(str_equal(value, str_of(cases[i].value)), "%s", cases[i].header);
    }
    str value = STR("x");
    r.header_count = 0;
    cr_expect_eq(request_cookie(&r, "id", &value).kind, ERR_OK);
    cr_expect_not(str_present(value));
}

Test(request, the_type_of_a_body_is_its_content_type)
{
    static const struct {
        const char *type;
        enum http_body kind;
    } cases[] = {
        {"application/x-www-form-urlencoded", HTTP_BODY_FORM},
        {"Application/JSON ; charset=utf-8", HTTP_BODY_JSON},
        {"application/x-www-form-urlencoded;charset=UTF-8", HTTP_BODY_FORM},
        {"", HTTP_BODY_FORM},
        {"text/plain", HTTP_BODY_OTHER},
        {"application/json5", HTTP_BODY_OTHER},
        {"application/json, text/plain", HTTP_BODY_OTHER},
        {"multipart/form-data; boundary=application/json", HTTP_BODY_OTHER},
    };
    r.body = STR("a=b");
    cr_expect_eq(request_body_kind(&r), HTTP_BODY_FORM);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        with("Content-Type", cases[i].type);
        cr_expect_eq(request_body_kind(&r), cases[i].kind, "%s", cases[i].type);
    }
    r.body = STR("");
    r.header_count = 0;
    cr_expect_eq(request_body_kind(&r), HTTP_BODY_NONE);
}

Test(request, fields_are_read_by_the_kind_of_the_body)
{
    struct form f;
    r.body = STR("a=b&c=d");
    r.body_kind = HTTP_BODY_FORM;
    cr_assert_eq(request_form(&r, false, &f).kind, ERR_OK);
    cr_expect(f.count == 2 && str_is(form_get(&f, "c"), "d"));
    r.body = STR("{\"a\":\"b\"}");
    r.body_kind = HTTP_BODY_JSON;
    cr_expect_eq(request_form(&r, false, &f).kind, ERR_UNSUPPORTED_MEDIA);
    cr_assert_eq(request_form(&r, true, &f).kind, ERR_OK);
    cr_expect(f.count == 1 && str_is(form_get(&f, "a"), "b"));
    r.body_kind = HTTP_BODY_OTHER;
    cr_expect_eq(request_form(&r, true, &f).kind, ERR_UNSUPPORTED_MEDIA);
    r.body_kind = HTTP_BODY_NONE;
    cr_assert_eq(request_form(&r, true, &f).kind, ERR_OK);
    cr_expect_eq(f.count, 0);
    r.body = STR("a=b&a=b");
    r.body_kind = HTTP_BODY_FORM;
    cr_expect_eq(request_form(&r, true, &f).kind, ERR_INVALID_REQUEST);
}

Test(request, a_query_is_a_form)
{
    struct form f;
    r.query = STR_ABSENT;
    cr_assert_eq(request_query(&r, &f).kind, ERR_OK);
    cr_expect_eq(f.count, 0);
    r.query = STR("a=%41+b");
    cr_assert_eq(request_query(&r, &f).kind, ERR_OK);
    cr_expect(str_is(form_get(&f, "a"), "A b"));
    r.query = STR("a=%zz");
    cr_expect_eq(request_query(&r, &f).kind, ERR_INVALID_REQUEST);
}

Test(request, html_is_for_those_who_ask_for_it)
{
    r.path = STR("/login");
    cr_expect(request_wants_json(&r));
    with("Accept", "text/HTML,application/xhtml+xml");
    cr_expect_not(request_wants_json(&r));
    r.path = STR("/api/1.0/users");
    cr_expect(request_wants_json(&r));
    r.path = STR("/login");
    with("Accept", "*/*");
    cr_expect(request_wants_json(&r));
}
