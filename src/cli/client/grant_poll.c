/* SPDX-License-Identifier: MIT
 * grant_poll: waits for a person who decides elsewhere (RFC 8628 3.5, CIBA 11). Relies on server_call. Promises that the server
 * is never asked faster than it wants, and that the waiting ends when the server's code does.
 *
 *   wait --authorization_pending--> wait
 *        --slow_down--> wait, five seconds longer from now on
 *        --a token, any other error, the end of the code--> done */
#include "cli/client/grant_rows.h"
#include "cli/client/server_call.h"
#include "codec/form.h"
#include "base/banned.h"

enum { INTERVAL = 5, SLOWER = 5, INTERVAL_MIN = 1, INTERVAL_MAX = 300, LIFETIME_MAX = 3600, MICROSECONDS = 1000000 };

int64_t grant_poll_next(str error, int64_t interval)
{
    if (str_is(error, "authorization_pending"))
        return interval > INTERVAL_MIN ? interval : INTERVAL_MIN; /* also for a server that says 0 */
    if (str_is(error, "slow_down"))
        return interval + SLOWER <= INTERVAL_MAX ? interval + SLOWER : INTERVAL_MAX;
    return -1;
}
static int64_t read_bounded_seconds(const json *answer, const char *name, int64_t usual, int64_t most)
{
    int64_t n = 0;
    if (!json_integer_of(json_member(answer, name), &n) || n < 0)
        return usual;
    return n < most ? n : most;
}
fallible grant_poll(struct arena *a, struct token_flow *f, const struct grant_poll *poll, json **response, const char **trouble)
{
    int64_t interval = read_bounded_seconds(poll->answer, "interval", INTERVAL, INTERVAL_MAX);
    int64_t lifetime = read_bounded_seconds(poll->answer, "expires_in", LIFETIME_MAX, LIFETIME_MAX);
    int64_t end = clock_monotonic_us() + lifetime * MICROSECONDS;
    struct buf form = buf_new(a, BUF_JSON_MAX);
    struct server_call call = {.endpoint = "token_endpoint", .proof = true};
    struct server_answer answer;
    form_add(&form, STR("grant_type"), str_of(f->grant->type));
    form_add(&form, str_of(poll->name), poll->code);
    token_flow_add_words(&form, "resource", f->resource);
    TRY(buf_done(&form, &call.form));
    for (int64_t next = interval; next >= 0; next = grant_poll_next(answer.error, interval)) {
        interval = next;
        *trouble = "the user did not decide in time; try again";
        if (clock_monotonic_us() + interval * MICROSECONDS > end)
            FAIL(ACCESS_DENIED, "the code has ended, or ends before it may be asked about");
        f->wait(interval);
        TRY(server_call_post(a, f, &call, &answer, trouble));
    }
    TRY(server_call_judge(a, f, &answer, trouble));
    *response = answer.body;
    return OK;
}
