/* SPDX-License-Identifier: MIT
 * command: exit status, one line for what went wrong, JSON alone on standard output. */
#include "console.h"

Test(command, wrong_usage_is_two)
{
    struct console c = console_bare();
    static const char *const lines[][8] = {
        {NULL},
        {"nonsense"},
        {"user"},
        {"user", "dance"},
        {"user", "show"},
        {"user", "show", "a", "b"},
        {"client", "add"},
        {"user", "add", "x", "--password", "hunter2"},
        {"serve", "--listen", "nowhere"},
        {"serve", "--json"},
        {"user", "list", "--data", "x", "--database", "sqlite:x"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect_eq(console_run(&c, lines[i]), COMMAND_USAGE, "%zu", i);
        cr_expect_eq(c.out.n, 0);
        cr_expect(console_lines(c.err) == 1 && str_starts(c.err, STR("jeton: ")), "%.*s", STR_FMT(c.err));
    }
}
Test(command, a_missing_database_is_refused_in_one_line)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "list");
    cr_expect(str_starts(c.err, STR("jeton: ")));
}
Test(command, a_databases_password_is_no_argument)
{
    struct console c = console_bare();
    static const char *const urls[] = {"postgresql://jeton:secret@h/db", "host=h password=secret", "nonsense"};
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(CONSOLE_RUN(&c, "user", "list", "--database", urls[i]), COMMAND_USAGE);
        cr_expect(!console_has(c.err, "secret"));
        cr_expect_eq(console_has(c.err, "passfile"), i < 2);
    }
}
Test(command, control_bytes_do_not_reach_the_terminal)
{
    struct console c = console_bare();
    static const char evil[] = {'\x1b', '[', '2', 'J', '\n', '\xc2', '\x9b', '2', 'J', '\xe2', '\x80', '\xae', '\0'}; /* CSI of eight bits, right to left */
    cr_assert_eq(CONSOLE_RUN(&c, evil), COMMAND_USAGE);
    cr_assert_eq(console_lines(c.err), 1);
    for (size_t i = 0; i + 1 < c.err.n; i++)
        cr_expect(c.err.p[i] >= 0x20 && c.err.p[i] < 0x7f);
}
Test(command, a_secret_that_cannot_be_read_ends_the_command_before_it_begins)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    c.input = "only one line\n";
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "user", "add", "ada", "--password-stdin", "--password-hash-stdin");
    cr_expect(!console_has(c.err, "only one line"));
    cr_expect_eq(rmdir(c.directory), 0, "nothing was made there");
}
Test(command, help_beside_wrong_arguments_is_help)
{
    struct console c = console_bare();
    cr_expect_eq(CONSOLE_RUN(&c, "user", "show", "--help"), COMMAND_DONE);
    cr_expect(str_starts(c.out, STR("usage: jeton user show")));
}
