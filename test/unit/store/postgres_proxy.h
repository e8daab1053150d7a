/* SPDX-License-Identifier: MIT
 * postgres_proxy: stands between a store and its server, counts round trips, and cuts where it is told to: the network that fails at the worst
 * moment. Listens on a Unix socket in a folder of its own, under the port's usual name; one thread a connection. */
#ifndef TEST_POSTGRES_PROXY_H
#define TEST_POSTGRES_PROXY_H
#include "fresh.h"
#include "store/postgres/postgres_batch.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

/* CUTS_BEFORE_END: the server does the statements of the next pipeline, and is told to stop before it has their end. */
enum proxy_cut { PROXY_PASSES, PROXY_CUTS_BEFORE_COMMIT, PROXY_CUTS_AFTER_COMMIT, PROXY_CUTS_BEFORE_END };
struct proxy {
    char folder[64], server[108], string[512], database[512];
    int listener;
    pthread_t thread;
    _Atomic int cut;     /* the next commit or pipeline; then it passes again */
    _Atomic bool closed; /* no new connection */
    _Atomic bool stopping;
    _Atomic int trips; /* ends of pipelines that clients sent */
    _Atomic int last;  /* the one that is not passed on; 0: none */
};
struct proxy_pair {
    struct proxy *proxy;
    int client, server;
};

static inline int proxy_socket(const char *path, bool listening)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int code = listening ? bind(s, (struct sockaddr *)&a, sizeof(a)) : connect(s, (struct sockaddr *)&a, sizeof(a));
    if (code != 0 || (listening && listen(s, 64) != 0)) {
        (void)close(s);
        return -1;
    }
    return s;
}

static inline bool proxy_write(int to, const unsigned char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(to, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

/* Messages: a letter, and a length of four bytes that counts itself. The first one of a connection has no letter. *whole: up to the last end of a pipeline, or
 * up to the last message where there is none under way. */
struct proxy_buffer {
    unsigned char p[1 << 16];
    size_t n;
    bool begun, pipeline;
};

static inline size_t proxy_message(const struct proxy_buffer *b, size_t at)
{
    size_t head = b->begun ? 1 : 0;
    if (b->n - at < head + 4)
        return 0;
    const unsigned char *l = b->p + at + head;
    size_t n = head + ((size_t)l[0] << 24 | (size_t)l[1] << 16 | (size_t)l[2] << 8 | l[3]);
    return b->n - at < n ? 0 : n;
}

static inline bool proxy_binds_commit(const unsigned char *p, size_t n)
{
    char name[POSTGRES_NAME_SIZE];
    (void)snprintf(name, sizeof(name), "s%d_%d", (int)DB_STATEMENTS_COUNT, (int)OWN_COMMIT);
    return p[0] == 'B' && n > 6 + strlen(name) && strcmp((const char *)p + 6, name) == 0;
}

/* Until the server has said that it is done: what it did is done. */
static inline void proxy_wait_for_server(int server)
{
    unsigned char p[1 << 14];
    size_t n = 0;
    ssize_t k;
    while (n < sizeof(p) && (k = recv(server, p + n, sizeof(p) - n, 0)) > 0) {
        n += (size_t)k;
        if (n >= 6 && p[n - 6] == 'Z')
            return;
    }
}

/* Once its statements have written. */
static inline void proxy_stop_server(const struct proxy *x)
{
    static const char others[] = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL";
    char sql[256];
    PGconn *c = hand(x->database);
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) %s", others);
    while (hand_number(c, sql) == 0)
        (void)sched_yield();
    (void)snprintf(sql, sizeof(sql), "SELECT count(pg_terminate_backend(pid)) %s", others);
    hand_do(c, sql);
    PQfinish(c);
}

/* False: the connection is to be cut. */
static inline bool proxy_forward(struct proxy_pair *pair, struct proxy_buffer *b)
{
    size_t at = 0, whole = 0, n;
    bool commits = false;
    while ((n = proxy_message(b, at)) > 0) {
        const unsigned char *m = b->p + at;
        bool sync = b->begun && m[0] == 'S';
        commits = commits || (b->begun && proxy_binds_commit(m, n));
        b->pipeline = b->begun && !sync && (b->pipeline || m[0] == 'P' || m[0] == 'B');
        atomic_fetch_add(&pair->proxy->trips, sync ? 1 : 0);
        b->begun = true;
        at += n;
        whole = b->pipeline ? whole : at;
    }
    int cut =
        commits && whole == at && atomic_load(&pair->proxy->cut) != PROXY_CUTS_BEFORE_END ? atomic_exchange(&pair->proxy->cut, PROXY_PASSES) : PROXY_PASSES;
    if (cut == PROXY_CUTS_BEFORE_COMMIT)
        return false;
    if (atomic_load(&pair->proxy->last) != 0 && atomic_load(&pair->proxy->trips) >= atomic_load(&pair->proxy->last)) {
        atomic_store(&pair->proxy->last, 0);
        return false;
    }
    int waits = PROXY_CUTS_BEFORE_END;
    enum { END = 5 }; /* the length of an end */
    bool stops = whole > END && b->p[whole - END] == 'S' && atomic_compare_exchange_strong(&pair->proxy->cut, &waits, PROXY_PASSES);
    if (!proxy_write(pair->server, b->p, stops ? whole - END : whole))
        return false;
    if (stops)
        proxy_stop_server(pair->proxy);
    if (cut == PROXY_CUTS_AFTER_COMMIT) {
        proxy_wait_for_server(pair->server);
        return false;
    }
    memmove(b->p, b->p + whole, b->n - whole);
    b->n -= whole;
    return true;
}

static inline void *proxy_pair_main(void *context)
{
    struct proxy_pair *pair = context;
    struct proxy_buffer *b = calloc(1, sizeof(*b));
    unsigned char back[1 << 14];
    bool alive = true;
    while (alive && !atomic_load(&pair->proxy->stopping)) {
        struct pollfd p[] = {{.fd = pair->client, .events = POLLIN}, {.fd = pair->server, .events = POLLIN}};
        (void)poll(p, 2, 100);
        if (p[0].revents != 0) {
            ssize_t k = recv(pair->client, b->p + b->n, sizeof(b->p) - b->n, 0);
            b->n += k > 0 ? (size_t)k : 0;
            alive = k > 0 && proxy_forward(pair, b);
        }
        if (alive && p[1].revents != 0) {
            ssize_t k = recv(pair->server, back, sizeof(back), 0);
            alive = k > 0 && proxy_write(pair->client, back, (size_t)k);
        }
    }
    (void)close(pair->client);
    (void)close(pair->server);
    free(b);
    free(pair);
    return NULL;
}

static inline void *proxy_main(void *context)
{
    struct proxy *x = context;
    while (!atomic_load(&x->stopping)) {
        struct pollfd p = {.fd = x->listener, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        int client = accept4(x->listener, NULL, NULL, SOCK_CLOEXEC);
        int server = atomic_load(&x->closed) ? -1 : proxy_socket(x->server, false);
        pthread_t thread;
        struct proxy_pair *pair = malloc(sizeof(*pair));
        *pair = (struct proxy_pair){x, client, server};
        if (server < 0) {
            (void)close(client);
            free(pair);
        } else if (pthread_create(&thread, NULL, proxy_pair_main, pair) == 0)
            (void)pthread_detach(thread);
    }
    return NULL;
}

/* Before the database of this connection string; lives until the process of the test ends. */
static inline struct proxy *proxy_new(const char *string)
{
    struct proxy *x = calloc(1, sizeof(*x));
    char path[108];
    PQconninfoOption *words = PQconninfoParse(string, NULL);
    size_t n = 0;
    (void)snprintf(x->database, sizeof(x->database), "%s", string);
    (void)snprintf(x->folder, sizeof(x->folder), P_tmpdir "/jeton-proxy-XXXXXX");
    cr_assert_not_null(mkdtemp(x->folder));
    for (PQconninfoOption *w = words; w->keyword != NULL; w++) {
        if (w->val != NULL && strcmp(w->keyword, "host") == 0)
            (void)snprintf(x->server, sizeof(x->server), "%s/.s.PGSQL.5432", w->val);
        else if (w->val != NULL)
            n += (size_t)snprintf(x->string + n, sizeof(x->string) - n, "%s='%s' ", w->keyword, w->val);
    }
    PQconninfoFree(words);
    (void)snprintf(x->string + n, sizeof(x->string) - n, "host='%s'", x->folder);
    (void)snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", x->folder);
    x->listener = proxy_socket(path, true);
    cr_assert(x->listener >= 0 && pthread_create(&x->thread, NULL, proxy_main, x) == 0);
    return x;
}

static inline void proxy_end(struct proxy *x)
{
    char path[108];
    atomic_store(&x->stopping, true);
    (void)pthread_join(x->thread, NULL);
    (void)snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", x->folder);
    (void)unlink(path);
    (void)rmdir(x->folder);
}
#endif
