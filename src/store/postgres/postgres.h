/* SPDX-License-Identifier: MIT
 * postgres: the door to libpq, private to store/postgres/: a link is one connection to a server, spoken to in pipelines (what is sent is
 * answered in order, in one round trip). One thread uses a link at a time. Answers are the caller's until postgres_answer_free. */
#ifndef JETON_STORE_POSTGRES_POSTGRES_H
#define JETON_STORE_POSTGRES_POSTGRES_H
#include "store/driver.h"

struct postgres_link;
struct postgres_answer;

/* Loads the library once a process. SERVER_ERROR: it is not installed. */
fallible postgres_load(void);
/* store_ports. What libpq would say to the words is postgres_connect's to tell: of words that it does not take, and without it, no ports. */
str postgres_ports(struct arena *a, str database);
/* `database` as libpq takes it. Blocks as long as its connect_timeout says (5 seconds a host, unless it says otherwise). UNAVAILABLE: no server answers, or it
 * refused us (the log has its words). SERVER_ERROR: they are no such words (the log has nothing of them: a password may be among them); it is older than PostgreSQL 15, its encoding is not UTF8, or there is no schema to work in. */
fallible postgres_connect(const char *database, struct postgres_link **out);
void postgres_disconnect(struct postgres_link *l); /* NULL is allowed */
/* Of a link that waits for nothing: has nothing come from the server? What comes then is its farewell. */
bool postgres_quiet(const struct postgres_link *l);
bool postgres_lost(const struct postgres_link *l);   /* the connection is no more */
void postgres_give_up(struct postgres_link *l);      /* from now on it counts as lost */
int postgres_socket(const struct postgres_link *l);  /* for poll */
int postgres_process(const struct postgres_link *l); /* the server's process at its other end, as notifications name it */
/* Names the history of the data on this server: differs after a failover, for then what was committed before may be lost. */
enum { POSTGRES_HISTORY_SIZE = 40 };
const char *postgres_history(const struct postgres_link *l);

/* Into the pipeline; what cannot be sent makes the link lost. Values are copied. */
enum { POSTGRES_NAME_SIZE = 16 };
void postgres_send_prepare(struct postgres_link *l, const char *name, const char *text, const struct db_call *call);
void postgres_send_call(struct postgres_link *l, const char *name, const struct db_call *call);
void postgres_send_end(struct postgres_link *l);
/* The answer to the next thing sent. The end's is DONE too: then everything before it holds, where no transaction was open. */
enum postgres_status {
    POSTGRES_DONE,
    POSTGRES_REFUSED, /* *answer says why; what follows up to the end is skipped */
    POSTGRES_SKIPPED,
    POSTGRES_LOST, /* no answer will come */
};
enum postgres_status postgres_receive(struct postgres_link *l, struct postgres_answer **answer);
/* Several statements without values, outside of any pipeline: DONE, REFUSED or LOST. */
enum postgres_status postgres_script(struct postgres_link *l, const char *text, struct postgres_answer **answer);
/* Reads what has come, without waiting, and tells of each notification which process sent it. False: the link is lost. */
struct postgres_heard {
    void (*from)(void *context, int process);
    void *context;
};
bool postgres_notified(struct postgres_link *l, const struct postgres_heard *heard);

void postgres_answer_free(struct postgres_answer *a); /* NULL is allowed */
size_t postgres_rows(const struct postgres_answer *a);
size_t postgres_columns(const struct postgres_answer *a);
/* Lives as long as the answer; absent: NULL. */
str postgres_value(const struct postgres_answer *a, size_t row, size_t column);
int64_t postgres_changed(const struct postgres_answer *a);     /* rows that the statement wrote */
const char *postgres_tag(const struct postgres_answer *a);     /* the command that was done */
const char *postgres_state(const struct postgres_answer *a);   /* SQLSTATE; "" when it has none */
const char *postgres_message(const struct postgres_answer *a); /* the server's words, for the log alone */
#endif
