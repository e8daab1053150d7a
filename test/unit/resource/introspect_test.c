/* SPDX-License-Identifier: MIT
 * introspect: the truth to those whom it concerns, and nothing to others. */
#include "base/pace.h"
#include "resource/introspect.h"
#include "stage.h"

static struct introspect_answer ask(struct stage *t, const char *by, str token)
{
    struct introspect_answer answer;
    scene_next(&t->s);
    struct client_proof proof = stage_proof(t, by);
    assert_done(introspect_token(t->s.ctx, &proof, token, &answer));
    return answer;
}

static void revoke(struct stage *t, const char *by, str token)
{
    scene_next(&t->s);
    struct client_proof proof = stage_proof(t, by);
    assert_done(introspect_revoke(t->s.ctx, &proof, token, &(int64_t){0}));
}

Test(introspect, IR_05_it_says_what_the_token_says)
{
    struct stage t = stage_new();
    struct token_answer answer;
    assert_done(stage_password(&t, "web", "&scope=read", &answer));
    struct introspect_answer a = ask(&t, "other", answer.access_token);
    cr_expect(a.active && str_is(a.scope, "read") && str_is(a.client_id, "web") && str_equal(a.sub, t.ada->id));
    cr_expect(str_is(a.username, "ada") && str_is(a.aud, FIXTURE_ISSUER) && str_is(a.iss, FIXTURE_ISSUER));
    cr_expect(a.exp == NOW + 3600 && a.iat == NOW);
}

/* RFC 9470 6.2: of the login that the token came from, whatever make it has; of none when there was none. */
Test(introspect, it_says_how_and_when_the_person_logged_in)
{
    struct stage t = stage_new();
    struct token_answer answer, later;
    struct db_resource resource = {
        .uri = STR("https://s"), .name = STR("s"), .token_format = STR("jwt"), .alg = STR("ES256"), .client_id = STR("other"), .created_at = NOW};
    assert_done(db_resource_add(store_each(t.s.authority->store), &resource));
    assert_done(stage_password(&t, "web", "&scope=read", &answer));
    struct introspect_answer a = ask(&t, "other", answer.access_token);
    cr_expect(str_is(a.acr, ACR_PASSWORD) && a.auth_time == NOW);
    a = ask(&t, "web", answer.refresh_token);
    cr_expect(str_is(a.acr, ACR_PASSWORD) && a.auth_time == NOW);
    clock_set(NOW + 100);
    assert_done(stage_refresh(&t, "web", answer.refresh_token, "", &later));
    a = ask(&t, "other", later.access_token);
    cr_expect(str_is(a.acr, ACR_PASSWORD) && a.auth_time == NOW, "a refresh is no login");
    assert_done(stage_password(&t, "web", "&scope=read&resource=https%3A%2F%2Fs", &answer));
    a = ask(&t, "other", answer.access_token);
    cr_expect(a.active && str_is(a.acr, ACR_PASSWORD) && a.auth_time == NOW + 100, "a JWT");
    assert_done(stage_token(&t, "web", STR("grant_type=client_credentials"), &answer));
    a = ask(&t, "other", answer.access_token);
    cr_expect(a.active && !str_present(a.acr) && a.auth_time == 0);
}

Test(introspect, IR_01_public_clients_are_not_answered)
{
    struct stage t = stage_new();
    struct introspect_answer a;
    struct client_proof proof = stage_proof(&t, "pub");
    expect_kind(introspect_token(t.s.ctx, &proof, STR("x"), &a), INVALID_CLIENT);
}

Test(introspect, IR_02_another_services_token_is_inactive)
{
    struct stage t = stage_new();
    struct token_answer answer;
    struct db_resource resource = {
        .uri = STR("https://s"), .name = STR("s"), .token_format = STR("sealed"), .alg = STR("ES256"), .client_id = STR("other"), .created_at = NOW};
    assert_done(db_resource_add(store_each(t.s.authority->store), &resource));
    assert_done(stage_token(&t, "web", STR("grant_type=client_credentials&resource=https%3A%2F%2Fs"), &answer));
    cr_expect(ask(&t, "other", answer.access_token).active);
    struct introspect_answer a = ask(&t, "web", answer.access_token);
    cr_expect(!a.active && !str_present(a.scope) && !str_present(a.sub) && a.exp == 0);
}

Test(introspect, IR_03_whatever_is_no_live_token_is_inactive)
{
    struct stage t = stage_new();
    struct token_answer answer;
    assert_done(stage_password(&t, "web", "", &answer));
    const str others[] = {STR("x"), STR("jtn_at_"), STR("jtn_rt_x"), STR("jtn_pat_x"), t.secret, STR("a.b.c")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect(!ask(&t, "web", others[i]).active, "%zu", i);
    clock_set(NOW + 3600);
    cr_expect(!ask(&t, "web", answer.access_token).active);
}

Test(introspect, a_refresh_token_is_told_to_its_own_client_alone)
{
    struct stage t = stage_new();
    struct token_answer a, b;
    struct introspect_answer told;
    assert_done(stage_password(&t, "web", "", &a));
    told = ask(&t, "web", a.refresh_token);
    cr_expect(told.active && str_is(told.token_type, "refresh_token"));
    cr_expect(!ask(&t, "other", a.refresh_token).active);
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    cr_expect(!ask(&t, "web", a.refresh_token).active, "the old one");
    cr_expect(ask(&t, "web", b.refresh_token).active);
    struct client_proof proof = stage_proof(&t, "web");
    cache_inline(true);
    expect_kind(introspect_token(t.s.ctx, &proof, b.refresh_token, &told), ELSEWHERE);
    cache_inline(false);
}

Test(introspect, IR_06_nobody_revokes_what_is_not_theirs)
{
    struct stage t = stage_new();
    struct token_answer a;
    assert_done(stage_password(&t, "web", "", &a));
    revoke(&t, "other", a.access_token);
    revoke(&t, "other", a.refresh_token);
    revoke(&t, "pub", a.refresh_token);
    cr_expect(ask(&t, "web", a.access_token).active && ask(&t, "web", a.refresh_token).active);
}

Test(introspect, IR_08_a_revoked_refresh_token_takes_all_along)
{
    struct stage t = stage_new();
    struct token_answer a, b;
    assert_done(stage_password(&t, "web", "", &a));
    assert_done(stage_refresh(&t, "web", a.refresh_token, "", &b));
    revoke(&t, "web", a.refresh_token); /* an old one of the family does it as well */
    cr_expect(!ask(&t, "web", a.access_token).active && !ask(&t, "web", b.access_token).active);
    expect_kind(stage_refresh(&t, "web", b.refresh_token, "", &a), INVALID_GRANT);
}

Test(introspect, a_revoked_access_token_ends_alone)
{
    struct stage t = stage_new();
    struct token_answer a, b;
    assert_done(stage_password(&t, "web", "", &a));
    revoke(&t, "web", a.access_token);
    cr_expect(!ask(&t, "web", a.access_token).active);
    expect_kind(stage_refresh(&t, "web", a.refresh_token, "", &b), OK);
}

static err revoke_one(struct stage *t, const char *client, str token, int64_t *retry_after)
{
    struct client_proof proof = {.client = client_find(t->s.ctx, str_of(client)), .authenticated = true};
    return introspect_revoke(t->s.ctx, &proof, token, retry_after);
}

Test(introspect, RL_06_revocations_are_paced_per_client_and_bounded_in_all)
{
    struct stage t = stage_new();
    struct token_answer tokens[70], others, family;
    int64_t wait = 0;
    int done = 0;
    t.s.authority->policy.revocations_a_second = 1; /* sixty at once */
    t.s.authority->policy.revocations_max = 1000;
    for (int i = 0; i < 70; i++)
        assert_done(stage_password(&t, "web", "", &tokens[i]));
    assert_done(stage_password(&t, "other", "", &others));
    while (done < 70 && !FAILED(revoke_one(&t, "web", tokens[done].access_token, &wait)))
        done++;
    cr_assert(done >= 60 && done < 70, "%d", done);
    cr_expect_gt(wait, 0);
    cr_expect(ask(&t, "web", tokens[done].access_token).active);       /* it was told so: nothing is half revoked */
    assert_done(revoke_one(&t, "web", tokens[0].access_token, &wait)); /* again costs nothing */
    assert_done(revoke_one(&t, "other", others.access_token, &wait));
    t.s.authority->policy.revocations_max = 1;
    pace_forget_all();
    expect_kind(revoke_one(&t, "web", tokens[done].access_token, &wait), BUSY);
    for (int i = 0; i < done; i++)
        cr_expect(!ask(&t, "web", tokens[i].access_token).active); /* none is forgotten */
    assert_done(stage_refresh(&t, "web", tokens[0].refresh_token, "", &family));
    assert_done(revoke_one(&t, "web", family.refresh_token, &wait)); /* a grant, whose person must be heard */
    cr_expect(!ask(&t, "web", family.access_token).active);
}

Test(introspect, IR_07_unknown_tokens_are_fine)
{
    struct stage t = stage_new();
    const str others[] = {STR("x"), STR("jtn_at_"), STR("jtn_rt_x"), STR("jtn_pat_x"), STR("jtn_ac_x"), STR("a.b.c")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        revoke(&t, "web", others[i]);
}

struct told {
    str token;
    bool active;
};

static err ask_again(struct context *ctx, void *context)
{
    struct told *w = context;
    struct introspect_answer answer = {0};
    struct client_proof proof = {.client = cache_client(ctx->snapshot, STR("web")), .authenticated = true};
    err e = introspect_token(ctx, &proof, w->token, &answer);
    w->active = answer.active;
    return e;
}

static err revoke_again(struct context *ctx, void *context)
{
    const struct told *w = context;
    int64_t retry_after = 0;
    struct client_proof proof = {.client = cache_client(ctx->snapshot, STR("web")), .authenticated = true};
    return introspect_revoke(ctx, &proof, w->token, &retry_after);
}

/* Each allocation fails once, until it is answered. */
static void torture(struct stage *t, scene_act *act, struct told *w)
{
    size_t n = 1;
    scene_next(&t->s);
    while (n < 500 && !scene_torture(&t->s, n, act, w))
        n++;
    cr_expect(n > 1 && n < 500, "%zu", n);
}

Test(introspect, IR_09_memory_that_ends_is_neither_inactive_nor_revoked)
{
    struct stage t = stage_new();
    struct token_answer answer;
    assert_done(stage_password(&t, "web", "", &answer));
    const str tokens[] = {answer.refresh_token, answer.access_token};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct told w = {.token = tokens[i]};
        torture(&t, ask_again, &w);
        cr_expect(w.active, "%zu", i);
    }
    assert_done(stage_password(&t, "web", "", &answer));
    const str ended[] = {answer.access_token, answer.refresh_token};
    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++) {
        struct told w = {.token = ended[i]};
        torture(&t, revoke_again, &w);
        cr_expect_not(ask(&t, "web", ended[i]).active, "%zu", i);
    }
}

Test(introspect, LS_14_while_the_password_must_be_changed_no_token_is_active)
{
    struct stage t = stage_new();
    struct token_answer answer;
    assert_done(stage_password(&t, "web", "", &answer));
    cr_expect(ask(&t, "web", answer.access_token).active && ask(&t, "web", answer.refresh_token).active);
    struct db_user due = *scene_again(&t.s, t.ada);
    due.must_change_password = true;
    assert_done(db_user_save(store_each(t.s.authority->store), t.s.a, &due, NULL));
    cr_expect(!ask(&t, "web", answer.access_token).active && !ask(&t, "web", answer.refresh_token).active);
}
