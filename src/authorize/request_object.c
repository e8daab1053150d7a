/* SPDX-License-Identifier: MIT
 * request_object: from a JWT to the parameters of a request. Relies on token/jwt for form and signature, on client_keys for the client's
 * keys and on fetch for documents. Promises:
 *   1. only the registered keys and algorithms of the client count, and an object that nobody signed is never read (AZ-17);
 *   2. an address is called only when it is registered, character for character but for the fragment, which is never sent (AZ-18);
 *   3. an object is for this server, by this client, and ends within the hour;
 *   4. parameters beside the object are not mixed with its own. */
#include "authorize/request_object.h"
#include "codec/b64url.h"
#include "codec/json.h"
#include "client/profile.h"
#include "clientauth/client_keys.h"
#include "authorize/request_document.h"
#include "token/jwt.h"
#include "base/banned.h"

/* ---- from where ---- */

static str without_fragment(str uri)
{
    return (str){uri.p, str_find(uri, '#')};
}

static fallible by_reference(struct context *ctx, const struct db_client *client, str uri, str *text)
{
    str registered;
    for (str rest = client->metadata.request_uris; str_filled(rest) && str_next(&rest, '\n', &registered);)
        if (str_equal(without_fragment(registered), without_fragment(uri)) && str_starts(uri, STR("https://"))) /* AZ-18 */
            return request_document_get(ctx, client, uri, text);
    REFUSE(INVALID_REQUEST_URI, "The request_uri is not registered for this client.", "request object: address not registered");
}

static fallible find_text(struct context *ctx, const struct db_client *client, const struct form *outer, str *text)
{
    str object = form_get(outer, "request"), uri = form_get(outer, "request_uri");
    if (str_present(object) && str_present(uri)) /* RFC 9101 5 */
        REFUSE(INVALID_REQUEST, "Send request or request_uri, not both.", "request object: by value and by reference");
    if (str_present(uri))
        return by_reference(ctx, client, uri, text);
    *text = object;
    return OK;
}

/* ---- is it signed, and by whom ---- */

/* RFC 9101 6.2: one that says alg none is told apart, for a client library may be able to send the same plainly. */
static bool unsigned_object(struct arena *a, str text)
{
    size_t n = 0, capacity = text.n;
    json *header;
    char *bytes = arena_take(a, capacity + 1);
    str head = {text.p, str_find(text, '.')};
    if (!bytes || head.n == text.n || FAILED(b64url_decode(head, bytes, capacity, &n)) || FAILED(json_parse(a, (str){bytes, n}, &header)))
        return false;
    return str_equal_nocase(json_member_text(header, "alg"), STR("none"));
}

static size_t count_dots(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '.';
    return count;
}

/* RFC 9101 10.8; JWT is what OpenID Connect Core 6.1 has in its example. */
static bool typ_fits(str typ)
{
    if (typ.n > 12 && str_equal_nocase((str){typ.p, 12}, STR("application/")))
        typ = (str){typ.p + 12, typ.n - 12};
    return !str_present(typ) || str_equal_nocase(typ, STR("JWT")) || str_equal_nocase(typ, STR("oauth-authz-req+jwt"));
}

/* What token/jwt refuses is told by this endpoint's word. */
static err as_refusal(err e)
{
    if (e.kind == ERR_INVALID_TOKEN || e.kind == ERR_INVALID_CLIENT || e.kind == ERR_INVALID_REQUEST)
        e.kind = ERR_INVALID_REQUEST_OBJECT;
    return e;
}

static fallible read_signed(struct context *ctx, const struct db_client *client, str text, struct jwt *jwt)
{
    struct jwk_set *keys;
    str algs = profile_algs(ctx, client, client->metadata.request_object_signing_alg);
    TRY(as_refusal(jwt_read(ctx->arena, text, jwt)));
    if (!typ_fits(jwt->typ))
        REFUSE(INVALID_REQUEST_OBJECT, "The typ of a request object must be oauth-authz-req+jwt.", "request object: another typ");
    if (!str_has_word(algs, jwt->alg_name)) /* AZ-17 */
        REFUSE(INVALID_REQUEST_OBJECT, "The request object is signed with an algorithm that this client may not use.", "request object: algorithm not allowed");
    TRY(as_refusal(client_keys_get(ctx, client, jwt, &keys)));
    return as_refusal(jwt_check(ctx->arena, jwt, keys, algs));
}

/* ---- is it meant for us, now ---- */

static fallible judge_claims(const struct context *ctx, const struct db_client *client, const struct jwt *jwt)
{
    struct jwt_facts facts;
    bool strict = profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS);
    str own[] = {ctx->authority->issuer};
    struct jwt_rule rule = {
        .issuer = client->id,
        .audiences = own,
        .audience_count = 1,
        .now = ctx->now,
        .skew = REQUEST_OBJECT_SKEW,
        .life_max = REQUEST_OBJECT_SECONDS,
        .span_max = strict ? REQUEST_OBJECT_SECONDS : 0, /* FAPI 2.0 Message Signing 5.3.1 */
        .age_max = strict ? REQUEST_OBJECT_SECONDS : 0,
        .need_exp = strict,
        .need_nbf = strict,
    };
    TRY(as_refusal(jwt_judge(jwt, &rule, &facts)));
    const json *id = json_member(jwt->claims, "client_id");
    if (id && !str_equal(json_text_of(id), client->id)) /* RFC 9101 5 */
        REFUSE(INVALID_REQUEST_OBJECT, "client_id in the request object differs from the client_id parameter.", "request object: another client_id");
    if (json_member(jwt->claims, "request") || json_member(jwt->claims, "request_uri")) /* RFC 9101 4 */
        REFUSE(INVALID_REQUEST_OBJECT, "A request object must not contain request or request_uri.", "request object: nested");
    return OK;
}

/* ---- its parameters ---- */

static fallible value_text(struct arena *a, const json *value, str *text)
{
    int64_t number;
    if (json_is_text(value))
        *text = json_text_of(value);
    else if (json_integer_of(value, &number))
        *text = str_format(a, "%lld", (long long)number);
    else if (json_is_object(value) || json_is_list(value)) /* claims, authorization_details */
        return json_text(a, value, text);
    else
        REFUSE(INVALID_REQUEST_OBJECT, "A parameter in the request object is not a string, a whole number, an object or a list.",
               "request object: member of another kind");
    return OK;
}

static fallible take_parameter(struct arena *a, str name, const json *value, struct form *out)
{
    str text;
    if (json_is_nothing(value) || str_has_word(STR("iss aud exp nbf iat jti sub login_ticket"), name))
        return OK;
    if (out->count == FORM_FIELDS_MAX)
        REFUSE(INVALID_REQUEST_OBJECT, "The request object has too many members.", "request object: too many members");
    TRY(value_text(a, value, &text));
    out->fields[out->count++] = (struct form_field){name, text};
    return OK;
}

static fallible take_parameters(struct arena *a, const struct db_client *client, const json *claims, struct form *parameters)
{
    str name;
    const json *value;
    struct form out = {arena_array(a, FORM_FIELDS_MAX + 1, sizeof *out.fields), 0};
    if (!out.fields)
        FAIL(UNAVAILABLE, "request object: no memory");
    for (void *at = NULL; json_each(claims, &at, &name, &value);)
        if (str_is(name, "resource") && json_is_list(value)) /* RFC 8707 2 */
            for (size_t i = 0; i < json_count(value); i++)
                TRY(take_parameter(a, name, json_at(value, i), &out));
        else
            TRY(take_parameter(a, name, value, &out));
    if (!form_has(&out, "client_id"))
        out.fields[out.count++] = (struct form_field){STR("client_id"), client->id};
    *parameters = out;
    return OK;
}

fallible request_object_read(struct context *ctx, const struct db_client *client, const struct form *outer, enum request_object_way way,
                             struct form *parameters)
{
    struct jwt jwt;
    str text;
    TRY(find_text(ctx, client, outer, &text));
    if (count_dots(text) == 4)
        REFUSE(INVALID_REQUEST_OBJECT, "Encrypted request objects are not supported: sign the request object and do not encrypt it.",
               "request object: encrypted");
    if (unsigned_object(ctx->arena, text)) { /* AZ-17; OpenID Connect Core 3.1.2.6 */
        if (way == REQUEST_OBJECT_FRONT && !profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS))
            REFUSE(REQUEST_NOT_SUPPORTED, "Request objects must be signed; alg none is not supported.", "request object: alg none");
        REFUSE(INVALID_REQUEST_OBJECT, "Request objects must be signed; alg none is not supported.", "request object: alg none");
    }
    TRY(read_signed(ctx, client, text, &jwt));
    TRY(judge_claims(ctx, client, &jwt));
    return take_parameters(ctx->arena, client, jwt.claims, parameters);
}
