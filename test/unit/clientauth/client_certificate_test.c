/* SPDX-License-Identifier: MIT
 * client_certificate: mutual TLS: by a name that an authority vouches for, or by the very key (CA-12). */
#include "clientauth/client_certificate.h"
#include "client_ways.h"
#include "made.h"

struct desk {
    struct stage t;
    struct made root;
};

static struct desk desk_new(void)
{
    struct desk d = {.t = stage_new()};
    made_arena = d.t.s.a;
    d.root = made_new((struct made_plan){.common = "root", .authority = true, .ends = 10 * DAY});
    d.t.s.authority->client_ca = made_pem(d.root);
    return d;
}

/* The connection of this request came with it. */
static err by_name(struct desk *d, str der)
{
    d->t.s.ctx->certificate = der;
    return client_certificate_pki(d->t.s.ctx, stage_find(&d->t, "web"));
}

static err by_key(struct desk *d, str der)
{
    d->t.s.ctx->certificate = der;
    return client_certificate_self_signed(d->t.s.ctx, stage_find(&d->t, "web"));
}

static void named(struct desk *d, struct db_client_metadata m)
{
    ways_register(&d->t, "web", "tls_client_auth", &m);
}

#define NAMES "DNS:app.example,URI:https://app.example/id,IP:192.0.2.1,email:ops@app.example"

static struct made_plan plan_of(struct desk *d)
{
    return (struct made_plan){.country = "NO", .common = "app", .names = NAMES, .issuer = &d->root};
}

Test(client_certificate, CA_12_the_one_registered_name_is_in_a_certificate_of_a_known_authority)
{
    struct desk d = desk_new();
    static const struct {
        struct db_client_metadata m;
        bool good;
    } rows[] = {
        {{.tls_client_auth_subject_dn = {"CN=app,C=NO", 11}}, true},
        {{.tls_client_auth_san_dns = {"app.example", 11}}, true},
        {{.tls_client_auth_san_uri = {"https://app.example/id", 22}}, true},
        {{.tls_client_auth_san_ip = {"192.0.2.1", 9}}, true},
        {{.tls_client_auth_san_email = {"ops@app.example", 15}}, true},
        {{.tls_client_auth_subject_dn = {"CN=app", 6}}, false},
        {{.tls_client_auth_subject_dn = {"CN=ap*,C=NO", 11}}, false},
        {{.tls_client_auth_san_dns = {"example", 7}}, false},
        {{.tls_client_auth_san_dns = {"*.example", 9}}, false},
        {{.tls_client_auth_san_dns = {"app", 3}}, false}, /* its common name is no alternative name */
        {{.tls_client_auth_san_dns = {"192.0.2.1", 9}}, false},
        {{.tls_client_auth_san_uri = {"https://app.example/", 20}}, false},
        {{.tls_client_auth_san_email = {"app.example", 11}}, false},
        {{.jwks = {"{}", 2}}, false},                                                                          /* none is registered */
        {{.tls_client_auth_san_dns = {"app.example", 11}, .tls_client_auth_san_ip = {"192.0.2.1", 9}}, false}, /* two are */
    };
    str der = made_der(made_new(plan_of(&d)));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        named(&d, rows[i].m);
        cr_expect_eq(by_name(&d, der).kind, rows[i].good ? ERR_OK : ERR_INVALID_CLIENT, "%zu", i);
    }
}

Test(client_certificate, CA_12_the_right_name_from_anybody_else_is_no_proof)
{
    struct desk d = desk_new();
    struct made other = made_new((struct made_plan){.common = "root", .authority = true}); /* of the same name */
    struct made_plan plan = plan_of(&d), foreign = plan, own = plan, server = plan, late = plan, early = plan;
    named(&d, (struct db_client_metadata){.tls_client_auth_san_dns = STR("app.example")});
    assert_done(by_name(&d, made_der(made_new(plan))));
    foreign.issuer = &other;
    own.issuer = NULL;
    server.usage = "serverAuth";
    late.begins = 60;
    early.begins = -DAY, early.ends = -60;
    expect_kind(by_name(&d, made_der(made_new(foreign))), INVALID_CLIENT);
    expect_kind(by_name(&d, made_der(made_new(own))), INVALID_CLIENT);
    expect_kind(by_name(&d, made_der(made_new(server))), INVALID_CLIENT);
    expect_kind(by_name(&d, made_der(made_new(late))), INVALID_CLIENT);
    expect_kind(by_name(&d, made_der(made_new(early))), INVALID_CLIENT);
    expect_kind(by_name(&d, STR("no DER")), INVALID_CLIENT);
    expect_kind(by_name(&d, STR("")), INVALID_CLIENT);
    expect_kind(by_name(&d, STR_ABSENT), INVALID_CLIENT);
    d.t.s.authority->client_ca = STR_ABSENT;
    expect_kind(by_name(&d, made_der(made_new(plan))), INVALID_CLIENT);
}

/* A key of the client as it is registered, and the certificate that it made for itself. */
static str own_certificate(struct desk *d, struct made_plan plan, str *jwks)
{
    struct made m = made_new(plan);
    struct sign_key *key;
    EVP_PKEY_up_ref(m.key);
    assert_done(sign_key_from_pem(foreign_pem(d->t.s.a, m.key), SIGN_ES256, &key));
    assert_done(arena_on_release(d->t.s.a, foreign_key_free, key));
    *jwks = ways_jwks(&d->t, key, NULL);
    return made_der(m);
}

Test(client_certificate, CA_12_the_key_itself_is_registered_and_no_name_of_it_counts)
{
    struct desk d = desk_new();
    str one, two;
    str der = own_certificate(&d, (struct made_plan){.common = "app"}, &one), other = own_certificate(&d, (struct made_plan){.common = "app"}, &two);
    ways_register(&d.t, "web", "self_signed_tls_client_auth", &(struct db_client_metadata){.jwks = one});
    expect_kind(by_key(&d, der), OK);
    expect_kind(by_key(&d, other), INVALID_CLIENT);
    expect_kind(by_key(&d, STR("no DER")), INVALID_CLIENT);
    expect_kind(by_key(&d, STR_ABSENT), INVALID_CLIENT);
    d.t.s.authority->client_ca = STR_ABSENT; /* nobody else is asked */
    expect_kind(by_key(&d, der), OK);
    ways_register(&d.t, "web", "self_signed_tls_client_auth", &(struct db_client_metadata){.jwks = two});
    expect_kind(by_key(&d, der), INVALID_CLIENT);
    ways_register(&d.t, "web", "self_signed_tls_client_auth", &(struct db_client_metadata){0});
    expect_kind(by_key(&d, der), INVALID_CLIENT);
}

Test(client_certificate, CA_12_a_key_whose_certificate_has_ended_or_not_begun_is_none)
{
    struct desk d = desk_new();
    str jwks;
    static const struct made_plan plans[] = {{.common = "app", .begins = -DAY, .ends = -60}, {.common = "app", .begins = 60}};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        str der = own_certificate(&d, plans[i], &jwks);
        ways_register(&d.t, "web", "self_signed_tls_client_auth", &(struct db_client_metadata){.jwks = jwks});
        expect_kind(by_key(&d, der), INVALID_CLIENT);
    }
}

Test(client_certificate, TE_12_a_refusal_says_to_the_log_alone_which_check_it_was)
{
    struct desk d = desk_new();
    err usual = ERR(INVALID_CLIENT, "test");
    named(&d, (struct db_client_metadata){.tls_client_auth_san_dns = STR("app.example")});
    struct made_plan own = plan_of(&d);
    own.issuer = NULL;
    err refused[] = {by_name(&d, STR("no DER")), by_name(&d, made_der(made_new(own))),
                     client_certificate_refusal(d.t.s.ctx, REFUSAL(INVALID_REQUEST, "said", "why"))};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_expect(refused[i].kind == ERR_INVALID_CLIENT && str_is(str_of(err_say(refused[i])), err_say(usual)), "%zu: %s", i, err_say(refused[i]));
        cr_expect_neq(strlen(err_why(refused[i])), 0);
    }
    cr_expect(str_is(str_of(err_why(refused[2])), "why"));
}

static err judge_again(struct context *ctx, void *context)
{
    ctx->certificate = *(const str *)context;
    const struct db_client *client = cache_client(ctx->snapshot, STR("web"));
    return str_is(client->auth_method, "tls_client_auth") ? client_certificate_pki(ctx, client) : client_certificate_self_signed(ctx, client);
}

Test(client_certificate, memory_that_ends_is_no_verdict_about_a_certificate)
{
    struct desk d = desk_new();
    str jwks, der = made_der(made_new(plan_of(&d))), own = own_certificate(&d, (struct made_plan){.common = "app"}, &jwks);
    size_t n = 1;
    named(&d, (struct db_client_metadata){.tls_client_auth_subject_dn = STR("CN=app,C=NO")});
    while (n < 200 && !scene_torture(&d.t.s, n, judge_again, &der))
        n++;
    cr_expect_lt(n, 200);
    ways_register(&d.t, "web", "self_signed_tls_client_auth", &(struct db_client_metadata){.jwks = jwks});
    for (n = 1; n < 200 && !scene_torture(&d.t.s, n, judge_again, &own);)
        n++;
    cr_expect(n > 1 && n < 200, "%zu", n);
}
