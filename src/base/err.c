/* SPDX-License-Identifier: MIT
 * err: the one table that turns a kind of failure into its HTTP status, its word on the wire and its public sentence.
 * Promises: every function answers for every err, an impossible kind reads as a server error, and `why` has no way into
 * what a client sees (LG-05), which is a literal, never what was sent (AZ-22). */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

struct row {
    int status;
    const char *code, *sentence;
};

static const struct row rows[ERR_KIND_COUNT] = {
#define X(name, status, code, sentence) [ERR_##name] = {status, code, sentence},
    ERR_KINDS(X)
#undef X
};

static const struct row *row_of(err e)
{
    return (unsigned)e.kind < ERR_KIND_COUNT ? &rows[e.kind] : &rows[ERR_SERVER_ERROR];
}

int err_status(err e)
{
    return row_of(e)->status;
}

const char *err_code(err e)
{
    return row_of(e)->code;
}

const char *err_say(err e)
{
    return e.reason != NULL && e.reason->say != NULL ? e.reason->say : row_of(e)->sentence;
}

const char *err_why(err e)
{
    return e.reason != NULL && e.reason->why != NULL ? e.reason->why : row_of(e)->code;
}

const char *err_told(err e)
{
    if (e.reason != NULL && e.reason->say != NULL)
        return e.reason->say;
    const char *why = err_why(e), *colon = why;
    while (*colon >= 'a' && *colon <= 'z')
        colon++;
    return colon[0] == ':' && colon[1] == ' ' ? colon + 2 : why;
}

_Noreturn void err_invariant(const char *condition, const char *file, int line)
{
    fprintf(stderr, "jeton: invariant broken: %s (%s:%d)\n", condition, file, line);
    abort();
}
