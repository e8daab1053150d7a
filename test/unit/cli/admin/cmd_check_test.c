/* SPDX-License-Identifier: MIT
 * cmd_check: a whole database is ok; a damaged one, or keys that do not open, is not. */
#include "../console.h"
#include <fcntl.h>

Test(cmd_check, a_whole_database_is_ok_in_both_forms)
{
    struct console c = console_new();
    json *j = CONSOLE_JSON(&c, "check");
    cr_expect(console_flag(j, "ok") && json_count(json_member(j, "report")) > 5);
    size_t lines = json_count(json_member(j, "report"));
    cr_assert_eq(CONSOLE(&c, "check"), COMMAND_DONE);
    cr_expect_eq(console_lines(c.out), lines);
    cr_expect_eq(c.out.p[c.out.n - 1], '\n');
}
Test(cmd_check, another_master_key_is_found)
{
    struct console c = console_new();
    str key = str_format(c.a, "%s/master.key", c.directory);
    int fd = open(key.p, O_WRONLY);
    cr_assert(fd >= 0 && pwrite(fd, "\x55\xaa\x55\xaa", 4, 3) == 4 && close(fd) == 0);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "check");
}
Test(cmd_check, a_damaged_file_is_found)
{
    struct console c = console_new();
    const char *other = fixture_directory();
    str file = str_format(c.a, "%s/jeton.db", other), key = str_format(c.a, "%s/master.key", other), own = str_format(c.a, "%s/master.key", c.directory);
    char secret[64], zero[4096] = {0};
    cr_assert_eq(CONSOLE(&c, "backup", file.p), COMMAND_DONE);
    int from = open(own.p, O_RDONLY), to = open(key.p, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ssize_t n = read(from, secret, sizeof secret);
    cr_assert(n > 0 && write(to, secret, (size_t)n) == n && close(from) == 0 && close(to) == 0);
    c.directory = other;
    cr_assert_eq(CONSOLE(&c, "check"), COMMAND_DONE, "the copy itself is whole: %.*s", STR_FMT(c.err));
    int fd = open(file.p, O_RDWR);
    for (off_t page = 4; page < 8; page++)
        cr_assert_eq(pwrite(fd, zero, sizeof zero, page * (off_t)sizeof zero), (ssize_t)sizeof zero);
    close(fd);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "check");
}
