/* SPDX-License-Identifier: MIT
 * problem: collects what is wrong with given data, so that a person hears everything at once. Relies on nothing but memory that
 * the caller owns. Promises that what was wrong stays wrong: a full list, a lost sentence or an absent list still refuse. */
#include "directory/problem.h"

#include "base/banned.h"

void problem_add(struct problems *p, const char *field, str message)
{
    if (p->count >= PROBLEM_MAX)
        return;
    p->rows[p->count].field = field;
    p->rows[p->count].message = str_filled(message) ? message : STR("This value is not allowed.");
    p->count++;
}

fallible problem_result(const struct problems *p)
{
    if (p->count > 0)
        FAIL(UNPROCESSABLE, "the given data has problems");
    return OK;
}
