/* SPDX-License-Identifier: MIT
 * jwt_bearer: RFC 7523 2.1: whose word counts, for whom, how often and how far. */
#include "grant/jwt_bearer.h"
#include "client/issuers.h"
#include "user/user.h"
#include "client_ways.h"

#define GRANT "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion="
#define ISS   "https://idp.example"
#define HEAD  "{\"alg\":\"ES256\",\"kid\":\"k1\"}"

static void shape_app(struct client_edit *edit)
{
    edit->grants = STR("jwt_bearer");
}

struct trust {
    struct stage t;
    struct sign_key *key;
};

static err add_issuer(struct stage *t, const struct issuer_edit *edit)
{
    struct problems p = {0};
    scene_next(&t->s);
    return issuers_add(t->s.ctx, &actor_owner, edit, &p);
}

static struct issuer_edit edit_of(struct trust *x, const char *subject_is)
{
    return (struct issuer_edit){.issuer = STR(ISS),
                                .jwks = ways_jwks(&x->t, x->key, "k1"),
                                .subject_is = str_of(subject_is),
                                .clients = STR("app"),
                                .scopes = STR("read"),
                                .life_max = 300};
}

static struct trust trust_new(const char *subject_is)
{
    struct trust x = {.t = stage_new()};
    (void)stage_client(&x.t, "app", shape_app);
    (void)stage_client(&x.t, "app2", shape_app);
    x.key = foreign_key(x.t.s.a, SIGN_ES256);
    struct issuer_edit edit = edit_of(&x, subject_is);
    assert_done(add_issuer(&x.t, &edit));
    return x;
}

/* Claims with what differs from the right ones put in front; %d stands for times relative to now. */
struct claims {
    const char *iss, *aud, *sub, *jti;
    int64_t exp;
};

static str assertion(struct trust *x, const char *head, const struct claims *c)
{
    char text[1024];
    (void)snprintf(text, sizeof text, "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%s\",\"jti\":\"%s\",\"exp\":%lld}", c->iss ? c->iss : ISS,
                   c->aud ? c->aud : FIXTURE_ISSUER, c->sub ? c->sub : "ada", c->jti ? c->jti : "j1", (long long)(NOW + (c->exp ? c->exp : 200)));
    return foreign_token(x->t.s.a, x->key, head, text);
}

static err bring(struct trust *x, const char *client, str token, const char *more, struct token_answer *out)
{
    return stage_token(&x->t, client, stage_text(&x->t, GRANT, token, more), out);
}

static enum err_kind refused(struct trust *x, const struct claims *c)
{
    struct token_answer answer;
    return bring(x, "app", assertion(x, HEAD, c), "", &answer).kind;
}

Test(jwt_bearer, an_assertion_becomes_a_persons_token_once)
{
    struct trust x = trust_new("username");
    struct token_answer answer;
    struct bearer b;
    str token = assertion(&x, HEAD, &(struct claims){0});
    assert_done(bring(&x, "app", token, "", &answer));
    cr_expect(str_is(answer.scope, "read") && !str_present(answer.refresh_token) && !str_present(answer.id_token));
    assert_done(stage_bearer(&x.t, answer.access_token, &b));
    cr_expect(str_equal(b.user->id, x.t.ada->id) && str_present(b.facts.permit.authorization_id) && b.facts.permit.auth_time == 0);
    cr_expect_eq(bring(&x, "app", token, "", &answer).kind, ERR_INVALID_GRANT, "replayed");
    assert_done(bring(&x, "app", assertion(&x, HEAD, &(struct claims){.jti = "j2", .aud = FIXTURE_ISSUER "/oauth/token"}), "", &answer));
}

Test(jwt_bearer, CA_08_an_assertion_is_spent_for_those_too_that_waited_beyond_its_end)
{
    struct trust x = trust_new("username");
    struct token_answer answer;
    str token = assertion(&x, HEAD, &(struct claims){0}), text = stage_text(&x.t, GRANT, token, "");
    struct form f;
    assert_done(bring(&x, "app", token, "", &answer));
    assert_done(form_parse(x.t.s.a, text, &f));
    scene_next(&x.t.s);
    struct client_proof proof = stage_proof(&x.t, "app");
    clock_set(NOW + 200 + 10 + 15);
    cr_expect_eq(token_request_answer(x.t.s.ctx, &proof, &f, &answer).kind, ERR_INVALID_GRANT);
}

static int64_t live_authorizations(struct stage *t)
{
    struct db_authorization *rows;
    size_t count;
    assert_done(db_authorization_list(store_each(t->s.authority->store), t->s.a, t->ada->number, &rows, &count));
    return (int64_t)count;
}

/* TE-06, CVE-2026-1609: the block ended all grants that there were; this one must not wait for its end. */
Test(jwt_bearer, a_block_that_overtakes_leaves_no_grant)
{
    struct trust x = trust_new("username");
    struct token_answer answer;
    str token = assertion(&x, HEAD, &(struct claims){0});
    stage_block_overtakes();
    cr_expect_eq(bring(&x, "app", token, "", &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(live_authorizations(&x.t), 0);
}

Test(jwt_bearer, a_wrong_claim_is_invalid_grant)
{
    struct trust x = trust_new("username");
    cr_expect_eq(refused(&x, &(struct claims){.iss = "https://other.example"}), ERR_INVALID_GRANT);
    cr_expect_eq(refused(&x, &(struct claims){.iss = ISS "/"}), ERR_INVALID_GRANT);
    cr_expect_eq(refused(&x, &(struct claims){.aud = "https://other.example"}), ERR_INVALID_GRANT);
    cr_expect_eq(refused(&x, &(struct claims){.sub = "nobody"}), ERR_INVALID_GRANT);
    cr_expect_eq(refused(&x, &(struct claims){.exp = -20}), ERR_INVALID_GRANT, "expired");
    cr_expect_eq(refused(&x, &(struct claims){.exp = 3600}), ERR_INVALID_GRANT, "lives too long");
    cr_expect_eq(refused(&x, &(struct claims){0}), ERR_OK);
}

Test(jwt_bearer, a_missing_claim_is_invalid_grant)
{
    struct trust x = trust_new("username");
    struct token_answer answer;
    static const char *const cut[] = {
        "{\"aud\":\"" FIXTURE_ISSUER "\",\"sub\":\"ada\",\"jti\":\"a\",\"exp\":1790000100}",
        "{\"iss\":\"" ISS "\",\"sub\":\"ada\",\"jti\":\"a\",\"exp\":1790000100}",
        "{\"iss\":\"" ISS "\",\"aud\":\"" FIXTURE_ISSUER "\",\"jti\":\"a\",\"exp\":1790000100}",
        "{\"iss\":\"" ISS "\",\"aud\":\"" FIXTURE_ISSUER "\",\"sub\":\"ada\",\"exp\":1790000100}",
        "{\"iss\":\"" ISS "\",\"aud\":\"" FIXTURE_ISSUER "\",\"sub\":\"ada\",\"jti\":\"a\"}",
        "{}",
    };
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
        cr_expect_eq(bring(&x, "app", foreign_token(x.t.s.a, x.key, HEAD, cut[i]), "", &answer).kind, ERR_INVALID_GRANT, "%s", cut[i]);
}

Test(jwt_bearer, a_signature_by_another_key_or_none_is_refused)
{
    struct trust x = trust_new("username");
    struct token_answer answer;
    struct claims right = {0};
    struct sign_key *own = x.key;
    x.key = foreign_key(x.t.s.a, SIGN_ES256);
    cr_expect_eq(bring(&x, "app", assertion(&x, HEAD, &right), "", &answer).kind, ERR_INVALID_GRANT);
    x.key = own;
    cr_expect_eq(bring(&x, "app", assertion(&x, "{\"alg\":\"none\"}", &right), "", &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(bring(&x, "app", assertion(&x, "{\"alg\":\"HS256\",\"kid\":\"k1\"}", &right), "", &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(bring(&x, "app", STR("x.y.z"), "", &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(bring(&x, "app", STR(""), "", &answer).kind, ERR_INVALID_REQUEST);
}

Test(jwt_bearer, only_for_the_clients_and_scopes_of_the_issuer)
{
    struct trust x = trust_new("username");
    struct token_answer answer;
    str token = assertion(&x, HEAD, &(struct claims){0});
    cr_expect_eq(bring(&x, "app2", token, "", &answer).kind, ERR_INVALID_GRANT);
    cr_expect_eq(bring(&x, "web", token, "", &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    cr_expect_eq(bring(&x, "app", token, "&scope=write", &answer).kind, ERR_INVALID_SCOPE, "the client has it, the issuer not");
    cr_expect_eq(bring(&x, "app", token, "&resource=https://nosuch.example", &answer).kind, ERR_INVALID_TARGET);
    assert_done(bring(&x, "app", token, "&scope=read", &answer));
}

Test(jwt_bearer, blocked_and_removed_people_get_nothing)
{
    struct trust x = trust_new("username");
    scene_next(&x.t.s);
    assert_done(user_block(x.t.s.ctx, &actor_owner, x.t.ada->id, true));
    cr_expect_eq(refused(&x, &(struct claims){0}), ERR_INVALID_GRANT); /* CVE-2026-1609 */
    assert_done(user_remove(x.t.s.ctx, &actor_owner, x.t.ada->id));
    cr_expect_eq(refused(&x, &(struct claims){0}), ERR_INVALID_GRANT);
}

Test(jwt_bearer, a_subject_is_what_the_administrator_said)
{
    struct trust x = trust_new("user_id");
    cr_expect_eq(refused(&x, &(struct claims){0}), ERR_INVALID_GRANT, "a username is no id");
    cr_expect_eq(refused(&x, &(struct claims){.sub = x.t.ada->id.p}), ERR_OK);
}

Test(jwt_bearer, an_assertion_about_the_client_is_its_own_token)
{
    struct trust x = trust_new("client");
    struct token_answer answer;
    struct bearer b;
    cr_expect_eq(refused(&x, &(struct claims){.sub = "web"}), ERR_INVALID_GRANT);
    assert_done(bring(&x, "app", assertion(&x, HEAD, &(struct claims){.sub = "app"}), "", &answer));
    assert_done(stage_bearer(&x.t, answer.access_token, &b));
    cr_expect(str_is(b.facts.permit.subject, "client:app") && !b.user);
}

Test(jwt_bearer, an_issuer_that_was_removed_is_trusted_no_longer)
{
    struct trust x = trust_new("username");
    bool removed;
    assert_done(issuers_remove(x.t.s.ctx, &actor_owner, STR(ISS), &removed));
    cr_expect(removed);
    cr_expect_eq(refused(&x, &(struct claims){0}), ERR_INVALID_GRANT);
}

Test(jwt_bearer, AT_04_a_token_of_another_kind_is_no_assertion) /* RFC 8725 3.11 */
{
    static const char *const others[] = {
        "at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "client-authentication+jwt", "oauth-authz-req+jwt", "secevent+jwt", ""};
    static const char *const own[] = {"JWT", "jwt", "authorization-grant+jwt"};
    struct trust x = trust_new("username");
    struct token_answer answer;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        str head = str_format(x.t.s.a, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"%s\"}", others[i]);
        struct claims c = {.jti = str_format(x.t.s.a, "other-%zu", i).p};
        cr_expect_eq(bring(&x, "app", assertion(&x, head.p, &c), "", &answer).kind, ERR_INVALID_GRANT, "%s", others[i]);
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        str head = str_format(x.t.s.a, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"%s\"}", own[i]);
        struct claims c = {.jti = str_format(x.t.s.a, "own-%zu", i).p};
        cr_expect_eq(bring(&x, "app", assertion(&x, head.p, &c), "", &answer).kind, ERR_OK, "%s", own[i]);
    }
}
