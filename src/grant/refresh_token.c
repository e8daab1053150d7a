/* SPDX-License-Identifier: MIT
 * refresh_token: RFC 6749 6 with rotation (RFC 9700 4.14). The token names, sealed, its grant and its generation; the row knows the
 * current generation g. Relies on db_refresh_rotate changing the row only from the generation it was read at; runs on the durable
 * lane. A token of generation t:
 *   t = g, hash is current                           ──db_refresh_rotate──▶ g + 1, a new token
 *   t = g - 1, hash is previous, within the grace    ──▶ the same successor again: a retry is not a theft (RF-05)
 *   t < g otherwise                                  ──db_grant_revoke──▶ the family ends: somebody has a copy (RF-02)
 *   anything else                                    ──▶ refused, nothing changes (a restored backup, RF-12)
 * Under a profile with steady refresh tokens (FAPI 2.0 Security Profile 5.3.2.1) the current one stays current and lives on:
 *   t = g, hash is current                           ──db_refresh_rotate──▶ g, the same token
 * Promises: one winner; the loser of a race is a retry and gets the winner's token; nothing is ever widened (RF-06). */
#include "grant/refresh_token.h"
#include "client/profile.h"
#include "scope/resource.h"
#include "scope/scope.h"
#include "clientauth/sender.h"
#include "token/opaque.h"
#include "base/banned.h"

static fallible find(struct ground *g, const struct client_proof *proof, str text, struct db_grant **grant, int64_t *generation)
{
    int64_t numbers[2];
    struct db_grant *row;
    if (FAILED(opaque_numbers_open(g->arena, g->keys, OPAQUE_REFRESH, text, numbers)))
        REFUSE(INVALID_GRANT, "The refresh token is malformed or was not issued by this server.", "refresh: not ours");
    TRY(db_grant_get(g->tx, g->arena, numbers[0], &row));
    if (!row)
        REFUSE(INVALID_GRANT, "The refresh token has expired or was revoked.", "refresh: no such grant");
    if (row->client_number != proof->client->number) /* RF-01 */
        REFUSE(INVALID_GRANT, "The refresh token was issued to another client.", "refresh: issued to another client");
    if (row->revoked_at != 0 || row->client_epoch != proof->client->epoch)
        REFUSE(INVALID_GRANT, "The refresh token was revoked.", "refresh: grant revoked");
    if (row->expires_at <= g->now)
        REFUSE(INVALID_GRANT, "The refresh token has expired.", "refresh: expired");
    *grant = row;
    *generation = numbers[1];
    return OK;
}

/* A public client's refresh token is the key holder's (RFC 9449 5, RFC 8705 4; RF-01, DP-04). Who tries with another key spends nothing. */
static fallible same_holder(const struct ground *g, const struct db_grant *grant)
{
    if (str_present(grant->jkt) && !str_present(g->bind.jkt))
        REFUSE(INVALID_GRANT, "The refresh token is bound to a key: send a DPoP proof of it.", "refresh: bound, and no proof");
    if (str_present(grant->jkt) && !str_equal(grant->jkt, g->bind.jkt))
        REFUSE(INVALID_GRANT, "The refresh token is bound to another key than the one of the DPoP proof.", "refresh: another key");
    if (str_present(grant->x5t) && !str_equal(grant->x5t, g->bind.x5t))
        REFUSE(INVALID_GRANT, "The refresh token is bound to a TLS client certificate, which was not shown.", "refresh: another certificate, or none");
    return OK;
}

static fallible stolen(struct ground *g, const struct db_grant *grant, const struct db_client *client)
{
    TRY(db_grant_revoke(g->tx, grant->number, g->now));
    TRY(hot_revoke(g->authority->hot, g->tx, "grant", grant->id, clock_add(g->now, g->authority->policy.access_lifetime_max)));
    authority_event(g, "refresh.replayed",
                    &(struct authority_event_facts){
                        .client_id = client->id, .subject = grant->id, .detail = STR("an old refresh token came again; its grant was revoked")});
    REFUSE(INVALID_GRANT, "The refresh token was used before; every token of this authorization has been revoked.", "refresh: used before");
}

static fallible rotate(struct ground *g, const struct db_client *client, const struct db_grant *grant, str old, str *fresh)
{
    struct db_grant next = *grant;
    struct token_raw token;
    const int64_t numbers[2] = {grant->number, grant->generation + 1};
    TRY(opaque_numbers_make(g->arena, g->keys, OPAQUE_REFRESH, numbers, &token));
    TRY(opaque_successor_close(g->arena, old, token.text, &next.successor));
    next.generation = grant->generation + 1;
    next.previous = grant->current;
    next.current = token_hash_of(token.text); /* RF-10 */
    next.rotated_at = next.last_used_at = g->now;
    next.expires_at = token_request_refresh_end(g, client, grant->created_at);
    bool rotated;
    TRY(db_refresh_rotate(g->tx, &next, grant->generation, &rotated));
    if (!rotated)
        REFUSE(INVALID_GRANT, "The refresh token was used or revoked at this very moment.", "refresh: lost the race");
    *fresh = token.text;
    return OK;
}

static fallible keep(struct ground *g, const struct db_client *client, const struct db_grant *grant, str old, str *fresh)
{
    struct db_grant next = *grant;
    bool kept;
    next.last_used_at = g->now;
    next.expires_at = token_request_refresh_end(g, client, grant->created_at);
    TRY(db_refresh_rotate(g->tx, &next, grant->generation, &kept));
    if (!kept)
        REFUSE(INVALID_GRANT, "The refresh token was revoked at this very moment.", "refresh: lost the race");
    *fresh = old;
    return OK;
}

/* The same successor once more: only while it is unused, which the generations already say. */
static fallible again(struct ground *g, const struct db_grant *grant, str old, str *fresh)
{
    str successor;
    TRY(opaque_successor_open(g->arena, old, grant->successor, &successor));
    struct token_hash hash = token_hash_of(successor);
    if (!token_hash_equal(&hash, &grant->current))
        FAIL(SERVER_ERROR, "refresh: the kept successor is not the current token");
    *fresh = successor;
    return OK;
}

fallible refresh_token_redeem(struct ground *g, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str text = form_get(f, "refresh_token"), scope, fresh;
    struct db_grant *grant;
    int64_t generation;
    if (!str_present(text))
        REFUSE(INVALID_REQUEST, "refresh_token is missing.", "refresh: missing");
    TRY(find(g, proof, text, &grant, &generation));
    struct token_hash hash = token_hash_of(text);
    bool current = generation == grant->generation && token_hash_equal(&hash, &grant->current);
    bool retry = generation == grant->generation - 1 && token_hash_equal(&hash, &grant->previous) && str_filled(grant->successor) &&
                 clock_within(g->now, grant->rotated_at, g->authority->policy.refresh_grace); /* RF-12: nor after the clock went back */
    if (!current && !retry) {
        if (generation < grant->generation)
            return stolen(g, grant, proof->client);
        REFUSE(INVALID_GRANT, "The refresh token is not the current one of its authorization.", "refresh: unknown generation");
    }
    TRY(same_holder(g, grant));
    TRY(scope_refresh(g, proof->client, grant->scope, form_get(f, "scope"), &scope));
    struct token_answer answer = {0};
    struct db_grant narrowed = *grant; /* the grant keeps what it has (RF-06) */
    TRY(resource_pick(g, f, grant->resource, &narrowed.resource));
    TRY(token_request_details(g->arena, grant->details, form_get(f, "authorization_details"), &narrowed.details));
    TRY(token_request_person(g, proof->client, &narrowed, scope, &answer));
    bool steady = profile_demands(g, proof->client, PROFILE_RULE_STEADY_REFRESH);
    if (current)
        TRY(steady ? keep(g, proof->client, grant, text, &fresh) : rotate(g, proof->client, grant, text, &fresh));
    else
        TRY(again(g, grant, text, &fresh));
    answer.refresh_token = fresh;
    *out = answer;
    return OK;
}
