/* SPDX-License-Identifier: MIT
 * page: fills a template and the layout around it. Relies on template.c for the steps and on codec/html for the one escape that
 * is right in content and in quoted attributes. Promises: no value reaches a page but through html_add (LS-19); a name that the
 * page left out, or one that the template does not mention, is an error and not a gap; the layout's own names may be left out
 * (an error page is made when little is known). */
#include "page/page.h"

#include "base/clock.h"
#include "codec/html.h"
#include "codec/zone.h"
#include "page/template.h"
#include "base/banned.h"

struct field {
    struct field *next;
    const char *name;
    bool list;
    str text;                        /* not a list; of a time or a message: what it is without one, or its English */
    int64_t time;                    /* other than 0: a time */
    const struct message *message;   /* not NULL: a message */
    struct page_fields *rows, *last; /* a list */
};
struct page_fields {
    struct arena *arena;
    struct field *first, *last;
    struct page_fields *next;                /* the next row of the same list */
    str base;                                /* of the whole page */
    const struct message_language *language; /* the same */
    str zone;                                /* the same */
};
/* Where names are looked up: the row, then what surrounds it. */
struct scope {
    const struct page_fields *fields;
    const struct scope *outer;
};
struct filler {
    struct buf *out;
    const struct template *page; /* what {{>main}} stands for; NULL inside the page itself */
    str base;
    const struct message_language *language;
    str zone;
    bool plain; /* inside <title>, where no element can be */
};

struct page_fields *page_fields_new(struct arena *a)
{
    struct page_fields *f = ARENA_NEW(a, struct page_fields);
    if (f)
        f->arena = a;
    return f;
}

static struct field *find_page_field(const struct page_fields *f, str name)
{
    for (struct field *x = f ? f->first : NULL; x; x = x->next)
        if (str_is(name, x->name))
            return x;
    return NULL;
}

static struct field *find_or_add(struct page_fields *f, const char *name)
{
    if (!f)
        return NULL;
    struct field *x = find_page_field(f, str_of(name));
    if (x)
        return x;
    x = ARENA_NEW(f->arena, struct field);
    if (!x)
        return NULL;
    x->name = name;
    if (f->last)
        f->last->next = x;
    else
        f->first = x;
    f->last = x;
    return x;
}

void page_base(struct page_fields *f, str base)
{
    if (f)
        f->base = base;
}

void page_language(struct page_fields *f, const struct message_language *language)
{
    if (f)
        f->language = language;
}

void page_zone(struct page_fields *f, str zone)
{
    if (f)
        f->zone = zone;
}

static void put_page_field(struct page_fields *f, const char *name, const struct field *value)
{
    struct field *x = find_or_add(f, name);
    if (!x)
        return;
    x->text = str_present(value->text) ? value->text : STR("");
    x->time = value->time;
    x->message = value->message;
}

void page_put(struct page_fields *f, const char *name, str value)
{
    put_page_field(f, name, &(struct field){.text = value});
}

void page_put_message(struct page_fields *f, const char *name, const struct message *m)
{
    struct message *copy = f ? ARENA_NEW(f->arena, struct message) : NULL;
    if (!copy)
        return;
    *copy = *m;
    put_page_field(f, name, &(struct field){.text = m->text, .message = copy});
}

void page_put_word(struct page_fields *f, const char *name, str english)
{
    page_put_message(f, name, &(struct message){.text = str_present(english) ? english : STR("")});
}

void page_put_number(struct page_fields *f, const char *name, int64_t value)
{
    if (f)
        page_put(f, name, str_format(f->arena, "%lld", (long long)value));
}

void page_put_flag(struct page_fields *f, const char *name, bool on)
{
    page_put(f, name, on ? STR("1") : STR(""));
}

void page_put_time(struct page_fields *f, const char *name, int64_t unix_seconds)
{
    char text[MESSAGE_TIME_SIZE];
    message_time(unix_seconds, text);
    if (f)
        put_page_field(f, name, &(struct field){.text = str_dup(f->arena, str_of(text)), .time = text[0] ? unix_seconds : 0});
}

void page_list(struct page_fields *f, const char *list)
{
    struct field *x = find_or_add(f, list);
    if (!x)
        return;
    x->list = true;
    x->rows = x->last = NULL;
}

struct page_fields *page_row(struct page_fields *f, const char *list)
{
    if (!f)
        return NULL;
    struct page_fields *row = page_fields_new(f->arena);
    struct field *x = row ? find_or_add(f, list) : NULL;
    if (!x)
        return NULL;
    x->list = true;
    if (x->last)
        x->last->next = row;
    else
        x->rows = row;
    x->last = row;
    return row;
}

static const struct field *look_up(const struct scope *s, str name)
{
    for (; s; s = s->outer) {
        const struct field *x = find_page_field(s->fields, name);
        if (x)
            return x;
    }
    return NULL;
}

/* Every name that the steps mention is there, and is what the step takes it for; branches not taken count too. */
static bool has_all_template_names(size_t from, size_t to, const struct scope *s)
{
    for (size_t i = from; i < to; i++) {
        const struct template_step *step = template_step_at(i);
        bool list = step->kind == TEMPLATE_LIST, value = step->kind == TEMPLATE_FIELD || step->kind == TEMPLATE_ADDRESS;
        if (!list && !value && step->kind != TEMPLATE_WHEN && step->kind != TEMPLATE_UNLESS)
            continue;
        const struct field *x = look_up(s, step->text);
        if (!x || (list && !x->list) || (value && x->list))
            return false;
        if (!list)
            continue;
        for (const struct page_fields *row = x->rows; row; row = row->next)
            if (!has_all_template_names(i + 1, step->end - 1, &(struct scope){row, s}))
                return false;
        i = step->end - 1;
    }
    return true;
}

static bool are_fields_known(const struct page_fields *f, const struct template *t, const struct template *layout)
{
    for (const struct field *x = f->first; x; x = x->next) {
        if (!template_knows(t, x->name) && !template_knows(layout, x->name))
            return false;
        for (const struct page_fields *row = x->rows; row; row = row->next)
            if (!are_fields_known(row, t, layout))
                return false;
    }
    return true;
}

static bool is_field_filled(const struct field *x)
{
    return x && (x->list ? x->rows != NULL : x->text.n > 0);
}

static void fill_template_steps(const struct filler *w, size_t from, size_t to, const struct scope *s);

static void fill_place(const struct filler *w, str place, const struct scope *s)
{
    const struct template *t = w->page;
    if (str_is(place, "lang"))
        html_add(w->out, message_tag(w->language));
    else if (str_is(place, "dir"))
        buf_add_z(w->out, message_direction(w->language));
    else if (str_is(place, "zone"))
        html_add(w->out, w->zone);
    if (!t || str_is(place, "lang") || str_is(place, "dir") || str_is(place, "zone"))
        return;
    const struct template_step *first = template_step_at(t->first);
    bool titled = t->end > t->first && first->kind == TEMPLATE_TITLE;
    struct filler inner = {w->out, NULL, w->base, w->language, w->zone, str_is(place, "title")};
    if (str_is(place, "main"))
        fill_template_steps(&inner, titled ? first->end : t->first, t->end, s);
    else if (titled)
        fill_template_steps(&inner, t->first + 1, first->end - 1, s);
}

/* A block: how often its inside is filled, and with what. */
static void fill_block(const struct filler *w, size_t at, const struct scope *s)
{
    const struct template_step *step = template_step_at(at);
    const struct field *x = look_up(s, step->text);
    if (step->kind != TEMPLATE_LIST) {
        if (is_field_filled(x) == (step->kind == TEMPLATE_WHEN))
            fill_template_steps(w, at + 1, step->end - 1, s);
        return;
    }
    for (const struct page_fields *row = x ? x->rows : NULL; row; row = row->next)
        fill_template_steps(w, at + 1, step->end - 1, &(struct scope){row, s});
}

static void add_time(const struct filler *w, int64_t t)
{
    char text[ZONE_TEXT_SIZE], exact[CLOCK_TEXT_SIZE];
    zone_write(w->zone, t, text);
    clock_write(t, exact);
    buf_add(w->out, STR("<time datetime=\""));
    buf_add_z(w->out, exact);
    buf_add(w->out, STR("\">"));
    buf_add_z(w->out, text);
    buf_add(w->out, STR("</time>"));
}

static void add_argument(const struct filler *w, const struct message_argument *x)
{
    switch (x->kind) {
    case MESSAGE_KIND_TEXT:
        buf_add(w->out, STR("<bdi>"));
        html_add(w->out, x->text); /* LS-19 */
        buf_add(w->out, STR("</bdi>"));
        break;
    case MESSAGE_KIND_NUMBER:
        buf_i64(w->out, x->number);
        break;
    case MESSAGE_KIND_TIME:
        add_time(w, x->number);
        break;
    case MESSAGE_KIND_WORD:
        html_add(w->out, message_word(w->language, x->text));
        break;
    case MESSAGE_KIND_NONE:
        break;
    }
}

static void add_message(const struct filler *w, const struct message *m)
{
    struct message_piece piece;
    for (str rest = message_translated(w->language, m); message_next(&rest, &piece);) {
        const struct message_argument *x = piece.kind == MESSAGE_PIECE_ARGUMENT ? message_argument(m, piece.text) : NULL;
        if (x)
            add_argument(w, x);
        else
            html_add(w->out, piece.whole);
    }
}

/* In an attribute no element can be. */
static void add_plain(const struct filler *w, const struct message *m)
{
    struct buf text = buf_new(w->out->arena, MESSAGE_TEXT_MAX);
    str done = STR("");
    message_add(&text, w->language, m);
    if (FAILED(buf_done(&text, &done)))
        w->out->over = true; /* no half a page */
    html_add(w->out, done);
}

static void fill_field(const struct filler *w, const struct template_step *step, const struct scope *s)
{
    const struct field *x = look_up(s, step->text);
    if (!x)
        return;
    if (step->kind == TEMPLATE_ADDRESS && str_starts(x->text, STR("/")))
        html_add(w->out, w->base);
    bool plain = w->plain || step->attribute;
    if (x->message && plain)
        add_plain(w, x->message);
    else if (x->message)
        add_message(w, x->message);
    else if (x->time && !plain)
        add_time(w, x->time);
    else
        html_add(w->out, x->text); /* LS-19 */
}

static void close_element(const struct filler *w, str name)
{
    while (name.n > 0 && name.p[name.n - 1] >= '2' && name.p[name.n - 1] <= '9') /* <code2> is a <code> */
        name.n--;
    buf_add(w->out, STR("</"));
    buf_add(w->out, name);
    buf_char(w->out, '>');
}

/* A translation places what the template has; it brings text alone. */
static void fill_sentence(const struct filler *w, const struct template_step *step, const struct scope *s)
{
    const struct template_message *m = template_message_at(step->message);
    struct message_piece piece;
    str rest = message_translated(w->language, &(struct message){.context = m->context, .text = m->key});
    while (message_next(&rest, &piece)) {
        const struct template_slot *slot = piece.kind == MESSAGE_PIECE_TEXT ? NULL : template_slot_of(m, piece.text);
        if (!slot)
            html_add(w->out, piece.whole);
        else if (piece.kind == MESSAGE_PIECE_CLOSE)
            close_element(w, slot->name);
        else
            fill_template_steps(w, slot->first, slot->end, s);
    }
}

static void fill_template_steps(const struct filler *w, size_t from, size_t to, const struct scope *s)
{
    for (size_t i = from; i < to; i++) {
        const struct template_step *step = template_step_at(i);
        switch (step->kind) {
        case TEMPLATE_TEXT:
            buf_add(w->out, step->text);
            break;
        case TEMPLATE_BASE:
            html_add(w->out, w->base);
            break;
        case TEMPLATE_ADDRESS:
        case TEMPLATE_FIELD:
            fill_field(w, step, s);
            break;
        case TEMPLATE_LIST:
        case TEMPLATE_WHEN:
        case TEMPLATE_UNLESS:
            fill_block(w, i, s);
            i = step->end - 1;
            break;
        case TEMPLATE_MESSAGE:
            fill_sentence(w, step, s);
            i = step->end - 1;
            break;
        case TEMPLATE_PLACE:
            fill_place(w, step->text, s);
            break;
        case TEMPLATE_TITLE:
        case TEMPLATE_END:
            break;
        }
    }
}

err page_fill(struct arena *a, const char *template_name, const struct page_fields *f, str *html)
{
    const struct template *t = template_find(template_name), *layout = template_find("layout.html");
    if (!t || !layout)
        FAIL(SERVER_ERROR, "page: no such template, or it is malformed");
    if (!f || arena_failed(a))
        FAIL(UNAVAILABLE, "page: fields were lost for want of memory");
    struct scope scope = {f, NULL};
    if (!has_all_template_names(t->first, t->end, &scope))
        FAIL(SERVER_ERROR, "page: the template mentions a field that was not filled");
    if (!are_fields_known(f, t, layout))
        FAIL(SERVER_ERROR, "page: a field was filled that the template does not know");
    struct buf out = buf_new(a, BUF_PAGE_MAX);
    fill_template_steps(&(struct filler){&out, t, f->base, f->language, f->zone, false}, layout->first, layout->end, &scope);
    return buf_done(&out, html);
}

const char *page_template_name(size_t i)
{
    return template_name(i);
}

const struct page_asset *page_asset(str name)
{
    return template_asset(name);
}
