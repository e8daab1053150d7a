/* SPDX-License-Identifier: MIT
 * postgres_batch: what the files of one connection share, private to them (postgres_conn, postgres_statement, postgres_ask): its state, and several
 * statements in one round trip. */
#ifndef JETON_STORE_POSTGRES_POSTGRES_BATCH_H
#define JETON_STORE_POSTGRES_POSTGRES_BATCH_H
#include "base/buf.h"
#include "store/postgres/postgres_conn.h"

/* The driver's own statements: a table like others. Those from OWN_SHARED on are guards. */
enum {
    OWN_BEGIN,
    OWN_SNAPSHOT,
    OWN_COMMIT,
    OWN_ROLLBACK,
    OWN_SAVE,
    OWN_KEEP,
    OWN_UNDO,
    OWN_STEP,
    OWN_STEP_KEEP,
    OWN_STEP_UNDO,
    OWN_ID,
    OWN_LINES,
    OWN_TRIM,
    OWN_NOTIFY,
    OWN_OUTCOME,
    OWN_CHOSEN,
    OWN_HEADS,
    OWN_LISTEN,
    OWN_SOON,
    OWN_SHARED,
    OWN_ALONE = OWN_SHARED + DB_GUARD_COUNT,
    OWN_COUNT = OWN_ALONE + DB_GUARD_COUNT
};
extern const struct db_statements postgres_batch_own;

enum {
    POSTGRES_SLOTS = (int)POSTGRES_STATEMENTS * (int)DB_STATEMENTS_LINES,
    POSTGRES_WAITING_MAX = 8, /* what waits for the next statement */
    POSTGRES_SENT_MAX = 6,    /* what is sent and not answered yet */
    POSTGRES_BATCH_MAX = 24,  /* what is answered at once */
    POSTGRES_DEPTH_MAX = 8,   /* savepoints within savepoints */
    POSTGRES_KEY_MAX = 32,
    POSTGRES_ID_SIZE = 24
};

enum postgres_slot_state { SLOT_NEW, SLOT_ASKED, SLOT_READY };
/* A statement is sent as it is written, or in a form of our own: FORM_EXPECTED, of a change of which one row is expected: the server refuses it when there is another
 * number of rows, and so skips what follows, the COMMIT too; FORM_NAMING, of a question: the open transaction's name stands in one column more. */
enum postgres_form { FORM_PLAIN, FORM_EXPECTED, FORM_NAMING, FORM_COUNT };
struct postgres_slot {                 /* of a statement */
    uint8_t states[FORM_COUNT], feeds; /* feeds: enum db_change_kind */
    bool known, writes, breaks, names; /* known: what its text says is noted; names: it has a FORM_NAMING */
};
struct postgres_item {
    uint8_t *state; /* in its slot */
    bool prepares;
    struct postgres_answer *answer;
};
struct postgres_waiting {
    size_t line;
    struct db_param key; /* of a guard */
    char text[POSTGRES_KEY_MAX];
};
struct postgres_mark { /* how much of the feed's lines there was at a savepoint */
    size_t kinds, keys;
    int64_t count;
};
struct postgres_conn {
    struct db_conn base; /* first: a pointer to it is one to this */
    struct postgres_link *link;
    bool apart;                   /* the pool's */
    bool begun, broken, snapshot; /* begun: the server knows of the open transaction */
    enum postgres_trouble trouble;
    bool expects, wrote;       /* expects: answers to expected changes may be waited for later; wrote: the open transaction, or the last one */
    char id[POSTGRES_ID_SIZE]; /* of the open transaction or of the last one; "": it is not known */
    struct postgres_waiting waiting[POSTGRES_WAITING_MAX];
    size_t waits;
    struct postgres_item sent[POSTGRES_SENT_MAX]; /* before what waits; answered first by the next batch */
    size_t sents;
    struct arena *arena;    /* of the lines */
    struct buf kinds, keys; /* the inside of two arrays of SQL */
    int64_t lines;
    struct postgres_mark marks[POSTGRES_DEPTH_MAX];
    size_t depth;
    struct postgres_slot slots[POSTGRES_SLOTS];
};

struct postgres_batch {
    struct postgres_conn *c;
    struct postgres_item items[POSTGRES_BATCH_MAX];
    size_t count, refused;                  /* refused: the item that was; count: none */
    struct db_call own[POSTGRES_BATCH_MAX]; /* the calls of our own statements */
};

struct postgres_slot *postgres_batch_slot(struct postgres_conn *c, const struct db_call *call);
void postgres_batch_add(struct postgres_batch *b, const struct db_call *call, enum postgres_form form);
void postgres_batch_own_add(struct postgres_batch *b, size_t line, const struct db_param *params, size_t count);
void postgres_batch_sent(struct postgres_batch *b);    /* what is sent and not answered yet; first of all */
void postgres_batch_waiting(struct postgres_batch *b); /* the same, and what waits on the connection */
/* Sends the end and waits for all answers. Failing is always a trouble of the connection, but for a broken constraint. */
fallible postgres_batch_go(struct postgres_batch *b);
void postgres_batch_free(struct postgres_batch *b);

void postgres_batch_wait(struct postgres_conn *c, size_t line); /* for the next statement, with which it is sent */
fallible postgres_batch_usable(struct postgres_conn *c);        /* UNAVAILABLE: the open transaction was lost */
fallible postgres_batch_lost(struct postgres_conn *c);
bool postgres_batch_constraint(err e);
/* A batch failed inside the open transaction; `stepped`: by a statement that stood in a savepoint of its own. */
void postgres_batch_failed(struct postgres_conn *c, err e, bool stepped);

/* One statement with what waits for it. The answer is the caller's. Outside of a transaction a change whose answer was lost is UNSURE. */
fallible postgres_statement_exchange(struct postgres_conn *c, const struct db_call *call, struct postgres_answer **out);
fallible postgres_statement_number(str text, int64_t *out); /* SERVER_ERROR: it is none */
#endif
