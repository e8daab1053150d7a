/* SPDX-License-Identifier: MIT
 * registration: what software may choose, what it may never, who may change what it registered, and that it takes bounded room. */
#include "people.h"

#include "registration/initial.h"
#include "registration/registration.h"
#include "store/table/db_client.h"
#include "store/table/db_consent.h"
#include "store/table/db_scope.h"

#include <string.h>

#include "base/banned.h"

static struct scene opened(enum registration_mode mode)
{
    struct scene s = scene_new();
    struct policy *policy = &s.authority->policy;
    policy->registration = mode;
    policy->registration_grants = STR("authorization_code refresh_token");
    policy->registration_scopes = STR("");
    policy->registration_max = 3;
    policy->registration_unused = 3600;
    policy->registration_rule = (struct db_throttle_rule){50, 1, 10, 60};
    return s;
}

static const json *body(struct scene *s, const char *members)
{
    json *o = NULL;
    str text = str_format(s->a, "{\"redirect_uris\":[\"https://app.example/cb\"]%s}", members);
    cr_assert(!FAILED(json_parse(s->a, text, &o)), "%s", text.p);
    return o;
}

static struct registration_made registered(struct scene *s, str bearer, const char *members)
{
    struct registration_made made = {0};
    err e = registration_add(s->ctx, bearer, body(s, members), &s->p, &made);
    cr_assert(!FAILED(e), "%s: %s", err_why(e), s->p.count ? s->p.rows[0].message.p : "");
    scene_next(s);
    return made;
}

static enum err_kind refused(struct scene *s, str bearer, const char *members)
{
    struct registration_made made = {0};
    err e = registration_add(s->ctx, bearer, body(s, members), &s->p, &made);
    cr_expect(!str_present(made.token) && made.client == NULL);
    scene_next(s);
    return e.kind;
}

Test(registration, is_off_unless_it_is_set) /* MD-04 */
{
    struct scene s = opened(REGISTRATION_OFF);
    cr_expect_eq(refused(&s, STR_ABSENT, ""), ERR_NOT_FOUND);
}

Test(registration, needs_its_token_and_spends_it_once_for_each_client)
{
    struct scene s = opened(REGISTRATION_TOKEN);
    struct initial_made initial = {0};
    struct initial_edit edit = {.label = STR("x"), .uses = 1};
    cr_expect_eq(refused(&s, STR_ABSENT, ""), ERR_INVALID_TOKEN);
    cr_assert(!FAILED(initial_add(s.ctx, &actor_owner, &edit, &s.p, &initial)));
    scene_next(&s);
    cr_expect_eq(refused(&s, initial.token, ",\"jwks_uri\":\"http://x\""), ERR_UNPROCESSABLE); /* costs no use */
    cr_expect(str_is(registered(&s, initial.token, "").client->metadata.origin, "dynamic"));
    cr_expect_eq(refused(&s, initial.token, ""), ERR_INVALID_TOKEN);
}

Test(registration, an_initial_token_ends_by_time)
{
    struct scene s = opened(REGISTRATION_TOKEN);
    struct initial_made initial = {0};
    cr_assert(!FAILED(initial_add(s.ctx, &actor_owner, &(struct initial_edit){.label = STR("x"), .life = 60}, &s.p, &initial)));
    clock_set(NOW + 60);
    scene_next(&s);
    cr_expect_eq(refused(&s, initial.token, ""), ERR_INVALID_TOKEN);
}

Test(registration, initial_tokens_are_for_administrators_and_give_no_permission)
{
    struct scene s = opened(REGISTRATION_TOKEN);
    struct initial_made initial = {0};
    struct db_user *clerk = scene_person(&s, "clerk", "create-auth_clients edit-auth_clients", false);
    struct actor actor = by_session(clerk);
    struct initial_edit edit = {.label = STR("x")}, wide = {.label = STR("x"), .scopes = STR("view-users")};
    cr_expect_eq(initial_add(s.ctx, &actor, &edit, &s.p, &initial).kind, ERR_INSUFFICIENT_SCOPE);
    cr_expect_eq(initial_add(s.ctx, &actor_owner, &wide, &s.p, &initial).kind, ERR_UNPROCESSABLE);
}

Test(registration, what_goes_beyond_the_right_is_left_out)
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct registration_made made = registered(&s, STR_ABSENT,
                                               ",\"grant_types\":[\"authorization_code\",\"password\"],"
                                               "\"scope\":\"openid view-users\",\"first_party\":true");
    cr_expect(str_is(made.client->grants, "authorization_code"));
    cr_expect(str_is(made.client->scopes, "openid"));
    cr_expect(!made.client->first_party && !made.client->is_public);
    cr_expect(str_is(made.client->metadata.origin, "open"));
    made = registered(&s, STR_ABSENT, ",\"grant_types\":[\"password\"]"); /* MD-06 */
    cr_expect(str_is(made.client->grants, "authorization_code"));
    s.authority->policy.registration_grants = STR("client_credentials");
    cr_expect_eq(refused(&s, STR_ABSENT, ",\"grant_types\":[\"password\"]"), ERR_UNPROCESSABLE);
}

Test(registration, even_an_allowed_client_credentials_gets_no_permission)
{
    struct scene s = opened(REGISTRATION_OPEN);
    s.authority->policy.registration_grants = STR("client_credentials");
    s.authority->policy.registration_scopes = STR("view-users");
    struct registration_made made = registered(&s, STR_ABSENT, ",\"grant_types\":[\"client_credentials\"]");
    cr_expect(!str_has_word(made.client->scopes, STR("view-users")));
    cr_expect(str_has_word(made.client->scopes, STR("openid")));
}

Test(registration, the_token_is_kept_as_a_hash_and_opens_its_client_alone)
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct registration_made one = registered(&s, STR_ABSENT, ""), two = registered(&s, STR_ABSENT, "");
    const struct db_client *found = NULL;
    struct token_hash hash = token_hash_of(one.token);
    cr_assert(!FAILED(registration_find(s.ctx, one.client->id, one.token, &found)));
    cr_expect(token_hash_equal(&found->registration, &hash));
    cr_expect_eq(registration_find(s.ctx, one.client->id, two.token, &found).kind, ERR_INVALID_TOKEN);
    cr_expect_eq(registration_find(s.ctx, STR("nobody"), one.token, &found).kind, ERR_INVALID_TOKEN);
    cr_expect_eq(registration_find(s.ctx, one.client->id, one.secret, &found).kind, ERR_INVALID_TOKEN);
    cr_expect_eq(registration_find(s.ctx, one.client->id, STR_ABSENT, &found).kind, ERR_INVALID_TOKEN);
    cr_assert(!FAILED(client_set_disabled(s.ctx, &actor_owner, one.client->id, true)));
    scene_next(&s);
    cr_expect_eq(registration_find(s.ctx, one.client->id, one.token, &found).kind, ERR_INVALID_TOKEN);
}

Test(registration, a_client_of_an_administrator_has_no_registration_token)
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct client_edit edit = client_edit_nothing();
    struct client_added added = {0};
    struct registration_made made = registered(&s, STR_ABSENT, "");
    const struct db_client *found = NULL;
    edit.name = STR("Admin's");
    edit.redirect_uris = STR("https://a.example/cb");
    cr_assert(!FAILED(client_add(s.ctx, &actor_owner, &edit, &s.p, &added)));
    scene_next(&s);
    cr_expect_eq(registration_find(s.ctx, added.client->id, made.token, &found).kind, ERR_INVALID_TOKEN);
}

Test(registration, room_is_bounded_and_unused_ones_of_open_registration_make_some) /* RL-06 */
{
    struct scene s = opened(REGISTRATION_OPEN);
    for (int i = 0; i < 3; i++)
        (void)registered(&s, STR_ABSENT, "");
    cr_expect_eq(refused(&s, STR_ABSENT, ""), ERR_UNAVAILABLE);
    clock_set(NOW + 3601);
    scene_next(&s);
    (void)registered(&s, STR_ABSENT, "");
    cr_expect_eq(registration_count(s.ctx), 1);
}

Test(registration, RL_06_twenty_addresses_do_not_close_registration)
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct registration_made made = {0};
    s.authority->policy.registration_max = 60;
    s.authority->policy.registration_per_address = 10;
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < 20; i++) {
            s.ctx->address = str_format(s.a, "2001:db8:0:%x::%x", i, i * 7 + 1);
            err e = registration_add(s.ctx, STR_ABSENT, body(&s, ""), &s.p, &made);
            cr_assert(!FAILED(e) || e.kind == ERR_BUSY, "%s", err_why(e));
            more = more || !FAILED(e);
            scene_next(&s);
        }
    }
    cr_expect_gt(made.retry_after, 0);
    s.ctx->address = STR("198.51.100.7");
    cr_expect(!FAILED(registration_add(s.ctx, STR_ABSENT, body(&s, ""), &s.p, &made)));
}

Test(registration, RL_06_when_all_is_taken_the_fullest_source_makes_room)
{
    struct scene s = opened(REGISTRATION_OPEN);
    const struct db_client *found = NULL;
    s.authority->policy.registration_max = 3;
    s.ctx->address = STR("198.51.100.7");
    struct registration_made first = registered(&s, STR_ABSENT, "");
    s.ctx->address = STR("198.51.100.7");
    struct registration_made second = registered(&s, STR_ABSENT, "");
    s.ctx->address = STR("192.0.2.1");
    (void)registered(&s, STR_ABSENT, "");
    s.ctx->address = STR("203.0.113.9");
    cr_expect_eq(refused(&s, STR_ABSENT, ""), ERR_UNAVAILABLE); /* all may be at their first login */
    clock_set(NOW + 601);
    scene_next(&s);
    s.ctx->address = STR("203.0.113.9");
    (void)registered(&s, STR_ABSENT, "");
    cr_expect_eq(registration_find(s.ctx, first.client->id, first.token, &found).kind, ERR_INVALID_TOKEN); /* the oldest of two */
    cr_expect(!FAILED(registration_find(s.ctx, second.client->id, second.token, &found)));
    cr_expect_eq(registration_count(s.ctx), 3);
}

Test(registration, RL_06_room_that_another_process_took_at_this_moment_is_taken)
{
    struct scene s = opened(REGISTRATION_OPEN), other = {.a = s.a};
    other.authority = fixture_authority_again(s.a);
    other.authority->policy = s.authority->policy;
    other.ctx = fixture_context(other.authority, s.a);
    (void)registered(&s, STR_ABSENT, "");
    (void)registered(&s, STR_ABSENT, "");
    scene_next(&other);
    (void)registered(&other, STR_ABSENT, "");
    scene_unheard(&s);
    struct client_edit edit = client_edit_nothing(); /* it was found that there is room for it */
    struct client_added added = {0};
    edit.name = STR("One too many");
    edit.redirect_uris = STR("https://app.example/cb");
    edit.grants = STR("authorization_code");
    edit.origin = STR("open");
    edit.settle = registration_settle;
    cr_expect_eq(client_add(s.ctx, &actor_software, &edit, &s.p, &added).kind, ERR_UNAVAILABLE);
    scene_next(&s);
    cr_expect_eq(registration_count(s.ctx), 3);
}

/* Strangers' metadata, as much as they could once register. */
struct flood {
    struct scene *s;
    str jwks_uri;
    int count;
};

static err flood(void *context)
{
    const struct flood *w = context;
    for (int i = 0; i < w->count; i++) {
        struct db_client next = {.id = str_format(w->s->a, "flood%d", i),
                                 .name = STR("x"),
                                 .auth_method = STR("none"),
                                 .grants = STR(""),
                                 .redirect_uris = STR(""),
                                 .scopes = STR(""),
                                 .is_public = true,
                                 .metadata = {.origin = STR("open"), .software_id = w->jwks_uri}};
        TRY(db_client_add(w->s->ctx->tx, &next));
    }
    return OK;
}

Test(registration, RL_06_all_that_strangers_registered_weighs_so_much_and_no_more)
{
    struct scene s = opened(REGISTRATION_OPEN);
    s.authority->policy.registration_max = 100000;
    struct registration_made made = registered(&s, STR_ABSENT, ""), next = {0};
    char *text = arena_take(s.a, REGISTRATION_BYTES);
    memset(text, 'x', REGISTRATION_BYTES);
    struct flood w = {&s, {text, REGISTRATION_BYTES}, REGISTRATION_BYTES_ALL / REGISTRATION_BYTES - 1};
    cr_assert(!FAILED(authority_together(s.ctx, flood, &w)));
    scene_next(&s); /* the facts can be loaded still */
    cr_expect_eq(refused(&s, STR_ABSENT, ""), ERR_UNAVAILABLE);
    const struct db_client *now = client_find(s.ctx, made.client->id);
    str members = str_format(s.a, ",\"client_id\":\"%.*s\"", STR_FMT(now->id));
    cr_expect_eq(registration_replace(s.ctx, now, body(&s, members.p), &s.p, &next).kind, ERR_UNAVAILABLE);
}

Test(registration, one_that_a_person_allowed_something_is_not_unused) /* RL-06 */
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct db_user *ada = scene_person(&s, "ada", "", false);
    struct registration_made used = registered(&s, STR_ABSENT, "");
    (void)registered(&s, STR_ABSENT, "");
    cr_assert(!FAILED(db_consent_remember(store_each(s.authority->store), ada->number, used.client->number, STR("openid"), NOW)));
    clock_set(NOW + 3601);
    scene_next(&s);
    (void)registered(&s, STR_ABSENT, "");
    cr_expect_eq(registration_count(s.ctx), 2);
    cr_expect_not_null(client_find(s.ctx, used.client->id));
}

static const struct db_client *replaced(struct scene *s, const struct registration_made *made, const char *members)
{
    struct registration_made next = {0};
    const struct db_client *now = client_find(s->ctx, made->client->id);
    str all = str_format(s->a, "%s,\"client_id\":\"%.*s\"", members, STR_FMT(now->id));
    err e = registration_replace(s->ctx, now, body(s, all.p), &s->p, &next);
    cr_assert(!FAILED(e), "%s", err_why(e));
    scene_next(s);
    return next.client;
}

Test(registration, an_update_gains_nothing_that_the_initial_token_did_not_give) /* MD-04 */
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct initial_made initial = {0};
    static const char asks[] = ",\"grant_types\":[\"authorization_code\",\"client_credentials\"],\"scope\":\"openid read write\"";
    cr_assert(!FAILED(db_scope_add(store_each(s.authority->store), STR("read"), STR("Read."))));
    cr_assert(!FAILED(db_scope_add(store_each(s.authority->store), STR("write"), STR("Write."))));
    scene_next(&s);
    s.authority->policy.registration_grants = STR("authorization_code client_credentials");
    s.authority->policy.registration_scopes = STR("read write");
    struct initial_edit edit = {.label = STR("x"), .grants = STR("authorization_code"), .scopes = STR("read")};
    cr_assert(!FAILED(initial_add(s.ctx, &actor_owner, &edit, &s.p, &initial)));
    scene_next(&s);
    struct registration_made made = registered(&s, initial.token, asks);
    cr_expect(str_is(made.client->grants, "authorization_code") && !str_has_word(made.client->scopes, STR("write")));
    const struct db_client *next = replaced(&s, &made, asks);
    cr_expect(str_is(next->grants, "authorization_code"), "%.*s", STR_FMT(next->grants));
    cr_expect(str_has_word(next->scopes, STR("read")) && !str_has_word(next->scopes, STR("write")), "%.*s", STR_FMT(next->scopes));
    next = replaced(&s, &made, ",\"scope\":\"openid\"");
    cr_expect(str_is(next->scopes, "openid"));
    next = replaced(&s, &made, asks); /* what was given up may come back */
    cr_expect(str_has_word(next->scopes, STR("read")) && !str_has_word(next->scopes, STR("write")));
}

Test(registration, attempts_from_one_address_are_paced) /* RL-05 */
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct registration_made made = {0};
    s.authority->policy.registration_rule = (struct db_throttle_rule){1, 10, 10, 60};
    enum err_kind last = ERR_OK;
    for (int i = 0; i < 3 && last != ERR_THROTTLED; i++)
        last = registration_add(s.ctx, STR_ABSENT, body(&s, ",\"logo_uri\":\"http://x\""), &s.p, &made).kind;
    cr_expect_eq(last, ERR_THROTTLED);
    cr_expect(made.retry_after >= 1 && made.retry_after <= 10);
}

Test(registration, an_update_keeps_what_administrators_set_and_drops_what_software_left_out) /* CVE-2026-107623 */
{
    struct scene s = opened(REGISTRATION_OPEN);
    struct registration_made made = registered(&s, STR_ABSENT, ",\"software_id\":\"7\""), next = {0};
    struct client_edit edit = client_edit_nothing();
    edit.metadata[METADATA_profile] = STR("oauth2.1");
    edit.metadata[METADATA_exchange_modes] = STR("delegation");
    edit.access_lifetime = 120;
    cr_assert(!FAILED(client_change(s.ctx, &actor_owner, made.client->id, &edit, &s.p)));
    scene_next(&s);
    const struct db_client *now = client_find(s.ctx, made.client->id);
    str members = str_format(s.a, ",\"client_id\":\"%.*s\"", STR_FMT(now->id));
    cr_assert(!FAILED(registration_replace(s.ctx, now, body(&s, members.p), &s.p, &next)));
    cr_expect(str_is(next.client->metadata.profile, "oauth2.1") && str_is(next.client->metadata.exchange_modes, "delegation"));
    cr_expect(next.client->access_lifetime == 120 && !str_present(next.client->metadata.software_id));
    cr_expect(str_is(next.client->metadata.origin, "open"));
}
