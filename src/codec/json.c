/* SPDX-License-Identifier: MIT
 * json: the one door to jansson. Relies on jansson for the grammar; adds the bounds that it lacks (depth) and its strict
 * options. Promises: 1. jansson's memory is the arena's: every value lives until its arena ends, nothing is freed one by one,
 * and all of it is wiped, because bodies hold passwords; 2. a part that could not be made marks the arena failed, and json_text
 * then refuses; 3. jansson never runs on after memory ended while it reads. */
#include "codec/json.h"

#include <jansson.h>
#include <setjmp.h>
#include <string.h>

/* jansson's macros of the same names; ours are functions that tolerate NULL. */
#undef json_is_object

#include "base/banned.h"

/* The arena that jansson's blocks come from while one of the functions below runs on this thread. */
static _Thread_local struct arena *ground;

/* Where json_loadb is left from when that arena ends; NULL while something else of jansson's runs. */
static _Thread_local jmp_buf *way_out;

static void *take(size_t size)
{
    void *p = ground != NULL ? arena_take(ground, size) : NULL;
    if (p == NULL && way_out != NULL)
        longjmp(*way_out, 1);
    return p;
}

static void give_back(void *object)
{
    (void)object; /* the arena wipes and frees all of it at once */
}

/* Before main, while there is one thread and no sandbox: jansson seeds its hash tables from /dev/urandom. */
__attribute__((constructor)) static void prepare(void)
{
    json_set_alloc_funcs(take, give_back);
    json_object_seed(0);
}

/* NULL marks the arena failed. */
static json *owned(struct arena *a, json *value)
{
    if (value == NULL)
        arena_fail(a);
    return value;
}

/* jansson recurses while it parses; a text that passes here cannot take it deeper than JSON_DEPTH_MAX. */
static bool depth_allowed(str text)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return false;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

/* jansson 2.14 does not notice that its token buffer could not grow: it goes on without the characters, misses the closing
 * quote and writes beyond what it took. So it is not told that memory ended; it is left. Nothing is lost by that: all that it
 * holds is the arena's. NULL with a failed arena then, or with an error. */
static json *load(str text, json_error_t *error)
{
    jmp_buf back;
    json *volatile parsed = NULL;
    way_out = &back;
    if (setjmp(back) == 0)
        parsed = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error); /* RFC 7519 4 */ /* IN-07 */
    way_out = NULL;
    return parsed;
}

fallible json_parse(struct arena *a, str text, json **out)
{
    if (!str_filled(text))
        REFUSE(INVALID_REQUEST, "The JSON text is empty.", "json: empty");
    if (!depth_allowed(text)) /* AT-06, IN-01 */
        REFUSE(INVALID_REQUEST, "The JSON text is nested too deeply.", "json: too deep");
    json_error_t error;
    ground = a;
    json *parsed = load(text, &error);
    if (parsed == NULL && (arena_failed(a) || json_error_code(&error) == json_error_out_of_memory))
        FAIL(UNAVAILABLE, "json: out of memory");
    if (parsed == NULL && json_error_code(&error) == json_error_duplicate_key)
        REFUSE(INVALID_REQUEST, "A member of the JSON text is given more than once.", "json: duplicate member");
    if (parsed == NULL)
        REFUSE(INVALID_REQUEST, "The JSON text is malformed.", "json: malformed");
    *out = parsed;
    return OK;
}

bool json_is_object(const json *j)
{
    return j != NULL && json_typeof(j) == JSON_OBJECT;
}

bool json_is_list(const json *j)
{
    return j != NULL && json_typeof(j) == JSON_ARRAY;
}

bool json_is_text(const json *j)
{
    return j != NULL && json_typeof(j) == JSON_STRING;
}

const json *json_member(const json *object, const char *name)
{
    return json_object_get(object, name);
}

size_t json_count(const json *list_or_object)
{
    return json_is_object(list_or_object) ? json_object_size(list_or_object) : json_array_size(list_or_object);
}

const json *json_at(const json *list, size_t i)
{
    return json_array_get(list, i);
}

bool json_same(const json *one, const json *other)
{
    return one != NULL && other != NULL && json_equal(one, other) == 1;
}

bool json_each(const json *object, void **iterator, str *name, const json **value)
{
    json *o = (json *)object; /* jansson iterates over non-const objects only; nothing is changed */
    *iterator = *iterator == NULL ? json_object_iter(o) : json_object_iter_next(o, *iterator);
    if (*iterator == NULL)
        return false;
    *name = str_of(json_object_iter_key(*iterator)); /* holds no NUL: JSON_ALLOW_NUL is off */
    *value = json_object_iter_value(*iterator);
    return true;
}

str json_text_of(const json *string)
{
    return json_is_text(string) ? (str){json_string_value(string), json_string_length(string)} : STR_ABSENT;
}

str json_member_text(const json *object, const char *name)
{
    return json_text_of(json_member(object, name));
}

bool json_integer_of(const json *number, int64_t *out)
{
    if (number == NULL || json_typeof(number) != JSON_INTEGER)
        return false;
    *out = json_integer_value(number);
    return true;
}

bool json_seconds_of(const json *number, int64_t *out)
{
    const int64_t most = (int64_t)1 << 53; /* every integer up to here is a double of its own */
    int64_t seconds;
    if (number != NULL && json_typeof(number) == JSON_REAL) {
        double value = json_real_value(number);
        if (!(value > -(double)most && value < (double)most))
            return false;
        seconds = (int64_t)value;
        seconds -= (double)seconds > value; /* the cast rounds towards zero */
    } else if (!json_integer_of(number, &seconds) || seconds > most || seconds < -most) {
        return false;
    }
    *out = seconds;
    return true;
}

bool json_boolean_of(const json *value, bool *out)
{
    if (value == NULL || (json_typeof(value) != JSON_TRUE && json_typeof(value) != JSON_FALSE))
        return false;
    *out = json_typeof(value) == JSON_TRUE;
    return true;
}

bool json_is_nothing(const json *value)
{
    return value != NULL && json_typeof(value) == JSON_NULL;
}

json *json_object_new(struct arena *a)
{
    ground = a;
    return owned(a, json_object());
}

json *json_list_new(struct arena *a)
{
    ground = a;
    return owned(a, json_array());
}

/* The container takes over the one reference of a value that nobody else owns; it is dropped when that fails. */
static void put_new(struct arena *a, json *object, const char *name, json *value)
{
    if (json_object_set_new(object, name, value) != 0)
        arena_fail(a);
}

static void add_new(struct arena *a, json *list, json *value)
{
    if (json_array_append_new(list, value) != 0)
        arena_fail(a);
}

static json *text_new(str value)
{
    return str_present(value) ? json_stringn(value.p, value.n) : json_null(); /* NULL when not UTF-8 */
}

void json_put(struct arena *a, json *object, const char *name, json *value)
{
    ground = a;
    put_new(a, object, name, json_incref(value));
}

void json_put_text(struct arena *a, json *object, const char *name, str value)
{
    ground = a;
    put_new(a, object, name, text_new(value));
}

void json_put_integer(struct arena *a, json *object, const char *name, int64_t value)
{
    ground = a;
    put_new(a, object, name, json_integer(value));
}

void json_put_boolean(struct arena *a, json *object, const char *name, bool value)
{
    ground = a;
    put_new(a, object, name, value ? json_true() : json_false());
}

void json_put_null(struct arena *a, json *object, const char *name)
{
    ground = a;
    put_new(a, object, name, json_null());
}

void json_put_words(struct arena *a, json *object, const char *name, str words)
{
    ground = a;
    json *list = json_array();
    str word;
    while (str_next(&words, ' ', &word))
        if (word.n > 0)
            add_new(a, list, text_new(word));
    put_new(a, object, name, list);
}

void json_add(struct arena *a, json *list, json *value)
{
    ground = a;
    add_new(a, list, json_incref(value));
}

void json_add_text(struct arena *a, json *list, str value)
{
    ground = a;
    add_new(a, list, text_new(value));
}

fallible json_text(struct arena *a, const json *value, str *out)
{
    enum { FIRST = 1024 };
    if (value == NULL || arena_failed(a))
        FAIL(UNAVAILABLE, "json: a part is missing");
    ground = a;
    size_t room = FIRST, n = FIRST;
    char *text = NULL;
    for (int round = 0; round < 2 && n >= room; round++) { /* the first round tells how much a long text needs */
        room = round == 0 ? FIRST : n + 1;
        text = room <= BUF_JSON_MAX ? arena_take(a, room) : NULL;
        n = text != NULL ? json_dumpb(value, text, room - 1, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
        if (n == 0)
            FAIL(UNAVAILABLE, "json: text too long or out of memory");
    }
    text[n] = '\0';
    *out = (str){text, n};
    return OK;
}
