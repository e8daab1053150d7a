/* SPDX-License-Identifier: MIT
 * b64url: RFC 4648 5 without padding, strict both ways: no `=`, no whitespace, no `+/`, dangling bits zero, so that one value
 * has one spelling. b64 (with padding, RFC 4648 4) is there only because HTTP Basic needs it (RFC 7617). */
#ifndef JETON_CODEC_B64URL_H
#define JETON_CODEC_B64URL_H
#include "base/buf.h"

#define B64URL_LENGTH(bytes_) (((bytes_)*4 + 2) / 3)
void b64url_add(struct buf *b, const void *bytes, size_t n);
str b64url_encode(struct arena *a, const void *bytes, size_t n); /* absent when the arena fails */
/* Writes B64URL_LENGTH(n) characters and no NUL. */
void b64url_write(char *out, const void *bytes, size_t n);
/* At most `capacity` bytes; INVALID_REQUEST when malformed or larger, outputs untouched in length. */
fallible b64url_decode(str text, void *out, size_t capacity, size_t *n);
/* Exactly `size` bytes, or INVALID_REQUEST. */
fallible b64url_decode_exact(str text, void *out, size_t size);
fallible b64_decode(struct arena *a, str text, str *out); /* padded; missing padding accepted, as clients send it */
#endif
