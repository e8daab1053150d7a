/* SPDX-License-Identifier: MIT
 * problem: what is wrong with given data, field by field, for the 422 of the API, the forms and the command line alike. */
#ifndef JETON_CONTEXT_PROBLEM_H
#define JETON_CONTEXT_PROBLEM_H
#include "base/message.h"
enum { PROBLEM_MAX = 32 };
struct problems {
    struct problem {
        const char *field;
        str message;              /* a whole sentence in English: what is wrong and how to mend it; may quote input (escape it on the way out) */
        const struct message *of; /* the same with its arguments; NULL: the sentence is its own key */
    } rows[PROBLEM_MAX];
    size_t count;
};
void problem_add(struct problems *p, const char *field, str message);
/* One with arguments: copied into the arena; what it points to is borrowed. */
void problem_tell(struct problems *p, const char *field, struct arena *a, const struct message *m);
/* The sentence in that language; absent when the arena fails. */
str problem_text(struct arena *a, const struct message_language *language, const struct problem *row);
/* OK when there are none, else UNPROCESSABLE. */
fallible problem_result(const struct problems *p);
#endif
