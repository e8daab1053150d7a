/* SPDX-License-Identifier: MIT
 * message_catalogue: what tools/catalogue.awk makes of the PO files. Private to message.c. */
#ifndef JETON_BASE_MESSAGE_CATALOGUE_H
#define JETON_BASE_MESSAGE_CATALOGUE_H
#include "base/message.h"

struct message_language {
    const char *tag;
    const char *plural; /* the expression of Plural-Forms */
    unsigned forms;     /* nplurals */
    bool right_to_left;
    const uint32_t *at; /* message_key_count + 1: where the translation of the key of the same number begins in text; empty: none.
                             Plural forms are parted by a NUL, and each text ends with one */
    const char *text;
};
extern const size_t message_key_count;
extern const uint32_t message_key_at[]; /* message_key_count + 1 */
extern const char message_key_text[];   /* "context\004text" or "text", each with a NUL, in ascending order of bytes */
extern const size_t message_language_count;
extern const struct message_language message_languages[]; /* English first */
#endif
