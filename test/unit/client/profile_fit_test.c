/* SPDX-License-Identifier: MIT
 * profile_fit: who meets which profile, what is missing, and that nobody is registered against the profile to which they are held. */
#include "people.h"

#include "client/profile_fit.h"

#include "base/banned.h"

static const struct db_client plain = {
    .number = 1, .id = STR("a"), .auth_method = STR("client_secret_basic"), .grants = STR("authorization_code password refresh_token")};

static struct db_client modern(void)
{
    struct db_client c = plain;
    c.grants = STR("authorization_code refresh_token");
    c.auth_method = STR("private_key_jwt");
    c.require_pkce = true;
    c.metadata.jwks_uri = STR("https://app.example.com/jwks");
    c.metadata.require_pushed_authorization_requests = true;
    c.metadata.dpop_bound_access_tokens = true;
    return c;
}

Test(profile_fit, what_is_registered_decides_what_is_met)
{
    struct scene s = scene_new();
    struct db_client c = modern();
    cr_expect(!profile_fit_meets(s.ctx, &plain, PROFILE_OAUTH21));
    cr_expect(profile_fit_meets(s.ctx, &c, PROFILE_OAUTH21));
    cr_expect(profile_fit_meets(s.ctx, &c, PROFILE_FAPI2_SECURITY));
    cr_expect(!profile_fit_meets(s.ctx, &c, PROFILE_FAPI2_MESSAGE_SIGNING));
    cr_expect(profile_fit_misses(s.ctx, &c, PROFILE_FAPI2_MESSAGE_SIGNING, PROFILE_RULE_SIGNED_REQUEST));
    c.metadata.profile = STR("fapi2-message-signing"); /* now the server sees to it */
    cr_expect(profile_fit_meets(s.ctx, &c, PROFILE_FAPI2_MESSAGE_SIGNING));
}

Test(profile_fit, each_contradiction_is_a_problem_by_its_field)
{
    struct scene s = scene_new();
    struct db_client c = modern();
    c.metadata.profile = STR("fapi2-message-signing");
    profile_fit_judge(s.ctx, &c, &s.p);
    cr_assert_eq(s.p.count, 0, "%s", s.p.count ? s.p.rows[0].message.p : "");
    struct db_client bad[6] = {c, c, c, c, c, c};
    static const char *const fields[] = {"grants", "is_public", "auth_method", "profile", "jwks", "response_modes"};
    bad[0].grants = STR("authorization_code password");
    bad[1].is_public = true;
    bad[2].auth_method = STR("client_secret_jwt");
    bad[3].metadata.id_token_signed_response_alg = STR("RS256");
    bad[4].metadata.jwks_uri = STR_ABSENT;
    bad[5].metadata.response_modes = STR("query form_post");
    for (size_t i = 0; i < 6; i++) {
        s.p.count = 0;
        profile_fit_judge(s.ctx, &bad[i], &s.p);
        cr_expect_eq(s.p.count, 1, "%s", fields[i]);
        cr_expect(s.p.count == 1 && str_is(str_of(s.p.rows[0].field), fields[i]), "%s", fields[i]);
    }
}

Test(profile_fit, a_client_is_not_registered_against_its_profile_nor_the_servers)
{
    struct scene s = scene_new();
    struct client_edit edit = client_edit_nothing();
    struct client_added out = {0};
    edit.name = STR("App");
    edit.redirect_uris = STR("https://app.example.com/cb");
    edit.metadata[METADATA_profile] = STR("fapi2-security");
    cr_expect_eq(client_add(s.ctx, &actor_owner, &edit, &s.p, &out).kind, ERR_UNPROCESSABLE);
    scene_next(&s);
    edit.metadata[METADATA_profile] = STR_ABSENT;
    s.authority->policy.profile = PROFILE_FAPI2_SECURITY;
    cr_expect_eq(client_add(s.ctx, &actor_owner, &edit, &s.p, &out).kind, ERR_UNPROCESSABLE);
    scene_next(&s);
    s.authority->policy.profile = PROFILE_NONE;
    cr_expect(!FAILED(client_add(s.ctx, &actor_owner, &edit, &s.p, &out)));
    struct client_edit later = client_edit_nothing();
    scene_next(&s);
    later.metadata[METADATA_profile] = STR("oauth2.1");
    cr_expect(!FAILED(client_change(s.ctx, &actor_owner, out.client->id, &later, &s.p)));
    later.metadata[METADATA_profile] = STR_ABSENT;
    later.grants = STR("authorization_code password");
    scene_next(&s);
    cr_expect_eq(client_change(s.ctx, &actor_owner, out.client->id, &later, &s.p).kind, ERR_UNPROCESSABLE);
}

Test(profile_fit, json_says_held_to_meets_and_missing)
{
    struct scene s = scene_new();
    struct db_client c = modern();
    json *o = profile_fit_json(s.ctx, &c);
    cr_expect(str_is(json_member_text(o, "held_to"), "none"));
    cr_expect_eq(json_count(json_member(o, "meets")), 2);
    cr_expect_eq(json_count(json_member(json_member(o, "missing"), "fapi2-message-signing")), 3);
}
