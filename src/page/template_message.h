/* SPDX-License-Identifier: MIT
 * template_message: takes a sentence of a template apart, into a key of the catalogue and what the template puts into it. Private to page/. */
#ifndef JETON_PAGE_TEMPLATE_MESSAGE_H
#define JETON_PAGE_TEMPLATE_MESSAGE_H
#include "base/str.h"

enum { TEMPLATE_SLOTS_MAX = 8, TEMPLATE_KEY_MAX = 1024 };
struct template_sentence {
    str context; /* "verb" of [[verb|End]]; absent: none */
    char key[TEMPLATE_KEY_MAX];
    size_t n; /* of the key, without its NUL */
    struct {
        str name;   /* as the key has it: client_name, a, code2 */
        str source; /* the template's text for it: {{client_name}}, <a href="…"> */
    } slots[TEMPLATE_SLOTS_MAX];
    char names[TEMPLATE_SLOTS_MAX][16]; /* what names with a number borrow from */
    size_t count;
};
/* `inside` is what stands between [[ and ]]. False: an element that is not closed or closed out of order, a block, an entity, a line
 * break, or more than fits. */
bool template_message_cut(str inside, struct template_sentence *out);
#endif
