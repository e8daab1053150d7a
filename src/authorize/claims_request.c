/* SPDX-License-Identifier: MIT
 * claims_request: reads the claims parameter strictly and keeps what this server knows. Relies on codec/json for form; promises that
 * what is kept holds known claims alone, each null or an object of essential, value and values of the right type, and that every
 * claim about the person is covered by a scope that people have words for (CO-02). */
#include "authorize/claims_request.h"
#include "codec/json.h"
#include "session/assurance.h"
#include "base/banned.h"

/* OpenID Connect Core 5.1 and 5.4; scope NULL: says nothing about the person that the login itself does not say. */
static const struct known {
    const char *claim, *scope;
} table[] = {
    {"sub", NULL},
    {"acr", NULL},
    {"amr", NULL},
    {"auth_time", NULL},
    {"name", "profile"},
    {"family_name", "profile"},
    {"given_name", "profile"},
    {"middle_name", "profile"},
    {"nickname", "profile"},
    {"preferred_username", "profile"},
    {"profile", "profile"},
    {"picture", "profile"},
    {"website", "profile"},
    {"gender", "profile"},
    {"birthdate", "profile"},
    {"zoneinfo", "profile"},
    {"locale", "profile"},
    {"updated_at", "profile"},
    {"email", "email"},
    {"email_verified", "email"},
    {"address", "address"},
    {"phone_number", "phone"},
    {"phone_number_verified", "phone"},
};
enum { SCOPES_MAX = 64 };

struct reading {
    struct arena *a;
    struct buf scopes;
    str allowed, sub, acr;
};

static const struct known *find_claim_row(str claim)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (str_is(claim, table[i].claim))
            return &table[i];
    return NULL;
}

#define MALFORMED(why_)                                                                                                           \
    REFUSE(INVALID_REQUEST,                                                                                                       \
           "claims must be a JSON object with members userinfo and id_token, each claim null or an object with essential, value " \
           "and values.",                                                                                                         \
           why_)

/* 5.5.1: how a claim is wanted. Members that nobody defined are ignored. */
static fallible read_wish(const json *wish)
{
    bool flag;
    if (json_is_nothing(wish))
        return OK;
    if (!json_is_object(wish))
        MALFORMED("claims: a claim is neither null nor an object");
    const json *essential = json_member(wish, "essential"), *values = json_member(wish, "values");
    if (essential && !json_boolean_of(essential, &flag))
        MALFORMED("claims: essential is not a boolean");
    if (values && !json_is_list(values))
        MALFORMED("claims: values is not a list");
    return OK;
}

/* The levels that a wish names, as words; *named false: any will do. */
static fallible levels_of(struct arena *a, const json *wish, bool *named, str *words)
{
    const json *value = json_member(wish, "value"), *values = json_member(wish, "values");
    struct buf b = buf_new(a, BUF_TOKEN_MAX);
    *named = value || values;
    for (size_t i = 0; i < (value ? 1 : json_count(values)); i++) {
        str word = json_text_of(value ? value : json_at(values, i));
        if (!str_filled(word) || str_find(word, ' ') < word.n) /* no level's name */
            continue;
        if (b.n > 0)
            buf_char(&b, ' ');
        buf_add(&b, word);
    }
    return buf_done(&b, words);
}

/* 5.5.1.1: an essential acr must be met; a voluntary one is met as far as it goes. */
static fallible judge_acr(struct reading *r, const json *wish)
{
    bool essential = false, named, reachable = false;
    str words, word;
    if (!json_boolean_of(json_member(wish, "essential"), &essential) || !essential)
        return OK;
    TRY(levels_of(r->a, wish, &named, &words));
    for (str rest = words; str_next(&rest, ' ', &word);)
        reachable = reachable || assurance_reachable(&assurance_usual, word);
    if (named && !reachable)
        FAIL(UNMET_AUTHENTICATION, "claims: an essential acr that no login here has");
    r->acr = named ? words : r->acr;
    return OK;
}

static fallible judge_sub(struct reading *r, const json *wish)
{
    const json *value = json_member(wish, "value");
    if (!value)
        return OK;
    str sub = json_text_of(value);
    if (!str_filled(sub) || (str_present(r->sub) && !str_equal(r->sub, sub)))
        MALFORMED("claims: sub is not one text");
    r->sub = sub;
    return OK;
}

static void add_scope(struct reading *r, const char *scope)
{
    if (!scope || str_has_word((str){r->scopes.p, r->scopes.n}, str_of(scope)))
        return;
    if (r->scopes.n > 0)
        buf_char(&r->scopes, ' ');
    buf_add_z(&r->scopes, scope);
}

/* A part of the request in what is kept: both are the arena's. */
static json *share_json_value(const json *value)
{
    return (json *)(uintptr_t)value;
}

/* The known part of a wish, built anew: nothing else of the request is kept. */
static json *copy_wish(struct reading *r, const json *wish)
{
    bool essential = false;
    json *copy = json_object_new(r->a);
    if (json_boolean_of(json_member(wish, "essential"), &essential) && essential)
        json_put_boolean(r->a, copy, "essential", true);
    const json *value = json_member(wish, "value"), *values = json_member(wish, "values");
    if (value)
        json_put(r->a, copy, "value", share_json_value(value));
    if (values)
        json_put(r->a, copy, "values", share_json_value(values));
    return copy;
}

static fallible read_place(struct reading *r, const json *place, json **kept)
{
    str claim;
    const json *wish;
    *kept = json_object_new(r->a);
    for (void *at = NULL; json_each(place, &at, &claim, &wish);) {
        TRY(read_wish(wish));
        const struct known *known = find_claim_row(claim);                               /* 5.5: unknown ones are ignored */
        if (!known || (known->scope && !str_has_word(r->allowed, str_of(known->scope)))) /* AZ-15 */
            continue;
        if (str_is(claim, "acr"))
            TRY(judge_acr(r, wish));
        if (str_is(claim, "sub"))
            TRY(judge_sub(r, wish));
        add_scope(r, known->scope);
        if (json_is_object(wish))
            json_put(r->a, *kept, known->claim, copy_wish(r, wish));
        else
            json_put_null(r->a, *kept, known->claim);
    }
    return OK;
}

fallible claims_request_read(struct arena *a, str text, str allowed, struct claims_request *out)
{
    static const char *const places[] = {"userinfo", "id_token"};
    struct claims_request result = {.text = STR_ABSENT, .scopes = STR(""), .acr = STR_ABSENT, .sub = STR_ABSENT};
    struct reading r = {a, buf_new(a, SCOPES_MAX), allowed, STR_ABSENT, STR_ABSENT};
    json *asked, *kept, *whole = json_object_new(a);
    *out = result;
    if (!str_filled(text))
        return OK;
    if (text.n > CLAIMS_REQUEST_MAX)
        REFUSE(INVALID_REQUEST, "The claims parameter is longer than 4096 bytes.", "claims: too long");
    err parsed = json_parse(a, text, &asked);
    if (FAILED(parsed) && parsed.kind != ERR_INVALID_REQUEST)
        return parsed;
    if (FAILED(parsed) || !json_is_object(asked))
        MALFORMED("claims: not a JSON object");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const json *place = json_member(asked, places[i]);
        if (!place || json_is_nothing(place))
            continue;
        if (!json_is_object(place))
            MALFORMED("claims: userinfo or id_token is not an object");
        TRY(read_place(&r, place, &kept));
        if (json_count(kept) > 0)
            json_put(a, whole, places[i], kept);
    }
    if (json_count(whole) > 0)
        TRY(json_text(a, whole, &result.text));
    TRY(buf_done(&r.scopes, &result.scopes));
    result.sub = r.sub;
    result.acr = r.acr;
    *out = result;
    return OK;
}
