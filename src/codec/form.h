/* SPDX-License-Identifier: MIT
 * form: application/x-www-form-urlencoded (and query strings) into fields. Refuses repeated names, equal values too (TE-02),
 * more than FORM_FIELDS_MAX fields, bad escapes, NUL and bad UTF-8. An empty name is refused; `a` alone is `a=`. */
#ifndef JETON_CODEC_FORM_H
#define JETON_CODEC_FORM_H
#include "base/buf.h"
enum { FORM_FIELDS_MAX = 200 };
struct form_field {
    str name, value;
};
struct form {
    struct form_field *fields;
    size_t count;
};
/* What may repeat: names ending in `[]` (list fields of our own pages: `scopes[]`), and resource (RFC 8707 2), read with form_each. All other
 * names may not. */
fallible form_parse(struct arena *a, str text, struct form *out);
/* For the authorization endpoint, which owes its client an answer about what came twice: everything is kept, and nothing is judged by
 * a reader that does not ask form_times first. */
fallible form_parse_repeating(struct arena *a, str text, struct form *out);
bool form_may_repeat(str name);
size_t form_times(const struct form *f, str name); /* how often the name is there */
/* From a JSON object of strings (contract 4): the same refusals; a member that is not a string is refused. */
fallible form_from_json(struct arena *a, str text, struct form *out);
str form_named(const struct form *f, str name);
static inline str form_get_raw(const struct form *f, const char *name) /* absent only when missing. Inline, as str_of is */
{
    return form_named(f, str_of(name));
}
static inline str form_get(const struct form *f, const char *name) /* absent when missing or empty (AZ-05) */
{
    str value = form_named(f, str_of(name));
    return str_filled(value) ? value : STR_ABSENT; /* RFC 6749 3.1 */
}
static inline bool form_has(const struct form *f, const char *name)
{
    return str_present(form_named(f, str_of(name)));
}
/* Delivers the values of a list field one by one (name "scopes" or "scopes[]"); start with *position = 0; false at the end. */
bool form_each(const struct form *f, const char *name, size_t *position, str *value);
/* Appends name=value, with `&` before it unless *b is empty or ends in `?` or `&`. */
void form_add(struct buf *b, str name, str value);
#endif
