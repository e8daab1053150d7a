/* SPDX-License-Identifier: MIT
 * json: the one door to jansson, which reads; values are our own. Relies on jansson for the grammar, adds the bounds that it lacks
 * (depth, number of values) and its strict options, and copies what was read into the arena, so that building and writing, which
 * lie on the hottest paths, ask malloc for nothing. Promises: 1. every value lives until its arena ends; 2. a part that could not
 * be made marks the arena failed, and json_text then refuses; 3. memory that jansson gives back is wiped first, because bodies
 * hold passwords; 4. all text in a value is UTF-8. */
#include "codec/json.h"

#include "base/ascii.h"
#include "codec/utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* jansson's macros of the same names; ours are functions that tolerate NULL. */
#undef json_is_object

#include "base/banned.h"

enum { SLOTS_FIRST = 8, DEPTH_WRITTEN_MAX = 4 * JSON_DEPTH_MAX, TEXT_FIRST = 600 };

enum kind { NOTHING, NO, YES, INTEGER, REAL, TEXT, LIST, OBJECT };

struct slot {
    str name; /* absent in a list */
    json *value;
};
struct json_value {
    enum kind kind;
    size_t count, room; /* LIST, OBJECT */
    union {
        int64_t integer;
        str text; /* TEXT; REAL: as it is written */
        struct slot *slots;
    } is;
};

/* What has no content needs no memory. Nobody changes a value of these kinds. */
static json nothing = {.kind = NOTHING}, no = {.kind = NO}, yes = {.kind = YES};

/* Each block of jansson's is preceded by its size, so that it can be wiped. */
struct prefix {
    _Alignas(max_align_t) size_t size;
};

static void *take(size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(size, sizeof(struct prefix), &whole))
        return NULL;
    struct prefix *p = malloc(whole);
    if (p == NULL)
        return NULL;
    p->size = size;
    return p + 1;
}

static void give_back(void *object)
{
    if (object == NULL)
        return;
    struct prefix *p = (struct prefix *)object - 1;
    explicit_bzero(object, p->size);
    free(p);
}

/* Before main, while there is one thread and no sandbox: jansson seeds its hash tables from /dev/urandom. */
__attribute__((constructor)) static void prepare(void)
{
    json_set_alloc_funcs(take, give_back);
    json_object_seed(0);
}

/* ---- reading ---- */

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

static size_t values_in(const json_t *j)
{
    size_t sum = 1, i;
    const char *name;
    json_t *part, *container = (json_t *)(uintptr_t)j; /* jansson iterates over non-const objects only; nothing is changed */
    json_object_foreach(container, name, part)
        sum += values_in(part);
    json_array_foreach(container, i, part)
        sum += values_in(part);
    return sum;
}

static json *fresh(struct arena *a, enum kind kind)
{
    json *j = ARENA_NEW(a, json);
    if (j != NULL)
        j->kind = kind;
    return j;
}

static json *with_text(struct arena *a, enum kind kind, str text)
{
    json *j = fresh(a, kind);
    str copy = str_dup(a, text);
    if (j == NULL || !str_present(copy))
        return NULL;
    j->is.text = copy;
    return j;
}

static json *real_new(struct arena *a, const json_t *read)
{
    char text[64]; /* 17 digits, sign, point, exponent */
    size_t n = json_dumpb(read, text, sizeof text, JSON_ENCODE_ANY);
    return n == 0 || n > sizeof text ? NULL : with_text(a, REAL, (str){text, n});
}

/* Room for one more; NULL marks the arena failed. */
static struct slot *slot_new(struct arena *a, json *container)
{
    if (container->count == container->room) {
        size_t wider = container->room == 0 ? SLOTS_FIRST : container->room * 2;
        struct slot *slots = arena_array(a, wider, sizeof(*slots));
        if (slots == NULL) {
            arena_fail(a);
            return NULL;
        }
        if (container->count > 0)
            memcpy(slots, container->is.slots, container->count * sizeof(*slots));
        container->is.slots = slots;
        container->room = wider;
    }
    return &container->is.slots[container->count++];
}

static json *copied(struct arena *a, const json_t *read);

static bool add_copied(struct arena *a, json *container, str name, const json_t *read)
{
    str kept = str_dup(a, name);
    json *value = copied(a, read);
    if (value == NULL || (str_present(name) && !str_present(kept)))
        return false;
    struct slot *slot = slot_new(a, container);
    if (slot != NULL)
        *slot = (struct slot){kept, value};
    return slot != NULL;
}

static json *copied_parts(struct arena *a, const json_t *read)
{
    json_t *container = (json_t *)(uintptr_t)read, *part;
    json *j = fresh(a, json_typeof(read) == JSON_OBJECT ? OBJECT : LIST);
    bool good = j != NULL;
    const char *name;
    size_t i;
    json_object_foreach(container, name, part)
        good = good && add_copied(a, j, str_of(name), part); /* holds no NUL: JSON_ALLOW_NUL is off */
    json_array_foreach(container, i, part)
        good = good && add_copied(a, j, STR_ABSENT, part);
    return good ? j : NULL;
}

/* NULL when the arena fails. Recurses as deep as depth_allowed lets a text be. */
static json *copied(struct arena *a, const json_t *read)
{
    json *j;
    switch (json_typeof(read)) {
    case JSON_OBJECT:
    case JSON_ARRAY: return copied_parts(a, read);
    case JSON_STRING: return with_text(a, TEXT, (str){json_string_value(read), json_string_length(read)});
    case JSON_REAL: return real_new(a, read);
    case JSON_TRUE: return &yes;
    case JSON_FALSE: return &no;
    case JSON_NULL: return &nothing;
    case JSON_INTEGER:
    default:
        j = fresh(a, INTEGER);
        if (j != NULL)
            j->is.integer = json_integer_value(read);
        return j;
    }
}

fallible json_parse(struct arena *a, str text, json **out)
{
    if (!str_filled(text))
        REFUSE(INVALID_REQUEST, "The JSON text is empty.", "json: empty");
    if (!depth_allowed(text)) /* AT-06, IN-01 */
        REFUSE(INVALID_REQUEST, "The JSON text is nested too deeply.", "json: too deep");
    json_error_t error;
    json_t *read = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error); /* RFC 7519 4 */ /* IN-07 */
    if (read == NULL && json_error_code(&error) == json_error_out_of_memory)
        FAIL(UNAVAILABLE, "json: out of memory");
    if (read == NULL && json_error_code(&error) == json_error_duplicate_key)
        REFUSE(INVALID_REQUEST, "A member of the JSON text is given more than once.", "json: duplicate member");
    if (read == NULL)
        REFUSE(INVALID_REQUEST, "The JSON text is malformed.", "json: malformed");
    bool few = values_in(read) <= JSON_VALUES_MAX; /* IN-01 */
    json *parsed = few ? copied(a, read) : NULL;
    json_decref(read);
    if (!few)
        REFUSE(INVALID_REQUEST, "The JSON text holds too many values.", "json: too many values");
    if (parsed == NULL)
        FAIL(UNAVAILABLE, "json: out of memory");
    *out = parsed;
    return OK;
}

/* ---- looking ---- */

static bool is(const json *j, enum kind kind)
{
    return j != NULL && j->kind == kind;
}

bool json_is_object(const json *j)
{
    return is(j, OBJECT);
}

bool json_is_list(const json *j)
{
    return is(j, LIST);
}

bool json_is_text(const json *j)
{
    return is(j, TEXT);
}

static struct slot *slot_of(const json *object, str name)
{
    for (size_t i = 0; is(object, OBJECT) && i < object->count; i++) {
        struct slot *slot = &object->is.slots[i];
        if (slot->name.n == name.n && str_equal(slot->name, name))
            return slot;
    }
    return NULL;
}

const json *json_member(const json *object, const char *name)
{
    const struct slot *slot = name == NULL ? NULL : slot_of(object, str_of(name));
    return slot != NULL ? slot->value : NULL;
}

size_t json_count(const json *list_or_object)
{
    return is(list_or_object, OBJECT) || is(list_or_object, LIST) ? list_or_object->count : 0;
}

const json *json_at(const json *list, size_t i)
{
    return is(list, LIST) && i < list->count ? list->is.slots[i].value : NULL;
}

bool json_each(const json *object, void **iterator, str *name, const json **value)
{
    if (!is(object, OBJECT) || object->count == 0)
        return false;
    struct slot *slot = *iterator == NULL ? object->is.slots : (struct slot *)*iterator + 1;
    if (slot == object->is.slots + object->count)
        return false;
    *iterator = slot;
    *name = slot->name;
    *value = slot->value;
    return true;
}

str json_text_of(const json *string)
{
    return is(string, TEXT) ? string->is.text : STR_ABSENT;
}

str json_member_text(const json *object, const char *name)
{
    return json_text_of(json_member(object, name));
}

bool json_integer_of(const json *number, int64_t *out)
{
    if (!is(number, INTEGER))
        return false;
    *out = number->is.integer;
    return true;
}

bool json_boolean_of(const json *value, bool *out)
{
    if (!is(value, YES) && !is(value, NO))
        return false;
    *out = value->kind == YES;
    return true;
}

bool json_is_nothing(const json *value)
{
    return is(value, NOTHING);
}

/* ---- building ---- */

/* NULL marks the arena failed: what was to be built has a hole. */
static json *made(struct arena *a, json *value)
{
    if (value == NULL)
        arena_fail(a);
    return value;
}

json *json_object_new(struct arena *a)
{
    return made(a, fresh(a, OBJECT));
}

json *json_list_new(struct arena *a)
{
    return made(a, fresh(a, LIST));
}

static json *text_new(struct arena *a, str value)
{
    if (!str_present(value))
        return &nothing;
    return utf8_valid(value) ? with_text(a, TEXT, value) : NULL;
}

static json *integer_new(struct arena *a, int64_t value)
{
    json *j = fresh(a, INTEGER);
    if (j != NULL)
        j->is.integer = value;
    return j;
}

/* `name` is a literal, or lives as long as the arena. A member of that name is replaced. */
void json_put(struct arena *a, json *object, const char *name, json *value)
{
    if (!is(object, OBJECT) || name == NULL || value == NULL) {
        arena_fail(a);
        return;
    }
    str key = str_of(name);
    struct slot *slot = slot_of(object, key);
    if (slot == NULL && (slot = slot_new(a, object)) != NULL)
        slot->name = key;
    if (slot != NULL)
        slot->value = value;
}

void json_add(struct arena *a, json *list, json *value)
{
    struct slot *slot = is(list, LIST) && value != NULL ? slot_new(a, list) : NULL;
    if (slot != NULL)
        *slot = (struct slot){STR_ABSENT, value};
    else
        arena_fail(a);
}

void json_put_text(struct arena *a, json *object, const char *name, str value)
{
    json_put(a, object, name, text_new(a, value));
}

void json_put_integer(struct arena *a, json *object, const char *name, int64_t value)
{
    json_put(a, object, name, integer_new(a, value));
}

void json_put_boolean(struct arena *a, json *object, const char *name, bool value)
{
    json_put(a, object, name, value ? &yes : &no);
}

void json_put_null(struct arena *a, json *object, const char *name)
{
    json_put(a, object, name, &nothing);
}

void json_put_words(struct arena *a, json *object, const char *name, str words)
{
    json *list = json_list_new(a);
    str word;
    while (str_next(&words, ' ', &word))
        if (word.n > 0)
            json_add(a, list, text_new(a, word));
    json_put(a, object, name, list);
}

void json_add_text(struct arena *a, json *list, str value)
{
    json_add(a, list, text_new(a, value));
}

/* ---- writing ---- */

static bool plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static bool eight_plain(uint64_t v)
{
    return ascii_eight_printable(v) && !ascii_eight_has(v, '"') && !ascii_eight_has(v, '\\');
}

static void write_escaped(struct buf *b, char c) /* RFC 8259 7 */
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c == '\0' ? NULL : strchr(named, c);
    buf_char(b, '\\');
    if (at != NULL) {
        buf_char(b, letters[at - named]);
        return;
    }
    buf_add(b, STR("u00"));
    buf_hex(b, (const uint8_t *)&c, 1);
}

static void write_text(struct buf *b, str text)
{
    buf_char(b, '"');
    for (size_t i = 0; i < text.n; i++) {
        size_t begun = i;
        while (text.n - i >= 8 && eight_plain(ascii_eight(text.p + i)))
            i += 8;
        while (i < text.n && plain(text.p[i]))
            i++;
        buf_add(b, (str){text.p + begun, i - begun});
        if (i < text.n)
            write_escaped(b, text.p[i]);
    }
    buf_char(b, '"');
}

static void write_value(struct buf *b, const json *j, int depth)
{
    static const str words[] = {[NOTHING] = {"null", 4}, [NO] = {"false", 5}, [YES] = {"true", 4}};
    if (j->kind <= YES) {
        buf_add(b, words[j->kind]);
    } else if (j->kind == INTEGER) {
        buf_i64(b, j->is.integer);
    } else if (j->kind == REAL) {
        buf_add(b, j->is.text);
    } else if (j->kind == TEXT) {
        write_text(b, j->is.text);
    } else if (depth == DEPTH_WRITTEN_MAX) {
        b->over = true; /* put into itself */
    } else {
        buf_char(b, j->kind == LIST ? '[' : '{');
        for (size_t i = 0; i < j->count && !b->over; i++) {
            if (i > 0)
                buf_char(b, ',');
            if (j->kind == OBJECT) {
                write_text(b, j->is.slots[i].name);
                buf_char(b, ':');
            }
            write_value(b, j->is.slots[i].value, depth + 1);
        }
        buf_char(b, j->kind == LIST ? ']' : '}');
    }
}

fallible json_text(struct arena *a, const json *value, str *out)
{
    if (value == NULL || arena_failed(a))
        FAIL(UNAVAILABLE, "json: a part is missing");
    struct buf b = buf_new(a, BUF_JSON_MAX);
    buf_expect(&b, TEXT_FIRST);
    write_value(&b, value, 0);
    return buf_done(&b, out);
}
