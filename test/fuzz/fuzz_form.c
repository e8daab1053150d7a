/* SPDX-License-Identifier: MIT
 * Fuzz target of form. Properties: no name is there twice, names are not empty, and a form that was read reads the same after
 * it was written; the first byte chooses between the two spellings. */
#include "codec/form.h"

#include "codec/utf8.h"

#include <stdlib.h>

#include "base/banned.h"

static void check(struct arena *a, const struct form *f)
{
    struct buf b = buf_new(a, 8 << 20);
    INVARIANT(f->count <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < f->count; i++) {
        const struct form_field *field = &f->fields[i];
        INVARIANT(field->name.n > 0 && utf8_valid(field->name) && utf8_valid(field->value));
        for (size_t j = 0; j < i; j++)
            INVARIANT(!str_equal(field->name, f->fields[j].name) || str_ends(field->name, STR("[]")));
        form_add(&b, field->name, field->value);
    }
    str text;
    struct form again;
    INVARIANT(!FAILED(buf_done(&b, &text)));
    INVARIANT(!FAILED(form_parse(a, text, &again)) && again.count == f->count);
    for (size_t i = 0; i < f->count; i++) {
        INVARIANT(str_equal(f->fields[i].name, again.fields[i].name));
        INVARIANT(str_equal(f->fields[i].value, again.fields[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    struct arena *a = arena_new(64 << 20);
    str text = {(const char *)data, size};
    struct form f;
    err e = data[0] == '{' ? form_from_json(a, text, &f) : form_parse(a, text, &f);
    if (!FAILED(e))
        check(a, &f);
    arena_release(a);
    return 0;
}
