/* SPDX-License-Identifier: MIT
 * template_message: what a translator sees of a sentence: {name} for a field, <a>…</a> for an element without its attributes, with a
 * number from the second of its kind on (<code2>). Relies on nothing; promises that a key holds nothing of the page's markup, so that a
 * translation can move elements about and cannot make any. tools/messages.py finds the same keys for the catalogue; a unit test holds
 * the two together. */
#include "page/template_message.h"

#include <string.h>

#include "base/ascii.h"
#include "base/banned.h"

struct cutter {
    struct template_sentence *out;
    size_t open[TEMPLATE_SLOTS_MAX]; /* slots of elements not yet closed */
    size_t depth;
};

static bool add_key_text(struct template_sentence *s, str text)
{
    if (text.n >= TEMPLATE_KEY_MAX - s->n)
        return false;
    for (size_t i = 0; i < text.n; i++)
        s->key[s->n++] = text.p[i];
    s->key[s->n] = '\0';
    return true;
}

static bool add_around(struct template_sentence *s, str before, str name, str after)
{
    return add_key_text(s, before) && add_key_text(s, name) && add_key_text(s, after);
}

static size_t find_text(str s, str wanted)
{
    for (size_t i = 0; i + wanted.n <= s.n; i++)
        if (str_starts((str){s.p + i, s.n - i}, wanted))
            return i;
    return s.n;
}

static void skip_bytes(str *s, size_t n)
{
    *s = (str){s->p + n, s->n - n};
}

static size_t name_length(str s)
{
    size_t n = 0;
    while (n < s.n && (ascii_letter(s.p[n]) || ascii_digit(s.p[n]) || s.p[n] == '_'))
        n++;
    return n;
}

static bool add_slot(struct template_sentence *s, str name, str source)
{
    if (s->count == TEMPLATE_SLOTS_MAX || name.n == 0)
        return false;
    s->slots[s->count].name = name;
    s->slots[s->count].source = source;
    s->count++;
    return true;
}

/* {{name}}, or <bdi>{{name}}</bdi> as one. */
static bool cut_field(struct cutter *c, str *rest)
{
    size_t bdi = str_starts(*rest, STR("<bdi>")) ? 5 : 0, end = find_text(*rest, STR("}}"));
    if (end == rest->n)
        return false;
    str name = {rest->p + bdi + 2, end - bdi - 2};
    size_t whole = end + 2;
    if (bdi && !str_starts((str){rest->p + whole, rest->n - whole}, STR("</bdi>")))
        return false;
    whole += bdi ? 6 : 0;
    if (name_length(name) != name.n || !add_slot(c->out, name, (str){rest->p, whole}))
        return false;
    skip_bytes(rest, whole);
    return add_around(c->out, STR("{"), name, STR("}"));
}

static str number_element_name(struct template_sentence *s, str element)
{
    size_t same = 1, n = 0;
    for (size_t i = 0; i < s->count; i++)
        same += s->slots[i].source.p[0] == '<' && str_starts(s->slots[i].name, element) &&
                name_length((str){s->slots[i].source.p + 1, s->slots[i].source.n - 1}) == element.n;
    if (same == 1)
        return element;
    char *name = s->names[s->count];
    for (; n < element.n; n++)
        name[n] = element.p[n];
    name[n++] = (char)('0' + same);
    return (str){name, n};
}

static bool cut_element(struct cutter *c, str *rest)
{
    size_t end = str_find(*rest, '>');
    str inside = {rest->p + 1, rest->n - 1};
    str element = {inside.p, name_length(inside)};
    if (end == rest->n || element.n == 0 || element.n > 10 || c->out->count == TEMPLATE_SLOTS_MAX)
        return false;
    str name = number_element_name(c->out, element);
    c->open[c->depth++] = c->out->count;
    if (!add_slot(c->out, name, (str){rest->p, end + 1}))
        return false;
    skip_bytes(rest, end + 1);
    return add_around(c->out, STR("<"), name, STR(">"));
}

static bool cut_end(struct cutter *c, str *rest)
{
    size_t end = str_find(*rest, '>');
    if (end == rest->n || c->depth == 0)
        return false;
    size_t slot = c->open[--c->depth];
    str element = {rest->p + 2, end - 2}, opened = c->out->slots[slot].source;
    if (!str_starts((str){opened.p + 1, opened.n - 1}, element) || name_length((str){opened.p + 1, opened.n - 1}) != element.n)
        return false;
    skip_bytes(rest, end + 1);
    return add_around(c->out, STR("</"), c->out->slots[slot].name, STR(">"));
}

static str cut_context(str *rest)
{
    size_t n = 0;
    while (n < rest->n && ((rest->p[n] >= 'a' && rest->p[n] <= 'z') || rest->p[n] == '-'))
        n++;
    if (n == 0 || n == rest->n || rest->p[n] != '|')
        return STR_ABSENT;
    str context = {rest->p, n};
    skip_bytes(rest, n + 1);
    return context;
}

bool template_message_cut(str rest, struct template_sentence *out)
{
    struct cutter c = {.out = out};
    out->n = out->count = 0;
    out->context = cut_context(&rest);
    while (rest.n > 0) {
        bool fits;
        if (str_starts(rest, STR("{{")) || str_starts(rest, STR("<bdi>{{")))
            fits = cut_field(&c, &rest);
        else if (str_starts(rest, STR("</")))
            fits = cut_end(&c, &rest);
        else if (rest.p[0] == '<')
            fits = cut_element(&c, &rest);
        else {
            fits = rest.p[0] != '&' && rest.p[0] != '\n' && rest.p[0] != '{' && add_key_text(out, (str){rest.p, 1});
            skip_bytes(&rest, 1);
        }
        if (!fits)
            return false;
    }
    return c.depth == 0 && out->n > 0;
}
