/* SPDX-License-Identifier: MIT
 * pipeline: the way of one request through the house, from arrival to answer. The callbacks of http/listen. */
#ifndef JETON_SERVER_PIPELINE_H
#define JETON_SERVER_PIPELINE_H
#include "server/app.h"
struct pipeline { /* lives in the request's arena */
    struct exchange *exchange;
    struct app *app;
    const struct route *route; /* NULL: no such address */
    unsigned methods;          /* that the address takes, when the method was wrong */
    struct call call;
    struct context context;
    struct context_proof proven; /* by the DPoP header, however often the request is run */
    str interaction_id;          /* x-fapi-interaction-id of the answer; absent: none was due */
    bool refusal_audited;        /* the audit trail has an event about this refusal already */
    enum route_pool pool;
    str admitted; /* client id: admitted on a worker before its own pool (client_auth_waits); absent: not yet */
    struct pool_job pool_job;
    struct store_job store_job;
    err outcome;   /* WRITE: what the handler said, until the commit is known */
    bool finished; /* the answer has its common headers */
};

void pipeline_locate(struct request *r, void *app);                  /* moves the request below the issuer's path */
enum guard_names pipeline_names(const struct request *r, void *app); /* to which names its address answers */
void pipeline_arrive(struct exchange *x, void *app);
void pipeline_refused(struct exchange *x, err why, void *app);
void pipeline_gone(struct exchange *x, void *app);
#endif
