/* SPDX-License-Identifier: MIT
 * problem: collects what is wrong with given data, so that a person hears everything at once. Relies on nothing but memory that
 * the caller owns. Promises that what was wrong stays wrong: a full list, a lost sentence or an absent list still refuse. */
#include "context/problem.h"

#include "base/banned.h"

void problem_add(struct problems *p, const char *field, str message)
{
    if (p->count >= PROBLEM_MAX)
        return;
    p->rows[p->count].field = field;
    p->rows[p->count].message = str_filled(message) ? message : STR("This value is not allowed.");
    p->rows[p->count].of = NULL;
    p->count++;
}

void problem_tell(struct problems *p, const char *field, struct arena *a, const struct message *m)
{
    struct message *copy = ARENA_NEW(a, struct message);
    size_t before = p->count;
    problem_add(p, field, message_text(a, NULL, m));
    if (copy == NULL || p->count == before)
        return;
    *copy = *m;
    p->rows[before].of = copy;
}

str problem_text(struct arena *a, const struct message_language *language, const struct problem *row)
{
    return row->of != NULL ? message_text(a, language, row->of) : message_word(language, row->message);
}

fallible problem_result(const struct problems *p)
{
    if (p->count > 0)
        FAIL(UNPROCESSABLE, "the given data has problems");
    return OK;
}
