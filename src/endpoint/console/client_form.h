/* SPDX-License-Identifier: MIT
 * client_form: the fields of a client application's form, and the snippets that show how it gets a token. Private to the
 * console. */
#ifndef JETON_ENDPOINT_CONSOLE_CLIENT_FORM_H
#define JETON_ENDPOINT_CONSOLE_CLIENT_FORM_H
#include "endpoint/call.h"
enum client_form_use { CLIENT_FORM_NEW, CLIENT_FORM_EDIT };
void client_form_fresh(struct call *c, struct page_fields *f);                                /* a new client */
void client_form_kept(struct call *c, struct page_fields *f, const struct db_client *client); /* as it is stored */
/* As it was typed, with what is wrong with it. */
void client_form_typed(struct call *c, struct page_fields *f, enum client_form_use use, const struct problems *p);
/* Everything that the form may set; the rest stays as it is. Malformed numbers are problems. */
struct client_edit client_form_read(struct call *c, struct problems *p);
void client_form_snippets(struct call *c, struct page_fields *f, const struct db_client *client);
#endif
