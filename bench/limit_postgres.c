/* SPDX-License-Identifier: MIT
 * limit_postgres: refreshes of a token as PostgreSQL sees them (the grant is read, its row is rotated, all of it committed), or exchanges of a code (it
 * is taken, its grant is read and begun, an event is noted), by bare libpq (a pipeline of two round trips each, each thread in its own rows) or, refreshes, by
 * the store with as many connections.
 *     limit_postgres CONNECTION MILLISECONDS CONNECTIONS bare|store refresh|code      CONNECTION: an empty database of one's own on this machine
 * Prints how many a second, and the processor time of each here and in the server's processes, in microseconds. */
#include "store/table/db_event.h"
#include "store/table/db_authorization.h"
#include "store/table/db_client.h"
#include "store/table/db_user.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define CODES_TEXT "120000"
/* As many rows as the server's store has, and as long as they are there. */
#define FIFTY      "01234567890123456789012345678901234567890123456789"
#define SUCCESSOR  FIFTY FIFTY "01234567890123456789012345678901234567890123456"
enum { ROWS = 2000, CODES = 120000, CONNECTIONS_MAX = 64, UNDER_WAY = 64 };
#define GRANT                                                                                                                                   \
    "number, id, user_number, client_number, client_epoch, scope, resource, flow, created_at, auth_time, last_used_at, expires_at, revoked_at," \
    " generation, current_hash, previous_hash, rotated_at, successor, session_id, claims, details, jkt, x5t, amr, acr"
static const char get[] = "SELECT " GRANT " FROM grants WHERE number = $1";
static const char rotate[] = "UPDATE grants SET generation = generation + 1, current_hash = $2, previous_hash = $2, successor = $3, rotated_at = $4,"
                             " last_used_at = $4, expires_at = $5 WHERE number = $1 AND revoked_at = 0 AND expires_at > $4";
static const char take[] = "UPDATE codes SET used_at = $3 WHERE number = $1 AND hash = $2 AND used_at = 0 AND expires_at > $3"
                           " RETURNING number, hash, grant_number, redirect_uri, code_challenge, expires_at, nonce, jkt";
static const char start[] = "UPDATE grants SET begun_at = $2, last_used_at = $2, expires_at = $3, current_hash = $4, generation = 1"
                            " WHERE number = $1 AND begun_at = 0 AND revoked_at = 0";
static const char note[] = "INSERT INTO events (number, at, name, actor, client_id, subject, address, request_id, detail, class, place)"
                           " VALUES ($1, $2, 'token.issued', 'u', 'app', NULL, '127.0.0.1', 'r', NULL, 3, $1)";
/* Codes and their grants, numbered alike from above the others. */
static const char codes[] = "INSERT INTO grants (number, id, user_number, client_number, client_epoch, scope, flow, created_at, auth_time, last_used_at,"
                            " expires_at, revoked_at, generation, rotated_at, begun_at)"
                            " SELECT 100000 + i, gen_random_uuid()::text, user_number, client_number, client_epoch, scope, flow, created_at, auth_time,"
                            " last_used_at, expires_at, 0, 0, 0, 0 FROM grants, generate_series(1, " CODES_TEXT ") AS i WHERE number = $1;";
static const char code_rows[] = "INSERT INTO codes (number, hash, grant_number, redirect_uri, code_challenge, expires_at)"
                                " SELECT 100000 + i, $1, 100000 + i, 'http://127.0.0.1/callback', $1, 1900000000 FROM generate_series(1, " CODES_TEXT ") AS i";
static const char hash[] = "0123456789012345678901234567890123456789012", successor[] = SUCCESSOR;

static const char *connection;
static struct store *store;
static int64_t numbers[ROWS];
static _Atomic uint64_t done_count;
static _Atomic bool over;
static bool exchanges;

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "limit_postgres: %s\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(int64_t ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* ---- bare ---- */

static void read_all(PGconn *c, int answers)
{
    for (int i = 0; i < answers; i++) {
        PGresult *r = PQgetResult(c);
        must(PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK, PQerrorMessage(c));
        PQclear(r);
        PQclear(PQgetResult(c));
    }
    PQclear(PQgetResult(c)); /* the end */
}

static void prepare(PGconn *c, const char *name, const char *text)
{
    PQclear(PQprepare(c, name, text, 0, NULL));
}

static bool send_query(PGconn *c, const char *name, int count, const char *const *values)
{
    return PQsendQueryPrepared(c, name, count, values, NULL, NULL, 0) == 1;
}

static void refresh_bare(PGconn *c, int64_t number)
{
    char n[24];
    (void)snprintf(n, sizeof(n), "%lld", (long long)number);
    const char *const a[] = {n}, *const b[] = {n, hash, successor, "1700000000", "1900000000"};
    must(send_query(c, "begin", 0, NULL) && send_query(c, "get", 1, a) && PQpipelineSync(c) == 1, "send");
    read_all(c, 2);
    must(send_query(c, "rotate", 5, b) && send_query(c, "commit", 0, NULL) && PQpipelineSync(c) == 1, "send");
    read_all(c, 2);
}

static void exchange_bare(PGconn *c, int64_t number)
{
    char n[24];
    (void)snprintf(n, sizeof(n), "%lld", (long long)number);
    const char *const a[] = {n, hash, "1700000000"}, *const b[] = {n}, *const d[] = {n, "1700000000", "1900000000", hash}, *const e[] = {n, "1700000000"};
    must(send_query(c, "begin", 0, NULL) && send_query(c, "take", 3, a) && PQpipelineSync(c) == 1, "send");
    read_all(c, 2);
    must(send_query(c, "get", 1, b) && send_query(c, "start", 4, d) && send_query(c, "note", 2, e) && send_query(c, "commit", 0, NULL) &&
             PQpipelineSync(c) == 1,
         "send");
    read_all(c, 4);
}

struct worker {
    size_t from, to;
};

static void *bare_main(void *context)
{
    const struct worker *w = context;
    PGconn *c = PQconnectdb(connection);
    must(PQstatus(c) == CONNECTION_OK, PQerrorMessage(c));
    prepare(c, "begin", "BEGIN");
    prepare(c, "get", get);
    prepare(c, "rotate", rotate);
    prepare(c, "take", take);
    prepare(c, "start", start);
    prepare(c, "note", note);
    prepare(c, "commit", "COMMIT");
    must(PQenterPipelineMode(c) == 1, "pipeline");
    for (size_t i = w->from; !atomic_load(&over); i = i + 1 < w->to ? i + 1 : w->from) {
        uint64_t done = atomic_fetch_add(&done_count, 1);
        if (!exchanges)
            refresh_bare(c, numbers[i]);
        else if (done < CODES)
            exchange_bare(c, 100001 + (int64_t)done);
        else
            must(false, "no code is left");
    }
    PQfinish(c);
    return NULL;
}

/* ---- the store ---- */

struct refresh {
    struct store_job job;
    struct arena *a;
    sem_t *room;
    size_t row;
    _Atomic bool under_way;
};

static err refresh_run(struct tx *tx, void *context)
{
    struct refresh *r = context;
    struct db_authorization *g = NULL;
    bool rotated = false;
    arena_reset(r->a);
    must(!FAILED(db_authorization_get(tx, r->a, numbers[r->row], &g)) && g != NULL, "no grant");
    int64_t from = g->generation++;
    g->rotated_at = g->last_used_at = 1700000000;
    g->successor = STR(SUCCESSOR);
    must(!FAILED(db_refresh_rotate(tx, g, from, &rotated)), "no rotation");
    db_event_add(tx, &(struct db_event){.name = STR("token.refreshed"),
                                        .actor = STR("u"),
                                        .client_id = STR("app"),
                                        .address = STR("127.0.0.1"),
                                        .request_id = STR("r"),
                                        .class = DB_EVENT_MACHINES});
    return OK;
}

static void refresh_done(void *context, err committed)
{
    struct refresh *r = context;
    must(!FAILED(committed), err_why(committed));
    (void)atomic_fetch_add(&done_count, 1);
    atomic_store(&r->under_way, false);
    (void)sem_post(r->room);
}

/* One hands over, as event threads do; so many are under way. */
static void *store_main(void *context)
{
    static struct refresh refreshes[UNDER_WAY];
    sem_t *room = context;
    for (size_t i = 0; i < UNDER_WAY; i++) {
        refreshes[i].a = arena_new(1 << 16);
        refreshes[i].room = room;
        refreshes[i].row = i;
    }
    for (size_t i = 0; !atomic_load(&over);) {
        (void)sem_wait(room);
        do
            i++;
        while (atomic_exchange(&refreshes[i % UNDER_WAY].under_way, true)); /* there are more than may be under way */
        struct refresh *r = &refreshes[i % UNDER_WAY];
        r->row = (r->row + UNDER_WAY) % ROWS;
        r->job = (struct store_job){.run = refresh_run, .done = refresh_done, .context = r};
        must(!FAILED(store_submit(store, &r->job)), "queue full");
    }
    return NULL;
}

/* ---- measuring ---- */

static void fill_codes(void)
{
    char n[24];
    (void)snprintf(n, sizeof(n), "%lld", (long long)numbers[0]);
    const char *const authorization[] = {n}, *const text[] = {hash};
    PGconn *c = PQconnectdb(connection);
    PGresult *r = PQexecParams(c, codes, 1, NULL, authorization, NULL, NULL, 0), *s = PQexecParams(c, code_rows, 1, NULL, text, NULL, NULL, 0);
    must(PQresultStatus(r) == PGRES_COMMAND_OK && PQresultStatus(s) == PGRES_COMMAND_OK, PQerrorMessage(c));
    PQclear(r);
    PQclear(s);
    PQclear(PQexec(c, "VACUUM ANALYZE"));
    PQfinish(c);
}

static void fill(void)
{
    struct arena *a = arena_new(16 << 20);
    struct tx *tx = store_each(store);
    struct db_user u = {.username = STR("ada"), .password_hash = STR("x")};
    struct db_client c = {.id = STR("app"), .name = STR("App")};
    must(!FAILED(db_user_add(tx, a, &u, NULL)) && !FAILED(db_client_add(tx, &c)), "people");
    for (size_t i = 0; i < ROWS; i++) {
        struct db_authorization g = {.id = STR("01234567-89ab-4cde-8f01-23456789abcd"),
                                     .user_number = u.number,
                                     .client_number = c.number,
                                     .scope = STR("profile"),
                                     .flow = STR("authorization_code"),
                                     .created_at = 1700000000,
                                     .expires_at = 1900000000,
                                     .generation = 1};
        must(!FAILED(db_authorization_reserve(tx, &g.number)) && !FAILED(db_authorization_add(tx, &g)), "grant");
        numbers[i] = g.number;
    }
    arena_release(a);
    if (exchanges)
        fill_codes();
}

/* Processor time of the server's processes of our database so far. */
static double server_seconds(PGconn *c)
{
    double sum = 0;
    PGresult *r = PQexec(c, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    for (int i = 0; i < PQntuples(r); i++) {
        char path[64];
        unsigned long user = 0, system = 0;
        (void)snprintf(path, sizeof(path), "/proc/%s/stat", PQgetvalue(r, i, 0));
        FILE *f = fopen(path, "r");
        if (f != NULL && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2)
            sum += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
        if (f != NULL)
            (void)fclose(f);
    }
    PQclear(r);
    return sum;
}

static double own_seconds(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void measure(int64_t ms)
{
    PGconn *c = PQconnectdb(connection);
    must(PQstatus(c) == CONNECTION_OK, PQerrorMessage(c));
    pause_ms(500); /* everything is prepared */
    uint64_t before = atomic_load(&done_count);
    double began = now(), own = own_seconds(), server = server_seconds(c);
    pause_ms(ms);
    double count = (double)(atomic_load(&done_count) - before), span = now() - began;
    own = own_seconds() - own;
    server = server_seconds(c) - server;
    (void)printf("%.0f %.1f %.1f\n", count / span, own / count * 1e6, server / count * 1e6);
    atomic_store(&over, true);
    PQfinish(c);
}

int main(int argc, char **argv)
{
    must(argc == 6, "CONNECTION MILLISECONDS CONNECTIONS bare|store refresh|code");
    int64_t ms = strtol(argv[2], NULL, 10);
    size_t connections = strtoul(argv[3], NULL, 10);
    bool bare = strcmp(argv[4], "bare") == 0;
    exchanges = strcmp(argv[5], "code") == 0;
    char folder[] = P_tmpdir "/limit-postgres-XXXXXX";
    must((bare || !exchanges) && connections >= 2 && connections <= CONNECTIONS_MAX && mkdtemp(folder) != NULL, "arguments");
    connection = argv[1];
    must(!FAILED(store_open(
             &(struct store_options){.directory = folder, .database = connection, .connections = (int64_t)connections, .create = true, .threads = !bare},
             &store)),
         "no store");
    fill();
    pthread_t threads[CONNECTIONS_MAX];
    struct worker workers[CONNECTIONS_MAX];
    sem_t room;
    (void)sem_init(&room, 0, UNDER_WAY / 2);
    size_t count = bare ? connections : 1, part = ROWS / connections;
    for (size_t i = 0; i < count; i++) {
        workers[i] = (struct worker){i * part, (i + 1) * part};
        must(pthread_create(&threads[i], NULL, bare ? bare_main : store_main, bare ? (void *)&workers[i] : (void *)&room) == 0, "threads");
    }
    measure(ms);
    (void)sem_post(&room);
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
    store_close(store);
    (void)rmdir(folder);
    return 0;
}
