/* SPDX-License-Identifier: MIT
 * sealed: see the header. Lies on the hottest path of the server (each token made, each token asked about), so it takes memory
 * once and does nothing but encode and seal. Relies on codec/b64url being strict (one value has one spelling: a changed
 * character is always noticed) and on keys/keyring. Promises that a text which sealed_open accepts was made by sealed_close
 * under the same prefix and one of the keyring's keys. */
#include "token/sealed.h"
#include "codec/b64url.h"
#include "token/opaque.h"
#include <string.h>
#include "base/banned.h"

fallible sealed_close(struct arena *a, const struct keyring *k, str prefix, str payload, struct sealed *out)
{
    if (payload.n > OPAQUE_PAYLOAD_MAX)
        FAIL(SERVER_ERROR, "the payload of a sealed credential is too large");
    size_t raw_n = payload.n + KEYRING_SEALED;
    size_t text_n = prefix.n + B64URL_LENGTH(raw_n);
    uint8_t *raw = arena_take(a, raw_n + text_n + 1);
    if (raw == NULL)
        FAIL(UNAVAILABLE, "no memory for a sealed credential");
    keyring_seal(k, prefix, payload, raw);
    char *text = (char *)raw + raw_n;
    memcpy(text, prefix.p, prefix.n);
    b64url_write(text + prefix.n, raw, raw_n);
    out->text = (str){text, text_n};
    memcpy(out->id, raw + KEYRING_HEAD, SEALED_ID);
    return OK;
}

fallible sealed_open(struct arena *a, const struct keyring *k, str prefix, str text, struct sealed *out)
{
    if (!str_present(text) || !str_starts(text, prefix))
        FAIL(INVALID_TOKEN, "a sealed credential has another prefix");
    str code = {text.p + prefix.n, text.n - prefix.n};
    if (code.n < B64URL_LENGTH(KEYRING_SEALED) || code.n > B64URL_LENGTH(OPAQUE_PAYLOAD_MAX + KEYRING_SEALED_EARLY))
        FAIL(INVALID_TOKEN, "a sealed credential has an impossible length");
    size_t capacity = code.n / 4 * 3 + 2;
    uint8_t *raw = arena_take(a, 2 * capacity);
    if (raw == NULL)
        FAIL(UNAVAILABLE, "no memory to open a sealed credential");
    size_t raw_n = 0;
    if (FAILED(b64url_decode(code, raw, capacity, &raw_n)) || raw_n < KEYRING_SEALED)
        FAIL(INVALID_TOKEN, "a sealed credential is not base64url");
    uint8_t *plain = raw + capacity;
    struct keyring_opened opened;
    TRY(keyring_open(k, prefix, (str){(char *)raw, raw_n}, plain, &opened));
    out->payload = opened.plain;
    memcpy(out->id, opened.chance, SEALED_ID);
    return OK;
}
