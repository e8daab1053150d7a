/* SPDX-License-Identifier: MIT
 * cmd_backup: a copy that is whole, beside nothing that was there. */
#include "../console.h"
#include "store/table/db_scope.h"
#include <sys/stat.h>

Test(cmd_backup, the_copy_is_a_database_with_all_that_was_there_and_no_master_key)
{
    struct console c = console_new();
    const char *other = fixture_directory();
    struct stat facts;
    struct store *copy;
    struct db_scope *rows;
    size_t count = 0;
    bool found = false;
    cr_assert_eq(CONSOLE(&c, "scope", "add", "kept", "--description", "Kept."), COMMAND_DONE);
    str file = str_format(c.a, "%s/jeton.db", other);
    json *made = CONSOLE_JSON(&c, "backup", file.p);
    cr_expect(str_equal(json_member_text(made, "file"), file));
    cr_expect(str_equal(json_member_text(made, "also_needed"), str_format(c.a, "%s/master.key", c.directory)));
    cr_assert_eq(stat(file.p, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600);
    cr_expect_neq(access(str_format(c.a, "%s/master.key", other).p, F_OK), 0);
    cr_assert(!FAILED(store_open(&(struct store_options){.directory = other}, &copy)));
    cr_assert(!FAILED(db_scope_all(store_each(copy), c.a, &rows, &count)));
    for (size_t i = 0; i < count; i++)
        found = found || str_is(rows[i].name, "kept");
    cr_expect(found);
    store_close(copy);
}
Test(cmd_backup, what_is_there_already_is_not_overwritten)
{
    struct console c = console_new();
    str file = str_format(c.a, "%s/notes", c.directory);
    FILE *f = fopen(file.p, "w");
    char text[8] = {0};
    cr_assert(f != NULL && fputs("mine", f) >= 0 && fclose(f) == 0);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "backup", file.p);
    f = fopen(file.p, "r");
    cr_assert(f != NULL && fread(text, 1, sizeof text, f) == 4 && fclose(f) == 0);
    cr_expect_str_eq(text, "mine");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "backup", str_format(c.a, "%s/no/such/folder", c.directory).p);
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "backup", "");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "backup");
}
