/* SPDX-License-Identifier: MIT
 * request_document: a document is fetched once in a minute, and what was not had is never kept. */
#include "authorize/request_document.h"
#include "far.h"
#include "stage.h"

struct desk {
    struct stage t;
    struct far *far;
};

static struct desk desk_new(void)
{
    struct desk d = {.t = stage_new()};
    d.far = far_start(d.t.s.a, "127.0.0.1", 60);
    d.t.s.authority->policy.fetch = far_manners(d.far, d.t.s.a);
    far_gives(d.far, "", "a.b.c");
    return d;
}

static err get_it(struct desk *d, const char *path, str *text)
{
    scene_next(&d->t.s);
    return request_document_get(d->t.s.ctx, stage_find(&d->t, "web"), far_url(d->far, d->t.s.a, path), text);
}

static bool gives(struct desk *d, const char *path, const char *text)
{
    str got;
    err e = get_it(d, path, &got);
    return !FAILED(e) && str_is(got, text);
}

static int asked(const struct desk *d)
{
    return atomic_load(&d->far->asked);
}

Test(request_document, a_minute_long_it_is_not_asked_for_again)
{
    struct desk d = desk_new();
    cr_expect(gives(&d, "/r.jwt", "a.b.c"));
    far_gives(d.far, "", "d.e.f");
    clock_set(NOW + REQUEST_DOCUMENT_SECONDS - 1);
    cr_expect(gives(&d, "/r.jwt", "a.b.c") && asked(&d) == 1);
    clock_set(NOW + REQUEST_DOCUMENT_SECONDS);
    cr_expect(gives(&d, "/r.jwt", "d.e.f") && asked(&d) == 2);
    far_stop(d.far);
}

Test(request_document, a_clock_that_went_back_makes_no_entry_last)
{
    struct desk d = desk_new();
    cr_expect(gives(&d, "/r.jwt", "a.b.c"));
    far_gives(d.far, "", "d.e.f");
    clock_set(NOW - 3600);
    cr_expect(gives(&d, "/r.jwt", "d.e.f") && asked(&d) == 2);
    cr_expect(gives(&d, "/r.jwt", "d.e.f") && asked(&d) == 2);
    far_stop(d.far);
}

Test(request_document, after_a_clock_that_went_back_each_document_is_kept_again)
{
    struct desk d = desk_new();
    for (int i = 0; i < REQUEST_DOCUMENT_KEPT; i++)
        cr_expect(gives(&d, str_format(d.t.s.a, "/%d", i).p, "a.b.c"));
    clock_set(NOW - 3600);
    cr_expect(gives(&d, "/x", "a.b.c") && gives(&d, "/y", "a.b.c"));
    int before = asked(&d);
    cr_expect(gives(&d, "/x", "a.b.c") && gives(&d, "/y", "a.b.c"));
    cr_expect_eq(asked(&d), before);
    far_stop(d.far);
}

Test(request_document, the_fragment_tells_versions_apart_and_is_not_sent) /* OpenID Connect Core 6.2 */
{
    struct desk d = desk_new();
    cr_expect(gives(&d, "/r.jwt?q=1#one", "a.b.c"));
    cr_expect(str_starts(far_asked_for(d.far, d.t.s.a), STR("GET /r.jwt?q=1 HTTP/1.1\r\n")));
    far_gives(d.far, "", "d.e.f");
    cr_expect(gives(&d, "/r.jwt?q=1#two", "d.e.f") && gives(&d, "/r.jwt?q=1#one", "a.b.c"));
    cr_expect_eq(asked(&d), 2);
    far_stop(d.far);
}

Test(request_document, space_around_it_is_not_its_own)
{
    struct desk d = desk_new();
    far_gives(d.far, "", " a.b.c \r\n\n");
    cr_expect(gives(&d, "/r.jwt", "a.b.c"));
    far_gives(d.far, "", "a.b.c \n");
    cr_expect(gives(&d, "/s.jwt", "a.b.c"));
    far_stop(d.far);
}

Test(request_document, a_failure_is_told_and_not_kept)
{
    struct desk d = desk_new();
    str text = STR("untouched");
    far_says(d.far, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\na.b.c");
    expect_kind(get_it(&d, "/r.jwt", &text), INVALID_REQUEST_URI);
    cr_expect(str_is(text, "untouched"));
    far_gives(d.far, "", "a.b.c");
    cr_expect(gives(&d, "/r.jwt", "a.b.c"));
    far_stop(d.far);
}

Test(request_document, AZ_18_it_has_a_ceiling_and_lies_at_no_internal_address)
{
    struct desk d = desk_new();
    char text[REQUEST_DOCUMENT_BYTES + 2];
    str got;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    far_gives(d.far, "", text);
    expect_kind(get_it(&d, "/big", &got), INVALID_REQUEST_URI);
    far_gives(d.far, "", text + 2);
    assert_done(get_it(&d, "/big", &got));
    cr_expect_eq(got.n, REQUEST_DOCUMENT_BYTES - 1);
    int before = asked(&d);
    d.t.s.authority->policy.fetch.internal = STR_ABSENT;
    expect_kind(get_it(&d, "/other", &got), INVALID_REQUEST_URI);
    cr_expect_eq(asked(&d), before);
    far_stop(d.far);
}

Test(request_document, the_shelf_is_bounded_and_what_ends_first_leaves_first) /* RL-06 */
{
    struct desk d = desk_new();
    for (int i = 0; i <= REQUEST_DOCUMENT_KEPT; i++) {
        clock_set(NOW + i / 16);
        cr_expect(gives(&d, str_format(d.t.s.a, "/%d", i).p, "a.b.c"));
    }
    int before = asked(&d);
    cr_expect(gives(&d, str_format(d.t.s.a, "/%d", REQUEST_DOCUMENT_KEPT).p, "a.b.c") && asked(&d) == before);
    size_t there = 0;
    for (int i = 0; i < 16; i++) { /* of those of the first second one is gone */
        int now = asked(&d);
        cr_expect(gives(&d, str_format(d.t.s.a, "/%d", 16 + i).p, "a.b.c"));
        there += asked(&d) == now;
    }
    cr_expect_eq(there, 16);
    far_stop(d.far);
}

Test(request_document, RL_06_a_client_that_fetches_too_much_is_told_to_wait)
{
    struct desk d = desk_new();
    size_t slots[FETCH_PER_CALLER];
    const char *trouble;
    str text;
    for (int i = 0; i < FETCH_PER_CALLER; i++) {
        const struct fetch_place place = {str_format(d.t.s.a, "h%d.example:443", i), STR("web")};
        assert_done(fetch_share_begin(&place, 1, &slots[i], &trouble));
    }
    expect_kind(get_it(&d, "/r.jwt", &text), UNAVAILABLE);
    for (int i = 0; i < FETCH_PER_CALLER; i++)
        fetch_share_end(slots[i], FETCH_ENDED_WELL);
    cr_expect(gives(&d, "/r.jwt", "a.b.c"));
    far_stop(d.far);
}
