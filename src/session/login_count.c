/* SPDX-License-Identifier: MIT
 * login_count: see the header. Relies on store/table/db_event for counters that survive a restart. Promises:
 *   1. counters hang on the name as it is compared, whether or not it exists (RL-03), so throttling betrays no account; a person who may log in
 * with an e-mail address has one counter for both, so that nobody may guess twice as often;
 *   2. on a known device failures count against that device and nothing else, so that neither a stranger who guesses at the name nor one who
 * shares the address can lock the owner out (RL-02);
 *   3. a login is settled once: of two who bring the same state to its end one finds it settled;
 *   4. an address gets back what was counted there for this login and no more: else one account of one's own would pay for guesses at others. */
#include "session/login_count.h"
#include "codec/b64url.h"
#include "codec/text.h"
#include "codec/utf8.h"
#include "context/source.h"
#include "crypto/digest.h"
#include "session/device.h"
#include "session/login_state.h"
#include "base/banned.h"

/* A person's one counter, by whatever they logged in with; else that of the name as it is compared. A text that can be no name has its own under
 * a digest, so that keys stay small. */
static fallible account_key(struct arena *a, const struct db_user *user, str typed, str *key)
{
    str name;
    TRY(db_user_key(a, user != NULL ? user->username : typed, &name));
    if (!str_filled(name)) {
        uint8_t digest[DIGEST_SIZE];
        str same = typed;
        if (utf8_valid(typed) && typed.n <= DB_USER_EMAIL_MAX) /* an address is one, however it is written, whether or not somebody has it (RL-03) */
            TRY(text_lower(a, str_trim(typed), &same));
        digest_sha256(same, digest);
        *key = str_join(a, (const str[]){STR("a#"), b64url_encode(a, digest, sizeof digest)}, 2);
        return OK;
    }
    *key = str_join(a, (const str[]){STR("a:"), name}, 2);
    return OK;
}

str login_count_place(const struct login_trial *t)
{
    return str_present(t->address) ? device_name(t->ctx->arena, t->address) : STR("-");
}

fallible login_count_keys(struct login_trial *t)
{
    struct arena *a = t->ctx->arena;
    if (t->user != NULL)
        TRY(device_known(t->ctx, t->user, &t->known_device));
    TRY(account_key(a, t->user, t->attempt->username, &t->account));
    t->address = source_key(a, "i", t->ctx->address);
    if (t->known_device) {
        t->address = STR_ABSENT; /* such a device guesses at one person alone, and its own rule slows it */
        t->account = str_join(a, (const str[]){STR("d:"), t->account, STR(" "), device_name(a, t->ctx->device)}, 4);
    }
    if (t->steps > 0 && !str_equal(t->place, login_count_place(t)))
        t->steps = 0;
    if (arena_failed(a))
        FAIL(UNAVAILABLE, "no memory to check a login");
    return OK;
}

struct counting {
    const struct login_trial *trial;
    bool allowed;
    struct db_throttle state;
    str counted;
};

static err count_both(void *context)
{
    struct counting *w = context;
    const struct login_trial *t = w->trial;
    struct tx *tx = t->ctx->tx;
    const struct policy *p = &t->ctx->authority->policy;
    w->allowed = true;
    w->counted = STR_ABSENT;
    if (str_present(t->address))
        TRY(db_throttle_try(tx, t->address, &p->address_rule, &w->allowed, &w->state));
    if (!w->allowed)
        return OK;
    w->counted = t->address;
    TRY(db_throttle_try(tx, t->account, t->known_device ? &p->device_rule : &p->account_rule, &w->allowed, &w->state));
    if (w->allowed)
        w->counted = t->account;
    return OK;
}

/* RL-01: each attempt is counted before it is judged. The address comes first, so that a flood from one place does not lock
 * accounts. One commit for both, which goes to the disk with what follows the judgement: until then nobody has an answer. */
fallible login_count(struct login_trial *t, bool *allowed, struct db_throttle *state)
{
    struct counting w = {.trial = t, .allowed = true};
    if (str_present(t->address)) /* a flood from one place stays away from the writer */
        TRY(db_throttle_look(t->ctx->tx, t->address, &t->ctx->authority->policy.address_rule, &w.allowed, &w.state));
    if (w.allowed)
        TRY(authority_together_soon(t->ctx, count_both, &w));
    *allowed = w.allowed;
    *state = w.state;
    t->counted = w.counted;
    return OK;
}

fallible login_count_keep(const struct login_trial *t)
{
    return str_present(t->counted) ? db_throttle_keep(t->ctx->tx, t->counted) : OK;
}

static err lift_both(void *context)
{
    const struct login_trial *t = context;
    if (str_present(t->address))
        TRY(db_throttle_lift(t->ctx->tx, t->address));
    return db_throttle_lift(t->ctx->tx, t->account);
}

fallible login_count_pass(struct login_trial *t)
{
    return authority_together(t->ctx, lift_both, t);
}

/* The order of count_both. */
fallible login_count_settle(const struct login_trial *t)
{
    struct tx *tx = t->ctx->tx;
    bool first = true;
    if (str_present(t->id))
        TRY(db_once_take(tx, "login", t->id, clock_add(t->begun, LOGIN_STATE_SECONDS + 1), &first));
    if (!first)
        FAIL(CONFLICT, "login: this login has come to its end before");
    for (int64_t i = 0; str_present(t->address) && i <= t->steps; i++) /* one right password does not excuse the wrong ones from the same place */
        TRY(db_throttle_return(tx, t->address));
    TRY(t->partial ? db_throttle_return(tx, t->account) : db_throttle_clear(tx, t->account)); /* LS-15: a password clears no guesses at codes */
    return db_user_logged_in(tx, t->user->number, t->ctx->now);
}
