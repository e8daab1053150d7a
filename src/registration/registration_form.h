/* SPDX-License-Identifier: MIT
 * registration_form: the members of RFC 7591 as a change of a client. Private to registration. */
#ifndef JETON_REGISTRATION_REGISTRATION_FORM_H
#define JETON_REGISTRATION_REGISTRATION_FORM_H
#include "client/redirect_rules.h"
#include "registration/registration.h"
struct registration_right {
    str grants, scopes;          /* words: what may be chosen */
    str method;                  /* how it authenticates unless it says; absent: client_secret_basic (RFC 7591 2) */
    struct redirect_leave leave; /* redirect_rules_leave */
};
/* Everything that software may set; absent members become their defaults. What cannot be registered is left out where that does no harm
 * (RFC 7591 3.2.1; the table of metadata says where); a problem is what would weaken the client, and that nothing sensible is left. */
fallible registration_form_read(struct context *ctx, const json *body, const struct registration_right *right, struct client_edit *edit, struct problems *p);
/* The fields of problems under the names that RFC 7591 has for them. */
void registration_form_rename(struct problems *p);
#endif
