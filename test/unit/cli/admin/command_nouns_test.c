/* SPDX-License-Identifier: MIT
 * command_nouns: no row of any table has a hole, and no word stands twice. */
#include "../console.h"
#include "cli/nouns.h"
#include "config/settings.h"

static bool same_word(const char *a, const char *b)
{
    size_t i = 0;
    for (; a[i] != '\0' && b[i] != '\0'; i++)
        if ((a[i] == '_' ? '-' : a[i]) != (b[i] == '_' ? '-' : b[i]))
            return false;
    return a[i] == b[i];
}
static void expect_whole_options(const char *where, const struct option *table)
{
    for (const struct option *o = table; o && o->kind != OPTION_END; o++) {
        bool flag = o->kind == OPTION_FLAG || o->kind == OPTION_SECRET;
        cr_expect(o->name && o->name[0] && o->help && o->help[0], "%s", where);
        cr_expect_eq(flag, o->shape == NULL, "%s %s: what stands for the value", where, o->name);
        cr_expect(o->kind != OPTION_NUMBER || o->least < o->most, "%s %s", where, o->name);
        cr_expect(o->kind != OPTION_SETTING || settings_find(str_of(o->name)) < SETTINGS_COUNT, "%s %s", where, o->name);
        for (const struct option *other = table; other < o; other++)
            cr_expect(!same_word(other->name, o->name), "%s %s twice", where, o->name);
    }
}
Test(command_nouns, every_row_is_whole)
{
    for (size_t i = 0; i < command_noun_count; i++) {
        const struct command_noun *noun = &command_nouns[i];
        cr_assert(noun->name && noun->help && noun->commands);
        cr_expect_eq(command_find_noun(str_of(noun->name)), noun, "%s: found by its name, so no other has it", noun->name);
        cr_expect_not_null(noun->commands->run, "%s has a command", noun->name);
        for (const struct command *c = noun->commands; c->run; c++) {
            size_t options = 0;
            cr_expect(c->help && c->help[0] && c->help[strlen(c->help) - 1] != '.', "%s %s", noun->name, c->verb ? c->verb : "");
            cr_expect(c->verb || !c[1].run, "%s: a row without a verb takes every word, and so stands last", noun->name);
            for (const struct command *other = noun->commands; other < c; other++)
                cr_expect(!c->verb || strcmp(other->verb, c->verb) != 0, "%s %s twice", noun->name, c->verb);
            expect_whole_options(noun->name, c->options);
            while (c->options && c->options[options].kind != OPTION_END)
                options++;
            cr_expect_leq(options + 5, OPTIONS_ROWS_MAX, "%s %s has too many options", noun->name, c->verb ? c->verb : "");
        }
    }
}
Test(command_nouns, a_secret_is_never_a_value_on_the_command_line) /* ST-05 */
{
    static const char *const words[] = {"password", "secret", "token", "assertion"};
    size_t seen = 0;
    for (size_t i = 0; i < command_noun_count; i++) {
        for (const struct command *c = command_nouns[i].commands; c->run && c->options != cmd_serve_options; c++) {
            for (const struct option *o = c->options; o && o->kind != OPTION_END; o++) {
                for (size_t n = 0; n < sizeof words / sizeof words[0]; n++) {
                    size_t length = strlen(words[n]), own = strlen(o->name);
                    bool ends = own >= length && strcmp(o->name + own - length, words[n]) == 0;
                    cr_expect(!ends || o->kind == OPTION_FLAG, "%s --%s", command_nouns[i].name, o->name);
                }
                bool input = strstr(o->name, "-stdin") != NULL;
                cr_expect_eq(input, o->kind == OPTION_SECRET, "%s --%s", command_nouns[i].name, o->name);
                seen += input;
            }
        }
    }
    cr_expect_gt(seen, 8);
}
