/* SPDX-License-Identifier: MIT
 * Fuzz target of json_writer. The bytes are calls. Properties: the verdict at the end is that of a plain model of what may follow what;
 * a text that leaves is UTF-8, and json_parse reads it unless it is deeper than it reads; what was written as a text is read as that. */
#include "codec/json_writer.h"

#include "codec/utf8.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { CALLS = 9, TEXT_MAX = 31 };

struct model {
    bool list[JSON_WRITER_DEPTH_MAX + 1];
    unsigned depth, deepest, values; /* values: at the top */
    bool bad, text_bad;
};

/* May a value stand here, with or without a name? */
static void value(struct model *m, bool named)
{
    bool in_object = m->depth > 0 && !m->list[m->depth];
    m->bad = m->bad || named != in_object || (m->depth == 0 && m->values++ > 0);
}

static void opened(struct model *m, bool named, bool list)
{
    value(m, named);
    m->bad = m->bad || m->depth == JSON_WRITER_DEPTH_MAX;
    if (m->bad)
        return;
    m->list[++m->depth] = list;
    m->deepest = m->depth > m->deepest ? m->depth : m->deepest;
}

static void closed(struct model *m)
{
    m->bad = m->bad || m->depth == 0;
    m->depth -= !m->bad;
}

static void texted(struct model *m, bool named, str text)
{
    value(m, named);
    m->text_bad = m->text_bad || (!m->bad && !utf8_valid(text));
}

static void one_call(struct json_writer *w, struct model *m, unsigned call, const char *name, str text)
{
    switch (call) {
    case 0:
        json_write_object(w, name);
        opened(m, name != NULL, false);
        break;
    case 1:
        json_write_list(w, name);
        opened(m, name != NULL, true);
        break;
    case 2:
    case 3:
        json_write_end(w);
        closed(m);
        break;
    case 4:
        json_write_integer(w, name, (int64_t)text.n - 5);
        value(m, name != NULL);
        break;
    case 5:
        json_write_boolean(w, name, text.n % 2);
        value(m, name != NULL);
        break;
    case 6:
        json_write_null(w, name);
        value(m, name != NULL);
        break;
    default:
        json_write_text(w, name, text);
        texted(m, name != NULL, text);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MEMORY = 16 << 20, LONGEST = 4096 };
    if (size > LONGEST)
        return 0;
    struct arena *a = arena_new(MEMORY);
    INVARIANT(a != NULL);
    struct json_writer w = json_writer_new(a);
    struct model m = {0};
    for (size_t i = 0, n = 0; i < size; n++) {
        unsigned call = data[i] % CALLS;
        bool named = data[i] >= 128;
        size_t length = size - i - 1 < TEXT_MAX ? size - i - 1 : TEXT_MAX;
        str text = {(const char *)data + i + 1, call >= 4 ? length % 32 : 0};
        char name[32];
        snprintf(name, sizeof name, "m%zu", n);
        one_call(&w, &m, call, named ? name : NULL, text);
        i += 1 + (call >= 7 ? text.n : 0);
    }
    str out;
    json *read;
    bool whole = !m.bad && !m.text_bad && m.depth == 0 && m.values == 1;
    INVARIANT(whole == !FAILED(json_writer_done(&w, &out)));
    if (whole) {
        INVARIANT(utf8_valid(out));
        INVARIANT(!FAILED(json_parse(a, out, &read)) == (m.deepest <= JSON_DEPTH_MAX));
    }
    arena_release(a);
    return 0;
}
