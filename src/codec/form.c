/* SPDX-License-Identifier: MIT
 * form: application/x-www-form-urlencoded into typed fields, once. Relies on percent for escapes and UTF-8, on json for the
 * JSON spelling of the same thing.
 * Promises: a name is there once or the whole form is refused, so that no two readers can disagree; nothing is dropped silently
 * (an empty sequence between two `&` holds no field: WHATWG URL 5.1), and readers ask by name alone, so that a name that nobody
 * knows changes nothing (AZ-04); the work is bounded by FORM_FIELDS_MAX squared. */
#include "codec/form.h"

#include "codec/json.h"
#include "codec/percent.h"
#include "codec/utf8.h"

#include "base/banned.h"

static bool is_list(str name)
{
    return str_ends(name, STR("[]"));
}

bool form_may_repeat(str name)
{
    return is_list(name) || str_is(name, "resource");
}

static fallible append_form_field(struct form *f, str name, str value, bool repeating)
{
    if (name.n == 0)
        REFUSE(INVALID_REQUEST, "A parameter has no name.", "form: empty name");
    if (f->count == FORM_FIELDS_MAX) /* IN-01 */
        REFUSE(INVALID_REQUEST, "There are too many parameters.", "form: too many fields");
    if (!repeating && !form_may_repeat(name))
        for (size_t i = 0; i < f->count; i++)
            if (str_equal(f->fields[i].name, name)) /* RFC 6749 3.2 */ /* TE-02 */
                REFUSE(INVALID_REQUEST, "A parameter is given more than once.", "form: repeated name");
    f->fields[f->count++] = (struct form_field){name, value};
    return OK;
}

/* An array of exactly `count` fields, at most FORM_FIELDS_MAX. */
static fallible open_form(struct arena *a, size_t count, struct form *f)
{
    f->count = 0;
    f->fields = arena_array(a, count < FORM_FIELDS_MAX ? count : FORM_FIELDS_MAX, sizeof(struct form_field));
    if (f->fields == NULL)
        FAIL(UNAVAILABLE, "form: out of memory");
    return OK;
}

static fallible parse_form_text(struct arena *a, str text, bool repeating, struct form *out)
{
    struct form f;
    str piece;
    size_t pieces = 0;
    for (str rest = text; str_next(&rest, '&', &piece);)
        pieces++;
    TRY(open_form(a, pieces, &f));
    while (str_next(&text, '&', &piece)) {
        if (piece.n == 0)
            continue;
        size_t at = str_find(piece, '=');
        str name = {piece.p, at}, value = STR("");
        if (at < piece.n)
            value = (str){piece.p + at + 1, piece.n - at - 1};
        TRY(percent_decode(a, name, PERCENT_PLUS_SPACE, &name));
        TRY(percent_decode(a, value, PERCENT_PLUS_SPACE, &value));
        TRY(append_form_field(&f, name, value, repeating));
    }
    *out = f;
    return OK;
}

fallible form_parse(struct arena *a, str text, struct form *out)
{
    return parse_form_text(a, text, false, out);
}

fallible form_parse_repeating(struct arena *a, str text, struct form *out)
{
    return parse_form_text(a, text, true, out);
}

size_t form_times(const struct form *f, str name)
{
    size_t times = 0;
    for (size_t i = 0; i < f->count; i++)
        times += str_equal(f->fields[i].name, name);
    return times;
}

fallible form_from_json(struct arena *a, str text, struct form *out)
{
    json *object;
    TRY(json_parse(a, text, &object));
    if (!json_is_object(object))
        REFUSE(INVALID_REQUEST, "The body must be one JSON object of strings.", "form: JSON body is not an object");
    struct form f;
    TRY(open_form(a, json_count(object), &f));
    void *iterator = NULL;
    str name;
    const json *member;
    while (json_each(object, &iterator, &name, &member)) {
        str value = json_text_of(member);
        if (!str_present(value))
            REFUSE(INVALID_REQUEST, "Every member of the JSON body must be a string.", "form: JSON member is not a string");
        if (!utf8_valid(name) || !utf8_valid(value))
            FAIL(INVALID_REQUEST, "form: JSON member is not UTF-8 or holds NUL");
        TRY(append_form_field(&f, name, value, false)); /* borrowed: the object lives as long as the arena */
    }
    *out = f;
    return OK;
}

str form_named(const struct form *f, str name)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->fields[i].name.n == name.n && str_equal(f->fields[i].name, name))
            return f->fields[i].value;
    return STR_ABSENT;
}

bool form_each(const struct form *f, const char *name, size_t *position, str *value)
{
    str wanted = str_of(name);
    while (*position < f->count) {
        const struct form_field *field = &f->fields[(*position)++];
        bool suffixed = is_list(field->name) && str_equal((str){field->name.p, field->name.n - 2}, wanted);
        if (suffixed || str_equal(field->name, wanted)) {
            *value = field->value;
            return true;
        }
    }
    return false;
}

void form_add(struct buf *b, str name, str value)
{
    if (b->n > 0 && b->p[b->n - 1] != '?' && b->p[b->n - 1] != '&')
        buf_char(b, '&');
    percent_add(b, name);
    buf_char(b, '=');
    percent_add(b, value);
}
