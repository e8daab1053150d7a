/* SPDX-License-Identifier: MIT
 * json: values and what is asked of them; json_read makes them of text, json_writer makes text of them. Relies on arena alone. Promises:
 * 1. every value lives until its arena ends, nothing is freed one by one, and all of it is wiped, because bodies hold passwords; 2. a part
 * that could not be made marks the arena failed, and json_text then refuses; 3. no question about a value that was read takes more than
 * log n comparisons of names. */
#include "codec/json_node.h"

#include "codec/json_writer.h"
#include "codec/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ROOM_FIRST = 4 };

/* ---- questions ---- */

static bool is_json_kind(const json *j, enum json_kind kind)
{
    return j != NULL && j->kind == kind;
}

bool json_is_object(const json *j)
{
    return is_json_kind(j, JSON_OBJECT);
}

bool json_is_list(const json *j)
{
    return is_json_kind(j, JSON_LIST);
}

bool json_is_text(const json *j)
{
    return is_json_kind(j, JSON_TEXT);
}

bool json_is_nothing(const json *value)
{
    return is_json_kind(value, JSON_NOTHING);
}

/* Shorter first: most names differ in their length already. */
static int compare_pair_name(const struct json_pair *pair, str name)
{
    if (pair->n != name.n)
        return pair->n < name.n ? -1 : 1;
    return memcmp(pair->name, name.p, name.n);
}

static const uint32_t *order_of(const json *object)
{
    return (const uint32_t *)(object->pairs + object->count);
}

static struct json_pair *find_sorted(const json *object, str name)
{
    const uint32_t *order = order_of(object);
    size_t from = 0, to = object->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        struct json_pair *pair = &object->pairs[order[middle]];
        int side = compare_pair_name(pair, name);
        if (side == 0)
            return pair;
        if (side < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

static struct json_pair *find_json_pair(const json *object, str name)
{
    if (!json_is_object(object))
        return NULL;
    if (object->sorted)
        return find_sorted(object, name);
    for (size_t i = 0; i < object->count; i++)
        if (compare_pair_name(&object->pairs[i], name) == 0)
            return &object->pairs[i];
    return NULL;
}

const json *json_member(const json *object, const char *name)
{
    const struct json_pair *pair = find_json_pair(object, str_of(name));
    return pair != NULL ? pair->value : NULL;
}

size_t json_count(const json *list_or_object)
{
    return json_is_list(list_or_object) || json_is_object(list_or_object) ? list_or_object->count : 0;
}

str json_words_of(struct arena *a, const json *list)
{
    struct buf b = buf_new(a, BUF_JSON_MAX);
    str words;
    for (size_t i = 0; json_is_list(list) && i < json_count(list); i++) {
        str word = json_text_of(json_at(list, i));
        if (!str_filled(word) || str_find(word, ' ') < word.n)
            return STR_ABSENT;
        if (b.n > 0)
            buf_char(&b, ' ');
        buf_add(&b, word);
    }
    return b.n > 0 && !FAILED(buf_done(&b, &words)) ? words : STR_ABSENT;
}

const json *json_at(const json *list, size_t i)
{
    return json_is_list(list) && i < list->count ? list->items[i] : NULL;
}

bool json_each(const json *object, void **iterator, str *name, const json **value)
{
    if (json_count(object) == 0 || !json_is_object(object))
        return false;
    struct json_pair *pair = *iterator == NULL ? object->pairs : (struct json_pair *)*iterator + 1;
    if (pair == object->pairs + object->count)
        return false;
    *iterator = pair;
    *name = (str){pair->name, pair->n};
    *value = pair->value;
    return true;
}

str json_text_of(const json *string)
{
    return json_is_text(string) ? (str){string->text, string->count} : STR_ABSENT;
}

str json_member_text(const json *object, const char *name)
{
    return json_text_of(json_member(object, name));
}

bool json_integer_of(const json *number, int64_t *out)
{
    if (!is_json_kind(number, JSON_INTEGER))
        return false;
    *out = number->integer;
    return true;
}

bool json_seconds_of(const json *number, int64_t *out)
{
    const int64_t most = (int64_t)1 << 53; /* every integer up to here is a double of its own */
    int64_t seconds;
    if (is_json_kind(number, JSON_NUMBER)) {
        double value = strtod(number->text, NULL);
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
    if (!is_json_kind(value, JSON_BOOLEAN))
        return false;
    *out = value->yes;
    return true;
}

/* ---- comparing ---- */

static bool is_same_json_value(const json *one, const json *other, unsigned depth);

static bool same_lists(const json *one, const json *other, unsigned depth)
{
    for (size_t i = 0; i < one->count; i++)
        if (!is_same_json_value(one->items[i], other->items[i], depth))
            return false;
    return true;
}

/* Names are distinct, so as many that all are there are the same ones. */
static bool same_objects(const json *one, const json *other, unsigned depth)
{
    for (size_t i = 0; i < one->count; i++) {
        const struct json_pair *pair = find_json_pair(other, (str){one->pairs[i].name, one->pairs[i].n});
        if (pair == NULL || !is_same_json_value(one->pairs[i].value, pair->value, depth))
            return false;
    }
    return true;
}

static bool is_same_json_value(const json *one, const json *other, unsigned depth)
{
    if (one->kind != other->kind || depth == JSON_WRITER_DEPTH_MAX)
        return false;
    switch ((enum json_kind)one->kind) {
    case JSON_NOTHING:
        return true;
    case JSON_BOOLEAN:
        return one->yes == other->yes;
    case JSON_INTEGER:
        return one->integer == other->integer;
    case JSON_NUMBER:
        return !(strtod(one->text, NULL) < strtod(other->text, NULL)) && !(strtod(one->text, NULL) > strtod(other->text, NULL));
    case JSON_TEXT:
        return str_equal(json_text_of(one), json_text_of(other));
    case JSON_LIST:
        return one->count == other->count && same_lists(one, other, depth + 1);
    case JSON_OBJECT:
        break;
    }
    return one->count == other->count && same_objects(one, other, depth + 1);
}

bool json_same(const json *one, const json *other)
{
    return one != NULL && other != NULL && is_same_json_value(one, other, 0);
}

/* ---- making ---- */

json *json_node(struct arena *a, enum json_kind kind)
{
    json *j = ARENA_NEW(a, json);
    if (j != NULL)
        j->kind = (uint8_t)kind;
    return j;
}

static size_t room_for(size_t count)
{
    size_t room = ROOM_FIRST;
    while (room < count)
        room *= 2;
    return room;
}

/* The block that takes one more: the old one where it has room, else a larger copy; NULL when the arena ended. Room is always what
 * room_for says, but for an object that was sorted, which has none. */
static void *widen_json_block(struct arena *a, const json *j, const void *block, size_t size)
{
    bool full = j->count == 0 || j->sorted || room_for(j->count) == j->count;
    if (!full || j->count == UINT32_MAX)
        return full ? NULL : (void *)(uintptr_t)block;
    void *wider = arena_array(a, room_for((size_t)j->count + 1), size);
    if (wider != NULL && j->count > 0)
        memcpy(wider, block, j->count * size);
    return wider;
}

bool json_node_pair(struct arena *a, json *object, str name, json *value)
{
    struct json_pair *pairs = widen_json_block(a, object, object->pairs, sizeof *pairs);
    if (pairs == NULL)
        return false;
    object->pairs = pairs;
    object->sorted = false;
    pairs[object->count++] = (struct json_pair){name.p, value, (uint32_t)name.n};
    return true;
}

bool json_node_item(struct arena *a, json *list, json *value)
{
    json **items = widen_json_block(a, list, list->items, sizeof(json *));
    if (items == NULL)
        return false;
    list->items = items;
    items[list->count++] = value;
    return true;
}

/* Heap sort: in place, n log n at the worst. */
static void sift_pair_down(const struct json_pair *pairs, uint32_t *order, size_t root, size_t n)
{
    for (size_t child; (child = root * 2 + 1) < n; root = child) {
        const struct json_pair *left = &pairs[order[child]];
        if (child + 1 < n && compare_pair_name(left, (str){pairs[order[child + 1]].name, pairs[order[child + 1]].n}) < 0)
            left = &pairs[order[++child]];
        const struct json_pair *top = &pairs[order[root]];
        if (compare_pair_name(top, (str){left->name, left->n}) >= 0)
            return;
        uint32_t kept = order[root];
        order[root] = order[child];
        order[child] = kept;
    }
}

static void sort_pair_order(const struct json_pair *pairs, uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n / 2; i-- > 0;)
        sift_pair_down(pairs, order, i, n);
    for (size_t i = n; i-- > 1;) {
        uint32_t kept = order[0];
        order[0] = order[i];
        order[i] = kept;
        sift_pair_down(pairs, order, 0, i);
    }
}

fallible json_node_order(struct arena *a, json *object, bool *distinct)
{
    size_t n = object->count;
    struct json_pair *pairs = arena_array(a, n, sizeof *pairs + sizeof(uint32_t));
    if (pairs == NULL)
        FAIL(UNAVAILABLE, "json: out of memory");
    memcpy(pairs, object->pairs, n * sizeof *pairs);
    uint32_t *order = (uint32_t *)(pairs + n);
    sort_pair_order(pairs, order, n);
    *distinct = true;
    for (size_t i = 1; i < n; i++)
        *distinct = *distinct && compare_pair_name(&pairs[order[i - 1]], (str){pairs[order[i]].name, pairs[order[i]].n}) != 0;
    object->pairs = pairs;
    object->sorted = true;
    return OK;
}

/* ---- trees ---- */

/* NULL marks the arena failed. */
static json *make_json_node(struct arena *a, enum json_kind kind)
{
    json *j = json_node(a, kind);
    if (j == NULL)
        arena_fail(a);
    return j;
}

json *json_object_new(struct arena *a)
{
    return make_json_node(a, JSON_OBJECT);
}

json *json_list_new(struct arena *a)
{
    return make_json_node(a, JSON_LIST);
}

static json *text_new(struct arena *a, str value)
{
    json *j = make_json_node(a, str_present(value) ? JSON_TEXT : JSON_NOTHING);
    if (j == NULL || !str_present(value))
        return j;
    str copy = utf8_valid(value) && value.n <= UINT32_MAX ? str_dup(a, value) : STR_ABSENT;
    j->text = copy.p;
    j->count = (uint32_t)copy.n;
    return str_present(copy) ? j : NULL;
}

void json_put(struct arena *a, json *object, const char *name, json *value)
{
    str named = str_of(name);
    struct json_pair *pair = find_json_pair(object, named);
    bool fits = json_is_object(object) && value != NULL && value != object && utf8_valid(named) && named.n <= UINT32_MAX;
    if (fits && pair != NULL) {
        pair->value = value;
        return;
    }
    named = fits ? str_dup(a, named) : STR_ABSENT;
    if (!str_present(named) || !json_node_pair(a, object, named, value))
        arena_fail(a);
}

void json_put_text(struct arena *a, json *object, const char *name, str value)
{
    json_put(a, object, name, text_new(a, value));
}

void json_put_integer(struct arena *a, json *object, const char *name, int64_t value)
{
    json *j = make_json_node(a, JSON_INTEGER);
    if (j != NULL)
        j->integer = value;
    json_put(a, object, name, j);
}

void json_put_boolean(struct arena *a, json *object, const char *name, bool value)
{
    json *j = make_json_node(a, JSON_BOOLEAN);
    if (j != NULL)
        j->yes = value;
    json_put(a, object, name, j);
}

void json_put_null(struct arena *a, json *object, const char *name)
{
    json_put(a, object, name, make_json_node(a, JSON_NOTHING));
}

void json_put_words(struct arena *a, json *object, const char *name, str words)
{
    json *list = json_list_new(a);
    str word;
    while (str_next(&words, ' ', &word))
        if (word.n > 0)
            json_add_text(a, list, word);
    json_put(a, object, name, list);
}

void json_add(struct arena *a, json *list, json *value)
{
    if (!json_is_list(list) || value == NULL || value == list || !json_node_item(a, list, value))
        arena_fail(a);
}

void json_add_text(struct arena *a, json *list, str value)
{
    json_add(a, list, text_new(a, value));
}

fallible json_text(struct arena *a, const json *value, str *out)
{
    if (value == NULL)
        FAIL(UNAVAILABLE, "json: a part is missing");
    struct json_writer w = json_writer_new(a);
    json_write_value(&w, NULL, value);
    return json_writer_done(&w, out);
}
