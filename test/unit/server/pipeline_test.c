/* SPDX-License-Identifier: MIT
 * pipeline: rows of the real table, real pools, the real writer and a listener on a free port; only time stands still, and threads are held
 * where the tests want them: by a job of their pool, or of the writer, that waits at a gate. */
#include "server/pipeline.h"
#include "stage.h"

#include <errno.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

#define ASK        "client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid+read"
#define ASK_LITTLE "client_id=app&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read"
#define REDIRECT   "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"

/* SQLite's way to the disk goes by here: a disk that breaks. */
static _Atomic bool disk_broken;
int fdatasync(int descriptor)
{
    if (!disk_broken)
        return (int)syscall(SYS_fdatasync, descriptor);
    errno = EIO;
    return -1;
}

struct gate {
    sem_t reached, open, left;
    struct pool_job job, next;
    struct store_job change;
};

static struct stage t;
static str secret; /* of the client app */
static struct app app;
static struct settings settings;
static struct {
    sem_t arrived, gone;
    atomic_int arrived_count, refused_count, gone_count;
    struct exchange *_Atomic last;
    _Atomic size_t memory_left; /* what the next request's arena still has; 0: all */
    _Atomic bool memory_short;  /* the next request has asked for more than there is */
    _Atomic bool dirty;         /* the next response holds something already */
} seen;
static char answer[1 << 16];

static void wait_for(sem_t *s)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    cr_assert_eq(sem_timedwait(s, &until), 0, "waited in vain");
}

static void use_up_arena(struct arena *a, size_t left)
{
    size_t room = HTTP_ARENA_MAX - arena_used(a);
    cr_assert(room > left && arena_take(a, room - left) != NULL);
}

static void arrive(struct exchange *x, void *context)
{
    size_t left = atomic_exchange(&seen.memory_left, 0);
    seen.arrived_count++;
    seen.last = x;
    if (left > 0)
        use_up_arena(x->request.arena, left);
    if (atomic_exchange(&seen.memory_short, false))
        cr_assert_null(arena_take(x->request.arena, HTTP_ARENA_MAX));
    if (atomic_exchange(&seen.dirty, false)) {
        assert_done(response_header(&x->response, "X-First-Run", STR("yes")));
        x->response.note = STR("first");
    }
    pipeline_arrive(x, context);
    sem_post(&seen.arrived);
}

static void refused(struct exchange *x, err why, void *context)
{
    seen.refused_count++;
    pipeline_refused(x, why, context);
}

static void gone(struct exchange *x, void *context)
{
    seen.gone_count++;
    pipeline_gone(x, context);
    sem_post(&seen.gone);
}

static void event_thread_begins(void)
{
    cache_inline(true);
}

static void with_openid(struct client_edit *edit)
{
    edit->scopes = STR("openid read");
}

/* A server over the same store as the stage's, as app_open wires one; queues of one, so that they can be filled. */
static void begin(void)
{
    static const str hosts[] = {{"localhost", 9}};
    const char *directory;
    t = stage_new();
    secret = stage_client(&t, "app", with_openid);
    directory = fixture_authority_directory();
    app.authority = *t.s.authority;
    app.authority.keys = NULL;
    app.authority.keeper = NULL;
    assert_done(store_open(&(struct store_options){.directory = directory, .threads = true}, &app.authority.store));
    assert_done(cache_open(app.authority.store, 100, &app.authority.cache));
    assert_done(authority_open(&app.authority, directory));
    assert_done(pool_open("worker", &(struct pool_size){1, 0, 1}, &app.worker));
    assert_done(pool_open("hash", &(struct pool_size){1, 0, 1}, &app.hash));
    atomic_store(&app.settings, &settings);
    atomic_store(&app.current, &app.authority);
    app.open = true;
    cr_assert(sem_init(&seen.arrived, 0, 0) == 0 && sem_init(&seen.gone, 0, 0) == 0);
    struct listen_options options = {.host = STR("127.0.0.1"),
                                     .threads = 1,
                                     .trusted_proxies = STR(""),
                                     .rules = {hosts, 1},
                                     .secure = true,
                                     .locate = pipeline_locate,
                                     .names = pipeline_names,
                                     .thread_begins = event_thread_begins,
                                     .arrive = arrive,
                                     .refused = refused,
                                     .gone = gone,
                                     .context = &app};
    assert_done(listen_open(&options, &app.listener));
    listen_admit(app.listener);
}

/* Whatever the test did: each request was let go once, and nobody is inside. */
static void end(void)
{
    listen_close(app.listener);
    pool_close(app.worker);
    pool_close(app.hash);
    authority_close(&app.authority);
    cache_close(app.authority.cache);
    store_close(app.authority.store);
    cr_expect_eq(seen.arrived_count + seen.refused_count, seen.gone_count);
    cr_expect_eq(app.inside, 0);
}

TestSuite(pipeline, .init = begin);

/* The server knows all that the stage has done, so that no request goes to a worker to read it. */
static void catch_up(void)
{
    struct context ctx;
    struct arena *a = arena_new(1 << 20);
    assert_done(authority_enter(&app.authority, a, &ctx));
    authority_leave(&ctx);
    arena_release(a);
}

static int ask(const char *method, const char *target, const char *headers, str body)
{
    char head[2048];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(listen_port(app.listener)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval bound = {30, 0};
    catch_up();
    cr_assert(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound) == 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int n =
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n", method, target, headers, body.n);
    cr_assert(n > 0 && (size_t)n < sizeof head);
    cr_assert_eq(send(fd, head, (size_t)n, MSG_NOSIGNAL), n);
    cr_assert_eq(send(fd, body.p, body.n, MSG_NOSIGNAL), (ssize_t)body.n);
    return fd;
}

static int post(const char *target, str body)
{
    return ask("POST", target, "Content-Type: application/x-www-form-urlencoded\r\n", body);
}

static int status_of(int fd)
{
    size_t n = 0;
    ssize_t got;
    while ((got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
    return n > 12 && memcmp(answer, "HTTP/1.1 ", 9) == 0 ? (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + (answer[11] - '0') : 0;
}

static int times(const char *text)
{
    int count = 0;
    for (const char *at = answer; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static uint64_t answered(void)
{
    uint64_t count = 0;
    for (size_t row = 0; row <= route_count; row++)
        for (size_t kind = 0; kind < APP_STATUS_CLASSES; kind++)
            count += app.answered[row][kind];
    return count;
}

static struct pipeline *last_pipeline(void)
{
    return atomic_load(&seen.last)->upper;
}

static str of_app(const char *more, str value, const char *rest)
{
    const str parts[] = {STR("client_id=app&client_secret="), secret, str_of(more), value, str_of(rest)};
    return str_join(t.s.a, parts, 5);
}

static str redeeming(str code)
{
    return of_app("&grant_type=authorization_code&code=", code, REDIRECT);
}

static void stand_at_gate(void *context)
{
    struct gate *g = context;
    sem_post(&g->reached);
    wait_for(&g->open);
}

static struct gate *gate_new(void)
{
    struct gate *g = ARENA_NEW(t.s.a, struct gate);
    cr_assert(g != NULL && sem_init(&g->reached, 0, 0) == 0 && sem_init(&g->open, 0, 0) == 0 && sem_init(&g->left, 0, 0) == 0);
    return g;
}

/* The pool's one thread is busy when this returns. */
static struct gate *hold_pool(struct pool *pool)
{
    struct gate *g = gate_new();
    g->job = (struct pool_job){stand_at_gate, g, NULL};
    assert_done(pool_submit(pool, &g->job));
    wait_for(&g->reached);
    return g;
}

static void pass_by(void *context)
{
    struct gate *g = context;
    sem_post(&g->left);
}

/* And the one place of its queue is taken. */
static struct gate *fill_pool(struct pool *pool)
{
    struct gate *g = hold_pool(pool);
    g->next = (struct pool_job){pass_by, g, NULL};
    assert_done(pool_submit(pool, &g->next));
    return g;
}

static err stand_in_transaction(struct tx *tx, void *context)
{
    (void)tx;
    stand_at_gate(context);
    return OK;
}

static void leave_transaction(void *context, err committed)
{
    struct gate *g = context;
    (void)committed;
    sem_post(&g->left);
}

/* A change of its own in the writer's queue; what is submitted while it stands there becomes one group. */
static struct gate *queue_at_writer(void)
{
    struct gate *g = gate_new();
    g->change = (struct store_job){.run = stand_in_transaction, .done = leave_transaction, .context = g};
    assert_done(store_submit(app.authority.store, &g->change));
    return g;
}

/* What others have left to the writer is done. */
static void let_writer_finish(void)
{
    struct gate *g = queue_at_writer();
    sem_post(&g->open);
    wait_for(&g->left);
}

/* The request's handler has run when this returns, in a transaction that is still open; *last stands behind it. */
static int ask_inside_group(str body, struct gate **last)
{
    struct gate *first = queue_at_writer();
    wait_for(&first->reached);
    int fd = post("/oauth/token", body);
    wait_for(&seen.arrived);
    *last = queue_at_writer();
    sem_post(&first->open);
    wait_for(&(*last)->reached);
    return fd;
}

static str made_refresh_token(void)
{
    struct token_answer made;
    assert_done(stage_redeem(&t, "app", stage_code(&t, ASK), REDIRECT, &made));
    cr_assert(str_filled(made.refresh_token));
    return made.refresh_token;
}

static size_t grants_begun(void)
{
    struct db_authorization *rows;
    size_t count = 0;
    assert_done(db_authorization_list(store_each(app.authority.store), t.s.a, t.ada->number, &rows, &count));
    return count;
}

Test(pipeline, what_must_be_read_is_run_again_on_READ_with_nothing_left_of_the_first_run)
{
    str body = of_app("&token=", made_refresh_token(), "");
    struct gate *g = hold_pool(app.worker);
    seen.dirty = true;
    int fd = post("/oauth/introspect", body);
    wait_for(&seen.arrived);
    struct pipeline *w = last_pipeline();
    cr_expect(w->route->pool == INLINE && w->pool == READ);
    cr_expect(w->exchange->response.status == 0 && w->exchange->response.header_count == 0 && !str_present(w->exchange->response.note));
    cr_expect(w->call.client.client == NULL && !w->call.client.authenticated && w->call.client.method == NULL);
    cr_expect(w->call.problems.count == 0 && w->call.finish == NULL);
    cr_expect_eq(answered(), 0u);
    sem_post(&g->open);
    cr_expect_eq(status_of(fd), 200);
    cr_expect(times("\"active\":true") == 1 && times("X-First-Run") == 0 && times("Cache-Control:") == 1, "%s", answer);
    cr_expect(answered() == 1 && app.shed == 0);
    end();
}

Test(pipeline, what_needs_no_disk_waits_for_no_worker)
{
    struct gate *g = fill_pool(app.worker);
    cr_expect_eq(status_of(ask("GET", "/oauth/jwks", "", STR(""))), 200);
    sem_post(&g->open);
    end();
}

Test(pipeline, a_refusal_of_the_second_run_is_told_once)
{
    int fd = ask("GET", "/oauth/userinfo", "Authorization: Bearer jtp_unknownunknownunknownunknownunknownunknown\r\n", STR(""));
    cr_expect_eq(status_of(fd), 401);
    cr_expect(times("WWW-Authenticate: Bearer") == 1 && times("x-fapi-interaction-id:") == 1, "%s", answer);
    let_writer_finish();
    cr_expect_eq(event_count(&t.s, "request.refused"), 1);
    cr_expect_eq(answered(), 1u);
    end();
}

Test(pipeline, nobody_is_left_over_when_there_is_no_worker_for_the_second_run)
{
    str body = of_app("&token=", made_refresh_token(), "");
    struct gate *g = fill_pool(app.worker);
    cr_expect_eq(status_of(post("/oauth/introspect", body)), 503);
    cr_expect(times("Retry-After:") == 1 && times("\"active\"") == 0, "%s", answer); /* IR-09 */
    cr_expect_eq(app.shed, 1u);
    sem_post(&g->open);
    end();
}

Test(pipeline, past_the_hashing_queue_is_503_with_Retry_After) /* RL-07 */
{
    str body = of_app("&grant_type=password&username=ada&password=", STR("correct+horse+battery"), "");
    struct gate *g = fill_pool(app.hash);
    cr_expect_eq(status_of(post("/oauth/token", body)), 503);
    cr_expect(times("Retry-After:") == 1 && times("access_token") == 0, "%s", answer);
    cr_expect_eq(app.shed, 1u);
    cr_expect_eq(status_of(ask("GET", "/health/ready", "", STR(""))), 200); /* the others go on */
    sem_post(&g->open);
    wait_for(&g->left);
    cr_expect_eq(status_of(post("/oauth/token", body)), 200);
    cr_expect_eq(app.shed, 1u);
    end();
}

Test(pipeline, a_change_is_told_after_its_commit)
{
    struct gate *last;
    str code = stage_code(&t, ASK);
    int fd = ask_inside_group(redeeming(code), &last);
    struct pipeline *w = last_pipeline();
    cr_expect(w->pool == WRITE && w->outcome.kind == ERR_OK && w->call.finish != NULL);
    cr_expect(answered() == 0 && grants_begun() == 0);
    sem_post(&last->open);
    cr_expect_eq(status_of(fd), 200);
    cr_expect_eq(grants_begun(), 1);
    cr_expect(times("\"access_token\"") == 1 && times("\"id_token\"") == 1, "%s", answer);
    cr_expect_eq(status_of(post("/oauth/token", redeeming(code))), 400); /* AC-03 */
    cr_expect_eq(times("invalid_grant"), 1);
    end();
}

Test(pipeline, what_could_not_be_committed_was_not_done) /* IR-09, AV-03 */
{
    struct gate *last;
    str code = stage_code(&t, ASK);
    int fd = ask_inside_group(redeeming(code), &last);
    cr_expect_eq(last_pipeline()->outcome.kind, ERR_OK);
    disk_broken = true;
    sem_post(&last->open);
    cr_expect_eq(status_of(fd), 503);
    cr_expect(times("Retry-After:") == 1 && times("_token\"") == 0, "%s", answer);
    cr_expect_eq(grants_begun(), 0);
    disk_broken = false;
    cr_expect_eq(status_of(post("/oauth/token", redeeming(code))), 200, "%s", answer); /* the code is as it was */
    cr_expect_eq(times("\"access_token\""), 1);
    end();
}

Test(pipeline, what_is_owed_is_made_on_READ_once_the_commit_holds)
{
    struct gate *last, *g = hold_pool(app.worker);
    int fd = ask_inside_group(redeeming(stage_code(&t, ASK)), &last);
    sem_post(&last->open);
    wait_for(&last->left); /* the request stood before it in the group */
    cr_expect_eq(pool_waiting(app.worker), 1u);
    cr_expect(answered() == 0 && grants_begun() == 1);
    cr_expect_eq(last_pipeline()->exchange->response.status, 0);
    sem_post(&g->open);
    cr_expect_eq(status_of(fd), 200);
    cr_expect_eq(times("\"id_token\""), 1);
    end();
}

Test(pipeline, what_is_owed_is_503_when_no_worker_can_make_it) /* AV-08 */
{
    struct gate *g = fill_pool(app.worker);
    cr_expect_eq(status_of(post("/oauth/token", redeeming(stage_code(&t, ASK)))), 503);
    cr_expect(times("Retry-After:") == 1 && times("_token\"") == 0, "%s", answer);
    cr_expect_eq(app.shed, 1u);
    cr_expect_eq(grants_begun(), 1);
    sem_post(&g->open);
    end();
}

Test(pipeline, who_leaves_before_the_answer_is_let_go_once)
{
    struct gate *g = hold_pool(app.worker);
    int fd = ask("GET", "/health/ready", "", STR(""));
    wait_for(&seen.arrived);
    cr_expect_eq(app.inside, 1);
    close(fd);
    sem_post(&g->open);
    wait_for(&seen.gone);
    cr_expect(seen.gone_count == 1 && answered() == 1);
    end();
}

Test(pipeline, nobody_is_answered_before_the_house_is_open)
{
    app.open = false;
    cr_expect_eq(status_of(post("/oauth/token", STR("grant_type=password"))), 503);
    cr_expect(times("Retry-After:") == 1 && times("{\"error\":\"temporarily_unavailable\"") == 1, "%s", answer);
    end();
}

Test(pipeline, what_the_door_refuses_has_the_address_its_form)
{
    cr_expect_eq(status_of(ask("GET", "/oauth/token", "Host: other\r\n", STR(""))), 400);
    cr_expect(times("{\"error\":\"invalid_request\"") == 1 && times("Cache-Control: no-store") == 1, "%s", answer);
    cr_expect(seen.refused_count == 1 && seen.arrived_count == 0 && answered() == 1);
    end();
}

Test(pipeline, a_method_that_the_address_does_not_take_is_told_which_it_takes)
{
    cr_expect_eq(status_of(ask("GET", "/oauth/token", "", STR(""))), 405);
    cr_expect_eq(times("Allow: POST"), 1, "%s", answer);
    cr_expect_eq(status_of(ask("OPTIONS", "/oauth/token", "", STR(""))), 204);
    cr_expect_eq(times("Allow: POST"), 1, "%s", answer);
    cr_expect_eq(status_of(ask("GET", "/oauth/nosuch", "", STR(""))), 404);
    cr_expect_eq(status_of(ask("OPTIONS", "/oauth/nosuch", "", STR(""))), 404);
    end();
}

Test(pipeline, a_request_whose_memory_is_used_up_is_503)
{
    seen.memory_short = true;
    cr_expect_eq(status_of(post("/oauth/introspect", of_app("&token=", STR("nothing"), ""))), 503);
    cr_expect(times("{\"error\":\"temporarily_unavailable\"") == 1 && times("Retry-After:") == 1 && times("active") == 0, "%s", answer);
    seen.memory_short = true;
    cr_expect_eq(status_of(ask("GET", "/health/ready", "", STR(""))), 503);
    end();
}

/* Whatever the place where it ends: the whole answer, 503, or, without the memory for a head of an answer, none and the connection's end. */
Test(pipeline, memory_that_ends_anywhere_gives_no_half_answer)
{
    str body = of_app("&token=", STR("nothing"), "");
    size_t whole = 0, refusals = 0, none = 0;
    for (size_t left = 16; left < 16384; left += 32) {
        seen.memory_left = left;
        int status = status_of(post("/oauth/introspect", body));
        bool told = strstr(answer, "\r\n\r\n{\"active\":false}") != NULL;
        cr_expect(status == 200 ? told && times("Cache-Control: no-store") == 1 : (status == 503 || status == 0) && !told, "%zu: %s", left, answer);
        whole += status == 200;
        refusals += status == 503;
        none += status == 0;
    }
    cr_expect(whole > 0 && refusals > 0 && none > 0);
    end();
}

/* IR-09: 503 says that nothing was done, wherever the memory ended on the writer's way; with an ID token, which is signed after the commit, and without. */
static void torture_redemption(const char *ask, size_t least)
{
    size_t before = grants_begun(), whole = 0, refusals = 0;
    str code = stage_code(&t, ask);
    for (size_t left = least; left < least + 16384 && whole < 20; left += 64) {
        seen.memory_left = left;
        int status = status_of(post("/oauth/token", redeeming(code)));
        bool told = times("\"access_token\"") == 1;
        cr_assert(status == 200 ? told : (status == 503 || (status == 0 && left < 8192)) && !told, "%zu: %d %s", left, status, answer);
        whole += status == 200;
        refusals += status == 503;
        cr_assert_eq(grants_begun(), before + whole, "%zu: %d", left, status);
        if (status == 200)
            code = stage_code(&t, ask);
    }
    cr_expect_gt(refusals, 0u);
    cr_expect_eq(whole > 0, least > 16384);
    cr_expect_eq(status_of(post("/oauth/token", redeeming(code))), 200, "%s", answer);
}

Test(pipeline, a_change_whose_answer_could_not_be_made_is_taken_back, .timeout = 120)
{
    static const char *const asked[] = {ASK_LITTLE, ASK};
    for (size_t i = 0; i < 2; i++) {
        torture_redemption(asked[i], 16);
        torture_redemption(asked[i], 256 * 1024); /* what must be left before the commit */
    }
    end();
}

/* A refusal that does something stands by it too: a code that came again has ended its grant when that was said (AC-03), and not when it was 503. */
Test(pipeline, a_refusal_that_is_503_has_done_nothing, .timeout = 120)
{
    size_t alive = 0, told = 0, untold = 0;
    for (size_t left = 512; left < 24576 && told < 20; left += 64) {
        static str code;
        if (alive == 0) {
            code = stage_code(&t, ASK_LITTLE);
            cr_assert_eq(status_of(post("/oauth/token", redeeming(code))), 200);
            alive = grants_begun();
            cr_assert_eq(alive, 1u);
        }
        seen.memory_left = left;
        int status = status_of(post("/oauth/token", redeeming(code)));
        cr_assert(status == 400 || status == 503 || status == 0, "%zu: %d %s", left, status, answer);
        alive = grants_begun();
        cr_assert(status == 0 || (status == 400) == (alive == 0), "%zu: %d, %zu", left, status, alive);
        told += status == 400;
        untold += status == 503;
    }
    cr_expect(told == 20 && untold > 0, "%zu %zu", told, untold);
    end();
}

/* The other changes of the writer's way are no different: 503, and the token lives. */
Test(pipeline, a_revocation_that_is_503_has_not_happened, .timeout = 120)
{
    size_t alive = 1, refusals = 0, done = 0;
    str token = made_refresh_token();
    for (size_t left = 240 * 1024; left < 300 * 1024 && done < 3; left += 1024) {
        seen.memory_left = left;
        int status = status_of(post("/oauth/revoke", of_app("&token=", token, "")));
        cr_assert(status == 200 || status == 503, "%zu: %d", left, status);
        alive -= status == 200;
        refusals += status == 503;
        cr_assert_eq(grants_begun(), alive, "%zu: %d", left, status);
        if (status == 200) {
            done++;
            alive++;
            token = made_refresh_token();
        }
    }
    cr_expect(refusals > 0 && done == 3);
    end();
}
