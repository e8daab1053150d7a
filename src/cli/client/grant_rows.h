/* SPDX-License-Identifier: MIT
 * grant_rows: what the grants' files give to the table in token_flow.c. */
#ifndef JETON_CLI_CLIENT_GRANT_ROWS_H
#define JETON_CLI_CLIENT_GRANT_ROWS_H
#include "cli/client/token_flow.h"
fallible grant_code(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
fallible grant_password(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
fallible grant_credentials(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
fallible grant_refresh(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
fallible grant_exchange(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
fallible grant_bearer(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
fallible grant_device(struct arena *a, struct token_flow *f, json **response, const char **trouble);
fallible grant_ciba(struct arena *a, struct token_flow *f, json **response, const char **trouble);
/* Asks the token endpoint again and again until there is a verdict (RFC 8628 3.5, CIBA 11). `answer`: what names interval and
 * lifetime. */
struct grant_poll {
    const char *name; /* of the parameter that carries the code */
    str code;
    const json *answer;
};
fallible grant_poll(struct arena *a, struct token_flow *f, const struct grant_poll *poll, json **response, const char **trouble);
/* The seconds to wait before the next request after `error`; negative: there is no next one. */
int64_t grant_poll_next(str error, int64_t interval);
#endif
