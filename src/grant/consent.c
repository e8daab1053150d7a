/* SPDX-License-Identifier: MIT
 * consent: what a person has allowed. Relies on db_consent for what is remembered and on db_grant for what is alive; promises that
 * an application whose identity is not sure is asked about every time (CO-01), and that taking back ends every token at once. */
#include "grant/consent.h"
#include "codec/url.h"
#include "grant/scope.h"
#include "store/db_consent.h"
#include "base/banned.h"

/* RFC 8252 8.6, CVE-2023-34246: anybody can claim to be a public client, unless its answer goes to an https address that is its own. */
static bool identity_is_sure(const struct db_client *client, str redirect_uri)
{
    return !client->is_public || str_starts(redirect_uri, STR("https://"));
}

fallible consent_needed(struct ground *g, const struct db_client *client, int64_t user_number, const struct consent_question *q, bool *needed)
{
    if (q->forced) {
        *needed = true;
        return OK;
    }
    if (client->first_party && identity_is_sure(client, q->redirect_uri)) {
        *needed = false;
        return OK;
    }
    str remembered;
    TRY(db_consent_get(g->authority->db, g->arena, user_number, client->number, &remembered));
    str asked = str_filled(q->scope) ? q->scope : STR(CONSENT_UNSCOPED); /* nothing is within everything, but is not less (CO-01) */
    *needed = !str_present(remembered) || !scope_within(asked, remembered) || !identity_is_sure(client, q->redirect_uri);
    return OK;
}

static bool may_see(const struct actor *by, int64_t user_number)
{
    return actor_is(by, user_number) || actor_is_admin(by);
}

bool consent_reaches(const struct actor *by, int64_t user_number, const char *permission)
{
    bool own_unscoped = actor_is(by, user_number) && by->way == ACTOR_BY_PERSONAL_TOKEN && by->scope.n == 0;
    return actor_is_admin(by) || own_unscoped || actor_may_self(by, user_number, permission);
}

/* The grants of one application among the person's. */
static void keep_client(struct db_grant *rows, size_t *count, int64_t client_number)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (rows[i].client_number == client_number)
            rows[kept++] = rows[i];
    *count = kept;
}

fallible consent_grants(struct ground *g, const struct actor *by, int64_t user_number, struct db_grant **rows, size_t *count)
{
    bool all = consent_reaches(by, user_number, "view-users");
    if (!may_see(by, user_number) || (!all && !by->client)) /* AD-02 */
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person nor an administrator");
    TRY(db_grant_list(g->authority->db, g->arena, user_number, rows, count));
    if (!all)
        keep_client(*rows, count, by->client->number);
    return OK;
}

static unix_time horizon(const struct ground *g)
{
    return clock_add(g->now, g->authority->policy.access_lifetime_max);
}

/* A narrow token ends its own application's access and no other's. */
static fallible may_end(struct ground *g, const struct actor *by, str grant_id, bool *may)
{
    struct db_grant *rows;
    size_t count;
    *may = by->kind == ACTOR_OWNER || actor_is_admin(by) || (by->user && consent_reaches(by, by->user->number, "edit-users"));
    if (*may)
        return OK;
    if (by->kind != ACTOR_PERSON || !by->client)
        FAIL(INSUFFICIENT_SCOPE, "consent: this token may not end access");
    TRY(consent_grants(g, by, by->user->number, &rows, &count));
    keep_client(rows, &count, by->client->number);
    for (size_t i = 0; i < count; i++)
        *may = *may || str_equal(rows[i].id, grant_id);
    return OK;
}

fallible consent_revoke_grant(struct ground *g, const struct actor *by, str grant_id, bool *revoked)
{
    bool done, may;
    TRY(may_end(g, by, grant_id, &may));
    if (!may) {
        *revoked = false;
        return OK;
    }
    int64_t owner = actor_is_admin(by) || by->kind == ACTOR_OWNER ? 0 : (by->user ? by->user->number : -1);
    TRY(db_grant_revoke_by_id(g->authority->db, grant_id, owner, &done));
    if (done) {
        TRY(hot_revoke_ended(g->authority->hot, &(struct db_ended){&grant_id, 1}, horizon(g)));
        authority_event(g, "grant.revoked", &(struct authority_event_facts){.actor = actor_name(by), .subject = grant_id});
    }
    *revoked = done;
    return OK;
}

fallible consent_revoke_client(struct ground *g, const struct actor *by, int64_t user_number, str client_id)
{
    struct db_ended ended = {0};
    const struct db_client *client = hot_client(g->facts, client_id);
    if (!may_see(by, user_number))
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person nor an administrator");
    if (!client)
        FAIL(NOT_FOUND, "consent: no such client");
    TRY(db_consent_forget(g->authority->db, user_number, client->number));
    TRY(db_grant_revoke_all(g->authority->db, g->arena, user_number, client->number, &ended));
    TRY(hot_revoke_ended(g->authority->hot, &ended, horizon(g)));
    authority_event(g, "consent.withdrawn", &(struct authority_event_facts){.actor = actor_name(by), .client_id = client_id});
    return OK;
}
