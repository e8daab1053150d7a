/* SPDX-License-Identifier: MIT
 * grant_code: the parts of the code grant that are judged apart: what is asked, and what came back. */
#ifndef JETON_CLI_CLIENT_GRANT_CODE_H
#define JETON_CLI_CLIENT_GRANT_CODE_H
#include "cli/client/token_flow.h"
struct grant_code_secrets {
    str state, verifier, redirect_uri;
};
/* The address that the person opens, whatever stands before it (a pushed request, a signed one). */
fallible grant_code_address(struct arena *a, struct token_flow *f, const struct grant_code_secrets *secrets, str *address, const char **trouble);
/* What came back, a query or a form: signature (JARM), state, iss (RFC 9207), error. */
fallible grant_code_judge(struct arena *a, struct token_flow *f, str state, str query, str *code, const char **trouble);
#endif
