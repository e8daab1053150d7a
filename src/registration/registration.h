/* SPDX-License-Identifier: MIT
 * registration: software registers itself (RFC 7591, OpenID Connect Registration 1.0) and manages what it registered (RFC 7592). The
 * settings, or the initial access token, say what it may choose; client/client judges the rest as for everybody. */
#ifndef JETON_REGISTRATION_REGISTRATION_H
#define JETON_REGISTRATION_REGISTRATION_H
#include "codec/json_writer.h"
#include "client/client.h"
/* RL-06: of one registration; of all together, as they lie in memory, where every client has its place. */
enum {
    REGISTRATION_SHARED = 20 /* places from which on addresses have shares */,
    REGISTRATION_FIRST_USE = 600 /* seconds: not removed for others before */,
    REGISTRATION_BYTES = 16384,
    REGISTRATION_BYTES_ALL = 24 << 20
};
struct registration_made {
    const struct db_client *client;
    str secret;          /* absent: none, or not shown again */
    str token;           /* the registration access token */
    int64_t retry_after; /* with THROTTLED: seconds */
};
/* bearer: the initial access token; absent: none. NOT_FOUND: registration is off. INVALID_TOKEN, THROTTLED, UNAVAILABLE (no room);
 * UNPROCESSABLE with problems, whose fields are those of RFC 7591. */
fallible registration_add(struct context *ctx, str bearer, const json *body, struct problems *p, struct registration_made *out);
/* The client whose registration access token this is. INVALID_TOKEN for anything else, unknown clients too (RFC 7592 2). */
fallible registration_find(struct context *ctx, str id, str token, const struct db_client **out);
/* All that software may set anew; what is not named goes back to its default; what administrators set stays (MD-04). out->secret is set
 * when the new way to authenticate needed one. */
fallible registration_replace(struct context *ctx, const struct db_client *client, const json *body, struct problems *p, struct registration_made *out);
fallible registration_remove(struct context *ctx, const struct db_client *client);
/* The client as RFC 7591 3.2.1 wants it told, without secret and token: members of the object that is open. */
void registration_write(struct context *ctx, const struct db_client *client, struct json_writer *w);
/* Clients that came by themselves, by any way. */
size_t registration_count(const struct context *ctx);
/* Is there room for one more? Unused ones of open registration are removed first (RL-06). BUSY when this source has its share, which does
 * not count for who has an initial access token; UNAVAILABLE when there is none. */
fallible registration_room(struct context *ctx, bool by_token);
/* For client_edit.settle, of a client that came by itself or by a token: is there room still, beside those that came at the same time? Notes where it came from. */
fallible registration_settle(struct context *ctx, const struct db_client *client);
#endif
