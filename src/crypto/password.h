/* SPDX-License-Identifier: MIT
 * password: Argon2id (RFC 9106; 19 MiB, t=2, p=1: OWASP's first choice), stored as a PHC string; bcrypt `$2y$`, `$2a$`, `$2b$`
 * hashes from elsewhere verify too. A call takes about 50 ms of one core and 19 MiB: only the HASH pool may make it.
 * Passwords are bytes: there is no Unicode normalisation here (NFC), so a caller that wants two spellings of one letter to be
 * the same password normalises before. */
#ifndef JETON_CRYPTO_PASSWORD_H
#define JETON_CRYPTO_PASSWORD_H
#include "base/str.h"
enum { PASSWORD_HASH_MAX = 256, PASSWORD_MIN = 8, PASSWORD_MAX = 1024 }; /* code points, bytes */
fallible password_hash(str password, char out[PASSWORD_HASH_MAX]);
/* The beginning of a hash that says algorithm and cost (crypt's word), cut from it: $2y$10$, $argon2id$v=19$m=19456,t=2,p=1$; absent: not known. */
str password_setting(str hash);
/* Settings of hashes that other people here have: the same work is done for every name, whatever hash it has (LS-11). */
struct password_settings {
    const str *settings;
    size_t count;
};
/* Does the work of one hash of our own, one of each of the settings and one of the hash's own; one of them is the real one. So all names cost
 * the same as long as the hash's setting is among them. With hash absent (no such user), one that is not known (a locked account's
 * `!`), or a password over PASSWORD_MAX all are dummies and *matches is false. A password over the 72 bytes that bcrypt reads costs a
 * whole bcrypt and does not match (LS-12). */
fallible password_verify(str password, str hash, const struct password_settings *others, bool *matches);
bool password_foreign(str hash);       /* has it another setting than those made here? */
bool password_outdated(str hash);      /* other algorithm or weaker parameters: hash again at the next login */
bool password_hash_known(str hash);    /* is it one that password_verify understands? */
bool password_hash_bearable(str hash); /* may it be brought in? At most sixteen times our own work, bcrypt to cost 13: every login pays for it */
#endif
