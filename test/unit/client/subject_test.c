/* SPDX-License-Identifier: MIT
 * subject: one person has one name in a sector, and another in every other (OpenID Connect Core 8.1; AT-14). */
#include "client/subject.h"
#include "fixture.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct context *ctx;
static const struct db_user ada = {.id = STR("ada-id")}, bob = {.id = STR("bob-id")};

static void begin(void)
{
    struct arena *a = fixture_arena();
    ctx = fixture_context(fixture_authority(a), a);
}

TestSuite(subject, .init = begin);

static struct db_client pairwise(const char *id, const char *sector)
{
    return (struct db_client){.id = str_of(id), .metadata = {.subject_type = STR("pairwise"), .sector = str_of(sector)}};
}

static str name_of(const struct db_client *client, const struct db_user *user)
{
    str sub = STR_ABSENT;
    cr_assert_eq(subject_of(ctx, client, user, &sub).kind, ERR_OK);
    return sub;
}

Test(subject, a_public_name_is_the_id)
{
    const struct db_client plain = {.id = STR("web")}, word = {.id = STR("web"), .metadata = {.subject_type = STR("public")}};
    cr_expect(str_equal(name_of(&plain, &ada), ada.id) && str_equal(name_of(&word, &ada), ada.id) && str_equal(name_of(NULL, &ada), ada.id));
    cr_expect_not(subject_pairwise(&plain) || subject_pairwise(&word) || subject_pairwise(NULL));
}

Test(subject, a_pairwise_name_belongs_to_person_and_sector)
{
    const struct db_client one = pairwise("one", "a.example"), two = pairwise("two", "a.example"), far = pairwise("three", "b.example");
    str sub = name_of(&one, &ada);
    cr_expect(sub.n == 43 && !str_equal(sub, ada.id));
    cr_expect(str_equal(sub, name_of(&one, &ada)) && str_equal(sub, name_of(&two, &ada)));
    cr_expect(!str_equal(sub, name_of(&far, &ada)) && !str_equal(sub, name_of(&one, &bob)));
}

Test(subject, a_client_without_a_sector_has_its_own)
{
    const struct db_client one = pairwise("one", ""), two = pairwise("two", ""), host = pairwise("x", "one");
    cr_expect(!str_equal(name_of(&one, &ada), name_of(&two, &ada)));
    cr_expect(!str_equal(name_of(&one, &ada), name_of(&host, &ada))); /* a host is no client, whatever it is called */
}

Test(subject, only_the_own_name_matches)
{
    const struct db_client one = pairwise("one", "a.example"), far = pairwise("three", "b.example");
    str sub = name_of(&one, &ada);
    cr_expect(subject_matches(ctx, &one, &ada, sub));
    cr_expect_not(subject_matches(ctx, &one, &bob, sub) || subject_matches(ctx, &far, &ada, sub));
    cr_expect_not(subject_matches(ctx, &one, &ada, ada.id)); /* the id would tell who it is */
    cr_expect_not(subject_matches(ctx, &one, &ada, (str){sub.p, sub.n - 1}) || subject_matches(ctx, &one, &ada, STR("")));
    cr_expect_not(subject_matches(ctx, &one, &ada, STR_ABSENT));
}

Test(subject, another_installation_has_other_names)
{
    const struct db_client one = pairwise("one", "a.example");
    str here = name_of(&one, &ada);
    ctx = fixture_context(fixture_authority(ctx->arena), ctx->arena);
    cr_expect(!str_equal(here, name_of(&one, &ada)));
}

Test(subject, a_session_has_another_hint_for_each_client)
{
    const struct db_client one = {.id = STR("one")}, two = {.id = STR("two")};
    str hint, again, other, later;
    cr_assert(!FAILED(subject_session_hint(ctx, &one, STR("s1"), &hint)) && !FAILED(subject_session_hint(ctx, &one, STR("s1"), &again)));
    cr_assert(!FAILED(subject_session_hint(ctx, &two, STR("s1"), &other)) && !FAILED(subject_session_hint(ctx, &one, STR("s2"), &later)));
    cr_expect(str_equal(hint, again) && !str_equal(hint, other) && !str_equal(hint, later) && hint.n == 22);
}
