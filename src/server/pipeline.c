/* SPDX-License-Identifier: MIT
 * pipeline: the way of one request:
 *
 *   arrive (event thread) ─ row, body ─┬─ INLINE ──── pass ─┬──────────────────────────────▶ answer
 *                                      │                    └ ELSEWHERE ─▶ READ
 *                                      ├─ READ, HASH ─▶ a thread of the pool ─ pass ─────▶ answer
 *                                      ├─ HASH, WRITE whose client must be waited for, whose proof must be checked, or whose user must be known
 *                                      │                                        ─▶ READ ─ admit_first ─▶ its pool
 *                                      └─ WRITE ─▶ in a transaction ─── pass ─ commit ─┬─▶ answer; 503 when it did not hold, or was taken back
 *                                                       something is left to be signed   └─▶ READ ─ finish ─▶ answer
 *
 * Relies on listen calling arrive once and gone once. Promises one answer to each request, after its effects are durable, and that
 * nothing is shared between requests but struct app. */
#include "server/pipeline.h"
#include "server/phase.h"
#include "server/reply.h"
#include "base/banned.h"

static void finish_reply(struct pipeline *w)
{
    if (!w->finished)
        reply_finish(w);
    w->finished = true;
}

static void answer_request(struct pipeline *w)
{
    finish_reply(w);
    reply_log(w);
    listen_answer(w->exchange); /* from here on the request may be gone */
}

static fallible phase_handle(struct pipeline *w)
{
    return w->route->handler(&w->call);
}

/* From the moment when the context is entered, in this order, for every route. */
static fallible run_phases(struct pipeline *w)
{
    static err (*const phases[])(struct pipeline * w) = {phase_describe, phase_authenticate, phase_authorize, phase_handle};
    bool again = str_present(w->admitted);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        TRY(again && phases[i] == phase_authenticate ? phase_again(w) : phases[i](w));
    return OK;
}

/* What the answer and the log still need once the facts are let go: with the last holder a snapshot dies. */
static void keep_answer_facts(struct pipeline *w)
{
    struct response *r = &w->exchange->response;
    if (str_present(r->note))
        r->note = str_dup(r->arena, r->note);
    w->call.client.client = NULL;
    w->call.actor.client = NULL;
}

/* The end of a pass: an error gets its form, and the context is left. */
static err end_request_pass(struct pipeline *w, err outcome)
{
    struct request *r = &w->exchange->request;
    if (!FAILED(outcome) && route_of_browser(w->route))
        outcome = call_set_session(&w->call);
    if (!FAILED(outcome) && arena_failed(r->arena))
        outcome = ERR(UNAVAILABLE, "pipeline: the request's memory is used up");
    if (FAILED(outcome) && outcome.kind != ERR_ELSEWHERE)
        reply_error(w, outcome);
    keep_answer_facts(w);
    authority_leave(&w->context);
    return outcome;
}

/* What the commit is followed by, signatures and the bytes of the answer, has room before it. */
static bool has_room_for_answer(const struct pipeline *w)
{
    enum { ROOM = 256 * 1024 };
    const struct response *r = &w->exchange->response;
    return !arena_failed(r->arena) && arena_used(r->arena) + r->body.n + ROOM <= HTTP_ARENA_MAX;
}

/* Whether the process lives is told in whatever state the store is: no facts are held for it. */
static bool stands_alone(const struct route *row)
{
    return row->who == PROBE && row->pool == INLINE;
}

/* Everything between arrival and answer, on whatever thread the row wants. What is left to finish is left to the one who
 * knows when it is durable; the context is held until then. tx: of the transaction around it; NULL: none. */
static err run_request_pass(struct pipeline *w, struct tx *tx)
{
    if (stands_alone(w->route))
        return phase_handle(w);
    TRY(authority_enter(atomic_load_explicit(&w->app->current, memory_order_acquire), w->exchange->request.arena, &w->context));
    w->context.tx = tx != NULL ? tx : w->context.tx;
    err outcome = run_phases(w);
    if (!FAILED(outcome) && w->pool == WRITE && !has_room_for_answer(w))
        outcome = ERR(UNAVAILABLE, "pipeline: the request's memory is used up");
    if (!FAILED(outcome) && w->call.finish && w->pool == WRITE)
        return outcome;
    if (!FAILED(outcome) && w->call.finish)
        outcome = w->call.finish(&w->call);
    else
        w->call.finish = NULL; /* nobody holds the context for it */
    return end_request_pass(w, outcome);
}

static void run_finish(void *context)
{
    struct pipeline *w = context;
    (void)end_request_pass(w, w->call.finish(&w->call));
    answer_request(w);
}

static void run_and_answer(void *context)
{
    struct pipeline *w = context;
    if (w->pool == HASH)
        pool_stand_behind();
    err outcome = run_request_pass(w, NULL);
    if (outcome.kind == ERR_ELSEWHERE || (FAILED(outcome) && w->exchange->response.status == 0))
        reply_error(w, outcome); /* there is no other pool to flee to; or the context itself could not be entered */
    answer_request(w);
}

/* Nothing has been said yet: before a request is run another time. */
static void begin_anew(struct pipeline *w)
{
    struct response *r = &w->exchange->response;
    *r = (struct response){.arena = r->arena};
    if (!str_present(w->admitted)) /* how it has shown to be that client stays true */
        w->call.client = (struct client_proof){0};
    w->call.problems.count = 0;
    w->call.finish = NULL;
    w->finished = false;
}

/* IR-09: an answer of 5xx says that nothing was done. So nothing is, when the handler was content and the answer could not be made; and the answer is
 * whole before the commit, but for what is signed after it. */
static err run_in_transaction(struct tx *tx, void *context)
{
    struct pipeline *w = context;
    if (w->call.finish) /* a run before this one was taken back; it holds the context still */
        authority_leave(&w->context);
    begin_anew(w);
    w->refusal_audited = false; /* what was told was taken back too */
    w->outcome = run_request_pass(w, tx);
    w->context.tx = store_each(w->app->authority.store);
    const struct response *r = &w->exchange->response;
    if (w->outcome.kind == ERR_ELSEWHERE || (FAILED(w->outcome) && r->status == 0))
        reply_error(w, w->outcome);
    if (FAILED(w->outcome) || !w->call.finish)
        finish_reply(w);
    if (r->status < 500)
        return OK;
    return FAILED(r->refused) ? r->refused : ERR(UNAVAILABLE, "pipeline: the answer could not be made");
}

static void transaction_done(void *context, err committed)
{
    struct pipeline *w = context;
    bool unfinished = !FAILED(w->outcome) && w->call.finish;
    if (unfinished && !FAILED(committed)) {
        w->pool_job = (struct pool_job){run_finish, w, NULL};
        committed = pool_submit(w->app->worker, &w->pool_job);
        if (!FAILED(committed))
            return;
        atomic_fetch_add_explicit(&w->app->shed, 1, memory_order_relaxed); /* AV-08 */
    }
    if (FAILED(committed)) { /* IR-09, AV-03: what is not durable was not done */
        reply_error(w, committed);
        w->finished = false;
    }
    if (unfinished) {
        keep_answer_facts(w);
        authority_leave(&w->context);
    }
    answer_request(w);
}

static fallible submit_request(struct pipeline *w)
{
    w->pool_job = (struct pool_job){run_and_answer, w, NULL};
    switch (w->pool) {
    case WRITE:
        w->store_job = (struct store_job){.run = run_in_transaction, .done = transaction_done, .context = w};
        return store_submit(w->app->authority.store, &w->store_job);
    case HASH:
        return pool_submit(w->app->hash, &w->pool_job); /* RL-07 */
    case READ:
        return pool_submit(w->app->worker, &w->pool_job);
    case INLINE:
    case CHOOSE:
    case ROUTE_POOL_UNSET:
        break;
    }
    FAIL(SERVER_ERROR, "pipeline: the row does not say where it runs");
}

static void hand_over(struct pipeline *w)
{
    err taken = submit_request(w);
    if (!FAILED(taken))
        return;                                                        /* somebody else answers */
    atomic_fetch_add_explicit(&w->app->shed, 1, memory_order_relaxed); /* AV-08 */
    reply_error(w, taken);
    answer_request(w);
}

static err admit_request(struct pipeline *w)
{
    TRY(authority_enter(atomic_load_explicit(&w->app->current, memory_order_acquire), w->exchange->request.arena, &w->context));
    err e = phase_describe(w);
    if (!FAILED(e))
        e = phase_authenticate(w);
    if (!FAILED(e) && route_of_user(w->route))
        e = phase_authorize(w);
    else if (!FAILED(e))
        e = phase_proof(w);
    if (!FAILED(e) && route_of_client(w->route)) {
        w->admitted = str_dup(w->exchange->request.arena, w->call.client.client->id);
        if (!str_present(w->admitted))
            e = ERR(UNAVAILABLE, "pipeline: no memory");
    }
    if (FAILED(e))
        reply_error(w, e);
    keep_answer_facts(w);
    authority_leave(&w->context);
    return e;
}

/* On a worker, for what may neither wait inside a transaction nor hold up a hashing thread: keys from elsewhere, a jti that is taken,
 * the signature of a DPoP proof; and so that who is nobody takes no place among those who wait for a hash: a user is looked for again there. */
static void admit_first(void *context)
{
    struct pipeline *w = context;
    err e = admit_request(w);
    if (!FAILED(e)) {
        hand_over(w);
        return;
    }
    if (w->exchange->response.status == 0)
        reply_error(w, e);
    answer_request(w);
}

static void hand_over_admitted_first(struct pipeline *w)
{
    w->pool_job = (struct pool_job){admit_first, w, NULL};
    err taken = pool_submit(w->app->worker, &w->pool_job);
    if (!FAILED(taken))
        return;
    atomic_fetch_add_explicit(&w->app->shed, 1, memory_order_relaxed); /* AV-08 */
    reply_error(w, taken);
    answer_request(w);
}

static void run_inline(struct pipeline *w)
{
    err outcome = run_request_pass(w, NULL);
    if (outcome.kind == ERR_ELSEWHERE) {
        begin_anew(w);
        w->pool = READ;
        hand_over(w);
        return;
    }
    if (FAILED(outcome) && w->exchange->response.status == 0)
        reply_error(w, outcome);
    answer_request(w);
}

/* The answer to OPTIONS: what the address takes, and for registered browser origins the CORS headers (reply). */
static void answer_options(struct pipeline *w)
{
    response_body(&w->exchange->response, 204, NULL, STR_ABSENT);
    if (FAILED(reply_allow(w)))
        reply_error(w, ERR(UNAVAILABLE, "pipeline: no memory"));
    answer_request(w);
}

static struct pipeline *pipeline_new(struct exchange *x, struct app *app)
{
    struct pipeline *w = ARENA_NEW(x->request.arena, struct pipeline);
    if (!w)
        return NULL;
    w->exchange = x;
    w->app = app;
    w->call.request = &x->request;
    w->call.response = &x->response;
    w->call.context = &w->context;
    w->context.authority = atomic_load_explicit(&app->current, memory_order_acquire);
    w->context.tx = store_each(app->authority.store);
    w->context.arena = x->request.arena;
    w->context.now = clock_now();
    w->context.address = x->request.peer;
    w->context.request_id = str_of(x->request.id);
    w->context.refusal_audited = &w->refusal_audited;
    x->upper = w;
    return w;
}

static void move_below(struct request *r, str base)
{
    if (base.n == 0)
        return;
    str local = route_local(r->arena, base, r->path);
    bool prefixed = str_starts(r->path, base);
    if (str_equal(local, r->path))
        return;
    if (prefixed && !str_starts(r->target, base)) /* escaped: a spelling that the base does not have */
        return;
    r->path = local;
    if (!prefixed) /* a well-known address, of which the target tells nobody anything */
        return;
    str target = {r->target.p + base.n, r->target.n - base.n};
    r->target = target.n > 0 && target.p[0] == '/' ? target : str_join(r->arena, (const str[]){STR("/"), target}, 2);
}

void pipeline_locate(struct request *r, void *context)
{
    const struct app *app = context;
    move_below(r, app->authority.base);
}

enum guard_names pipeline_names(const struct request *r, void *context)
{
    const struct route *row = route_find_any(r->path);
    (void)context;
    switch (row ? row->names : NAMES_OWN) {
    case NAMES_ANY:
        return GUARD_ANY_NAME;
    case NAMES_OWN_OR_ADDRESS:
        return GUARD_OWN_NAMES_OR_ADDRESS;
    case NAMES_OWN:
    case ROUTE_NAMES_UNSET:
        break;
    }
    return GUARD_OWN_NAMES;
}

static fallible find_row(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    w->route = route_find(r->method, r->path, w->call.parameters, &w->methods);
    if (w->route)
        return OK;
    if (w->methods == 0)
        FAIL(NOT_FOUND, "pipeline: no such address");
    w->route = route_find_any(r->path);                                          /* so that the answer has the address's form */
    FAIL(METHOD_NOT_ALLOWED, "pipeline: the address does not take this method"); /* IN-08 */
}

/* Another process has changed something: a worker reads what, so that no transaction has to wait for it. */
static bool facts_are_old(const struct pipeline *w)
{
    return route_of_client(w->route) && w->pool == WRITE && FAILED(cache_refresh(w->app->authority.cache));
}

void pipeline_arrive(struct exchange *x, void *context)
{
    struct app *app = context;
    struct pipeline *w = pipeline_new(x, app);
    atomic_fetch_add_explicit(&app->inside, 1, memory_order_relaxed);
    if (!w) {
        response_body(&x->response, 503, "application/json", STR("{\"error\":\"temporarily_unavailable\"}"));
        listen_answer(x);
        return;
    }
    err refused = atomic_load_explicit(&app->open, memory_order_relaxed) ? find_row(w) : ERR(UNAVAILABLE, "pipeline: starting or stopping");
    if (refused.kind == ERR_METHOD_NOT_ALLOWED && x->request.method == HTTP_OPTIONS) {
        answer_options(w);
        return;
    }
    if (!FAILED(refused))
        refused = phase_limit(w);
    if (FAILED(refused)) {
        reply_error(w, refused);
        answer_request(w);
        return;
    }
    w->pool = w->route->pool == CHOOSE ? w->route->choose(&w->call.form) : w->route->pool;
    if (w->pool == INLINE)
        run_inline(w);
    else if (w->pool != READ && (phase_waits(w) || facts_are_old(w)))
        hand_over_admitted_first(w);
    else
        hand_over(w);
}

void pipeline_refused(struct exchange *x, err why, void *context)
{
    struct app *app = context;
    struct pipeline *w = pipeline_new(x, app);
    atomic_fetch_add_explicit(&app->inside, 1, memory_order_relaxed);
    if (!w) {
        response_body(&x->response, err_status(why), "application/json", STR("{\"error\":\"invalid_request\"}"));
        return;
    }
    reply_error(w, why);
    reply_finish(w);
    reply_log(w);
}

void pipeline_gone(struct exchange *x, void *context)
{
    struct app *app = context;
    (void)x; /* everything of a request lies in its arena, which listen takes back */
    atomic_fetch_sub_explicit(&app->inside, 1, memory_order_relaxed);
}
