/* SPDX-License-Identifier: MIT
 * device_code: the device authorization grant (RFC 8628): a device without a keyboard asks, a person types its word elsewhere. */
#ifndef JETON_GRANT_DEVICE_CODE_H
#define JETON_GRANT_DEVICE_CODE_H
#include "grant/deferred.h"
/* 8 of 20 letters without vowels and look-alikes (RFC 8628 6.1): 34.5 bits. */
enum { DEVICE_CODE_LETTERS = 8, DEVICE_CODE_SHOWN = 9 };
struct device_code_answer {
    str device_code;
    str user_code; /* as it is shown: XXXX-XXXX */
    str verification_uri, verification_uri_complete;
    int64_t expires_in, interval;
    int64_t retry_after; /* seconds; set when BUSY */
};
fallible device_code_request(struct context *ctx, const struct client_proof *proof, const struct form *f, struct device_code_answer *out);
/* What a person typed, in any letter case, with dashes and spaces: the letters alone; false: it cannot be one of ours. */
bool device_code_letters(str typed, char out[DEVICE_CODE_LETTERS]);
/* The address that a device shows; with the code in it when user_code (as shown) is present. Absent when the arena fails. */
str device_code_address(const struct context *ctx, str user_code);
struct device_code_found {
    struct db_deferred *row;
    str shown;           /* XXXX-XXXX */
    int64_t retry_after; /* set with THROTTLED */
};
/* The request behind a typed word. A few wrong words a person and a place, then a wait (DV-01). NOT_FOUND, THROTTLED with `say`s for people. */
fallible device_code_find(struct context *ctx, const struct session *s, str typed, struct device_code_found *out);
fallible device_code_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
