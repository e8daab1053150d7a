/* SPDX-License-Identifier: MIT
 * details: reads authorization details and tells them in words. Relies on the table of types (scope/details_types) for what may
 * be asked and what it is called; promises that no member reaches a grant that the consent page did not show (RFC 9396 2, 5). */
#include "scope/details.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "token/permit.h"
#include "base/banned.h"

/* RFC 9396 2.2 */
static const struct common {
    const char *name, *label;
    bool list;
} table[] = {
    {"actions", "It may", true},
    {"locations", "At", true},
    {"datatypes", "With", true},
    {"identifier", "For", false},
    {"privileges", "With the rights of", true},
};
enum { COMMONS = sizeof table / sizeof table[0], VALUE_MAX = 2 * DETAILS_BYTES_MAX };

static bool is_words(const json *list)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (!str_filled(json_text_of(json_at(list, i))) || !utf8_no_controls(json_text_of(json_at(list, i))))
            return false;
    return json_is_list(list) && json_count(list) > 0;
}

static const struct common *common_of(str name)
{
    for (size_t i = 0; i < COMMONS; i++)
        if (str_is(name, table[i].name))
            return &table[i];
    return NULL;
}

/* The words of a type's own field; absent: it has no such field. */
static str field_words(const struct db_details_type *type, str name)
{
    str line;
    for (str rest = type->fields; str_filled(rest) && str_next(&rest, '\n', &line);) {
        size_t colon = str_find(line, ':');
        if (colon < line.n && str_equal((str){line.p, colon}, name))
            return (str){line.p + colon + 1, line.n - colon - 1};
    }
    return STR_ABSENT;
}

/* Names and texts, however deep: what a person reads has no controls in it. */
static bool has_no_controls(const json *value)
{
    str name;
    const json *member;
    bool good = !json_is_text(value) || utf8_no_controls(json_text_of(value));
    for (size_t i = 0; json_is_list(value) && good && i < json_count(value); i++)
        good = has_no_controls(json_at(value, i));
    for (void *at = NULL; json_is_object(value) && good && json_each(value, &at, &name, &member);)
        good = utf8_no_controls(name) && has_no_controls(member);
    return good;
}

static fallible judge_member(const struct db_details_type *type, str name, const json *value)
{
    const struct common *common = common_of(name);
    if (str_is(name, "type"))
        return OK;
    if (common && common->list && !is_words(value))
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "locations, actions, datatypes and privileges must be lists of strings.",
               "details: a common member is no list of texts");
    if (common && !common->list && (!str_filled(json_text_of(value)) || !utf8_no_controls(json_text_of(value))))
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "identifier must be a string.", "details: identifier is no text");
    if (!common && !str_present(field_words(type, name)))
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "authorization_details has a member that its type does not know.", "details: unknown member");
    if (!has_no_controls(value))
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "authorization_details contains control characters.", "details: control characters");
    return OK;
}

static fallible judge_object(const struct context *ctx, const struct db_client *client, const json *object)
{
    str name, word = json_member_text(object, "type");
    const json *value;
    if (!json_is_object(object) || !str_filled(word))
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "Each of the authorization_details must be an object with a type.", "details: no object, or no type");
    const struct db_details_type *type = cache_details_type(ctx->snapshot, word);
    if (!type)
        REFUSE(INVALID_AUTHORIZATION_DETAILS,
               "A type of authorization_details is not defined on this server. An administrator defines types with: jeton details add.",
               "details: type not defined");
    if (!str_has_word(client->metadata.authorization_details_types, word)) /* RFC 9396 10 */
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "This client may not ask for a type of authorization_details that is not among its authorization_details_types.",
               "details: type not in the client's list");
    for (void *at = NULL; json_each(object, &at, &name, &value);)
        TRY(judge_member(type, name, value));
    return OK;
}

static fallible parse_details(struct arena *a, str text, json **list)
{
    json *parsed;
    if (text.n > DETAILS_BYTES_MAX)
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "authorization_details is longer than 8192 bytes.", "details: too long");
    err e = json_parse(a, text, &parsed);
    if (FAILED(e) && e.kind != ERR_INVALID_REQUEST)
        return e;
    if (FAILED(e) || !json_is_list(parsed) || json_count(parsed) == 0 || json_count(parsed) > DETAILS_MAX)
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "authorization_details must be a JSON list of 1 to 16 objects.", "details: no list of 1 to 16");
    *list = parsed;
    return OK;
}

fallible details_read(const struct context *ctx, const struct db_client *client, str text, str *details)
{
    json *list;
    if (!str_filled(text)) {
        *details = STR_ABSENT;
        return OK;
    }
    TRY(parse_details(ctx->arena, text, &list));
    for (size_t i = 0; i < json_count(list); i++)
        TRY(judge_object(ctx, client, json_at(list, i)));
    str whole;
    TRY(json_text(ctx->arena, list, &whole));
    if (whole.n > PERMIT_DETAILS_MAX) /* before a person is asked, not when the code is redeemed */
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "authorization_details is too long to fit into an access token.", "details: too long for a token");
    *details = whole;
    return OK;
}

fallible details_reach(const struct context *ctx, const struct db_client *client, str granted, str *reach)
{
    json *list, *kept = json_list_new(ctx->arena);
    *reach = STR_ABSENT;
    if (!str_filled(granted))
        return OK;
    TRY(json_parse(ctx->arena, granted, &list));
    for (size_t i = 0; i < json_count(list); i++) {
        const json *object = json_at(list, i);
        str word = json_member_text(object, "type");
        if (cache_details_type(ctx->snapshot, word) && str_has_word(client->metadata.authorization_details_types, word))
            json_add(ctx->arena, kept, (json *)(uintptr_t)object); /* shared: the arena ends both */
    }
    if (arena_failed(ctx->arena))
        FAIL(UNAVAILABLE, "details: no memory");
    return json_count(kept) > 0 ? json_text(ctx->arena, kept, reach) : OK;
}

/* What lies deeper: `name "text", name 5`. Texts stay between quotes and escaped, so that none can pretend to be its neighbour. */
static fallible add_words(struct buf *b, const json *value)
{
    str text, name;
    const json *member;
    const char *between = "";
    for (size_t i = 0; json_is_list(value) && i < json_count(value); i++, between = "; ") {
        buf_add_z(b, between);
        TRY(add_words(b, json_at(value, i)));
    }
    for (void *at = NULL; json_is_object(value) && json_each(value, &at, &name, &member); between = ", ") {
        buf_add_z(b, between);
        buf_add(b, name);
        buf_char(b, ' ');
        TRY(add_words(b, member));
    }
    if (json_is_list(value) || json_is_object(value))
        return OK;
    TRY(json_text(b->arena, value, &text));
    buf_add(b, text);
    return OK;
}

/* "a, b" for a list of texts, the text itself for one, words for all else. */
static fallible value_words(struct arena *a, const json *value, str *words)
{
    struct buf b = buf_new(a, VALUE_MAX);
    if (json_is_text(value)) {
        *words = json_text_of(value);
        return OK;
    }
    if (!is_words(value)) {
        TRY(add_words(&b, value));
        return buf_done(&b, words);
    }
    for (size_t i = 0; i < json_count(value); i++) {
        if (i > 0)
            buf_add_z(&b, ", ");
        buf_add(&b, json_text_of(json_at(value, i)));
    }
    return buf_done(&b, words);
}

static fallible show_object(const struct context *ctx, const json *object, struct details_words *out)
{
    str name;
    const json *value;
    const struct db_details_type *type = cache_details_type(ctx->snapshot, json_member_text(object, "type"));
    if (!type)
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "A type of authorization_details has been removed in the meantime.", "details: type removed meanwhile");
    out->description = type->description;
    out->facts = arena_array(ctx->arena, json_count(object), sizeof *out->facts);
    if (!out->facts)
        FAIL(UNAVAILABLE, "details: no memory");
    for (void *at = NULL; json_each(object, &at, &name, &value);) {
        const struct common *common = common_of(name);
        if (str_is(name, "type"))
            continue;
        struct details_fact *fact = &out->facts[out->count++];
        fact->label = common ? str_of(common->label) : field_words(type, name);
        if (!str_present(fact->label)) /* its type has lost the field: shown by its own name rather than not at all */
            fact->label = name;
        TRY(value_words(ctx->arena, value, &fact->value));
    }
    return OK;
}

fallible details_show(const struct context *ctx, str details, struct details_words **rows, size_t *count)
{
    json *list;
    *rows = NULL;
    *count = 0;
    if (!str_filled(details))
        return OK;
    TRY(parse_details(ctx->arena, details, &list));
    struct details_words *words = arena_array(ctx->arena, json_count(list), sizeof *words);
    if (!words)
        FAIL(UNAVAILABLE, "details: no memory");
    for (size_t i = 0; i < json_count(list); i++)
        TRY(show_object(ctx, json_at(list, i), &words[i]));
    *rows = words;
    *count = json_count(list);
    return OK;
}
