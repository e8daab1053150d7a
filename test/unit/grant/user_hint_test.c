/* SPDX-License-Identifier: MIT
 * user_hint: an address means the person who has it verified, or nobody. */
#include "grant/user_hint.h"
#include "people.h"

#include "base/banned.h"

static struct db_user *with_address(struct scene *s, const char *name, const char *email, bool verified)
{
    struct user_edit edit = edit_nothing();
    struct db_user *user = NULL;
    edit.username = str_of(name);
    edit.email = str_of(email);
    edit.admin = false;
    assert_done(user_add(s->ctx, &actor_owner, &edit, &s->p, &user));
    struct db_user row = *user;
    row.email_verified = verified;
    assert_done(db_user_save(store_each(s->authority->store), s->a, &row, NULL));
    scene_next(s);
    return user;
}

static bool means(struct scene *s, const char *email, const struct db_user *user)
{
    struct db_user *found = NULL;
    assert_done(user_hint_email(s->ctx, str_of(email), &found));
    return user ? found && str_equal(found->id, user->id) : !found;
}

Test(user_hint, an_address_is_its_owners_in_any_letter_case)
{
    struct scene s = scene_new();
    struct db_user *ada = with_address(&s, "ada", "Ada@Example.org", true);
    cr_expect(means(&s, "Ada@Example.org", ada) && means(&s, "ada@EXAMPLE.ORG", ada));
    cr_expect(means(&s, "ada@example.com", NULL) && means(&s, "ada@example.or", NULL) && means(&s, "%@example.org", NULL) && means(&s, "", NULL));
    cr_expect(means(&s, "ada", NULL), "a username is no address");
}

/* Eve writes somebody else's address into her own profile: what is asserted about, or asked of, that person is not hers. */
Test(user_hint, LS_16_an_address_that_nobody_verified_is_nobodys_as_at_the_login)
{
    struct scene s = scene_new();
    (void)with_address(&s, "eve", "boss@example.org", false);
    cr_expect(means(&s, "boss@example.org", NULL));
    struct db_user *boss = with_address(&s, "boss", "Boss@example.org", true);
    cr_expect(means(&s, "boss@example.org", boss));
    (void)with_address(&s, "ann", "team@example.org", false);
    (void)with_address(&s, "bob", "TEAM@example.org", false);
    cr_expect(means(&s, "team@example.org", NULL));
}

static err ask_again(struct context *ctx, void *context)
{
    struct db_user *found;
    return user_hint_email(ctx, *(const str *)context, &found);
}

Test(user_hint, memory_that_ends_is_no_absence)
{
    struct scene s = scene_new();
    (void)with_address(&s, "ada", "ada@example.org", true);
    str email = STR("ada@example.org");
    size_t n = 1;
    while (n < 200 && !scene_torture(&s, n, ask_again, &email))
        n++;
    cr_expect(n > 1 && n < 200, "%zu", n);
}
