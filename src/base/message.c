/* SPDX-License-Identifier: MIT
 * message: finds a key among the compiled ones (binary search over one block of text), its translation by number, and puts arguments
 * in their places. Relies on the order that tools/catalogue.awk gives the keys. Promises: a lookup takes no memory; a text is read once
 * from left to right, and an argument's text is never read for braces; whatever a catalogue lacks is English. */
#include "base/message.h"

#include <string.h>

#include "base/ascii.h"
#include "base/message_catalogue.h"
#include "base/banned.h"

enum { NOWHERE = -1, CONTEXT_END = 4 };

/* As memcmp orders "context\004text", without putting it together. */
static int compare_message_key(const char *key, const char *context, str text)
{
    if (context) {
        size_t n = strlen(context);
        int order = strncmp(key, context, n);
        if (order != 0)
            return order;
        if (key[n] != CONTEXT_END)
            return (unsigned char)key[n] - CONTEXT_END;
        key += n + 1;
    }
    int order = strncmp(key, text.p, text.n);
    return order != 0 ? order : key[text.n] != '\0';
}

static long find_message_key(const char *context, str text)
{
    size_t low = 0, high = message_key_count;
    if (!str_filled(text))
        return NOWHERE;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_message_key(message_key_text + message_key_at[middle], context, text);
        if (order == 0)
            return (long)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NOWHERE;
}

/* Absent: none. */
static str find_translation(const struct message_language *l, const char *context, str text)
{
    if (!l || l == message_languages)
        return STR_ABSENT;
    long at = find_message_key(context, text);
    if (at < 0 || l->at[at + 1] == l->at[at])
        return STR_ABSENT;
    return (str){l->text + l->at[at], l->at[at + 1] - l->at[at] - 1};
}

static int64_t count_of(const struct message *m)
{
    for (size_t i = 0; i < MESSAGE_ARGUMENTS_MAX && m->arguments[i].kind; i++)
        if (m->arguments[i].kind == MESSAGE_KIND_NUMBER)
            return m->arguments[i].number;
    return 0;
}

str message_translated(const struct message_language *l, const struct message *m)
{
    str found = find_translation(l, m->context, m->text);
    if (!m->many)
        return str_present(found) ? (str){found.p, strlen(found.p)} : m->text;
    int64_t count = count_of(m);
    uint64_t n = count < 0 ? -(uint64_t)count : (uint64_t)count;
    if (!str_present(found))
        return n == 1 ? m->text : str_of(m->many);
    unsigned form = message_plural(l->plural, l->forms, n, NULL);
    const char *p = found.p, *end = found.p + found.n;
    for (; form > 0 && p + strlen(p) < end; form--)
        p += strlen(p) + 1;
    return str_of(p);
}

str message_word(const struct message_language *l, str english)
{
    str found = find_translation(l, NULL, english);
    return str_present(found) ? (str){found.p, strlen(found.p)} : english;
}

bool message_known(const char *context, str english)
{
    return find_message_key(context, english) != NOWHERE;
}

/* The length of a name at the beginning that `end` follows; 0: there is none. */
static size_t name_before(str s, char end)
{
    size_t n = 0;
    while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || ascii_digit(s.p[n]) || s.p[n] == '_'))
        n++;
    return n > 0 && n < s.n && s.p[n] == end ? n : 0;
}

static bool cut_special(str *rest, struct message_piece *piece)
{
    size_t skip = str_starts(*rest, STR("</")) ? 2 : 1;
    bool brace = rest->p[0] == '{';
    if (!brace && rest->p[0] != '<')
        return false;
    str inside = {rest->p + skip, rest->n - skip};
    size_t n = name_before(inside, brace ? '}' : '>');
    if (n == 0)
        return false;
    piece->kind = brace ? MESSAGE_PIECE_ARGUMENT : skip == 2 ? MESSAGE_PIECE_CLOSE : MESSAGE_PIECE_OPEN;
    piece->text = (str){inside.p, n};
    piece->whole = (str){rest->p, skip + n + 1};
    *rest = (str){inside.p + n + 1, inside.n - n - 1};
    return true;
}

bool message_next(str *rest, struct message_piece *piece)
{
    if (rest->n == 0)
        return false;
    if (cut_special(rest, piece))
        return true;
    size_t n = 1;
    while (n < rest->n && rest->p[n] != '{' && rest->p[n] != '<')
        n++;
    piece->kind = MESSAGE_PIECE_TEXT;
    piece->text = piece->whole = (str){rest->p, n};
    *rest = (str){rest->p + n, rest->n - n};
    return true;
}

void message_time(unix_time t, char out[MESSAGE_TIME_SIZE])
{
    char text[CLOCK_TEXT_SIZE]; /* 2026-11-22T03:00:00Z */
    clock_write(t, text);
    out[0] = '\0';
    if (text[0] == '\0')
        return;
    memcpy(out, text, 16);
    out[10] = ' ';
    memcpy(out + 16, " UTC", 5);
}

static void add_argument(struct buf *out, const struct message_language *l, const struct message_argument *x)
{
    char time[MESSAGE_TIME_SIZE];
    switch (x->kind) {
    case MESSAGE_KIND_NONE:
        break;
    case MESSAGE_KIND_TEXT:
        buf_add(out, x->text);
        break;
    case MESSAGE_KIND_NUMBER:
        buf_i64(out, x->number);
        break;
    case MESSAGE_KIND_TIME:
        message_time(x->number, time);
        buf_add_z(out, time);
        break;
    case MESSAGE_KIND_WORD:
        buf_add(out, message_word(l, x->text));
        break;
    }
}

const struct message_argument *message_argument(const struct message *m, str name)
{
    for (size_t i = 0; i < MESSAGE_ARGUMENTS_MAX && m->arguments[i].kind; i++)
        if (str_is(name, m->arguments[i].name))
            return &m->arguments[i];
    return NULL;
}

void message_add(struct buf *out, const struct message_language *l, const struct message *m)
{
    struct message_piece piece;
    for (str rest = message_translated(l, m); message_next(&rest, &piece);) {
        const struct message_argument *x = piece.kind == MESSAGE_PIECE_ARGUMENT ? message_argument(m, piece.text) : NULL;
        if (x)
            add_argument(out, l, x);
        else
            buf_add(out, piece.whole);
    }
}

str message_text(struct arena *a, const struct message_language *l, const struct message *m)
{
    struct buf out = buf_new(a, MESSAGE_TEXT_MAX);
    str text;
    message_add(&out, l, m);
    return FAILED(buf_done(&out, &text)) ? STR_ABSENT : text;
}
