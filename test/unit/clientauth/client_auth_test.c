/* SPDX-License-Identifier: MIT
 * client_auth: the registered way, once, and nothing else. */
#include "context/audit_pace.h"
#include "crypto/cert.h"
#include "clientauth/client_auth.h"
#include "codec/b64url.h"
#include "client_ways.h"

/* Plain base64 for a header: b64url's alphabet is enough for these texts when `-` and `_` are mapped back. */
static str basic(struct stage *t, str scheme, str pair)
{
    str text = str_dup(t->s.a, b64url_encode(t->s.a, pair.p, pair.n));
    for (char *p = (char *)(uintptr_t)text.p; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    while (text.n % 4 != 0) {
        str parts[] = {text, STR("=")};
        text = str_join(t->s.a, parts, 2);
    }
    str parts[] = {scheme, text};
    return str_join(t->s.a, parts, 2);
}

struct sent {
    str authorization, body;
    bool elsewhere; /* not the token endpoint */
};

static err check(struct stage *t, struct sent sent, struct client_proof *proof)
{
    struct form f;
    assert_done(form_parse(t->s.a, str_present(sent.body) ? sent.body : STR(""), &f));
    struct client_claim claim = {sent.authorization, &f, !sent.elsewhere};
    return client_auth_check(t->s.ctx, &claim, proof);
}

static str pair_of(struct stage *t, const char *id, str secret)
{
    return stage_text(t, id, STR(":"), str_z(t->s.a, secret));
}

static str post(struct stage *t, const char *id, str secret)
{
    str parts[] = {STR("client_id="), str_of(id), STR("&client_secret="), secret};
    return str_join(t->s.a, parts, 4);
}

static void shape_post(struct client_edit *edit)
{
    edit->auth_method = STR("client_secret_post");
}

static void shape_basic(struct client_edit *edit)
{
    edit->auth_method = STR("client_secret_basic");
}

static void shape_compat(struct client_edit *edit)
{
    edit->compat_processmaker = 1;
}

static void shape_odd(struct client_edit *edit)
{
    edit->secret = STR("odd:%41+secret-with-:-and-%25-and-+-inside");
}

Test(client_auth, CA_03_only_the_registered_way_works)
{
    struct stage t = stage_new();
    struct client_proof proof;
    static const struct {
        const char *id;
        void (*shape)(struct client_edit *);
        bool header, body;
    } rows[] = {{"both", NULL, true, true}, {"by-post", shape_post, false, true}, {"by-basic", shape_basic, true, false}};
    for (size_t i = 0; i < 3; i++) {
        str secret = stage_client(&t, rows[i].id, rows[i].shape);
        struct sent header = {.authorization = basic(&t, STR("Basic "), pair_of(&t, rows[i].id, secret))};
        struct sent body = {.body = post(&t, rows[i].id, secret)};
        cr_expect_eq(check(&t, header, &proof).kind, rows[i].header ? ERR_OK : ERR_INVALID_CLIENT, "%s header", rows[i].id);
        cr_expect(proof.header_tried);
        cr_expect_eq(check(&t, body, &proof).kind, rows[i].body ? ERR_OK : ERR_INVALID_CLIENT, "%s body", rows[i].id);
        cr_expect(!proof.header_tried);
    }
}

Test(client_auth, the_scheme_may_be_in_any_letter_case)
{
    struct stage t = stage_new();
    struct client_proof proof;
    str pair = pair_of(&t, "web", t.secret);
    expect_kind(check(&t, (struct sent){.authorization = basic(&t, STR("bAsIc "), pair)}, &proof), OK);
    cr_expect(proof.authenticated && str_is(proof.client->id, "web"));
}

Test(client_auth, CA_02_two_ways_at_once_are_refused)
{
    struct stage t = stage_new();
    struct client_proof proof;
    str header = basic(&t, STR("Basic "), pair_of(&t, "web", t.secret));
    expect_kind(check(&t, (struct sent){header, post(&t, "web", t.secret), false}, &proof), INVALID_REQUEST);
    expect_kind(check(&t, (struct sent){header, STR("client_id=other"), false}, &proof), INVALID_REQUEST);
    expect_kind(check(&t, (struct sent){header, STR("client_id=web"), false}, &proof), OK);
    expect_kind(check(&t, (struct sent){header, STR("client_id=web&client_assertion=x"), false}, &proof), INVALID_REQUEST);
    cr_expect(proof.header_tried && proof.client == NULL);
}

Test(client_auth, CA_04_basic_raw_and_form_decoded)
{
    struct stage t = stage_new();
    struct client_proof proof;
    str secret = stage_client(&t, "odd", shape_odd);
    expect_kind(check(&t, (struct sent){.authorization = basic(&t, STR("Basic "), pair_of(&t, "odd", secret))}, &proof), OK);
    str encoded = STR("odd:odd%3A%2541%2Bsecret-with-%3A-and-%2525-and-%2B-inside");
    expect_kind(check(&t, (struct sent){.authorization = basic(&t, STR("Basic "), encoded)}, &proof), OK);
    expect_kind(check(&t, (struct sent){.authorization = basic(&t, STR("Basic "), STR("odd:odd:A secret"))}, &proof), INVALID_CLIENT);
}

Test(client_auth, malformed_headers_are_refused)
{
    struct stage t = stage_new();
    struct client_proof proof;
    const str headers[] = {STR("Basic"), STR("Basic "), STR("Basic !!!!"), STR("Bearer abc"), STR(""), STR("basic d2Vi"), STR("Basic Og==")};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        cr_expect_eq(check(&t, (struct sent){.authorization = headers[i]}, &proof).kind, ERR_INVALID_CLIENT, "%s", headers[i].p);
        cr_expect(proof.header_tried && !proof.authenticated && proof.client == NULL);
    }
}

Test(client_auth, TE_12_unknown_client_and_wrong_secret_look_alike)
{
    struct stage t = stage_new();
    struct client_proof proof;
    err unknown = check(&t, (struct sent){.body = post(&t, "nosuch", t.secret)}, &proof);
    err wrong = check(&t, (struct sent){.body = post(&t, "web", STR("wrong"))}, &proof);
    err foreign = check(&t, (struct sent){.body = post(&t, "other", t.secret)}, &proof);
    err none = check(&t, (struct sent){.body = STR("client_id=web")}, &proof);
    const err all[] = {unknown, wrong, foreign, none};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(all[i].kind, ERR_INVALID_CLIENT);
        cr_expect_str_eq(err_say(all[i]), err_say(unknown));
    }
    cr_expect_str_neq(err_why(unknown), err_why(wrong));
}

Test(client_auth, CA_06_a_secret_beyond_the_ceiling_is_wrong)
{
    struct stage t = stage_new();
    struct client_proof proof;
    char text[2000];
    memset(text, 'a', sizeof text);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", (str){text, sizeof text})}, &proof), INVALID_CLIENT);
}

Test(client_auth, a_public_client_names_itself_and_has_no_secret)
{
    struct stage t = stage_new();
    struct client_proof proof;
    expect_kind(check(&t, (struct sent){.body = STR("client_id=pub")}, &proof), OK);
    cr_expect(!proof.authenticated);
    expect_kind(client_auth_confidential(&proof), INVALID_CLIENT); /* IR-01 */
    expect_kind(check(&t, (struct sent){.body = STR("client_id=pub&client_secret=x")}, &proof), INVALID_CLIENT);
    expect_kind(check(&t, (struct sent){.authorization = basic(&t, STR("Basic "), STR("pub:"))}, &proof), OK);
}

Test(client_auth, CA_15_a_disabled_client_is_refused)
{
    struct stage t = stage_new();
    struct client_proof proof;
    stage_revoke_client(&t, "web", true);
    stage_revoke_client(&t, "pub", true);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", t.secret)}, &proof), INVALID_CLIENT);
    expect_kind(check(&t, (struct sent){.body = STR("client_id=pub")}, &proof), INVALID_CLIENT);
    stage_revoke_client(&t, "web", false);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", t.secret)}, &proof), OK);
}

Test(client_auth, CA_05_after_a_rotation_both_secrets_live_until_the_overlap_ends)
{
    struct stage t = stage_new();
    struct client_proof proof;
    str fresh;
    assert_done(client_rotate_secret(t.s.ctx, &actor_owner, STR("web"), &(struct client_rotation){.overlap = 100}, &fresh));
    scene_next(&t.s);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", t.secret)}, &proof), OK);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", fresh)}, &proof), OK);
    clock_set(NOW + 100);
    scene_next(&t.s);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", t.secret)}, &proof), INVALID_CLIENT);
    expect_kind(check(&t, (struct sent){.body = post(&t, "web", fresh)}, &proof), OK);
}

Test(client_auth, a_secret_alone_names_compat_clients_at_the_token_endpoint)
{
    struct stage t = stage_new();
    struct client_proof proof;
    str secret = stage_client(&t, "pm", shape_compat);
    struct sent sent = {.body = stage_text(&t, "client_secret=", secret, "")};
    expect_kind(check(&t, sent, &proof), OK);
    cr_expect(proof.by_secret_alone && proof.authenticated && str_is(proof.client->id, "pm"));
    sent.elsewhere = true;
    expect_kind(check(&t, sent, &proof), INVALID_CLIENT);
    expect_kind(check(&t, (struct sent){.body = stage_text(&t, "client_secret=", t.secret, "")}, &proof), INVALID_CLIENT);
    expect_kind(check(&t, (struct sent){.body = STR("a=b")}, &proof), INVALID_CLIENT);
    stage_revoke_client(&t, "pm", true);
    sent.elsewhere = false;
    expect_kind(check(&t, sent, &proof), INVALID_CLIENT);
}

static bool waits(struct stage *t, struct sent sent)
{
    struct form f;
    assert_done(form_parse(t->s.a, str_present(sent.body) ? sent.body : STR(""), &f));
    return client_auth_waits(t->s.ctx, &(struct client_claim){sent.authorization, &f, true});
}

/* Another server is never asked from the one thread that all changes wait for, wherever the client names itself. */
Test(client_auth, who_is_named_by_an_address_is_judged_on_a_worker)
{
    struct stage t = stage_new();
    struct client_proof proof;
    struct sent by_header = {.authorization = basic(&t, STR("Basic "), STR("https%3A%2F%2Fapp.example%2Fclient:x"))};
    t.s.authority->policy.client_documents = true;
    cr_expect(waits(&t, (struct sent){.body = STR("client_id=https://app.example/client")}));
    cr_expect(waits(&t, by_header));
    cr_expect_not(waits(&t, (struct sent){.authorization = basic(&t, STR("Basic "), pair_of(&t, "web", t.secret))}));
    cr_expect_not(waits(&t, (struct sent){.authorization = STR("Basic !")}));
    cache_inline(true);
    expect_kind(check(&t, by_header, &proof), ELSEWHERE);
    cache_inline(false);
}

struct inside {
    struct stage *t;
    str body;
    err judged;
    str certificate;
};

static err judge_inside(struct tx *tx, void *context)
{
    struct inside *w = context;
    struct client_proof proof;
    struct tx *before = w->t->s.ctx->tx;
    w->t->s.ctx->tx = tx;
    w->judged = check(w->t, (struct sent){.body = w->body}, &proof);
    w->t->s.ctx->tx = before;
    return OK;
}

/* Of the first certificate in PEM. */
static str der_of(struct arena *a, str pem)
{
    struct buf b = buf_new(a, 8192);
    str line, text, der;
    (void)str_next(&pem, '\n', &line);
    while (str_next(&pem, '\n', &line) && line.p[0] != '-')
        buf_add(&b, line);
    assert_done(buf_done(&b, &text));
    assert_done(b64_decode(a, text, &der));
    return der;
}

Test(client_auth, nothing_is_fetched_inside_a_transaction)
{
    struct stage t = stage_new();
    struct inside w = {&t, STR("client_id=https://app.example/client"), OK, STR_ABSENT};
    t.s.authority->policy.client_documents = true;
    assert_done(store_together(store_each(t.s.authority->store), judge_inside, &w));
    expect_kind(w.judged, SERVER_ERROR);
    struct cert_pem authority, shown;
    assert_done(cert_authority_make(t.s.a, NOW - 60, 86400, &authority));
    assert_done(cert_server_make(t.s.a, &authority, STR("app.example"), NOW - 60, 86400, &shown));
    w.certificate = der_of(t.s.a, shown.certificate);
    ways_register(&t, "web", "self_signed_tls_client_auth", &(struct db_client_metadata){.jwks_uri = STR("https://app.example/keys")});
    static const char *const bodies[] = {"client_id=web", "client_id=web&client_secret="}; /* what is empty is absent (AZ-05) */
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        w.body = str_of(bodies[i]);
        t.s.ctx->certificate = w.certificate;
        cr_expect(waits(&t, (struct sent){.body = w.body}), "%s", bodies[i]);
        assert_done(store_together(store_each(t.s.authority->store), judge_inside, &w));
        expect_kind(w.judged, SERVER_ERROR);
    }
}

Test(client_auth, a_flood_of_refusals_is_a_trickle_of_events)
{
    struct stage t = stage_new();
    struct form f = stage_form(&t, "client_id=nosuch");
    struct client_claim claim = {STR_ABSENT, &f, true};
    for (int i = 0; i < 3 * AUDIT_PACE_BURST; i++)
        client_auth_report(t.s.ctx, &claim, ERR(INVALID_CLIENT, "test"));
    int64_t seen = event_count(&t.s, "client.refused");
    cr_expect(seen > 0 && seen <= AUDIT_PACE_BURST, "%lld", (long long)seen);
}

static err check_again(struct context *ctx, void *context)
{
    struct form f = {0};
    struct client_proof proof;
    struct client_claim claim = {*(const str *)context, &f, true};
    return client_auth_check(ctx, &claim, &proof);
}

Test(client_auth, TE_12_memory_that_ends_is_not_a_wrong_secret)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "odd", shape_odd);
    str plain = basic(&t, STR("Basic "), pair_of(&t, "web", t.secret)),
        odd = basic(&t, STR("Basic "), STR("odd:odd%3A%2541%2Bsecret-with-%3A-and-%2525-and-%2B-inside")); /* only decoded it is right */
    stage_torture(&t, check_again, &plain);
    stage_torture(&t, check_again, &odd);
}
