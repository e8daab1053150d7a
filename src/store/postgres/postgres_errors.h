/* SPDX-License-Identifier: MIT
 * postgres_errors: what the server's SQLSTATEs mean to us, private to store/postgres/. */
#ifndef JETON_STORE_POSTGRES_POSTGRES_ERRORS_H
#define JETON_STORE_POSTGRES_POSTGRES_ERRORS_H
#include "store/postgres/postgres_conn.h"

/* FINE: a broken constraint (CONFLICT, NOT_FOUND). What is not that, nor a matter of order, is told in the log, each state once a minute. */
err postgres_errors_judge(const struct postgres_answer *refusal, enum postgres_trouble *trouble);
#endif
