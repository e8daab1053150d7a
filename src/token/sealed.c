/* SPDX-License-Identifier: MIT
 * sealed: see the header. Lies on the hottest path of the server (each token made, each token asked about), so it takes memory
 * once and does nothing but encode and seal. Relies on codec/b64url being strict (one value has one spelling: a changed
 * character is always noticed) and on crypto/seal. Promises that a text which sealed_open accepts was made by sealed_close
 * under the same prefix and one of the keyring's keys. */
#include "token/sealed.h"
#include "codec/b64url.h"
#include "token/opaque.h"
#include <string.h>
#include "base/banned.h"

enum { NUMBER = 1 }; /* the key's number stands before the box */

fallible sealed_close(struct arena *a, const struct keyring *k, str prefix, str payload, struct sealed *out)
{
    if (payload.n > OPAQUE_PAYLOAD_MAX)
        FAIL(SERVER_ERROR, "the payload of a sealed credential is too large");
    const struct seal_key *key;
    uint8_t number = keyring_sealing(k, &key);
    size_t raw_n = NUMBER + payload.n + SEAL_OVERHEAD;
    size_t text_n = prefix.n + B64URL_LENGTH(raw_n);
    uint8_t *raw = arena_take(a, raw_n + text_n + 1);
    if (raw == NULL)
        FAIL(UNAVAILABLE, "no memory for a sealed credential");
    raw[0] = number;
    seal_close(key, prefix, payload.p, payload.n, raw + NUMBER);
    char *text = (char *)raw + raw_n;
    memcpy(text, prefix.p, prefix.n);
    b64url_write(text + prefix.n, raw, raw_n);
    out->text = (str){text, text_n};
    memcpy(out->id, raw + NUMBER, SEALED_ID);
    return OK;
}

fallible sealed_open(struct arena *a, const struct keyring *k, str prefix, str text, struct sealed *out)
{
    if (!str_present(text) || !str_starts(text, prefix))
        FAIL(INVALID_TOKEN, "a sealed credential has another prefix");
    str code = {text.p + prefix.n, text.n - prefix.n};
    if (code.n < B64URL_LENGTH(NUMBER + SEAL_OVERHEAD) || code.n > B64URL_LENGTH(NUMBER + OPAQUE_PAYLOAD_MAX + SEAL_OVERHEAD))
        FAIL(INVALID_TOKEN, "a sealed credential has an impossible length");
    size_t capacity = code.n / 4 * 3 + 2;
    uint8_t *raw = arena_take(a, 2 * capacity);
    if (raw == NULL)
        FAIL(UNAVAILABLE, "no memory to open a sealed credential");
    size_t raw_n = 0;
    if (FAILED(b64url_decode(code, raw, capacity, &raw_n)) || raw_n < NUMBER + SEAL_OVERHEAD)
        FAIL(INVALID_TOKEN, "a sealed credential is not base64url");
    const struct seal_key *key = keyring_opening(k, raw[0]);
    if (key == NULL)
        FAIL(INVALID_TOKEN, "a sealed credential names a sealing key that is unknown or destroyed");
    uint8_t *plain = raw + capacity;
    TRY(seal_open(key, prefix, raw + NUMBER, raw_n - NUMBER, plain));
    out->payload = (str){(char *)plain, raw_n - NUMBER - SEAL_OVERHEAD};
    memcpy(out->id, raw + NUMBER, SEALED_ID);
    return OK;
}
