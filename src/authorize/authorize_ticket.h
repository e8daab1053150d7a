/* SPDX-License-Identifier: MIT
 * authorize_ticket: what a request carries over our own pages and back: sealed, of this server, of no meaning to anybody else. */
#ifndef JETON_AUTHORIZE_AUTHORIZE_TICKET_H
#define JETON_AUTHORIZE_AUTHORIZE_TICKET_H
#include "session/session.h"
/* Was a password given just now, after the ticket was made, and has the browser's cookie changed with it? (AZ-12) */
bool authorize_ticket_login(struct context *ctx, str ticket, const struct session *s);
/* Did the person at this very session press the button of the account page? */
bool authorize_ticket_choice(struct context *ctx, str ticket, const struct session *s);
/* Number of the pushed request that this browser began in time; 0: none. */
int64_t authorize_ticket_pushed(struct context *ctx, str ticket);
#endif
