/* SPDX-License-Identifier: MIT
 * template: reads the embedded templates once, at the first use, into one static table of steps (the language stands in
 * page.h). Relies on assets.c for the bytes. Promises: after the first call nothing is parsed, allocated or changed any more,
 * so any number of threads may read; a malformed template is found as a missing one (fail closed), and a unit test fills every
 * template.
 *
 * Invariants: 1. blocks are closed by their own name, innermost first; 2. the title block comes first or not at all; 3. a part
 * ({{+file}}) is parsed into its place, one level deep; 4. `{{@file}}` becomes the address of a static file with its hash. */
#include "page/template.h"

#include <pthread.h>

#include "base/ascii.h"
#include "page/template_message.h"
#include "base/banned.h"

enum {
    STEPS_MAX = 8192,
    NAMES_MAX = 2048,
    TEMPLATES_MAX = 64,
    STATICS_MAX = 8,
    DEPTH_MAX = 8,
    PARTS_MAX = 3,
    MESSAGES_MAX = 1024,
    SLOTS_MAX = 512,
    KEYS_MAX = 1 << 16, /* bytes */
    ADDRESS_MAX = 64
};

static struct template_step steps[STEPS_MAX];
static str names[NAMES_MAX];
static struct template templates[TEMPLATES_MAX];
static struct page_asset statics[STATICS_MAX];
static char etags[STATICS_MAX][20], addresses[STATICS_MAX][ADDRESS_MAX];
static struct template_message messages[MESSAGES_MAX];
static struct template_slot slots[SLOTS_MAX];
static char keys[KEYS_MAX];
static size_t step_count, name_count, template_count, static_count, message_count, slot_count, key_bytes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct parser {
    struct template *into;
    size_t open[DEPTH_MAX]; /* blocks not yet closed */
    size_t depth, parts;
    bool at_address; /* the text before this tag ended in href=", action=" or src=" */
    bool in_tag;     /* an angle is open: what comes is part of an attribute */
};

static bool parse_template_text(struct parser *p, str text);

static bool add_step(enum template_kind kind, str text)
{
    if (step_count == STEPS_MAX)
        return false;
    steps[step_count++] = (struct template_step){.kind = kind, .text = text};
    return true;
}

static bool add_field(const struct parser *p, str name)
{
    if (!add_step(p->at_address ? TEMPLATE_ADDRESS : TEMPLATE_FIELD, name))
        return false;
    steps[step_count - 1].attribute = p->in_tag;
    return true;
}

static bool knows_template_name(const struct template *t, str name)
{
    for (size_t i = t->names_first; i < t->names_end; i++)
        if (str_equal(names[i], name))
            return true;
    return false;
}

static bool add_name(struct template *t, str name)
{
    if (name.n == 0)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_letter(name.p[i]) && !ascii_digit(name.p[i]) && name.p[i] != '_')
            return false;
    if (knows_template_name(t, name))
        return true;
    if (name_count == NAMES_MAX)
        return false;
    names[name_count++] = name;
    t->names_end = name_count;
    return true;
}

static bool open_block(struct parser *p, enum template_kind kind, str name)
{
    if (p->depth == DEPTH_MAX)
        return false;
    p->open[p->depth++] = step_count;
    if (kind == TEMPLATE_TITLE)
        return step_count == p->into->first && add_step(kind, name);
    return add_name(p->into, name) && add_step(kind, name);
}

static bool close_block(struct parser *p, str name)
{
    if (p->depth == 0)
        return false;
    struct template_step *opened = &steps[p->open[--p->depth]];
    if (!str_equal(opened->text, name) || !add_step(TEMPLATE_END, name))
        return false;
    opened->end = step_count;
    return true;
}

static const struct assets_file *file_of(str name)
{
    size_t count;
    const struct assets_file *files = assets_pages(&count);
    for (size_t i = 0; i < count; i++)
        if (str_is(name, files[i].name))
            return &files[i];
    return NULL;
}

static str file_text(const struct assets_file *file)
{
    return (str){file->first, (size_t)(file->end - file->first)};
}

static bool add_part(struct parser *p, str name)
{
    const struct assets_file *file = file_of(name);
    if (!file || p->parts == PARTS_MAX)
        return false;
    p->parts++;
    size_t depth = p->depth;
    bool sound = parse_template_text(p, file_text(file)) && p->depth == depth;
    p->parts--;
    return sound;
}

static bool add_address(str name)
{
    for (size_t i = 0; i < static_count; i++)
        if (str_is(name, statics[i].name))
            return add_step(TEMPLATE_BASE, STR("")) && add_step(TEMPLATE_TEXT, str_of(addresses[i]));
    return false;
}

static bool opens_address(str text)
{
    return str_ends(text, STR("href=\"")) || str_ends(text, STR("action=\"")) || str_ends(text, STR("src=\""));
}

/* Addresses of this server are written with a slash at their beginning, and filled below the issuer's path (page_base). */
static bool add_text(struct parser *p, str text)
{
    size_t begin = 0;
    for (size_t i = 0; i < text.n; i++) {
        p->in_tag = text.p[i] == '<' || (p->in_tag && text.p[i] != '>');
        if (text.p[i] != '/' || !opens_address((str){text.p, i}))
            continue;
        if (!add_step(TEMPLATE_TEXT, (str){text.p + begin, i - begin}) || !add_step(TEMPLATE_BASE, STR("")))
            return false;
        begin = i;
    }
    p->at_address = opens_address(text);
    return add_step(TEMPLATE_TEXT, (str){text.p + begin, text.n - begin});
}

static bool is_place(str name)
{
    return str_is(name, "title") || str_is(name, "main") || str_is(name, "lang") || str_is(name, "dir") || str_is(name, "zone");
}

static bool add_tag(struct parser *p, str tag)
{
    if (tag.n == 0)
        return false;
    str name = {tag.p + 1, tag.n - 1};
    switch (tag.p[0]) {
    case '#':
        return open_block(p, TEMPLATE_LIST, name);
    case '?':
        return open_block(p, TEMPLATE_WHEN, name);
    case '!':
        return open_block(p, TEMPLATE_UNLESS, name);
    case ':':
        return str_is(name, "title") && open_block(p, TEMPLATE_TITLE, name);
    case '/':
        return close_block(p, name);
    case '>':
        return is_place(name) && add_step(TEMPLATE_PLACE, name);
    case '+':
        return add_part(p, name);
    case '@':
        return add_address(name);
    default:
        return add_name(p->into, tag) && add_field(p, tag);
    }
}

/* A copy that lasts: keys are put together while templates are read. NULL: no room. */
static const char *keep_key(const char *text, size_t n)
{
    if (n >= KEYS_MAX - key_bytes)
        return NULL;
    char *kept = keys + key_bytes;
    for (size_t i = 0; i < n; i++)
        kept[i] = text[i];
    kept[n] = '\0';
    key_bytes += n + 1;
    return kept;
}

static bool add_slots(struct parser *p, const struct template_sentence *sentence)
{
    for (size_t i = 0; i < sentence->count; i++) {
        str name = sentence->slots[i].name;
        const char *kept = keep_key(name.p, name.n);
        if (!kept || slot_count == SLOTS_MAX)
            return false;
        struct template_slot *slot = &slots[slot_count++];
        *slot = (struct template_slot){{kept, name.n}, step_count, 0};
        bool in_tag = p->in_tag;
        if (!parse_template_text(p, sentence->slots[i].source))
            return false;
        p->in_tag = in_tag;
        slot->end = step_count;
    }
    return true;
}

static bool add_message(struct parser *p, str inside)
{
    struct template_sentence sentence;
    size_t at = step_count, depth = p->depth, number = message_count;
    if (!template_message_cut(inside, &sentence) || message_count == MESSAGES_MAX || !add_step(TEMPLATE_MESSAGE, STR("")))
        return false;
    const char *context = str_present(sentence.context) ? keep_key(sentence.context.p, sentence.context.n) : NULL;
    const char *key = keep_key(sentence.key, sentence.n);
    messages[message_count++] = (struct template_message){context, {key, sentence.n}, slot_count, slot_count};
    if (!key || (str_present(sentence.context) && !context) || !add_slots(p, &sentence) || p->depth != depth)
        return false;
    messages[number].slots_end = slot_count;
    steps[at].text = messages[number].key;
    steps[at].message = number;
    steps[at].end = step_count;
    return true;
}

static size_t find_pair(str text, char c)
{
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == c && text.p[i + 1] == c)
            return i;
    return text.n;
}

static bool parse_template_text(struct parser *p, str text)
{
    while (text.n > 0) {
        size_t tag = find_pair(text, '{'), sentence = find_pair(text, '['), at = tag < sentence ? tag : sentence;
        p->at_address = false;
        if (at > 0 && !add_text(p, (str){text.p, at}))
            return false;
        if (at == text.n)
            return true;
        text = (str){text.p + at + 2, text.n - at - 2};
        size_t end = find_pair(text, tag < sentence ? '}' : ']');
        if (end == text.n)
            return false;
        str inside = {text.p, end};
        if (tag < sentence ? !add_tag(p, inside) : !add_message(p, inside))
            return false;
        text = (str){text.p + end + 2, text.n - end - 2};
    }
    return true;
}

/* FNV-1a, 64 bits: tells one build's file from another's; protects nothing. */
static uint64_t hash_of(str bytes)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.n; i++)
        hash = (hash ^ (uint8_t)bytes.p[i]) * UINT64_C(1099511628211);
    return hash;
}

static void take_statics(void)
{
    static const char digits[] = "0123456789abcdef";
    size_t count;
    const struct assets_file *files = assets_static(&count);
    INVARIANT(count <= STATICS_MAX);
    for (size_t i = 0; i < count; i++) {
        str bytes = file_text(&files[i]);
        uint64_t hash = hash_of(bytes);
        char *etag = etags[i];
        etag[0] = '"';
        for (unsigned d = 0; d < 16; d++)
            etag[1 + d] = digits[(hash >> (60 - 4 * d)) & 15];
        etag[17] = '"';
        statics[i] = (struct page_asset){files[i].name, files[i].content_type, bytes, {etag, 18}};
        size_t n = 0;
        const str parts[] = {STR("/assets/"), str_of(files[i].name), STR("?v="), {etag + 1, 16}};
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
            for (size_t j = 0; j < parts[k].n && n + 1 < ADDRESS_MAX; j++)
                addresses[i][n++] = parts[k].p[j];
        static_count = i + 1;
    }
}

static void take_all(void)
{
    take_statics();
    size_t count;
    const struct assets_file *files = assets_pages(&count);
    INVARIANT(count <= TEMPLATES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct template *t = &templates[template_count++];
        *t = (struct template){files[i].name, step_count, 0, name_count, name_count, false};
        struct parser p = {.into = t};
        t->sound = parse_template_text(&p, file_text(&files[i])) && p.depth == 0;
        t->end = step_count;
    }
}

const struct template *template_find(const char *name)
{
    pthread_once(&once, take_all);
    for (size_t i = 0; i < template_count; i++)
        if (str_is(str_of(name), templates[i].name))
            return templates[i].sound ? &templates[i] : NULL;
    return NULL;
}

const struct template_step *template_step_at(size_t i)
{
    return &steps[i];
}

const struct template_message *template_message_at(size_t i)
{
    pthread_once(&once, take_all);
    return i < message_count ? &messages[i] : NULL;
}

const struct template_slot *template_slot_of(const struct template_message *m, str name)
{
    for (size_t i = m->slots_first; i < m->slots_end; i++)
        if (str_equal(slots[i].name, name))
            return &slots[i];
    return NULL;
}

bool template_knows(const struct template *t, const char *field)
{
    return knows_template_name(t, str_of(field));
}

const char *template_name(size_t i)
{
    pthread_once(&once, take_all);
    return i < template_count ? templates[i].name : NULL;
}

const struct page_asset *template_asset(str name)
{
    pthread_once(&once, take_all);
    for (size_t i = 0; i < static_count; i++)
        if (str_is(name, statics[i].name))
            return &statics[i];
    return NULL;
}
