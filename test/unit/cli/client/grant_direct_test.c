/* SPDX-License-Identifier: MIT
 * grant_direct: each grant sends what its standard names, and nothing that was not given. */
#include "cli/client/grant_rows.h"
#include "codec/form.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(grant_direct, .init = begin, .timeout = 60);

/* The form that a grant makes of this flow. */
static struct form prepared(struct token_flow *f, err (*prepare)(struct arena *, struct token_flow *, struct buf *, const char **))
{
    struct buf b = buf_new(a, BUF_JSON_MAX);
    struct form form;
    str text;
    cr_assert(!FAILED(prepare(a, f, &b, &trouble)), "%s", trouble);
    cr_assert(!FAILED(buf_done(&b, &text)) && !FAILED(form_parse(a, text, &form)));
    return form;
}
static struct token_flow full_flow(void)
{
    return (struct token_flow){.client_id = STR("app"),
                               .client_secret = STR("hidden secret"),
                               .scope = STR("read write"),
                               .username = STR("ada"),
                               .password = STR("p&w =x"),
                               .refresh_token = STR("R"),
                               .subject_token = STR("S"),
                               .audience = STR("one"),
                               .assertion = STR("a.b.c"),
                               .max_age = -1,
                               .server = {.issuer = STR("https://as")}};
}
static bool has_only(const struct form *form, const char *names)
{
    static const char *const all[] = {"username",      "password",         "scope",
                                      "refresh_token", "subject_token",    "subject_token_type",
                                      "actor_token",   "actor_token_type", "requested_token_type",
                                      "audience",      "assertion",        "authorization_details",
                                      "client_secret", "client_id"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (str_present(form_get(form, all[i])) != str_has_word(str_of(names), str_of(all[i])))
            return false;
    return true;
}
Test(grant_direct, each_grant_sends_its_own_and_no_other_grants_secret)
{
    struct token_flow f = full_flow();
    struct form form = prepared(&f, grant_password);
    cr_expect(has_only(&form, "username password scope"));
    cr_expect(str_is(form_get(&form, "password"), "p&w =x"), "as it was given");
    form = prepared(&f, grant_credentials);
    cr_expect(has_only(&form, "scope audience"));
    form = prepared(&f, grant_refresh);
    cr_expect(has_only(&form, "refresh_token scope") && str_is(form_get(&form, "refresh_token"), "R"));
    form = prepared(&f, grant_exchange);
    cr_expect(has_only(&form, "subject_token subject_token_type audience scope") && str_is(form_get(&form, "subject_token"), "S"));
    form = prepared(&f, grant_bearer);
    cr_expect(has_only(&form, "assertion scope"));
    cr_expect(str_is(form_get(&form, "assertion"), "a.b.c"));
}
Test(grant_direct, types_of_tokens_are_words_or_what_the_person_says) /* RFC 8693 3 */
{
    struct token_flow f = full_flow();
    struct form form = prepared(&f, grant_exchange);
    cr_expect(str_is(form_get(&form, "subject_token_type"), "urn:ietf:params:oauth:token-type:access_token"));
    f.subject_token_type = STR("id_token");
    f.actor_token = STR("A");
    f.actor_token_type = STR("urn:own:type");
    f.requested_token_type = STR("jwt");
    form = prepared(&f, grant_exchange);
    cr_expect(str_is(form_get(&form, "subject_token_type"), "urn:ietf:params:oauth:token-type:id_token"));
    cr_expect(str_is(form_get(&form, "actor_token_type"), "urn:own:type") &&
              str_is(form_get(&form, "requested_token_type"), "urn:ietf:params:oauth:token-type:jwt"));
}
Test(grant_direct, an_assertion_is_made_with_the_key_when_none_is_given)
{
    struct token_flow f = full_flow();
    struct buf b = buf_new(a, BUF_JSON_MAX);
    json *both;
    f.assertion = STR_ABSENT;
    cr_expect(FAILED(grant_bearer(a, &f, &b, &trouble)), "neither assertion nor key");
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    f.subject = STR("ada");
    struct form form = prepared(&f, grant_bearer);
    cr_assert(!FAILED(token_flow_decode(a, form_get(&form, "assertion"), &both)));
    cr_expect(str_is(json_member_text(json_member(both, "claims"), "sub"), "ada"));
}
