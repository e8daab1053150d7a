/* SPDX-License-Identifier: MIT
 * postgres_ask: what is asked of this engine alone: outcomes of commits, the feed's heads, the housekeeper's lock, texts of the server's own making. */
#include "store/postgres/postgres_batch.h"

#include "store/postgres/postgres_errors.h"

#include "base/banned.h"

err postgres_conn_outcome(struct postgres_conn *c, const struct postgres_conn *gone, enum postgres_outcome *out)
{
    static const char *const words[] = {[POSTGRES_COMMITTED] = "committed", [POSTGRES_ABORTED] = "aborted", [POSTGRES_OPEN] = "in progress"};
    const struct db_param params[] = {P_TEXT(str_of(gone->id)), P_TEXT(str_of(postgres_history(gone->link)))};
    const struct db_call call = {&postgres_batch_own, OWN_OUTCOME, params, 2};
    struct postgres_answer *answer = NULL;
    TRY(postgres_statement_exchange(c, &call, &answer));
    str word = postgres_rows(answer) == 1 ? postgres_value(answer, 0, 0) : STR_ABSENT;
    *out = POSTGRES_UNKNOWN;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_is(word, words[i]))
            *out = (enum postgres_outcome)i;
    postgres_answer_free(answer);
    return OK;
}

err postgres_conn_housekeeper(struct postgres_conn *c, bool *chosen)
{
    int64_t value = 0;
    bool found = false;
    TRY(postgres_conn_scalar(&c->base, &(const struct db_call){&postgres_batch_own, OWN_CHOSEN, NULL, 0}, &value, &found));
    *chosen = found && value == 1;
    return OK;
}

err postgres_conn_heads(struct postgres_conn *c, struct postgres_heads *out)
{
    struct postgres_answer *answer = NULL;
    TRY(postgres_statement_exchange(c, &(const struct db_call){&postgres_batch_own, OWN_HEADS, NULL, 0}, &answer));
    bool whole = postgres_rows(answer) == 2;
    err e = whole ? postgres_statement_number(postgres_value(answer, 0, 0), &out->change) : ERR(UNAVAILABLE, "store: the feed's counters are missing");
    if (!FAILED(e))
        e = postgres_statement_number(postgres_value(answer, 1, 0), &out->revocation);
    postgres_answer_free(answer);
    return e;
}

err postgres_conn_listen(struct postgres_conn *c)
{
    return postgres_conn_run(&c->base, &(const struct db_call){&postgres_batch_own, OWN_LISTEN, NULL, 0}, NULL);
}

/* Outside of the pipeline. The answer is the caller's. */
static err run_text(struct postgres_conn *c, const char *sql, struct postgres_answer **answer)
{
    TRY(postgres_batch_usable(c));
    struct postgres_batch b = {.c = c};
    postgres_batch_waiting(&b);
    err e = b.count > 0 ? postgres_batch_go(&b) : OK;
    postgres_batch_free(&b);
    c->waits = 0;
    c->begun = c->base.open;
    if (!FAILED(e) && postgres_script(c->link, sql, answer) != POSTGRES_DONE) {
        e = postgres_batch_lost(c);
        if (*answer != NULL)
            e = postgres_errors_judge(*answer, &c->trouble);
    }
    c->broken = c->broken || (FAILED(e) && c->base.open);
    return e;
}

err postgres_conn_script(struct db_conn *base, const char *sql)
{
    struct postgres_answer *answer = NULL;
    err e = run_text(postgres_conn_of(base), sql, &answer);
    postgres_answer_free(answer);
    return e;
}

err postgres_conn_ask(struct db_conn *base, struct arena *a, const char *sql, str *out)
{
    struct postgres_answer *answer = NULL;
    err e = run_text(postgres_conn_of(base), sql, &answer);
    if (!FAILED(e) && postgres_rows(answer) > 0) {
        *out = str_dup(a, postgres_value(answer, 0, 0));
        if (!str_present(*out))
            e = ERR(UNAVAILABLE, "store: the arena is full");
    }
    postgres_answer_free(answer);
    return e;
}
