/* SPDX-License-Identifier: MIT
 * json_writer: one value after the other into a buf. Relies on buf for the ceiling, on utf8 for what a text may hold. Promises: 1. no text
 * with a hole leaves, and none that json_parse would refuse but for its depth or a name that was given twice; 2. nothing is allocated but
 * the text; 3. levels are counted, so that no tree, even one that holds itself, is followed without end.
 *
 *     start --value--> whole          list: value, value … end          object: name value, name value … end
 *     anything else -> misused (sticky)
 */
#include "codec/json_writer.h"

#include "base/ascii.h"
#include "codec/json_node.h"
#include "codec/utf8.h"

#include <string.h>

#include "base/banned.h"

enum { ROOM_FIRST = 500 }; /* most answers */

struct json_writer json_writer_new(struct arena *a)
{
    struct json_writer w = {.out = buf_new(a, BUF_JSON_MAX)};
    buf_reserve(&w.out, ROOM_FIRST);
    return w;
}

/* RFC 8259 7: quote, backslash and control bytes. */
static void write_json_escape(struct buf *out, char c)
{
    static const char letters[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    char letter = byte < sizeof letters ? letters[byte] : c;
    char whole[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    if (letter != '\0')
        whole[1] = letter;
    buf_add(out, (str){whole, letter != '\0' ? 2 : sizeof whole});
}

static inline bool simple_eight(uint64_t v)
{
    return ascii_eight_printable_but(v, '"', '\\');
}

/* Copies text for which each byte stands for itself, which most texts are; false: there is a byte that does not, and what is at `to` is nothing. */
static bool copy_simple(char *to, str text)
{
    uint64_t v;
    size_t i = 0;
    for (; text.n - i >= sizeof v; i += sizeof v) {
        v = ascii_eight(text.p + i);
        if (!simple_eight(v))
            return false;
        memcpy(to + i, &v, sizeof v);
    }
    size_t rest = text.n - i;
    if (rest == 0)
        return true;
    v = text.n >= sizeof v ? ascii_eight(text.p + text.n - sizeof v) : ascii_eight_rest(text.p, rest);
    if (!simple_eight(v))
        return false;
    if (text.n >= sizeof v)
        memcpy(to + text.n - sizeof v, &v, sizeof v);
    else
        memcpy(to, text.p, rest);
    return true;
}

static void quoted_slowly(struct json_writer *w, str text)
{
    struct buf *out = &w->out;
    if (!utf8_valid(text))
        out->over = true;
    buf_char(out, '"');
    for (size_t i = 0; i < text.n;) {
        size_t run = json_plain(text.p + i, text.n - i);
        buf_add(out, (str){text.p + i, run});
        i += run;
        if (i < text.n)
            write_json_escape(out, text.p[i++]);
    }
    buf_char(out, '"');
}

/* The same for a name in which something is to be escaped: from `at` on, where it was begun. */
static char *place_behind_escaped(struct json_writer *w, const char *at, str name, size_t n)
{
    w->out.n = (size_t)(at - w->out.p);
    quoted_slowly(w, name);
    buf_char(&w->out, ':');
    return buf_place(&w->out, n);
}

/* What stands before a value: a comma, a name. Where `n` bytes of the value are to be written; NULL where no value, or none with or without
 * a name, may stand, and where it does not fit. */
static char *place_json_value(struct json_writer *w, struct json_name name, size_t n)
{
    bool in_object = w->depth > 0 && (w->lists >> w->depth & 1) == 0;
    if (in_object != (name.p != NULL) || (w->depth == 0 && w->behind)) {
        w->misused = true;
        return NULL;
    }
    bool comma = w->behind;
    w->behind = true;
    if (comma)
        n++;
    char *at = buf_place(&w->out, n + (name.p != NULL ? name.n + 3 : 0));
    if (at == NULL)
        return NULL;
    if (comma)
        *at++ = ',';
    if (name.p == NULL)
        return at;
    *at = '"';
    if (name.literal)
        memcpy(at + 1, name.p, name.n);
    else if (!copy_simple(at + 1, (str){name.p, name.n}))
        return place_behind_escaped(w, at, (str){name.p, name.n}, n - (comma ? 1 : 0));
    memcpy(at + name.n + 1, "\":", 2);
    return at + name.n + 3;
}

void json_writer_literal(struct json_writer *w, struct json_name name, str text)
{
    char *at = place_json_value(w, name, text.n);
    if (at != NULL)
        memcpy(at, text.p, text.n);
}

static bool begin_json_level(struct json_writer *w, struct json_name name, bool list)
{
    if (w->depth == JSON_WRITER_DEPTH_MAX)
        w->misused = true;
    char *at = w->misused ? NULL : place_json_value(w, name, 1);
    if (at == NULL)
        return false;
    *at = list ? '[' : '{';
    w->depth++;
    w->lists = (w->lists & ~((uint64_t)1 << w->depth)) | (uint64_t)list << w->depth;
    w->behind = false;
    return true;
}

void json_writer_object(struct json_writer *w, struct json_name name)
{
    begin_json_level(w, name, false);
}

void json_writer_list(struct json_writer *w, struct json_name name)
{
    begin_json_level(w, name, true);
}

void json_write_end(struct json_writer *w)
{
    if (w->depth == 0 || w->misused) {
        w->misused = true;
        return;
    }
    buf_char(&w->out, (w->lists >> w->depth & 1) != 0 ? ']' : '}');
    w->depth--;
    w->behind = true;
}

void json_writer_text(struct json_writer *w, struct json_name name, str value)
{
    if (!str_present(value)) {
        json_writer_literal(w, name, STR("null"));
        return;
    }
    char *at = place_json_value(w, name, value.n + 2);
    if (at == NULL)
        return;
    if (!copy_simple(at + 1, value)) {
        w->out.n = (size_t)(at - w->out.p);
        quoted_slowly(w, value);
        return;
    }
    at[0] = at[value.n + 1] = '"';
}

void json_writer_integer(struct json_writer *w, struct json_name name, int64_t value)
{
    char digits[ASCII_DECIMAL_MAX];
    size_t n = ascii_decimal(digits, value < 0 ? 0 - (uint64_t)value : (uint64_t)value), sign = value < 0 ? 1 : 0;
    char *at = place_json_value(w, name, n + sign);
    if (at == NULL)
        return;
    *at = '-';
    memcpy(at + sign, digits + sizeof digits - n, n);
}

void json_write_words(struct json_writer *w, const char *name, str words)
{
    str one;
    json_write_list(w, name);
    while (str_next(&words, ' ', &one))
        if (one.n > 0)
            json_write_text(w, NULL, one);
    json_write_end(w);
}

static void write_list(struct json_writer *w, const char *name, const json *list)
{
    if (!begin_json_level(w, json_name(name, false), true))
        return;
    for (size_t i = 0; i < list->count; i++)
        json_write_value(w, NULL, list->items[i]);
    json_write_end(w);
}

void json_write_members(struct json_writer *w, const json *object)
{
    if (!json_is_object(object))
        w->out.over = true;
    for (size_t i = 0; i < json_count(object) && !w->out.over; i++)
        json_write_value(w, object->pairs[i].name, object->pairs[i].value);
}

static void write_object(struct json_writer *w, const char *name, const json *object)
{
    if (!begin_json_level(w, json_name(name, false), false))
        return;
    json_write_members(w, object);
    json_write_end(w);
}

void json_write_value(struct json_writer *w, const char *name, const json *value)
{
    if (value == NULL) {
        w->out.over = true;
        return;
    }
    switch ((enum json_kind)value->kind) {
    case JSON_NOTHING:
        json_write_null(w, name);
        break;
    case JSON_BOOLEAN:
        json_write_boolean(w, name, value->yes);
        break;
    case JSON_INTEGER:
        json_write_integer(w, name, value->integer);
        break;
    case JSON_NUMBER:
        json_writer_literal(w, json_name(name, false), (str){value->text, value->count});
        break;
    case JSON_TEXT:
        json_write_text(w, name, json_text_of(value));
        break;
    case JSON_LIST:
        write_list(w, name, value);
        break;
    case JSON_OBJECT:
        write_object(w, name, value);
        break;
    }
}

fallible json_writer_done(struct json_writer *w, str *out)
{
    if (w->out.over || arena_failed(w->out.arena))
        FAIL(UNAVAILABLE, "json: a part is missing, is no text, or does not fit");
    if (w->misused || w->depth != 0 || !w->behind)
        FAIL(SERVER_ERROR, "json: written out of order");
    return buf_done(&w->out, out);
}
