/* SPDX-License-Identifier: MIT
 * cmd_user: people made, changed, shut out; passwords go into the store as hashes and nowhere else. */
#include "../console.h"
#include "crypto/password.h"
#include "store/table/db_event.h"
#include "store/table/db_user.h"

static const char good[] = "long enough 4711";

static struct db_user *find_user_row(struct console *c, const char *name)
{
    struct db_user *user = NULL;
    cr_assert(!FAILED(db_user_by_name(store_each(c->authority->store), c->a, str_of(name), &user)));
    return user;
}
static bool has_password(struct console *c, const char *name, str password)
{
    const struct db_user *user = find_user_row(c, name);
    bool same = false;
    cr_assert_not_null(user);
    cr_assert(!FAILED(password_verify(password, user->password_hash, NULL, &same)));
    return same;
}
static json *add_user(struct console *c, const char *name, const char *more)
{
    c->input = "long enough 4711\n";
    const char *words[] = {"user", "add", name, "--password-stdin", more, NULL};
    return console_json(c, words);
}
Test(cmd_user, the_password_of_standard_input_is_kept_as_a_hash_and_shown_nowhere)
{
    struct console c = console_new();
    json *made = add_user(&c, "ada", "--admin");
    cr_expect(console_flag(made, "admin") && !json_member(made, "password") && !console_has(c.out, good));
    cr_expect(has_password(&c, "ada", str_of(good)) && !has_password(&c, "ada", STR("long enough 4712")));
    cr_expect(!console_has(find_user_row(&c, "ada")->password_hash, good));
    json *events = CONSOLE_JSON(&c, "event", "list");
    cr_expect_not_null(console_row(events, "name", "user.added"));
    cr_expect(!console_has(c.out, good) && !console_has(c.out, "argon2"));
    cr_expect_eq(CONSOLE(&c, "user", "show", "ada"), COMMAND_DONE);
    cr_expect(!console_has(c.out, good) && !console_has(c.out, "argon2"));
}
Test(cmd_user, a_password_that_is_made_is_shown_once_and_works)
{
    struct console c = console_new();
    json *made = CONSOLE_JSON(&c, "user", "add", "ada", "--generate");
    str password = json_member_text(made, "password");
    cr_assert(password.n == 24 && has_password(&c, "ada", password));
    json *again = CONSOLE_JSON(&c, "user", "password", "ada", "--generate", "--must-change-password");
    str other = json_member_text(again, "password");
    cr_expect(!str_equal(other, password) && has_password(&c, "ada", other) && !has_password(&c, "ada", password));
    cr_expect(console_flag(again, "must_change_password"));
}
Test(cmd_user, a_bad_password_or_two_sources_of_one_add_nobody)
{
    struct console c = console_new();
    static const char *const bad[] = {"short\n", "password\n", "\n", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        c.input = bad[i];
        CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "add", "ada", "--password-stdin");
    }
    c.input = "long enough 4711\n";
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "user", "add", "ada", "--password-stdin", "--generate");
    c.input = "$2b$04$abcdefghijklmnopqrstuv\n";
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "user", "add", "ada", "--password-hash-stdin", "--generate");
    c.input = "no hash at all\n";
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "add", "ada", "--password-hash-stdin");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "user", "add", "ada"); /* no terminal: nobody can be asked */
    cr_expect_null(find_user_row(&c, "ada"));
}
Test(cmd_user, an_edit_changes_what_is_given_and_nothing_else)
{
    struct console c = console_new();
    (void)add_user(&c, "ada", "--admin");
    (void)add_user(&c, "bob", "--admin");
    cr_assert_eq(CONSOLE(&c, "user", "edit", "ada", "--email", "ada@example.org", "--full-name", "Ada L.", "--given-name", "Ada"), COMMAND_DONE);
    json *shown = CONSOLE_JSON(&c, "user", "edit", "ada", "--no-admin");
    cr_expect(!console_flag(shown, "admin") && str_is(json_member_text(shown, "email"), "ada@example.org") &&
              str_is(json_member_text(shown, "given_name"), "Ada"));
    shown = CONSOLE_JSON(&c, "user", "edit", "ada", "--email", "", "--given-name", "", "--permission", "view-users");
    cr_expect(!str_filled(json_member_text(shown, "email")) && !str_filled(json_member_text(shown, "given_name")));
    cr_expect(str_is(json_member_text(shown, "full_name"), "Ada L.") && json_count(json_member(shown, "permissions")) == 1);
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "user", "edit", "ada", "--admin", "--no-admin");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "edit", "ada", "--username", "bob");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "edit", "nobody", "--email", "x@example.org");
    cr_expect(has_password(&c, "ada", str_of(good)));
}
Test(cmd_user, an_administrator_stays) /* AD-07 */
{
    struct console c = console_new();
    json *made = add_user(&c, "only", "--admin");
    str id = json_member_text(made, "id");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "block", "only");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "remove", id.p);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "edit", "only", "--no-admin");
    const struct db_user *now = find_user_row(&c, "only");
    cr_expect(now && now->admin && !now->blocked);
}
Test(cmd_user, who_is_blocked_is_so_until_unblocked_and_who_is_removed_is_gone)
{
    struct console c = console_new();
    (void)add_user(&c, "boss", "--admin");
    json *made = add_user(&c, "ada", NULL);
    str id = json_member_text(made, "id");
    cr_expect(console_flag(CONSOLE_JSON(&c, "user", "block", "ada"), "blocked") && find_user_row(&c, "ada")->blocked);
    cr_expect(!console_flag(CONSOLE_JSON(&c, "user", "unblock", id.p), "blocked") && !find_user_row(&c, "ada")->blocked, "an id does as well as a name");
    json *gone = CONSOLE_JSON(&c, "user", "remove", "ada");
    cr_expect(console_flag(gone, "removed") && str_equal(json_member_text(gone, "id"), id));
    cr_expect_null(find_user_row(&c, "ada"));
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "show", id.p);
}
Test(cmd_user, a_long_list_is_whole_and_a_filter_narrows_it)
{
    struct console c = console_new();
    for (int i = 0; i < 103; i++) {
        struct db_user user = {.username = str_format(c.a, "u%03d", i), .permissions = STR("")};
        cr_assert(!FAILED(db_user_add(store_each(c.authority->store), c.a, &user, NULL)));
    }
    json *all = CONSOLE_JSON(&c, "user", "list");
    cr_assert_eq(json_count(all), 103);
    cr_expect(str_is(json_member_text(json_at(all, 102), "username"), "u102"));
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "user", "list", "--filter", "u10")), 3);
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "user", "list", "--filter", "%")), 0, "AD-09: a literal sign");
}
