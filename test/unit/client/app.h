/* SPDX-License-Identifier: MIT
 * app: a client application with keys, as an administrator makes it, for the tests of what is registered. */
#ifndef JETON_TEST_APP_H
#define JETON_TEST_APP_H
#include "people.h"

#include "client/client_rules.h"

#define P256                                                                                   \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}"
struct app_sample {
    size_t member;
    const char *value;
};

static inline struct client_edit app_edit(void)
{
    struct client_edit edit = client_edit_nothing();
    edit.name = STR("App");
    edit.grants = STR("authorization_code");
    edit.auth_method = STR("private_key_jwt");
    edit.redirect_uris = STR("https://app.example.com/cb");
    edit.metadata[METADATA_jwks] = STR("{\"keys\":[" P256 "]}");
    return edit;
}

static inline const struct db_client *app_made(struct scene *s, struct client_edit edit)
{
    struct client_added out = {0};
    err e = client_add(s->ctx, &actor_owner, &edit, &s->p, &out);
    cr_assert(!FAILED(e), "%s: %s", err_why(e), s->p.count ? s->p.rows[0].message.p : "");
    str id = str_dup(s->a, out.client->id);
    scene_next(s);
    return client_find(s->ctx, id);
}

static inline void app_expect_refused(struct scene *scene, struct client_edit edit, const char *field)
{
    struct scene s = *scene;
    struct client_added out = {0};
    s.p.count = 0;
    err e = client_add(s.ctx, &actor_owner, &edit, &s.p, &out);
    cr_expect_eq(e.kind, ERR_UNPROCESSABLE, "%s", field);
    bool named = false;
    for (size_t i = 0; i < s.p.count; i++)
        named = named || str_is(str_of(s.p.rows[i].field), field);
    cr_expect(named, "%s is not named", field);
}
#endif
