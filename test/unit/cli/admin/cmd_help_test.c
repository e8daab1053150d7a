/* SPDX-License-Identifier: MIT
 * cmd_help: help and the manual, made from the tables. */
#include "../console.h"
#include "cli/nouns.h"
#include "config/settings.h"

static bool has_text(str text, str part)
{
    return memmem(text.p, text.n, part.p, part.n) != NULL;
}
Test(cmd_help, the_manual_is_the_one_that_the_tables_make)
{
    struct console c = console_bare();
    static char manual[1 << 20];
    FILE *file = fopen("docs/jeton.1", "r");
    cr_assert_not_null(file, "run from the top of the tree");
    size_t n = fread(manual, 1, sizeof manual, file);
    fclose(file);
    cr_assert_eq(CONSOLE_RUN(&c, "help", "--man"), COMMAND_DONE);
    cr_assert(str_equal((str){manual, n}, c.out), "make it anew: jeton help --man > docs/jeton.1");
}
Test(cmd_help, the_manual_names_every_command_and_option)
{
    struct console c = console_bare();
    cr_assert_eq(CONSOLE_RUN(&c, "help", "--man"), COMMAND_DONE);
    for (size_t i = 0; i < command_noun_count; i++) {
        for (const struct command *row = command_nouns[i].commands; row->run; row++) {
            str title = str_format(c.a, ".SS jeton %s%s%s", command_nouns[i].name, row->verb ? " " : "", row->verb ? row->verb : "");
            cr_expect(has_text(c.out, title), "%s", title.p);
            for (const struct option *o = row->options; o && o->kind != OPTION_END && o->kind != OPTION_SETTING; o++) {
                str first = {o->name, strcspn(o->name, "-_")};
                cr_expect(has_text(c.out, str_format(c.a, "\\fB\\-\\-%.*s", STR_FMT(first))), "%s", o->name);
            }
        }
    }
    for (size_t row = 0; row < SETTINGS_COUNT; row++)
        cr_expect(console_has(c.out, settings_rows[row].name), "%s", settings_rows[row].name);
}
Test(cmd_help, no_line_of_the_manual_is_a_request_by_accident)
{
    struct console c = console_bare();
    static const char *const requests[] = {".\\\"", ".TH ", ".ad ", ".nh", ".SH ", ".SS ", ".B ", ".I ", ".RI ", ".TP", ".PP"};
    cr_assert_eq(CONSOLE_RUN(&c, "help", "--man"), COMMAND_DONE);
    str rest = c.out, line;
    while (str_next(&rest, '\n', &line)) {
        bool fine = line.n == 0 || (line.p[0] != '.' && line.p[0] != '\'');
        for (size_t i = 0; !fine && i < sizeof requests / sizeof requests[0]; i++)
            fine = str_starts(line, str_of(requests[i]));
        cr_expect(fine, "%.*s", STR_FMT(line));
    }
}
Test(cmd_help, every_noun_has_help_and_every_option_of_it_stands_there)
{
    struct console c = console_bare();
    for (size_t i = 0; i < command_noun_count; i++) {
        const char *noun = command_nouns[i].name;
        cr_expect_eq(CONSOLE_RUN(&c, "help", noun), COMMAND_DONE);
        str told = c.out;
        for (const struct command *row = command_nouns[i].commands; row->run; row++)
            for (const struct option *o = row->options; o && o->kind != OPTION_END; o++)
                cr_expect(has_text(told, (str){o->name, strcspn(o->name, "-_")}), "%s %s", noun, o->name);
        cr_expect_eq(CONSOLE_RUN(&c, noun, "--help"), COMMAND_DONE, "%s", noun);
        cr_expect(console_has(c.out, noun));
    }
    cr_expect_eq(CONSOLE_RUN(&c, "help", "nonsense"), COMMAND_USAGE);
    cr_expect_eq(c.out.n, 0);
    cr_expect_eq(CONSOLE_RUN(&c, "--help"), COMMAND_DONE);
    cr_expect_eq(CONSOLE_RUN(&c, "help", "--json"), COMMAND_DONE);
    cr_expect(str_filled(json_member_text(console_parse(&c), "usage")));
}
