/* SPDX-License-Identifier: MIT
 * scope: words of RFC 6749 3.3: form, what a client may ask for, narrowing. */
#ifndef JETON_GRANT_SCOPE_H
#define JETON_GRANT_SCOPE_H
#include "directory/client.h"
enum { SCOPE_WORDS_MAX = 64, SCOPE_BYTES_MAX = 2048 };
/* Asked absent or blank: the client's own list. Each word must be known and in the client's list: INVALID_SCOPE whose `say` tells how to mend
 * it (AZ-15). Result in the order asked, without repeats. */
fallible scope_grant(const struct ground *g, const struct db_client *client, str asked, str *granted);
/* RFC 6749 6: every word of `asked` is in `whole`; asked absent: all. INVALID_SCOPE. */
fallible scope_narrow(struct arena *a, str whole, str asked, str *narrowed);
/* The words of `words` that are in `whole` too. */
fallible scope_common(struct arena *a, str words, str whole, str *common);
bool scope_within(str words, str whole);
#endif
