/* SPDX-License-Identifier: MIT
 * password: Argon2id (RFC 9106; 19 MiB, t=2, p=1: OWASP's first choice), stored as a PHC string; bcrypt `$2y$`, `$2a$`, `$2b$`
 * hashes from elsewhere verify too. A call takes about 50 ms of one core and 19 MiB: only the hash lane may make it.
 * Passwords are bytes: there is no Unicode normalisation here (NFC), so a caller that wants two spellings of one letter to be
 * the same password normalises before. */
#ifndef JETON_CRYPTO_PASSWORD_H
#define JETON_CRYPTO_PASSWORD_H
#include "base/str.h"
enum { PASSWORD_HASH_MAX = 256, PASSWORD_MIN = 8, PASSWORD_MAX = 1024 }; /* code points, bytes */
fallible password_hash(str password, char out[PASSWORD_HASH_MAX]);
/* Runs the whole hash always: with hash absent (no such user) against a dummy, and then *matches is false (LS-11).
 * The same for a hash that is not known (a locked account's `!`) and for a password over PASSWORD_MAX. A password over the 72
 * bytes that bcrypt reads costs a whole bcrypt and does not match (LS-12). */
fallible password_verify(str password, str hash, bool *matches);
bool password_outdated(str hash); /* other algorithm or weaker parameters: hash again at the next login */
bool password_hash_known(str hash); /* is it one that password_verify understands? */
#endif
