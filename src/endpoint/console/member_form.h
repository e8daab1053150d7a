/* SPDX-License-Identifier: MIT
 * member_form: registered metadata in a client's form: one field for each row of client/metadata, in sections that open. Private to
 * the console. */
#ifndef JETON_ENDPOINT_CONSOLE_MEMBER_FORM_H
#define JETON_ENDPOINT_CONSOLE_MEMBER_FORM_H
#include "endpoint/call.h"
void member_form_kept(const struct call *c, struct page_fields *f, const struct db_client *client); /* as it is stored; NULL: a new one */
void member_form_typed(struct call *c, struct page_fields *f, const struct problems *p);
/* What was sent into edit->metadata. A form without these sections changes nothing of them. */
void member_form_read(struct call *c, struct client_edit *edit);
#endif
