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
    TEMPLATE_PLACE,    /* {{>title}} {{>main}}: layout alone: where the page's parts go */
};
struct template_step {
    enum template_kind kind;
    str text;   /* bytes, or the name */
    size_t end; /* LIST WHEN UNLESS TITLE: the step after the matching END */
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
const char *template_name(size_t i);               /* NULL past the last */
const struct page_asset *template_asset(str name); /* NULL: none */
bool template_knows(const struct template *t, const char *field);

/* The embedded files: assets.c. */
struct assets_file {
    const char *name, *content_type;
    const char *first, *end;
};
const struct assets_file *assets_pages(size_t *count);
const struct assets_file *assets_static(size_t *count);
#endif
