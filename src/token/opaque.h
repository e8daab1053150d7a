/* SPDX-License-Identifier: MIT
 * opaque: the typed credentials (contract 5). Two makes:
 *   plain:  prefix + b64url(32 random bytes) + b64url(first 3 bytes of SHA-256(prefix || those characters)): jtn_pat_ jtn_cs_
 *   sealed: prefix + b64url(key number, hidden || box of the row's number): jtn_ac_ jtn_rt_ and cookies; forged ones never reach the store.
 * The kind is part of the checksum and of the seal's context, so one kind is never taken for another (AC-11). */
#ifndef JETON_TOKEN_OPAQUE_H
#define JETON_TOKEN_OPAQUE_H
#include "crypto/secret.h"
#include "keys/keyring.h"
enum opaque_kind {
    OPAQUE_NONE = 0,
    OPAQUE_PERSONAL,      /* jtn_pat_ plain */
    OPAQUE_CLIENT_SECRET, /* jtn_cs_  plain */
    OPAQUE_ACCESS,        /* jtn_at_  sealed: see token/access */
    OPAQUE_REFRESH,       /* jtn_rt_  sealed: numbers = grant, generation */
    OPAQUE_CODE,          /* jtn_ac_  sealed: number = code */
    OPAQUE_SESSION,       /* jtn_se_  sealed: number = session; cookie */
    OPAQUE_VISIT,         /* jtn_vi_  sealed: the cookie of a browser before login; no row */
    OPAQUE_CONSENT,       /* jtn_co_  sealed: the pending consent, in the page's form */
    OPAQUE_DEVICE,        /* jtn_de_  sealed: a browser where this person logged in before */
    OPAQUE_DEVICE_CODE,   /* jtn_dc_  sealed: number = deferred request (RFC 8628) */
    OPAQUE_AUTH_REQUEST,  /* jtn_cr_  sealed: number = deferred request (CIBA) */
    OPAQUE_PUSHED,        /* jtn_pr_  sealed: number = pushed request; the end of a request_uri (RFC 9126 2.2) */
    OPAQUE_REGISTRATION,  /* jtn_ra_ plain: reads and changes one client (RFC 7592) */
    OPAQUE_INITIAL,       /* jtn_ri_ plain: lets software register (RFC 7591 3) */
    OPAQUE_KIND_COUNT
};
enum { OPAQUE_PAYLOAD_MAX = 24000 };
/* By prefix alone; OPAQUE_NONE when it is none of ours. */
enum opaque_kind opaque_kind_of(str text);
const char *opaque_prefix(enum opaque_kind kind);
fallible opaque_plain_make(struct arena *a, enum opaque_kind kind, struct token_raw *out);
/* INVALID_TOKEN when prefix, length, alphabet or checksum are wrong; no store is asked. */
fallible opaque_plain_check(str text, enum opaque_kind kind);
fallible opaque_sealed_make(struct arena *a, const struct keyring *k, enum opaque_kind kind, str payload, struct token_raw *out);
/* INVALID_TOKEN when it was not made by us as this kind. *payload in arena memory. */
fallible opaque_sealed_open(struct arena *a, const struct keyring *k, enum opaque_kind kind, str text, str *payload);
/* Payload of two numbers (row, generation). */
fallible opaque_numbers_make(struct arena *a, const struct keyring *k, enum opaque_kind kind, const int64_t numbers[2], struct token_raw *out);
fallible opaque_numbers_open(struct arena *a, const struct keyring *k, enum opaque_kind kind, str text, int64_t numbers[2]);
/* A retry must get the same successor (contract 5): the live refresh token sealed under the one before it. */
fallible opaque_successor_close(struct arena *a, str old_token, str new_token, str *sealed);
fallible opaque_successor_open(struct arena *a, str old_token, str sealed, str *new_token);
#endif
