/* SPDX-License-Identifier: MIT
 * json: values of JSON (RFC 8259), read and built, in the arena that they were made with. Two ways lead out: codec/json_writer writes an
 * answer as it is told, and is what answers are made with; the json_put functions below build a tree, for what is compared, merged or
 * handed on before it is written. Reading is strict: duplicate members, trailing bytes, NUL (also as \u0000), depth over 16, bad UTF-8,
 * lone surrogates, and numbers that cannot be kept are refused (AT-06, IN-07). Integers are exact within int64_t and refused beyond it;
 * other numbers are kept as they stood, and refused beyond what a double holds. Building cannot be half done: any part that fails marks
 * the arena failed, and json_text then refuses. */
#ifndef JETON_CODEC_JSON_H
#define JETON_CODEC_JSON_H
#include "base/buf.h"
typedef struct json json;

enum { JSON_DEPTH_MAX = 16 };
/* Any value; the text is copied. INVALID_REQUEST, with a sentence for the client; UNAVAILABLE when the arena ended. Takes at most some 30
 * bytes of the arena for each byte of the text, and time in proportion to it, whatever it is. */
fallible json_parse(struct arena *a, str text, json **out);
bool json_is_object(const json *j);
bool json_is_list(const json *j);
bool json_is_text(const json *j);
const json *json_member(const json *object, const char *name); /* NULL when absent or not an object */
size_t json_count(const json *list_or_object);
const json *json_at(const json *list, size_t i);
/* Walks the members of an object, in their order; start with *iterator = NULL; false at the end. The name is NUL-terminated. */
bool json_each(const json *object, void **iterator, str *name, const json **value);
str json_text_of(const json *string);                       /* absent when not a string; NUL-terminated */
str json_words_of(struct arena *a, const json *list);       /* ["a","b"] becomes "a b"; absent when it is no list of words, or empty */
str json_member_text(const json *object, const char *name); /* absent when missing or not a string */
bool json_integer_of(const json *number, int64_t *out);     /* false when not an integer */
/* A NumericDate (RFC 7519 2): an integer, or a number with a fraction, which is cut off towards the past. False for what is no number or
 * lies beyond 2^53 either way. */
bool json_seconds_of(const json *number, int64_t *out);
bool json_boolean_of(const json *value, bool *out);
bool json_is_nothing(const json *value);            /* JSON null */
bool json_same(const json *one, const json *other); /* the same value, whatever the order of members */

/* Trees. Members keep the order in which they were put; one that is put again keeps its place. Texts and names are copied; a value may be
 * put in two places. A text that is not UTF-8 or holds NUL is a part that fails. */
json *json_object_new(struct arena *a); /* NULL marks the arena failed; every function below tolerates NULL */
json *json_list_new(struct arena *a);
void json_put(struct arena *a, json *object, const char *name, json *value);
void json_put_text(struct arena *a, json *object, const char *name, str value); /* absent: JSON null */
void json_put_integer(struct arena *a, json *object, const char *name, int64_t value);
void json_put_boolean(struct arena *a, json *object, const char *name, bool value);
void json_put_null(struct arena *a, json *object, const char *name);
void json_put_words(struct arena *a, json *object, const char *name, str words); /* "a b" becomes ["a","b"] */
void json_add(struct arena *a, json *list, json *value);
void json_add_text(struct arena *a, json *list, str value);
fallible json_text(struct arena *a, const json *value, str *out); /* compact; UNAVAILABLE when a part is missing */
#endif
