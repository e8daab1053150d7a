/* SPDX-License-Identifier: MIT
 * received: every way in which a signed word can be wrong is found, and keys come from one place. */
#include "cli/client/received.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(received, .init = begin, .timeout = 60);

static struct standin *s;
static struct token_flow f;
static const struct client_key *key;
/* A server with one key; its rows must be there before the first question. */
static void begin_server(void)
{
    s = standin_new(a);
    f = standin_flow(s, a, "authorization_code");
    f.client_secret = STR("0123456789abcdef0123456789abcdef");
    f.nonce = STR("N");
    cr_assert(!FAILED(client_key_fresh(a, &key)));
    standin_add(s, (struct standin_row){"/jwks", 200, NULL, standin_jwks(a, key), 0});
    standin_begin(s);
}
static json *good_claims(void)
{
    json *c = json_object_new(a);
    json_put_text(a, c, "iss", s->url);
    json_put_text(a, c, "aud", STR("app"));
    json_put_text(a, c, "sub", STR("ada"));
    json_put_text(a, c, "nonce", STR("N"));
    json_put_integer(a, c, "iat", clock_now());
    json_put_integer(a, c, "exp", clock_now() + 60);
    return c;
}
static bool believed(str jwt)
{
    json *response = json_object_new(a);
    const json *claims = NULL;
    json_put_text(a, response, "id_token", jwt);
    json_put_text(a, response, "access_token", STR("T"));
    trouble = NULL;
    bool yes = !FAILED(received_id_token(a, &f, response, &claims, &trouble));
    cr_expect_eq(yes, claims != NULL);
    cr_expect(yes || trouble);
    return yes;
}
/* With one member another, or without it. */
static bool believed_with(const char *name, json *value)
{
    json *c = json_object_new(a), *all = good_claims();
    void *at = NULL;
    str member;
    const json *have;
    while (json_each(all, &at, &member, &have)) {
        str text;
        json *copy;
        cr_assert(!FAILED(json_text(a, have, &text)) && !FAILED(json_parse(a, text, &copy)));
        if (!str_is(member, name))
            json_put(a, c, member.p, copy);
    }
    if (value)
        json_put(a, c, name, value);
    return believed(standin_sign(a, key, c));
}
static json *text(const char *value)
{
    return json_at(standin_object(a, str_format(a, "[\"%s\"]", value).p), 0) ? standin_object(a, str_format(a, "\"%s\"", value).p) : NULL;
}
static json *number(int64_t value)
{
    return standin_object(a, str_format(a, "%lld", (long long)value).p);
}
Test(received, an_id_token_is_believed_when_all_of_it_fits_and_its_keys_are_fetched_once)
{
    begin_server();
    cr_expect(believed(standin_sign(a, key, good_claims())), "%s", trouble);
    cr_expect(believed_with("aud", standin_object(a, "[\"app\"]")));
    cr_expect(believed_with("at_hash", NULL), "optional in the code flow");
    standin_end(s);
    cr_expect_eq(s->seen, 1);
    cr_expect(!standin_has(s->heads[0], "Authorization"), "no secret goes to the place of keys");
}
Test(received, each_claim_that_is_wrong_or_missing_is_found) /* OpenID Connect Core 3.1.3.7 */
{
    begin_server();
    cr_assert(believed(standin_sign(a, key, good_claims())));
    static const char *const needed[] = {"iss", "aud", "sub", "nonce", "iat", "exp"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        cr_expect(!believed_with(needed[i], NULL), "without %s", needed[i]);
    cr_expect(!believed_with("iss", text("http://127.0.0.1:1")) && !believed_with("aud", text("other")) && !believed_with("nonce", text("M")) &&
              !believed_with("sub", text("")));
    cr_expect(!believed_with("exp", number(clock_now() - 61)) && !believed_with("iat", number(clock_now() + 61)));
    cr_expect(!believed_with("nbf", number(clock_now() + 61)));
    cr_expect(!believed_with("aud", standin_object(a, "[\"app\",\"other\"]")), "several audiences without azp");
    cr_expect(!believed_with("azp", text("other")) && believed_with("azp", text("app")));
    cr_expect(!believed_with("at_hash", text("AAAAAAAAAAAAAAAAAAAAAA")));
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(STR("T"), digest);
    cr_expect(believed_with("at_hash", text(b64url_encode(a, digest, DIGEST_SIZE / 2).p)));
    standin_end(s);
}
Test(received, a_login_older_than_was_asked_for_is_found)
{
    begin_server();
    f.asked_age = 100;
    cr_expect(!believed(standin_sign(a, key, good_claims())), "auth_time is owed");
    cr_expect(believed_with("auth_time", number(clock_now() - 100)));
    cr_expect(!believed_with("auth_time", number(clock_now() - 200)));
    cr_expect(!believed_with("auth_time", number(INT64_MIN)));
    standin_end(s);
}
Test(received, no_other_key_and_no_other_algorithm_signs_for_the_server)
{
    begin_server();
    const struct client_key *other;
    str jwt, right = standin_sign(a, key, good_claims());
    cr_assert(!FAILED(client_key_fresh(a, &other)));
    cr_expect(!believed(standin_sign(a, other, good_claims())), "another's key");
    struct client_key lying = *other;
    lying.kid = key->kid;
    cr_expect(!believed(standin_sign(a, &lying, good_claims())), "and under the server's name for its own");
    struct client_key_words words = {.typ = "JWT", .claims = good_claims(), .secret = f.client_secret};
    cr_assert(!FAILED(client_key_sign(a, NULL, &words, &jwt)));
    cr_expect(!believed(jwt), "the secret that the client knows is no key of the server");
    str claims = str_format(a, "{\"iss\":\"%.*s\",\"aud\":\"app\",\"sub\":\"ada\",\"nonce\":\"N\",\"iat\":1,\"exp\":9999999999}", STR_FMT(s->url));
    str none[] = {STR("eyJhbGciOiJub25lIn0."), b64url_encode(a, claims.p, claims.n), STR(".")};
    cr_expect(!believed(str_join(a, none, 3)), "alg none");
    char *bent = arena_take(a, right.n + 1);
    memcpy(bent, right.p, right.n);
    bent[right.n - 10] = bent[right.n - 10] == 'A' ? 'B' : 'A';
    cr_expect(!believed((str){bent, right.n}), "a bent signature");
    cr_expect(!believed(STR("")) && !believed(STR("a.b.c")) && !believed(STR("jtn_opaque")));
    cr_expect(believed(right));
    standin_end(s);
}
Test(received, without_keys_nothing_is_believed)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {{404, "{}"}, {200, "no json"}, {200, "{}"}, {302, ""}, {0, ""}, {200, "{\"keys\":[]}"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s = standin_new(a);
        f = standin_flow(s, a, "authorization_code");
        cr_assert(!FAILED(client_key_fresh(a, &key)));
        standin_add(s, (struct standin_row){"/jwks", rows[i].status, NULL, str_of(rows[i].body), 0});
        standin_begin(s);
        cr_expect(!believed(standin_sign(a, key, good_claims())), "%zu", i);
        standin_end(s);
    }
    f.server.metadata = json_object_new(a);
    f.keys = NULL;
    cr_expect(!believed(standin_sign(a, key, good_claims())) && strstr(trouble, "jwks_uri"));
}
Test(received, what_cannot_be_compared_is_not_believed)
{
    begin_server();
    str issuer = f.server.issuer, id = f.client_id;
    f.server.issuer = STR_ABSENT;
    cr_expect(!believed(standin_sign(a, key, good_claims())));
    f.server.issuer = issuer;
    f.client_id = STR_ABSENT;
    cr_expect(!believed(standin_sign(a, key, good_claims())));
    f.client_id = id;
    cr_expect(believed(standin_sign(a, key, good_claims())));
    standin_end(s);
}
Test(received, a_signed_answer_ends_and_signed_userinfo_need_not)
{
    begin_server();
    json *bare = standin_object(a, str_format(a, "{\"iss\":\"%.*s\",\"aud\":\"app\",\"sub\":\"ada\"}", STR_FMT(s->url)).p);
    const json *claims = NULL;
    str jwt = standin_sign(a, key, bare);
    cr_expect(FAILED(received_answer(a, &f, jwt, &claims, &trouble)), "JARM 2.1: exp must be there");
    cr_expect(!FAILED(received_userinfo(a, &f, jwt, &claims, &trouble)) && str_is(json_member_text(claims, "sub"), "ada"));
    json *other = standin_object(a, str_format(a, "{\"iss\":\"%.*s\",\"aud\":\"other\",\"sub\":\"ada\",\"exp\":9999999999}", STR_FMT(s->url)).p);
    jwt = standin_sign(a, key, other);
    cr_expect(FAILED(received_answer(a, &f, jwt, &claims, &trouble)) && FAILED(received_userinfo(a, &f, jwt, &claims, &trouble)));
    standin_end(s);
}
