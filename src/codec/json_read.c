/* SPDX-License-Identifier: MIT
 * json_read: RFC 8259, and nothing beyond it. Relies on utf8 for the bytes and on json_node for the values. The text is copied once, and
 * texts are unescaped where they stand in the copy. Promises: 1. what is read is text that every strict reader reads as the same value;
 * 2. no byte beyond the text is read: the copy ends with a NUL, which no rule takes, and holds no other; 3. it calls itself at most
 * JSON_DEPTH_MAX deep; 4. time and memory are in proportion to the text (n log n for the members of one object).
 *
 *     value   = object | list | text | number | true | false | null     object = { pair , pair … }     pair = text : value
 */
#include "codec/json_node.h"

#include "base/ascii.h"
#include "codec/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { FEW = 16 }; /* members that are compared each with each */

struct reader {
    struct arena *arena;
    char *at, *end;
    unsigned depth;
};

#define MALFORMED(why_) REFUSE(INVALID_REQUEST, "The JSON text is malformed.", "json: " why_)

static fallible read_value(struct reader *r, json **out);

static void skip_json_blanks(struct reader *r)
{
    while (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')
        r->at++;
}

static fallible new_node(const struct reader *r, enum json_kind kind, json **out)
{
    *out = json_node(r->arena, kind);
    if (*out == NULL)
        FAIL(UNAVAILABLE, "json: out of memory");
    return OK;
}

/* ---- texts ---- */

size_t json_plain(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if (n - i >= 8) {
            uint64_t v = ascii_eight(p + i);
            if (ascii_eight_printable(v) && !ascii_eight_has(v, '"') && !ascii_eight_has(v, '\\')) {
                i += 8;
                continue;
            }
        }
        if ((unsigned char)p[i] < 0x20 || p[i] == '"' || p[i] == '\\')
            break;
        i++;
    }
    return i;
}

/* Four hexadecimal digits; -1 when they are not. */
static int32_t read_hex_unit(const char *p)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = ascii_hex(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_code_point(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    static const unsigned first[] = {0, 0xc0, 0xe0, 0xf0};
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *to++ = (char)(first[more] | c >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
    return to;
}

/* \uXXXX at *from, or a pair of them for what lies beyond U+FFFF (RFC 8259 7). */
static fallible unescape_unit(char **from, char **to)
{
    int32_t first = read_hex_unit(*from + 2), second = 0;
    uint32_t code = (uint32_t)first;
    if (first <= 0) /* no digits, or NUL, which text of ours never holds */
        MALFORMED("escape");
    *from += 6;
    if (first >= 0xdc00 && first <= 0xdfff)
        MALFORMED("second half of a pair alone");
    if (first >= 0xd800 && first <= 0xdbff) {
        if ((*from)[0] == '\\' && (*from)[1] == 'u')
            second = read_hex_unit(*from + 2);
        if (second < 0xdc00 || second > 0xdfff)
            MALFORMED("first half of a pair alone");
        *from += 6;
        code = 0x10000 + (((uint32_t)first & 0x3ff) << 10) + ((uint32_t)second & 0x3ff);
    }
    *to = put_code_point(*to, code);
    return OK;
}

static fallible unescape_json_char(char **from, char **to)
{
    static const char short_forms[] = "\"\"\\\\//b\bf\fn\nr\rt\t"; /* the letter, then what it stands for */
    char letter = (*from)[1];
    if (letter == 'u')
        return unescape_unit(from, to);
    for (size_t i = 0; i + 1 < sizeof short_forms; i += 2) {
        if (short_forms[i] != letter)
            continue;
        *(*to)++ = short_forms[i + 1];
        *from += 2;
        return OK;
    }
    MALFORMED("escape");
}

/* An unescaped text is never longer than its escaped form: it is written where it is read. */
static fallible read_text(struct reader *r, str *out)
{
    char *begin = r->at + 1, *to;
    if (*r->at != '"')
        MALFORMED("a text is missing");
    to = begin + json_plain(begin, (size_t)(r->end - begin));
    char *from = to;
    while (*from != '"') {
        if (*from != '\\')
            MALFORMED("a control byte in a text, or no end of it");
        TRY(unescape_json_char(&from, &to));
        size_t run = json_plain(from, (size_t)(r->end - from));
        memmove(to, from, run);
        to += run;
        from += run;
    }
    r->at = from + 1;
    *to = '\0';
    *out = (str){begin, (size_t)(to - begin)};
    return OK;
}

static fallible read_text_value(struct reader *r, json **out)
{
    str text;
    TRY(read_text(r, &text));
    TRY(new_node(r, JSON_TEXT, out));
    (*out)->text = text.p;
    (*out)->count = (uint32_t)text.n;
    return OK;
}

/* ---- numbers ---- */

static char *skip_json_digits(char *p)
{
    while (ascii_digit(*p))
        p++;
    return p;
}

/* Built below zero, where there is room for one more. */
static bool integer_of(str text, int64_t *out)
{
    bool minus = text.p[0] == '-';
    int64_t value = 0;
    for (size_t i = minus; i < text.n; i++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, text.p[i] - '0', &value))
            return false;
    return minus ? (*out = value, true) : !__builtin_sub_overflow((int64_t)0, value, out);
}

/* RFC 8259 6; *whole: without fraction and exponent. */
static fallible number_end(char *p, char **end, bool *whole)
{
    *whole = true;
    p += *p == '-';
    if (!ascii_digit(*p))
        MALFORMED("no value");
    p = *p == '0' ? p + 1 : skip_json_digits(p);
    if (*p == '.') {
        *whole = false;
        if (!ascii_digit(*++p))
            MALFORMED("a fraction without digits");
        p = skip_json_digits(p);
    }
    if (*p == 'e' || *p == 'E') {
        *whole = false;
        p++;
        p += *p == '+' || *p == '-';
        if (!ascii_digit(*p))
            MALFORMED("an exponent without digits");
        p = skip_json_digits(p);
    }
    *end = p;
    return OK;
}

static fallible read_number(struct reader *r, json **out)
{
    char *end;
    bool whole;
    TRY(number_end(r->at, &end, &whole));
    TRY(new_node(r, whole ? JSON_INTEGER : JSON_NUMBER, out));
    str text = {r->at, (size_t)(end - r->at)};
    r->at = end;
    if (whole) {
        if (!integer_of(text, &(*out)->integer))
            MALFORMED("an integer beyond 64 bits");
        return OK;
    }
    (*out)->text = text.p;
    (*out)->count = (uint32_t)text.n;
    if (!isfinite(strtod(text.p, NULL)))
        MALFORMED("a number beyond a double");
    return OK;
}

/* ---- containers ---- */

static fallible enter_json_level(struct reader *r)
{
    r->at++;
    if (++r->depth > JSON_DEPTH_MAX) /* AT-06, IN-01 */
        REFUSE(INVALID_REQUEST, "The JSON text is nested too deeply.", "json: too deep");
    skip_json_blanks(r);
    return OK;
}

/* After an item: a comma, behind which there must be another, or the end. */
static fallible read_json_separator(struct reader *r, char end, bool *another)
{
    skip_json_blanks(r);
    *another = *r->at == ',';
    if (!*another && *r->at != end)
        MALFORMED("neither comma nor end");
    if (*another) {
        r->at++;
        skip_json_blanks(r);
    }
    return OK;
}

static void leave_json_level(struct reader *r)
{
    r->at++;
    r->depth--;
}

static fallible read_list(struct reader *r, json **out)
{
    json *item;
    TRY(new_node(r, JSON_LIST, out));
    TRY(enter_json_level(r));
    for (bool another = *r->at != ']'; another;) {
        TRY(read_value(r, &item));
        if (!json_node_item(r->arena, *out, item))
            FAIL(UNAVAILABLE, "json: out of memory");
        TRY(read_json_separator(r, ']', &another));
    }
    leave_json_level(r);
    return OK;
}

static bool few_distinct(const json *object)
{
    const struct json_pair *pairs = object->pairs;
    for (size_t i = 1; i < object->count; i++)
        for (size_t k = 0; k < i; k++)
            if (pairs[i].n == pairs[k].n && memcmp(pairs[i].name, pairs[k].name, pairs[i].n) == 0)
                return false;
    return true;
}

static fallible judge_names(const struct reader *r, json *object)
{
    bool distinct;
    if (object->count <= FEW)
        distinct = few_distinct(object);
    else
        TRY(json_node_order(r->arena, object, &distinct));
    if (!distinct) /* RFC 7519 4 */ /* IN-07 */
        REFUSE(INVALID_REQUEST, "A member of the JSON text appears more than once.", "json: duplicate member");
    return OK;
}

static fallible read_object(struct reader *r, json **out)
{
    str name;
    json *value;
    TRY(new_node(r, JSON_OBJECT, out));
    TRY(enter_json_level(r));
    for (bool another = *r->at != '}'; another;) {
        TRY(read_text(r, &name));
        skip_json_blanks(r);
        if (*r->at++ != ':')
            MALFORMED("a name without a colon");
        skip_json_blanks(r);
        TRY(read_value(r, &value));
        if (!json_node_pair(r->arena, *out, name, value))
            FAIL(UNAVAILABLE, "json: out of memory");
        TRY(read_json_separator(r, '}', &another));
    }
    leave_json_level(r);
    return judge_names(r, *out);
}

static fallible read_word(struct reader *r, const char *word, enum json_kind kind, json **out)
{
    size_t n = strlen(word);
    if (strncmp(r->at, word, n) != 0)
        MALFORMED("no value");
    r->at += n;
    TRY(new_node(r, kind, out));
    (*out)->yes = word[0] == 't';
    return OK;
}

static fallible read_value(struct reader *r, json **out)
{
    switch (*r->at) {
    case '{':
        return read_object(r, out);
    case '[':
        return read_list(r, out);
    case '"':
        return read_text_value(r, out);
    case 't':
        return read_word(r, "true", JSON_BOOLEAN, out);
    case 'f':
        return read_word(r, "false", JSON_BOOLEAN, out);
    case 'n':
        return read_word(r, "null", JSON_NOTHING, out);
    default:
        return read_number(r, out);
    }
}

fallible json_parse(struct arena *a, str text, json **out)
{
    json *value;
    if (!str_filled(text))
        REFUSE(INVALID_REQUEST, "The JSON text is empty.", "json: empty");
    if (text.n >= UINT32_MAX || !utf8_valid(text)) /* no NUL either */
        MALFORMED("not UTF-8, or a NUL");
    char *copy = arena_take(a, text.n + 1);
    if (copy == NULL)
        FAIL(UNAVAILABLE, "json: out of memory");
    memcpy(copy, text.p, text.n);
    struct reader r = {.arena = a, .at = copy, .end = copy + text.n};
    skip_json_blanks(&r);
    TRY(read_value(&r, &value));
    skip_json_blanks(&r);
    if (r.at != r.end)
        MALFORMED("something follows the value");
    *out = value;
    return OK;
}
