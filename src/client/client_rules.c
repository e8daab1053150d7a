/* SPDX-License-Identifier: MIT
 * client_rules: judges what is asked of a client application, member by member, into a draft of its row. Relies on codec/url to
 * take URIs apart. Promises: no scheme that runs or reads anything, nothing but https off this machine, no URI whose query
 * already speaks for us; public clients have no secret and nothing that needs one; nobody gives a client more than they have
 * themselves. */
#include "client/client_rules.h"

#include "base/ascii.h"
#include "client/auth_methods.h"
#include "client/grant_types.h"
#include "context/check.h"
#include "client/metadata_rules.h"
#include "client/profile_fit.h"
#include "client/redirect_rules.h"
#include "scope/scopes.h"
#include "user/user.h"

#include "base/banned.h"

enum { URIS_MAX = CLIENT_RULES_URIS_MAX, DESCRIPTION_MAX = 1000, LIFETIME_MIN = 60, SECRET_MIN = 32, SECRET_MAX = 1024 };

const char *client_rules_redirect(struct arena *a, str uri)
{
    return redirect_rules_refuse(a, uri, &(struct redirect_leave){.any_scheme = false});
}

const char *client_rules_secret(str secret)
{
    if (secret.n < SECRET_MIN || secret.n > SECRET_MAX)
        return "A secret must have 32 to 1024 characters. Leave it out to have a good one created.";
    for (size_t i = 0; i < secret.n; i++)
        if (!ascii_visible(secret.p[i]))
            return "A secret may contain only visible ASCII characters, without spaces.";
    return NULL;
}

/* Pieces once each; a list that is too long becomes a problem. */
static fallible fold_list_field(const struct client_rules_draft *d, str list, char separator, const char *field, str *out)
{
    err e = check_fold(d->ctx->arena, list, separator, out);
    if (e.kind != ERR_UNPROCESSABLE)
        return e;
    problem_add(d->problems, field, STR("This list is too long."));
    return OK;
}

static void judge_texts(const struct client_rules_draft *d)
{
    const struct client_edit *edit = d->edit;
    struct arena *a = d->ctx->arena;
    if (str_present(edit->name) || d->before == NULL) {
        d->next->name = str_trim(edit->name);
        check_text(a, d->next->name, &(struct check_text){"name", SAY("The name"), 1, CHECK_NAME_MAX}, d->problems);
    }
    if (str_present(edit->description) || d->before == NULL) {
        d->next->description = str_present(edit->description) ? edit->description : STR("");
        check_text(a, d->next->description, &(struct check_text){"description", SAY("The description"), 0, DESCRIPTION_MAX}, d->problems);
    }
}

static str known_methods(struct arena *a)
{
    struct buf b = buf_new(a, BUF_LINE_MAX);
    str list;
    for (const struct auth_method *row = auth_methods; row->name != NULL; row++)
        buf_format(&b, "%s%s", row == auth_methods ? "" : ", ", row->name);
    return FAILED(buf_done(&b, &list)) ? STR_ABSENT : list;
}

/* Public or not is settled for good when a client is made: a secret never turns into none, nor none into one. */
static void judge_kind(const struct client_rules_draft *d)
{
    const struct client_edit *edit = d->edit;
    struct db_client *next = d->next;
    if (d->before == NULL)
        next->is_public = edit->is_public > 0 || (edit->is_public < 0 && str_is(edit->auth_method, "none"));
    else if (edit->is_public >= 0 && (edit->is_public > 0) != d->before->is_public)
        problem_add(d->problems, "is_public", STR("A client cannot change between public and confidential; create a new one instead."));
    if (str_filled(edit->auth_method))
        next->auth_method = edit->auth_method;
    else if (d->before == NULL)
        next->auth_method = next->is_public ? STR("none") : STR("any");
    if (auth_methods_find(next->auth_method) == NULL)
        problem_tell(d->problems, "auth_method", d->ctx->arena,
                     &MESSAGE("The authentication method is unknown. The methods are {known}.", MESSAGE_TEXT("known", known_methods(d->ctx->arena))));
    else if (str_is(next->auth_method, "none") != next->is_public)
        problem_add(d->problems, "auth_method",
                    next->is_public ? STR("A public client has no secret: its authentication method is none.")
                                    : STR("A confidential client must authenticate: none is only for public clients."));
}

/* One word of the list; refresh_token itself is added last, by whoever knows all of them. False: an unknown grant. */
static bool judge_grant(const struct client_rules_draft *d, str word, struct buf *list, bool *refreshes)
{
    const struct grant_type *row = grant_types_find(word);
    if (row == NULL)
        return false;
    if (d->next->is_public && !row->public_may) /* RFC 6749 4.4 */
        problem_tell(d->problems, "grants", d->ctx->arena,
                     &MESSAGE("A public client cannot have {grant}: it has no secret.", MESSAGE_TEXT("grant", str_of(row->word))));
    *refreshes = *refreshes || row->refreshes;
    if (str_is(word, "refresh_token"))
        return true;
    buf_word(list, word);
    return true;
}

static str known_grants(struct arena *a)
{
    struct buf b = buf_new(a, BUF_LINE_MAX);
    str list;
    for (size_t i = 0; i < GRANT_TYPE_COUNT; i++)
        buf_format(&b, "%s%s", i == 0 ? "" : ", ", grant_types[i].word);
    return FAILED(buf_done(&b, &list)) ? STR_ABSENT : list;
}

static str wanted_grants(const struct client_rules_draft *d)
{
    if (str_present(d->edit->grants))
        return d->edit->grants;
    return d->before != NULL ? d->before->grants : STR("authorization_code");
}

static fallible judge_grants(const struct client_rules_draft *d)
{
    bool asked_anew = str_present(d->edit->grants) || d->before == NULL;
    str all = STR(""), word, grants;
    TRY(fold_list_field(d, wanted_grants(d), ' ', "grants", &all));
    struct buf list = buf_new(d->ctx->arena, CHECK_LIST_BYTES * 2);
    bool refreshes = false, named = str_has_word(all, STR("refresh_token"));
    for (str rest = all; rest.n > 0 && str_next(&rest, ' ', &word);)
        if (!judge_grant(d, word, &list, &refreshes)) {
            problem_tell(d->problems, "grants", d->ctx->arena,
                         &MESSAGE("A grant is unknown. The grants are {known}.", MESSAGE_TEXT("known", known_grants(d->ctx->arena))));
            return OK;
        }
    bool implied = refreshes && (asked_anew || d->edit->refresh > 0);
    if (d->edit->refresh != 0 && (named || implied))
        buf_add_z(&list, list.n > 0 ? " refresh_token" : "refresh_token");
    TRY(buf_done(&list, &grants));
    d->next->grants = str_present(grants) ? grants : STR("");
    return OK;
}

static fallible judge_uris(const struct client_rules_draft *d, str given, const char *field, str *out)
{
    str lines = STR(""), line;
    TRY(fold_list_field(d, given, '\n', field, &lines));
    if (check_count(lines, '\n') > URIS_MAX)
        problem_tell(d->problems, field, d->ctx->arena, &MESSAGE("At most {most} addresses may be registered.", MESSAGE_NUMBER("most", URIS_MAX)));
    const struct redirect_leave leave = redirect_rules_leave(d->ctx, d->before, d->edit);
    size_t wrong = 0;
    for (str rest = lines; wrong < 4 && rest.n > 0 && str_next(&rest, '\n', &line);) {
        struct message problem;
        if (!redirect_rules_message(d->ctx->arena, line, &leave, &problem))
            continue;
        problem_tell(d->problems, field, d->ctx->arena, &problem);
        wrong++;
    }
    *out = lines;
    return OK;
}

/* What stands there is judged again when what is allowed changes: a switch is not turned off under an address that needs it. */
static bool leave_changes(const struct client_edit *edit)
{
    return str_present(edit->metadata[METADATA_redirect_custom_schemes]) || str_present(edit->metadata[METADATA_redirect_private_http]);
}

static fallible judge_redirects(const struct client_rules_draft *d)
{
    const struct client_edit *edit = d->edit;
    struct db_client *next = d->next;
    bool anew = d->before == NULL || leave_changes(edit);
    if (d->before != NULL && str_filled(d->before->metadata.origin) && str_is(edit->metadata[METADATA_redirect_private_http], "true"))
        problem_add(d->problems, "redirect_private_http", STR("Plain http is only for clients that an administrator created.")); /* RU-13 */
    if (str_present(edit->redirect_uris) || anew)
        TRY(judge_uris(d, str_present(edit->redirect_uris) ? edit->redirect_uris : next->redirect_uris, "redirect_uris", &next->redirect_uris));
    if (str_present(edit->post_logout_redirect_uris) || anew)
        TRY(judge_uris(d, str_present(edit->post_logout_redirect_uris) ? edit->post_logout_redirect_uris : next->post_logout_redirect_uris,
                       "post_logout_redirect_uris", &next->post_logout_redirect_uris));
    for (const struct grant_type *row = grant_types; row < grant_types + GRANT_TYPE_COUNT; row++)
        if (row->redirects && next->redirect_uris.n == 0 && str_has_word(next->grants, str_of(row->word))) /* RFC 6749 3.1.2.2 */
            problem_tell(
                d->problems, "redirect_uris", d->ctx->arena,
                &MESSAGE("{grant} needs at least one redirect URI: the address that receives the response.", MESSAGE_TEXT("grant", str_of(row->word))));
    return OK;
}

static fallible judge_scopes(const struct client_rules_draft *d)
{
    if (!str_present(d->edit->scopes)) {
        if (d->before == NULL)
            d->next->scopes = STR("");
        return OK;
    }
    str words = STR("");
    TRY(fold_list_field(d, d->edit->scopes, ' ', "scopes", &words));
    err e = scopes_known(d->ctx, words, "scopes", d->problems);
    if (e.kind != ERR_UNPROCESSABLE)
        TRY(e);
    d->next->scopes = words;
    return OK;
}

/* Said, or followed from the list: a list makes `only`; a client made without one may ask for any. Taking the last scope from a list that
 * stands leaves nothing, not everything. */
static void judge_scope_policy(const struct client_rules_draft *d)
{
    str said = d->edit->metadata[METADATA_scope_policy], *policy = &d->next->metadata.scope_policy;
    bool any = d->before == NULL ? !str_present(d->edit->scopes) : scopes_any(d->before) && !str_filled(d->edit->scopes);
    if (str_filled(d->next->metadata.origin)) {
        if (str_is(said, "any"))
            problem_add(d->problems, "scope_policy", STR("Software that registered itself may ask only for the scopes on its list."));
        *policy = STR_ABSENT;
    } else if (!str_filled(said)) {
        *policy = any ? STR("any") : STR("only");
    }
}

static void set_flag(bool *flag, int wanted)
{
    if (wanted >= 0)
        *flag = wanted > 0;
}

static void judge_flags(const struct client_rules_draft *d)
{
    struct db_client *next = d->next;
    set_flag(&next->first_party, d->edit->first_party);
    set_flag(&next->require_pkce, d->edit->require_pkce);
    set_flag(&next->compat_processmaker, d->edit->compat_processmaker);
    if (next->is_public)
        next->require_pkce = true; /* RFC 9700 2.1.1: it always is */
    if (next->is_public && next->compat_processmaker)
        problem_add(d->problems, "compat_processmaker", STR("Compatibility mode finds a client by its secret, and a public client has none."));
}

static void judge_lifetime(const struct client_rules_draft *d, int64_t wanted, int64_t most, const char *field, int64_t *out)
{
    if (wanted == -1)
        return;
    if (wanted != 0 && (wanted < LIFETIME_MIN || (most > 0 && wanted > most))) {
        if (most > 0)
            problem_tell(d->problems, field, d->ctx->arena,
                         &MESSAGE("The lifetime is 0 (the server's setting) or {least} to {most} seconds.", MESSAGE_NUMBER("least", LIFETIME_MIN),
                                  MESSAGE_NUMBER("most", most)));
        else
            problem_tell(d->problems, field, d->ctx->arena,
                         &MESSAGE("The lifetime is 0 (the server's setting) or at least {least} seconds.", MESSAGE_NUMBER("least", LIFETIME_MIN)));
        return;
    }
    *out = wanted;
}

static fallible judge_owner(const struct client_rules_draft *d)
{
    if (!str_present(d->edit->owner))
        return OK;
    if (d->edit->owner.n == 0) {
        d->next->owner_id = STR_ABSENT;
        return OK;
    }
    struct db_user *owner = NULL;
    TRY(user_find(d->ctx, d->edit->owner, &owner));
    if (owner == NULL)
        problem_add(d->problems, "owner", STR("There is no user with this ID or username."));
    else
        d->next->owner_id = owner->id;
    return OK;
}

bool client_rules_beyond(const struct context *ctx, const struct actor *by, const struct db_client *client)
{
    if (actor_is_admin(by))
        return false;
    if (client->first_party) /* no consent would be asked of anybody, administrators included */
        return true;
    bool itself = false;
    for (const struct grant_type *row = grant_types; row < grant_types + GRANT_TYPE_COUNT; row++)
        itself = itself || (row->as_itself && str_has_word(client->grants, str_of(row->word)));
    str word;
    for (str rest = client->scopes; itself && rest.n > 0 && str_next(&rest, ' ', &word);) {
        const struct db_scope *scope = cache_scope(ctx->snapshot, word);
        const char *permission = str_z(ctx->arena, word);
        if (permission == NULL || (scope != NULL && scope->builtin && !scope->identity && !scope->own && !actor_may(by, permission)))
            return true;
    }
    return false;
}

fallible client_rules_apply(struct client_rules_draft *d)
{
    const struct policy *policy = &d->ctx->authority->policy;
    judge_texts(d);
    judge_kind(d);
    TRY(judge_grants(d));
    TRY(judge_redirects(d));
    TRY(judge_scopes(d));
    judge_flags(d);
    judge_lifetime(d, d->edit->access_lifetime, policy->access_lifetime_max, "access_lifetime", &d->next->access_lifetime);
    judge_lifetime(d, d->edit->refresh_lifetime, policy->refresh_absolute, "refresh_lifetime", &d->next->refresh_lifetime);
    TRY(judge_owner(d));
    TRY(metadata_rules_apply(d));
    judge_scope_policy(d);
    profile_fit_judge(d->ctx, d->next, d->problems);
    if (client_rules_beyond(d->ctx, d->by, d->next)) /* AD-04: no way around the own permissions */
        REFUSE(INSUFFICIENT_SCOPE, "Only an administrator may give a client more permissions than they have themselves.",
               "the client would have more rights than the actor");
    return check_arena(d->ctx->arena);
}
