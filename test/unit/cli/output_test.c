/* SPDX-License-Identifier: MIT
 * output: one JSON value or text for people; a stranger's text steers no terminal. */
#include "cli/output.h"
#include "console.h"

static struct console c;
static struct command_call call;
static void begin(void)
{
    static const char *const none[] = {NULL};
    c = console_bare();
    call = console_call(&c, none);
}
TestSuite(output, .init = begin);

static json *parsed(const char *text)
{
    json *value;
    cr_assert(!FAILED(json_parse(c.a, str_of(text), &value)));
    return value;
}
static str printed(const json *value, const char *columns)
{
    console_take(&c);
    cr_assert_eq(console_give_back(&c, output_value(&call, value, columns)), COMMAND_DONE);
    return c.out;
}

Test(output, json_is_the_value_on_one_line_whatever_the_columns)
{
    call.json = true;
    cr_expect(str_is(printed(parsed("{\"b\":[1,\"x\"],\"a\":null}"), "a"), "{\"b\":[1,\"x\"],\"a\":null}\n"), "%.*s", STR_FMT(c.out));
}
Test(output, a_table_has_a_line_for_each_row_and_its_columns_begin_in_one_place)
{
    str text = printed(parsed("[{\"id\":\"a\",\"n\":1},{\"id\":\"abc\",\"n\":22,\"hidden\":\"h\"}]"), "id n");
    cr_expect(str_is(text, "id   n\na    1\nabc  22\n"), "%.*s", STR_FMT(text));
    cr_expect(str_is(printed(parsed("[]"), "id n"), "none\n"));
}
Test(output, what_is_missing_or_empty_is_a_dash_and_truth_is_a_word)
{
    str text = printed(parsed("{\"t\":true,\"f\":false,\"e\":\"\",\"z\":null,\"l\":[\"x\",\"y\"]}"), "t f e z l gone");
    static const char *const ends[] = {"yes\n", "no\n", "-\n", "-\n", "x y\n", "-\n"};
    str rest = text, line;
    for (size_t i = 0; i < 6; i++) {
        cr_assert(str_next(&rest, '\n', &line));
        cr_expect(str_ends((str){line.p, line.n + 1}, str_of(ends[i])), "%.*s", STR_FMT(line));
    }
}
Test(output, a_strangers_value_or_name_cannot_steer_the_terminal)
{
    static const char *const hostile[] = {
        "\\u001b[2J", "\\u009b2J" /* CSI of eight bits */, "\\u202egnp.exe" /* right to left */, "a\\nb", "\\u007f", "\\u2028",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        str object = str_format(c.a, "{\"x%s\":1,\"sub\":\"y%s\"}", hostile[i], hostile[i]), list = str_format(c.a, "[%.*s]", STR_FMT(object));
        str seen[] = {printed(parsed(object.p), NULL), printed(parsed(list.p), "sub")};
        for (size_t n = 0; n < 2; n++) {
            cr_expect_eq(console_lines(seen[n]), 2, "%s", hostile[i]);
            for (size_t at = 0; at < seen[n].n; at++)
                cr_expect(seen[n].p[at] == '\n' || (seen[n].p[at] >= 0x20 && seen[n].p[at] < 0x7f), "%s", hostile[i]);
        }
    }
    cr_expect(console_has(printed(parsed("{\"name\":\"Zo\\u00eb\"}"), NULL), "Zo\xc3\xab"), "letters of any script stay");
}
Test(output, what_could_steer_a_terminal_is_escaped_in_json_and_the_value_is_the_same)
{
    static const struct {
        const char *given, *escaped;
    } rows[] = {{"\\u0080", "\\u0080"}, {"\\u009b2J", "\\u009b"}, {"\\u009f", "\\u009f"}, {"\\u007f", "\\u007f"}, {"\\u061c", "\\u061c"},
                {"\\u200e", "\\u200e"}, {"\\u2028", "\\u2028"},   {"\\u202e", "\\u202e"}, {"\\u2066", "\\u2066"}, {"\\u2069", "\\u2069"}};
    call.json = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json *before = parsed(str_format(c.a, "{\"a%s\":\"%s\\u00e9\"}", rows[i].given, rows[i].given).p), *after;
        str text = printed(before, NULL);
        const char *first = memmem(text.p, text.n, rows[i].escaped, 6);
        cr_expect(first && memmem(first + 6, text.n - (size_t)(first + 6 - text.p), rows[i].escaped, 6), "in the name and in the value: %s", rows[i].given);
        cr_expect(console_has(text, "\xc3\xa9"), "letters stay as they are");
        str one, other;
        cr_assert(!FAILED(json_parse(c.a, text, &after)) && !FAILED(json_text(c.a, before, &one)) && !FAILED(json_text(c.a, after, &other)));
        cr_expect(str_equal(one, other), "%s", rows[i].given);
    }
    static const char *const letters[] = {"\\u00a0", "\\u2027", "\\u202f", "\\u2065", "\\u206a", "\\u061b", "\\u061d", "\\u200d"};
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        cr_expect(!console_has(printed(parsed(str_format(c.a, "[\"%s\"]", letters[i]).p), NULL), "\\u"), "%s", letters[i]);
}
Test(output, a_sentence_is_for_people_and_its_value_for_programs)
{
    json *value = parsed("{\"done\":true}");
    console_take(&c);
    console_give_back(&c, output_done(&call, value, "%s is \x1b[1mdone.", "It"));
    cr_expect(str_is(c.out, "It is ?[1mdone.\n"), "%.*s", STR_FMT(c.out));
    call.json = true;
    console_take(&c);
    int status = output_done(&call, value, "done");
    output_note(&call, "a note");
    console_give_back(&c, status);
    cr_expect(str_is(c.out, "{\"done\":true}\n"), "a note is no part of an answer in JSON");
    console_take(&c);
    console_give_back(&c, output_text(&call, "usage", STR("a\nb")));
    cr_expect(str_is(c.out, "{\"usage\":\"a\\nb\"}\n"));
}
Test(output, no_time_is_null_and_lines_are_a_list)
{
    json *j = json_object_new(c.a);
    output_time(&call, j, "never", 0);
    output_time(&call, j, "then", 1000000000);
    output_lines(&call, j, "some", STR("a\nb\n"));
    output_lines(&call, j, "none", STR_ABSENT);
    call.json = true;
    cr_expect(str_is(printed(j, NULL), "{\"never\":null,\"then\":\"2001-09-09T01:46:40Z\",\"some\":[\"a\",\"b\"],\"none\":[]}\n"), "%.*s", STR_FMT(c.out));
}
Test(output, an_answer_that_has_no_memory_is_refused_whole)
{
    json *value = parsed("{\"a\":1}");
    arena_fail(c.a);
    struct arena *kept = c.a;
    console_take(&c);
    int status = output_value(&call, value, NULL);
    call.json = true;
    int as_json = output_value(&call, value, NULL);
    c.a = fixture_arena();
    console_give_back(&c, status);
    cr_expect_eq(c.status, COMMAND_REFUSED);
    cr_expect_eq(as_json, COMMAND_REFUSED);
    cr_expect_eq(c.out.n, 0);
    cr_expect(arena_failed(kept));
}
Test(output, a_full_disk_is_no_success)
{
    console_take(&c);
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_assert_eq(dup2(fileno(full), 1), 1);
    const char *words[] = {"version", NULL};
    struct command_world world = {.environment = (const char *const[]){NULL}};
    int status = command_run(&world, words);
    clearerr(stdout);
    console_give_back(&c, status);
    fclose(full);
    cr_expect_eq(c.status, COMMAND_REFUSED);
    cr_expect_eq(console_lines(c.err), 1);
}
