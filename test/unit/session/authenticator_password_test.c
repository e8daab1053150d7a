/* SPDX-License-Identifier: MIT
 * authenticator_password: the password as it was set, from whatever keyboard; an old hash is made anew by who knew it, and a failure is no verdict. */
#include "session/authenticators.h"
#include "crypto/password.h"
#include "people.h"
#include <string.h>

#include "base/banned.h"

/* bcrypt, cost 5, of "U*U": the vector of crypt_blowfish and others */
#define BCRYPT     "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define COMPOSED   "caf\xc3\xa9 au lait"
#define DECOMPOSED "cafe\xcc\x81 au lait"

static struct scene s;

static void begin(void)
{
    s = scene_new();
}

TestSuite(authenticator_password, .init = begin);

static struct db_user *person(const char *hash)
{
    struct db_user *user = ARENA_NEW(s.a, struct db_user);
    user->username = STR("ada");
    user->permissions = STR("");
    user->password_hash = hash ? str_dup(s.a, str_of(hash)) : STR_ABSENT;
    assert_done(db_user_add(store_each(s.authority->store), s.a, user, NULL));
    scene_next(&s);
    return user;
}

static const char *hash_of(const char *password)
{
    static char hash[PASSWORD_HASH_MAX];
    assert_done(password_hash(str_of(password), hash));
    return hash;
}

/* Absent: it is the password. */
static str reason(struct db_user *user, str proof)
{
    struct login_try attempt = {.username = STR("ada"), .proof = proof};
    struct login_trial trial = {.ctx = s.ctx, .attempt = &attempt, .user = user};
    str why = STR("none was told");
    assert_done(authenticator_password(&trial, &why));
    scene_next(&s);
    return why;
}

static bool matches(struct db_user *user, const char *proof)
{
    return !str_present(reason(user, str_of(proof)));
}

static void prove(struct db_user *user, const char *proof)
{
    struct login_try attempt = {.username = STR("ada"), .proof = str_of(proof)};
    struct login_trial trial = {.ctx = s.ctx, .attempt = &attempt, .user = user};
    authenticator_password_proved(&trial);
    scene_next(&s);
}

static size_t settings(void)
{
    size_t count;
    (void)cache_password_settings(s.ctx->snapshot, &count);
    return count;
}

Test(authenticator_password, right_is_right_and_each_wrong_has_its_reason_for_the_trail)
{
    struct db_user *ada = person(hash_of("correct horse battery"));
    cr_expect(matches(ada, "correct horse battery") && !matches(ada, "Correct horse battery") && !matches(ada, "correct horse battery "));
    cr_expect(str_is(reason(ada, STR("wrong one")), "wrong password"));
    cr_expect(str_is(reason(NULL, STR("correct horse battery")), "no password set"));
    ada->password_hash = STR_ABSENT;
    cr_expect(str_is(reason(ada, STR("correct horse battery")), "no password set"));
    ada->password_hash = STR("");
    cr_expect(str_is(reason(ada, STR("")), "no password set"));
    ada->password_hash = STR("!");
    cr_expect(str_is(reason(ada, STR("!")), "wrong password")); /* a locked account */
}

Test(authenticator_password, two_spellings_of_one_letter_are_one_password) /* RFC 8265 4 */
{
    struct db_user *ada = person(hash_of(COMPOSED));
    cr_expect(matches(ada, COMPOSED) && matches(ada, DECOMPOSED) && !matches(ada, "cafe au lait"));
}

Test(authenticator_password, what_was_set_before_passwords_were_prepared_still_matches_as_it_was)
{
    struct db_user *ada = person(hash_of(DECOMPOSED));
    cr_expect(matches(ada, DECOMPOSED) && !matches(ada, COMPOSED));
}

Test(authenticator_password, what_is_no_text_is_compared_as_it_is)
{
    struct db_user *ada = person(hash_of("\xff\xfe not text"));
    static char longer[PASSWORD_MAX + 2];
    memset(longer, 'x', PASSWORD_MAX + 1);
    cr_expect(matches(ada, "\xff\xfe not text") && !matches(ada, "not text") && !matches(ada, longer));
}

Test(authenticator_password, a_setting_from_elsewhere_is_learned_once_and_from_then_on_works_for_every_name) /* LS-11 */
{
    struct db_user *ada = person(BCRYPT);
    cr_assert_eq(settings(), 0u);
    cr_expect_not(matches(ada, "U*V"));
    cr_expect_eq(settings(), 1u); /* whether or not it was right */
    cr_expect(matches(ada, "U*U") && settings() == 1u);
    cr_expect(!matches(NULL, "U*U") && settings() == 1u);
    ada->password_hash = str_of(hash_of("correct horse battery"));
    cr_expect(matches(ada, "correct horse battery") && settings() == 1u); /* our own is none */
}

Test(authenticator_password, an_old_hash_is_made_anew_of_the_password_as_it_is_prepared) /* ST-01 */
{
    struct db_user *ada = person(BCRYPT);
    prove(ada, "U*U");
    struct db_user *now = scene_again(&s, ada);
    cr_expect(!password_outdated(now->password_hash) && matches(now, "U*U") && !matches(now, "U*V"));
    str kept = now->password_hash;
    prove(now, "U*U"); /* it is of our own making now */
    cr_expect(str_equal(scene_again(&s, ada)->password_hash, kept));
}

Test(authenticator_password, a_hash_that_changed_meanwhile_is_not_overwritten)
{
    struct db_user *ada = person(BCRYPT), judged = *ada;
    char fresh[PASSWORD_HASH_MAX];
    assert_done(password_hash(STR("quite a new secret"), fresh));
    assert_done(db_user_set_password(store_each(s.authority->store), s.a, &(struct db_new_password){.user = ada->number, .hash = fresh}));
    scene_next(&s);
    prove(&judged, "U*U");
    cr_expect(str_is(scene_again(&s, ada)->password_hash, fresh));
}

static err judge(struct context *ctx, void *context)
{
    struct login_try attempt = {.username = STR("ada"), .proof = STR(DECOMPOSED)};
    struct login_trial trial = {.ctx = ctx, .attempt = &attempt, .user = context};
    str why = STR("none was told");
    err e = authenticator_password(&trial, &why);
    cr_expect(FAILED(e) || !str_present(why), "want of memory was told as a wrong password");
    return e;
}

Test(authenticator_password, want_of_memory_is_no_wrong_password)
{
    struct db_user *ada = person(hash_of(COMPOSED));
    size_t n = 1;
    while (n < 50 && !scene_torture(&s, n, judge, ada))
        n++;
    cr_expect(n > 1 && n < 50, "%zu", n);
}
