/* SPDX-License-Identifier: MIT
 * db_user_text: relies on codec/text for what is the same to a person. Promises that no two people have one name, and none has another's
 * verified address, as an address or as a name; that a name looks like another's only when somebody wanted it so. */
#include "store/table/db_user_text.h"

#include "base/log.h"
#include "codec/text.h"

#include "base/banned.h"

enum { SAME_NAME, SAME_LOOK, EMAIL_OF, PORTION, FILL, DOUBT_SHARED, DOUBT_NAMED };
#define OTHERS " AND number <> $2 AND removed_at = 0 ORDER BY number LIMIT 1"
/* Whoever has it longest keeps it. */
#define DOUBT                                                                                                                                     \
    "UPDATE users SET email_verified = 0, version = version + 1, claims = replace(claims, '\"email_verified\":true', '\"email_verified\":false')" \
    " WHERE email_verified = 1 AND EXISTS (SELECT 1 FROM users AS o WHERE o.removed_at = 0 AND "
static const char *const texts[] = {
    [SAME_NAME] = "SELECT username FROM users WHERE username_key = $1" OTHERS,
    [SAME_LOOK] = "SELECT username FROM users WHERE username_skeleton = $1" OTHERS,
    [EMAIL_OF] = "SELECT username FROM users WHERE email_key = $1 AND email_verified = 1" OTHERS,
    [PORTION] = "SELECT number, username, email FROM users WHERE number > $1 AND removed_at = 0 ORDER BY number LIMIT 256",
    [FILL] = "UPDATE users SET username_skeleton = $2, email_key = $3 WHERE number = $1 RETURNING number",
    [DOUBT_SHARED] = DOUBT "o.email_key = users.email_key AND o.email_verified = 1 AND o.number < users.number) RETURNING number",
    [DOUBT_NAMED] = DOUBT "o.username_key = users.email_key AND o.number <> users.number) RETURNING number",
};
DB_STATEMENTS(user_text, texts);

struct named {
    int64_t number;
    str username, email;
};
static const struct db_field named_fields[] = {
    {DB_INT, offsetof(struct named, number)}, {DB_TEXT, offsetof(struct named, username)}, {DB_TEXT, offsetof(struct named, email)}};
static const struct db_columns named_columns = DB_COLUMNS(struct named, named_fields);
static const struct db_field name_fields[] = {{DB_TEXT, 0}};
static const struct db_columns name_columns = {sizeof(str), name_fields, 1};

err db_user_text_of(struct arena *a, str username, str email, struct db_user_text *out)
{
    struct db_user_text text = {.skeleton = STR_ABSENT, .email = STR_ABSENT, .email_name = STR_ABSENT};
    str shown;
    TRY(text_username(a, username, &text.shown, &text.key)); /* LS-21 */
    TRY(text_lower(a, text.shown, &text.name_email));
    if (str_filled(email)) {
        TRY(text_lower(a, email, &text.email));
        err named = text_username(a, email, &shown, &text.email_name);
        if (FAILED(named) && named.kind != ERR_INVALID_REQUEST)
            return named;
    }
    *out = text;
    return OK;
}

struct question {
    size_t line;
    str key;
    enum db_user_clash_with with;
};

static err ask_name_clash(struct db_conn *c, struct arena *a, const struct question *q, int64_t number, struct db_user_clash *clash)
{
    void *row = NULL;
    if (!str_filled(q->key))
        return OK;
    TRY(db_one(c, a, CALL(q->line, P_TEXT(q->key), P_INT(number)), &name_columns, &row));
    if (row == NULL)
        return OK;
    clash->with = q->with;
    clash->other = *(str *)row;
    REFUSE(CONFLICT, "The username or e-mail address belongs to another user.", "store: name or address of another person");
}

err db_user_text_free(struct db_conn *c, struct arena *a, const struct db_user *user, struct db_user_text *text, const struct db_user *before,
                      struct db_user_clash *clash)
{
    struct db_user_text was = {.key = STR_ABSENT, .shown = STR_ABSENT};
    if (before != NULL)
        TRY(db_user_text_of(a, before->username, before->email, &was));
    bool named = before == NULL || !str_equal(was.key, text->key);
    bool looks = before == NULL || !str_equal(was.shown, text->shown);
    if (looks)
        TRY(text_skeleton(a, text->shown, &text->skeleton)); /* LS-22: as it is seen: I looks like l, i does not */
    looks = looks && !clash->look_alike_wanted;
    bool verified = user->email_verified && !(before != NULL && before->email_verified && str_equal(was.email, text->email));
    const struct question questions[] = {
        {SAME_NAME, named ? text->key : STR_ABSENT, DB_USER_CLASH_NAME},
        {EMAIL_OF, named ? text->name_email : STR_ABSENT, DB_USER_CLASH_NAME_IS_EMAIL},
        {SAME_LOOK, looks ? text->skeleton : STR_ABSENT, DB_USER_CLASH_LOOK},
        {EMAIL_OF, verified ? text->email : STR_ABSENT, DB_USER_CLASH_EMAIL},
        {SAME_NAME, verified ? text->email_name : STR_ABSENT, DB_USER_CLASH_EMAIL_IS_NAME},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        TRY(ask_name_clash(c, a, &questions[i], user->number, clash));
    return OK;
}

/* ---- people from before ---- */

static err fill_portion(struct db_conn *c, struct arena *a, int64_t *last, size_t *count, int64_t *unlooked)
{
    struct db_rows rows = {NULL, 0};
    TRY(db_many(c, a, CALL(PORTION, P_INT(*last)), &named_columns, &rows));
    const struct named *people = rows.rows;
    for (size_t i = 0; i < rows.count; i++) {
        struct db_user_text text;
        err e = db_user_text_of(a, people[i].username, people[i].email, &text);
        *last = people[i].number;
        if (e.kind == ERR_INVALID_REQUEST)
            continue; /* a name that no program ever took */
        TRY(e);
        err looked = text_skeleton(a, text.shown, &text.skeleton);
        if (FAILED(looked)) { /* no ICU: a server that only misses what its people look like starts all the same */
            text.skeleton = STR_ABSENT;
            *unlooked += 1;
        }
        TRY(db_run(c, CALL(FILL, P_INT(people[i].number), P_TEXT(text.skeleton), P_TEXT(text.email)), NULL));
    }
    *count = rows.count;
    return OK;
}

static err unverify_doubtful_emails(struct db_conn *c)
{
    int64_t shared = 0, named = 0;
    TRY(db_run(c, CALL_ALONE(DOUBT_SHARED), &shared));
    TRY(db_run(c, CALL_ALONE(DOUBT_NAMED), &named));
    if (shared + named > 0)
        LOG(WARN, "store.verified_emails", LOG_INT("no_longer_verified", shared + named),
            LOG_STR("why", STR("the address is another person's verified address or username; see docs/people.md")));
    return OK;
}

err db_user_text_fill(struct db_conn *c)
{
    enum { PORTION_MEMORY = 8 << 20 };
    struct arena *a = arena_new(PORTION_MEMORY);
    int64_t last = 0, unlooked = 0;
    size_t count = 1;
    err e = a != NULL ? OK : ERR(UNAVAILABLE, "store: out of memory");
    while (!FAILED(e) && count > 0) {
        arena_reset(a);
        e = fill_portion(c, a, &last, &count, &unlooked);
    }
    arena_release(a);
    if (unlooked > 0)
        LOG(WARN, "store.names_unlooked", LOG_INT("people", unlooked),
            LOG_STR("why", STR("without the package libicu72 usernames cannot be compared for how they look, so new ones are not compared with these")));
    return FAILED(e) ? e : unverify_doubtful_emails(c);
}
