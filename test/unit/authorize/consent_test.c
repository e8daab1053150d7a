/* SPDX-License-Identifier: MIT
 * consent: asked when it must be, seen and ended by those whom it concerns. */
#include "authorize/consent.h"
#include "stage.h"

static bool needed(struct stage *t, const char *id, const char *scope, const char *redirect_uri, bool forced)
{
    bool out = false;
    struct consent_question q = {.scope = str_of(scope), .redirect_uri = str_of(redirect_uri), .forced = forced};
    assert_done(consent_needed(t->s.ctx, stage_find(t, id), t->ada->number, &q, &out));
    return out;
}

static void shape_first(struct client_edit *edit)
{
    edit->first_party = 1;
}

static void shape_loopback(struct client_edit *edit)
{
    edit->is_public = edit->first_party = 1;
    edit->grants = STR("authorization_code");
    edit->redirect_uris = STR("http://127.0.0.1/cb");
}

Test(consent, CO_01_asked_once_and_again_for_more)
{
    struct stage t = stage_new();
    cr_expect(needed(&t, "web", "read", CALLBACK, false));
    (void)stage_allow(&t, "client_id=web&response_type=code&scope=read");
    cr_expect(!needed(&t, "web", "read", CALLBACK, false));
    cr_expect(needed(&t, "web", "read write", CALLBACK, false)); /* CO-06 */
    cr_expect(needed(&t, "web", "read", CALLBACK, true));
    cr_expect(needed(&t, "other", "read", CALLBACK, false));
}

static void shape_bare(struct client_edit *edit)
{
    edit->scopes = STR_ABSENT;
}

Test(consent, CO_01_a_yes_to_one_scope_is_no_yes_to_a_request_without_scopes)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "bare", shape_bare);
    (void)stage_allow(&t, "client_id=bare&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb");
    cr_expect(!needed(&t, "bare", "openid", CALLBACK, false));
    cr_expect(needed(&t, "bare", "", CALLBACK, false)); /* it would see logins and what others were allowed */
    (void)stage_allow(&t, "client_id=bare&response_type=code");
    cr_expect(!needed(&t, "bare", "", CALLBACK, false));
    cr_expect(!needed(&t, "bare", "openid", CALLBACK, false));
    cr_expect(needed(&t, "bare", "openid email", CALLBACK, false));
}

Test(consent, CO_01_whose_identity_is_not_sure_is_asked_each_time)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "native", shape_loopback);
    (void)stage_client(&t, "first", shape_first);
    (void)stage_allow(&t, "client_id=native&response_type=code&scope=read&code_challenge_method=S256&code_challenge=" CHALLENGE);
    cr_expect(needed(&t, "native", "read", "http://127.0.0.1:8000/cb", false));
    cr_expect(!needed(&t, "first", "read", CALLBACK, false));
    cr_expect(needed(&t, "first", "read", CALLBACK, true));
}

static size_t seen(struct stage *t, struct actor by)
{
    struct db_authorization *rows;
    size_t count = 99;
    by.client = by.client ? stage_find(t, "web") : NULL;
    assert_done(consent_authorizations(t->s.ctx, &by, t->ada->number, &rows, &count));
    return count;
}

static bool ends(struct stage *t, struct actor by, str id)
{
    bool revoked = false;
    by.client = by.client ? stage_find(t, "web") : NULL;
    err e = consent_revoke_authorization(t->s.ctx, &by, id, &revoked);
    cr_expect(!FAILED(e) || e.kind == ERR_INSUFFICIENT_SCOPE);
    return revoked;
}

static str grant_of(struct stage *t, const char *id)
{
    struct token_answer answer;
    struct bearer b;
    assert_done(stage_password(t, id, "", &answer));
    assert_done(stage_bearer(t, answer.access_token, &b));
    return b.facts.permit.authorization_id;
}

Test(consent, AD_02_a_token_sees_and_ends_what_its_scope_says)
{
    struct stage t = stage_new();
    str mine = grant_of(&t, "web"), others = grant_of(&t, "other");
    struct actor narrow = by_token(t.ada, "read openid", false), sees = by_token(t.ada, "view-own-authorizations", false);
    struct actor ending = by_token(t.ada, "delete-own-authorizations", false);
    struct db_authorization *rows;
    size_t count;
    narrow.client = sees.client = ending.client = stage_find(&t, "web");
    expect_kind(consent_authorizations(t.s.ctx, &narrow, t.ada->number, &rows, &count), INSUFFICIENT_SCOPE);
    cr_expect_eq(seen(&t, sees), 2);
    cr_expect_eq(seen(&t, by_session(t.ada)), 2);
    cr_expect_eq(seen(&t, by_token(t.ada, "", true)), 2);
    cr_expect_eq(seen(&t, by_personal(t.ada, "")), 2);
    cr_expect(!ends(&t, narrow, mine) && !ends(&t, sees, mine) && !ends(&t, by_personal(t.ada, ""), mine));
    cr_expect(ends(&t, ending, mine) && !ends(&t, ending, mine));
    struct actor scoped = by_personal(t.ada, "read");
    expect_kind(consent_authorizations(t.s.ctx, &scoped, t.ada->number, &rows, &count), INSUFFICIENT_SCOPE);
    cr_expect(!ends(&t, scoped, others));
    cr_expect(ends(&t, by_session(t.ada), others) && !ends(&t, by_session(t.ada), others));
}

Test(consent, AD_02_another_person_neither_sees_nor_ends)
{
    struct stage t = stage_new();
    str mine = grant_of(&t, "web");
    struct db_user *bob = fixture_user(t.s.authority, t.s.a, "bob");
    struct actor by = by_session(bob);
    struct db_authorization *rows;
    size_t count;
    expect_kind(consent_authorizations(t.s.ctx, &by, t.ada->number, &rows, &count), INSUFFICIENT_SCOPE);
    expect_kind(consent_revoke_client(t.s.ctx, &by, t.ada->number, STR("web")), INSUFFICIENT_SCOPE);
    cr_expect(!ends(&t, by, mine));
    struct actor nobody = {.kind = ACTOR_NOBODY}, client = by_client(stage_find(&t, "web"), "edit-users");
    cr_expect(!ends(&t, nobody, mine) && !ends(&t, client, mine));
}

Test(consent, AD_02_what_is_ended_of_a_person_is_theirs)
{
    struct stage t = stage_new();
    str mine = grant_of(&t, "web");
    struct db_user *bob = fixture_user(t.s.authority, t.s.a, "bob");
    struct actor by = by_session(bob), self = by_session(t.ada);
    struct db_authorization *rows;
    size_t count;
    bool ended = true;
    assert_done(consent_revoke_of(t.s.ctx, &actor_owner, bob->number, mine, &ended));
    cr_expect_not(ended);
    assert_done(consent_revoke_of(t.s.ctx, &by, bob->number, mine, &ended));
    cr_expect_not(ended);
    expect_kind(consent_revoke_of(t.s.ctx, &by, t.ada->number, mine, &ended), INSUFFICIENT_SCOPE);
    expect_kind(consent_applications(t.s.ctx, &by, t.ada->number, &rows, &count), INSUFFICIENT_SCOPE);
    assert_done(consent_applications(t.s.ctx, &self, t.ada->number, &rows, &count));
    cr_expect_eq(count, 1u);
    assert_done(consent_revoke_of(t.s.ctx, &self, t.ada->number, mine, &ended));
    cr_expect(ended);
}

Test(consent, CO_04_withdrawing_ends_the_tokens_and_forgets)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    str code = stage_code(&t, "client_id=web&response_type=code&scope=read");
    assert_done(stage_redeem(&t, "web", code, "", &answer));
    struct actor by = by_session(t.ada);
    assert_done(consent_revoke_client(t.s.ctx, &by, t.ada->number, STR("web")));
    expect_kind(stage_bearer(&t, answer.access_token, &b), INVALID_TOKEN);
    cr_expect(needed(&t, "web", "read", CALLBACK, false));
    expect_kind(consent_revoke_client(t.s.ctx, &by, t.ada->number, STR("nosuch")), NOT_FOUND);
}
