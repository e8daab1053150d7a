/* SPDX-License-Identifier: MIT
 * template: the parser over templates of this test, for those of the program are all sound: what is malformed is not there, whatever else is. */
#include "page/template.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct assets_file *broken_pages(size_t *count);
static const struct assets_file *broken_statics(size_t *count);
#define assets_pages        broken_pages
#define assets_static       broken_statics
#define template_find       broken_find
#define template_step_at    broken_step_at
#define template_message_at broken_message_at
#define template_slot_of    broken_slot_of
#define template_knows      broken_knows
#define template_name       broken_name
#define template_asset      broken_asset
#include "../../../src/page/template.c"

#define FILE_OF(name_, text_)                                \
    {                                                        \
        name_, "text/html", text_, text_ + sizeof(text_) - 1 \
    }

static const char plain[] = "<p>{{name}}</p>", nested[] = "{{:title}}T{{/title}}{{#rows}}{{?a}}x{{/a}}{{!b}}y{{/b}}{{/rows}}", part[] = "[{{inner}}]",
                  whole[] = "{{+part.html}} and {{+part.html}}", address[] = "<a href=\"/x\" class=\"{{name}}\"><a href=\"{{place}}\"><img src=\"{{@a.css}}\">",
                  sentence[] = "<p title=\"{{name}}\">[[Hello <b>{{name}}</b>]]</p>", braces[] = "a { b } c [ d ] {x}";
static const char unclosed_tag[] = "<p>{{name", unclosed_block[] = "{{?a}}x", crossed[] = "{{?a}}{{?b}}x{{/a}}{{/b}}", foreign_end[] = "x{{/a}}",
                  late_title[] = "x{{:title}}T{{/title}}", other_title[] = "{{:other}}T{{/other}}", no_part[] = "{{+nowhere.html}}",
                  own_part[] = "{{+own_part.html}}", no_static[] = "{{@nowhere.css}}", no_name[] = "{{}}", bad_name[] = "{{a-b}}", spaced[] = "{{ name }}",
                  no_block_name[] = "{{?}}x{{/}}", no_place[] = "{{>nowhere}}", open_sentence[] = "[[Hello", block_in_part[] = "{{+half.html}}{{/a}}",
                  half[] = "{{?a}}", deep[] = "{{?a}}{{?a}}{{?a}}{{?a}}{{?a}}{{?a}}{{?a}}{{?a}}{{?a}}x{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}";
static const char css[] = "a{}", empty[] = "";

static const struct assets_file list[] = {
    FILE_OF("plain.html", plain),
    FILE_OF("nested.html", nested),
    FILE_OF("part.html", part),
    FILE_OF("whole.html", whole),
    FILE_OF("address.html", address),
    FILE_OF("sentence.html", sentence),
    FILE_OF("braces.html", braces),
    FILE_OF("empty.html", empty),
    FILE_OF("unclosed_tag.html", unclosed_tag),
    FILE_OF("crossed.html", crossed),
    FILE_OF("foreign_end.html", foreign_end),
    FILE_OF("late_title.html", late_title),
    FILE_OF("other_title.html", other_title),
    FILE_OF("no_part.html", no_part),
    FILE_OF("own_part.html", own_part),
    FILE_OF("no_static.html", no_static),
    FILE_OF("no_name.html", no_name),
    FILE_OF("bad_name.html", bad_name),
    FILE_OF("spaced.html", spaced),
    FILE_OF("no_block_name.html", no_block_name),
    FILE_OF("no_place.html", no_place),
    FILE_OF("open_sentence.html", open_sentence),
    FILE_OF("block_in_part.html", block_in_part),
    FILE_OF("half.html", half),
    FILE_OF("deep.html", deep),
    FILE_OF("unclosed_block.html", unclosed_block),
};
enum { SOUND = 8 };
static const struct assets_file static_list[] = {FILE_OF("a.css", css), FILE_OF("b.css", empty)};

static const struct assets_file *broken_pages(size_t *count)
{
    *count = sizeof list / sizeof *list;
    return list;
}

static const struct assets_file *broken_statics(size_t *count)
{
    *count = sizeof static_list / sizeof *static_list;
    return static_list;
}

static const struct template *found(const char *name)
{
    const struct template *t = template_find(name);
    cr_assert_not_null(t, "%s", name);
    return t;
}

static size_t steps_of(const struct template *t, enum template_kind kind)
{
    size_t count = 0;
    for (size_t i = t->first; i < t->end; i++)
        count += template_step_at(i)->kind == kind;
    return count;
}

Test(template, what_is_malformed_is_not_there_and_harms_nobody_else)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        cr_expect((template_find(list[i].name) != NULL) == (i < SOUND), "%s", list[i].name);
    cr_expect(template_find("nowhere.html") == NULL && template_find("") == NULL && template_find("plain") == NULL);
}

Test(template, every_name_is_listed_even_of_those_that_are_malformed)
{
    size_t count = 0;
    while (template_name(count))
        count++;
    cr_expect(count == sizeof list / sizeof *list && strcmp(template_name(0), "plain.html") == 0 && template_name(count + 1) == NULL);
}

Test(template, a_block_ends_behind_its_own_end)
{
    const struct template *t = found("nested.html");
    cr_expect(template_step_at(t->first)->kind == TEMPLATE_TITLE);
    for (size_t i = t->first; i < t->end; i++) {
        const struct template_step *step = template_step_at(i);
        if (step->kind == TEMPLATE_LIST || step->kind == TEMPLATE_WHEN || step->kind == TEMPLATE_UNLESS || step->kind == TEMPLATE_TITLE) {
            const struct template_step *last = template_step_at(step->end - 1);
            cr_expect(last->kind == TEMPLATE_END && str_equal(last->text, step->text) && step->end <= t->end);
        }
    }
    cr_expect(template_knows(t, "rows") && template_knows(t, "a") && template_knows(t, "b") && !template_knows(t, "title") && !template_knows(t, "name"));
}

Test(template, a_part_stands_in_its_place_and_its_names_count_once)
{
    const struct template *t = found("whole.html");
    cr_expect(steps_of(t, TEMPLATE_FIELD) == 2 && template_knows(t, "inner") && t->names_end - t->names_first == 1);
}

Test(template, addresses_of_this_server_lie_below_its_base)
{
    const struct template *t = found("address.html");
    cr_expect_eq(steps_of(t, TEMPLATE_BASE), 2u); /* the written one and the static file; a filled one is judged when it is filled */
    cr_expect(steps_of(t, TEMPLATE_ADDRESS) == 1 && steps_of(t, TEMPLATE_FIELD) == 1);
    for (size_t i = t->first; i < t->end; i++)
        if (template_step_at(i)->kind == TEMPLATE_FIELD)
            cr_expect(template_step_at(i)->attribute);
}

Test(template, a_sentence_has_a_key_for_translators_and_a_slot_for_each_place)
{
    const struct template *t = found("sentence.html");
    cr_assert_eq(steps_of(t, TEMPLATE_MESSAGE), 1u);
    for (size_t i = t->first; i < t->end; i++) {
        const struct template_step *step = template_step_at(i);
        if (step->kind != TEMPLATE_MESSAGE)
            continue;
        const struct template_message *m = template_message_at(step->message);
        cr_expect(m != NULL && m->context == NULL && str_equal(step->text, m->key) && m->slots_end - m->slots_first >= 1);
        cr_expect(template_slot_of(m, STR("name")) != NULL || template_slot_of(m, STR("b")) != NULL);
        cr_expect_null(template_slot_of(m, STR("nowhere")));
    }
    cr_expect_null(template_message_at(SIZE_MAX));
}

Test(template, single_braces_and_brackets_are_text)
{
    const struct template *t = found("braces.html");
    cr_expect(t->end - t->first == 1 && str_is(template_step_at(t->first)->text, "a { b } c [ d ] {x}"));
    t = found("empty.html");
    cr_expect_eq(t->end, t->first);
}

Test(template, a_static_file_is_told_from_another_by_its_bytes)
{
    const struct page_asset *a = template_asset(STR("a.css")), *b = template_asset(STR("b.css"));
    cr_assert(a != NULL && b != NULL);
    cr_expect(a->etag.n == 18 && a->etag.p[0] == '"' && a->etag.p[17] == '"' && !str_equal(a->etag, b->etag));
    cr_expect(str_is(a->bytes, "a{}") && b->bytes.n == 0);
    cr_expect(template_asset(STR("plain.html")) == NULL && template_asset(STR("a.cs")) == NULL);
}
