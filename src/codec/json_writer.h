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

/* A member's name. A literal is its author's word that nothing in it is to be escaped, so that it is not looked through. Whether it is one is told
 * where it stands (JSON_NAME), for behind a look at the first byte of a name the compiler knows that byte, and not what follows it. */
struct json_name {
    const char *p; /* NULL: none */
    size_t n : 63;
    bool literal : 1;
};
static inline struct json_name json_name(const char *name, bool literal) /* inline, as str_of is */
{
    return (struct json_name){name, (name != NULL ? strlen(name) : 0) & SIZE_MAX >> 1, literal};
}
#define JSON_NAME(name_) json_name((name_), __builtin_constant_p(name_)) /* of a pointer: a literal, or NULL */
void json_writer_object(struct json_writer *w, struct json_name name);
void json_writer_list(struct json_writer *w, struct json_name name);
void json_writer_text(struct json_writer *w, struct json_name name, str value);
void json_writer_integer(struct json_writer *w, struct json_name name, int64_t value);
void json_writer_literal(struct json_writer *w, struct json_name name, str text);

struct json_writer json_writer_new(struct arena *a);
static inline void json_writer_filled(struct json_writer *w, struct json_name name, str value)
{
    if (str_present(value))
        json_writer_text(w, name, value);
}
#define json_write_object(w_, name_)        json_writer_object((w_), JSON_NAME(name_)) /* opens; json_write_end closes */
#define json_write_list(w_, name_)          json_writer_list((w_), JSON_NAME(name_))
#define json_write_text(w_, name_, ...)     json_writer_text((w_), JSON_NAME(name_), __VA_ARGS__)   /* absent: JSON null */
#define json_write_filled(w_, name_, ...)   json_writer_filled((w_), JSON_NAME(name_), __VA_ARGS__) /* absent: nothing at all */
#define json_write_integer(w_, name_, ...)  json_writer_integer((w_), JSON_NAME(name_), __VA_ARGS__)
#define json_write_boolean(w_, name_, yes_) json_writer_literal((w_), JSON_NAME(name_), (yes_) ? STR("true") : STR("false"))
#define json_write_null(w_, name_)          json_writer_literal((w_), JSON_NAME(name_), STR("null"))
void json_write_end(struct json_writer *w);
void json_write_words(struct json_writer *w, const char *name, str words);         /* "a b" becomes ["a","b"] */
void json_write_value(struct json_writer *w, const char *name, const json *value); /* a part that was read; NULL: the text has a hole */
void json_write_members(struct json_writer *w, const json *object);                /* its members, within the object that is open */
/* The text, NUL-terminated. SERVER_ERROR for what stands out of order or is not closed; UNAVAILABLE for the rest, and when the arena
 * failed meanwhile: a text that could not be made reads as absent. */
fallible json_writer_done(struct json_writer *w, str *out);
#endif
