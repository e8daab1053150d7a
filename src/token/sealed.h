/* SPDX-License-Identifier: MIT
 * sealed: the one form of everything that is sealed and handed out: prefix + b64url(what keys/keyring seals). The prefix is the
 * seal's context, so one kind never opens as another (AC-11). Private to token/: others speak to opaque and access. */
#ifndef JETON_TOKEN_SEALED_H
#define JETON_TOKEN_SEALED_H
#include "keys/keyring.h"
enum { SEALED_ID = 16 }; /* bytes of the box's random head that serve as an identifier */
struct sealed {
    str text;    /* sealed_close: the credential, NUL-terminated */
    str payload; /* sealed_open: what was inside */
    uint8_t id[SEALED_ID];
};
/* SERVER_ERROR when the payload is larger than OPAQUE_PAYLOAD_MAX. */
fallible sealed_close(struct arena *a, const struct keyring *k, str prefix, str payload, struct sealed *out);
/* INVALID_TOKEN when it was not made by us under this prefix. */
fallible sealed_open(struct arena *a, const struct keyring *k, str prefix, str text, struct sealed *out);
#endif
