/* SPDX-License-Identifier: MIT
 * site: which directory, which database; what was opened is closed, also half way. */
#include "cli/site.h"
#include "console.h"
#include "store/table/db_scope.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

/* But for the database file itself: SQLite closes that one late while this process has locks on it, and the fixture has. */
static size_t open_files(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(d));) {
        char target[256];
        ssize_t length = readlinkat(dirfd(d), entry->d_name, target, sizeof target);
        n += length > 0 && !str_ends((str){target, (size_t)length}, STR("/jeton.db"));
    }
    closedir(d);
    return n;
}
/* Opens with these words and gives the exit status; what was opened ends with an arena of its own. */
static int opened(struct console *c, enum site_open_how how, const char *const *words, str *directory)
{
    struct console own = *c;
    struct site *site;
    own.a = arena_new(64 << 20);
    struct command_call call = console_call(&own, words);
    console_take(c);
    int status = console_give_back(c, site_open(&call, how, &site));
    if (status == COMMAND_DONE && directory)
        *directory = str_dup(c->a, str_of(site->directory));
    if (status == COMMAND_DONE)
        cr_expect_not_null(cache_scope(site->context.snapshot, STR("openid")));
    arena_release(own.a);
    return status;
}
#define OPENED(c_, how_, out_, ...) opened(c_, how_, (const char *const[]){__VA_ARGS__, NULL}, out_)

Test(site, a_database_that_must_exist_is_not_made)
{
    struct console c = console_bare();
    const char *empty = fixture_directory();
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", empty), COMMAND_REFUSED);
    cr_expect_eq(console_lines(c.err), 1);
    cr_expect_neq(rmdir(empty), -1, "nothing was left in it");
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", str_format(c.a, "%s/none/at/all", empty).p), COMMAND_REFUSED);
    cr_expect_eq(access(empty, F_OK), -1);
}
Test(site, option_environment_and_sqlite_url_name_the_same_directory)
{
    struct console c = console_new();
    str at = STR_ABSENT;
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, &at, "--data", c.directory), COMMAND_DONE);
    cr_expect(str_is(at, c.directory));
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, &at, "--database", str_format(c.a, "sqlite:%s", c.directory).p), COMMAND_DONE);
    cr_expect(str_is(at, c.directory));
    const char *const environment[] = {str_format(c.a, "JETON_DATA=%s", c.directory).p, NULL};
    c.environment = environment;
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, &at, "--json"), COMMAND_DONE);
    cr_expect(str_is(at, c.directory));
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", fixture_directory()), COMMAND_REFUSED, "an option beats the environment");
}
Test(site, a_database_url_of_no_form_or_with_a_password_is_misuse_and_not_repeated)
{
    struct console c = console_bare();
    static const char *const wrong[] = {"sqlite:", "mysql://h/d", "postgresql://u:hunter2@h/d", "host=h password=hunter2"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *words[] = {"--database", wrong[i], NULL};
        struct command_call call = console_call(&c, words);
        struct settings settings;
        console_take(&c);
        cr_expect_eq(console_give_back(&c, site_settings(&call, &settings)), COMMAND_USAGE, "%s", wrong[i]);
        cr_expect(!console_has(c.err, "hunter2"));
    }
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", "x", "--database", "sqlite:x"), COMMAND_USAGE);
}
Test(site, what_cannot_be_taken_into_use_is_refused_and_closed)
{
    struct console c = console_new();
    str key = str_format(c.a, "%s/master.key", c.directory), aside = str_format(c.a, "%s/master.aside", c.directory);
    size_t before = open_files();
    cr_assert_eq(rename(key.p, aside.p), 0);
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", c.directory), COMMAND_REFUSED, "no keys without their master key");
    cr_expect_eq(access(key.p, F_OK), -1, "and no other one is made beside keys that it cannot open");
    cr_assert_eq(rename(aside.p, key.p), 0);
    cr_assert_eq(chmod(key.p, 0644), 0);
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", c.directory), COMMAND_REFUSED, "ST-03: a key that others can read");
    cr_assert_eq(chmod(key.p, 0600), 0);
    cr_expect_eq(OPENED(&c, SITE_MUST_EXIST, NULL, "--data", c.directory), COMMAND_DONE);
    cr_expect_eq(open_files(), before, "%zu files before, %zu now", before, open_files());
}
Test(site, after_a_change_the_context_has_the_facts_as_they_are)
{
    struct console c = console_new();
    struct console own = c;
    struct site *site;
    own.a = arena_new(64 << 20);
    struct command_call call = console_call(&own, (const char *const[]){"--data", c.directory, NULL});
    cr_assert_eq(site_open(&call, SITE_MUST_EXIST, &site), COMMAND_DONE);
    cr_assert(!FAILED(db_scope_add(store_each(c.authority->store), STR("fresh"), STR("Made by another process."))));
    cr_expect_null(cache_scope(site->context.snapshot, STR("fresh")));
    cr_assert_eq(site_changed(&call, site), COMMAND_DONE);
    cr_expect_not_null(cache_scope(site->context.snapshot, STR("fresh")));
    arena_release(own.a);
}
