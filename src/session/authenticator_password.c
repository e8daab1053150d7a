/* SPDX-License-Identifier: MIT
 * authenticator_password: something that the person knows. Relies on crypto/password for equal time (LS-11). Promises one whole hash whatever
 * the name, and that an old hash is made anew when the password was right (ST-01). */
#include "session/authenticators.h"
#include "codec/text.h"
#include "codec/utf8.h"
#include "crypto/password.h"
#include "base/banned.h"

/* A hash from elsewhere whose setting is not known yet, in a store that an older program wrote: from now on every name does its work. */
static void learn_password_setting(const struct login_trial *t, str hash, const struct password_settings *others)
{
    str setting = password_setting(hash);
    bool known = !password_foreign(hash);
    for (size_t i = 0; i < others->count && !known; i++)
        known = str_equal(others->settings[i], setting);
    if (!known && others->count < DB_PASSWORD_SETTINGS_MAX) {
        err e = db_password_setting_add(t->ctx->tx, setting);
        (void)e; /* the next login of this person learns it */
    }
}

/* RFC 8265 4: the password as it was set, from whatever keyboard. What is no text is compared as it is. */
static fallible prepare_password_text(const struct login_trial *t, str password, str *out)
{
    *out = password;
    return utf8_valid(password) && password.n <= PASSWORD_MAX ? text_password(t->ctx->arena, password, out) : OK;
}

err authenticator_password(const struct login_trial *t, str *reason)
{
    bool matches = false;
    str password = t->attempt->proof;
    str hash = t->user != NULL ? t->user->password_hash : STR_ABSENT;
    struct password_settings others;
    others.settings = cache_password_settings(t->ctx->snapshot, &others.count);
    TRY(prepare_password_text(t, password, &password));
    TRY(password_verify(password, hash, &others, &matches)); /* LS-11 */
    if (!matches && !str_equal(password, t->attempt->proof)) /* as it was set before passwords were prepared; for every name */
        TRY(password_verify(t->attempt->proof, hash, &others, &matches));
    learn_password_setting(t, hash, &others);
    *reason = !str_filled(hash) ? STR("no password set") : matches ? STR_ABSENT : STR("wrong password");
    return OK;
}

/* ST-01. The login is right whether or not this succeeds. */
void authenticator_password_proved(const struct login_trial *t)
{
    str password;
    char fresh[PASSWORD_HASH_MAX];
    if (!password_outdated(t->user->password_hash) || FAILED(prepare_password_text(t, t->attempt->proof, &password)) || FAILED(password_hash(password, fresh)))
        return;
    err e = db_user_rehash(t->ctx->tx, t->user->number, t->user->password_hash, fresh);
    (void)e;
    secret_wipe(fresh, sizeof fresh);
}
