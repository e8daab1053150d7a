/* SPDX-License-Identifier: MIT
 * Claims about sentences of templates: what a translator sees, and what is refused. */
#include "page/template_message.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/message.h"
#include "page/template.h"

static struct template_sentence cut;

static bool sees(const char *inside, const char *key)
{
    return template_message_cut(str_of(inside), &cut) && str_is((str){cut.key, cut.n}, key);
}

static bool slot_is(size_t i, const char *name, const char *source)
{
    return i < cut.count && str_is(cut.slots[i].name, name) && str_is(cut.slots[i].source, source);
}

Test(template_message, fields_and_elements_become_places)
{
    cr_expect(sees("Log in", "Log in"));
    cr_expect(cut.count == 0 && !str_present(cut.context));
    cr_expect(sees("Hello {{name}}.", "Hello {name}."));
    cr_expect(slot_is(0, "name", "{{name}}"));
    cr_expect(sees("End “<bdi>{{client_name}}</bdi>”?", "End “{client_name}”?"));
    cr_expect(slot_is(0, "client_name", "<bdi>{{client_name}}</bdi>"));
    cr_expect(sees("First <a href=\"/x?a=1&amp;b={{b}}\">go {{there}}</a>.", "First <a>go {there}</a>."));
    cr_expect(slot_is(0, "a", "<a href=\"/x?a=1&amp;b={{b}}\">") && slot_is(1, "there", "{{there}}"));
    cr_expect(sees("<b><i>x</i></b>", "<b><i>x</i></b>"));
}

Test(template_message, elements_of_one_kind_are_numbered)
{
    cr_expect(sees("<code>a</code>, <code>b</code> or <code>c</code>", "<code>a</code>, <code2>b</code2> or <code3>c</code3>"));
    cr_expect(slot_is(1, "code2", "<code>") && slot_is(2, "code3", "<code>"));
    cr_expect(sees("<a>x</a> <abbr>y</abbr> <a>z</a>", "<a>x</a> <abbr>y</abbr> <a2>z</a2>"));
}

Test(template_message, a_word_before_a_bar_is_the_context)
{
    cr_expect(sees("verb|End", "End"));
    cr_expect(str_is(cut.context, "verb"));
    cr_expect(sees("One | two", "One | two"));
    cr_expect_not(str_present(cut.context));
    cr_expect(sees("one two|three", "one two|three"));
}

Test(template_message, what_a_translator_could_not_keep_is_refused)
{
    static const char *const inside[] = {
        "",   "<b>x",      "x</b>",      "<b><i>x</b></i>",   "x &amp; y", "two\nlines", "{{?a}}x{{/a}}", "{{#a}}x{{/a}}", "{{a",           "{a}",
        "<b", "< b>x</b>", "<bdi>{{a}}", "<bdi>{{a}} </bdi>", "verb|",     "{{a-b}}",    "<b>x</c>",      "{{}}",          "{{@style.css}}"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        cr_expect_not(template_message_cut(str_of(inside[i]), &cut), "%s", inside[i]);
}

Test(template_message, bounds_hold)
{
    static char text[4096];
    memset(text, 'x', TEMPLATE_KEY_MAX - 1);
    cr_expect(template_message_cut((str){text, TEMPLATE_KEY_MAX - 1}, &cut));
    text[TEMPLATE_KEY_MAX - 1] = 'x';
    cr_expect_not(template_message_cut((str){text, TEMPLATE_KEY_MAX}, &cut));
    for (int i = 0; i < TEMPLATE_SLOTS_MAX; i++)
        memcpy(text + i * 8, "<b>x</b>", 8);
    cr_expect(template_message_cut((str){text, TEMPLATE_SLOTS_MAX * 8}, &cut));
    memcpy(text + TEMPLATE_SLOTS_MAX * 8, "<b>x</b>", 8);
    cr_expect_not(template_message_cut((str){text, TEMPLATE_SLOTS_MAX * 8 + 8}, &cut));
    memcpy(text + TEMPLATE_SLOTS_MAX * 8, "{{name}}", 8);
    cr_expect_not(template_message_cut((str){text, TEMPLATE_SLOTS_MAX * 8 + 8}, &cut));
}

/* tools/messages.py finds the same keys as the program. */
Test(template_message, every_sentence_of_every_template_is_in_the_catalogue)
{
    size_t count = 0;
    for (const struct template_message *m; (m = template_message_at(count)) != NULL; count++)
        cr_expect(message_known(m->context, m->key), "%.*s", STR_FMT(m->key));
    cr_assert_gt(count, 300);
}
