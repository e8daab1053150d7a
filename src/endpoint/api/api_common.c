/* SPDX-License-Identifier: MIT
 * api_common: what all API handlers share. Parses once into typed values; whatever is wrong with a field becomes a problem of that
 * field, so that one answer tells everything that is wrong. */
#include "endpoint/api/api.h"
#include "client/subject.h"
#include "user/user.h"
#include "base/banned.h"

enum { PER_PAGE = 10, PER_PAGE_MAX = 100, PAGE_MAX = 1000000, SHOWN_MAX = 64 };
#define LIST_TAKES "filter, order_by, order_direction, per_page, page"

static str cut_shown_name(str name)
{
    return (str){name.p, name.n < SHOWN_MAX ? name.n : SHOWN_MAX};
}

static void number_of(struct call *c, const char *name, uint64_t most, uint64_t *out)
{
    uint64_t value;
    str text = form_get(&c->form, name);
    if (!str_present(text))
        return;
    if (FAILED(str_u64(text, most, &value)) || value == 0)
        problem_tell(&c->problems, name, c->context->arena, &MESSAGE("Must be a whole number from 1 to {most}.", MESSAGE_NUMBER("most", most)));
    else
        *out = value;
}

/* What nobody would look at is refused, not passed over: a filter with a typing error would seem to filter (AD-09). */
static void judge_names(struct call *c, const char *more)
{
    static const char *const known[] = {"filter", "order_by", "order_direction", "per_page", "page"};
    for (size_t i = 0; i < c->form.count; i++) {
        str name = c->form.fields[i].name;
        bool found = more && str_is(name, more);
        for (size_t k = 0; k < sizeof known / sizeof known[0] && !found; k++)
            found = str_is(name, known[k]);
        if (!found)
            problem_tell(&c->problems, "query", c->context->arena,
                         &MESSAGE("The parameter {name} is unknown here; this list takes {known}.", MESSAGE_TEXT("name", cut_shown_name(name)),
                                  MESSAGE_TEXT("known", more ? str_format(c->context->arena, LIST_TAKES ", %s", more) : STR(LIST_TAKES))));
    }
}

fallible api_page_of(struct call *c, const char *more, struct db_page *page)
{
    uint64_t per_page = PER_PAGE, number = 1;
    str direction = form_get(&c->form, "order_direction");
    judge_names(c, more);
    number_of(c, "per_page", PER_PAGE_MAX, &per_page);
    number_of(c, "page", PAGE_MAX, &number);
    if (str_present(direction) && !str_equal_nocase(direction, STR("asc")) && !str_equal_nocase(direction, STR("desc")))
        problem_add(&c->problems, "order_direction", STR("Must be asc or desc."));
    TRY(problem_result(&c->problems));
    *page = (struct db_page){
        .filter = form_get(&c->form, "filter"),
        .order_by = form_get(&c->form, "order_by"),
        .descending = str_equal_nocase(direction, STR("desc")),
        .limit = (int64_t)per_page,
        .offset = (int64_t)((number - 1) * per_page),
    };
    return OK;
}

fallible api_page(struct call *c, struct db_page *page)
{
    return api_page_of(c, NULL, page);
}

struct json_writer api_rows(struct call *c)
{
    struct json_writer w = call_object(c);
    json_write_list(&w, "data");
    return w;
}

fallible api_list(struct call *c, const struct db_page *page, struct json_writer *w, size_t count, int64_t total)
{
    int64_t pages = (total + page->limit - 1) / page->limit;
    pages = pages > 0 ? pages : 1;
    json_write_end(w);
    json_write_object(w, "meta");
    json_write_text(w, "filter", str_present(page->filter) ? page->filter : STR(""));
    json_write_integer(w, "count", (int64_t)count);
    json_write_integer(w, "total", total);
    json_write_integer(w, "per_page", page->limit);
    json_write_integer(w, "current_page", page->offset / page->limit + 1);
    json_write_integer(w, "total_pages", pages);
    json_write_integer(w, "last_page", pages);
    if (count > 0) {
        json_write_integer(w, "from", page->offset + 1);
        json_write_integer(w, "to", page->offset + (int64_t)count);
    } else {
        json_write_null(w, "from");
        json_write_null(w, "to");
    }
    json_write_end(w);
    return call_json(c, 200, w);
}

static const char *known_name(const char *const *known, str name)
{
    for (; *known; known++)
        if (str_is(name, *known))
            return *known;
    return NULL;
}

fallible api_body(struct call *c, const char *const *known, const json **object)
{
    json *body;
    str name;
    const json *value;
    void *iterator = NULL;
    if (FAILED(json_parse(c->context->arena, c->request->body, &body)) || !json_is_object(body))
        REFUSE(INVALID_REQUEST, "The body must be one JSON object.", "api: body is not a JSON object");
    while (json_each(body, &iterator, &name, &value))
        if (!known_name(known, name)) /* AD-04 */
            problem_tell(&c->problems, "body", c->context->arena,
                         &MESSAGE("The field {name} is unknown or cannot be set here.", MESSAGE_TEXT("name", cut_shown_name(name))));
    TRY(problem_result(&c->problems));
    *object = body;
    return OK;
}

void api_text(struct call *c, const json *object, const char *name, str *out)
{
    const json *value = json_member(object, name);
    if (!value)
        return;
    if (json_is_nothing(value))
        *out = STR("");
    else if (json_is_text(value))
        *out = json_text_of(value);
    else
        problem_add(&c->problems, name, STR("Must be a string."));
}

void api_flag(struct call *c, const json *object, const char *name, int *out)
{
    bool on;
    const json *value = json_member(object, name);
    if (!value)
        return;
    if (json_boolean_of(value, &on))
        *out = on;
    else
        problem_add(&c->problems, name, STR("Must be true or false."));
}

void api_number(struct call *c, const json *object, const char *name, int64_t *out)
{
    int64_t number;
    const json *value = json_member(object, name);
    if (!value || json_is_nothing(value))
        return;
    if (json_integer_of(value, &number) && number >= 0)
        *out = number;
    else
        problem_add(&c->problems, name, STR("Must be a whole number, 0 or more."));
}

void api_words(struct call *c, const json *object, const char *name, char separator, str *out)
{
    const json *value = json_member(object, name);
    struct buf b = buf_new(c->context->arena, HTTP_BODY_MAX);
    str text;
    if (!value)
        return;
    if (json_is_text(value)) {
        *out = json_text_of(value);
        return;
    }
    if (!json_is_list(value)) {
        problem_add(&c->problems, name, STR("Must be a list of strings."));
        return;
    }
    for (size_t i = 0; i < json_count(value); i++) {
        const json *item = json_at(value, i);
        if (!json_is_text(item) || str_find(json_text_of(item), separator) < json_text_of(item).n) {
            problem_add(&c->problems, name, STR("Must be a list of strings."));
            return;
        }
        if (i > 0)
            buf_char(&b, separator);
        buf_add(&b, json_text_of(item));
    }
    if (FAILED(buf_done(&b, &text)))
        problem_add(&c->problems, name, STR("Must be shorter."));
    else
        *out = text;
}

void api_write_time(struct call *c, struct json_writer *w, const char *name, unix_time t)
{
    if (t == 0)
        json_write_null(w, name);
    else
        json_write_text(w, name, clock_rfc3339(c->context->arena, t));
}

void api_write_lines(struct json_writer *w, const char *name, str lines)
{
    str line;
    json_write_list(w, name);
    for (str rest = lines; str_filled(rest) && str_next(&rest, '\n', &line);)
        if (line.n > 0)
            json_write_text(w, NULL, line);
    json_write_end(w);
}

static bool known_pairwise(const struct call *c)
{
    return c->actor.kind == ACTOR_USER && subject_pairwise(c->actor.client);
}

fallible api_user_id(struct call *c, str id, str *out)
{
    *out = id;
    if (known_pairwise(c) && subject_matches(c->context, c->actor.client, c->actor.user, id))
        *out = c->actor.user->id;
    return OK;
}

fallible api_shown_id(struct call *c, str id, str *out)
{
    *out = id;
    if (known_pairwise(c) && str_equal(id, c->actor.user->id))
        return subject_of(c->context, c->actor.client, c->actor.user, out);
    return OK;
}

fallible api_user(struct call *c, str named, const char *own, struct db_user **out)
{
    str id;
    struct db_user *user;
    TRY(api_user_id(c, named, &id));
    bool self = c->actor.kind == ACTOR_USER && str_equal(c->actor.user->id, id) && actor_may_self(&c->actor, c->actor.user->number, own);
    if (!self && !actor_may(&c->actor, "view-users")) /* AD-02: whether it exists is not told */
        FAIL(INSUFFICIENT_SCOPE, "api: neither the own account within the token's scope nor view-users");
    TRY(user_find(c->context, id, &user));
    if (!user || !str_equal(user->id, id))
        FAIL(NOT_FOUND, "api: no such person");
    *out = user;
    return OK;
}
