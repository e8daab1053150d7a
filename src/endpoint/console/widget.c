/* SPDX-License-Identifier: MIT
 * widget: what many pages share. Relies on call_fields and on the facts in memory. Promises: typed values come back as they
 * were typed (page_fill escapes them), every problem is shown at least in the summary, page numbers are bounded (AD-09). */
#include "endpoint/console/widget.h"
#include "scope/scopes.h"

#include "codec/percent.h"
#include "base/banned.h"

enum {
    PAGE_MAX = 1000000,
    DEVICE_SECONDS = 400 * 86400, /* the longest that browsers keep a cookie (RFC 6265bis 5.5) */
};

struct page_fields *widget_account(struct call *c, const char *nav)
{
    struct page_fields *f = call_fields(c);
    page_put_flag(f, "in_account", true);
    page_put_flag(f, nav, true);
    return f;
}

struct page_fields *widget_admin(struct call *c, const char *nav)
{
    struct page_fields *f = call_fields(c);
    page_put_flag(f, "in_admin", true);
    if (nav)
        page_put_flag(f, nav, true);
    return f;
}

void widget_typed(struct call *c, struct page_fields *f, const char *const *names)
{
    for (; *names; names++)
        page_put(f, *names, form_get(&c->form, *names));
}

void widget_empty(struct page_fields *f, const char *const *names)
{
    for (; *names; names++)
        page_put(f, *names, STR(""));
}

str widget_problem(const struct call *c, const struct problems *p, const char *name)
{
    struct arena *a = c->context->arena;
    struct buf b = buf_new(a, BUF_LINE_MAX);
    str out = STR("");
    for (size_t i = 0; p && i < p->count; i++) {
        if (!str_is(str_of(p->rows[i].field), name))
            continue;
        buf_word(&b, problem_text(a, c->context->language, &p->rows[i]));
    }
    return b.n == 0 || FAILED(buf_done(&b, &out)) ? STR("") : out;
}

/* Does the form have such a field, to lead to? */
static bool has_form_field(const char *const *names, const char *field)
{
    for (; *names; names++)
        if (str_is(str_of(field), *names))
            return true;
    return false;
}

void widget_problems(struct call *c, struct page_fields *f, const struct problems *p, const char *const *names)
{
    struct arena *a = c->context->arena;
    for (const char *const *name = names; *name; name++) {
        str field = str_format(a, "problem_%s", *name);
        if (str_present(field))
            page_put(f, field.p, widget_problem(c, p, *name));
    }
    page_list(f, "problems");
    for (size_t i = 0; i < p->count; i++) {
        struct page_fields *row = page_row(f, "problems");
        page_put(row, "message", problem_text(a, c->context->language, &p->rows[i]));
        page_put(row, "field", has_form_field(names, p->rows[i].field) ? str_of(p->rows[i].field) : STR(""));
    }
    if (p->count > 0)
        page_put_word(f, "error", STR("Nothing has been changed yet. Please correct this:"));
}

void widget_sound(struct call *c, struct page_fields *f, const char *const *names)
{
    struct problems none = {.count = 0};
    page_put(f, "error", STR(""));
    widget_problems(c, f, &none, names);
}

err widget_refused(struct call *c, struct page_fields *f, err why, int *status)
{
    switch (err_status(why)) {
    case 409:
    case 422:
    case 429:
        break;
    default:
        return why;
    }
    c->response->refused = why;
    *status = err_status(why);
    page_put_word(f, "error", str_of(err_say(why)));
    return OK;
}

str widget_words(struct call *c, const char *name)
{
    struct buf b = buf_new(c->context->arena, HTTP_BODY_MAX);
    str word, out = STR("");
    for (size_t at = 0; form_each(&c->form, name, &at, &word);) {
        buf_word(&b, word);
    }
    return b.n == 0 || FAILED(buf_done(&b, &out)) ? STR("") : out;
}

void widget_scopes(struct call *c, struct page_fields *f, str chosen)
{
    static const struct {
        const char *kind, *label;
    } groups[] = {
        {"service", SAY("Services")},
        {"identity", SAY("Identity")},
        {"own", SAY("Own account")},
        {"server", SAY("Permissions over this server")},
    };
    size_t count;
    const struct db_scope **scopes = cache_scopes(c->context->snapshot, c->context->arena, &count);
    page_list(f, "scope_groups");
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        struct page_fields *group = NULL;
        for (size_t i = 0; i < count; i++) {
            if (!str_is(str_of(scopes_kind(scopes[i])), groups[g].kind))
                continue;
            if (!group) { /* a group without scopes is not shown */
                group = page_row(f, "scope_groups");
                page_put_word(group, "group", str_of(groups[g].label));
                page_list(group, "scopes");
            }
            struct page_fields *row = page_row(group, "scopes");
            page_put(row, "scope", scopes[i]->name);
            page_put_word(row, "description", scopes[i]->description);
            page_put_flag(row, "chosen", str_has_word(chosen, scopes[i]->name));
        }
    }
}

str widget_escaped(struct call *c, str text)
{
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX);
    str out = STR("");
    percent_add(&b, text);
    return FAILED(buf_done(&b, &out)) ? STR("") : out;
}

str widget_place(struct call *c, const char *before, str id, const char *after)
{
    str escaped = widget_escaped(c, id);
    return str_format(c->context->arena, "%s%.*s%s", before, STR_FMT(escaped), after);
}

int64_t widget_number(struct call *c, const char *name, int64_t none, struct problems *p)
{
    uint64_t value;
    str text = str_trim(form_get(&c->form, name));
    if (!str_filled(text))
        return none;
    if (FAILED(str_u64(text, INT32_MAX, &value))) {
        problem_add(p, name, STR("Enter a whole number in digits, or leave it empty."));
        return none;
    }
    return (int64_t)value;
}

struct db_page widget_page(struct call *c)
{
    uint64_t page = 1;
    str filter = form_get(&c->form, "filter");
    if (FAILED(str_u64(form_get(&c->form, "page"), PAGE_MAX, &page)) || page == 0)
        page = 1;
    return (struct db_page){.filter = filter, .limit = WIDGET_ROWS, .offset = (int64_t)(page - 1) * WIDGET_ROWS};
}

static str page_address(struct call *c, const struct db_page *page, int64_t number)
{
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX);
    str out = STR("");
    buf_char(&b, '?');
    if (str_filled(page->filter))
        form_add(&b, STR("filter"), page->filter);
    form_add(&b, STR("page"), str_format(c->context->arena, "%lld", (long long)number));
    return FAILED(buf_done(&b, &out)) ? STR("") : out;
}

void widget_pager(struct call *c, struct page_fields *f, const struct db_page *page, int64_t total)
{
    int64_t number = page->offset / page->limit + 1, last = page->offset + page->limit;
    page_put(f, "previous", number > 1 ? page_address(c, page, number - 1) : STR(""));
    page_put(f, "next", last < total ? page_address(c, page, number + 1) : STR(""));
    page_put_number(f, "from", page->offset + 1);
    page_put_number(f, "to", last < total ? last : total);
    page_put(f, "total", total <= page->offset ? STR("") : str_format(c->context->arena, "%lld", (long long)total));
}

err widget_login_again(struct call *c, str back)
{
    return call_redirect(c, widget_place(c, "/login?again=1&return_to=", back, ""));
}

err widget_known_device(struct call *c, const struct db_user *user)
{
    str device;
    TRY(session_device_make(c->context, user, &device));
    struct response_cookie_rule rule = {.secure = c->request->secure, .max_age = DEVICE_SECONDS, .path = c->context->authority->base};
    return response_cookie(c->response, session_device_cookie_name(c->context->arena, c->context->authority), device, &rule);
}
