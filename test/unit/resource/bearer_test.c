/* SPDX-License-Identifier: MIT
 * bearer: each cause of death, each kind of token. */
#include "resource/bearer.h"
#include "authorize/consent.h"
#include "stage.h"

#define SERVICE "https://service.example.com"

static str person_token(struct stage *t)
{
    struct token_answer answer;
    assert_done(stage_password(t, "web", "", &answer));
    return answer.access_token;
}

static str client_token(struct stage *t, const char *more)
{
    struct token_answer answer;
    assert_done(stage_token(t, "web", stage_text(t, "grant_type=client_credentials", str_of(more), ""), &answer));
    return answer.access_token;
}

static struct pat_made personal(struct stage *t, const char *scopes)
{
    struct pat_made made;
    struct pat_edit edit = {.user = t->ada->id, .name = STR("x"), .scopes = str_of(scopes), .expires_in = 1000};
    scene_next(&t->s);
    assert_done(pat_add(t->s.ctx, &actor_owner, &edit, &t->s.p, &made));
    return made;
}

static void service(struct stage *t, const char *format)
{
    struct db_resource resource = {
        .uri = STR(SERVICE), .name = STR("s"), .token_format = str_of(format), .alg = STR("ES256"), .client_id = STR("other"), .created_at = NOW};
    assert_done(db_resource_add(store_each(t->s.authority->store), &resource));
    scene_next(&t->s);
}

static const char *why(struct stage *t, str token)
{
    struct bearer b;
    err e = stage_bearer(t, token, &b);
    if (!FAILED(e))
        return "alive";
    cr_expect_eq(e.kind, ERR_INVALID_TOKEN, "%s", err_why(e));
    return err_why(e);
}

Test(bearer, the_header_has_one_form_in_any_letter_case)
{
    struct bearer_sent token;
    expect_kind(bearer_of_header(STR("bEaReR  abc "), &token), OK);
    cr_expect(str_is(token.token, "abc") && !token.dpop);
    expect_kind(bearer_of_header(STR("dPoP abc"), &token), OK);
    cr_expect(str_is(token.token, "abc") && token.dpop);
    const str bad[] = {STR_ABSENT,       STR(""),           STR("Bearer"),     STR("Bearer "),     STR("Bearer    "),      STR("Basic abc"),
                       STR("Bearerabc"), STR("Bearer a b"), STR("Bearer a,b"), STR("Bearer a\tb"), STR("Bearer \xc3\xa9"), STR("DPoP"),
                       STR("DPoP "),     STR("DPoPabc"),    STR("DPoP a b")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(bearer_of_header(bad[i], &token).kind, ERR_INVALID_TOKEN, "%zu", i);
}

Test(bearer, a_block_a_deletion_and_a_disabled_client_end_a_persons_token)
{
    struct stage t = stage_new();
    str token = person_token(&t), other = person_token(&t);
    cr_expect_str_eq(why(&t, token), "alive");
    stage_revoke_client(&t, "web", true);
    cr_expect_str_neq(why(&t, token), "alive");
    stage_revoke_client(&t, "web", false);
    cr_expect_str_neq(why(&t, token), "alive", "what was ended stays ended");
    token = person_token(&t);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    cr_expect_str_neq(why(&t, token), "alive");
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, false));
    cr_expect_str_neq(why(&t, token), "alive");
    other = person_token(&t);
    assert_done(user_remove(t.s.ctx, &actor_owner, t.ada->id));
    cr_expect_str_neq(why(&t, other), "alive");
}

Test(bearer, a_new_password_and_a_withdrawn_consent_end_it)
{
    struct stage t = stage_new();
    str token = person_token(&t);
    struct user_password_change change = {.id = t.ada->id, .fresh = STR("another good password")};
    assert_done(user_password(t.s.ctx, &actor_owner, &change, &t.s.p));
    cr_expect_str_eq(why(&t, token), "bearer: grant revoked");
    struct token_answer answer;
    assert_done(stage_token(&t, "web", STR("grant_type=password&username=ada&password=another+good+password"), &answer));
    assert_done(consent_revoke_client(t.s.ctx, &actor_owner, t.ada->number, STR("web")));
    cr_expect_str_eq(why(&t, answer.access_token), "bearer: grant revoked");
}

Test(bearer, a_removed_client_takes_its_own_token_along)
{
    struct stage t = stage_new();
    str token = client_token(&t, "");
    cr_expect_str_eq(why(&t, token), "alive");
    assert_done(client_remove(t.s.ctx, &actor_owner, STR("web")));
    cr_expect_str_neq(why(&t, token), "alive");
}

Test(bearer, AT_16_one_revoked_token_dies_alone)
{
    struct stage t = stage_new();
    str one = client_token(&t, ""), two = client_token(&t, "");
    struct client_proof proof = stage_proof(&t, "web");
    assert_done(introspect_revoke(t.s.ctx, &proof, one, &(int64_t){0}));
    cr_expect_str_eq(why(&t, one), "bearer: token revoked");
    cr_expect_str_eq(why(&t, two), "alive");
}

Test(bearer, PT_04_personal_tokens_end_by_revoking_block_and_time)
{
    struct stage t = stage_new();
    struct pat_made a = personal(&t, ""), b = personal(&t, ""), c = personal(&t, "");
    bool revoked;
    cr_expect_str_eq(why(&t, a.token), "alive");
    assert_done(pat_revoke(t.s.ctx, &actor_owner, t.ada->id, a.pat.id, &revoked));
    cr_expect_str_eq(why(&t, a.token), "bearer: personal token revoked");
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    cr_expect_str_neq(why(&t, b.token), "alive");
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, false));
    cr_expect_str_eq(why(&t, b.token), "alive", "a block stops it until it is lifted");
    clock_set(NOW + 1000);
    cr_expect_str_eq(why(&t, c.token), "bearer: personal token expired");
}

Test(bearer, AT_04_other_credentials_are_no_access_tokens)
{
    struct stage t = stage_new();
    struct token_answer answer;
    assert_done(stage_password(&t, "web", "", &answer));
    struct session s = stage_session(&t, t.ada);
    str ticket;
    assert_done(authorize_ticket(t.s.ctx, &(struct authorize_request){0}, &s, &ticket));
    const str others[] = {answer.refresh_token,
                          t.secret,
                          s.cookie,
                          ticket,
                          STR("x"),
                          STR(""),
                          STR("jtn_at_"),
                          STR("jtn_pat_x"),
                          STR("a.b.c"),
                          STR("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_str_neq(why(&t, others[i]), "alive", "%zu", i);
}

Test(bearer, AT_03_a_services_token_is_not_for_our_own_api)
{
    struct stage t = stage_new();
    struct actor actor;
    struct bearer b;
    service(&t, "sealed");
    str token = client_token(&t, "&resource=https%3A%2F%2Fservice.example.com");
    assert_done(stage_bearer(&t, token, &b));
    cr_expect(b.resource && str_is(b.resource->uri, SERVICE));
    expect_kind(bearer_actor(t.s.ctx, &(struct bearer_sent){token, false}, &actor), INVALID_TOKEN);
    bool removed;
    assert_done(db_resource_remove(store_each(t.s.authority->store), STR(SERVICE), &removed));
    cr_expect_str_eq(why(&t, token), "bearer: resource removed");
}

Test(bearer, a_signed_token_dies_with_its_person_and_grant)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct bearer b;
    service(&t, "jwt");
    assert_done(stage_password(&t, "web", "&resource=https%3A%2F%2Fservice.example.com", &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(b.kind == BEARER_JWT && b.user && str_equal(b.user->id, t.ada->id));
    cache_inline(true);
    expect_kind(bearer_check(t.s.ctx, answer.access_token, &b), ELSEWHERE);
    cache_inline(false);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    cr_expect_str_neq(why(&t, answer.access_token), "alive");
}

Test(bearer, an_event_thread_never_reads_the_disk)
{
    struct stage t = stage_new();
    struct bearer b;
    struct pat_made made = personal(&t, "");
    str token = person_token(&t);
    assert_done(db_user_logged_in(store_each(t.s.authority->store), t.ada->number, t.s.ctx->now)); /* so that memory has forgotten the person */
    scene_next(&t.s);
    cache_inline(true);
    expect_kind(bearer_check(t.s.ctx, made.token, &b), ELSEWHERE);
    expect_kind(bearer_check(t.s.ctx, token, &b), ELSEWHERE);
    cache_inline(false);
    expect_kind(bearer_check(t.s.ctx, made.token, &b), OK);
    expect_kind(bearer_check(t.s.ctx, token, &b), OK);
    cache_inline(true);
    expect_kind(bearer_check(t.s.ctx, made.token, &b), OK);
    expect_kind(bearer_check(t.s.ctx, token, &b), OK);
    cache_inline(false);
}

Test(bearer, PT_02_a_personal_token_reaches_no_further_than_its_person_now)
{
    struct stage t = stage_new();
    struct actor actor;
    struct user_edit edit = edit_nothing();
    struct pat_made made = personal(&t, "view-users");
    assert_done(bearer_actor(t.s.ctx, &(struct bearer_sent){made.token, false}, &actor));
    cr_expect(!actor_may(&actor, "view-users"));
    edit.permissions = STR("view-users");
    assert_done(user_change(t.s.ctx, &actor_owner, t.ada->id, &edit, &t.s.p));
    scene_next(&t.s);
    assert_done(bearer_actor(t.s.ctx, &(struct bearer_sent){made.token, false}, &actor));
    cr_expect(actor_may(&actor, "view-users") && !actor_may(&actor, "edit-users"));
    edit.permissions = STR("");
    assert_done(user_change(t.s.ctx, &actor_owner, t.ada->id, &edit, &t.s.p));
    scene_next(&t.s);
    assert_done(bearer_actor(t.s.ctx, &(struct bearer_sent){made.token, false}, &actor));
    cr_expect(!actor_may(&actor, "view-users"));
}
