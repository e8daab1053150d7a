/* SPDX-License-Identifier: MIT
 * access: access tokens of two makes. The sealed one is on the hottest path of the server, so it is a small binary record, read
 * and written without a parser:
 *
 *   version 1 · flags 1 · client number 6 · client epoch 6 · issued 6 · lifetime 4
 *   · [PERSON: user number 6 · auth time 6] · [SUBJECT_UUID: 16 | PERSON otherwise: length 1 · text] · [GRANT: uuid 16]
 *   · client id: length 1 · text · scope: length 2 · text · [RESOURCE: number 6 · audience: length 2 · text]
 *
 * Numbers are little-endian. A client's own token has the subject client:<client_id>, which is not written but built anew
 * (TE-08). Relies on token/sealed (or token/jws) for authenticity. Promises that reading gives exactly what was minted or an
 * error: each flag known, each length right, nothing left over, and that a token is dead from the second `expires_at` on
 * (AT-09). */
#include "token/access.h"
#include "base/ascii.h"
#include "codec/b64url.h"
#include "crypto/random.h"
#include "token/jws.h"
#include "token/opaque.h"
#include "token/sealed.h"
#include <string.h>
#include "base/banned.h"

enum {
    VERSION = 1,
    FLAG_PERSON = 1,
    FLAG_UNSCOPED_FULL = 2,
    FLAG_SUBJECT_UUID = 4,
    FLAG_GRANT = 8,
    FLAG_RESOURCE = 16,
    FLAG_ALL = 31,
    NUMBER_SIZE = 6, /* 48 bits: rows and seconds until the year 8,921,556 */
    LIFETIME_SIZE = 4,
    UUID_SIZE = 16,
    UUID_TEXT = 36,
    ID_MAX = 255,
    TOKEN_ID_SIZE = 16,
    RECORD_FIXED = 2 + 5 * NUMBER_SIZE + NUMBER_SIZE + LIFETIME_SIZE + 2 * UUID_SIZE + 1 + 2 + 2, /* all but the texts */
};
static const char jwt_type[] = "at+jwt"; /* RFC 9068 2.1 */
static const str access_prefix = {"jtn_at_", 7};
static const str client_subject = {"client:", 7};

/* A UUID of 36 characters in lower case, and no other spelling: only then may 16 bytes stand for it. */
static bool uuid_pack(str text, uint8_t out[UUID_SIZE])
{
    if (text.n != UUID_TEXT)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < UUID_TEXT; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.p[i] != '-')
                return false;
            continue;
        }
        int high = ascii_hex(text.p[i]), low = ascii_hex(text.p[i + 1]);
        if (high < 0 || low < 0 || ascii_lower(text.p[i]) != text.p[i] || ascii_lower(text.p[i + 1]) != text.p[i + 1])
            return false;
        out[n++] = (uint8_t)(high << 4 | low);
        i++;
    }
    return true;
}

static void uuid_unpack(const uint8_t in[UUID_SIZE], char out[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[n++] = '-';
        out[n++] = digits[in[i] >> 4];
        out[n++] = digits[in[i] & 15];
    }
}

/* ---- writing ---- */

static uint8_t *put(uint8_t *p, int64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *p++ = (uint8_t)((uint64_t)number >> (8 * i));
    return p;
}

static uint8_t *put_text(uint8_t *p, str text, size_t size)
{
    p = put(p, (int64_t)text.n, size);
    if (text.n > 0)
        memcpy(p, text.p, text.n);
    return p + text.n;
}

static bool fits(int64_t number)
{
    return number >= 0 && number < (int64_t)1 << (8 * NUMBER_SIZE);
}

static bool own_subject(const struct permit *p)
{
    return p->subject.n == client_subject.n + p->client_id.n && str_starts(p->subject, client_subject) &&
           str_ends(p->subject, p->client_id);
}

static bool whole_subject(const struct permit *p)
{
    if (p->user_number == 0)
        return own_subject(p);
    return str_filled(p->subject) && p->subject.n <= ID_MAX && !str_starts(p->subject, client_subject); /* TE-08 */
}

/* What the rules above us guarantee; a permit that breaks it makes no token. */
static fallible permit_whole(const struct permit *p)
{
    if (!str_filled(p->client_id) || p->client_id.n > ID_MAX || !whole_subject(p))
        FAIL(SERVER_ERROR, "a permit without a proper client or subject");
    if (!fits(p->user_number) || !fits(p->client_number) || !fits(p->client_epoch) || !fits(p->resource_number))
        FAIL(SERVER_ERROR, "a permit with an impossible number");
    if (!fits(p->issued_at) || !fits(p->auth_time) || p->expires_at <= p->issued_at ||
        p->expires_at - p->issued_at > UINT32_MAX)
        FAIL(SERVER_ERROR, "a permit with impossible times");
    if (p->scope.n > OPAQUE_PAYLOAD_MAX / 2 || p->audience.n > OPAQUE_PAYLOAD_MAX / 4)
        FAIL(SERVER_ERROR, "a permit with too long a scope or audience");
    if (p->resource_number != 0 && !str_filled(p->audience))
        FAIL(SERVER_ERROR, "a permit for a resource without an audience");
    return OK;
}

static uint8_t *put_person(uint8_t *p, const struct permit *permit, uint8_t *flags)
{
    *flags |= FLAG_PERSON;
    p = put(p, permit->user_number, NUMBER_SIZE);
    p = put(p, permit->auth_time, NUMBER_SIZE);
    if (!uuid_pack(permit->subject, p))
        return put_text(p, permit->subject, 1);
    *flags |= FLAG_SUBJECT_UUID;
    return p + UUID_SIZE;
}

static fallible record_write(struct arena *a, const struct permit *permit, str *out)
{
    size_t most = RECORD_FIXED + permit->subject.n + permit->client_id.n + permit->scope.n + permit->audience.n;
    uint8_t *record = arena_take(a, most), *p = record, flags = 0;
    if (record == NULL)
        FAIL(UNAVAILABLE, "no memory for an access token");
    p = put(p, VERSION, 1);
    p = put(p, 0, 1); /* the flags, when all are known */
    p = put(p, permit->client_number, NUMBER_SIZE);
    p = put(p, permit->client_epoch, NUMBER_SIZE);
    p = put(p, permit->issued_at, NUMBER_SIZE);
    p = put(p, permit->expires_at - permit->issued_at, LIFETIME_SIZE);
    if (permit->user_number != 0)
        p = put_person(p, permit, &flags);
    if (str_present(permit->grant_id)) {
        flags |= FLAG_GRANT;
        if (!uuid_pack(permit->grant_id, p))
            FAIL(SERVER_ERROR, "a permit whose grant id is no UUID");
        p += UUID_SIZE;
    }
    p = put_text(p, permit->client_id, 1);
    p = put_text(p, permit->scope, 2);
    if (permit->resource_number != 0) {
        flags |= FLAG_RESOURCE;
        p = put(p, permit->resource_number, NUMBER_SIZE);
        p = put_text(p, permit->audience, 2);
    }
    record[1] = (uint8_t)(flags | (permit->unscoped_full ? FLAG_UNSCOPED_FULL : 0));
    *out = (str){(char *)record, (size_t)(p - record)};
    return OK;
}

fallible access_seal(struct arena *a, const struct keyring *k, const struct permit *permit, str *token, str *token_id)
{
    str record;
    struct sealed box;
    TRY(permit_whole(permit));
    TRY(record_write(a, permit, &record));
    TRY(sealed_close(a, k, access_prefix, record, &box));
    str id = b64url_encode(a, box.id, TOKEN_ID_SIZE);
    if (!str_present(id))
        FAIL(UNAVAILABLE, "no memory for a token id");
    *token = box.text;
    *token_id = id;
    return OK;
}

/* ---- reading ---- */

struct cursor {
    const uint8_t *p;
    size_t left;
    bool bad; /* asked for more than there was; sticky */
};

static const uint8_t *take(struct cursor *c, size_t n)
{
    if (c->bad || c->left < n) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p;
    c->p += n;
    c->left -= n;
    return p;
}

static int64_t take_number(struct cursor *c, size_t size)
{
    const uint8_t *p = take(c, size);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < size; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return (int64_t)v;
}

static str take_text(struct cursor *c, size_t size)
{
    size_t n = (size_t)take_number(c, size);
    const uint8_t *p = take(c, n);
    return p == NULL ? STR_ABSENT : (str){(const char *)p, n};
}

static str take_uuid(struct cursor *c, struct arena *a)
{
    const uint8_t *p = take(c, UUID_SIZE);
    char *text = p == NULL ? NULL : arena_take(a, UUID_TEXT + 1);
    if (text == NULL)
        return STR_ABSENT;
    uuid_unpack(p, text);
    return (str){text, UUID_TEXT};
}

static void take_person(struct cursor *c, struct arena *a, unsigned flags, struct permit *out)
{
    out->user_number = take_number(c, NUMBER_SIZE);
    out->auth_time = take_number(c, NUMBER_SIZE);
    out->subject = (flags & FLAG_SUBJECT_UUID) != 0 ? take_uuid(c, a) : take_text(c, 1);
    c->bad = c->bad || out->user_number == 0 || out->subject.n == 0;
}

static fallible record_read(struct arena *a, str record, struct permit *p)
{
    struct cursor c = {(const uint8_t *)record.p, record.n, false};
    unsigned version = (unsigned)take_number(&c, 1), flags = (unsigned)take_number(&c, 1);
    if (version != VERSION || (flags & ~(unsigned)FLAG_ALL) != 0)
        FAIL(INVALID_TOKEN, "an access token of an unknown version");
    p->unscoped_full = (flags & FLAG_UNSCOPED_FULL) != 0;
    p->client_number = take_number(&c, NUMBER_SIZE);
    p->client_epoch = take_number(&c, NUMBER_SIZE);
    p->issued_at = take_number(&c, NUMBER_SIZE);
    p->expires_at = p->issued_at + take_number(&c, LIFETIME_SIZE);
    if ((flags & FLAG_PERSON) != 0)
        take_person(&c, a, flags, p);
    if ((flags & FLAG_GRANT) != 0)
        p->grant_id = take_uuid(&c, a);
    p->client_id = take_text(&c, 1);
    p->scope = take_text(&c, 2);
    if ((flags & FLAG_RESOURCE) != 0) {
        p->resource_number = take_number(&c, NUMBER_SIZE);
        p->audience = take_text(&c, 2);
    }
    if (c.bad || c.left != 0 || p->client_id.n == 0)
        FAIL(INVALID_TOKEN, "an access token whose record is malformed");
    if ((flags & FLAG_PERSON) == 0)
        p->subject = str_join(a, (const str[]){client_subject, p->client_id}, 2);
    if (arena_failed(a))
        FAIL(UNAVAILABLE, "no memory to read an access token");
    return OK;
}

fallible access_open(struct arena *a, const struct keyring *k, str token, unix_time now, struct access_facts *out)
{
    struct sealed box;
    struct access_facts facts = {.is_jwt = false};
    TRY(sealed_open(a, k, access_prefix, token, &box));
    TRY(record_read(a, box.payload, &facts.permit));
    if (now >= facts.permit.expires_at) /* AT-09 */
        REFUSE(INVALID_TOKEN, "The access token has expired.", "an access token has expired");
    facts.token_id = b64url_encode(a, box.id, TOKEN_ID_SIZE);
    if (!str_present(facts.token_id))
        FAIL(UNAVAILABLE, "no memory for a token id");
    *out = facts;
    return OK;
}

/* ---- signed ---- */

fallible access_sign(struct arena *a, const struct keyring *k, const struct permit *permit, const struct access_jwt *how,
                     str *token)
{
    TRY(permit_whole(permit));
    if (!str_filled(permit->audience) || !str_filled(how->issuer)) /* AT-03 */
        FAIL(SERVER_ERROR, "a signed access token needs an issuer and one audience");
    uint8_t id[TOKEN_ID_SIZE];
    random_bytes(id, sizeof id);
    json *j = json_object_new(a);
    json_put_text(a, j, "iss", how->issuer); /* RFC 9068 2.2 */
    json_put_text(a, j, "sub", permit->subject);
    json_put_text(a, j, "aud", permit->audience);
    json_put_text(a, j, "client_id", permit->client_id);
    json_put_text(a, j, "scope", str_present(permit->scope) ? permit->scope : STR(""));
    json_put_text(a, j, "jti", b64url_encode(a, id, sizeof id));
    json_put_integer(a, j, "iat", permit->issued_at);
    json_put_integer(a, j, "exp", permit->expires_at);
    if (permit->user_number != 0)
        json_put_integer(a, j, "auth_time", permit->auth_time);
    if (str_present(permit->grant_id))
        json_put_text(a, j, "grant_id", permit->grant_id);
    json_put_integer(a, j, "client_epoch", permit->client_epoch);
    str claims;
    TRY(json_text(a, j, &claims));
    return jws_sign(a, k, how->alg, jwt_type, claims, token);
}

static bool integer_member(const json *claims, const char *name, int64_t *out)
{
    const json *value = json_member(claims, name);
    return value != NULL && json_integer_of(value, out) && fits(*out);
}

static fallible claims_read(const json *claims, struct access_facts *out)
{
    struct permit *p = &out->permit;
    p->subject = json_member_text(claims, "sub");
    p->audience = json_member_text(claims, "aud");
    p->client_id = json_member_text(claims, "client_id");
    p->scope = json_member_text(claims, "scope");
    p->grant_id = json_member_text(claims, "grant_id");
    out->token_id = json_member_text(claims, "jti");
    /* RFC 9068 2.2, 4 */
    if (!str_filled(p->subject) || !str_filled(p->audience) || !str_filled(p->client_id) || !str_filled(out->token_id))
        FAIL(INVALID_TOKEN, "a signed access token lacks a needed claim");
    if (!str_present(p->scope) || !integer_member(claims, "client_epoch", &p->client_epoch))
        FAIL(INVALID_TOKEN, "a signed access token lacks a claim of ours");
    if (!integer_member(claims, "iat", &p->issued_at) || !integer_member(claims, "exp", &p->expires_at))
        FAIL(INVALID_TOKEN, "a signed access token lacks its times");
    bool person = integer_member(claims, "auth_time", &p->auth_time);
    if (person == str_starts(p->subject, client_subject) || (!person && !own_subject(p))) /* TE-08 */
        FAIL(INVALID_TOKEN, "a signed access token mixes up person and client");
    return OK;
}

fallible access_check(struct arena *a, const struct keyring *k, str token, const struct access_reader *reader,
                      struct access_facts *out)
{
    json *claims;
    struct access_facts facts = {.is_jwt = true};
    TRY(jws_check(a, k, jwt_type, token, &claims));
    str issuer = json_member_text(claims, "iss");
    if (!str_present(issuer) || !str_equal(issuer, reader->issuer))
        FAIL(INVALID_TOKEN, "a signed access token of another issuer");
    TRY(claims_read(claims, &facts));
    if (reader->now >= facts.permit.expires_at) /* AT-09 */
        REFUSE(INVALID_TOKEN, "The access token has expired.", "a signed access token has expired");
    *out = facts;
    return OK;
}
