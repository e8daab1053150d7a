/* SPDX-License-Identifier: MIT
 * grant_poll: how often a server is asked, and until when. */
#include "cli/client/grant_rows.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(grant_poll, .init = begin, .timeout = 60);

Test(grant_poll, the_server_s_interval_is_waited_before_the_first_question)
{
    struct token_flow f = {.grant = token_flow_grant(STR("device_code")),
                           .wait = standin_wait,
                           .server = {.metadata = standin_object(a, "{\"token_endpoint\":\"http://127.0.0.1:1/t\"}")}};
    const struct grant_poll poll = {"device_code", STR("D"), standin_object(a, "{\"interval\":7,\"expires_in\":30}")};
    json *response;
    cr_assert(FAILED(grant_poll(a, &f, &poll, &response, &trouble)), "nobody listens there");
    cr_expect_eq(standin_waited, 1);
    cr_expect_eq(standin_waits[0], 7);
}
/* RFC 8628 3.5, CIBA 11 */
Test(grant_poll, polling_slows_down_when_told_and_ends_at_any_other_word)
{
    cr_expect_eq(grant_poll_next(STR("authorization_pending"), 5), 5);
    cr_expect_eq(grant_poll_next(STR("authorization_pending"), 0), 1, "never at the speed of the network");
    cr_expect_eq(grant_poll_next(STR("slow_down"), 5), 10);
    cr_expect_eq(grant_poll_next(STR("slow_down"), 299), 300);
    cr_expect_lt(grant_poll_next(STR("expired_token"), 5), 0);
    cr_expect_lt(grant_poll_next(STR_ABSENT, 5), 0);
}

static json *polled(struct standin *s, const char *answer, err *e)
{
    struct token_flow f = standin_flow(s, a, "device_code");
    const struct grant_poll poll = {"device_code", STR("D/1"), standin_object(a, answer)};
    json *response = NULL;
    standin_begin(s);
    *e = grant_poll(a, &f, &poll, &response, &trouble);
    standin_end(s);
    return response;
}
Test(grant_poll, it_waits_as_told_until_there_is_a_token)
{
    struct standin *s = standin_new(a);
    err e;
    standin_add(s, (struct standin_row){"/token", 400, NULL, STR("{\"error\":\"authorization_pending\"}"), 1});
    standin_add(s, (struct standin_row){"/token", 400, NULL, STR("{\"error\":\"slow_down\"}"), 1});
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
    json *response = polled(s, "{\"interval\":2,\"expires_in\":600}", &e);
    cr_assert(!FAILED(e), "%s", trouble);
    cr_expect(str_is(json_member_text(response, "access_token"), "t"));
    cr_expect_eq(standin_waited, 3);
    cr_expect(standin_waits[0] == 2 && standin_waits[1] == 2 && standin_waits[2] == 7, "RFC 8628 3.5: five seconds longer from now on");
    cr_expect(standin_has(s->bodies[0], "device_code=D%2F1") && standin_has(s->bodies[0], "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"));
}
Test(grant_poll, a_code_that_ends_before_the_next_question_is_not_waited_for)
{
    struct standin *s = standin_new(a);
    err e;
    cr_expect_null(polled(s, "{\"interval\":5,\"expires_in\":3}", &e));
    cr_expect_eq(e.kind, ERR_ACCESS_DENIED);
    cr_expect_eq(standin_waited, 0);
    cr_expect_eq(s->seen, 0);
}
Test(grant_poll, any_other_word_or_no_answer_ends_it)
{
    static const char *const ends[] = {"{\"error\":\"access_denied\"}", "{\"error\":\"expired_token\"}", "{\"error\":\"authorization_pending \"}", "no json"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct standin *s = standin_new(a);
        err e;
        standin_add(s, (struct standin_row){"/token", 400, NULL, str_of(ends[i]), 0});
        cr_expect_null(polled(s, "{\"interval\":1}", &e));
        cr_expect(FAILED(e), "%s", ends[i]);
        cr_expect_eq(s->seen, 1, "%s", ends[i]);
    }
}
Test(grant_poll, a_servers_wild_interval_is_bounded)
{
    struct standin *s = standin_new(a);
    err e;
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
    (void)polled(s, "{\"interval\":9000000000,\"expires_in\":9000000000}", &e);
    cr_expect_eq(standin_waits[0], 300);
    s = standin_new(a);
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
    (void)polled(s, "{\"interval\":-3,\"expires_in\":\"soon\"}", &e);
    cr_expect_eq(standin_waits[1], 5, "what makes no sense is the usual");
}
