/* SPDX-License-Identifier: MIT
 * user: the only code that changes people; API, console and command line call it alike. Every function checks the actor itself
 * (INSUFFICIENT_SCOPE), validates, changes, writes the event. Absent str in an edit = leave as it is. */
#ifndef JETON_USER_USER_H
#define JETON_USER_USER_H
#include "context/actor.h"
#include "context/problem.h"
#include "user/user_claims.h"
enum user_must_change { USER_MUST_CHANGE_AS_IS = 0, USER_MUST_CHANGE_PASSWORD, USER_MUST_CHANGE_NOTHING };
/* What client and person are told while it is due. */
#define USER_MUST_CHANGE_SAY "This user must choose a new password first. The login page of this server asks for it."
struct user_edit {
    str username;          /* 2 characters to 255 bytes (text_username), unique without regard to case and width; blanks at its ends are left out */
    bool allow_look_alike; /* the username may look like another person's; by who may edit others alone */
    str email, full_name;
    str password;                      /* add: may be absent (no password login yet); edit: ignored, see user_password */
    str password_hash;                 /* add by the command line alone: a hash brought from elsewhere (Argon2 PHC, bcrypt); upgraded at the first login */
    int admin;                         /* -1 as it is, 0, 1; only an administrator may change it */
    str permissions;                   /* words; only an administrator may change them; unknown ones refused */
    struct user_claims_edit claims;    /* standard claims; a verdict (VERIFIED) is given by those who may edit others alone, and falls when
                                       the person changes what it is about */
    enum user_must_change must_change; /* the password, at the next login; add, and others' alone */
    int64_t version;                   /* 0: do not check; otherwise CONFLICT when it has moved on */
};
/* `password` is hashed here: call it on the HASH pool. */
fallible user_add(struct context *ctx, const struct actor *by, const struct user_edit *edit, struct problems *p, struct db_user **out);
fallible user_change(struct context *ctx, const struct actor *by, str id, const struct user_edit *edit, struct problems *p);
struct user_password_change {
    /* Is this the person's current password? session/login's login_prove, so that it is counted, answered and recorded like a login. NULL
     * is for the command line alone. INVALID_GRANT: it is not; THROTTLED: *retry_after seconds must pass. */
    fallible (*prove)(struct context *ctx, const struct db_user *user, str current, int64_t *retry_after);
    int64_t retry_after; /* out: with THROTTLED */
    str id;
    str current; /* a person changing their own must give it (LS-13); the command line need not */
    str fresh;
    bool end_personal_tokens;
    bool must_change; /* by the command line; what another person sets must always be changed */
    int64_t keep_session;
};
/* Own password with the current one, a first password for somebody else by who may edit people (AD-06: it must be changed at the next login),
 * or the command line. Ends sessions, grants and their tokens. HASH pool. */
fallible user_password(struct context *ctx, const struct actor *by, struct user_password_change *change, struct problems *p);
/* LS-12: length, the list of common ones, not the username. */
void user_password_judge(struct context *ctx, str password, str username, const char *field, struct problems *p);
fallible user_block(struct context *ctx, const struct actor *by, str id, bool blocked); /* ends all that contract 7 names */
fallible user_remove(struct context *ctx, const struct actor *by, str id);
/* By id, else by username; NULL when there is none. */
fallible user_find(struct context *ctx, str id_or_name, struct db_user **out);
fallible user_list(struct context *ctx, const struct actor *by, const struct db_page *page, struct db_user_rows *out);
/* Sessions and grants of a person: self or an administrator. */
struct db_session;
fallible user_end_session(struct context *ctx, const struct actor *by, int64_t user_number, str session_id, bool *ended);
#endif
