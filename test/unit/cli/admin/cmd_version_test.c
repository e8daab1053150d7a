/* SPDX-License-Identifier: MIT
 * cmd_version: name and number, in both forms. */
#include "../console.h"

Test(cmd_version, it_is_the_builds_own)
{
    struct console c = console_bare();
    cr_assert_eq(CONSOLE_RUN(&c, "version", "--json"), COMMAND_DONE);
    json *j = console_parse(&c);
    str version = json_member_text(j, "version");
    cr_expect(str_is(json_member_text(j, "name"), "jeton"));
    cr_expect(version.n >= 5 && version.p[0] >= '0' && version.p[0] <= '9', "%.*s", STR_FMT(version));
    cr_assert_eq(CONSOLE_RUN(&c, "--version"), COMMAND_DONE);
    cr_expect(str_equal(c.out, str_format(c.a, "jeton %.*s\n", STR_FMT(version))));
    cr_expect_eq(CONSOLE_RUN(&c, "version", "more"), COMMAND_USAGE);
}
