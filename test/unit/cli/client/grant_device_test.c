/* SPDX-License-Identifier: MIT
 * grant_device: what a person is shown, and what is sent. */
#include "cli/client/grant_rows.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(grant_device, .init = begin, .timeout = 60);

static err run_device(struct standin *s, json **response)
{
    struct token_flow f = standin_flow(s, a, "device_code");
    f.scope = STR("read write");
    f.authorization_details = STR("[{\"type\":\"x\"}]");
    standin_begin(s);
    err e = grant_device(a, &f, response, &trouble);
    standin_end(s);
    return e;
}
Test(grant_device, the_person_is_shown_address_and_code_and_the_token_is_fetched)
{
    struct standin *s = standin_new(a);
    json *response = NULL;
    standin_add(s, (struct standin_row){
                       "/device", 200, NULL,
                       STR("{\"device_code\":\"D\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"https://as/device\",\"verification_uri_complete\":"
                           "\"https://as/device?u=W\",\"expires_in\":600,\"interval\":1}"),
                       0});
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
    cr_assert(!FAILED(run_device(s, &response)), "%s", trouble);
    cr_expect(strstr(standin_shown, "https://as/device\n") && strstr(standin_shown, "WDJB-MJHT") && strstr(standin_shown, "https://as/device?u=W"));
    cr_expect(standin_has(s->bodies[0], "scope=read+write") || standin_has(s->bodies[0], "scope=read%20write"));
    cr_expect(standin_has(s->bodies[0], "client_id=app") && standin_has(s->bodies[0], "authorization_details=%5B"));
    cr_expect(standin_has(s->bodies[1], "device_code=D") && !standin_has(s->bodies[1], "WDJB"));
}
Test(grant_device, what_it_shows_cannot_steer_the_terminal)
{
    struct standin *s = standin_new(a);
    json *response = NULL;
    standin_add(s, (struct standin_row){
                       "/device", 200, NULL,
                       STR("{\"device_code\":\"D\",\"user_code\":\"A\\u001b[2J\",\"verification_uri\":\"https://as/\\u202e\\n\",\"expires_in\":600}"), 0});
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
    cr_assert(!FAILED(run_device(s, &response)));
    for (const char *p = standin_shown; *p; p++)
        cr_expect(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
    cr_expect_not_null(strstr(standin_shown, "A?[2J"));
}
Test(grant_device, an_answer_that_lacks_a_part_is_refused_before_anybody_is_asked)
{
    static const char *const wrong[] = {"{\"user_code\":\"A\",\"verification_uri\":\"https://as\"}",
                                        "{\"device_code\":\"D\",\"verification_uri\":\"https://as\"}", "{\"device_code\":\"D\",\"user_code\":\"A\"}",
                                        "{\"device_code\":\"\",\"user_code\":\"A\",\"verification_uri\":\"https://as\"}", "{}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct standin *s = standin_new(a);
        json *response = NULL;
        standin_add(s, (struct standin_row){"/device", 200, NULL, str_of(wrong[i]), 0});
        cr_expect(FAILED(run_device(s, &response)), "%s", wrong[i]);
        cr_expect_eq(s->seen, 1);
        cr_expect_eq(standin_shown[0], '\0');
    }
}
