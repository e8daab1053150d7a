/* SPDX-License-Identifier: MIT
 * scope: nothing is granted that the client was not given. */
#include "scope/scope.h"
#include "stage.h"

static str granted(struct stage *t, const char *asked)
{
    str out = STR("?");
    assert_done(scope_grant(t->s.ctx, stage_find(t, "web"), STR_ABSENT, str_of(asked), &out));
    return out;
}

static err refused(struct stage *t, const char *asked)
{
    str out = STR("untouched");
    err e = scope_grant(t->s.ctx, stage_find(t, "web"), STR_ABSENT, str_of(asked), &out);
    cr_expect(str_is(out, "untouched"));
    return e;
}

Test(scope, what_is_asked_comes_once_and_in_order)
{
    struct stage t = stage_new();
    cr_expect(str_is(granted(&t, "write read"), "write read"));
    cr_expect(str_is(granted(&t, "  read   read "), "read"));
}

Test(scope, nothing_asked_or_blanks_mean_the_clients_own_list)
{
    struct stage t = stage_new();
    static const char *const nothing[] = {NULL, "", " ", "     "};
    for (size_t i = 0; i < 4; i++)
        cr_expect(str_is(granted(&t, nothing[i]), "read write"), "%s", nothing[i]);
}

Test(scope, AZ_15_unknown_or_foreign_scopes_are_refused)
{
    struct stage t = stage_new();
    static const char *const bad[] = {"nosuch",
                                      "read nosuch",
                                      "view-users",
                                      "READ",
                                      "read,write",
                                      "read\twrite",
                                      "re\"ad",
                                      "re\\ad",
                                      "r\xc3\xa9"
                                      "ad",
                                      "read\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(refused(&t, bad[i]).kind, ERR_INVALID_SCOPE, "%s", bad[i]);
}

Test(scope, IN_01_sizes_are_bounded)
{
    struct stage t = stage_new();
    char text[SCOPE_BYTES_MAX + 2];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    expect_kind(refused(&t, text), INVALID_SCOPE);
    for (size_t i = 1; i < sizeof text - 1; i += 2)
        text[i] = ' ';
    expect_kind(refused(&t, text), INVALID_SCOPE);
}

Test(scope, a_scope_that_was_removed_is_not_granted_by_default)
{
    struct stage t = stage_new();
    bool removed;
    assert_done(scopes_remove(t.s.ctx, &actor_owner, STR("write"), &removed));
    scene_next(&t.s);
    cr_expect(str_is(granted(&t, NULL), "read"));
    expect_kind(refused(&t, "write"), INVALID_SCOPE);
}

Test(scope, RF_06_narrowing_never_widens)
{
    struct arena *a = fixture_arena();
    str out = STR("untouched");
    expect_kind(scope_narrow(a, STR("read write"), STR("write"), &out), OK);
    cr_expect(str_is(out, "write"));
    expect_kind(scope_narrow(a, STR("read write"), STR_ABSENT, &out), OK);
    cr_expect(str_is(out, "read write"));
    expect_kind(scope_narrow(a, STR("read write"), STR("  "), &out), OK);
    cr_expect(str_is(out, "read write"));
    expect_kind(scope_narrow(a, STR("read"), STR("read write"), &out), INVALID_SCOPE);
    expect_kind(scope_narrow(a, STR(""), STR("read"), &out), INVALID_SCOPE);
}

Test(scope, within_and_common)
{
    struct arena *a = fixture_arena();
    str out;
    cr_expect(scope_within(STR("a b"), STR("b c a")) && scope_within(STR(""), STR("")) && scope_within(STR_ABSENT, STR("a")));
    cr_expect(!scope_within(STR("a"), STR("")) && !scope_within(STR("a"), STR("ab")));
    assert_done(scope_common(a, STR("a b c"), STR("c a"), &out));
    cr_expect(str_is(out, "a c"));
    assert_done(scope_common(a, STR("a"), STR_ABSENT, &out));
    cr_expect_eq(out.n, 0);
}
