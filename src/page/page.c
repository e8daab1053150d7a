/* SPDX-License-Identifier: MIT
 * page: fills a template and the layout around it. Relies on template.c for the steps and on codec/html for the one escape that
 * is right in content and in quoted attributes. Promises: no value reaches a page but through html_add (LS-19); a name that the
 * page left out, or one that the template does not mention, is an error and not a gap; the layout's own names may be left out
 * (an error page is made when little is known). */
#include "page/page.h"

#include "base/clock.h"
#include "codec/html.h"
#include "page/template.h"
#include "base/banned.h"

struct field {
    struct field *next;
    const char *name;
    bool list;
    str text;                        /* not a list */
    struct page_fields *rows, *last; /* a list */
};
struct page_fields {
    struct arena *arena;
    struct field *first, *last;
    struct page_fields *next; /* the next row of the same list */
    str base;                 /* of the whole page */
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
};

struct page_fields *page_fields_new(struct arena *a)
{
    struct page_fields *f = ARENA_NEW(a, struct page_fields);
    if (f)
        f->arena = a;
    return f;
}

static struct field *find(const struct page_fields *f, str name)
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
    struct field *x = find(f, str_of(name));
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

void page_put(struct page_fields *f, const char *name, str value)
{
    struct field *x = find_or_add(f, name);
    if (x)
        x->text = str_present(value) ? value : STR("");
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
    if (!f)
        return;
    str t = clock_rfc3339(f->arena, unix_seconds); /* 2026-11-22T03:00:00Z */
    size_t day = str_find(t, 'T');
    if (day + 6 > t.n)
        page_put(f, name, STR(""));
    else
        page_put(f, name, str_format(f->arena, "%.*s %.5s UTC", (int)day, t.p, t.p + day + 1));
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
        const struct field *x = find(s->fields, name);
        if (x)
            return x;
    }
    return NULL;
}

/* Every name that the steps mention is there, and is what the step takes it for; branches not taken count too. */
static bool complete(size_t from, size_t to, const struct scope *s)
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
            if (!complete(i + 1, step->end - 1, &(struct scope){row, s}))
                return false;
        i = step->end - 1;
    }
    return true;
}

static bool known(const struct page_fields *f, const struct template *t, const struct template *layout)
{
    for (const struct field *x = f->first; x; x = x->next) {
        if (!template_knows(t, x->name) && !template_knows(layout, x->name))
            return false;
        for (const struct page_fields *row = x->rows; row; row = row->next)
            if (!known(row, t, layout))
                return false;
    }
    return true;
}

static bool filled(const struct field *x)
{
    return x && (x->list ? x->rows != NULL : x->text.n > 0);
}

static void fill(const struct filler *w, size_t from, size_t to, const struct scope *s);

static void fill_place(const struct filler *w, str place, const struct scope *s)
{
    const struct template *t = w->page;
    if (!t)
        return;
    const struct template_step *first = template_step_at(t->first);
    bool titled = t->end > t->first && first->kind == TEMPLATE_TITLE;
    struct filler inner = {w->out, NULL, w->base};
    if (str_is(place, "main"))
        fill(&inner, titled ? first->end : t->first, t->end, s);
    else if (titled)
        fill(&inner, t->first + 1, first->end - 1, s);
}

/* A block: how often its inside is filled, and with what. */
static void fill_block(const struct filler *w, size_t at, const struct scope *s)
{
    const struct template_step *step = template_step_at(at);
    const struct field *x = look_up(s, step->text);
    if (step->kind != TEMPLATE_LIST) {
        if (filled(x) == (step->kind == TEMPLATE_WHEN))
            fill(w, at + 1, step->end - 1, s);
        return;
    }
    for (const struct page_fields *row = x ? x->rows : NULL; row; row = row->next)
        fill(w, at + 1, step->end - 1, &(struct scope){row, s});
}

static void fill_field(const struct filler *w, const struct template_step *step, const struct scope *s)
{
    const struct field *x = look_up(s, step->text);
    if (!x)
        return;
    if (step->kind == TEMPLATE_ADDRESS && str_starts(x->text, STR("/")))
        html_add(w->out, w->base);
    html_add(w->out, x->text); /* LS-19 */
}

static void fill(const struct filler *w, size_t from, size_t to, const struct scope *s)
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
    if (!complete(t->first, t->end, &scope))
        FAIL(SERVER_ERROR, "page: the template mentions a field that was not filled");
    if (!known(f, t, layout))
        FAIL(SERVER_ERROR, "page: a field was filled that the template does not know");
    struct buf out = buf_new(a, BUF_PAGE_MAX);
    fill(&(struct filler){&out, t, f->base}, layout->first, layout->end, &scope);
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
