/* SPDX-License-Identifier: MIT
 * asked: an authorization request of the client web, read, judged, and on its way, for the tests of authorize. */
#ifndef JETON_TEST_ASKED_H
#define JETON_TEST_ASKED_H
#include "stage.h"

#define ASK "client_id=web&response_type=code"

static inline err asked_read(struct stage *t, const char *request, struct authorize_request *out)
{
    struct form f = stage_form(t, request);
    return authorize_read(t->s.ctx, &f, out);
}

static inline err asked_judge(struct stage *t, const char *request, struct authorize_request *out)
{
    struct form f = stage_form(t, request);
    assert_done(authorize_read(t->s.ctx, &f, out));
    return authorize_check(t->s.ctx, &f, out);
}

static inline enum authorize_step asked_next(struct stage *t, const char *request, const struct session *s)
{
    struct authorize_request asked;
    enum authorize_step step = 0;
    assert_done(asked_judge(t, request, &asked));
    assert_done(authorize_next(t->s.ctx, &asked, s, &step));
    return step;
}

static inline str asked_pend(struct stage *t, const char *request, const struct session *s)
{
    struct authorize_request r;
    str sealed;
    assert_done(asked_judge(t, request, &r));
    assert_done(authorize_pend(t->s.ctx, &r, s, &sealed));
    return sealed;
}

#endif
