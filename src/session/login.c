/* SPDX-License-Identifier: MIT
 * login: is this the person? In this order, for every caller (LS-16): count the attempt (RL-01), refuse when there were too
 * many, run one whole password hash whatever the name (LS-11), judge, give the attempts back on success. Relies on
 * store/db_event for counters that survive a restart and on crypto/password for equal time. Promises:
 *   1. no password is judged that was not counted before, so parallel attempts gain nothing;
 *   2. unknown, wrong, blocked and password-less accounts answer alike, in words and in work; which of them it was stands in
 * the event list alone;
 *   3. counters hang on the name as it is compared, whether or not it exists (RL-03), so throttling betrays no account either; a person who may
 * log in with an e-mail address has one counter for both, so that nobody may guess twice as often;
 *   4. on a known device failures count against that device and nothing else, so that neither a stranger who guesses at the name nor
 * one who shares the address can lock the owner out (RL-02). */
#include "session/login.h"
#include "codec/b64url.h"
#include "codec/text.h"
#include "codec/utf8.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "session/device.h"
#include <arpa/inet.h>
#include <string.h>
#include "base/banned.h"

enum { ADDRESS_TEXT_MAX = 64 };
#define WRONG "The username or password is wrong."

struct trial {
    struct ground *g;
    const struct login_try *attempt;
    struct db_user *user; /* NULL: no such person */
    str account, address; /* keys of the counters; address absent when the caller has none or needs none */
    bool known_device;
};

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

/* One household or host is one source: IPv4 whole, IPv6 its /64. */
static str address_key(struct arena *a, str address)
{
    struct in6_addr six;
    char text[ADDRESS_TEXT_MAX], canonical[INET6_ADDRSTRLEN];
    if (!str_filled(address) || address.n >= sizeof text)
        return STR_ABSENT;
    memcpy(text, address.p, address.n);
    text[address.n] = '\0';
    if (inet_pton(AF_INET6, text, &six) != 1)
        return str_format(a, "i:%s", text);
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        inet_ntop(AF_INET, &six.s6_addr[12], canonical, sizeof canonical);
        return str_format(a, "i:%s", canonical);
    }
    memset(&six.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &six, canonical, sizeof canonical);
    return str_format(a, "i:%s/64", canonical);
}

static fallible find_user(struct trial *t)
{
    struct db_user *found = NULL;
    str name = str_trim(t->attempt->username);
    TRY(db_user_by_name(t->g->tx, t->g->arena, name, &t->user));
    if (t->user != NULL || !t->g->authority->policy.login_with_email)
        return OK;
    TRY(db_user_by_email(t->g->tx, t->g->arena, name, &found));
    t->user = found != NULL && found->email_verified ? found : NULL;
    return OK;
}

static fallible prepare(struct trial *t)
{
    struct arena *a = t->g->arena;
    TRY(find_user(t));
    if (t->user != NULL)
        TRY(device_known(t->g, t->user, &t->known_device));
    TRY(account_key(a, t->user, t->attempt->username, &t->account));
    t->address = address_key(a, t->g->address);
    if (t->known_device) {
        t->address = STR_ABSENT; /* such a device guesses at one person alone, and its own rule slows it */
        t->account = str_join(a, (const str[]){STR("d:"), t->account, STR(" "), device_name(a, t->g->device)}, 4);
    }
    if (arena_failed(a))
        FAIL(UNAVAILABLE, "no memory to check a login");
    return OK;
}

static void note(const struct trial *t, const char *outcome, str detail)
{
    str name = str_format(t->g->arena, "%s.%s", t->attempt->event, outcome);
    if (!str_present(name))
        return;
    authority_event(t->g, name.p,
                    &(struct authority_event_facts){
                        .actor = str_is(str_of(outcome), "ok") ? t->user->id : STR_ABSENT,
                        .client_id = t->attempt->client_id,
                        .subject = t->user != NULL ? t->user->id : STR_ABSENT,
                        .detail = detail,
                    });
}

static fallible refused(const struct trial *t, const struct db_throttle *state, struct login_result *out)
{
    int64_t wait = state->until - t->g->now;
    out->user = NULL;
    out->retry_after = wait > 1 ? wait : 1;
    note(t, "failed", STR("throttled"));
    REFUSE(THROTTLED, "There were too many failed attempts; please wait a little and try again.", "login: throttled");
}

struct counting {
    const struct trial *trial;
    bool allowed;
    struct db_throttle state;
};

static err count_both(void *context)
{
    struct counting *w = context;
    const struct trial *t = w->trial;
    struct tx *tx = t->g->tx;
    const struct policy *p = &t->g->authority->policy;
    w->allowed = true;
    if (str_present(t->address))
        TRY(db_throttle_try(tx, t->address, &p->address_rule, &w->allowed, &w->state));
    if (!w->allowed)
        return OK;
    return db_throttle_try(tx, t->account, t->known_device ? &p->device_rule : &p->account_rule, &w->allowed, &w->state);
}

/* RL-01: each attempt is counted before it is judged. The address comes first, so that a flood from one place does not lock
 * accounts. One commit for both. */
static fallible count(const struct trial *t, bool *allowed, struct db_throttle *state)
{
    struct counting w = {.trial = t, .allowed = true};
    if (str_present(t->address)) /* a flood from one place stays away from the writer */
        TRY(db_throttle_look(t->g->tx, t->address, &t->g->authority->policy.address_rule, &w.allowed, &w.state));
    if (w.allowed)
        TRY(authority_together(t->g, count_both, &w));
    *allowed = w.allowed;
    *state = w.state;
    return OK;
}

/* A hash from elsewhere whose setting is not known yet, in a store that an older program wrote: from now on every name does its work. */
static void learn(const struct trial *t, str hash, const struct password_settings *others)
{
    str setting = password_setting(hash);
    bool known = !password_foreign(hash);
    for (size_t i = 0; i < others->count && !known; i++)
        known = str_equal(others->settings[i], setting);
    if (!known && others->count < DB_PASSWORD_SETTINGS_MAX) {
        err e = db_password_setting_add(t->g->tx, setting);
        (void)e; /* the next login of this person learns it */
    }
}

/* RFC 8265 4: the password as it was set, from whatever keyboard. What is no text is compared as it is. */
static fallible prepared(const struct trial *t, str password, str *out)
{
    *out = password;
    return utf8_valid(password) && password.n <= PASSWORD_MAX ? text_password(t->g->arena, password, out) : OK;
}

/* *reason absent: it is the person. */
static fallible judge(const struct trial *t, str *reason)
{
    bool matches = false;
    str password = t->attempt->password;
    str hash = t->user != NULL ? t->user->password_hash : STR_ABSENT;
    struct password_settings others;
    others.settings = hot_password_settings(t->g->facts, &others.count);
    TRY(prepared(t, password, &password));
    TRY(password_verify(password, hash, &others, &matches)); /* LS-11 */
    if (!matches && !str_equal(password, t->attempt->password)) /* as it was set before passwords were prepared; for every name */
        TRY(password_verify(t->attempt->password, hash, &others, &matches));
    learn(t, hash, &others);
    *reason = STR_ABSENT;
    if (t->user == NULL)
        *reason = STR("unknown user");
    else if (t->user->blocked)
        *reason = STR("blocked");
    else if (!str_filled(t->user->password_hash))
        *reason = STR("no password set");
    else if (!matches)
        *reason = STR("wrong password");
    return OK;
}

/* ST-01. The login is right whether or not this succeeds. */
static void upgrade(const struct trial *t)
{
    str password;
    char fresh[PASSWORD_HASH_MAX];
    if (!password_outdated(t->user->password_hash) || FAILED(prepared(t, t->attempt->password, &password)) || FAILED(password_hash(password, fresh)))
        return;
    err e = db_user_rehash(t->g->tx, t->user->number, t->user->password_hash, fresh);
    (void)e;
    secret_wipe(fresh, sizeof fresh);
}

static err settle(void *context)
{
    const struct trial *t = *(const struct trial *const *)context;
    struct tx *tx = t->g->tx;
    if (str_present(t->address)) /* one right password does not excuse the wrong ones from the same place; in the order of count_both */
        TRY(db_throttle_return(tx, t->address));
    TRY(db_throttle_clear(tx, t->account));
    return db_user_logged_in(tx, t->user->number, t->g->now);
}

static fallible succeed(const struct trial *t)
{
    TRY(authority_together(t->g, settle, &t));
    upgrade(t);
    note(t, "ok", STR_ABSENT);
    return OK;
}

fallible login_check(struct ground *g, const struct login_try *attempt, struct login_result *out)
{
    struct trial t = {.g = g, .attempt = attempt};
    struct db_throttle state = {0, 0};
    bool allowed;
    str reason;
    TRY(prepare(&t));
    TRY(count(&t, &allowed, &state));
    if (!allowed)
        return refused(&t, &state, out);
    TRY(judge(&t, &reason));
    if (str_present(reason)) {
        note(&t, "failed", reason);
        REFUSE(INVALID_GRANT, WRONG, "login: unknown user, wrong password or blocked");
    }
    TRY(succeed(&t));
    t.user->last_login_at = g->now;
    *out = (struct login_result){.user = t.user};
    return OK;
}

fallible login_overtaken(struct ground *g, const struct db_user *judged, bool *overtaken)
{
    struct db_user *now;
    TRY(db_user_by_number(g->tx, g->arena, judged->number, &now));
    *overtaken = now == NULL || now->blocked || now->password_changed_at != judged->password_changed_at;
    return OK;
}

fallible login_prove(struct ground *g, const struct db_user *user, str password, int64_t *retry_after)
{
    struct login_result result = {NULL, 0};
    const struct login_try attempt = {user->username, password, "password_change", STR_ABSENT};
    err judged = login_check(g, &attempt, &result);
    *retry_after = result.retry_after;
    if (!FAILED(judged) && result.user->number != user->number)
        FAIL(SERVER_ERROR, "login: the name is another person's now");
    return judged;
}
