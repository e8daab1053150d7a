/* SPDX-License-Identifier: MIT
 * details: which authorization details may be asked for, and how they are told to people. */
#include "scope/details.h"
#include "scope/details_types.h"
#include "client_ways.h"
#include "token/permit.h"

static struct stage paying(void)
{
    struct stage t = stage_new();
    struct details_edit payment = {STR("payment"), STR("Pay from your account"), STR("amount:Amount; creditor:To whom")};
    struct details_edit other = {STR("account"), STR("See your account"), STR_ABSENT};
    assert_done(details_types_add(t.s.ctx, &actor_owner, &payment, &t.s.p));
    assert_done(details_types_add(t.s.ctx, &actor_owner, &other, &t.s.p));
    scene_next(&t.s);
    ways_register(&t, "web", "client_secret_basic", &(struct db_client_metadata){.authorization_details_types = STR("payment")});
    return t;
}

static err read_text(struct stage *t, const char *text, str *out)
{
    return details_read(t->s.ctx, stage_find(t, "web"), str_of(text), out);
}

Test(details, what_the_type_lists_and_what_is_common_may_be_asked)
{
    struct stage t = paying();
    str out;
    struct details_words *words;
    size_t count;
    assert_done(read_text(&t,
                          "[ {\"type\":\"payment\", \"actions\":[\"initiate\",\"cancel\"],\"locations\":[\"https://b.example\"],"
                          "\"amount\":{\"value\":\"12\"},\"creditor\":\"Merchant <A>\"}, {\"type\":\"payment\",\"identifier\":\"x\"} ]",
                          &out));
    cr_expect(str_starts(out, STR("[{\"type\":\"payment\",\"actions\":[\"initiate\",\"cancel\"]")), "%.*s", STR_FMT(out));
    assert_done(details_show(t.s.ctx, out, &words, &count));
    cr_assert_eq(count, 2);
    cr_assert_eq(words[0].count, 4);
    cr_expect(str_is(words[0].description, "Pay from your account"));
    cr_expect(str_is(words[0].facts[0].label, "It may") && str_is(words[0].facts[0].value, "initiate, cancel"));
    cr_expect(str_is(words[0].facts[2].label, "Amount") && str_is(words[0].facts[2].value, "value \"12\""));
    cr_expect(str_is(words[0].facts[3].label, "To whom") && str_is(words[0].facts[3].value, "Merchant <A>"));
    cr_expect(str_is(words[1].facts[0].label, "For") && str_is(words[1].facts[0].value, "x"));
    assert_done(details_read(t.s.ctx, stage_find(&t, "web"), STR_ABSENT, &out));
    cr_expect(!str_present(out));
}

Test(details, all_else_is_refused_by_its_own_word) /* RFC 9396 5 */
{
    struct stage t = paying();
    str out;
    static const char *const texts[] = {
        "x",
        "{}",
        "[]",
        "5",
        "[5]",
        "[{}]",
        "[{\"type\":5}]",
        "[{\"type\":\"\"}]",
        "[{\"type\":\"nosuch\"}]",
        "[{\"type\":\"account\"}]" /* not in the client's list */,
        "[{\"type\":\"payment\",\"color\":\"red\"}]",
        "[{\"type\":\"payment\",\"actions\":\"initiate\"}]",
        "[{\"type\":\"payment\",\"actions\":[]}]",
        "[{\"type\":\"payment\",\"locations\":[5]}]",
        "[{\"type\":\"payment\",\"identifier\":[\"x\"]}]",
        "[{\"type\":\"payment\",\"creditor\":\"a\\u0007b\"}]",
        "[{\"type\":\"payment\",\"amount\":{\"value\":[\"a\\nb\"]}}]",
        "[{\"type\":\"payment\",\"amount\":{\"a\\u0001\":1}}]",
        "[{\"type\":\"payment\",\"type\":\"payment\"}]",
        "[{\"type\":\"payment\"},{\"type\":\"nosuch\"}]",
        "[{\"type\":\"payment\"}] x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(read_text(&t, texts[i], &out).kind, ERR_INVALID_AUTHORIZATION_DETAILS, "%s", texts[i]);
    expect_kind(details_read(t.s.ctx, stage_find(&t, "other"), STR("[{\"type\":\"payment\"}]"), &out), INVALID_AUTHORIZATION_DETAILS);
}

Test(details, sixteen_objects_and_eight_thousand_bytes)
{
    struct stage t = paying();
    str out;
    struct buf b = buf_new(t.s.a, 65536);
    buf_char(&b, '[');
    for (int i = 0; i < DETAILS_MAX; i++)
        buf_add_z(&b, i ? ",{\"type\":\"payment\"}" : "{\"type\":\"payment\"}");
    size_t n = b.n;
    buf_char(&b, ']');
    expect_kind(details_read(t.s.ctx, stage_find(&t, "web"), (str){b.p, b.n}, &out), OK);
    b.n = n;
    buf_add_z(&b, ",{\"type\":\"payment\"}]");
    expect_kind(details_read(t.s.ctx, stage_find(&t, "web"), (str){b.p, b.n}, &out), INVALID_AUTHORIZATION_DETAILS);
    b.n = 0;
    buf_add_z(&b, "[{\"type\":\"payment\",\"creditor\":\""); /* what no token can hold is not asked for */
    for (int i = 0; i < PERMIT_DETAILS_MAX; i++)
        buf_char(&b, 'a');
    buf_add_z(&b, "\"}]");
    expect_kind(details_read(t.s.ctx, stage_find(&t, "web"), (str){b.p, b.n}, &out), INVALID_AUTHORIZATION_DETAILS);
    b.n = 0;
    buf_add_z(&b, "[{\"type\":\"payment\",\"creditor\":\"");
    for (int i = 0; i < DETAILS_BYTES_MAX; i++)
        buf_char(&b, 'a');
    buf_add_z(&b, "\"}]");
    expect_kind(details_read(t.s.ctx, stage_find(&t, "web"), (str){b.p, b.n}, &out), INVALID_AUTHORIZATION_DETAILS);
}

Test(details, a_type_has_words_and_its_fields_too)
{
    struct stage t = stage_new();
    static const struct details_edit bad[] = {
        {{"a b", 3}, {"x", 1}, {NULL, 0}},
        {{"a", 1}, {NULL, 0}, {NULL, 0}},
        {{"a", 1}, {"x", 1}, {"amount", 6}},
        {{"a", 1}, {"x", 1}, {"actions:Actions", 15}},
        {{"a", 1}, {"x", 1}, {"am ount:Amount", 14}},
        {{"a", 1}, {"x", 1}, {"amount:", 7}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        t.s.p.count = 0;
        cr_expect_eq(details_types_add(t.s.ctx, &actor_owner, &bad[i], &t.s.p).kind, ERR_UNPROCESSABLE, "%zu", i);
    }
}

Test(details, they_are_asked_about_every_time_and_kept_with_the_grant)
{
    struct stage t = paying();
    const char *ask = "client_id=web&response_type=code&authorization_details=%5B%7B%22type%22%3A%22payment%22%7D%5D";
    struct authorize_request r;
    enum authorize_step step;
    (void)stage_allow(&t, ask);
    struct session ada = stage_session(&t, t.ada);
    struct form f = stage_form(&t, ask);
    assert_done(authorize_read(t.s.ctx, &f, &r));
    assert_done(authorize_check(t.s.ctx, &f, &r));
    assert_done(authorize_next(t.s.ctx, &r, &ada, &step));
    cr_expect_eq(step, AUTHORIZE_ASK);
    struct db_authorization *authorization;
    assert_done(db_authorization_get(store_each(t.s.authority->store), t.s.a, 1, &authorization));
    cr_expect(str_is(authorization->details, "[{\"type\":\"payment\"}]"));
}

Test(details, AZ_15_what_was_granted_reaches_as_far_as_the_client_still_may)
{
    struct stage t = paying();
    str reach;
    bool removed;
    const str both = STR("[{\"type\":\"payment\",\"amount\":5},{\"type\":\"account\"}]");
    assert_done(details_reach(t.s.ctx, stage_find(&t, "web"), both, &reach));
    cr_expect(str_is(reach, "[{\"type\":\"payment\",\"amount\":5}]"), "%.*s", STR_FMT(reach));
    assert_done(details_reach(t.s.ctx, stage_find(&t, "web"), STR_ABSENT, &reach));
    cr_expect_not(str_present(reach));
    assert_done(details_reach(t.s.ctx, stage_find(&t, "other"), both, &reach));
    cr_expect_not(str_present(reach));
    assert_done(details_types_remove(t.s.ctx, &actor_owner, STR("payment"), &removed));
    scene_next(&t.s);
    assert_done(details_reach(t.s.ctx, stage_find(&t, "web"), both, &reach));
    cr_expect_not(str_present(reach));
}
