/* SPDX-License-Identifier: MIT
 * token_exchange: RFC 8693 under policy: who may hand in what, for whom, and that the result is never more. */
#include "grant/token_exchange.h"
#include "user/user.h"
#include "authorize/consent.h"
#include "exchange.h"
#include "proof.h"
#include "store/table/db_consent.h"

static void shape_bare(struct client_edit *edit)
{
    edit->grants = STR("password");
    edit->scopes = STR("");
}

Test(token_exchange, impersonation_acts_as_the_subject_and_never_with_more)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct bearer before, after;
    str token = exchange_tokens(&t, "web", "&scope=read");
    assert_done(stage_bearer(&t, token, &before));
    clock_set(NOW + 600);
    assert_done(exchange_swap(&t, token, ACCESS, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &after));
    cr_expect(str_is(answer.issued_token_type, "urn:ietf:params:oauth:token-type:access_token") && str_is(answer.token_type, "Bearer"));
    cr_expect(str_is(answer.scope, "read") && !str_present(answer.refresh_token));
    cr_expect_eq(answer.expires_in, 3000, "not after the subject token's end");
    cr_expect(str_is(after.facts.permit.client_id, "gate") && str_equal(after.user->id, t.ada->id));
    cr_expect(str_equal(after.facts.permit.authorization_id, before.facts.permit.authorization_id) && !str_present(after.facts.permit.act));
    cr_expect(after.facts.permit.auth_time == NOW && str_is(bearer_acr(&after), ACR_PASSWORD), "of the login, which is none of the exchange");
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&scope=write", &answer).kind, ERR_INVALID_SCOPE);
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&scope=read+nosuch", &answer).kind, ERR_INVALID_SCOPE);
}

Test(token_exchange, delegation_says_who_acts_and_who_acted_before)
{
    struct stage t = exchange_stage();
    struct token_answer own, answer;
    struct bearer b;
    assert_done(stage_token(&t, "gate", STR("grant_type=client_credentials"), &own));
    str mine = own.access_token;
    assert_done(exchange_delegate(&t, exchange_tokens(&t, "web", ""), mine, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_is(b.facts.permit.act, "{\"sub\":\"client:gate\"}"), "%.*s", STR_FMT(b.facts.permit.act));
    assert_done(exchange_delegate(&t, answer.access_token, mine, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_is(b.facts.permit.act, "{\"sub\":\"client:gate\",\"act\":{\"sub\":\"client:gate\"}}"), "%.*s", STR_FMT(b.facts.permit.act));
    assert_done(exchange_swap(&t, answer.access_token, ACCESS, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_present(b.facts.permit.act), "impersonation hides nobody");
}

Test(token_exchange, the_end_of_the_persons_grant_ends_the_exchanged_token)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct bearer b;
    bool revoked;
    assert_done(exchange_swap(&t, exchange_tokens(&t, "web", ""), ACCESS, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    assert_done(consent_revoke_authorization(t.s.ctx, &actor_owner, b.facts.permit.authorization_id, &revoked));
    cr_expect(revoked);
    cr_expect_eq(stage_bearer(&t, answer.access_token, &b).kind, ERR_INVALID_TOKEN);
}

Test(token_exchange, only_in_the_ways_that_the_client_was_given)
{
    struct stage t = exchange_stage();
    struct token_answer own, answer;
    str token = exchange_tokens(&t, "web", ""), foreign = exchange_tokens(&t, "other", "");
    cr_expect_eq(exchange_swap(&t, foreign, ACCESS, &answer).kind, ERR_INVALID_REQUEST, "other is not in its list");
    exchange_policy(&t, "gate", "impersonation", "*", "");
    assert_done(exchange_swap(&t, foreign, ACCESS, &answer));
    assert_done(stage_token(&t, "gate", STR("grant_type=client_credentials"), &own));
    cr_expect_eq(exchange_delegate(&t, token, own.access_token, &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    exchange_policy(&t, "gate", "delegation", "*", "");
    cr_expect_eq(exchange_swap(&t, token, ACCESS, &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    exchange_policy(&t, "gate", "", "*", "");
    cr_expect_eq(exchange_swap(&t, token, ACCESS, &answer).kind, ERR_UNAUTHORIZED_CLIENT);
    cr_expect_eq(stage_token(&t, "web", stage_text(&t, GRANT ACCESS "&subject_token=", token, ""), &answer).kind, ERR_UNAUTHORIZED_CLIENT);
}

Test(token_exchange, targets_are_named_by_uri_or_by_their_client_and_must_be_allowed)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct bearer b;
    exchange_resource(&t, "https://mail.example", "sealed", "mail");
    str token = exchange_tokens(&t, "web", "");
    assert_done(exchange_swap(&t, token, ACCESS "&resource=" FILES, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(b.kind == BEARER_JWT && str_is(b.facts.permit.audience, FILES) && str_equal(b.user->id, t.ada->id));
    assert_done(exchange_swap(&t, token, ACCESS "&audience=files&requested_token_type=urn:ietf:params:oauth:token-type:jwt", &answer));
    cr_expect(str_is(answer.issued_token_type, "urn:ietf:params:oauth:token-type:jwt"));
    assert_done(exchange_swap(&t, token, ACCESS "&audience=files&resource=" FILES, &answer));
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&audience=files&resource=https://mail.example", &answer).kind, ERR_INVALID_TARGET);
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&audience=mail", &answer).kind, ERR_INVALID_TARGET, "known, but not for this client");
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&audience=nosuch", &answer).kind, ERR_INVALID_TARGET);
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&resource=https://nosuch.example", &answer).kind, ERR_INVALID_TARGET);
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&requested_token_type=urn:ietf:params:oauth:token-type:jwt", &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token", &answer).kind, ERR_INVALID_REQUEST);
}

Test(token_exchange, what_cannot_be_read_is_an_error_and_never_nothing)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    static char endless[BUF_TOKEN_MAX + 2];
    memset(endless, 'a', sizeof endless - 1);
    str token = exchange_tokens(&t, "web", "");
    cr_expect_eq(exchange_swap(&t, STR(""), ACCESS, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, STR("x"), ACCESS, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, str_of(endless), ACCESS, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, token, "", &answer).kind, ERR_INVALID_REQUEST, "no type");
    cr_expect_eq(exchange_swap(&t, token, "&subject_token_type=urn:ietf:params:oauth:token-type:saml2", &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, token, JWT, &answer).kind, ERR_INVALID_REQUEST, "it is no JWT");
    cr_expect_eq(exchange_swap(&t, token, ID, &answer).kind, ERR_INVALID_REQUEST, "it is no ID token");
    cr_expect_eq(exchange_delegate(&t, token, STR(""), &answer).kind, ERR_INVALID_REQUEST); /* CVE-2026-9704: no impersonation instead */
    cr_expect_eq(exchange_delegate(&t, token, STR("x"), &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_delegate(&t, token, str_of(endless), &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, token, ACCESS "&actor_token_type=urn:ietf:params:oauth:token-type:access_token", &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_delegate(&t, token, token, &answer).kind, ERR_INVALID_REQUEST, "an actor token of another client");
    clock_set(NOW + 3600);
    cr_expect_eq(exchange_swap(&t, token, ACCESS, &answer).kind, ERR_INVALID_REQUEST, "expired");
}

Test(token_exchange, other_credentials_are_not_taken)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct pat_made made;
    struct problems p = {0};
    struct pat_edit wish = {.user = t.ada->id, .name = STR("x"), .scopes = STR("read")};
    assert_done(stage_password(&t, "web", "", &answer));
    cr_expect_eq(exchange_swap(&t, answer.refresh_token, ACCESS, &answer).kind, ERR_INVALID_REQUEST);
    assert_done(pat_add(t.s.ctx, &actor_owner, &wish, &p, &made));
    cr_expect_eq(exchange_swap(&t, made.token, ACCESS, &answer).kind, ERR_INVALID_REQUEST);
}

Test(token_exchange, a_clients_own_token_is_narrowed_by_itself_alone)
{
    struct stage t = exchange_stage();
    struct token_answer own, web, answer;
    struct bearer b;
    assert_done(stage_token(&t, "gate", STR("grant_type=client_credentials"), &own));
    assert_done(stage_token(&t, "web", STR("grant_type=client_credentials"), &web));
    assert_done(exchange_swap(&t, own.access_token, ACCESS "&scope=read", &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_is(b.facts.permit.subject, "client:gate") && str_is(b.facts.permit.scope, "read") && !b.user);
    cr_expect_eq(exchange_swap(&t, web.access_token, ACCESS, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_delegate(&t, own.access_token, own.access_token, &answer).kind, ERR_INVALID_REQUEST);
}

Test(token_exchange, a_token_for_a_service_is_taken_from_that_service)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    exchange_resource(&t, "https://gate.example", "sealed", "gate");
    str hers = exchange_tokens(&t, "web", "&resource=https://gate.example"), foreign = exchange_tokens(&t, "web", "&resource=" FILES);
    assert_done(exchange_swap(&t, hers, ACCESS, &answer));
    cr_expect_eq(exchange_swap(&t, foreign, ACCESS, &answer).kind, ERR_INVALID_REQUEST);
}

Test(token_exchange, a_blocked_person_or_disabled_client_ends_it)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct bearer b;
    str token = exchange_tokens(&t, "web", "");
    assert_done(exchange_swap(&t, token, ACCESS, &answer));
    str exchanged = answer.access_token;
    scene_next(&t.s);
    assert_done(user_block(t.s.ctx, &actor_owner, t.ada->id, true));
    cr_expect_eq(exchange_swap(&t, token, ACCESS, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(stage_bearer(&t, exchanged, &b).kind, ERR_INVALID_TOKEN);
}

Test(token_exchange, an_id_token_reaches_what_was_agreed_to)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct bearer b;
    str token = exchange_id_token(&t, "gate", NOW + 300);
    exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000001"));
    cr_expect_eq(exchange_swap(&t, token, ID, &answer).kind, ERR_INVALID_SCOPE, "nothing was agreed to");
    assert_done(db_consent_remember(store_each(t.s.authority->store), t.ada->number, stage_find(&t, "gate")->number, STR("read"), NOW));
    assert_done(exchange_swap(&t, token, ID "&resource=" FILES, &answer));
    cr_expect(str_is(answer.scope, "read") && answer.expires_in == 300);
    assert_done(stage_bearer(&t, answer.access_token, &b));
    cr_expect(str_present(b.facts.permit.authorization_id) && str_equal(b.user->id, t.ada->id));
    cr_expect_eq(exchange_swap(&t, token, ID "&scope=write", &answer).kind, ERR_INVALID_SCOPE);
    cr_expect_eq(exchange_swap(&t, exchange_id_token(&t, "web", NOW + 300), ID, &answer).kind, ERR_INVALID_REQUEST, "another client's");
    cr_expect_eq(exchange_swap(&t, exchange_id_token(&t, "gate", NOW), ID, &answer).kind, ERR_INVALID_REQUEST, "expired");
    cr_expect_eq(exchange_swap(&t, token, ACCESS, &answer).kind, ERR_INVALID_REQUEST, "AT-04");
}

Test(token_exchange, may_act_is_honoured)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    exchange_resource(&t, "https://gate.example", "jwt", "gate");
    str token = exchange_tokens(&t, "web", "&resource=https://gate.example");
    assert_done(exchange_swap(&t, token, JWT, &answer));
    assert_done(exchange_swap(&t, exchange_with_may_act(&t, token, "{\"client_id\":\"gate\"}"), JWT, &answer));
    assert_done(exchange_swap(&t, exchange_with_may_act(&t, token, "{\"sub\":\"client:gate\"}"), JWT, &answer));
    cr_expect_eq(exchange_swap(&t, exchange_with_may_act(&t, token, "{\"client_id\":\"web\"}"), JWT, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, exchange_with_may_act(&t, token, "{\"sub\":\"client:web\"}"), JWT, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, exchange_with_may_act(&t, token, "{}"), JWT, &answer).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(exchange_swap(&t, exchange_with_may_act(&t, token, "\"gate\""), JWT, &answer).kind, ERR_INVALID_REQUEST);
}

/* CO-04: taking back an authorization leaves the consent remembered, and the ID token cannot be revoked. */
Test(token_exchange, an_id_token_is_worth_no_more_than_a_live_authorization)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    bool revoked;
    const str id = STR("6f1c2a54-0000-4000-8000-000000000002");
    str token = exchange_id_token(&t, "gate", NOW + 300);
    assert_done(db_consent_remember(store_each(t.s.authority->store), t.ada->number, stage_find(&t, "gate")->number, STR("read"), NOW));
    cr_expect_eq(exchange_swap(&t, token, ID, &answer).kind, ERR_INVALID_REQUEST, "no authorization at all");
    exchange_authorized(&t, "web", STR("6f1c2a54-0000-4000-8000-000000000003"));
    cr_expect_eq(exchange_swap(&t, token, ID, &answer).kind, ERR_INVALID_REQUEST, "another client's authorization");
    exchange_authorized(&t, "gate", id);
    assert_done(exchange_swap(&t, token, ID, &answer));
    scene_next(&t.s);
    assert_done(consent_revoke_authorization(t.s.ctx, &actor_owner, id, &revoked));
    cr_expect(revoked);
    cr_expect_eq(exchange_swap(&t, token, ID, &answer).kind, ERR_INVALID_REQUEST, "what the exchange made does not keep it alive");
}

/* DP-02, CVE-2024-49755 */
Test(token_exchange, a_bound_token_is_no_bearer_token_of_the_exchange)
{
    struct stage t = exchange_stage();
    struct holder h = holder_new(&t), thief = holder_new(&t);
    struct token_answer bound, plain, actor, answer;
    t.s.authority->started = NOW - 1000;
    const str password = STR("grant_type=password&username=ada&password=correct+horse+battery");
    assert_done(proof_token(&t, "web", &h, password, &bound));
    str parts[] = {STR(GRANT ACCESS "&subject_token="), bound.access_token};
    str hand_in = str_join(t.s.a, parts, 2);
    expect_kind(proof_token(&t, "gate", NULL, hand_in, &answer), INVALID_REQUEST);
    expect_kind(proof_token(&t, "gate", &thief, hand_in, &answer), INVALID_REQUEST);
    assert_done(proof_token(&t, "gate", &h, hand_in, &answer));
    cr_expect(str_is(answer.token_type, "DPoP"));

    assert_done(proof_token(&t, "gate", &h, STR("grant_type=client_credentials"), &actor));
    assert_done(stage_password(&t, "web", "", &plain));
    str acting[] = {STR(GRANT ACCESS "&subject_token="), plain.access_token, STR(ACTOR), actor.access_token};
    str delegation = str_join(t.s.a, acting, 4);
    expect_kind(proof_token(&t, "gate", NULL, delegation, &answer), INVALID_REQUEST);
    expect_kind(proof_token(&t, "gate", &thief, delegation, &answer), INVALID_REQUEST);
    assert_done(proof_token(&t, "gate", &h, delegation, &answer));

    exchange_resource(&t, "https://gate.example", "sealed", "gate"); /* the service itself had it from the holder */
    str for_gate[] = {password, STR("&resource=https://gate.example")};
    assert_done(proof_token(&t, "web", &h, str_join(t.s.a, for_gate, 2), &bound));
    str served[] = {STR(GRANT ACCESS "&subject_token="), bound.access_token};
    assert_done(proof_token(&t, "gate", NULL, str_join(t.s.a, served, 2), &answer));
}

/* AT-03: at this server a token without scope reaches the person's own account (contract 7). */
Test(token_exchange, a_services_token_without_scope_does_not_open_the_account)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    exchange_resource(&t, "https://gate.example", "sealed", "gate");
    (void)stage_client(&t, "bare", shape_bare);
    exchange_policy(&t, "gate", "impersonation", "*", FILES);
    str token = exchange_tokens(&t, "bare", "&resource=https://gate.example");
    cr_expect_eq(exchange_swap(&t, token, ACCESS, &answer).kind, ERR_INVALID_TARGET);
    assert_done(exchange_swap(&t, token, ACCESS "&resource=" FILES, &answer));
    cr_expect(str_is(answer.scope, ""));
    assert_done(exchange_swap(&t, exchange_tokens(&t, "web", "&resource=https://gate.example"), ACCESS, &answer));
    cr_expect(str_is(answer.scope, "read write"));
}

/* IN-01: JSON is read here to a depth of 16, and a token must be askable. */
Test(token_exchange, a_chain_of_actors_ends_before_nobody_can_read_it)
{
    struct stage t = exchange_stage();
    struct token_answer own, answer;
    struct bearer b;
    json *act;
    assert_done(stage_token(&t, "gate", STR("grant_type=client_credentials"), &own));
    str token = exchange_tokens(&t, "web", "");
    size_t links = 0;
    for (err e = OK; links < 32; links++) {
        e = exchange_delegate(&t, token, own.access_token, &answer);
        if (FAILED(e)) {
            expect_kind(e, INVALID_REQUEST);
            break;
        }
        token = answer.access_token;
        assert_done(stage_bearer(&t, token, &b));
        assert_done(json_parse(t.s.a, b.facts.permit.act, &act));
    }
    cr_expect(links >= 4 && links <= 8, "%zu", links);
    struct token_answer jwt;
    assert_done(exchange_swap(&t, token, ACCESS "&resource=" FILES, &jwt));
    assert_done(stage_bearer(&t, jwt.access_token, &b));
}

/* RF-08 */
Test(token_exchange, a_block_that_overtakes_leaves_no_grant)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct db_authorization *rows;
    size_t count;
    exchange_authorized(&t, "gate", STR("6f1c2a54-0000-4000-8000-000000000004"));
    str token = exchange_id_token(&t, "gate", NOW + 300);
    assert_done(db_consent_remember(store_each(t.s.authority->store), t.ada->number, stage_find(&t, "gate")->number, STR("read"), NOW));
    stage_block_overtakes();
    cr_expect_eq(exchange_swap(&t, token, ID, &answer).kind, ERR_INVALID_REQUEST);
    assert_done(db_authorization_list(store_each(t.s.authority->store), t.s.a, t.ada->number, &rows, &count));
    cr_expect(count == 1 && str_is(rows[0].flow, "authorization_code"));
}

/* AT-14: the audit trail says who it was, the token does not. */
Test(token_exchange, an_actor_of_a_pairwise_client_is_named_so)
{
    struct stage t = exchange_stage();
    struct token_answer answer;
    struct bearer b;
    str hers = exchange_tokens(&t, "web", "");
    struct db_client next = *stage_find(&t, "gate");
    next.metadata.subject_type = STR("pairwise");
    assert_done(db_client_save(store_each(t.s.authority->store), &next));
    scene_next(&t.s);
    str acting = exchange_tokens(&t, "gate", "");
    assert_done(exchange_delegate(&t, hers, acting, &answer));
    assert_done(stage_bearer(&t, answer.access_token, &b));
    str act = str_dup(t.s.a, b.facts.permit.act);
    cr_expect(str_starts(act, STR("{\"sub\":\"")), "%.*s", STR_FMT(act));
    for (size_t i = 0; i + t.ada->id.n <= act.n; i++)
        cr_expect(!str_equal((str){act.p + i, t.ada->id.n}, t.ada->id), "%.*s", STR_FMT(act));
}

/* What somebody does in another's name is not that other's own deed: the one who acts would be nowhere told (RFC 8693 4.1). */
Test(token_exchange, who_acts_for_the_actor_is_not_hidden_behind_them)
{
    struct stage t = exchange_stage();
    struct token_answer own, acting, answer;
    assert_done(stage_token(&t, "gate", STR("grant_type=client_credentials"), &own));
    str hers = exchange_tokens(&t, "web", "");
    assert_done(exchange_delegate(&t, hers, own.access_token, &acting)); /* gate, for Ada */
    expect_kind(exchange_delegate(&t, exchange_tokens(&t, "web", ""), acting.access_token, &answer), INVALID_REQUEST);
    assert_done(exchange_delegate(&t, acting.access_token, own.access_token, &answer)); /* the chain of a subject grows as ever */
}
