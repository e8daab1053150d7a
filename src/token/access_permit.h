/* SPDX-License-Identifier: MIT
 * access_permit: what both makes of access token ask of a permit. Private to token/. */
#ifndef JETON_TOKEN_ACCESS_PERMIT_H
#define JETON_TOKEN_ACCESS_PERMIT_H
#include "token/permit.h"
/* What the rules above us guarantee; a permit that breaks it makes no token: SERVER_ERROR. */
fallible access_permit_whole(const struct permit *p);
bool access_own_subject(const struct permit *p); /* client:<client_id> (TE-08) */
bool access_number_fits(int64_t number);         /* 48 bits: rows and seconds until the year 8,921,556 */
#endif
