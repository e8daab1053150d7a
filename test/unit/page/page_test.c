/* SPDX-License-Identifier: MIT
 * page: every template filled with hostile text; nothing comes out raw; gaps and strangers are refused (LS-19). */
#include "page/page.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "page/template.h"

enum { LINES_MAX = 64, ARENA = 16 << 20 };
static char file_bytes[16384];
static str lines[LINES_MAX];
static const struct message_language *language; /* of what is filled */
static size_t line_count;

static void read_lines(void)
{
    FILE *file = fopen("test/unit/page/xss.txt", "rb");
    cr_assert_not_null(file, "run from the root of the tree");
    size_t n = fread(file_bytes, 1, sizeof file_bytes, file);
    fclose(file);
    str rest = {file_bytes, n}, line;
    while (str_next(&rest, '\n', &line))
        if (line.n > 0 && line_count < LINES_MAX)
            lines[line_count++] = line;
    cr_assert_geq(line_count, 30);
}

static bool is_list(const struct template *t, str name)
{
    for (size_t i = t->first; i < t->end; i++)
        if (template_step_at(i)->kind == TEMPLATE_LIST && str_equal(template_step_at(i)->text, name))
            return true;
    return false;
}

/* Fills all names that the steps mention; lists get `rows` rows. */
static void fill_all(struct arena *a, const struct template *t, struct page_fields *f, size_t from, size_t to, str value, int rows)
{
    for (size_t i = from; i < to; i++) {
        const struct template_step *step = template_step_at(i);
        const char *name = str_z(a, step->text);
        if (step->kind == TEMPLATE_LIST) {
            page_list(f, name);
            for (int r = 0; r < rows; r++)
                fill_all(a, t, page_row(f, name), i + 1, step->end - 1, value, rows);
            i = step->end - 1;
        } else if ((step->kind == TEMPLATE_FIELD || step->kind == TEMPLATE_ADDRESS || step->kind == TEMPLATE_WHEN || step->kind == TEMPLATE_UNLESS) &&
                   !is_list(t, step->text)) {
            page_put(f, name, value);
        }
    }
}

static err filled(struct arena *a, const char *name, str value, int rows, str *html)
{
    const struct template *t = template_find(name);
    cr_assert_not_null(t, "%s is malformed", name);
    const struct template *layout = template_find("layout.html");
    struct page_fields *f = page_fields_new(a);
    fill_all(a, t, f, t->first, t->end, value, rows);
    if (t != layout)
        fill_all(a, layout, f, layout->first, layout->end, value, rows);
    page_language(f, language);
    return page_fill(a, name, f, html);
}

static bool contains(str hay, str needle)
{
    return memmem(hay.p, hay.n, needle.p, needle.n) != NULL;
}

static size_t count_of(str hay, const char *needle)
{
    size_t n = 0, length = strlen(needle);
    for (const char *p = hay.p; (p = memmem(p, hay.n - (size_t)(p - hay.p), needle, length)) != NULL; p += length)
        n++;
    return n;
}

Test(page, hostile_text_never_comes_out_raw)
{
    read_lines();
    for (size_t i = 0; page_template_name(i); i++) {
        struct arena *a = arena_new(ARENA);
        str calm;
        cr_assert_eq(filled(a, page_template_name(i), STR("x"), 2, &calm).kind, ERR_OK, "%s", page_template_name(i));
        for (size_t k = 0; k < line_count; k++) {
            struct arena *b = arena_new(ARENA);
            str html;
            cr_assert_eq(filled(b, page_template_name(i), lines[k], 2, &html).kind, ERR_OK, "%s", page_template_name(i));
            const char *const marks[] = {"<", ">", "\"", "'", "<script", "<img", "<svg"};
            for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++)
                cr_assert_eq(count_of(html, marks[m]), count_of(calm, marks[m]), "%s with %.*s: %s", page_template_name(i), STR_FMT(lines[k]), marks[m]);
            arena_release(b);
        }
        arena_release(a);
    }
}

Test(page, every_template_fills_with_nothing_in_its_fields)
{
    for (size_t i = 0; page_template_name(i); i++) {
        struct arena *a = arena_new(ARENA);
        str html;
        cr_assert_eq(filled(a, page_template_name(i), STR(""), 0, &html).kind, ERR_OK, "%s", page_template_name(i));
        cr_assert(str_starts(html, STR("<!doctype html>")));
        cr_assert(str_ends(html, STR("</html>\n")));
        arena_release(a);
    }
}

Test(page, no_inline_script_style_or_foreign_origin)
{
    for (size_t i = 0; page_template_name(i); i++) {
        struct arena *a = arena_new(ARENA);
        str html;
        cr_assert_eq(filled(a, page_template_name(i), STR("x"), 1, &html).kind, ERR_OK);
        const char *const banned[] = {"style=", "<style", " onclick", " onload", " onsubmit", "javascript:", "src=\"http", "href=\"http", "href=\"//"};
        for (size_t b = 0; b < sizeof banned / sizeof banned[0]; b++)
            cr_assert_eq(count_of(html, banned[b]), 0, "%s: %s", page_template_name(i), banned[b]);
        int scripts = strcmp(page_template_name(i), "form_post.html") == 0 ? 2 : 1; /* and submit.js */
        if (strcmp(page_template_name(i), "layout.html") != 0)                      /* put into itself it has two */
            cr_assert_eq(count_of(html, "<script"), scripts, "only script.js: %s", page_template_name(i));
        arena_release(a);
    }
}

Test(page, every_address_of_this_server_lies_below_the_base)
{
    static const char *const before[] = {"href=\"/", "action=\"/", "src=\"/"}, *const below[] = {"href=\"/auth/", "action=\"/auth/", "src=\"/auth/"};
    int all = 0;
    for (size_t i = 0; page_template_name(i); i++) {
        struct arena *a = arena_new(ARENA);
        const struct template *t = template_find(page_template_name(i)), *layout = template_find("layout.html");
        struct page_fields *f = page_fields_new(a);
        str html;
        fill_all(a, t, f, t->first, t->end, STR("/x"), 1);
        fill_all(a, layout, f, layout->first, layout->end, STR("/x"), 1);
        page_base(f, STR("/auth"));
        cr_assert_eq(page_fill(a, page_template_name(i), f, &html).kind, ERR_OK, "%s", page_template_name(i));
        for (size_t k = 0; k < 3; k++) {
            cr_expect_eq(count_of(html, before[k]), count_of(html, below[k]), "%s: %s", page_template_name(i), before[k]);
            all += count_of(html, below[k]);
        }
        arena_release(a);
    }
    cr_expect_gt(all, 100);
}

Test(page, every_form_that_changes_something_carries_csrf)
{
    for (size_t i = 0; page_template_name(i); i++) {
        struct arena *a = arena_new(ARENA);
        str html;
        cr_assert_eq(filled(a, page_template_name(i), STR("x"), 1, &html).kind, ERR_OK);
        /* form_post goes to the application, which must not learn ours; select_account asks the authorization endpoint, which changes nothing */
        if (strcmp(page_template_name(i), "form_post.html") != 0 && strcmp(page_template_name(i), "select_account.html") != 0)
            cr_assert_eq(count_of(html, "method=\"post\""), count_of(html, "name=\"csrf\""), "%s", page_template_name(i));
        arena_release(a);
    }
}

Test(page, a_missing_field_fails)
{
    struct arena *a = arena_new(ARENA);
    struct page_fields *f = page_fields_new(a);
    page_put(f, "title", STR("Not found"));
    page_put(f, "message", STR("There is nothing here."));
    str html = STR("untouched");
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_SERVER_ERROR);
    cr_assert(str_is(html, "untouched"));
    page_put(f, "request_id", STR("")); /* filled with nothing is filled */
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_OK);
    cr_assert(contains(html, STR("Error:")));
    cr_assert(contains(html, STR("id=\"error\"")));
    arena_release(a);
}

Test(page, a_field_missing_in_one_row_fails)
{
    struct arena *a = arena_new(ARENA);
    const struct template *t = template_find("keys.html");
    struct page_fields *f = page_fields_new(a);
    fill_all(a, t, f, t->first, t->end, STR("x"), 1);
    page_put(page_row(f, "keys"), "kid", STR("k"));
    str html;
    cr_assert_eq(page_fill(a, "keys.html", f, &html).kind, ERR_SERVER_ERROR);
    arena_release(a);
}

Test(page, an_unknown_field_fails)
{
    struct arena *a = arena_new(ARENA);
    struct page_fields *f = page_fields_new(a);
    page_put(f, "title", STR("t"));
    page_put(f, "message", STR("m"));
    page_put(f, "request_id", STR("r"));
    page_put(f, "stranger", STR("s"));
    str html;
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_SERVER_ERROR);
    arena_release(a);
}

Test(page, an_unknown_template_fails)
{
    struct arena *a = arena_new(ARENA);
    str html;
    cr_assert_eq(page_fill(a, "nowhere.html", page_fields_new(a), &html).kind, ERR_SERVER_ERROR);
    cr_assert_eq(page_fill(a, "../style.css", page_fields_new(a), &html).kind, ERR_SERVER_ERROR);
    arena_release(a);
}

Test(page, text_where_a_list_is_needed_fails)
{
    struct arena *a = arena_new(ARENA);
    struct page_fields *f = page_fields_new(a);
    page_put(f, "keys", STR("x"));
    str html;
    cr_assert_eq(page_fill(a, "keys.html", f, &html).kind, ERR_SERVER_ERROR);
    arena_release(a);
}

Test(page, title_goes_into_the_head_and_the_layout_may_lack_its_fields)
{
    struct arena *a = arena_new(ARENA);
    struct page_fields *f = page_fields_new(a);
    page_put(f, "title", STR("Gone & lost"));
    page_put(f, "message", STR("m"));
    page_put(f, "request_id", STR(""));
    str html;
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_OK);
    cr_assert(contains(html, STR("<title>Gone &amp; lost · jeton</title>")));
    cr_assert_not(contains(html, STR("Log out")));
    arena_release(a);
}

Test(page, the_last_value_of_a_field_holds_and_absent_is_empty)
{
    struct arena *a = arena_new(ARENA);
    struct page_fields *f = page_fields_new(a);
    page_put(f, "title", STR("first"));
    page_put(f, "title", STR("second"));
    page_put(f, "message", STR_ABSENT);
    page_put_number(f, "request_id", -7);
    str html;
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_OK);
    cr_assert_not(contains(html, STR("first")));
    cr_assert(contains(html, STR("<code>-7</code>")));
    arena_release(a);
}

Test(page, time_is_for_people)
{
    struct arena *a = arena_new(ARENA);
    struct page_fields *f = page_fields_new(a);
    page_put_time(f, "title", 1795316400);
    page_put_time(f, "message", 0);
    page_put_flag(f, "request_id", false);
    str html;
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_OK);
    cr_assert(contains(html, STR("<h1><time datetime=\"2026-11-22T03:00:00Z\">2026-11-22 03:00 UTC</time></h1>")));
    cr_assert(contains(html, STR("<title>2026-11-22 03:00 UTC ")), "no elements in there");
    cr_assert(contains(html, STR("<strong>Error:</strong> </p>")));
    cr_assert_not(contains(html, STR("quote this request")));
    arena_release(a);
}

Test(page, time_is_shown_in_the_zone_of_the_page)
{
    static const struct {
        const char *zone, *in_element, *in_body;
    } zones[] = {{"America/St_Johns", "2026-11-21 23:30 UTC-3:30", "data-zone=\"America/St_Johns\""},
                 {"No\"where", "2026-11-22 03:00 UTC", "data-zone=\"No&quot;where\""},
                 {"", "2026-11-22 03:00 UTC", "data-zone=\"\""}};
    struct arena *a = arena_new(ARENA);
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        struct page_fields *f = page_fields_new(a);
        page_zone(f, str_of(zones[i].zone));
        page_put_time(f, "title", 1795316400);
        page_put_message(f, "message", &MESSAGE("At {time}.", MESSAGE_TIME("time", 1795316400)));
        page_put_flag(f, "request_id", false);
        str html, element = str_format(a, "<time datetime=\"2026-11-22T03:00:00Z\">%s</time>", zones[i].in_element);
        cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_OK);
        cr_expect(contains(html, str_format(a, "<h1>%.*s</h1>", STR_FMT(element))), "%s", zones[i].zone);
        cr_expect(contains(html, str_format(a, "At %.*s.", STR_FMT(element))), "%s", zones[i].zone);
        cr_expect(contains(html, STR("<title>2026-11-22 03:00 UTC ")), "%s: no elements, so UTC", zones[i].zone);
        cr_expect(contains(html, str_of(zones[i].in_body)), "%s", zones[i].zone);
    }
    arena_release(a);
}

/* The tests' catalogue has each text in brackets, from right to left. */
Test(page, sentences_are_shown_in_the_language_with_what_the_template_puts_into_them)
{
    struct arena *a = arena_new(ARENA);
    str html, names[] = {STR("plain"), STR("{user} <b>bold</b>")};
    for (size_t i = 0; i < 2; i++) {
        struct page_fields *f = page_fields_new(a);
        page_language(f, message_choose(STR("qaa"), STR_ABSENT));
        page_put(f, "csrf", STR("c"));
        page_put(f, "client_name", names[i]);
        page_put(f, "user", names[i]);
        page_put(f, "client_id", STR(""));
        page_put(f, "post_logout_redirect_uri", STR(""));
        page_put(f, "state", STR(""));
        cr_assert_eq(page_fill(a, "logout.html", f, &html).kind, ERR_OK);
        cr_assert(contains(html, STR("<html lang=\"qaa\" dir=\"rtl\">")));
        cr_assert(contains(html, STR("<title>⟦Log out⟧")));
        cr_assert(contains(html, i ? STR("<strong><bdi>{user} &lt;b&gt;bold&lt;/b&gt;</bdi></strong> would like")
                                   : STR("⟦<strong><bdi>plain</bdi></strong> would like")));
    }
    arena_release(a);
}

Test(page, messages_are_escaped_by_the_page_and_in_attributes_without_elements)
{
    struct arena *a = arena_new(ARENA);
    str html;
    struct page_fields *f = page_fields_new(a);
    page_language(f, message_choose(STR("qaa"), STR_ABSENT));
    page_put_message(f, "title",
                     &MESSAGE("{x} & {t} {n} {w} {none} <b>", MESSAGE_TEXT("x", STR("<i>{n}")), MESSAGE_TIME("t", 1795316400), MESSAGE_NUMBER("n", 7),
                              MESSAGE_WORD("w", "Log in")));
    page_put_word(f, "message", STR("Log in"));
    page_put_word(f, "request_id", STR_ABSENT);
    page_put_message(f, "user", &MESSAGE("\"{x}\" {t}", MESSAGE_TEXT("x", STR("<i>")), MESSAGE_TIME("t", 1795316400)));
    cr_assert_eq(page_fill(a, "error.html", f, &html).kind, ERR_OK);
    cr_assert(contains(html, STR("<h1><bdi>&lt;i&gt;{n}</bdi> &amp; <time datetime=\"2026-11-22T03:00:00Z\">2026-11-22 03:00 UTC</time> 7 ⟦Log in⟧ {none} "
                                 "&lt;b&gt;</h1>")));
    cr_assert(contains(html, STR("⟦<strong>Error:</strong> ⟦Log in⟧⟧")));
    cr_assert_not(contains(html, STR("quote this request")), "an absent word is an empty field");
    cr_assert(contains(html, STR("title=\"&quot;&lt;i&gt;&quot; 2026-11-22 03:00 UTC\"")));
    arena_release(a);
}

Test(page, want_of_memory_is_a_failure_and_not_half_a_page)
{
    for (size_t n = 1;; n++) {
        struct arena *a = arena_new(ARENA);
        str html = STR("untouched");
        arena_fail_after(n);
        struct page_fields *f = page_fields_new(a);
        page_put_message(f, "title", &MESSAGE("{t}", MESSAGE_TEXT("t", STR("t"))));
        page_put_message(f, "user", &MESSAGE("{t}", MESSAGE_TEXT("t", STR("t"))));
        page_put_number(f, "message", 12);
        page_put_time(f, "request_id", 1795316400);
        err e = page_fill(a, "error.html", f, &html);
        arena_fail_after(0);
        bool whole = !FAILED(e);
        if (whole)
            cr_assert(contains(html, STR("</html>")) && contains(html, STR("2026-11-22")));
        else
            cr_assert(str_is(html, "untouched"));
        arena_release(a);
        if (whole)
            break;
        cr_assert_lt(n, 100);
    }
}

Test(page, static_files_have_types_and_hashes)
{
    const struct page_asset *style = page_asset(STR("style.css"));
    cr_assert_not_null(style);
    cr_assert_str_eq(style->content_type, "text/css; charset=utf-8");
    cr_assert_gt(style->bytes.n, 1000);
    cr_assert_eq(style->etag.n, 18);
    cr_assert(style->etag.p[0] == '"' && style->etag.p[17] == '"');
    cr_assert_not_null(page_asset(STR("script.js")));
    cr_assert_not_null(page_asset(STR("icon.svg")));
    cr_assert_null(page_asset(STR("layout.html")));
    cr_assert_null(page_asset(STR("../style.css")));
    cr_assert_null(page_asset(STR("")));
}

static void *one_of_many(void *context)
{
    struct arena *a = arena_new(ARENA);
    str html;
    *(bool *)context = !FAILED(filled(a, "client.html", STR("x"), 3, &html));
    arena_release(a);
    return NULL;
}

Test(page, many_threads_may_be_the_first)
{
    pthread_t threads[4];
    bool sound[4] = {false};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, one_of_many, &sound[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 4; i++)
        cr_assert(sound[i]);
}
