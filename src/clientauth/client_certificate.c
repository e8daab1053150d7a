/* SPDX-License-Identifier: MIT
 * client_certificate: judges the certificate of this request's connection. Relies on the context for having it from TLS itself or from a
 * trusted proxy, so that its key is known to be the caller's; on crypto/leaf for reading it. Promises: no certificate, no name or no key
 * registered, and whatever cannot be read, is a refusal (CA-12). */
#include "clientauth/client_certificate.h"

#include "crypto/leaf.h"
#include "clientauth/client_keys.h"

#include "base/banned.h"

err client_certificate_refusal(struct context *ctx, err e)
{
    struct err_reason *reason = ARENA_NEW(ctx->arena, struct err_reason);
    if (reason == NULL || e.reason == NULL)
        return ERR(INVALID_CLIENT, "client: refused, and no memory to say why");
    reason->why = e.reason->why;
    return (err){ERR_INVALID_CLIENT, reason};
}

/* What is no verdict stays what it is. */
static err as_certificate_refusal(struct context *ctx, err e)
{
    return e.kind == ERR_INVALID_REQUEST || e.kind == ERR_INVALID_TOKEN ? client_certificate_refusal(ctx, e) : e;
}

/* RFC 8705 2.1.2: exactly one of the five names is registered. */
static fallible registered_name(const struct db_client_metadata *m, enum leaf_name *kind, str *wanted)
{
    const struct {
        enum leaf_name kind;
        str name;
    } names[] = {{LEAF_SUBJECT, m->tls_client_auth_subject_dn},
                 {LEAF_DNS, m->tls_client_auth_san_dns},
                 {LEAF_URI, m->tls_client_auth_san_uri},
                 {LEAF_IP, m->tls_client_auth_san_ip},
                 {LEAF_EMAIL, m->tls_client_auth_san_email}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_filled(names[i].name)) {
            *kind = names[i].kind;
            *wanted = names[i].name;
            count++;
        }
    if (count != 1)
        FAIL(INVALID_CLIENT, "certificate: not exactly one name is registered for the client");
    return OK;
}

static fallible require_certificate(const struct context *ctx)
{
    if (!str_filled(ctx->certificate))
        FAIL(INVALID_CLIENT, "client: registered for mutual TLS, but no client certificate came with the connection");
    return OK;
}

fallible client_certificate_pki(struct context *ctx, const struct db_client *client)
{
    enum leaf_name kind = LEAF_SUBJECT;
    str wanted = STR_ABSENT;
    TRY(require_certificate(ctx));
    if (!str_filled(ctx->authority->client_ca))
        FAIL(INVALID_CLIENT, "certificate: the setting client_ca names no authorities");
    TRY(registered_name(&client->metadata, &kind, &wanted));
    err e = leaf_chain(ctx->certificate, ctx->authority->client_ca, ctx->now);
    if (!FAILED(e))
        e = leaf_named(ctx->arena, ctx->certificate, kind, wanted);
    return as_certificate_refusal(ctx, e);
}

fallible client_certificate_self_signed(struct context *ctx, const struct db_client *client)
{
    struct jwk_set *keys = NULL;
    TRY(require_certificate(ctx));
    err e = leaf_valid(ctx->certificate, ctx->now);
    if (FAILED(e))
        return as_certificate_refusal(ctx, e);
    e = client_keys_get(ctx, client, NULL, &keys);
    if (FAILED(e))
        return as_certificate_refusal(ctx, e);
    e = ERR(INVALID_CLIENT, "certificate: the client has no usable key registered");
    for (size_t i = 0; i < keys->count; i++) {
        e = leaf_has_key(ctx->arena, ctx->certificate, &keys->keys[i].parts);
        if (!FAILED(e))
            return OK;
    }
    return as_certificate_refusal(ctx, e);
}
