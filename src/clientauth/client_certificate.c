/* SPDX-License-Identifier: MIT
 * client_certificate: judges the certificate of this request's connection. Relies on the ground for having it from TLS itself or from a
 * trusted proxy, so that its key is known to be the caller's; on crypto/leaf for reading it. Promises: no certificate, no name or no key
 * registered, and whatever cannot be read, is a refusal (CA-12). */
#include "clientauth/client_certificate.h"

#include "crypto/leaf.h"
#include "clientauth/client_keys.h"

#include "base/banned.h"

err client_certificate_refusal(struct ground *g, err e)
{
    struct err_reason *reason = ARENA_NEW(g->arena, struct err_reason);
    if (reason == NULL || e.reason == NULL)
        return ERR(INVALID_CLIENT, "client: refused, and no memory to say why");
    reason->why = e.reason->why;
    return (err){ERR_INVALID_CLIENT, reason};
}

/* What is no verdict stays what it is. */
static err judged(struct ground *g, err e)
{
    return e.kind == ERR_INVALID_REQUEST || e.kind == ERR_INVALID_TOKEN ? client_certificate_refusal(g, e) : e;
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

static fallible sent(const struct ground *g)
{
    if (!str_filled(g->certificate))
        FAIL(INVALID_CLIENT, "client: registered for mutual TLS, but no client certificate came with the connection");
    return OK;
}

fallible client_certificate_pki(struct ground *g, const struct db_client *client)
{
    enum leaf_name kind = LEAF_SUBJECT;
    str wanted = STR_ABSENT;
    TRY(sent(g));
    if (!str_filled(g->authority->client_ca))
        FAIL(INVALID_CLIENT, "certificate: the setting client_ca names no authorities");
    TRY(registered_name(&client->metadata, &kind, &wanted));
    err e = leaf_chain(g->certificate, g->authority->client_ca, g->now);
    if (!FAILED(e))
        e = leaf_named(g->arena, g->certificate, kind, wanted);
    return judged(g, e);
}

fallible client_certificate_self_signed(struct ground *g, const struct db_client *client)
{
    struct jwk_set *keys = NULL;
    TRY(sent(g));
    err e = leaf_valid(g->certificate, g->now);
    if (FAILED(e))
        return judged(g, e);
    e = client_keys_get(g, client, NULL, &keys);
    if (FAILED(e))
        return judged(g, e);
    e = ERR(INVALID_CLIENT, "certificate: the client has no usable key registered");
    for (size_t i = 0; i < keys->count; i++) {
        e = leaf_has_key(g->arena, g->certificate, &keys->keys[i].parts);
        if (!FAILED(e))
            return OK;
    }
    return judged(g, e);
}
