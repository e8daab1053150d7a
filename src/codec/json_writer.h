/* SPDX-License-Identifier: MIT
 * json_writer: JSON (RFC 8259) written as it is told, without a tree: compact, valid UTF-8, members in the order of the calls. What it
 * writes ends at BUF_JSON_MAX bytes. It sets commas and escapes; who uses it names each member of an object (a name stands there once:
 * that is not looked after), and gives NULL for the name within a list and at the top. Nothing needs to be asked until the end: what does
 * not fit, is not UTF-8 or holds NUL, stands out of order or is not closed makes json_writer_done refuse. */
#ifndef JETON_CODEC_JSON_WRITER_H
#define JETON_CODEC_JSON_WRITER_H
#include "codec/json.h"

enum { JSON_WRITER_DEPTH_MAX = 32 }; /* what was read (JSON_DEPTH_MAX) and what stands around it */

struct json_writer {
    struct buf out;
    uint64_t lists; /* bit n: level n is a list */
    unsigned depth; /* levels that are open */
    bool behind;    /* a value stands before on this level */
    bool misused;
};

/* A member's name. What the compiler knows is a literal: its author's word that nothing in it is to be escaped, so that it is not looked
 * through. Inline, as str_of is. */
struct json_name {
    const char *p; /* NULL: none */
    size_t n : 63;
    bool literal : 1;
};
static inline struct json_name json_name(const char *name)
{
    return (struct json_name){name, (name != NULL ? strlen(name) : 0) & SIZE_MAX >> 1, __builtin_constant_p(name == NULL || name[0] == '\0')};
}
void json_writer_object(struct json_writer *w, struct json_name name);
void json_writer_list(struct json_writer *w, struct json_name name);
void json_writer_text(struct json_writer *w, struct json_name name, str value);
void json_writer_integer(struct json_writer *w, struct json_name name, int64_t value);
void json_writer_literal(struct json_writer *w, struct json_name name, str text);

struct json_writer json_writer_new(struct arena *a);
static inline void json_write_object(struct json_writer *w, const char *name) /* opens; json_write_end closes */
{
    json_writer_object(w, json_name(name));
}
static inline void json_write_list(struct json_writer *w, const char *name)
{
    json_writer_list(w, json_name(name));
}
void json_write_end(struct json_writer *w);
static inline void json_write_text(struct json_writer *w, const char *name, str value) /* absent: JSON null */
{
    json_writer_text(w, json_name(name), value);
}
static inline void json_write_filled(struct json_writer *w, const char *name, str value) /* absent: nothing at all */
{
    if (str_present(value))
        json_writer_text(w, json_name(name), value);
}
static inline void json_write_integer(struct json_writer *w, const char *name, int64_t value)
{
    json_writer_integer(w, json_name(name), value);
}
static inline void json_write_boolean(struct json_writer *w, const char *name, bool value)
{
    json_writer_literal(w, json_name(name), value ? STR("true") : STR("false"));
}
static inline void json_write_null(struct json_writer *w, const char *name)
{
    json_writer_literal(w, json_name(name), STR("null"));
}
void json_write_words(struct json_writer *w, const char *name, str words);         /* "a b" becomes ["a","b"] */
void json_write_value(struct json_writer *w, const char *name, const json *value); /* a part that was read; NULL: the text has a hole */
void json_write_members(struct json_writer *w, const json *object);                /* its members, within the object that is open */
/* The text, NUL-terminated. SERVER_ERROR for what stands out of order or is not closed; UNAVAILABLE for the rest, and when the arena
 * failed meanwhile: a text that could not be made reads as absent. */
fallible json_writer_done(struct json_writer *w, str *out);
#endif
