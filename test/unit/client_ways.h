/* SPDX-License-Identifier: MIT
 * client_ways: clients of every registered way of authenticating, and what they send, over the stage. */
#ifndef JETON_TEST_CLIENT_WAYS_H
#define JETON_TEST_CLIENT_WAYS_H
#include "stage.h"
#include "token/foreign.h"

#define ASSERTION_TYPE "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

/* Changes the stored row as a registration would. */
static inline void ways_register(struct stage *t, const char *id, const char *method, const struct db_client_metadata *m)
{
    struct db_client row = *stage_find(t, id);
    row.auth_method = str_of(method);
    row.is_public = str_is(row.auth_method, "none");
    row.metadata = *m;
    assert_done(db_client_save(store_each(t->s.authority->store), &row));
    scene_next(&t->s);
}

static inline str ways_jwks(struct stage *t, const struct sign_key *key, const char *kid)
{
    json *set = json_object_new(t->s.a), *list = json_list_new(t->s.a), *one = foreign_jwk(t->s.a, key);
    str text;
    if (kid)
        json_put_text(t->s.a, one, "kid", str_of(kid));
    json_add(t->s.a, list, one);
    json_put(t->s.a, set, "keys", list);
    assert_done(json_text(t->s.a, set, &text));
    return text;
}

static inline err ways_check(struct stage *t, str authorization, str body, struct client_proof *proof)
{
    struct form f;
    assert_done(form_parse(t->s.a, body, &f));
    struct client_claim claim = {authorization, &f, true};
    return client_auth_check(t->s.ctx, &claim, proof);
}

static inline str ways_body(struct stage *t, str assertion, const char *more)
{
    str parts[] = {STR("client_assertion_type=" ASSERTION_TYPE "&client_assertion="), assertion, str_of(more)};
    return str_join(t->s.a, parts, 3);
}
#endif
