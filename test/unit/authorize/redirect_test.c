/* SPDX-License-Identifier: MIT
 * redirect: byte for byte, and the one exception of RFC 8252. */
#include "authorize/redirect.h"
#include "stage.h"

static const char native_uris[] = "http://127.0.0.1/cb?a=1\nhttp://[::1]:9/x\nhttp://localhost:4000/cb\ncom.example.app:/cb";
static const struct db_client client = {.redirect_uris = {CALLBACK, sizeof CALLBACK - 1}};
static const struct db_client native = {.redirect_uris = {native_uris, sizeof native_uris - 1}};

static err match(const struct db_client *c, const char *asked)
{
    static struct arena *arena;
    str uri = STR("untouched");
    if (!arena)
        arena = fixture_arena();
    err e = redirect_match(arena, c, str_of(asked), &uri);
    if (!FAILED(e))
        cr_expect(str_is(uri, asked));
    else
        cr_expect(str_is(uri, "untouched"));
    return e;
}

Test(redirect, the_registered_string_is_found)
{
    expect_kind(match(&client, CALLBACK), OK);
}

Test(redirect, RU_01_forty_mutations_are_refused)
{
    static const char *const mutations[] = {
        "HTTPS://app.example.com/cb",
        "https://App.example.com/cb",
        "https://app.example.com/CB",
        "https://app.example.com/cb/",
        "https://app.example.com//cb",
        "https://app.example.com/./cb",
        "https://app.example.com/x/../cb",
        "https://app.example.com/%2e%2e/cb",
        "https://app.example.com/%2e/cb",
        "https://app.example.com%2fcb",
        "https://app.example.com/cb;x",
        "https://app.example.com/..;/cb",
        "https://app.example.com/%252f/cb",
        "https://app.example.com/cb%00",
        "https://app.example.com/cb\t",
        "https://app.example.com/cb ",
        " https://app.example.com/cb",
        "https://app.example.com/cb#",
        "https://app.example.com/cb#x",
        "https://app.example.com/cb?x",
        "https://app.example.com/cb?",
        "https://app.example.com@evil.com/cb",
        "https://evil.com@app.example.com/cb",
        "https://app.example.com\\@evil.com/cb",
        "https:\\\\app.example.com\\cb",
        "https://app.example.com:443/cb",
        "https://app.example.com:8443/cb",
        "https://xn--pp-eka.example.com/cb",
        "https://[::1]/cb",
        "https://app.example.com./cb",
        "https://app.example.com.evil.com/cb",
        "https://app.example.comevil.com/cb",
        "https://evil.com/https://app.example.com/cb",
        "https://example.com/cb",
        "//app.example.com/cb",
        "/cb",
        "http://app.example.com/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com/cb\r\nX: y",
        "https://app\xe3\x80\x82"
        "example.com/cb",
        "https://app.example.com/c",
        "https://app.example.com/cbx",
        "*",
        "https://*.example.com/cb",
        "https:/app.example.com/cb",
        "https://app.example.com/cb\nhttps://app.example.com/cb",
    };
    for (size_t i = 0; i < sizeof mutations / sizeof *mutations; i++)
        cr_expect_eq(match(&client, mutations[i]).kind, ERR_INVALID_REQUEST, "%s", mutations[i]);
}

Test(redirect, RU_02_the_port_of_a_loopback_address_may_differ_and_nothing_else)
{
    static const char *const good[] = {"http://127.0.0.1/cb?a=1",  "http://127.0.0.1:1/cb?a=1", "http://127.0.0.1:65535/cb?a=1",
                                       "http://[::1]/x",           "http://[::1]:4711/x",       "http://localhost:4000/cb",
                                       "http://localhost:4001/cb", "http://localhost/cb",       "com.example.app:/cb"};
    static const char *const bad[] = {
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1:80/cb?a=2",
        "http://127.0.0.1:80/cb?a=1&b",
        "http://127.0.0.1:80/CB?a=1",
        "http://127.0.0.1:80/cb?a=1#",
        "http://127.0.0.1:0/cb?a=1",
        "http://127.0.0.1:65536/cb?a=1",
        "http://127.0.0.1:/cb?a=1",
        "http://127.0.0.1:x/cb?a=1",
        "http://u@127.0.0.1:80/cb?a=1",
        "https://127.0.0.1:80/cb?a=1",
        "http://127.0.0.2:80/cb?a=1",
        "http://127.1:80/cb?a=1",
        "http://2130706433:80/cb?a=1",
        "http://localhost:80/cb?a=1",
        "http://LOCALHOST:4001/cb",
        "http://localhost.:4001/cb",
        "https://localhost:4000/cb",
        "http://localhost:4001/cb/",
        "http://127.0.0.1:4000/cb",
        "http://[0:0:0:0:0:0:0:1]:80/x",
        "http://[::1]:80/x?",
        "http://[::1]:80/x/",
        "http://127.0.0.1.evil.com/cb?a=1",
        "com.example.app:/cb2",
        "com.example.app:4000/cb",
        "HTTP://127.0.0.1:80/cb?a=1",
        "http://127.0.0.1:80\\@evil.com/cb?a=1",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect_eq(match(&native, good[i]).kind, ERR_OK, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(match(&native, bad[i]).kind, ERR_INVALID_REQUEST, "%s", bad[i]);
}

Test(redirect, RU_05_one_registered_may_be_left_out_several_not)
{
    str uri;
    struct arena *a = fixture_arena();
    expect_kind(redirect_match(a, &client, STR_ABSENT, &uri), OK);
    cr_expect(str_is(uri, CALLBACK));
    expect_kind(redirect_match(a, &native, STR_ABSENT, &uri), INVALID_REQUEST);
    expect_kind(redirect_match(a, &(struct db_client){.redirect_uris = STR("")}, STR_ABSENT, &uri), INVALID_REQUEST);
    expect_kind(redirect_match(a, &(struct db_client){.redirect_uris = STR("")}, STR(CALLBACK), &uri), INVALID_REQUEST);
}

static str location_of(struct stage *t, const char *uri, const struct redirect_answer *answer)
{
    struct redirect_sent sent;
    struct redirect_answer there = *answer;
    there.uri = str_of(uri);
    assert_done(redirect_send(t->s.ctx, &there, &sent));
    return sent.location;
}

Test(redirect, AZ_06_state_comes_back_byte_for_byte)
{
    struct stage t = stage_new();
    static const char *const states[] = {"a", "a b+c%20d&e=f#g?h", "\xc3\xa9\xf0\x9f\x99\x82", "\"<>\\^`{|}", "\r\nSet-Cookie: x", "%0d%0a", "=&=&"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct redirect_answer answer = {.code = STR("c"), .error = OK, .state = str_of(states[i])};
        str location = location_of(&t, CALLBACK, &answer);
        cr_expect(str_is(stage_parameter(&t, location, "state"), states[i]), "%s", states[i]);
        cr_expect(str_is(stage_parameter(&t, location, "iss"), FIXTURE_ISSUER)); /* AZ-07 */
        for (size_t k = 0; k < location.n; k++)                                  /* RU-11 */
            cr_expect(location.p[k] > 0x20 && location.p[k] < 0x7f);
    }
}

Test(redirect, RU_07_a_registered_query_stays_and_ours_follows)
{
    struct stage t = stage_new();
    struct redirect_answer answer = {.code = STR("c"), .error = OK, .state = STR_ABSENT};
    cr_expect(str_starts(location_of(&t, "https://h/cb?a=1", &answer), STR("https://h/cb?a=1&code=c&iss=")));
    cr_expect(str_starts(location_of(&t, "com.example.app:/cb", &answer), STR("com.example.app:/cb?code=c&iss=")));
}

Test(redirect, an_error_carries_no_code_and_echoes_nothing)
{
    struct stage t = stage_new();
    struct redirect_answer answer = {.code = STR("secret"), .error = ERR(ACCESS_DENIED, "why"), .state = STR("s")};
    str location = location_of(&t, CALLBACK, &answer);
    cr_expect(str_is(stage_parameter(&t, location, "error"), "access_denied"));
    cr_expect(!str_present(stage_parameter(&t, location, "code")));
    cr_expect(str_is(stage_parameter(&t, location, "state"), "s"));
    cr_expect_null(strstr(str_z(t.s.a, location), "why"));
}
