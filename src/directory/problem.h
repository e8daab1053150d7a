/* SPDX-License-Identifier: MIT
 * problem: what is wrong with given data, field by field, for the 422 of the API, the forms and the command line alike. */
#ifndef JETON_DIRECTORY_PROBLEM_H
#define JETON_DIRECTORY_PROBLEM_H
#include "base/buf.h"
enum { PROBLEM_MAX = 32 };
struct problems {
    struct problem {
        const char *field;
        str message; /* a whole sentence: what is wrong and how to mend it; may quote input (escape it on the way out) */
    } rows[PROBLEM_MAX];
    size_t count;
};
void problem_add(struct problems *p, const char *field, str message);
/* OK when there are none, else UNPROCESSABLE. */
fallible problem_result(const struct problems *p);
#endif
