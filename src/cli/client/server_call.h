/* SPDX-License-Identifier: MIT
 * server_call: one form to one endpoint of the authorization server: the client authenticated, a DPoP proof beside it when
 * asked, the answer a JSON object. */
#ifndef JETON_CLI_CLIENT_SERVER_CALL_H
#define JETON_CLI_CLIENT_SERVER_CALL_H
#include "cli/client/assertion.h"
#include "fetch/fetch.h"
struct server_call {
    const char *endpoint; /* its name in the metadata */
    str form;             /* without the client's authentication */
    bool proof;           /* with a DPoP proof, when the person wants DPoP */
    bool named;           /* client_id stands in the form already */
    bool empty;           /* an empty body is an answer (RFC 7009 2.2) */
};
struct server_answer {
    long status;
    json *body; /* an object; NULL: empty */
    str error;  /* absent: none */
};
/* OK also for a refusal: then `error` is there. Else *trouble says what is wrong with the answer or the way to it. */
fallible server_call_post(struct arena *a, struct token_flow *f, const struct server_call *call, struct server_answer *out, const char **trouble);
/* OK for a success; else *trouble is what the server said, and what may help. */
fallible server_call_judge(struct arena *a, const struct token_flow *f, const struct server_answer *answer, const char **trouble);
/* The same for an error that came by another way. */
const char *server_call_refusal(struct arena *a, str error, str description);
str server_call_printable(struct arena *a, str text); /* other bytes become ? */
/* The files of the person's choice, and the address, for a request of our own. */
struct fetch_request server_call_request(const struct token_flow *f, str address);
/* The header line with a fresh proof. */
fallible server_call_prove(struct arena *a, const struct token_flow *f, const struct assertion_proof *about, str *header);
/* Does the person's certificate go to the server on each direct connection? */
bool server_call_mutual(const struct token_flow *f);
/* The way of client authentication that is used. */
const char *server_call_method(const struct token_flow *f);
#endif
