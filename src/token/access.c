/* SPDX-License-Identifier: MIT
 * access: the sealed make of access token (the signed one: access_jwt). It is on the hottest path of the server, so it is a small binary
 * record, read and written without a parser:
 *
 *   version 1 · flags 1 · client number 6 · client epoch 6 · issued 6 · lifetime 4
 *   · [PERSON: user number 6 · auth time 6] · [SUBJECT_UUID: 16 | PERSON otherwise: length 1 · text] · [GRANT: uuid 16]
 *   · client id: length 1 · text · scope: length 2 · text · [RESOURCE: number 6 · audience: length 2 · text]
 *   · [MORE: flags 1 · [KEY: SHA-256 32] · [CERTIFICATE: SHA-256 32] · [DETAILS, ACT, CLAIMS, AMR: each length 2 · text]]
 *
 * A signed one shows others no more than they need: where the subject is pairwise, the person is named by a sealed number that only this
 * server reads (AT-14).
 * Numbers are little-endian. A client's own token has the subject client:<client_id>, which is not written but built anew
 * (TE-08). Relies on token/sealed for authenticity. Promises that reading gives exactly what was minted or an
 * error: each flag known, each length right, nothing left over, and that a token is dead from the second `expires_at` on
 * (AT-09). */
#include "token/access.h"
#include "token/access_permit.h"
#include "base/ascii.h"
#include "codec/b64url.h"
#include "token/opaque.h"
#include "token/sealed.h"
#include <string.h>
#include "base/banned.h"

enum {
    VERSION = 1,
    FLAG_USER = 1,
    FLAG_UNSCOPED_FULL = 2,
    FLAG_SUBJECT_UUID = 4,
    FLAG_GRANT = 8,
    FLAG_RESOURCE = 16,
    FLAG_MORE = 32,
    FLAG_UNSCOPED = 64, /* tokens from before there was this flag are narrow unless FULL */
    FLAG_ALL = 127,
    MORE_KEY = 1,
    MORE_CERTIFICATE = 2,
    MORE_DETAILS = 4,
    MORE_ACT = 8,
    MORE_CLAIMS = 16,
    MORE_AMR = 32, /* tokens from before there was this flag do not tell */
    MORE_ALL = 63,
    PRINT_SIZE = 32, /* SHA-256: RFC 7638 3 with RFC 9449 6.1; RFC 8705 3.1 */
    PRINT_TEXT = B64URL_LENGTH(PRINT_SIZE),
    NUMBER_SIZE = 6, /* 48 bits: rows and seconds until the year 8,921,556 */
    LIFETIME_SIZE = 4,
    UUID_SIZE = 16,
    UUID_TEXT = 36,
    ID_MAX = 255,
    SCOPE_MAX = 4000,
    AUDIENCE_MAX = 2000,
    TOKEN_ID_SIZE = 16,
    RECORD_FIXED = 2 + 5 * NUMBER_SIZE + NUMBER_SIZE + LIFETIME_SIZE + 2 * UUID_SIZE + 1 + 2 + 2 /* all but the texts */
                   + 1 + 2 * PRINT_SIZE + 4 * 2,
};
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
    char digits[2 * UUID_SIZE];
    for (size_t i = 0; i < UUID_SIZE; i += 4)
        ascii_hex_write(digits + 2 * i, in + i);
    memcpy(out, digits, 8);
    memcpy(out + 9, digits + 8, 4);
    memcpy(out + 14, digits + 12, 4);
    memcpy(out + 19, digits + 16, 4);
    memcpy(out + 24, digits + 20, 12);
    out[8] = out[13] = out[18] = out[23] = '-';
}

/* ---- writing ---- */

static uint8_t *put_number_bytes(uint8_t *p, int64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *p++ = (uint8_t)((uint64_t)number >> (8 * i));
    return p;
}

static uint8_t *put_text(uint8_t *p, str text, size_t size)
{
    p = put_number_bytes(p, (int64_t)text.n, size);
    if (text.n > 0)
        memcpy(p, text.p, text.n);
    return p + text.n;
}

bool access_number_fits(int64_t number)
{
    return number >= 0 && number < (int64_t)1 << (8 * NUMBER_SIZE);
}

bool access_own_subject(const struct permit *p)
{
    return p->subject.n == client_subject.n + p->client_id.n && str_starts(p->subject, client_subject) && str_ends(p->subject, p->client_id);
}

static bool whole_subject(const struct permit *p)
{
    if (p->user_number == 0)
        return access_own_subject(p);
    return str_filled(p->subject) && p->subject.n <= ID_MAX && !str_starts(p->subject, client_subject); /* TE-08 */
}

static bool is_print(str text)
{
    uint8_t print[PRINT_SIZE];
    return !str_present(text) || !FAILED(b64url_decode_exact(text, print, sizeof print));
}

static fallible extras_whole(const struct permit *p)
{
    if (!is_print(p->jkt) || !is_print(p->x5t))
        FAIL(SERVER_ERROR, "a permit bound to what is no thumbprint");
    if (p->details.n > PERMIT_DETAILS_MAX || p->act.n > PERMIT_ACT_MAX || p->userinfo_claims.n > PERMIT_CLAIMS_MAX || p->amr.n > PERMIT_AMR_MAX ||
        p->acr.n > PERMIT_AMR_MAX)
        FAIL(SERVER_ERROR, "a permit with too long details, actor, claims or login");
    if (p->pairwise.n > ID_MAX || str_starts(p->pairwise, client_subject) || (str_present(p->pairwise) && p->user_number == 0))
        FAIL(SERVER_ERROR, "a permit with an impossible pairwise subject");
    return OK;
}

/* What the rules above us guarantee; a permit that breaks it makes no token. */
fallible access_permit_whole(const struct permit *p)
{
    TRY(extras_whole(p));
    if (!str_filled(p->client_id) || p->client_id.n > ID_MAX || !whole_subject(p))
        FAIL(SERVER_ERROR, "a permit without a proper client or subject");
    const int64_t numbers[] = {p->user_number, p->client_number, p->client_epoch, p->resource_number, p->issued_at, p->auth_time};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!access_number_fits(numbers[i]))
            FAIL(SERVER_ERROR, "a permit with an impossible number");
    if (p->expires_at <= p->issued_at || p->expires_at - p->issued_at > UINT32_MAX)
        FAIL(SERVER_ERROR, "a permit with impossible times");
    if (p->scope.n > SCOPE_MAX || p->audience.n > AUDIENCE_MAX)
        FAIL(SERVER_ERROR, "a permit with too long a scope or audience");
    if (p->resource_number != 0 && !str_filled(p->audience))
        FAIL(SERVER_ERROR, "a permit for a resource without an audience");
    return OK;
}

static uint8_t *put_user(uint8_t *p, const struct permit *permit, uint8_t *flags)
{
    *flags |= FLAG_USER;
    p = put_number_bytes(p, permit->user_number, NUMBER_SIZE);
    p = put_number_bytes(p, permit->auth_time, NUMBER_SIZE);
    if (!uuid_pack(permit->subject, p))
        return put_text(p, permit->subject, 1);
    *flags |= FLAG_SUBJECT_UUID;
    return p + UUID_SIZE;
}

static uint8_t *put_print(uint8_t *p, str print)
{
    INVARIANT(!FAILED(b64url_decode_exact(print, p, PRINT_SIZE))); /* access_permit_whole */
    return p + PRINT_SIZE;
}

static uint8_t *put_more(uint8_t *p, const struct permit *permit)
{
    uint8_t *more = p++;
    *more = 0;
    if (str_present(permit->jkt)) {
        *more |= MORE_KEY;
        p = put_print(p, permit->jkt);
    }
    if (str_present(permit->x5t)) {
        *more |= MORE_CERTIFICATE;
        p = put_print(p, permit->x5t);
    }
    const struct {
        uint8_t flag;
        str text;
    } texts[] = {{MORE_DETAILS, permit->details}, {MORE_ACT, permit->act}, {MORE_CLAIMS, permit->userinfo_claims}, {MORE_AMR, permit->amr}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!str_present(texts[i].text))
            continue;
        *more |= texts[i].flag;
        p = put_text(p, texts[i].text, 2);
    }
    return p;
}

static bool has_more(const struct permit *p)
{
    return str_present(p->jkt) || str_present(p->x5t) || str_present(p->details) || str_present(p->act) || str_present(p->userinfo_claims) ||
           str_present(p->amr);
}

static fallible record_write(struct arena *a, const struct permit *permit, str *out)
{
    size_t most = RECORD_FIXED + permit->subject.n + permit->client_id.n + permit->scope.n + permit->audience.n + permit->details.n + permit->act.n +
                  permit->userinfo_claims.n + permit->amr.n;
    uint8_t *record = arena_take(a, most), *p = record, flags = 0;
    if (record == NULL)
        FAIL(UNAVAILABLE, "no memory for an access token");
    p = put_number_bytes(p, VERSION, 1);
    p = put_number_bytes(p, 0, 1); /* the flags, when all are known */
    p = put_number_bytes(p, permit->client_number, NUMBER_SIZE);
    p = put_number_bytes(p, permit->client_epoch, NUMBER_SIZE);
    p = put_number_bytes(p, permit->issued_at, NUMBER_SIZE);
    p = put_number_bytes(p, permit->expires_at - permit->issued_at, LIFETIME_SIZE);
    if (permit->user_number != 0)
        p = put_user(p, permit, &flags);
    if (str_present(permit->authorization_id)) {
        flags |= FLAG_GRANT;
        if (!uuid_pack(permit->authorization_id, p))
            FAIL(SERVER_ERROR, "a permit whose grant id is no UUID");
        p += UUID_SIZE;
    }
    p = put_text(p, permit->client_id, 1);
    p = put_text(p, permit->scope, 2);
    if (permit->resource_number != 0) {
        flags |= FLAG_RESOURCE;
        p = put_number_bytes(p, permit->resource_number, NUMBER_SIZE);
        p = put_text(p, permit->audience, 2);
    }
    if (has_more(permit)) {
        flags |= FLAG_MORE;
        p = put_more(p, permit);
    }
    record[1] = (uint8_t)(flags | (permit->unscoped_full ? FLAG_UNSCOPED_FULL : 0) | (permit->unscoped ? FLAG_UNSCOPED : 0));
    *out = (str){(char *)record, (size_t)(p - record)};
    return OK;
}

fallible access_seal(struct arena *a, const struct keyring *k, const struct permit *permit, str *token, str *token_id)
{
    str record;
    struct sealed box;
    TRY(access_permit_whole(permit));
    TRY(record_write(a, permit, &record));
    TRY(sealed_close(a, k, access_prefix, record, &box));
    str id = token_id != NULL ? b64url_encode(a, box.id, TOKEN_ID_SIZE) : STR_ABSENT;
    if (token_id != NULL && !str_present(id))
        FAIL(UNAVAILABLE, "no memory for a token id");
    *token = box.text;
    if (token_id != NULL)
        *token_id = id;
    return OK;
}

/* ---- reading ---- */

struct cursor {
    const uint8_t *p;
    size_t left;
    bool bad; /* asked for more than there was; sticky */
};

static const uint8_t *take_cursor_bytes(struct cursor *c, size_t n)
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
    bool eight = c->left >= 8;
    const uint8_t *p = take_cursor_bytes(c, size);
    uint64_t v = 0;
    if (p != NULL && eight) {
        memcpy(&v, p, sizeof v);
        return (int64_t)(v & UINT64_MAX >> (64 - 8 * size));
    }
    for (size_t i = 0; p != NULL && i < size; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return (int64_t)v;
}

static str take_text(struct cursor *c, size_t size)
{
    size_t n = (size_t)take_number(c, size);
    const uint8_t *p = take_cursor_bytes(c, n);
    return p == NULL ? STR_ABSENT : (str){(const char *)p, n};
}

static str take_uuid(struct cursor *c, struct arena *a)
{
    const uint8_t *p = take_cursor_bytes(c, UUID_SIZE);
    char *text = p == NULL ? NULL : arena_take(a, UUID_TEXT + 1);
    if (text == NULL)
        return STR_ABSENT;
    uuid_unpack(p, text);
    return (str){text, UUID_TEXT};
}

static void take_user(struct cursor *c, struct arena *a, unsigned flags, struct permit *out)
{
    out->user_number = take_number(c, NUMBER_SIZE);
    out->auth_time = take_number(c, NUMBER_SIZE);
    out->subject = (flags & FLAG_SUBJECT_UUID) != 0 ? take_uuid(c, a) : take_text(c, 1);
    c->bad = c->bad || out->user_number == 0 || out->subject.n == 0;
}

static str take_print(struct cursor *c, struct arena *a)
{
    const uint8_t *p = take_cursor_bytes(c, PRINT_SIZE);
    return p == NULL ? STR_ABSENT : b64url_encode(a, p, PRINT_SIZE);
}

static void take_more(struct cursor *c, struct arena *a, struct permit *out)
{
    unsigned more = (unsigned)take_number(c, 1);
    c->bad = c->bad || more == 0 || (more & ~(unsigned)MORE_ALL) != 0;
    if ((more & MORE_KEY) != 0)
        out->jkt = take_print(c, a);
    if ((more & MORE_CERTIFICATE) != 0)
        out->x5t = take_print(c, a);
    if ((more & MORE_DETAILS) != 0)
        out->details = take_text(c, 2);
    if ((more & MORE_ACT) != 0)
        out->act = take_text(c, 2);
    if ((more & MORE_CLAIMS) != 0)
        out->userinfo_claims = take_text(c, 2);
    if ((more & MORE_AMR) != 0)
        out->amr = take_text(c, 2);
}

static fallible record_read(struct arena *a, str record, struct permit *p)
{
    struct cursor c = {(const uint8_t *)record.p, record.n, false};
    unsigned version = (unsigned)take_number(&c, 1), flags = (unsigned)take_number(&c, 1);
    if (version != VERSION || (flags & ~(unsigned)FLAG_ALL) != 0)
        FAIL(INVALID_TOKEN, "an access token of an unknown version");
    p->unscoped_full = (flags & FLAG_UNSCOPED_FULL) != 0;
    p->unscoped = p->unscoped_full || (flags & FLAG_UNSCOPED) != 0;
    p->client_number = take_number(&c, NUMBER_SIZE);
    p->client_epoch = take_number(&c, NUMBER_SIZE);
    p->issued_at = take_number(&c, NUMBER_SIZE);
    p->expires_at = p->issued_at + take_number(&c, LIFETIME_SIZE);
    if ((flags & FLAG_USER) != 0)
        take_user(&c, a, flags, p);
    if ((flags & FLAG_GRANT) != 0)
        p->authorization_id = take_uuid(&c, a);
    p->client_id = take_text(&c, 1);
    p->scope = take_text(&c, 2);
    if ((flags & FLAG_RESOURCE) != 0) {
        p->resource_number = take_number(&c, NUMBER_SIZE);
        p->audience = take_text(&c, 2);
    }
    if ((flags & FLAG_MORE) != 0)
        take_more(&c, a, p);
    if ((flags & FLAG_USER) == 0)
        p->subject = str_join(a, (const str[]){client_subject, p->client_id}, 2);
    if (arena_failed(a)) /* before a verdict: what could not be copied is missing */
        FAIL(UNAVAILABLE, "no memory to read an access token");
    if (c.bad || c.left != 0 || p->client_id.n == 0)
        FAIL(INVALID_TOKEN, "an access token whose record is malformed");
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
