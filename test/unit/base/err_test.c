/* SPDX-License-Identifier: MIT
 * Tests of err: the table, and that nothing of the log's side reaches the client's. */
#include "base/err.h"

#include "base/ascii.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

Test(err, every_kind_has_a_status_a_code_and_a_sentence_fit_for_the_wire)
{
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        err e = {(enum err_kind)kind, NULL};
        cr_assert(err_status(e) >= 200 && err_status(e) <= 599);
        cr_assert_gt(strlen(err_code(e)), 0);
        cr_assert_gt(strlen(err_say(e)), 0);
        for (const char *p = err_say(e); *p != '\0'; p++) /* RFC 6749 5.2 */
            cr_assert(ascii_printable(*p) && *p != '"' && *p != '\\');
    }
}

Test(err, why_never_becomes_say)
{
    err e = ERR(INVALID_GRANT, "the code was taken");
    cr_assert_str_eq(err_why(e), "the code was taken");
    cr_assert_null(strstr(err_say(e), "taken"));
    cr_assert_str_eq(err_code(e), "invalid_grant");
    cr_assert_eq(err_status(e), 400);
}

Test(err, an_own_sentence_replaces_that_of_the_kind)
{
    err e = REFUSAL(INVALID_SCOPE, "Ask for less.", "scope over the limit");
    cr_assert_str_eq(err_say(e), "Ask for less.");
    cr_assert_str_eq(err_why(e), "scope over the limit");
}

Test(err, an_impossible_kind_reads_as_a_server_error)
{
    err e = {(enum err_kind)999, NULL};
    cr_assert_eq(err_status(e), 500);
    cr_assert_str_eq(err_code(e), "server_error");
    cr_assert_not_null(err_why(e));
}

static fallible second(bool fail)
{
    if (fail)
        FAIL(CONFLICT, "told to");
    return OK;
}

static fallible first(bool fail, int *reached)
{
    TRY(second(fail));
    *reached = 1;
    return OK;
}

Test(err, try_passes_the_error_up_and_stops)
{
    int reached = 0;
    cr_assert_eq(first(true, &reached).kind, ERR_CONFLICT);
    cr_assert_eq(reached, 0);
    cr_assert_not(FAILED(first(false, &reached)));
    cr_assert_eq(reached, 1);
}

Test(err, a_broken_invariant_stops_the_process, .signal = SIGABRT)
{
    int one = 1;
    INVARIANT(one == 2);
}

Test(err, who_runs_the_server_is_told_the_sentence_or_the_check_without_its_room)
{
    cr_expect_str_eq(err_told(REFUSAL(UNAVAILABLE, "Mend it so.", "store: x")), "Mend it so.");
    cr_expect_str_eq(err_told(ERR(UNAVAILABLE, "store: the disk is full")), "the disk is full");
    cr_expect_str_eq(err_told(ERR(UNAVAILABLE, "no memory: none")), "no memory: none");
}
