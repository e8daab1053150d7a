/* SPDX-License-Identifier: MIT
 * subject: see the header. A pairwise name is a MAC over sector and person under a key of the keeper, which
 * no rotation changes: so it is stable without a table, differs from sector to sector, and cannot be guessed or turned back (OpenID
 * Connect Core 8.1). A client without a registered sector has one of its own, which is the careful reading. */
#include "client/subject.h"
#include "codec/b64url.h"
#include "crypto/secret.h"
#include "base/banned.h"

bool subject_pairwise(const struct db_client *client)
{
    return client != NULL && str_is(client->metadata.subject_type, "pairwise");
}

fallible subject_of(struct context *ctx, const struct db_client *client, const struct db_user *user, str *sub)
{
    if (!subject_pairwise(client)) {
        *sub = user->id;
        return OK;
    }
    const struct db_client_metadata *m = &client->metadata;
    bool named = str_filled(m->sector);
    /* the separators cannot stand in hosts, client ids or user ids */
    str parts[] = {named ? STR("host ") : STR("client "), named ? m->sector : client->id, STR("\n"), user->id};
    str text = str_join(ctx->arena, parts, sizeof parts / sizeof *parts);
    uint8_t mac[DIGEST_SIZE];
    if (!str_present(text))
        FAIL(UNAVAILABLE, "subject: no memory");
    keeper_mac(ctx->authority->keeper, KEEPER_PAIRWISE_SUBJECT, text, mac);
    str name = b64url_encode(ctx->arena, mac, sizeof mac);
    if (!str_present(name))
        FAIL(UNAVAILABLE, "subject: no memory");
    *sub = name;
    return OK;
}

fallible subject_session_hint(struct context *ctx, const struct db_client *client, str session_id, str *hint)
{
    enum { HINT_BYTES = 16 };
    str text = str_join(ctx->arena, (const str[]){client->id, STR("\n"), session_id}, 3);
    uint8_t mac[DIGEST_SIZE];
    if (!str_present(text))
        FAIL(UNAVAILABLE, "subject: no memory");
    keeper_mac(ctx->authority->keeper, KEEPER_SESSION_HINT, text, mac);
    str made = b64url_encode(ctx->arena, mac, HINT_BYTES);
    if (!str_present(made))
        FAIL(UNAVAILABLE, "subject: no memory");
    *hint = made;
    return OK;
}

bool subject_matches(struct context *ctx, const struct db_client *client, const struct db_user *user, str sub)
{
    str own;
    return !FAILED(subject_of(ctx, client, user, &own)) && secret_equal(own, sub);
}
