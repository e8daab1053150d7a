/* SPDX-License-Identifier: MIT
 * scopes: the words that tokens can be narrowed to and the services that tokens can be made for. Relies on the store for
 * uniqueness and on the facts in memory for what is known. Promises that jeton's own permissions stay, and that no resource can
 * be mistaken for jeton's own API (the issuer as audience). */
#include "scope/scopes.h"

#include "codec/url.h"
#include "crypto/sign.h"
#include "context/check.h"

#include "base/banned.h"

enum { WORDS_MAX = 64, URI_MAX = 2000 };

static fallible scopes_permission(const struct actor *by)
{
    if (!actor_may(by, "edit-scopes"))
        FAIL(INSUFFICIENT_SCOPE, "edit-scopes is needed");
    return OK;
}

fallible scopes_known(const struct context *ctx, str words, const char *field, struct problems *p)
{
    size_t before = p->count;
    if (words.n > CHECK_LIST_BYTES) {
        problem_add(p, field, STR("The list of scopes is too long."));
        return problem_result(p);
    }
    str folded;
    TRY(check_fold(ctx->arena, words, ' ', &folded));
    if (check_count(folded, ' ') > WORDS_MAX)
        problem_tell(p, field, ctx->arena, &MESSAGE("At most {most} scopes may be named.", MESSAGE_NUMBER("most", WORDS_MAX)));
    str word;
    while (p->count - before < 4 && folded.n > 0 && str_next(&folded, ' ', &word)) {
        if (!check_scope_token(word))
            problem_add(p, field, STR("A scope must have 1 to 128 visible ASCII characters without quotes and backslashes. Separate scopes with spaces."));
        else if (cache_scope(ctx->snapshot, word) == NULL)
            problem_tell(p, field, ctx->arena, &MESSAGE("The scope `{scope}` is unknown; define it first, or leave it out.", MESSAGE_TEXT("scope", word)));
    }
    if (p->count > before || p->count >= PROBLEM_MAX)
        FAIL(UNPROCESSABLE, "a scope is malformed or unknown");
    return OK;
}

fallible scopes_add(struct context *ctx, const struct actor *by, str name, str description, struct problems *p)
{
    TRY(scopes_permission(by));
    if (!check_scope_token(name))
        problem_add(p, "name", STR("The name of a scope must have 1 to 128 visible ASCII characters without quotes and backslashes."));
    check_text(ctx->arena, description, &(struct check_text){"description", SAY("The description"), 1, CHECK_NAME_MAX}, p);
    TRY(problem_result(p));
    err e = db_scope_add(ctx->tx, name, description);
    if (e.kind == ERR_CONFLICT) {
        problem_add(p, "name", STR("A scope with this name already exists."));
        return problem_result(p);
    }
    TRY(e);
    check_event(ctx, by, "scope.added", &(struct authority_event_facts){.subject = name});
    return OK;
}

fallible scopes_remove(struct context *ctx, const struct actor *by, str name, bool *removed)
{
    TRY(scopes_permission(by));
    const struct db_scope *scope = cache_scope(ctx->snapshot, name);
    if (scope != NULL && scope->builtin)
        REFUSE(UNPROCESSABLE, "This scope is one of the server's own permissions and cannot be removed.", "built-in scope");
    bool gone = false;
    TRY(db_scope_remove(ctx->tx, name, &gone));
    if (gone)
        check_event(ctx, by, "scope.removed", &(struct authority_event_facts){.subject = name});
    *removed = gone;
    return OK;
}

static void judge_uri(struct context *ctx, str uri, struct problems *p)
{
    struct url url;
    if (!str_filled(uri) || uri.n > URI_MAX) {
        problem_add(p, "uri", STR("The address of the resource is required: an absolute URI of at most 2000 bytes."));
        return;
    }
    err e = url_parse(uri, &url);
    if (FAILED(e)) {
        problem_add(p, "uri", str_of(err_say(e)));
        return;
    }
    if (str_present(url.fragment) || str_find(uri, '#') < uri.n) /* RFC 8707 2 */
        problem_add(p, "uri", STR("The address of a resource may not have a fragment: leave out `#` and what follows."));
    str issuer = ctx->authority->issuer, bare = uri;
    while (bare.n > 0 && bare.p[bare.n - 1] == '/')
        bare.n--;
    if (str_equal_nocase(bare, issuer)) /* the audience of jeton's own API */
        problem_add(p, "uri", STR("This is the address of this server. Give the address of another service."));
}

static void judge_format(const struct resource_edit *edit, struct db_resource *next, struct problems *p)
{
    next->token_format = str_filled(edit->token_format) ? edit->token_format : STR("jwt");
    bool jwt = str_is(next->token_format, "jwt");
    if (!jwt && !str_is(next->token_format, "sealed"))
        problem_add(p, "token_format", STR("The token format must be `jwt` or `sealed`."));
    enum sign_alg alg;
    next->alg = str_filled(edit->alg) ? edit->alg : STR("ES256");
    if (!sign_alg_of(next->alg, &alg))
        problem_add(p, "alg", STR("The algorithm must be `ES256`, `RS256` or `EdDSA`."));
}

/* Words that this server gives a meaning to are not a service's to carry. */
static fallible judge_resource_scopes(struct context *ctx, const struct resource_edit *edit, struct db_resource *next, struct problems *p)
{
    str word;
    if (!str_present(edit->scopes))
        return OK;
    err known = scopes_known(ctx, edit->scopes, "scopes", p);
    if (FAILED(known))
        return known.kind == ERR_UNPROCESSABLE ? OK : known; /* the problems say which */
    TRY(check_fold(ctx->arena, edit->scopes, ' ', &next->scopes));
    for (str rest = next->scopes; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (cache_scope(ctx->snapshot, word)->builtin)
            problem_tell(
                p, "scopes", ctx->arena,
                &MESSAGE("`{scope}` is one of this server's own scopes. A resource can have only scopes that you have defined.", MESSAGE_TEXT("scope", word)));
    if (!str_filled(next->scopes))
        next->scopes = STR_ABSENT;
    return OK;
}

fallible scopes_resource_add(struct context *ctx, const struct actor *by, const struct resource_edit *edit, struct problems *p)
{
    TRY(scopes_permission(by));
    struct db_resource next = {.uri = edit->uri, .name = edit->name, .created_at = ctx->now};
    judge_uri(ctx, edit->uri, p);
    check_text(ctx->arena, edit->name, &(struct check_text){"name", SAY("The name"), 1, CHECK_NAME_MAX}, p);
    judge_format(edit, &next, p);
    TRY(judge_resource_scopes(ctx, edit, &next, p));
    if (str_filled(edit->client_id)) {
        next.client_id = edit->client_id;
        if (cache_client(ctx->snapshot, edit->client_id) == NULL)
            problem_add(p, "client_id", STR("There is no client application with this ID."));
    }
    TRY(problem_result(p));
    err e = db_resource_add(ctx->tx, &next);
    if (e.kind == ERR_CONFLICT) {
        problem_add(p, "uri", STR("A resource with this address already exists."));
        return problem_result(p);
    }
    TRY(e);
    check_event(ctx, by, "resource.added", &(struct authority_event_facts){.subject = edit->uri, .client_id = next.client_id});
    return OK;
}

fallible scopes_resource_edit(struct context *ctx, const struct actor *by, const struct resource_edit *edit, struct problems *p)
{
    TRY(scopes_permission(by));
    const struct db_resource *now = cache_resource(ctx->snapshot, edit->uri);
    if (!now)
        FAIL(NOT_FOUND, "scopes: no such resource");
    struct db_resource next = *now;
    bool found = false;
    if (str_present(edit->name))
        check_text(ctx->arena, edit->name, &(struct check_text){"name", SAY("The name"), 1, CHECK_NAME_MAX}, p);
    next.name = str_present(edit->name) ? edit->name : now->name;
    TRY(judge_resource_scopes(ctx, edit, &next, p));
    TRY(problem_result(p));
    TRY(db_resource_edit(ctx->tx, &next, &found));
    if (!found)
        FAIL(NOT_FOUND, "scopes: the resource was removed meanwhile");
    check_event(ctx, by, "resource.changed", &(struct authority_event_facts){.subject = edit->uri, .detail = next.scopes});
    return OK;
}

fallible scopes_resource_remove(struct context *ctx, const struct actor *by, str uri, bool *removed)
{
    TRY(scopes_permission(by));
    bool gone = false;
    TRY(db_resource_remove(ctx->tx, uri, &gone));
    if (gone)
        check_event(ctx, by, "resource.removed", &(struct authority_event_facts){.subject = uri});
    *removed = gone;
    return OK;
}

const char *scopes_kind(const struct db_scope *scope)
{
    return scope->identity ? "identity" : scope->own ? "own" : scope->builtin ? "server" : "service";
}

bool scopes_any(const struct db_client *client)
{
    if (str_filled(client->metadata.origin))
        return false;
    if (str_filled(client->metadata.scope_policy))
        return str_is(client->metadata.scope_policy, "any");
    return !str_filled(client->scopes); /* made before there was a policy */
}
