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

Test(problem, one_with_arguments_is_english_until_a_language_is_asked_for)
{
    struct arena *a = arena_new(1 << 20);
    struct problems p = {0};
    const struct message_language *l = message_choose(STR("qaa"), STR_ABSENT);
    problem_tell(&p, "scopes", a, &MESSAGE("At most {most} scopes may be named.", MESSAGE_NUMBER("most", 3)));
    problem_add(&p, "name", STR("This list is too long."));
    problem_add(&p, "name", STR("Nobody translated this."));
    cr_expect(str_is(p.rows[0].message, "At most 3 scopes may be named."));
    cr_expect(str_is(problem_text(a, NULL, &p.rows[0]), "At most 3 scopes may be named."));
    cr_expect(str_is(problem_text(a, l, &p.rows[0]), "⟦At most 3 scopes may be named.⟧"));
    cr_expect(str_is(problem_text(a, l, &p.rows[1]), "⟦This list is too long.⟧"));
    cr_expect(str_is(problem_text(a, l, &p.rows[2]), "Nobody translated this."));
    for (int i = 0; i < PROBLEM_MAX + 3; i++)
        problem_tell(&p, "name", a, &MESSAGE_PLAIN("Wrong."));
    cr_expect_eq(p.count, (size_t)PROBLEM_MAX);
    arena_release(a);
}

Test(problem, a_full_list_takes_no_more_and_still_refuses)
{
    struct problems p = {0};
    for (int i = 0; i < PROBLEM_MAX + 10; i++)
        problem_add(&p, "name", STR("Wrong."));
    cr_expect_eq(p.count, (size_t)PROBLEM_MAX);
    expect_kind(problem_result(&p), UNPROCESSABLE);
}
