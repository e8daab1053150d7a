/* SPDX-License-Identifier: MIT
 * redirect: where an authorization response may go: byte-for-byte one of the registered strings; the port alone may differ for loopback
 * literals (RFC 8252 7.3; RU-01, RU-02). Builds the responses in every mode; nobody else does. */
#ifndef JETON_AUTHORIZE_REDIRECT_H
#define JETON_AUTHORIZE_REDIRECT_H
#include "codec/form.h"
#include "client/client.h"
/* asked absent: the only registered one, else INVALID_REQUEST. INVALID_REQUEST with a `say` for the error page; never redirected (RU-06). */
fallible redirect_match(struct arena *a, const struct db_client *client, str asked, str *uri);
/* OAuth 2.0 Multiple Response Types 2.1, Form Post Response Mode, JARM 2.3. For response_type=code `jwt` is `query.jwt`. */
enum redirect_mode { REDIRECT_QUERY = 0, REDIRECT_FORM_POST, REDIRECT_QUERY_JWT, REDIRECT_FORM_POST_JWT, REDIRECT_FRAGMENT, REDIRECT_FRAGMENT_JWT };
bool redirect_mode_of(str word, enum redirect_mode *out); /* false: not one that is offered (AZ-09) */
extern const str redirect_modes;                          /* all of them, as words */
bool redirect_mode_signed(enum redirect_mode mode);
bool redirect_mode_fragment(enum redirect_mode mode); /* for clients that are registered for it alone: browsers keep fragments longer than queries */
struct redirect_answer {
    const struct db_client *client; /* for JARM: its algorithm, and the audience */
    str uri;                        /* matched */
    enum redirect_mode mode;
    str code;  /* or */
    err error; /* FAILED: error and error_description are sent */
    str state; /* absent: none */
};
enum { REDIRECT_FIELDS_MAX = 4 };
struct redirect_sent {
    str uri;      /* the page's form goes here when location is absent */
    str location; /* 303 to here */
    struct form_field fields[REDIRECT_FIELDS_MAX];
    size_t count;
};
/* Signs for the JARM modes: not on the store's writer. SERVER_ERROR: there is no key of the registered algorithm. */
fallible redirect_send(struct context *ctx, const struct redirect_answer *answer, struct redirect_sent *out);
#endif
