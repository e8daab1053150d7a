/* SPDX-License-Identifier: MIT
 * problem: what was wrong stays wrong. */
#include "people.h"

#include "base/banned.h"

Test(problem, none_is_ok)
{
    struct problems p = {0};
    expect_kind(problem_result(&p), OK);
}

Test(problem, a_lost_sentence_still_refuses)
{
    struct problems p = {0};
    problem_add(&p, "name", STR_ABSENT);
    expect_kind(problem_result(&p), UNPROCESSABLE);
    cr_expect(str_filled(p.rows[0].message));
}

Test(problem, a_full_list_takes_no_more_and_still_refuses)
{
    struct problems p = {0};
    for (int i = 0; i < PROBLEM_MAX + 10; i++)
        problem_add(&p, "name", STR("Wrong."));
    cr_expect_eq(p.count, (size_t)PROBLEM_MAX);
    expect_kind(problem_result(&p), UNPROCESSABLE);
}
