/* SPDX-License-Identifier: MIT
 * opaque: the typed credentials. One table gives each kind its prefix and its make; everything else follows from the row.
 * Relies on token/sealed for what is sealed and on crypto/digest for checksums. Promises that a text of one kind is never
 * accepted as another (AC-11), that nothing but the prefix can be foreseen (AC-01), that a
 * mistyped plain credential is told from an unknown one without a store, and that no
 * function here compares a secret: a checksum is public arithmetic over the text itself. */
#include "token/opaque.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "token/sealed.h"
#include <string.h>
#include "base/banned.h"

enum {
    PLAIN_RANDOM = 32,                               /* 256 bits (AT-01, PT-01) */
    PLAIN_RANDOM_TEXT = B64URL_LENGTH(PLAIN_RANDOM), /* 43 */
    CHECKSUM = 3,
    CHECKSUM_TEXT = B64URL_LENGTH(CHECKSUM), /* 4 */
    PREFIX_MAX = 8,                          /* "jtn_pat_" */
    PLAIN_TEXT_MAX = PREFIX_MAX + PLAIN_RANDOM_TEXT + CHECKSUM_TEXT,
    NUMBERS_SIZE = 16, /* two numbers of 8 bytes, little-endian */
};

enum make { MAKE_NONE = 0, PLAIN, SEALED };

/* clang-format off */
static const struct kind {
    str prefix;
    enum make make;
} kinds[OPAQUE_KIND_COUNT] = {
    [OPAQUE_PERSONAL]      = {{"jtn_pat_", 8}, PLAIN},
    [OPAQUE_CLIENT_SECRET] = {{"jtn_cs_", 7},  PLAIN},
    [OPAQUE_ACCESS]        = {{"jtn_at_", 7},  SEALED},
    [OPAQUE_REFRESH]       = {{"jtn_rt_", 7},  SEALED},
    [OPAQUE_CODE]          = {{"jtn_ac_", 7},  SEALED},
    [OPAQUE_SESSION]       = {{"jtn_se_", 7},  SEALED},
    [OPAQUE_VISIT]         = {{"jtn_vi_", 7},  SEALED},
    [OPAQUE_CONSENT]       = {{"jtn_co_", 7},  SEALED},
    [OPAQUE_DEVICE]        = {{"jtn_de_", 7},  SEALED},
    [OPAQUE_DEVICE_CODE]   = {{"jtn_dc_", 7},  SEALED},
    [OPAQUE_AUTH_REQUEST]  = {{"jtn_cr_", 7},  SEALED},
    [OPAQUE_PUSHED]        = {{"jtn_pr_", 7},  SEALED},
    [OPAQUE_REGISTRATION]  = {{"jtn_ra_", 7},  PLAIN},
    [OPAQUE_INITIAL]       = {{"jtn_ri_", 7},  PLAIN},
};
/* clang-format on */

static const struct kind *row_of(enum opaque_kind kind, enum make make)
{
    INVARIANT(kind > OPAQUE_NONE && kind < OPAQUE_KIND_COUNT && kinds[kind].make == make);
    return &kinds[kind];
}

enum opaque_kind opaque_kind_of(str text)
{
    const str common = STR("jtn_");
    if (!str_starts(text, common))
        return OPAQUE_NONE;
    for (int kind = OPAQUE_NONE + 1; kind < OPAQUE_KIND_COUNT; kind++)
        if (text.n > common.n && text.p[common.n] == kinds[kind].prefix.p[common.n] && str_starts(text, kinds[kind].prefix))
            return (enum opaque_kind)kind;
    return OPAQUE_NONE;
}

const char *opaque_prefix(enum opaque_kind kind)
{
    INVARIANT(kind > OPAQUE_NONE && kind < OPAQUE_KIND_COUNT);
    return kinds[kind].prefix.p;
}

/* text: prefix and random part. */
static void checksum_write(str text, char out[CHECKSUM_TEXT])
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(text, digest);
    b64url_write(out, digest, CHECKSUM);
}

fallible opaque_plain_make(struct arena *a, enum opaque_kind kind, struct token_raw *out)
{
    const struct kind *row = row_of(kind, PLAIN);
    uint8_t bytes[PLAIN_RANDOM];
    size_t body = row->prefix.n + PLAIN_RANDOM_TEXT;
    char *text = arena_take(a, PLAIN_TEXT_MAX + 1);
    if (text == NULL)
        FAIL(UNAVAILABLE, "no memory for a credential");
    random_bytes(bytes, sizeof bytes);
    memcpy(text, row->prefix.p, row->prefix.n);
    b64url_write(text + row->prefix.n, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    checksum_write((str){text, body}, text + body);
    out->text = (str){text, body + CHECKSUM_TEXT};
    return OK;
}

fallible opaque_plain_check(str text, enum opaque_kind kind)
{
    const struct kind *row = row_of(kind, PLAIN);
    if (!str_present(text) || !str_starts(text, row->prefix))
        FAIL(INVALID_TOKEN, "a credential has another prefix");
    size_t body = row->prefix.n + PLAIN_RANDOM_TEXT;
    if (text.n != body + CHECKSUM_TEXT)
        FAIL(INVALID_TOKEN, "a credential has the wrong length");
    uint8_t bytes[PLAIN_RANDOM];
    err decoded = b64url_decode_exact((str){text.p + row->prefix.n, PLAIN_RANDOM_TEXT}, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    if (FAILED(decoded))
        FAIL(INVALID_TOKEN, "a credential is not base64url");
    char expected[CHECKSUM_TEXT];
    checksum_write((str){text.p, body}, expected);
    if (!str_equal((str){expected, CHECKSUM_TEXT}, (str){text.p + body, CHECKSUM_TEXT}))
        FAIL(INVALID_TOKEN, "the checksum of a credential is wrong");
    return OK;
}

fallible opaque_sealed_make(struct arena *a, const struct keyring *k, enum opaque_kind kind, str payload, struct token_raw *out)
{
    struct sealed box;
    TRY(sealed_close(a, k, row_of(kind, SEALED)->prefix, payload, &box));
    out->text = box.text;
    return OK;
}

fallible opaque_sealed_open(struct arena *a, const struct keyring *k, enum opaque_kind kind, str text, str *payload)
{
    struct sealed box;
    TRY(sealed_open(a, k, row_of(kind, SEALED)->prefix, text, &box));
    *payload = box.payload;
    return OK;
}

static void number_put(uint8_t *p, int64_t number)
{
    uint64_t v = (uint64_t)number;
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static int64_t number_get(const char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)(uint8_t)p[i] << (8 * i);
    return (int64_t)v;
}

fallible opaque_numbers_make(struct arena *a, const struct keyring *k, enum opaque_kind kind, const int64_t numbers[2], struct token_raw *out)
{
    uint8_t payload[NUMBERS_SIZE];
    number_put(payload, numbers[0]);
    number_put(payload + 8, numbers[1]);
    return opaque_sealed_make(a, k, kind, (str){(char *)payload, sizeof payload}, out);
}

fallible opaque_numbers_open(struct arena *a, const struct keyring *k, enum opaque_kind kind, str text, int64_t numbers[2])
{
    str payload;
    TRY(opaque_sealed_open(a, k, kind, text, &payload));
    if (payload.n != NUMBERS_SIZE)
        FAIL(INVALID_TOKEN, "a sealed credential does not hold two numbers");
    numbers[0] = number_get(payload.p);
    numbers[1] = number_get(payload.p + 8);
    return OK;
}

/* The store holds SHA-256 of the old token, so the key must be another function of it: HMAC under a public label, which is as
 * hard to guess as the token itself (192 random bits at its head and a tag of 128). Used for one box: a token has one successor. */
static const char successor_label[DIGEST_SIZE] = "jeton: seals a successor";
static const str successor_context = {"jeton successor", 15};

fallible opaque_successor_close(struct arena *a, str old_token, str new_token, str *sealed)
{
    if (new_token.n == 0 || new_token.n > OPAQUE_PAYLOAD_MAX)
        FAIL(SERVER_ERROR, "a successor has an impossible length");
    size_t box_n = new_token.n + SEAL_TAG;
    uint8_t *box = arena_take(a, box_n);
    if (box == NULL)
        FAIL(UNAVAILABLE, "no memory to seal a successor");
    uint8_t key[DIGEST_SIZE];
    digest_hmac((const uint8_t *)successor_label, old_token, key);
    seal_close_once(key, successor_context, new_token.p, new_token.n, box);
    secret_wipe(key, sizeof key);
    str text = b64url_encode(a, box, box_n);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "no memory to seal a successor");
    *sealed = text;
    return OK;
}

fallible opaque_successor_open(struct arena *a, str old_token, str sealed, str *new_token)
{
    size_t capacity = sealed.n / 4 * 3 + 2, box_n = 0;
    if (sealed.n <= B64URL_LENGTH(SEAL_TAG) || sealed.n > B64URL_LENGTH(OPAQUE_PAYLOAD_MAX + SEAL_TAG))
        FAIL(INVALID_TOKEN, "a sealed successor has an impossible length");
    uint8_t *box = arena_take(a, 2 * capacity);
    if (box == NULL)
        FAIL(UNAVAILABLE, "no memory to open a successor");
    if (FAILED(b64url_decode(sealed, box, capacity, &box_n)) || box_n <= SEAL_TAG)
        FAIL(INVALID_TOKEN, "a sealed successor is not base64url");
    uint8_t key[DIGEST_SIZE], *plain = box + capacity;
    digest_hmac((const uint8_t *)successor_label, old_token, key);
    err opened = seal_open_once(key, successor_context, box, box_n, plain);
    secret_wipe(key, sizeof key);
    TRY(opened);
    *new_token = (str){(char *)plain, box_n - SEAL_TAG};
    return OK;
}
