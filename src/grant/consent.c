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
    /* nothing is within everything, but is not less where it means all that can be read (CO-01) */
    str asked = str_filled(q->scope) || !client_any_scope(client) ? q->scope : STR(CONSENT_UNSCOPED);
    *needed = !str_present(remembered) || !scope_within(asked, remembered) || !identity_is_sure(client, q->redirect_uri);
    return OK;
}

bool consent_may_see(const struct actor *by, int64_t user_number)
{
    return actor_may_self(by, user_number, "view-own-authorizations") || actor_is_admin(by);
}

fallible consent_grants(struct ground *g, const struct actor *by, int64_t user_number, struct db_grant **rows, size_t *count)
{
    if (!consent_may_see(by, user_number)) /* AD-02 */
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person within the token's scope nor an administrator");
    return db_grant_list(g->authority->db, g->arena, user_number, rows, count);
}

static unix_time horizon(const struct ground *g)
{
    return clock_add(g->now, g->authority->policy.access_lifetime_max);
}

fallible consent_revoke_grant(struct ground *g, const struct actor *by, str grant_id, bool *revoked)
{
    bool done, all = actor_is_admin(by);
    int64_t owner = all ? 0 : by->user ? by->user->number : -1; /* others' are not found */
    if (!all && !actor_may_self(by, owner, "delete-own-authorizations"))
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person within the token's scope nor an administrator");
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
    if (!actor_may_self(by, user_number, "delete-own-authorizations") && !actor_is_admin(by))
        FAIL(INSUFFICIENT_SCOPE, "consent: neither the person nor an administrator");
    if (!client)
        FAIL(NOT_FOUND, "consent: no such client");
    TRY(db_consent_forget(g->authority->db, user_number, client->number));
    TRY(db_grant_revoke_all(g->authority->db, g->arena, user_number, client->number, &ended));
    TRY(hot_revoke_ended(g->authority->hot, &ended, horizon(g)));
    authority_event(g, "consent.withdrawn", &(struct authority_event_facts){.actor = actor_name(by), .client_id = client_id});
    return OK;
}
