/* SPDX-License-Identifier: MIT
 * client: the only code that changes client applications; API, console and command line call it alike. */
#ifndef JETON_CLIENT_CLIENT_H
#define JETON_CLIENT_CLIENT_H
#include "context/actor.h"
#include "client/metadata.h"
#include "context/problem.h"
struct client_edit {                                               /* absent str, -1: leave as it is (add: the default) */
    str id;                                                        /* add only: 1..255 visible ASCII; absent: a fresh UUID */
    str name, description;                                         /* name 1..255, unique among live clients without regard to case */
    str grants;                                                    /* words; present but empty: none */
    int refresh;                                                   /* 0: --no-refresh; else refresh_token is implied by authorization_code and password */
    str redirect_uris, post_logout_redirect_uris;                  /* lines */
    str scopes;                                                    /* words, each known */
    str auth_method;                                               /* a word of auth_methods; add: default `any` for confidential, `none` for public */
    int is_public, first_party, require_pkce, compat_processmaker; /* -1 0 1 */
    str owner;                                                     /* user id or name */
    int64_t access_lifetime, refresh_lifetime;                     /* -1: as it is */
    str secret;                                                    /* given by the caller (--secret-stdin); absent: made here. ≥ 32 bytes of visible ASCII */
    int64_t version;                                               /* 0: do not check */
    str metadata[METADATA_COUNT];                                  /* as text (metadata.h); absent: as it is; empty: remove */
    str origin;                                                    /* add only: absent for administrators, dynamic, open, document */
    str initial_grants, initial_scopes;                            /* add only: what its initial access token allows, where that says so */
    fallible (*settle)(struct context *ctx,
                       const struct db_client *added); /* add only: in its transaction, in which no other client is added; may be run again */
    struct token_hash registration;                    /* add only: of the registration access token (RFC 7592); zero: none */
};
/* A client_edit that leaves everything as it is. */
struct client_edit client_edit_nothing(void);
struct client_added {
    const struct db_client *client;
    str secret;
};
/* out->secret: the raw secret, shown this once; absent for public clients. AD-04, RU-03, RU-04, RU-07 hold. */
fallible client_add(struct context *ctx, const struct actor *by, const struct client_edit *edit, struct problems *p, struct client_added *out);
fallible client_change(struct context *ctx, const struct actor *by, str id, const struct client_edit *edit, struct problems *p);
struct client_rotation {
    int64_t overlap;
    str secret; /* absent: made here */
};
/* overlap: seconds that the old secret goes on; -1: the server's setting. */
fallible client_rotate_secret(struct context *ctx, const struct actor *by, str id, const struct client_rotation *how, str *secret);
fallible client_set_disabled(struct context *ctx, const struct actor *by, str id, bool disabled);
fallible client_remove(struct context *ctx, const struct actor *by, str id);
/* From the facts in memory; NULL when none. Lists: filter over id and name; order by name id created_at. */
const struct db_client *client_find(const struct context *ctx, str id);
/* A copy as it is now, after a change of this very request. NOT_FOUND. */
fallible client_now(struct context *ctx, str id, const struct db_client **out);
struct client_rows {
    const struct db_client **rows;
    size_t count;
    int64_t total;
};
fallible client_list(struct context *ctx, const struct actor *by, const struct db_page *page, struct client_rows *out);
bool client_has_secret(const struct db_client *client); /* its way to authenticate needs one */
bool client_allows_grant(const struct db_client *client, str grant);
#endif
