/* SPDX-License-Identifier: MIT
 * way: the way of one request through the house, from arrival to answer. The callbacks of http/listen. */
#ifndef JETON_SERVER_WAY_H
#define JETON_SERVER_WAY_H
#include "server/app.h"
struct way { /* lives in the request's arena */
    struct exchange *exchange;
    struct app *app;
    const struct route *route; /* NULL: no such address */
    unsigned methods;          /* that the address takes, when the method was wrong */
    struct call call;
    struct ground ground;
    struct ground_proof proven; /* by the DPoP header, however often the request is run */
    str interaction_id;        /* x-fapi-interaction-id of the answer; absent: none was due */
    bool refusal_told;         /* the audit trail has an event about this refusal already */
    enum route_runs runs;
    str admitted;              /* client id: admitted on a worker before its own lane (client_auth_waits); absent: not yet */
    struct lane_job lane_job;
    struct store_job store_job;
    err outcome;               /* DURABLE: what the handler said, until the commit is known */
};

void way_locate(struct request *r, void *app); /* moves the request below the issuer's path */
enum guard_names way_names(const struct request *r, void *app); /* to which names its address answers */
void way_arrive(struct exchange *x, void *app);
void way_refused(struct exchange *x, err why, void *app);
void way_gone(struct exchange *x, void *app);
#endif
