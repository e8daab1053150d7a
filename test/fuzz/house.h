/* SPDX-License-Identifier: MIT
 * house: a whole authority on a store of its own, for fuzz targets of readers that ask what is registered. Made once in a process; its
 * folder goes at the end. One client, `app`, whose key is signer.h's, and two types of authorization details. */
#ifndef JETON_FUZZ_HOUSE_H
#define JETON_FUZZ_HOUSE_H
#include "client/client.h"
#include "scope/details_types.h"
#include "signer.h"
#include "store/cache/cache.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOUSE_ISSUER "https://as.example"

static char house_folder[64];

static inline int house_remove(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void house_clean(void)
{
    (void)nftw(house_folder, house_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void house_furnish(struct authority *authority)
{
    struct arena *a = arena_new(8 << 20);
    struct context ctx;
    struct problems p = {0};
    struct client_edit edit = client_edit_nothing();
    struct client_added added;
    const struct details_edit payment = {STR("payment"), STR("Pay"), STR("amount:Amount;creditor:To whom")};
    const struct details_edit look = {STR("look"), STR("Look"), STR_ABSENT};
    struct jwk key = signer_jwk(a);
    json *set = json_object_new(a), *list = json_list_new(a);
    json_add(a, list, jwk_json(a, &key.parts));
    json_put(a, set, "keys", list);
    edit.id = edit.name = STR("app");
    edit.grants = STR("authorization_code");
    edit.redirect_uris = STR("https://app.example/cb");
    edit.metadata[METADATA_authorization_details_types] = STR("payment");
    INVARIANT(!FAILED(json_text(a, set, &edit.metadata[METADATA_jwks])));
    INVARIANT(!FAILED(authority_enter(authority, a, &ctx)));
    INVARIANT(!FAILED(details_types_add(&ctx, &actor_owner, &payment, &p)) && !FAILED(details_types_add(&ctx, &actor_owner, &look, &p)));
    authority_leave(&ctx);
    INVARIANT(!FAILED(authority_enter(authority, a, &ctx)));
    INVARIANT(!FAILED(client_add(&ctx, &actor_owner, &edit, &p, &added)));
    authority_leave(&ctx);
    arena_release(a);
}

static inline struct authority *house(void)
{
    static struct authority authority;
    if (authority.store != NULL)
        return &authority;
    const char *base = getenv("TMPDIR");
    snprintf(house_folder, sizeof house_folder, "%s/jeton-fuzz-XXXXXX", base != NULL && *base != '\0' ? base : "/tmp");
    INVARIANT(mkdtemp(house_folder) != NULL);
    atexit(house_clean);
    INVARIANT(!FAILED(store_open(&(struct store_options){.directory = house_folder, .create = true}, &authority.store)));
    INVARIANT(!FAILED(cache_open(authority.store, 100, &authority.cache)));
    authority.issuer = authority.issuer_origin = STR(HOUSE_ISSUER);
    authority.secure = true;
    authority.policy = (struct policy){.access_lifetime = 3600, .access_lifetime_max = 86400, .code_lifetime = 60};
    INVARIANT(!FAILED(authority_open(&authority, house_folder)));
    house_furnish(&authority);
    return &authority;
}
#endif
