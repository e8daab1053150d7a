/* SPDX-License-Identifier: MIT
 * fetch: where this server calls, whom it believes, and how much it takes; against a server of this process. */
#include "far.h"
#include "people.h"

Test(fetch, the_server_calls_no_port_that_is_not_due)
{
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = {.seconds = 2, .internal = STR("127.0.0.1"), .ports = STR("443 9")};
    struct fetch_request request = {.url = STR("https://127.0.0.1:10/")};
    struct fetch_answer answer;
    const char *trouble = NULL;
    cr_expect(fetch_call(a, &manners, &request, &answer, &trouble).kind == ERR_INVALID_REQUEST);
    cr_expect_not_null(strstr(trouble, "outgoing_ports"));
    request.url = STR("https://127.0.0.1:9/");
    cr_expect(fetch_call(a, &manners, &request, &answer, &trouble).kind == ERR_UNAVAILABLE, "%s", trouble);
    manners.ports = STR("any");
    request.url = STR("https://127.0.0.1:10/");
    cr_expect(fetch_call(a, &manners, &request, &answer, &trouble).kind == ERR_UNAVAILABLE, "%s", trouble);
    arena_release(a);
}

Test(fetch, the_server_calls_no_plain_and_no_internal_address)
{
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = {.seconds = 2};
    static const char *const addresses[] = {
        "http://127.0.0.1:9/",           "https://127.0.0.1:9/", "https://localhost:9/",          "https://[::1]:9/", "file:///etc/passwd", "ftp://127.0.0.1/",
        "https://[::ffff:127.0.0.1]:9/", "https://0.0.0.0:9/",   "https://169.254.169.254/latest"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct fetch_request request = {.url = str_of(addresses[i])};
        struct fetch_answer answer;
        const char *trouble = NULL;
        err e = fetch_call(a, &manners, &request, &answer, &trouble);
        cr_expect(e.kind == ERR_INVALID_REQUEST, "%s: %s", addresses[i], trouble);
        cr_expect_not_null(trouble);
    }
    arena_release(a);
}

Test(fetch, a_host_that_an_administrator_named_is_tried)
{
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = {.seconds = 2, .internal = STR("127.0.0.1:9")};
    str body;
    cr_expect(fetch_document(a, &manners, STR("https://127.0.0.1:9/"), STR_ABSENT, &body).kind == ERR_UNAVAILABLE);
    cr_expect(fetch_document(a, &manners, STR("https://127.0.0.1:10/"), STR_ABSENT, &body).kind == ERR_INVALID_REQUEST);
    arena_release(a);
}

/* One call for a document at a path of this server; *trouble as fetch_call says. */
static err get_document(struct far *f, struct arena *a, const struct fetch_manners *manners, str *body)
{
    return fetch_document(a, manners, far_url(f, a, "/doc"), STR_ABSENT, body);
}

Test(fetch, TL_04_a_document_comes_over_tls_that_was_checked)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    str body;
    far_gives(f, "", "{\"a\":1}");
    assert_done(get_document(f, a, &manners, &body));
    cr_expect(str_is(body, "{\"a\":1}"));
    str asked = far_asked_for(f, a);
    cr_expect(str_starts(asked, STR("GET /doc HTTP/1.1\r\n")), "%.*s", STR_FMT(asked));
    cr_expect(strstr(asked.p, "\r\nAccept: application/json\r\n") && strstr(asked.p, "\r\nUser-Agent: jeton/"));
    far_stop(f);
}

Test(fetch, TL_04_a_certificate_of_nobody_known_of_another_name_or_that_has_ended_is_none)
{
    static const struct {
        const char *names;
        int64_t age;
        bool known;
    } rows[] = {{"127.0.0.1", 60, false}, {"other.example 127.0.0.2", 60, true}, {"127.0.0.1", 2 * 86400, true}, {"127.0.0.1", -3600, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *a = fixture_arena();
        struct far *f = far_start(a, rows[i].names, rows[i].age);
        struct fetch_manners manners = far_manners(f, a);
        str body = STR("untouched");
        if (!rows[i].known)
            manners.authority = STR_ABSENT;
        expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
        cr_expect(atomic_load(&f->asked) == 1 && str_is(body, "untouched"), "%zu", i);
        cr_expect(str_is(far_asked_for(f, a), ""), "%zu: nothing was said to it", i);
        far_stop(f);
    }
}

Test(fetch, TL_04_a_server_without_tls_hears_nothing)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, NULL, 60);
    struct fetch_manners manners = far_manners(f, a);
    str body, url = str_format(a, "https://127.0.0.1:%d/", f->port);
    expect_kind(fetch_document(a, &manners, url, STR_ABSENT, &body), UNAVAILABLE);
    expect_kind(get_document(f, a, &manners, &body), INVALID_REQUEST); /* http: MD-05 */
    cr_expect_eq(atomic_load(&f->asked), 1);
    far_stop(f);
}

Test(fetch, AZ_18_a_redirect_is_an_answer_and_leads_nowhere)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60), *elsewhere = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    struct fetch_request request = {.url = far_url(f, a, "/doc")};
    struct fetch_answer answer;
    const char *trouble;
    str body;
    manners.internal = str_format(a, "127.0.0.1:%d 127.0.0.1:%d", f->port, elsewhere->port);
    static const char *const statuses[] = {"301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        far_says(
            f, str_format(a, "HTTP/1.1 %s\r\nLocation: https://127.0.0.1:%d/\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", statuses[i], elsewhere->port)
                   .p);
        expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
        assert_done(fetch_call(a, &manners, &request, &answer, &trouble));
        cr_expect(answer.status >= 301 && answer.status <= 308 && str_is(answer.body, "{}"), "%s", statuses[i]);
    }
    cr_expect_eq(atomic_load(&elsewhere->asked), 0);
    far_stop(f);
    far_stop(elsewhere);
}

Test(fetch, AZ_18_an_address_that_was_not_named_is_not_opened)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1 localhost", 60);
    struct fetch_manners manners = far_manners(f, a);
    str body, others[] = {STR_ABSENT, str_format(a, "127.0.0.1:%d", f->port == 1 ? 2 : f->port - 1), STR("localhost 127.0.0.2 [::1]"), STR("*")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        manners.internal = others[i];
        expect_kind(get_document(f, a, &manners, &body), INVALID_REQUEST);
    }
    cr_expect_eq(atomic_load(&f->asked), 0);
    manners.internal = STR("localhost"); /* the name is named, whatever it leads to */
    assert_done(fetch_document(a, &manners, str_format(a, "https://localhost:%d/", f->port), STR_ABSENT, &body));
    far_stop(f);
}

Test(fetch, CA_11_what_is_too_much_is_no_answer_and_never_cut)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    char text[1002];
    str body;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    manners.bytes = 1000;
    far_gives(f, "", text + 2); /* 999: a byte of the ceiling stays for the end */
    assert_done(get_document(f, a, &manners, &body));
    cr_expect_eq(body.n, 999);
    far_gives(f, "", text);
    expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
    far_says(f, str_format(a, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", text).p); /* length not said */
    expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
    far_stop(f);
}

Test(fetch, CA_11_endless_headers_are_no_answer)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    struct buf b = buf_new(a, FAR_ANSWER_MAX);
    str body, lines;
    for (int i = 0; i < 2000; i++)
        buf_format(&b, "X-Header-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    assert_done(buf_done(&b, &lines));
    far_gives(f, lines.p, "{}");
    expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
    far_stop(f);
}

Test(fetch, CA_11_who_hangs_is_left_after_the_time_that_was_set)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    str body;
    atomic_store(&f->silent, true);
    int64_t begun = clock_monotonic_us();
    expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
    int64_t took = clock_monotonic_us() - begun;
    cr_expect(took > 500000 && took < 4000000, "%lld", (long long)took);
    far_stop(f);
}

Test(fetch, a_document_is_200_with_a_body_and_nothing_else)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    static const char *const answers[] = {"HTTP/1.1 404 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
                                          "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n{}",
                                          "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{}" /* cut off */,
                                          "nonsense\r\n\r\n",
                                          ""};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        str body = STR("untouched");
        far_says(f, answers[i]);
        expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
        cr_expect(str_is(body, "untouched"), "%zu", i);
    }
    far_stop(f);
}

Test(fetch, a_header_that_stands_there_twice_says_nothing)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    struct fetch_request request = {.url = far_url(f, a, "/")};
    struct fetch_answer answer;
    const char *trouble;
    far_gives(f, "Cache-Control: no-store\r\nX-Two: a\r\nx-two: b\r\nX-Blank:   \r\n", "{}");
    assert_done(fetch_call(a, &manners, &request, &answer, &trouble));
    cr_expect(str_is(fetch_header(&answer, "cache-control"), "no-store") && str_is(fetch_header(&answer, "X-Blank"), ""));
    cr_expect(!str_present(fetch_header(&answer, "X-Two")) && !str_present(fetch_header(&answer, "X-None")) && !str_present(fetch_header(&answer, "Cache")));
    far_stop(f);
}

Test(fetch, what_is_sent_is_a_form_or_json_with_its_lines_and_no_line_smuggles_another)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    struct fetch_answer answer;
    const char *trouble;
    const str lines[] = {STR("Authorization: Bearer abc")}, smuggled[] = {STR("X: a\r\nY: b")};
    struct fetch_request request = {.url = far_url(f, a, "/hook"), .json = STR("{}"), .headers = lines, .header_count = 1};
    assert_done(fetch_call(a, &manners, &request, &answer, &trouble));
    str asked = far_asked_for(f, a);
    cr_expect(str_starts(asked, STR("POST /hook HTTP/1.1\r\n")) && strstr(asked.p, "\r\nContent-Type: application/json\r\n"), "%.*s", STR_FMT(asked));
    cr_expect_not_null(strstr(asked.p, "\r\nAuthorization: Bearer abc\r\n"));
    request = (struct fetch_request){.url = far_url(f, a, "/hook"), .form = STR("a=b")};
    assert_done(fetch_call(a, &manners, &request, &answer, &trouble));
    cr_expect_not_null(strstr(far_asked_for(f, a).p, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    request.headers = smuggled;
    request.header_count = 1;
    expect_kind(fetch_call(a, &manners, &request, &answer, &trouble), INVALID_REQUEST);
    request = (struct fetch_request){.url = (str){"https://127.0.0.1/\0x", 20}};
    expect_kind(fetch_call(a, &manners, &request, &answer, &trouble), INVALID_REQUEST);
    cr_expect_eq(atomic_load(&f->asked), 2);
    far_stop(f);
}

Test(fetch, the_command_line_speaks_plainly_to_this_machine_alone)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, NULL, 60), *tls = far_start(a, "127.0.0.1", 60);
    struct fetch_request request = {.url = far_url(f, a, "/"), .user = STR("me"), .password = STR("secret")};
    struct fetch_answer answer;
    const char *trouble;
    assert_done(fetch_run(a, &request, &answer, &trouble));
    cr_expect(answer.status == 200 && str_is(answer.body, "{}") && strstr(far_asked_for(f, a).p, "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));
    request.url = STR("http://192.0.2.1/"); /* a credential would travel in the open */
    expect_kind(fetch_run(a, &request, &answer, &trouble), INVALID_REQUEST);
    request.url = far_url(tls, a, "/");
    expect_kind(fetch_run(a, &request, &answer, &trouble), UNAVAILABLE); /* an authority that nobody named */
    request.authority = str_of(tls->file);
    assert_done(fetch_run(a, &request, &answer, &trouble));
    far_stop(f);
    far_stop(tls);
}

static int waits, ended;

static void count_waits(bool begins)
{
    waits += begins;
    ended += !begins;
}

Test(fetch, RL_06_who_waits_says_so_and_when_it_is_over_however_it_ends)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    struct fetch_manners manners = far_manners(f, a);
    str body;
    fetch_when_waiting(count_waits);
    assert_done(get_document(f, a, &manners, &body));
    cr_expect(waits == 1 && ended == 1);
    far_says(f, "nonsense\r\n\r\n");
    expect_kind(get_document(f, a, &manners, &body), UNAVAILABLE);
    cr_expect(waits == 2 && ended == 2);
    manners.internal = STR_ABSENT;
    expect_kind(get_document(f, a, &manners, &body), INVALID_REQUEST);
    cr_expect_eq(waits, ended);
    far_stop(f);
}

Test(fetch, memory_that_ends_is_no_verdict_about_an_address)
{
    struct arena *a = fixture_arena();
    struct far *f = far_start(a, "127.0.0.1", 60);
    err e = ERR(UNAVAILABLE, "not yet");
    size_t n = 1;
    for (; n < 200 && FAILED(e); n++) {
        struct arena *small = arena_new(1 << 20);
        struct fetch_manners manners = far_manners(f, a);
        str body, url = far_url(f, a, "/");
        arena_fail_after(n);
        e = fetch_document(small, &manners, url, STR_ABSENT, &body);
        arena_fail_after(0);
        cr_expect(e.kind == ERR_OK || e.kind == ERR_UNAVAILABLE, "allocation %zu: %s (%s)", n, err_code(e), err_why(e));
        arena_release(small);
    }
    cr_expect(n > 2 && n < 200, "%zu", n);
    far_stop(f);
}
