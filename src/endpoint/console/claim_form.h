/* SPDX-License-Identifier: MIT
 * claim_form: the fields of the standard claims in the forms for people (claim_fields.html), made from user/user_claims. Private
 * to the console. */
#ifndef JETON_ENDPOINT_CONSOLE_CLAIM_FORM_H
#define JETON_ENDPOINT_CONSOLE_CLAIM_FORM_H
#include "user/user_claims.h"
#include "endpoint/call.h"
enum claim_form_for { CLAIM_FORM_OWN = 1, CLAIM_FORM_OTHERS }; /* OTHERS: verdicts too */
/* What the form says, as it was typed; fields that it has not are absent. */
void claim_form_read(struct call *c, enum claim_form_for whose, struct user_claims_edit *edit);
/* The list `claims` of claim_fields.html: values as they are (user NULL: none yet), but typed ones where there are any, and problems. */
struct claim_form {
    enum claim_form_for whose;
    const struct db_user *user;
    const struct user_claims_edit *typed;
    const struct problems *problems;
};
fallible claim_form_put(struct call *c, struct page_fields *f, const struct claim_form *form);
#endif
