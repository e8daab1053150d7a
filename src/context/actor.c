/* SPDX-License-Identifier: MIT
 * actor: the one place that answers "may they?". Relies on whoever built the actor (session, bearer, command line) to have
 * proven who it is. Promises: nobody, the blocked and the half-filled may nothing; a token never reaches further than the
 * person behind it at the moment of use (PT-02); an unscoped personal token reads and does not administer (PT-03). */
#include "context/actor.h"

#include <string.h>

#include "base/banned.h"

const struct actor actor_owner = {.kind = ACTOR_OWNER}, actor_software = {.kind = ACTOR_SOFTWARE};

static bool is_active_user(const struct actor *actor)
{
    return actor != NULL && actor->kind == ACTOR_USER && actor->user != NULL && !actor->user->blocked;
}

static bool is_token_client(const struct actor *actor)
{
    return actor != NULL && actor->kind == ACTOR_CLIENT && actor->way == ACTOR_BY_TOKEN && actor->client != NULL && !actor->client->disabled;
}

bool actor_is_full(const struct actor *actor)
{
    if (!is_active_user(actor))
        return false;
    return actor->way == ACTOR_BY_SESSION || (actor->way == ACTOR_BY_TOKEN && actor->unscoped_full && actor->scope.n == 0);
}

bool actor_reaches(const struct actor *actor, str word)
{
    if (is_token_client(actor))
        return str_has_word(actor->scope, word);
    if (!is_active_user(actor) || actor->way == ACTOR_BY_NOTHING)
        return false;
    if (actor_is_full(actor))
        return true;
    if (actor->scope.n == 0)
        return actor->unscoped && str_starts(word, STR("view-")); /* PT-03 */
    return str_has_word(actor->scope, word);
}

bool actor_may(const struct actor *actor, const char *permission)
{
    str word = str_of(permission);
    if (actor == NULL || !str_filled(word))
        return false;
    if (actor->kind == ACTOR_OWNER)
        return true;
    if (actor->kind == ACTOR_SOFTWARE)
        return str_has_word(STR("create-auth_clients edit-auth_clients delete-auth_clients"), word);
    if (is_token_client(actor))
        return str_has_word(actor->scope, word);
    if (!is_active_user(actor))
        return false;
    return (actor->user->admin || str_has_word(actor->user->permissions, word)) && actor_reaches(actor, word);
}

bool actor_is_admin(const struct actor *actor)
{
    if (actor != NULL && actor->kind == ACTOR_OWNER)
        return true;
    return actor_is_full(actor) && actor->user->admin;
}

bool actor_is(const struct actor *actor, int64_t user_number)
{
    return actor != NULL && actor->kind == ACTOR_USER && actor->user != NULL && user_number > 0 && actor->user->number == user_number;
}

bool actor_may_self(const struct actor *actor, int64_t user_number, const char *own)
{
    return actor_is(actor, user_number) && actor_reaches(actor, str_of(own));
}

bool actor_recent(const struct context *ctx, const struct actor *actor)
{
    if (actor == NULL || actor->auth_time <= 0)
        return false;
    return clock_within(ctx->now, actor->auth_time, ctx->authority->policy.reauthentication - 1);
}

str actor_name(const struct actor *actor)
{
    static const char prefix[] = "client:";
    static _Thread_local char name[sizeof prefix + 255]; /* ids have at most 255 bytes */
    if (actor == NULL)
        return STR_ABSENT;
    switch (actor->kind) {
    case ACTOR_OWNER:
        return STR("command line");
    case ACTOR_SOFTWARE:
        return STR("registration");
    case ACTOR_USER:
        return actor->user != NULL ? actor->user->id : STR_ABSENT;
    case ACTOR_CLIENT: {
        if (actor->client == NULL)
            return STR_ABSENT;
        size_t room = sizeof name - sizeof prefix;
        size_t n = actor->client->id.n < room ? actor->client->id.n : room;
        memcpy(name, prefix, sizeof prefix - 1);
        memcpy(name + sizeof prefix - 1, actor->client->id.p, n);
        return (str){name, sizeof prefix - 1 + n};
    }
    case ACTOR_NOBODY:
    default:
        return STR_ABSENT;
    }
}
