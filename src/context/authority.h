/* SPDX-License-Identifier: MIT
 * authority: what every rule needs to know, handed down as one pointer: the store, the facts in memory, the keys, the settings.
 * Lives for the process; its members are replaced only under its own functions. */
#ifndef JETON_CONTEXT_AUTHORITY_H
#define JETON_CONTEXT_AUTHORITY_H
#include "fetch/fetch.h"
#include "store/store.h"
#include "store/cache/cache.h"
#include "store/table/db_deferred.h"
#include "store/table/db_event.h"
#include "keys/rotation.h"

enum profile { PROFILE_NONE = 0, PROFILE_OAUTH21, PROFILE_FAPI2_SECURITY, PROFILE_FAPI2_MESSAGE_SIGNING, PROFILE_COUNT }; /* profile.h */
enum registration_mode { REGISTRATION_OFF = 0, REGISTRATION_TOKEN, REGISTRATION_OPEN };
struct policy { /* seconds unless said otherwise; from the settings */
    int64_t access_lifetime, access_lifetime_max, code_lifetime, refresh_lifetime, refresh_absolute, refresh_grace;
    int64_t personal_lifetime, personal_lifetime_max;         /* default and longest; 0 in _max: no limit */
    int64_t session_idle, session_absolute, reauthentication; /* reauthentication: how fresh a password must be for sensitive steps */
    int64_t secret_overlap;                                   /* rotate-secret: how long the old one goes on */
    struct db_throttle_rule account_rule, address_rule, device_rule;
    int64_t key_rotation; /* seconds that signing keys are used; 0: no schedule */
    bool password_common_refused;
    bool login_with_email;                                 /* a verified one, in place of the username */
    bool second_factor_required;                           /* of everybody */
    int64_t device_lifetime, ciba_lifetime, poll_interval; /* of requests that wait for a person; seconds between polls */
    int registration;                                      /* enum registration_mode */
    str registration_grants, registration_scopes;          /* words: what software may register for, unless its initial access token says */
    int64_t registration_max, registration_unused;         /* clients that registered by themselves at the most; seconds until an unused one goes */
    struct db_throttle_rule registration_rule;
    int64_t registration_per_address;
    struct db_deferred_caps device_caps, ciba_caps;
    int64_t revocations_max, revocations_a_second; /* of access tokens, in memory: in all; by one client */
    str redirect_schemes;                          /* words: schemes without a dot that redirect URIs of every client may have */
    bool client_documents;                         /* client ids that are addresses of documents */
    str client_document_hosts;                     /* words; empty: any */
    int64_t id_token_lifetime, dpop_window;
    bool dpop_nonce; /* demanded of every DPoP proof */
    int64_t par_lifetime;
    bool require_par;           /* every authorization request must be pushed (RFC 9126 5) */
    struct fetch_manners fetch; /* how this server calls others */
    enum profile profile;       /* what every client is held to at the least */
};
struct authority {
    struct store *store;
    struct cache *cache;
    str issuer; /* without trailing slash */
    str issuer_origin;
    str base;          /* the issuer's path, below which every address of this server lies: empty, or /… without a slash at its end */
    bool secure;       /* the issuer is https */
    unix_time started; /* when this process opened it: what it may have forgotten is older; 0: nobody was before it */
    uint8_t begun[6];  /* random: what this very process has handed out, and not the one before it */
    str issuer_mtls;   /* base of the addresses that ask for client certificates, without trailing slash (RFC 8705 5); absent: none */
    bool certificates; /* client certificates reach this server: directly or by a trusted proxy's header */
    str client_ca;     /* PEM of the authorities of client certificates (RFC 8705 2.1); absent: none */
    struct policy policy;
    const struct keeper *keeper; /* what DIR/master.key is for */
    struct keys *keys;           /* the keyring in force */
};
/* Its keys and what keys_open says. */
fallible authority_open(struct authority *authority, const char *directory);
void authority_close(struct authority *authority);
struct context_binding {
    str jkt, x5t; /* absent: not bound to such a thing */
};
struct context_proof {
    bool judged;
    str access_token, jkt, nonce, alg; /* what it was judged for, and what it said */
};
/* The facts of one request: snapshot and keyring, consistent for its length. Refreshes first: UNAVAILABLE when that fails, ELSEWHERE when an
 * event thread would have to read for it. */
struct context {
    const struct authority *authority;
    struct tx *tx; /* where the store's functions run: the open transaction, or each by itself */
    const struct snapshot *snapshot;
    const struct keyring *keys;
    struct arena *arena;
    unix_time now;
    str address, request_id, user_agent; /* of the caller; for events and throttling */
    str method,
        url;  /* of the request as the issuer's address knows it, without query: for proofs (RFC 9449 4.2) and assertions; absent where there is neither */
    str dpop; /* the DPoP header; absent: none */
    str certificate;                         /* DER of the TLS client certificate whose key the caller holds; absent: none */
    str device;                              /* the device cookie's text; absent: none */
    const struct message_language *language; /* what the person reads; NULL: English */
    bool *refusal_audited;                   /* set when the audit trail has heard of this request's refusal; NULL: nobody asks */
    struct context_binding bind;             /* what the tokens that this request makes are bound to (clientauth/sender) */
    struct context_proof *proven;            /* what the DPoP header has proved: a request may be run twice and is no replay; NULL: nobody keeps it */
};
fallible authority_enter(const struct authority *authority, struct arena *a, struct context *out);
void authority_leave(struct context *ctx); /* every enter has its leave */
/* store_together on this context: inside of body ctx->tx is the transaction that they share. */
fallible authority_together(struct context *ctx, err (*body)(void *context), void *context);
fallible authority_together_soon(struct context *ctx, err (*body)(void *context), void *context); /* store_together_soon */

/* Keys: `jeton key list | rotate` (keys/rotation). A rotation stands in the audit trail, and this process's next request has it. */
fallible authority_keys_list(struct context *ctx, struct rotation_row **rows, size_t *count);
fallible authority_keys_rotate(struct context *ctx, enum rotation_how how);
/* Rotates when policy.key_rotation says so. Any number of processes may ask: one does it. */
fallible authority_keys_schedule(struct context *ctx, bool *rotated);
struct authority_event_facts {
    str actor, client_id, subject, detail;
};
/* One line in the audit trail; actor, client, subject may be absent. */
void authority_event(const struct context *ctx, const char *name, const struct authority_event_facts *facts);
/* Tells what the trail left out since the last call: an event a source in its class, a line in the log; and, once a day, which class is at
 * four fifths of its budget, so that an administrator can export before anything goes. About once a minute. */
fallible authority_events_tell(struct context *ctx, const int64_t budgets[DB_EVENT_CLASSES + 1]);
#endif
