/* SPDX-License-Identifier: MIT
 * Logout requests and notices: whose they are, where they lead, when nobody need be asked; what a notice says. */
#include "logout/end_session.h"
#include "client_ways.h"
#include "logout/logout_token.h"
#include "client/subject.h"
#include "stage.h"
#include "token/id_token.h"
#include "token/jws.h"

#define BYE "https://app.example/bye"

struct leaving {
    struct stage t;
    struct session here;
};

static struct leaving leaving(void)
{
    struct leaving l = {.t = stage_new()};
    struct client_edit edit = client_edit_nothing();
    edit.post_logout_redirect_uris = STR(BYE "\n" BYE "?a=b");
    assert_done(client_change(l.t.s.ctx, &actor_owner, STR("web"), &edit, &l.t.s.p));
    scene_next(&l.t.s);
    l.here = stage_session(&l.t, l.t.ada);
    return l;
}

static str hint(struct leaving *l, const char *client, str subject, str session)
{
    str token;
    struct id_token what = {.issuer = STR(FIXTURE_ISSUER),
                            .subject = subject,
                            .client_id = str_of(client),
                            .session_id = session,
                            .acr = STR("1"),
                            .amr = STR("pwd"),
                            .auth_time = NOW - 100000,
                            .issued_at = NOW - 100000,
                            .expires_at = NOW - 90000};
    assert_done(id_token_sign(l->t.s.a, l->t.s.ctx->keys, SIGN_RS256, &what, &token)); /* long expired: that is no matter */
    return token;
}

static err ask(struct leaving *l, str token, const char *more, struct end_session_request *out)
{
    str text = str_present(token) ? stage_text(&l->t, "id_token_hint=", token, more) : str_of(more + 1);
    struct form f;
    assert_done(form_parse(l->t.s.a, text, &f));
    return end_session_read(l->t.s.ctx, &f, &l->here, out);
}

Test(end_session, LO_01_only_a_hint_of_this_very_login_spares_the_question)
{
    struct leaving l = leaving();
    struct end_session_request r;
    str sid = l.here.row->id, ada = l.t.ada->id;
    struct db_user *bob = fixture_user(l.t.s.authority, l.t.s.a, "bob");
    assert_done(ask(&l, hint(&l, "web", ada, sid), "", &r));
    cr_expect(r.sure && str_is(r.client->id, "web") && !str_present(r.location));
    assert_done(ask(&l, hint(&l, "web", ada, STR_ABSENT), "", &r));
    cr_expect(r.sure, "a token of old without sid is the person's still");
    assert_done(ask(&l, hint(&l, "web", ada, STR("another")), "", &r));
    cr_expect_not(r.sure);
    assert_done(ask(&l, hint(&l, "web", bob->id, sid), "", &r));
    cr_expect_not(r.sure);
    assert_done(ask(&l, STR_ABSENT, "&client_id=web", &r));
    cr_expect_not(r.sure);
    l.here = stage_session(&l.t, NULL);
    assert_done(ask(&l, hint(&l, "web", ada, sid), "", &r));
    cr_expect_not(r.sure, "nobody is logged in");
}

Test(end_session, RU_09_the_place_is_registered_letter_for_letter_for_that_client)
{
    struct leaving l = leaving();
    struct end_session_request r;
    static const char *const wrong[] = {BYE "/",       "https://app.example/by",      "https://APP.example/bye", BYE "?",  BYE "#x",
                                        BYE "%20",     "https://app.example:443/bye", "http://app.example/bye",  CALLBACK, "//app.example/bye",
                                        "javascript:1"};
    str token = hint(&l, "web", l.t.ada->id, l.here.row->id);
    assert_done(ask(&l, token, "&post_logout_redirect_uri=" BYE "&state=a%20b%26", &r));
    cr_expect(str_is(r.uri, BYE) && str_is(r.location, BYE "?state=a%20b%26"), "%.*s", STR_FMT(r.location));
    assert_done(ask(&l, token, "&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye%3Fa%3Db&state=s", &r));
    cr_expect(str_is(r.location, BYE "?a=b&state=s"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct form f = {(struct form_field[]){{STR("id_token_hint"), token}, {STR("post_logout_redirect_uri"), str_of(wrong[i])}}, 2};
        cr_expect_eq(end_session_read(l.t.s.ctx, &f, &l.here, &r).kind, ERR_INVALID_REQUEST, "%s", wrong[i]);
    }
    expect_kind(ask(&l, hint(&l, "other", l.t.ada->id, l.here.row->id), "&post_logout_redirect_uri=" BYE, &r), INVALID_REQUEST);
    expect_kind(ask(&l, STR_ABSENT, "&post_logout_redirect_uri=" BYE, &r), INVALID_REQUEST); /* nobody is named */
    assert_done(ask(&l, STR_ABSENT, "&client_id=web&post_logout_redirect_uri=" BYE, &r));
    cr_expect(str_is(r.location, BYE) && !r.sure);
    stage_revoke_client(&l.t, "web", true);
    expect_kind(ask(&l, token, "&post_logout_redirect_uri=" BYE, &r), INVALID_REQUEST);
}

Test(end_session, what_is_no_hint_of_ours_is_refused)
{
    struct leaving l = leaving();
    struct end_session_request r;
    str good = hint(&l, "web", l.t.ada->id, l.here.row->id), other;
    expect_kind(ask(&l, STR("nonsense"), "", &r), INVALID_REQUEST);
    expect_kind(ask(&l, (str){good.p, good.n - 4}, "", &r), INVALID_REQUEST);
    expect_kind(ask(&l, good, "&client_id=other", &r), INVALID_REQUEST);
    expect_kind(ask(&l, STR_ABSENT, "&client_id=nosuch", &r), INVALID_REQUEST);
    const struct id_token foreign = {.issuer = STR("https://evil.example"),
                                     .subject = l.t.ada->id,
                                     .client_id = STR("web"),
                                     .acr = STR("1"),
                                     .amr = STR("pwd"),
                                     .auth_time = NOW,
                                     .issued_at = NOW,
                                     .expires_at = NOW + 60};
    assert_done(id_token_sign(l.t.s.a, l.t.s.ctx->keys, SIGN_RS256, &foreign, &other));
    expect_kind(ask(&l, other, "", &r), INVALID_REQUEST);
    assert_done(logout_token_make(l.t.s.ctx, stage_find(&l.t, "web"), STR("{\"sub\":\"x\",\"sid\":\"y\"}"), &other)); /* AT-04 */
    expect_kind(ask(&l, other, "", &r), INVALID_REQUEST);
    assert_done(ask(&l, STR_ABSENT, "&id_token_hint=", &r)); /* empty is absent */
    cr_expect(!r.sure && !r.client);
}

Test(end_session, a_long_state_is_refused_not_cut)
{
    struct leaving l = leaving();
    struct end_session_request r;
    char *state = arena_take(l.t.s.a, 4001);
    memset(state, 's', 4000);
    state[4000] = '\0';
    str text = stage_text(&l.t, "&client_id=web&post_logout_redirect_uri=" BYE "&state=", (str){state, 4000}, "");
    expect_kind(ask(&l, STR_ABSENT, text.p, &r), INVALID_REQUEST);
}

/* ---- Back-Channel Logout 1.0, 2.4 ---- */

static json *claims_of(struct stage *t, const char *client, const char *facts)
{
    str token;
    json *claims;
    assert_done(logout_token_make(t->s.ctx, stage_find(t, client), str_of(facts), &token));
    assert_done(jws_check(t->s.a, t->s.ctx->keys, "logout+jwt", token, &claims)); /* typ */
    return claims;
}

Test(logout_token, LO_02_has_the_members_of_the_standard_and_no_nonce)
{
    struct stage t = stage_new();
    int64_t issued, ends;
    json *one = claims_of(&t, "web", "{\"sub\":\"u1\",\"sid\":\"s1\",\"user\":4}"), *two = claims_of(&t, "web", "{\"sub\":\"u1\"}");
    cr_expect(str_is(json_member_text(one, "iss"), FIXTURE_ISSUER) && str_is(json_member_text(one, "aud"), "web"));
    cr_expect(str_is(json_member_text(one, "sub"), "u1") && str_is(json_member_text(one, "sid"), "s1"));
    cr_assert(json_integer_of(json_member(one, "iat"), &issued) && json_integer_of(json_member(one, "exp"), &ends));
    cr_expect(issued == NOW && ends - issued <= 120);
    const json *event = json_member(json_member(one, "events"), "http://schemas.openid.net/event/backchannel-logout");
    cr_expect(json_is_object(event) && json_count(event) == 0 && json_count(json_member(one, "events")) == 1);
    cr_expect_null(json_member(one, "nonce"));
    cr_expect_null(json_member(one, "user"));
    cr_expect_null(json_member(two, "sid"));
    cr_expect_not(str_equal(json_member_text(one, "jti"), json_member_text(two, "jti")));
}

Test(logout_token, names_the_person_as_the_client_knows_them_and_is_signed_its_way)
{
    struct stage t = stage_new();
    str token, expected;
    json *claims;
    ways_register(&t, "web", "client_secret_basic",
                  &(struct db_client_metadata){.subject_type = STR("pairwise"), .id_token_signed_response_alg = STR("ES256")});
    const struct db_client *web = stage_find(&t, "web");
    assert_done(subject_of(t.s.ctx, web, &(struct db_user){.id = STR("u1")}, &expected));
    assert_done(logout_token_make(t.s.ctx, web, STR("{\"sub\":\"u1\",\"sid\":\"s\"}"), &token));
    assert_done(jws_check(t.s.a, t.s.ctx->keys, "logout+jwt", token, &claims));
    cr_expect(str_equal(json_member_text(claims, "sub"), expected) && !str_is(expected, "u1"));
    cr_expect(str_starts(token, STR("eyJhbGciOiJFUzI1NiI")), "%.*s", STR_FMT(token)); /* {"alg":"ES256" */
}

Test(logout_token, damaged_facts_make_no_token)
{
    struct stage t = stage_new();
    static const char *const wrong[] = {"", "{", "[]", "{}", "{\"sub\":\"\"}", "{\"sub\":4}", "{\"sid\":\"s\"}", "null"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        str token = STR("untouched");
        cr_expect_eq(logout_token_make(t.s.ctx, stage_find(&t, "web"), str_of(wrong[i]), &token).kind, ERR_SERVER_ERROR, "%s", wrong[i]);
        cr_expect(str_is(token, "untouched"));
    }
}
