/* SPDX-License-Identifier: MIT
 * message: what a person reads, in the person's language. A message is a key, the English text itself (as msgid of gettext; a context
 * where one English text has two meanings), with named arguments: "A token lives for {most} seconds at most." Catalogues are PO files
 * (assets/po), compiled in by tools/catalogue.awk; what has no translation, or no row at all, is shown in English. Nothing here escapes:
 * who shows a message escapes it for the place where it shows it (page/, codec/json_writer). Texts of a catalogue live as long as the
 * process; looking one up takes no memory.
 *
 * Inside a text {name} is an argument, <name>…</name> a mark whose meaning who shows it knows (page/template: an element of the
 * template). Names are a-z, 0-9 and _. A brace or an angle that begins no such thing stands for itself. */
#ifndef JETON_BASE_MESSAGE_H
#define JETON_BASE_MESSAGE_H
#include "base/buf.h"
#include "base/clock.h"

enum {
    MESSAGE_ARGUMENTS_MAX = 4,
    MESSAGE_TEXT_MAX = 8192,   /* bytes of a message with its arguments; longer is none */
    MESSAGE_RANGES_MAX = 16,   /* of a list of languages that is asked for; the others are not read */
    MESSAGE_LANGUAGE_MAX = 512 /* bytes of such a list; the rest is not read */
};

struct message_language; /* NULL is English everywhere */

/* Marks an English literal as a key where it stands in a table or behind a name; the texts of REFUSE, problem_add and the macros below
 * are found without it (tools/messages.py). */
#define SAY(text_) text_

enum message_kind {
    MESSAGE_KIND_NONE = 0,
    MESSAGE_KIND_TEXT,   /* as it stands */
    MESSAGE_KIND_NUMBER, /* in digits; the first one chooses the plural form */
    MESSAGE_KIND_TIME,   /* seconds since 1970: "2026-11-22 03:00 UTC" */
    MESSAGE_KIND_WORD    /* a key itself, shown in the same language */
};
struct message_argument {
    const char *name;
    enum message_kind kind;
    str text;
    int64_t number;
};
struct message {
    const char *context;                                      /* NULL: none */
    str text;                                                 /* English; where `many` is there too, the form for one */
    const char *many;                                         /* English for any other number; NULL: the text does not depend on a number */
    struct message_argument arguments[MESSAGE_ARGUMENTS_MAX]; /* up to the first without a kind */
};
#define MESSAGE_TEXT(name_, text_)                                  \
    {                                                               \
        .name = (name_), .kind = MESSAGE_KIND_TEXT, .text = (text_) \
    }
#define MESSAGE_NUMBER(name_, number_)                                             \
    {                                                                              \
        .name = (name_), .kind = MESSAGE_KIND_NUMBER, .number = (int64_t)(number_) \
    }
#define MESSAGE_TIME(name_, seconds_)                                    \
    {                                                                    \
        .name = (name_), .kind = MESSAGE_KIND_TIME, .number = (seconds_) \
    }
#define MESSAGE_WORD(name_, english_)                                        \
    {                                                                        \
        .name = (name_), .kind = MESSAGE_KIND_WORD, .text = str_of(english_) \
    }
/* struct message values; the texts are literals. */
#define MESSAGE_PLAIN(text_)             ((struct message){.text = STR(text_)})
#define MESSAGE(text_, ...)              ((struct message){.text = STR(text_), .arguments = {__VA_ARGS__}})
#define MESSAGE_MANY(one_, many_, ...)   ((struct message){.text = STR(one_), .many = "" many_, .arguments = {__VA_ARGS__}})
#define MESSAGE_IN(context_, text_, ...) ((struct message){.context = "" context_, .text = STR(text_), .arguments = {__VA_ARGS__}})

/* The message with its arguments, as plain text. */
void message_add(struct buf *out, const struct message_language *language, const struct message *m);
/* The same as arena text; absent when the arena fails. */
str message_text(struct arena *a, const struct message_language *language, const struct message *m);
/* A key without arguments; borrowed. `english` itself when nothing else is known; absent stays absent. */
str message_word(const struct message_language *language, str english);

/* For who shows arguments in its own way. The translation without its arguments; borrowed. */
str message_translated(const struct message_language *language, const struct message *m);
enum message_piece_kind { MESSAGE_PIECE_TEXT = 1, MESSAGE_PIECE_ARGUMENT, MESSAGE_PIECE_OPEN, MESSAGE_PIECE_CLOSE };
struct message_piece {
    enum message_piece_kind kind;
    str text;  /* or the name */
    str whole; /* as it stands in the message: shown when there is no such argument or mark, so that a brace that a person typed stays */
};
bool message_next(str *rest, struct message_piece *piece);                          /* cuts the next piece off; false at the end */
const struct message_argument *message_argument(const struct message *m, str name); /* NULL: the message has none of that name */
/* "2026-11-22 03:00 UTC"; "" for 0 and for years that do not have four digits. */
enum { MESSAGE_TIME_SIZE = 24 };
void message_time(unix_time t, char out[MESSAGE_TIME_SIZE]);

/* Is there such a key? For tests and for templates, which must not name one that is missing. */
bool message_known(const char *context, str english);

/* Of the languages asked for, most wanted first, the first that is here by Lookup (RFC 4647 3.4: de-CH finds de). `ui_locales`
 * (OpenID Connect Core 3.1.2.1: tags by spaces) goes before `accept` (the header, RFC 9110 12.5.4, by its weights; weight 0 is never
 * chosen; `*` says nothing). What is malformed is passed over. English when none fits. Either may be absent. */
const struct message_language *message_choose(str ui_locales, str accept);
str message_tag(const struct message_language *language);               /* "en" */
const char *message_direction(const struct message_language *language); /* "ltr" or "rtl" */
const struct message_language *message_language_at(size_t i);           /* all that are here, English first; NULL past the last */

/* Which of `forms` is for n: a Plural-Forms expression of gettext over n (C's operators ?: || && == != < > <= >= + - * / % ! and
 * parentheses), at most MESSAGE_PLURAL_MAX bytes and MESSAGE_PLURAL_DEPTH deep. 0 when it is malformed, divides by zero, or says a form
 * that is not there: *sound, unless NULL, tells. */
enum { MESSAGE_PLURAL_MAX = 256, MESSAGE_PLURAL_DEPTH = 32 };
unsigned message_plural(const char *expression, unsigned forms, uint64_t n, bool *sound);
#endif
