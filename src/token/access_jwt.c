/* SPDX-License-Identifier: MIT
 * access_jwt: the signed make of access token (RFC 9068), for a registered resource, which others read. It shows them no more than they
 * need: where the subject is pairwise, the person goes along as a sealed number that only this server opens (AT-14). Relies on token/jws
 * for the signature. Promises that reading gives what was minted or an error, that a token bound to something unknown is none, and that
 * one is dead from the second `expires_at` on (AT-09). */
#include "token/access.h"
#include "token/access_permit.h"
#include "codec/b64url.h"
#include "codec/json_writer.h"
#include "crypto/random.h"
#include "token/jws.h"
#include "token/sealed.h"
#include "base/banned.h"

enum { TOKEN_ID_SIZE = 16, NUMBER_SIZE = 6 };
static const char jwt_type[] = "at+jwt";         /* RFC 9068 2.1 */
static const str person_prefix = {"jtn_su_", 7}; /* no credential: opaque knows no such kind */
static const str client_subject = {"client:", 7};

static void write_cnf(struct json_writer *w, const struct permit *permit) /* RFC 7800 3.1 */
{
    if (!str_present(permit->jkt) && !str_present(permit->x5t))
        return;
    json_write_object(w, "cnf");
    json_write_filled(w, "jkt", permit->jkt);      /* RFC 9449 6.1 */
    json_write_filled(w, "x5t#S256", permit->x5t); /* RFC 8705 3.1 */
    json_write_end(w);
}

static fallible write_parsed(struct arena *a, struct json_writer *w, const char *name, str text)
{
    json *value;
    if (!str_present(text))
        return OK;
    err parsed = json_parse(a, text, &value);
    if (FAILED(parsed))
        return parsed.kind == ERR_UNAVAILABLE ? parsed : ERR(SERVER_ERROR, "a permit with details or an actor that are no JSON");
    json_write_value(w, name, value);
    return OK;
}

/* The subject that others see; behind a pairwise one the person goes along, sealed. */
static fallible write_subject(struct arena *a, const struct keyring *k, struct json_writer *w, const struct permit *permit)
{
    json_write_text(w, "sub", str_present(permit->pairwise) ? permit->pairwise : permit->subject);
    if (!str_present(permit->pairwise))
        return OK;
    uint8_t number[NUMBER_SIZE];
    struct sealed box;
    for (size_t i = 0; i < sizeof number; i++)
        number[i] = (uint8_t)((uint64_t)permit->user_number >> (8 * i));
    TRY(sealed_close(a, k, person_prefix, (str){(char *)number, sizeof number}, &box));
    json_write_text(w, "person", box.text);
    return OK;
}

/* RFC 9068 2.2.1; RFC 9470 6.1. Of a person who is not said to have logged in nothing is told. */
static void write_login(struct json_writer *w, const struct permit *permit)
{
    if (permit->user_number == 0 || permit->auth_time == 0)
        return;
    json_write_integer(w, "auth_time", permit->auth_time);
    json_write_filled(w, "acr", permit->acr);
    if (str_filled(permit->amr))
        json_write_words(w, "amr", permit->amr);
}

fallible access_sign(struct arena *a, const struct keyring *k, const struct permit *permit, const struct access_jwt *how, str *token)
{
    TRY(access_permit_whole(permit));
    if (!str_filled(permit->audience) || !str_filled(how->issuer)) /* AT-03 */
        FAIL(SERVER_ERROR, "a signed access token needs an issuer and one audience");
    uint8_t id[TOKEN_ID_SIZE];
    random_bytes(id, sizeof id);
    struct json_writer w = json_writer_new(a);
    json_write_object(&w, NULL);
    json_write_text(&w, "iss", how->issuer); /* RFC 9068 2.2 */
    TRY(write_subject(a, k, &w, permit));
    json_write_text(&w, "aud", permit->audience);
    json_write_text(&w, "client_id", permit->client_id);
    json_write_text(&w, "scope", str_present(permit->scope) ? permit->scope : STR(""));
    json_write_text(&w, "jti", b64url_encode(a, id, sizeof id));
    json_write_integer(&w, "iat", permit->issued_at); /* AT-12 */
    json_write_integer(&w, "exp", permit->expires_at);
    write_login(&w, permit);
    json_write_filled(&w, "grant_id", permit->authorization_id);
    json_write_integer(&w, "client_epoch", permit->client_epoch);
    write_cnf(&w, permit);
    TRY(write_parsed(a, &w, "authorization_details", permit->details)); /* RFC 9396 9.1 */
    TRY(write_parsed(a, &w, "act", permit->act));                       /* RFC 8693 4.1 */
    str claims;
    json_write_end(&w);
    TRY(json_writer_done(&w, &claims));
    return jws_sign(a, k, how->alg, jwt_type, claims, token);
}

static bool integer_member(const json *claims, const char *name, int64_t *out)
{
    const json *value = json_member(claims, name);
    return value != NULL && json_integer_of(value, out) && access_number_fits(*out);
}

static fallible text_of(struct arena *a, const json *value, str *out)
{
    return value == NULL ? OK : json_text(a, value, out);
}

/* Bound to something that we do not know how to ask for: not ours (RFC 7800 3.1, fail closed). */
static fallible cnf_read(const json *cnf, struct permit *p)
{
    if (cnf == NULL)
        return OK;
    p->jkt = json_member_text(cnf, "jkt");
    p->x5t = json_member_text(cnf, "x5t#S256");
    size_t known = (str_filled(p->jkt) ? 1U : 0U) + (str_filled(p->x5t) ? 1U : 0U);
    if (known == 0 || json_count(cnf) != known)
        FAIL(INVALID_TOKEN, "a signed access token is bound to something unknown");
    return OK;
}

static fallible extras_read(struct arena *a, const struct keyring *k, const json *claims, struct permit *p)
{
    TRY(cnf_read(json_member(claims, "cnf"), p));
    TRY(text_of(a, json_member(claims, "authorization_details"), &p->details));
    TRY(text_of(a, json_member(claims, "act"), &p->act));
    p->acr = json_member_text(claims, "acr");
    p->amr = json_words_of(a, json_member(claims, "amr"));
    if (arena_failed(a)) /* what could not be copied reads as absent */
        FAIL(UNAVAILABLE, "no memory for a signed access token");
    str person = json_member_text(claims, "person");
    if (!str_present(person))
        return OK;
    struct sealed box;
    TRY(sealed_open(a, k, person_prefix, person, &box));
    uint64_t number = 0;
    for (size_t i = box.payload.n; i-- > 0;)
        number = number << 8 | (uint8_t)box.payload.p[i];
    if (box.payload.n != NUMBER_SIZE || number == 0)
        FAIL(INVALID_TOKEN, "a signed access token whose sealed person is malformed");
    p->user_number = (int64_t)number;
    p->pairwise = p->subject;
    return OK;
}

static fallible claims_read(const json *claims, struct access_facts *out)
{
    struct permit *p = &out->permit;
    p->subject = json_member_text(claims, "sub");
    p->audience = json_member_text(claims, "aud");
    p->client_id = json_member_text(claims, "client_id");
    p->scope = json_member_text(claims, "scope");
    p->authorization_id = json_member_text(claims, "grant_id");
    out->token_id = json_member_text(claims, "jti");
    /* RFC 9068 2.2, 4 */
    if (!str_filled(p->subject) || !str_filled(p->audience) || !str_filled(p->client_id) || !str_filled(out->token_id))
        FAIL(INVALID_TOKEN, "a signed access token lacks a needed claim");
    if (!str_present(p->scope) || !integer_member(claims, "client_epoch", &p->client_epoch))
        FAIL(INVALID_TOKEN, "a signed access token lacks a claim of ours");
    if (!integer_member(claims, "iat", &p->issued_at) || !integer_member(claims, "exp", &p->expires_at))
        FAIL(INVALID_TOKEN, "a signed access token lacks its times");
    bool told = integer_member(claims, "auth_time", &p->auth_time);
    if (!told && json_member(claims, "auth_time") != NULL)
        FAIL(INVALID_TOKEN, "a signed access token tells an impossible time of the login");
    bool person = told || str_filled(p->authorization_id);
    if (person == str_starts(p->subject, client_subject) || (!person && !access_own_subject(p))) /* TE-08 */
        FAIL(INVALID_TOKEN, "a signed access token mixes up person and client");
    return OK;
}

fallible access_check(struct arena *a, const struct keyring *k, str token, const struct access_reader *reader, struct access_facts *out)
{
    json *claims;
    struct access_facts facts = {.is_jwt = true};
    TRY(jws_check(a, k, jwt_type, token, &claims));
    str issuer = json_member_text(claims, "iss");
    if (!str_present(issuer) || !str_equal(issuer, reader->issuer))
        FAIL(INVALID_TOKEN, "a signed access token of another issuer");
    TRY(claims_read(claims, &facts));
    TRY(extras_read(a, k, claims, &facts.permit));
    if (reader->now >= facts.permit.expires_at) /* AT-09 */
        REFUSE(INVALID_TOKEN, "The access token has expired.", "a signed access token has expired");
    *out = facts;
    return OK;
}
