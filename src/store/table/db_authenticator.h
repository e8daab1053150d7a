/* SPDX-License-Identifier: MIT
 * db_authenticator: what people prove themselves with beside their password, and the codes on paper for who lost it. Whoever adds or takes away something here keeps
 * users.second_factors, so that every rule knows from the person alone what they have. */
#ifndef JETON_STORE_TABLE_DB_AUTHENTICATOR_H
#define JETON_STORE_TABLE_DB_AUTHENTICATOR_H
#include "store/store.h"
#define DB_FACTOR_TOTP     "totp"
#define DB_FACTOR_RECOVERY "recovery"
enum { DB_AUTHENTICATORS_MAX = 10 /* of one person */, DB_RECOVERY_CODES = 10 };
struct db_authenticator {
    int64_t number;
    str id; /* UUID text */
    int64_t user_number;
    str kind;        /* DB_FACTOR_TOTP */
    str name;        /* as its owner calls it */
    str secret;      /* a box of the keeper, sealed under id */
    int64_t counter; /* what was shown last: a step of RFC 6238 */
    unix_time created_at, last_used_at;
};
/* number is filled in; id is given, since the secret is sealed under it. The person's other sessions end but keep_session, with what was allowed in them (RF-08): they were opened without it. UNPROCESSABLE: there are
 * DB_AUTHENTICATORS_MAX; NOT_FOUND: no such person. */
fallible db_authenticator_add(struct tx *tx, struct arena *a, struct db_authenticator *row, int64_t keep_session);
fallible db_authenticator_list(struct tx *tx, struct arena *a, int64_t user_number, struct db_authenticator **rows, size_t *count); /* oldest first */
/* Takes what was shown, once and in ascending order: *taken false when this or a later one was taken before. Durable soon (store_together_soon). */
fallible db_authenticator_take(struct tx *tx, int64_t number, int64_t counter, unix_time at, bool *taken);
/* The person's other sessions end likewise. With the last one the recovery codes go too: there is nothing left to recover. */
fallible db_authenticator_remove(struct tx *tx, struct arena *a, int64_t user_number, str id, int64_t keep_session, bool *removed);
/* All of them and the recovery codes, and all of the person's sessions likewise. *any false: there were none, and nothing has changed. */
fallible db_authenticator_reset(struct tx *tx, struct arena *a, int64_t user_number, bool *any);
/* These in place of whatever there was. */
fallible db_recovery_replace(struct tx *tx, struct arena *a, int64_t user_number, const struct token_hash hashes[DB_RECOVERY_CODES]);
fallible db_recovery_take(struct tx *tx, struct arena *a, int64_t user_number, const struct token_hash *hash, bool *taken); /* once */
fallible db_recovery_count(struct tx *tx, int64_t user_number, int64_t *left);
#endif
