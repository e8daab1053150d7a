/* SPDX-License-Identifier: MIT
 * db_user: people. `number` is the row, `id` the public identifier (UUID text, never used twice). username_key is the name as it is compared
 * (text_username) and unique; a removed user leaves a tombstone without personal data, so that ids never come back. */
#ifndef JETON_STORE_TABLE_DB_USER_H
#define JETON_STORE_TABLE_DB_USER_H
#include "store/store.h"
struct db_user {
    int64_t number;
    str id, username, email, full_name;
    str password_hash; /* absent: cannot log in by password */
    bool admin, blocked;
    bool must_change_password; /* nothing else can be done before */
    bool email_verified;       /* by somebody else than the person; no two people have one verified address */
    str second_factors;        /* words: kinds of authenticators beside the password (db_authenticator); absent: none. Never written here */
    str permissions;           /* words such as view-users; an admin has all */
    str claims;                /* standard claims (OpenID Connect Core 5.1) that have no column here: one JSON object; absent: none */
    unix_time created_at, updated_at, last_login_at, password_changed_at;
    int64_t version; /* grows with every change: optimistic locking (AD-05) */
};
/* Bytes: of a username as it is kept, and its key; as it is typed, where decomposed letters take more; of an e-mail address (RFC 5321 4.5.3.1.3 less
 * the brackets). */
enum { DB_USER_NAME_MAX = 255, DB_USER_TYPED_MAX = 1024, DB_USER_EMAIL_MAX = 254 };
enum db_user_clash_with {
    DB_USER_CLASH_NONE = 0,
    DB_USER_CLASH_NAME,
    DB_USER_CLASH_LOOK,
    DB_USER_CLASH_NAME_IS_EMAIL,
    DB_USER_CLASH_EMAIL,
    DB_USER_CLASH_EMAIL_IS_NAME
};
/* What a name or an address clashes with (CONFLICT), looked at in the transaction that writes it. */
struct db_user_clash {
    bool look_alike_wanted; /* in: that the name looks like another's is known and wanted */
    enum db_user_clash_with with;
    str other; /* the other person's username; arena memory */
};
/* id (arena memory), number, version and missing times are filled in. INVALID_REQUEST: no username. clash may be NULL. */
fallible db_user_add(struct tx *tx, struct arena *a, struct db_user *user, struct db_user_clash *clash);
fallible db_user_by_number(struct tx *tx, struct arena *a, int64_t number, struct db_user **out);
fallible db_user_by_id(struct tx *tx, struct arena *a, str id, struct db_user **out);
fallible db_user_by_name(struct tx *tx, struct arena *a, str username, struct db_user **out); /* as typed; what no name can be is nobody's */
/* The person whose verified address this is, else the only one who gave it; in any letter case. */
fallible db_user_by_email(struct tx *tx, struct arena *a, str email, struct db_user **out);
/* The key of counters for what is typed as a name: that of text_username; absent: no name can be so. */
fallible db_user_key(struct arena *a, str typed, str *key);

/* Writes username email email_verified full_name admin blocked permissions must_change_password where version matches; CONFLICT when it does not
 * or the name or address clashes.
 * Refuses (UNPROCESSABLE) to leave no unblocked administrator (AD-07). Blocking ends the person's sessions and grants. */
fallible db_user_save(struct tx *tx, struct arena *a, const struct db_user *user, struct db_user_clash *clash);
/* Ends the person's sessions (but keep_session, 0 for none) and grants in the same transaction, with the access tokens that came of them;
 * personal access tokens too when asked. */
struct db_new_password {
    int64_t user; /* number */
    const char *hash;
    int64_t keep_session; /* number of the session that made the change; 0: none survives */
    bool end_personal_tokens;
    bool must_change; /* at the next login */
};
fallible db_user_set_password(struct tx *tx, struct arena *a, const struct db_new_password *change);
/* Inside a transaction: until its end nobody ends this person's sessions and grants; what was ended before is seen. */
fallible db_user_hold(struct tx *tx, int64_t number);
fallible db_user_rehash(struct tx *tx, int64_t number, str old_hash, const char *new_hash); /* upgrade at login; ends nothing */
fallible db_user_logged_in(struct tx *tx, int64_t number, unix_time at);
fallible db_user_remove(struct tx *tx, struct arena *a, int64_t number); /* ends all; AD-07 holds */
struct db_user_rows {
    struct db_user *rows;
    size_t count;
    int64_t total; /* without limit and offset */
};
/* Columns: username email full_name created_at updated_at last_login_at id. Filter: username, email, full_name. */
fallible db_user_list(struct tx *tx, struct arena *a, const struct db_page *page, struct db_user_rows *out);
#endif
