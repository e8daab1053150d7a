/* SPDX-License-Identifier: MIT
 * issuers: judges what an administrator says of a foreign issuer. Relies on token/jwk for its keys. Promises: keys are sound and public, every
 * client and scope is known, and an issuer can reach nothing that was not named: no list may be empty. */
#include "client/issuers.h"

#include "base/ascii.h"
#include "codec/url.h"
#include "context/check.h"
#include "client/client.h"
#include "scope/scopes.h"
#include "token/jwk.h"

#include "base/banned.h"

enum { ISSUER_MAX = 2000, LIFE_MIN = 10, LIFE_MAX = 86400 };
static const char *const subjects[] = {"user_id", "username", "email", "client"};

static void judge_name(struct problems *p, str issuer)
{
    bool fits = str_filled(issuer) && issuer.n <= ISSUER_MAX;
    for (size_t i = 0; fits && i < issuer.n; i++)
        fits = ascii_visible(issuer.p[i]);
    if (!fits)
        problem_add(p, "issuer", STR("The issuer is the `iss` of its assertions and must have 1 to 2000 visible ASCII characters."));
}

static void judge_keys(struct context *ctx, const struct issuer_edit *edit, struct problems *p)
{
    struct jwk_set set;
    struct url url;
    if (str_filled(edit->jwks) == str_filled(edit->jwks_uri)) {
        problem_add(p, "jwks", STR("Give either the keys themselves or their address."));
        return;
    }
    if (str_filled(edit->jwks)) {
        err e = jwk_set_parse(ctx->arena, edit->jwks, &set);
        if (!FAILED(e))
            e = jwk_set_sound(&set);
        if (FAILED(e) || set.count == 0) /* CA-13 */
            problem_add(p, "jwks", FAILED(e) ? str_of(err_say(e)) : STR("The set contains no key that this server can use."));
        return;
    }
    bool fits = !FAILED(url_parse(edit->jwks_uri, &url)) && str_equal_nocase(url.scheme, STR("https")); /* MD-05: fetch calls no other */
    if (!fits)
        problem_add(p, "jwks_uri", STR("The address of its keys must be an https address."));
    else if (!url_loopback(&url) && !fetch_port_due(&ctx->authority->policy.fetch, &url))
        problem_add(p, "jwks_uri",
                    STR("The address of its keys has a port that this server may not call; an administrator can allow it in the setting outgoing_ports."));
}

static void judge_clients(struct context *ctx, str clients, struct problems *p)
{
    str line;
    if (!str_filled(clients))
        problem_add(p, "clients", STR("Name at least one client that may present its assertions."));
    for (str rest = clients; str_filled(rest) && str_next(&rest, '\n', &line);)
        if (!client_find(ctx, line))
            problem_tell(p, "clients", ctx->arena, &MESSAGE("There is no client `{client}`.", MESSAGE_TEXT("client", line)));
}

static fallible judge_issuer_edit(struct context *ctx, const struct issuer_edit *edit, struct problems *p)
{
    bool known = false;
    judge_name(p, edit->issuer);
    judge_keys(ctx, edit, p);
    judge_clients(ctx, edit->clients, p);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        known = known || str_is(edit->subject_is, subjects[i]);
    if (!known)
        problem_add(p, "subject_is", STR("The subject must be user_id, username, email or client."));
    if (!str_filled(edit->scopes))
        problem_add(p, "scopes", STR("Name at least one scope that its assertions may be used for."));
    err scopes = scopes_known(ctx, edit->scopes, "scopes", p);
    if (scopes.kind != ERR_UNPROCESSABLE)
        TRY(scopes);
    if (edit->life_max < LIFE_MIN || edit->life_max > LIFE_MAX)
        problem_add(p, "life_max", STR("Its assertions may be valid for 10 to 86400 seconds."));
    if (p->count > 0)
        FAIL(UNPROCESSABLE, "issuers: problems");
    return check_arena(ctx->arena);
}

static fallible require_issuer_admin(const struct actor *by)
{
    if (by->kind != ACTOR_OWNER && !actor_is_admin(by))
        REFUSE(INSUFFICIENT_SCOPE, "Only an administrator may decide whose assertions are accepted.", "issuers: not an administrator");
    return OK;
}

fallible issuers_add(struct context *ctx, const struct actor *by, const struct issuer_edit *edit, struct problems *p)
{
    TRY(require_issuer_admin(by));
    TRY(judge_issuer_edit(ctx, edit, p));
    struct db_issuer row = {
        .issuer = edit->issuer,
        .jwks = edit->jwks,
        .jwks_uri = edit->jwks_uri,
        .subject_is = edit->subject_is,
        .client_ids = edit->clients,
        .scopes = edit->scopes,
        .life_max = edit->life_max,
        .created_at = ctx->now,
    };
    TRY(db_issuer_add(ctx->tx, &row));
    authority_event(ctx, "issuer.added", &(struct authority_event_facts){.actor = actor_name(by), .subject = edit->issuer});
    return OK;
}

fallible issuers_list(struct context *ctx, const struct actor *by, struct db_issuer **rows, size_t *count)
{
    TRY(require_issuer_admin(by));
    return db_issuer_all(ctx->tx, ctx->arena, rows, count);
}

fallible issuers_remove(struct context *ctx, const struct actor *by, str issuer, bool *removed)
{
    TRY(require_issuer_admin(by));
    TRY(db_issuer_remove(ctx->tx, issuer, removed));
    if (*removed)
        authority_event(ctx, "issuer.removed", &(struct authority_event_facts){.actor = actor_name(by), .subject = issuer});
    return OK;
}
