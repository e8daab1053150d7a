/* SPDX-License-Identifier: MIT
 * user_names: usernames and e-mail addresses as they are judged and kept. */
#include "user/user_names.h"
#include "people.h"

#include <string.h>

#include "base/banned.h"

typedef err judge(struct context *ctx, str typed, struct problems *p, str *kept);

static bool keeps(struct scene *s, judge *by, str typed, const char *kept)
{
    str out = STR_ABSENT;
    s->p.count = 0;
    assert_done(by(s->ctx, typed, &s->p, &out));
    return kept == NULL ? s->p.count > 0 : s->p.count == 0 && str_is(out, kept);
}

Test(user_names, a_username_is_kept_as_it_is_read)
{
    struct scene s = scene_new();
    cr_expect(keeps(&s, user_names_username, STR("Ada"), "Ada") && keeps(&s, user_names_username, STR("ab"), "ab"));
    cr_expect(keeps(&s, user_names_username, STR(" Ada  Lovelace "), "Ada Lovelace"));
    cr_expect(keeps(&s, user_names_username, STR("Zoe\xcc\x88"), "Zo\xc3\xab")); /* NFC */
}

Test(user_names, what_nobody_could_read_or_tell_apart_is_no_username)
{
    struct scene s = scene_new();
    static char many[2000];
    memset(many, 'a', sizeof many);
    const str bad[] = {STR(""),
                       STR("a"),
                       STR("  "),
                       STR("a\nb"),
                       STR("a\0b"),
                       STR("\xff\xfe"),
                       STR("a<b"),
                       STR("a/b"),
                       STR("a\"b"),
                       STR("a\xe2\x80\x8b"
                           "b"),
                       STR("\xe2\x80\xae"
                           "ada"),
                       {many, DB_USER_NAME_MAX + 1},
                       {many, sizeof many}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(keeps(&s, user_names_username, bad[i], NULL) && problem_at(&s.p, "username"), "%zu", i);
    many[DB_USER_NAME_MAX] = '\0';
    cr_expect(keeps(&s, user_names_username, (str){many, DB_USER_NAME_MAX}, many));
}

Test(user_names, an_address_has_one_at_and_both_its_sides)
{
    struct scene s = scene_new();
    cr_expect(keeps(&s, user_names_email, STR(" ada@example.com "), "ada@example.com"));
    cr_expect(keeps(&s, user_names_email, STR(""), "") && keeps(&s, user_names_email, STR_ABSENT, "") && keeps(&s, user_names_email, STR("  "), ""));
    static char many[DB_USER_EMAIL_MAX + 1];
    memset(many, 'a', sizeof many);
    memcpy(many, "a@", 2);
    const str bad[] = {STR("ada"),         STR("@example.com"), STR("ada@"),   STR("a@b@c"),           STR("a b@c"),
                       STR("a@b\nBcc: x"), STR("a\0@b"),        STR("a@\xff"), STR("a@b\xe2\x80\xae"), {many, sizeof many}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(keeps(&s, user_names_email, bad[i], NULL) && problem_at(&s.p, "email"), "%zu", i);
}

Test(user_names, an_address_is_verified_only_while_there_is_one)
{
    struct scene s = scene_new();
    struct db_user user = {.email = STR("a@b.example"), .claims = STR("{\"email_verified\":true}")};
    assert_done(user_names_verdict(s.ctx, &user));
    cr_expect(user.email_verified);
    user.email = STR("");
    assert_done(user_names_verdict(s.ctx, &user));
    cr_expect_not(user.email_verified);
    user = (struct db_user){.email = STR("a@b.example"), .email_verified = true};
    assert_done(user_names_verdict(s.ctx, &user));
    cr_expect_not(user.email_verified);
}

Test(user_names, each_clash_is_told_at_its_field)
{
    struct scene s = scene_new();
    static const struct {
        enum db_user_clash_with with;
        const char *field;
    } clashes[] = {{DB_USER_CLASH_NAME, "username"},
                   {DB_USER_CLASH_LOOK, "allow_look_alike"},
                   {DB_USER_CLASH_NAME_IS_EMAIL, "username"},
                   {DB_USER_CLASH_EMAIL, "email"},
                   {DB_USER_CLASH_EMAIL_IS_NAME, "email"}};
    for (size_t i = 0; i < sizeof clashes / sizeof *clashes; i++) {
        struct db_user_clash clash = {.with = clashes[i].with, .other = STR("ada")};
        s.p.count = 0;
        expect_kind(user_names_saved(s.ctx, ERR(CONFLICT, "test"), &clash, &s.p), UNPROCESSABLE);
        cr_expect(problem_at(&s.p, clashes[i].field), "%zu", i);
        expect_kind(user_names_saved(s.ctx, ERR(UNAVAILABLE, "test"), &clash, &s.p), UNAVAILABLE); /* a storage error is never an answer */
        expect_kind(user_names_saved(s.ctx, OK, &clash, &s.p), OK);
    }
    expect_kind(user_names_saved(s.ctx, ERR(CONFLICT, "test"), &(struct db_user_clash){0}, &s.p), CONFLICT);
}
