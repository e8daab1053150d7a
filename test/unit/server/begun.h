/* SPDX-License-Identifier: MIT
 * begun: a request that has found its row, for the tests of the phases. */
#ifndef JETON_TEST_BEGUN_H
#define JETON_TEST_BEGUN_H
#include "server/phase.h"
#include "fixture.h"

#include <criterion/criterion.h>

static struct exchange x;
static struct app app;
static struct route row;

static inline err nothing(struct call *c)
{
    (void)c;
    return OK;
}

static inline struct pipeline begun(void)
{
    static struct authority authority;
    static struct arena *memory;
    memory = memory != NULL ? memory : fixture_arena();
    x = (struct exchange){.request = {.arena = memory, .method = HTTP_GET, .method_name = STR("GET"), .target = STR("/x"), .path = STR("/x")}};
    authority.issuer_origin = authority.issuer = STR(FIXTURE_ISSUER);
    authority.keeper = authority.keeper != NULL ? authority.keeper : fixture_keeper(fixture_directory());
    row = (struct route){HTTP_GET, "/x", ANYONE, NOTHING, HTML, READ, nothing, NULL, NULL, AS_FILE};
    struct pipeline w = {.exchange = &x, .app = &app, .route = &row};
    w.call.request = &x.request;
    w.context.authority = &authority;
    w.context.arena = x.request.arena;
    return w;
}

#define EXPECT(kind_, call_)                                                                \
    do {                                                                                    \
        err e_ = (call_);                                                                   \
        cr_expect_eq(e_.kind, ERR_##kind_, "%s: %s %s", #call_, err_code(e_), err_why(e_)); \
    } while (0)
#endif
