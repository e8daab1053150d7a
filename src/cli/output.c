/* SPDX-License-Identifier: MIT
 * output: prints answers. Relies on the JSON door for the values. Promises that --json prints one value and a line feed, whole
 * or not at all, and that a name chosen by a stranger cannot steer the terminal. */
#include "cli/output.h"
#include "base/buf.h"
#include "codec/text.h"
#include "codec/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/banned.h"

enum { COLUMNS_MAX = 16, CELL_MAX = 65536, CLEAN_MEMORY = 1 << 18, OUTPUT_MAX = 32 << 20 };

static int write_to_stdout(struct command_call *call, str text)
{
    if (fwrite(text.p, 1, text.n, stdout) != text.n)
        return command_refuse(call, "standard output could not be written");
    return COMMAND_DONE;
}
static int print_buf(struct command_call *call, struct buf *b)
{
    str text;
    if (FAILED(buf_done(b, &text)) || arena_failed(call->arena)) /* a part of the value is lost */
        return command_refuse(call, "out of memory while writing the output");
    return write_to_stdout(call, text);
}
/* What can steer a terminal or turn a line around, by its UTF-8: controls (C1 and DEL; JSON escapes the others), ends of lines, and directions (UAX 9). */
static const struct {
    const char *before;
    uint8_t first, last; /* of the byte behind that */
    unsigned code;       /* of `first` */
} steering[] = {
    {"", 0x7f, 0x7f, 0x7f},           {"\xc2", 0x80, 0x9f, 0x80},       {"\xd8", 0x9c, 0x9c, 0x61c},
    {"\xe2\x80", 0x8e, 0x8f, 0x200e}, {"\xe2\x80", 0xa8, 0xae, 0x2028}, {"\xe2\x81", 0xa6, 0xa9, 0x2066},
};
/* Bytes of the steering character that `rest` begins with; 0: it begins with none. */
static size_t match_steering(str rest, unsigned *code)
{
    for (size_t i = 0; i < sizeof steering / sizeof steering[0]; i++) {
        str before = str_of(steering[i].before);
        uint8_t byte = rest.n > before.n ? (uint8_t)rest.p[before.n] : 0;
        if (byte >= steering[i].first && byte <= steering[i].last && str_starts(rest, before)) {
            *code = steering[i].code + byte - steering[i].first;
            return before.n + 1;
        }
    }
    return 0;
}
fallible output_json(struct arena *a, const json *value, str *out)
{
    str text;
    size_t i = 0;
    unsigned code = 0;
    TRY(json_text(a, value, &text));
    while (i < text.n && match_steering((str){text.p + i, text.n - i}, &code) == 0)
        i++;
    if (i == text.n) {
        *out = text;
        return OK;
    }
    struct buf b = buf_new(a, OUTPUT_MAX);
    buf_add(&b, (str){text.p, i});
    while (i < text.n) {
        size_t n = match_steering((str){text.p + i, text.n - i}, &code);
        if (n > 0)
            buf_format(&b, "\\u%04x", code); /* such a byte stands in a string alone: the value is the same (RFC 8259 7) */
        else
            buf_char(&b, text.p[i]);
        i += n > 0 ? n : 1;
    }
    return buf_done(&b, out);
}
static int print_json(struct command_call *call, const json *value)
{
    str text;
    if (FAILED(output_json(call->arena, value, &text)))
        return command_refuse(call, "out of memory while writing the output");
    int status = write_to_stdout(call, text);
    return status == COMMAND_DONE ? write_to_stdout(call, STR("\n")) : status;
}

void output_add_clean(struct buf *b, str text)
{
    bool clean = true;
    for (size_t i = 0; i < text.n && clean; i++)
        clean = (unsigned char)text.p[i] >= 0x20 && (unsigned char)text.p[i] < 0x7f;
    struct arena *a = clean || !utf8_valid(text) ? NULL : arena_new(CLEAN_MEMORY);
    if (a != NULL && FAILED(text_readable(a, text, &clean)))
        clean = false;
    arena_release(a);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        buf_char(b, clean || ((unsigned char)c >= 0x20 && (unsigned char)c < 0x7f) ? c : '?');
    }
}
static void add_cell(struct buf *b, const json *value)
{
    int64_t number;
    bool truth;
    if (json_is_text(value)) {
        output_add_clean(b, json_text_of(value));
    } else if (json_integer_of(value, &number)) {
        buf_i64(b, number);
    } else if (json_boolean_of(value, &truth)) {
        buf_add_z(b, truth ? "yes" : "no");
    } else if (json_is_list(value)) {
        for (size_t i = 0; i < json_count(value); i++) {
            if (i > 0)
                buf_char(b, ' ');
            add_cell(b, json_at(value, i));
        }
    }
}
static str format_table_cell(struct command_call *call, const json *value)
{
    struct buf b = buf_new(call->arena, CELL_MAX);
    str text;
    add_cell(&b, value);
    if (FAILED(buf_done(&b, &text)))
        return STR("?");
    return text.n == 0 ? STR("-") : text;
}
static void add_padding(struct buf *b, str text, size_t width)
{
    for (size_t n = utf8_valid(text) ? utf8_length(text) : text.n; n < width; n++)
        buf_char(b, ' ');
}
static void object_lines(struct command_call *call, struct buf *b, const json *object)
{
    void *at = NULL;
    str name;
    const json *value;
    while (json_each(object, &at, &name, &value)) {
        output_add_clean(b, name); /* a foreign server may have chosen it */
        buf_add(b, STR(": "));
        add_padding(b, name, 25);
        buf_add(b, format_table_cell(call, value));
        buf_char(b, '\n');
    }
}
static void chosen_lines(struct command_call *call, struct buf *b, const json *object, const char *columns)
{
    str rest = str_of(columns), name;
    while (str_next(&rest, ' ', &name)) {
        str z = str_dup(call->arena, name);
        if (!str_present(z))
            return;
        buf_add(b, name);
        buf_add(b, STR(": "));
        add_padding(b, name, 25);
        buf_add(b, format_table_cell(call, json_member(object, z.p)));
        buf_char(b, '\n');
    }
}
static void add_text_table(struct command_call *call, struct buf *b, const json *list, const char *columns)
{
    str names[COLUMNS_MAX], rest = str_of(columns);
    size_t count = 0, rows = json_count(list), width[COLUMNS_MAX] = {0};
    str *cells = arena_array(call->arena, (rows + 1) * COLUMNS_MAX, sizeof *cells);
    if (!cells) {
        b->over = true;
        return;
    }
    while (count < COLUMNS_MAX && str_next(&rest, ' ', &names[count])) {
        names[count] = str_dup(call->arena, names[count]);
        count++;
    }
    for (size_t r = 0; r <= rows; r++) {
        for (size_t c = 0; c < count; c++) {
            str text = r == 0 ? names[c] : names[c].p ? format_table_cell(call, json_member(json_at(list, r - 1), names[c].p)) : STR("?");
            size_t n = utf8_valid(text) ? utf8_length(text) : text.n;
            cells[r * COLUMNS_MAX + c] = text;
            width[c] = n > width[c] ? n : width[c];
        }
    }
    for (size_t r = 0; r <= rows; r++) {
        for (size_t c = 0; c < count; c++) {
            buf_add(b, cells[r * COLUMNS_MAX + c]);
            if (c + 1 < count)
                add_padding(b, cells[r * COLUMNS_MAX + c], width[c] + 2);
        }
        buf_char(b, '\n');
    }
}
int output_value(struct command_call *call, const json *value, const char *columns)
{
    if (call->json)
        return print_json(call, value);
    struct buf b = buf_new(call->arena, OUTPUT_MAX);
    if (json_is_list(value) && json_count(value) == 0)
        buf_add_z(&b, "none\n");
    else if (json_is_list(value))
        add_text_table(call, &b, value, columns);
    else if (columns)
        chosen_lines(call, &b, value, columns);
    else
        object_lines(call, &b, value);
    return print_buf(call, &b);
}
int output_done(struct command_call *call, const json *value, const char *format, ...)
{
    char text[BUF_LINE_MAX];
    va_list values;
    if (call->json)
        return print_json(call, value);
    va_start(values, format);
    int n = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (n < 0)
        return command_refuse(call, "the output could not be written");
    struct buf b = buf_new(call->arena, BUF_LINE_MAX + 2);
    output_add_clean(&b, str_of(text));
    buf_char(&b, '\n');
    return print_buf(call, &b);
}
int output_text(struct command_call *call, const char *name, str text)
{
    if (!call->json)
        return write_to_stdout(call, text);
    json *object = json_object_new(call->arena);
    json_put_text(call->arena, object, name, text);
    return print_json(call, object);
}
void output_note(struct command_call *call, const char *text)
{
    if (!call->json)
        (void)printf("%s\n", text);
}
void output_time(struct command_call *call, json *object, const char *name, unix_time t)
{
    json_put_text(call->arena, object, name, t == 0 ? STR_ABSENT : clock_rfc3339(call->arena, t));
}
void output_lines(struct command_call *call, json *object, const char *name, str lines)
{
    json *list = json_list_new(call->arena);
    str rest = lines, line;
    while (str_filled(lines) && str_next(&rest, '\n', &line)) {
        if (line.n > 0)
            json_add_text(call->arena, list, line);
    }
    json_put(call->arena, object, name, list);
}
