/* SPDX-License-Identifier: MIT
 * initial: initial access tokens. Relies on store/table/db_initial; promises that only administrators make them, since what they let in is a
 * client, that the text is shown once and stored as a hash, and that none can carry a permission over this server. */
#include "registration/initial.h"

#include "context/check.h"
#include "client/grant_types.h"
#include "scope/scopes.h"
#include "token/opaque.h"

#include "base/banned.h"

enum { USES_MAX = 1000000, LIFE_MAX = 10 * 31536000 };

static fallible require_token_admin(const struct actor *by)
{
    if (!actor_is_admin(by)) /* AD-04: it gives away what an administrator alone may give */
        REFUSE(INSUFFICIENT_SCOPE, "Initial access tokens are only for administrators.", "initial token: not an administrator");
    return OK;
}

static void judge_grants(str grants, struct problems *p)
{
    str word;
    const struct grant_type *row;
    for (str rest = grants; str_filled(rest) && str_next(&rest, ' ', &word);)
        if ((row = grant_types_find(word)) == NULL || row->pool == GRANT_NOWHERE)
            problem_add(p, "grants",
                        STR("Software can register for authorization_code, refresh_token, password, client_credentials, device_code, token_exchange, "
                            "jwt_bearer and ciba only."));
}

static fallible judge_scopes(struct context *ctx, str scopes, struct problems *p)
{
    str word;
    err e = str_filled(scopes) ? scopes_known(ctx, scopes, "scopes", p) : OK;
    if (FAILED(e) && e.kind != ERR_UNPROCESSABLE)
        return e;
    for (str rest = scopes; str_filled(rest) && str_next(&rest, ' ', &word);) {
        const struct db_scope *scope = cache_scope(ctx->snapshot, word);
        if (scope != NULL && scope->builtin && !scope->identity) /* MD-04 */
            problem_add(p, "scopes", STR("Permissions over this server are never given to software that registers itself."));
    }
    return OK;
}

fallible initial_add(struct context *ctx, const struct actor *by, const struct initial_edit *edit, struct problems *p, struct initial_made *out)
{
    struct token_raw raw;
    struct db_initial *row = ARENA_NEW(ctx->arena, struct db_initial);
    struct db_initial_rows all;
    TRY(require_token_admin(by));
    if (row == NULL)
        FAIL(UNAVAILABLE, "memory");
    str label = str_trim(edit->label);
    check_text(ctx->arena, label, &(struct check_text){"label", SAY("The label"), 1, CHECK_NAME_MAX}, p);
    judge_grants(edit->grants, p);
    TRY(judge_scopes(ctx, edit->scopes, p));
    if (edit->uses < 0 || edit->uses > USES_MAX)
        problem_add(p, "uses", STR("The number of uses must be 1 to 1000000, or 0 for no limit."));
    if (edit->life < 0 || edit->life > LIFE_MAX)
        problem_add(p, "expires_in", STR("The lifetime is a number of seconds, at most ten years; 0 means that it never expires."));
    TRY(initial_list(ctx, by, &all));
    if (all.count >= DB_INITIAL_MAX)
        problem_add(p, "label", STR("There are already 1000 initial access tokens; remove some first."));
    TRY(problem_result(p));
    TRY(opaque_plain_make(ctx->arena, OPAQUE_INITIAL, &raw));
    *row = (struct db_initial){.label = label,
                               .hash = token_hash_of(raw.text),
                               .grants = edit->grants,
                               .scopes = edit->scopes,
                               .uses_left = edit->uses > 0 ? edit->uses : -1,
                               .created_at = ctx->now,
                               .expires_at = edit->life > 0 ? clock_add(ctx->now, edit->life) : 0};
    TRY(db_initial_add(ctx->tx, ctx->arena, row));
    check_event(ctx, by, "initial_token.added", &(struct authority_event_facts){.subject = row->id});
    *out = (struct initial_made){row, raw.text};
    return OK;
}

fallible initial_list(struct context *ctx, const struct actor *by, struct db_initial_rows *out)
{
    TRY(require_token_admin(by));
    return db_initial_list(ctx->tx, ctx->arena, out);
}

fallible initial_remove(struct context *ctx, const struct actor *by, str id)
{
    bool removed = false;
    TRY(require_token_admin(by));
    TRY(db_initial_remove(ctx->tx, id, &removed));
    if (!removed)
        FAIL(NOT_FOUND, "no such initial token");
    check_event(ctx, by, "initial_token.removed", &(struct authority_event_facts){.subject = id});
    return OK;
}
