/* SPDX-License-Identifier: MIT
 * template: the embedded templates, taken apart once into a table of steps. Private to page/. */
#ifndef JETON_PAGE_TEMPLATE_H
#define JETON_PAGE_TEMPLATE_H
#include "page/page.h"

enum template_kind {
    TEMPLATE_TEXT = 1, /* bytes as they stand */
    TEMPLATE_FIELD,    /* {{name}} */
    TEMPLATE_ADDRESS,  /* {{name}} right after href=", action=" or src=": may begin with a slash */
    TEMPLATE_BASE,     /* before an address that begins with a slash: what lies above it */
    TEMPLATE_LIST,     /* {{#name}} */
    TEMPLATE_WHEN,     /* {{?name}} */
    TEMPLATE_UNLESS,   /* {{!name}} */
    TEMPLATE_TITLE,    /* {{:title}} … {{/title}}: the page's title, first thing in its file */
    TEMPLATE_END,      /* {{/name}} */
    TEMPLATE_PLACE,    /* {{>title}} {{>main}} {{>lang}} {{>dir}}: layout alone: where the page's parts go, and its language */
    TEMPLATE_MESSAGE,  /* [[…]]: its key; the steps up to its end are what goes into its places */
};
struct template_step {
    enum template_kind kind;
    str text;       /* bytes, or the name */
    size_t end;     /* LIST WHEN UNLESS TITLE: the step after the matching END; MESSAGE: the step after its slots */
    size_t message; /* MESSAGE: its number */
    bool attribute; /* FIELD: inside a tag, where no element can be */
};
struct template_message {
    const char *context; /* NULL: none */
    str key;
    size_t slots_first, slots_end;
};
struct template_slot {
    str name;          /* client_name, a, code2 */
    size_t first, end; /* its steps */
};
struct template
{
    const char *name;
    size_t first, end;             /* its steps */
    size_t names_first, names_end; /* every name it mentions, once */
    bool sound;
};
/* NULL when there is none of that name, or it is malformed. Thread-safe; the first call parses all. */
const struct template *template_find(const char *name);
const struct template_step *template_step_at(size_t i);
const struct template_message *template_message_at(size_t i);                             /* NULL past the last, for tests */
const struct template_slot *template_slot_of(const struct template_message *m, str name); /* NULL: it has none */
const char *template_name(size_t i);                                                      /* NULL past the last */
const struct page_asset *template_asset(str name);                                        /* NULL: none */
bool template_knows(const struct template *t, const char *field);

/* The embedded files: assets.c. */
struct assets_file {
    const char *name, *content_type;
    const char *first, *end;
};
const struct assets_file *assets_pages(size_t *count);
const struct assets_file *assets_static(size_t *count);
#endif
