/* SPDX-License-Identifier: MIT
 * db_logout: who must hear that a session has ended (OpenID Connect Back-Channel Logout 1.0). Relies on being called inside the
 * transaction that ends the sessions, before their rows go; promises that a notice waits in the outbox exactly when the session is gone,
 * and that a full outbox keeps nobody logged in. The notice holds facts alone: the token is made when it is sent. */
#include "codec/json_writer.h"
#include "store/table/db_client_metadata.h"
#include "store/table/db_delivery.h"
#include "store/store_internal.h"

#include "base/banned.h"

enum { WHO };
static const char *const texts[] = {
    /* Whoever was given something in the session, whether or not that has ended before. */
    [WHO] = "SELECT DISTINCT sessions.id, users.id, users.number, clients.number, clients.metadata FROM sessions"
            " JOIN users ON users.number = sessions.user_number"
            " JOIN grants ON grants.user_number = sessions.user_number AND grants.session_id = sessions.id"
            " JOIN clients ON clients.number = grants.client_number"
            " WHERE sessions.user_number = $1 AND (sessions.id = $2 OR $2 = '') AND sessions.number <> $3"
            " AND sessions.expires_at > $4 AND grants.begun_at > 0 AND clients.removed_at = 0 AND clients.disabled = 0"
            " AND clients.metadata LIKE '%backchannel_logout_uri%' LIMIT 1000",
};
DB_STATEMENTS(logout, texts);

struct notice {
    str session_id, user_id;
    int64_t user_number, client_number;
    str metadata;
};
#define FIELD(kind_, member_)                   \
    {                                           \
        kind_, offsetof(struct notice, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_TEXT, session_id), FIELD(DB_TEXT, user_id), FIELD(DB_INT, user_number), FIELD(DB_INT, client_number), FIELD(DB_TEXT, metadata),
};
static const struct db_columns columns = DB_COLUMNS(struct notice, fields);

static err queue_logout_notice(struct db_conn *c, struct arena *a, const struct notice *n)
{
    struct db_client_metadata m;
    struct db_delivery d = {.kind = STR("logout"), .client_number = n->client_number};
    TRY(db_client_metadata_read(a, n->metadata, &m));
    if (!str_filled(m.backchannel_logout_uri))
        return OK;
    struct json_writer facts = json_writer_new(a);
    json_write_object(&facts, NULL);
    json_write_text(&facts, "sub", n->user_id);
    json_write_text(&facts, "sid", n->session_id);
    json_write_integer(&facts, "user", n->user_number);
    json_write_end(&facts);
    TRY(json_writer_done(&facts, &d.body));
    d.url = m.backchannel_logout_uri;
    d.media_type = STR("application/x-www-form-urlencoded");
    err e = db_delivery_within(c, &d);
    return e.kind == ERR_THROTTLED ? OK : e; /* RL-06: nobody stays logged in because an outbox is full */
}

err db_logout_within(struct db_conn *c, struct arena *a, const struct db_logout *which)
{
    struct db_rows who = {NULL, 0};
    str id = str_present(which->session_id) ? which->session_id : STR("");
    TRY(db_many(c, a, CALL(WHO, P_INT(which->user_number), P_TEXT(id), P_INT(which->keep_session), P_INT(clock_now())), &columns, &who));
    const struct notice *rows = who.rows;
    for (size_t i = 0; i < who.count; i++)
        TRY(queue_logout_notice(c, a, &rows[i]));
    return OK;
}
