/* SPDX-License-Identifier: MIT
 * postgres: the one door to libpq. Turns calls (name, values) into messages of the extended protocol and the server's into answers. Relies on
 * one thread using a link at a time; promises that a link which may have missed an answer counts as lost, and that no server is spoken to that would keep
 * text or time otherwise than we read them.
 *
 *   [none] ──connect──▶ [ready] ──send──▶ [pipeline] ──end, and every answer received──▶ [ready]
 *                          └──────────────────┴─ the connection ends, or memory does ──▶ [lost] ──disconnect──▶ [none]
 *
 * The library is loaded when a database of this kind is named: it brings twenty others along (Kerberos, LDAP), which a server with its
 * database inside should neither load nor keep in memory. Values travel in binary (no copies, no NUL that would cut a text), answers as text. */
#include "store/postgres/postgres.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "codec/b64url.h"

#include <dlfcn.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* clang-format off */
#define CALLS(X)                                                                                                               \
    X(conninfoParse) X(conninfoFree) X(connectdbParams) X(finish) X(backendPID) X(status) X(errorMessage) X(serverVersion) X(parameterStatus) X(socket) X(setNoticeProcessor) \
    X(enterPipelineMode) X(exitPipelineMode) X(sendPrepare) X(sendQueryPrepared) X(pipelineSync) X(getResult) X(exec)          \
    X(consumeInput) X(notifies) X(freemem) X(clear) X(resultStatus) X(ntuples) X(nfields) X(getisnull) X(getvalue)             \
    X(getlength) X(cmdTuples) X(cmdStatus) X(resultErrorField)
/* clang-format on */
static struct {
    bool whole;
#define X(name_) __typeof__(&PQ##name_) name_;
    CALLS(X)
#undef X
} pq;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

enum {
    TYPE_INT8 = 20,
    TYPE_TEXT = 25, /* the server's own numbers of its types, fixed for ever */
    BINARY = 1,
    HASH_TEXT = B64URL_LENGTH(sizeof(struct token_hash)),
    VERSION_LEAST = 150000,
    TOLD_EVERY_US = 10000000,
    PORTS_MAX = 32768
};
#define USUAL_PORT "5432"

struct postgres_link {
    PGconn *connection;
    bool lost;
    char history[POSTGRES_HISTORY_SIZE];
};

static void load_libpq(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    bool whole = library != NULL;
#define X(name_) whole = whole && (*(void **)&pq.name_ = dlsym(library, "PQ" #name_)) != NULL;
    CALLS(X)
#undef X
    pq.whole = whole;
}

err postgres_load(void)
{
    (void)pthread_once(&loaded, load_libpq);
    if (!pq.whole)
        REFUSE(SERVER_ERROR, "The database is on PostgreSQL, but the PostgreSQL client library is not installed: install libpq5 (version 15 or newer).",
               "store: libpq.so.5 cannot be loaded");
    return OK;
}

/* ---- connections ---- */

static void ignore_notice(void *context, const char *message)
{
    (void)context, (void)message;
}

/* What is written amiss is quoted by the library's own words, and may be a part of a password: such words are never asked for. A password whose
 * '@', '/' or '%' was not escaped ends up in another word, and those that it can reach are looked at. */
static err check_words(const char *database)
{
    bool fit = true;
    bool words = strchr(database, '=') != NULL || strstr(database, "://") != NULL; /* otherwise it is a database's name alone */
    PQconninfoOption *all = words ? pq.conninfoParse(database, NULL) : NULL;
    for (const PQconninfoOption *w = all; w != NULL && w->keyword != NULL; w++) {
        str value = str_of(w->val);
        if (str_is(str_of(w->keyword), "host"))
            fit = fit && str_find(value, '@') == value.n;
        for (size_t i = 0; i < value.n && str_is(str_of(w->keyword), "port"); i++)
            fit = fit && (ascii_digit(value.p[i]) || value.p[i] == ',');
    }
    fit = fit && (!words || all != NULL);
    if (all != NULL)
        pq.conninfoFree(all);
    if (!fit)
        REFUSE(SERVER_ERROR,
               "The setting database is not a valid PostgreSQL connection string. In a URL, escape special characters in the password (%40 for @, %2F for /, "
               "%25 for %).",
               "store: not a connection string");
    return OK;
}

static str value_of_word(struct arena *a, const PQconninfoOption *all, const char *keyword)
{
    for (const PQconninfoOption *w = all; w != NULL && w->keyword != NULL; w++)
        if (str_is(str_of(w->keyword), keyword) && w->val != NULL && w->val[0] != '\0')
            return str_dup(a, str_of(w->val));
    return STR_ABSENT;
}

/* One or several, with commas; an empty one is libpq's own. */
static str words_of_ports(struct arena *a, str listed)
{
    struct buf words = buf_new(a, PORTS_MAX);
    str port, text = STR_ABSENT;
    for (bool first = true; str_next(&listed, ',', &port); first = false) {
        if (!first)
            buf_char(&words, ' ');
        buf_add(&words, port.n > 0 ? port : STR(USUAL_PORT));
    }
    return FAILED(buf_done(&words, &text)) ? STR_ABSENT : text;
}

/* In libpq's order: the string's own, a service's, the environment's, its own. */
str postgres_ports(struct arena *a, str database)
{
    const char *text = str_z(a, database), *environment = getenv("PGPORT"), *service = getenv("PGSERVICE");
    if (text == NULL)
        return STR_ABSENT;
    PQconninfoOption *all = FAILED(postgres_load()) ? NULL : pq.conninfoParse(text, NULL);
    if (all == NULL)
        return STR("");
    str port = value_of_word(a, all, "port");
    bool named = str_present(value_of_word(a, all, "service")) || (service != NULL && service[0] != '\0');
    pq.conninfoFree(all);
    if (!str_present(port) && named)
        return STR_ABSENT;
    if (!str_present(port))
        port = environment != NULL && environment[0] != '\0' ? str_of(environment) : STR(USUAL_PORT);
    return words_of_ports(a, port);
}

static PGconn *connect_to_postgres(const char *database)
{
    /* What the administrator's own words may change stands before them; they are expanded where they stand. */
    static const char *const words[] = {"connect_timeout",           "keepalives_idle",
                                        "keepalives_interval",       "keepalives_count",
                                        "tcp_user_timeout",          "gssencmode",
                                        "fallback_application_name", "dbname",
                                        "client_encoding",           NULL};
    const char *const values[] = {"5", "10", "5", "3", "10000", "disable", "jeton", database, "UTF8", NULL};
    return pq.connectdbParams(words, values, 1);
}

/* The library's words go to the log, now and then: they name the host, the user and the database, and what the server said. */
static void tell_refusal(const char *words)
{
    static _Atomic int64_t told_us;
    int64_t now_us = clock_monotonic_us(), before_us = atomic_load(&told_us);
    if ((before_us != 0 && now_us - before_us < TOLD_EVERY_US) || !atomic_compare_exchange_strong(&told_us, &before_us, now_us))
        return;
    str message = str_of(words);
    while (message.n > 0 && (message.p[message.n - 1] == '\n' || message.p[message.n - 1] == ' '))
        message.n--;
    LOG(WARN, "database.unreachable", LOG_STR("message", message));
}

static err check_server(const struct postgres_link *l)
{
    const char *encoding = pq.parameterStatus(l->connection, "server_encoding");
    if (pq.serverVersion(l->connection) < VERSION_LEAST)
        REFUSE(SERVER_ERROR, "The database server is too old: jeton needs PostgreSQL 15 or newer.", "store: server too old");
    if (encoding == NULL || !str_is(str_of(encoding), "UTF8"))
        REFUSE(SERVER_ERROR, "The encoding of the database is not UTF8: create another database (createdb -E UTF8 -T template0 NAME).",
               "store: encoding is not UTF8");
    return OK;
}

/* What the server's or the role's own settings may not change: how long we wait, what we see beside others, where names are looked up, and that
 * a commit is on the disk before it is answered. A schema of the search path is kept as it was found first. */
static err set_up(struct postgres_link *l)
{
    static const char text[] = "SELECT set_config('statement_timeout', '5000', false), set_config('lock_timeout', '2000', false),"
                               " set_config('idle_in_transaction_session_timeout', '10000', false),"
                               " set_config('default_transaction_isolation', 'read committed', false), set_config('standard_conforming_strings', 'on', false),"
                               " set_config('search_path', quote_ident(current_schema()) || ', pg_temp', false),"
                               " CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END,"
                               " CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END"
                               " || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()), current_schema()";
    enum { HISTORY = 7, SCHEMA = 8 };
    PGresult *r = pq.exec(l->connection, text);
    bool done = pq.resultStatus(r) == PGRES_TUPLES_OK && pq.ntuples(r) == 1, schema = done && pq.getisnull(r, 0, SCHEMA) == 0;
    if (done)
        (void)snprintf(l->history, sizeof(l->history), "%s", pq.getvalue(r, 0, HISTORY));
    else
        tell_refusal(pq.errorMessage(l->connection));
    pq.clear(r);
    if (!done || pq.enterPipelineMode(l->connection) != 1)
        FAIL(UNAVAILABLE, "store: the database server refused our settings");
    if (!schema)
        REFUSE(SERVER_ERROR,
               "The database has no schema that this user may use: create one (CREATE SCHEMA jeton AUTHORIZATION the user), or set the user's search_path.",
               "store: no current schema");
    return OK;
}

err postgres_connect(const char *database, struct postgres_link **out)
{
    TRY(check_words(database));
    struct postgres_link *l = calloc(1, sizeof(*l));
    if (l == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    l->connection = connect_to_postgres(database);
    err e = OK;
    if (l->connection == NULL || pq.status(l->connection) != CONNECTION_OK) {
        if (l->connection != NULL)
            tell_refusal(pq.errorMessage(l->connection));
        e = REFUSAL(UNAVAILABLE, "The database server cannot be reached, or it refused the login: see the log for its message.",
                    "store: no connection to the database server");
    } else {
        (void)pq.setNoticeProcessor(l->connection, ignore_notice, NULL);
        e = check_server(l);
    }
    if (!FAILED(e))
        e = set_up(l);
    if (FAILED(e)) {
        postgres_disconnect(l);
        return e;
    }
    *out = l;
    return OK;
}

void postgres_disconnect(struct postgres_link *l)
{
    if (l == NULL)
        return;
    if (l->connection != NULL)
        pq.finish(l->connection);
    free(l);
}

bool postgres_quiet(const struct postgres_link *l)
{
    struct pollfd p = {.fd = pq.socket(l->connection), .events = POLLIN};
    return !l->lost && p.fd >= 0 && poll(&p, 1, 0) == 0;
}

bool postgres_lost(const struct postgres_link *l)
{
    return l->lost;
}

void postgres_give_up(struct postgres_link *l)
{
    l->lost = true;
}

int postgres_socket(const struct postgres_link *l)
{
    return pq.socket(l->connection);
}

const char *postgres_history(const struct postgres_link *l)
{
    return l->history;
}

/* ---- what is sent ---- */

struct values {
    Oid types[DB_PARAMS_MAX];
    const char *values[DB_PARAMS_MAX];
    int lengths[DB_PARAMS_MAX], formats[DB_PARAMS_MAX];
    unsigned char numbers[DB_PARAMS_MAX][sizeof(int64_t)];
    char hashes[DB_HASHES_MAX][HASH_TEXT];
    size_t hashes_used;
};

static void put_number(struct values *v, size_t i, int64_t number)
{
    uint64_t bits = (uint64_t)number;
    for (size_t k = sizeof(bits); k-- > 0; bits >>= 8)
        v->numbers[i][k] = (unsigned char)(bits & 0xff);
    v->types[i] = TYPE_INT8;
    v->values[i] = (const char *)v->numbers[i];
    v->lengths[i] = (int)sizeof(int64_t);
}

static void put_text(struct values *v, size_t i, str text)
{
    INVARIANT(text.n <= INT32_MAX);
    v->types[i] = TYPE_TEXT;
    v->values[i] = text.p;
    v->lengths[i] = (int)text.n;
}

static void put_hash(struct values *v, size_t i, const struct token_hash *hash)
{
    static const struct token_hash none;
    str text = STR_ABSENT;
    if (hash != NULL && !token_hash_equal(hash, &none)) {
        INVARIANT(v->hashes_used < DB_HASHES_MAX);
        text = (str){v->hashes[v->hashes_used++], HASH_TEXT};
        b64url_write(v->hashes[v->hashes_used - 1], hash->bytes, sizeof(hash->bytes));
    }
    put_text(v, i, text);
}

static void put_all(struct values *v, const struct db_call *call)
{
    INVARIANT(call->count <= DB_PARAMS_MAX);
    v->hashes_used = 0;
    for (size_t i = 0; i < call->count; i++) {
        const struct db_param *p = &call->params[i];
        v->formats[i] = BINARY;
        switch (p->kind) {
        case DB_INT:
        case DB_FLAG:
            put_number(v, i, p->number);
            break;
        case DB_TEXT:
            put_text(v, i, p->text);
            break;
        case DB_HASH:
        default:
            put_hash(v, i, p->hash);
            break;
        }
    }
}

/* The types are told, so that no statement is read otherwise than SQLite reads it. */
void postgres_send_prepare(struct postgres_link *l, const char *name, const char *text, const struct db_call *call)
{
    Oid types[DB_PARAMS_MAX];
    INVARIANT(call->count <= DB_PARAMS_MAX);
    for (size_t i = 0; i < call->count; i++)
        types[i] = call->params[i].kind == DB_INT || call->params[i].kind == DB_FLAG ? TYPE_INT8 : TYPE_TEXT;
    if (!l->lost && pq.sendPrepare(l->connection, name, text, (int)call->count, types) != 1)
        l->lost = true;
}

void postgres_send_call(struct postgres_link *l, const char *name, const struct db_call *call)
{
    struct values v;
    put_all(&v, call);
    if (!l->lost && pq.sendQueryPrepared(l->connection, name, (int)call->count, v.values, v.lengths, v.formats, 0) != 1)
        l->lost = true;
}

void postgres_send_end(struct postgres_link *l)
{
    if (!l->lost && pq.pipelineSync(l->connection) != 1)
        l->lost = true;
}

/* ---- what is received ---- */

static PGresult *result_of(const struct postgres_answer *a)
{
    return (PGresult *)(uintptr_t)a;
}

/* A statement's results end with a NULL. */
static void pass_end(const struct postgres_link *l)
{
    PGresult *r;
    while (pq.status(l->connection) == CONNECTION_OK && (r = pq.getResult(l->connection)) != NULL)
        pq.clear(r);
}

static enum postgres_status take_result(struct postgres_link *l, PGresult *r, struct postgres_answer **answer)
{
    ExecStatusType status = pq.resultStatus(r);
    *answer = NULL;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || (status == PGRES_FATAL_ERROR && pq.resultErrorField(r, PG_DIAG_SQLSTATE) != NULL)) {
        *answer = (struct postgres_answer *)r;
        return status == PGRES_FATAL_ERROR ? POSTGRES_REFUSED : POSTGRES_DONE;
    }
    pq.clear(r);
    if (status == PGRES_PIPELINE_SYNC)
        return POSTGRES_DONE;
    if (status == PGRES_PIPELINE_ABORTED)
        return POSTGRES_SKIPPED;
    l->lost = true;
    return POSTGRES_LOST;
}

enum postgres_status postgres_receive(struct postgres_link *l, struct postgres_answer **answer)
{
    PGresult *r = l->lost ? NULL : pq.getResult(l->connection);
    *answer = NULL;
    if (r == NULL) {
        l->lost = true;
        return POSTGRES_LOST;
    }
    bool sync = pq.resultStatus(r) == PGRES_PIPELINE_SYNC;
    enum postgres_status status = take_result(l, r, answer);
    if (!sync && status != POSTGRES_LOST)
        pass_end(l);
    return status;
}

enum postgres_status postgres_script(struct postgres_link *l, const char *text, struct postgres_answer **answer)
{
    *answer = NULL;
    if (l->lost || pq.exitPipelineMode(l->connection) != 1) {
        l->lost = true;
        return POSTGRES_LOST;
    }
    PGresult *r = pq.exec(l->connection, text);
    enum postgres_status status = r != NULL ? take_result(l, r, answer) : POSTGRES_LOST;
    if (pq.enterPipelineMode(l->connection) != 1)
        l->lost = true;
    return status;
}

int postgres_process(const struct postgres_link *l)
{
    return pq.backendPID(l->connection);
}

bool postgres_notified(struct postgres_link *l, const struct postgres_heard *heard)
{
    if (l->lost || pq.consumeInput(l->connection) != 1) {
        l->lost = true;
        return false;
    }
    PGnotify *n;
    while ((n = pq.notifies(l->connection)) != NULL) {
        heard->from(heard->context, n->be_pid);
        pq.freemem(n);
    }
    return true;
}

void postgres_answer_free(struct postgres_answer *a)
{
    if (a != NULL)
        pq.clear(result_of(a));
}

size_t postgres_rows(const struct postgres_answer *a)
{
    return (size_t)pq.ntuples(result_of(a));
}

size_t postgres_columns(const struct postgres_answer *a)
{
    return (size_t)pq.nfields(result_of(a));
}

str postgres_value(const struct postgres_answer *a, size_t row, size_t column)
{
    const PGresult *r = result_of(a);
    if (pq.getisnull(r, (int)row, (int)column) != 0)
        return STR_ABSENT;
    return (str){pq.getvalue(r, (int)row, (int)column), (size_t)pq.getlength(r, (int)row, (int)column)};
}

int64_t postgres_changed(const struct postgres_answer *a)
{
    uint64_t count = 0;
    str text = str_of(pq.cmdTuples(result_of(a)));
    return FAILED(str_u64(text, INT64_MAX, &count)) ? 0 : (int64_t)count;
}

const char *postgres_tag(const struct postgres_answer *a)
{
    return pq.cmdStatus(result_of(a));
}

const char *postgres_state(const struct postgres_answer *a)
{
    const char *state = pq.resultErrorField(result_of(a), PG_DIAG_SQLSTATE);
    return state != NULL ? state : "";
}

const char *postgres_message(const struct postgres_answer *a)
{
    const char *message = pq.resultErrorField(result_of(a), PG_DIAG_MESSAGE_PRIMARY);
    return message != NULL ? message : "";
}
