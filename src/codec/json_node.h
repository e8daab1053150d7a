/* SPDX-License-Identifier: MIT
 * json_node: what a JSON value is in memory; for the files of codec/json alone (guard: doors). A node is 16 bytes; what is behind its
 * pointers is the arena's, as the node is. */
#ifndef JETON_CODEC_JSON_NODE_H
#define JETON_CODEC_JSON_NODE_H
#include "codec/json.h"

enum json_kind { JSON_NOTHING, JSON_BOOLEAN, JSON_INTEGER, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

struct json_pair {
    const char *name; /* NUL-terminated, holds no other NUL */
    json *value;
    uint32_t n; /* bytes of name */
};

struct json {
    uint8_t kind;   /* enum json_kind */
    bool yes;       /* JSON_BOOLEAN */
    bool sorted;    /* JSON_OBJECT: behind the pairs stands their order by name, count of uint32_t; no room is left there */
    uint32_t count; /* bytes of text; items; pairs */
    union {
        int64_t integer;
        const char *text; /* JSON_TEXT: NUL-terminated. JSON_NUMBER: as it stood; a byte that is no part of a number follows */
        json **items;
        struct json_pair *pairs; /* in the order of insertion */
    };
};

/* A node of that kind without content; NULL when the arena ended. */
json *json_node(struct arena *a, enum json_kind kind);
/* One more at the end; false when the arena ended. Room doubles, so that n of them cost n. The name is not copied and not looked for. */
bool json_node_pair(struct arena *a, json *object, str name, json *value);
bool json_node_item(struct arena *a, json *list, json *value);
/* Gives an object of many members its order, so that finding one takes log n whatever their names are (a hash could be aimed at).
 * *distinct is false when a name is there twice. UNAVAILABLE. */
fallible json_node_order(struct arena *a, json *object, bool *distinct);
/* Bytes from p on that stand for themselves in a quoted text: neither quote, backslash nor control byte. */
size_t json_plain(const char *p, size_t n);
#endif
