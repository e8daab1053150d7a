/* SPDX-License-Identifier: MIT
 * exchange: a client that exchanges tokens, and what it hands in, over the stage. */
#ifndef JETON_TEST_EXCHANGE_H
#define JETON_TEST_EXCHANGE_H
#include "stage.h"
#include "token/id_token.h"
#include "token/jws.h"

#define GRANT  "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
#define ACCESS "&subject_token_type=urn:ietf:params:oauth:token-type:access_token"
#define JWT    "&subject_token_type=urn:ietf:params:oauth:token-type:jwt"
#define ID     "&subject_token_type=urn:ietf:params:oauth:token-type:id_token"
#define ACTOR  "&actor_token_type=urn:ietf:params:oauth:token-type:access_token&actor_token="
#define FILES  "https://files.example"

static inline void exchange_shape_gate(struct client_edit *edit)
{
    edit->grants = STR("token_exchange client_credentials password");
}

static inline void exchange_policy(struct stage *t, const char *id, const char *modes, const char *subjects, const char *audiences)
{
    struct db_client next = *stage_find(t, id);
    next.metadata.exchange_modes = str_of(modes);
    next.metadata.exchange_subjects = str_of(subjects);
    next.metadata.exchange_audiences = str_of(audiences);
    assert_done(db_client_save(store_each(t->s.authority->store), &next));
    scene_next(&t->s);
}

static inline void exchange_resource(struct stage *t, const char *uri, const char *format, const char *client)
{
    struct db_resource row = {
        .uri = str_of(uri), .name = str_of(uri), .token_format = str_of(format), .alg = STR("ES256"), .client_id = str_of(client), .created_at = NOW};
    assert_done(db_resource_add(store_each(t->s.authority->store), &row));
    scene_next(&t->s);
}

/* gate exchanges tokens of web, for itself or for the service files. */
static inline struct stage exchange_stage(void)
{
    struct stage t = stage_new();
    (void)stage_client(&t, "gate", exchange_shape_gate);
    exchange_resource(&t, FILES, "jwt", "files");
    exchange_policy(&t, "gate", "impersonation delegation", "web", FILES);
    return t;
}

static inline str exchange_tokens(struct stage *t, const char *client, const char *more)
{
    struct token_answer answer;
    assert_done(stage_password(t, client, more, &answer));
    return answer.access_token;
}

static inline err exchange_swap(struct stage *t, str subject, const char *more, struct token_answer *out)
{
    str parts[] = {STR(GRANT "&subject_token="), subject, str_of(more)};
    return stage_token(t, "gate", str_join(t->s.a, parts, 3), out);
}

static inline err exchange_delegate(struct stage *t, str subject, str actor, struct token_answer *out)
{
    str parts[] = {STR(GRANT ACCESS "&subject_token="), subject, STR(ACTOR), actor};
    return stage_token(t, "gate", str_join(t->s.a, parts, 4), out);
}

/* What an ID token of this client comes from. */
static inline void exchange_authorized(struct stage *t, const char *client, str id)
{
    struct db_authorization authorization = {.id = id,
                                             .user_number = t->ada->number,
                                             .client_number = stage_find(t, client)->number,
                                             .client_epoch = stage_find(t, client)->epoch,
                                             .scope = STR("openid"),
                                             .flow = STR("authorization_code"),
                                             .created_at = NOW,
                                             .auth_time = NOW,
                                             .last_used_at = NOW,
                                             .expires_at = NOW + 3600};
    assert_done(db_authorization_reserve(store_each(t->s.authority->store), &authorization.number));
    assert_done(db_authorization_add(store_each(t->s.authority->store), &authorization));
    scene_next(&t->s);
}

static inline str exchange_id_token(struct stage *t, const char *client, unix_time expires_at)
{
    struct id_token what = {
        .issuer = STR(FIXTURE_ISSUER), .subject = t->ada->id, .client_id = str_of(client), .auth_time = NOW, .issued_at = NOW, .expires_at = expires_at};
    str token;
    scene_next(&t->s);
    assert_done(id_token_sign(t->s.a, t->s.ctx->keys, SIGN_ES256, &what, &token));
    return token;
}

/* A JWT of ours as it would be with such a claim. */
static inline str exchange_with_may_act(struct stage *t, str token, const char *may_act)
{
    json *claims, *rule;
    str text, signed_anew;
    scene_next(&t->s);
    assert_done(jws_check(t->s.a, t->s.ctx->keys, "at+jwt", token, &claims));
    assert_done(json_parse(t->s.a, str_of(may_act), &rule));
    json_put(t->s.a, claims, "may_act", rule);
    assert_done(json_text(t->s.a, claims, &text));
    assert_done(jws_sign(t->s.a, t->s.ctx->keys, SIGN_ES256, "at+jwt", text, &signed_anew));
    return signed_anew;
}

#endif
