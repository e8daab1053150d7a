/* SPDX-License-Identifier: MIT
 * resource: several services in one request (RFC 8707), one in one token; what a service carries, for software that registered itself alone. */
#include "scope/resource.h"
#include "authorize/consent.h"
#include "scope/scope.h"
#include "stage.h"
#include "store/table/db_consent.h"

#define ONE "https://one.example"
#define TWO "https://two.example/mcp"

static void self(struct client_edit *edit)
{
    edit->is_public = 1;
    edit->grants = STR("authorization_code");
    edit->scopes = STR("");
    edit->origin = STR("open");
}

static void held(struct client_edit *edit)
{
    self(edit);
    edit->origin = STR("dynamic");
    edit->initial_scopes = STR("write");
}

static struct stage stage_two(void)
{
    struct stage t = stage_new();
    struct db_resource one = {
        .uri = STR(ONE), .name = STR("One"), .token_format = STR("jwt"), .alg = STR("ES256"), .scopes = STR("read openid"), .created_at = NOW};
    struct db_resource two = {.uri = STR(TWO), .name = STR("Two"), .token_format = STR("jwt"), .alg = STR("ES256"), .created_at = NOW};
    assert_done(db_resource_add(store_each(t.s.authority->store), &one));
    assert_done(db_resource_add(store_each(t.s.authority->store), &two));
    scene_next(&t.s);
    (void)stage_client(&t, "self", self);
    (void)stage_client(&t, "held", held);
    return t;
}

static str words(struct stage *t, const char *form)
{
    str out = STR("?");
    struct form f = stage_form(t, form);
    assert_done(resource_words(t->s.ctx, &f, &out));
    return out;
}

Test(resource, each_that_is_named_counts_once)
{
    struct stage t = stage_two();
    str issuer = t.s.authority->issuer;
    const char *own = str_z(t.s.a, str_format(t.s.a, "resource=%.*s/api/1.0", STR_FMT(issuer)));
    const char *both = str_z(t.s.a, str_format(t.s.a, "resource=" ONE "&resource=%.*s", STR_FMT(issuer)));
    cr_expect_not(str_present(words(&t, "a=b")));
    cr_expect_not(str_present(words(&t, "resource=")));
    cr_expect_not(str_present(words(&t, own)));
    cr_expect(str_is(words(&t, "resource=" ONE), ONE));
    cr_expect(str_is(words(&t, "resource=" ONE "/"), ONE));
    cr_expect(str_is(words(&t, "resource=" TWO "&resource=" ONE "&resource=" TWO), TWO " " ONE));
    cr_expect(str_equal(words(&t, both), str_format(t.s.a, ONE " %.*s", STR_FMT(issuer))));
}

Test(resource, AZ_23_all_are_good_or_none_is)
{
    struct stage t = stage_two();
    static const char *const bad[] = {"resource=https://three.example",
                                      "resource=" ONE "&resource=https://three.example",
                                      "resource=" ONE "//",
                                      "resource=" TWO "/",
                                      "resource=" ONE "/?",
                                      "resource=HTTPS://ONE.EXAMPLE",
                                      "resource=" ONE "%20" TWO,
                                      "resource=x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        str out = STR("untouched");
        struct form f = stage_form(&t, bad[i]);
        cr_expect_eq(resource_words(t.s.ctx, &f, &out).kind, ERR_INVALID_TARGET, "%s", bad[i]);
        cr_expect(str_is(out, "untouched"));
    }
}

Test(resource, one_token_is_for_one_service)
{
    struct stage t = stage_two();
    const struct db_resource *found = NULL;
    struct form same = stage_form(&t, "resource=" ONE "&resource=" ONE), two = stage_form(&t, "resource=" ONE "&resource=" TWO);
    assert_done(resource_one(t.s.ctx, &same, &found));
    cr_expect(str_is(found->uri, ONE));
    expect_kind(resource_one(t.s.ctx, &two, &found), INVALID_TARGET);
}

Test(resource, a_token_request_picks_among_what_was_granted)
{
    struct stage t = stage_two();
    static const struct {
        const char *form, *granted, *picked; /* picked "!": refused */
    } cases[] = {
        {"a=b", NULL, NULL},
        {"a=b", ONE, ONE},
        {"a=b", ONE " " TWO, "!"},
        {"resource=" TWO, ONE " " TWO, TWO},
        {"resource=" ONE, TWO, "!"},
        {"resource=&resource=" ONE, TWO, "!"},
        {"resource=" ONE, NULL, "!"},
        {"resource=" ONE "&resource=" TWO, ONE " " TWO, "!"},
        {"resource=https://one.example/x", ONE, "!"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct form f = stage_form(&t, cases[i].form);
        str picked = STR("untouched");
        err e = resource_pick(t.s.ctx, &f, cases[i].granted ? str_of(cases[i].granted) : STR_ABSENT, &picked);
        bool refused = cases[i].picked && strcmp(cases[i].picked, "!") == 0;
        cr_expect_eq(e.kind, refused ? ERR_INVALID_TARGET : ERR_OK, "%zu", i);
        if (!refused)
            cr_expect(cases[i].picked ? str_is(picked, cases[i].picked) : !str_present(picked), "%zu", i);
    }
}

Test(resource, AZ_15_what_a_service_carries_is_for_its_own_tokens_and_for_software_that_registered_itself)
{
    struct stage t = stage_two();
    str got = STR("?");
    assert_done(scope_grant(t.s.ctx, stage_find(&t, "self"), STR(ONE " " TWO), STR("read"), &got));
    cr_expect(str_is(got, "read"));
    expect_kind(scope_grant(t.s.ctx, stage_find(&t, "self"), STR(TWO), STR("read"), &got), INVALID_SCOPE);
    expect_kind(scope_grant(t.s.ctx, stage_find(&t, "self"), STR_ABSENT, STR("read"), &got), INVALID_SCOPE);
    expect_kind(scope_grant(t.s.ctx, stage_find(&t, "self"), STR(ONE), STR("write"), &got), INVALID_SCOPE);  /* it does not carry this one */
    expect_kind(scope_grant(t.s.ctx, stage_find(&t, "self"), STR(ONE), STR("openid"), &got), INVALID_SCOPE); /* not a service's to give */
    expect_kind(scope_grant(t.s.ctx, stage_find(&t, "held"), STR(ONE), STR("read"), &got), INVALID_SCOPE);   /* an administrator held it to others */
    assert_done(scope_reach(t.s.ctx, stage_find(&t, "self"), STR(ONE), STR("read"), &got));
    cr_expect(str_is(got, "read"));
    assert_done(scope_reach(t.s.ctx, stage_find(&t, "self"), STR(TWO), STR("read"), &got));
    cr_expect(str_is(got, ""));
}

static bool asked(struct stage *t, const char *scope, const char *resources)
{
    bool needed = false;
    struct consent_question q = {.scope = str_of(scope), .resources = str_of(resources), .redirect_uri = STR(CALLBACK)};
    assert_done(consent_needed(t->s.ctx, stage_find(t, "web"), t->ada->number, &q, &needed));
    return needed;
}

Test(resource, CO_01_a_yes_is_for_the_service_that_was_shown)
{
    struct stage t = stage_two();
    const struct db_client *web = stage_find(&t, "web");
    str yes, scope;
    assert_done(consent_words(t.s.ctx, web, STR("read openid"), STR(ONE), &yes));
    assert_done(db_consent_remember(store_each(t.s.authority->store), t.ada->number, web->number, yes, NOW));
    cr_expect_not(asked(&t, "read", ONE));
    cr_expect_not(asked(&t, "openid read", ONE));
    cr_expect(asked(&t, "read", TWO));
    cr_expect(asked(&t, "read", ONE " " TWO));
    cr_expect(asked(&t, "read", NULL));
    cr_expect(asked(&t, "write", ONE));
    cr_expect(asked(&t, "openid", TWO)); /* who somebody is was told already, but not to that service */
    cr_expect_not(asked(&t, "openid", ONE));
    cr_expect_not(asked(&t, "openid", NULL));
    assert_done(consent_scope(t.s.ctx, yes, cache_resource(t.s.ctx->snapshot, STR(ONE)), &scope));
    cr_expect(str_is(scope, "read openid"));
    assert_done(consent_scope(t.s.ctx, yes, cache_resource(t.s.ctx->snapshot, STR(TWO)), &scope));
    cr_expect_not(str_present(scope)); /* who somebody is, for another service */
    assert_done(consent_scope(t.s.ctx, STR("openid read"), cache_resource(t.s.ctx->snapshot, STR(TWO)), &scope));
    cr_expect(str_is(scope, "openid read")); /* agreed to for this server, before there were marks */
    assert_done(consent_words(t.s.ctx, web, STR(""), STR(ONE), &yes));
    assert_done(consent_scope(t.s.ctx, yes, cache_resource(t.s.ctx->snapshot, STR(ONE)), &scope));
    cr_expect(str_is(scope, "")); /* the service, and nothing in particular */
    assert_done(consent_words(t.s.ctx, web, STR("read"), STR(ONE), &yes));
    assert_done(consent_scope(t.s.ctx, yes, NULL, &scope));
    cr_expect_not(str_present(scope)); /* nothing for this server: never an unscoped token */
}
