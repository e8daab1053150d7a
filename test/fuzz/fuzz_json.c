/* SPDX-License-Identifier: MIT
 * Fuzz target of json_read. Properties: what was read writes a text that reads as the same value (the same text again), all texts in
 * it are UTF-8 without NUL, nothing is deeper than JSON_DEPTH_MAX, each member is found by its name, and the memory that it took is
 * within what the header promises. */
#include "codec/json.h"

#include "codec/utf8.h"

#include <stdlib.h>

#include "base/banned.h"

static void walk(const json *j, int depth)
{
    void *iterator = NULL;
    str name;
    const json *value;
    INVARIANT(depth <= JSON_DEPTH_MAX);
    INVARIANT(utf8_valid(json_text_of(j)));
    while (json_each(j, &iterator, &name, &value)) {
        INVARIANT(utf8_valid(name));
        INVARIANT(json_member(j, name.p) == value);
        walk(value, depth + (json_is_object(value) || json_is_list(value)));
    }
    for (size_t i = 0; json_is_list(j) && i < json_count(j); i++)
        walk(json_at(j, i), depth + (json_is_object(json_at(j, i)) || json_is_list(json_at(j, i))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    struct arena *a = arena_new(64 << 20);
    json *value, *again;
    if (!FAILED(json_parse(a, (str){(const char *)data, size}, &value))) {
        str first, second;
        INVARIANT(arena_used(a) <= 256 + 32 * size); /* json.h: some 30 for each byte */
        walk(value, json_is_object(value) || json_is_list(value));
        INVARIANT(!FAILED(json_text(a, value, &first)));
        INVARIANT(!FAILED(json_parse(a, first, &again)));
        INVARIANT(!FAILED(json_text(a, again, &second)) && str_equal(first, second));
        INVARIANT(json_same(value, again) && json_same(again, value));
    }
    arena_release(a);
    return 0;
}
