/* SPDX-License-Identifier: MIT
 * fixture: see the header. Criterion runs each test in a process of its own, so "at exit" is the end of the test. */
#include "fixture.h"
#include "codec/b64url.h"
#include "crypto/password.h"
#include "crypto/secret.h"
#include "fixture_keys.h"
#include "keys/at_rest.h"
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/banned.h"

enum { ARENA_MAX = 16 << 20, DIRECTORIES_MAX = 8, AUTHORITIES_MAX = 8, CONTEXTS_MAX = 256, DER_MAX = 2048 };

static struct arena *arenas[DIRECTORIES_MAX];
static char directories[DIRECTORIES_MAX][64];
static struct authority *authorities[AUTHORITIES_MAX];
static struct context contexts[CONTEXTS_MAX]; /* facts NULL: left, so free for the next */
static size_t arena_count, directory_count, authority_count;
static const char *last_directory;
static pid_t owner;

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s;
    (void)kind;
    (void)where;
    return remove(path);
}

static void clean(void)
{
    if (owner != getpid())
        return;
    for (size_t i = 0; i < CONTEXTS_MAX; i++)
        if (contexts[i].snapshot != NULL)
            authority_leave(&contexts[i]);
    for (size_t i = authority_count; i-- > 0;) {
        authority_close(authorities[i]);
        cache_close(authorities[i]->cache);
        store_close(authorities[i]->store);
    }
    for (size_t i = 0; i < directory_count; i++)
        nftw(directories[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
    for (size_t i = 0; i < arena_count; i++)
        arena_release(arenas[i]);
}

static void clean_at_exit(void)
{
    if (owner == getpid())
        return;
    owner = getpid();
    atexit(clean);
}

static void must(err e, const char *what)
{
    cr_assert(!FAILED(e), "%s: %s", what, err_why(e));
}

struct arena *fixture_arena(void)
{
    cr_assert(arena_count < DIRECTORIES_MAX);
    clean_at_exit();
    arenas[arena_count] = arena_new(ARENA_MAX);
    cr_assert(arenas[arena_count] != NULL);
    return arenas[arena_count++];
}

const char *fixture_directory(void)
{
    cr_assert(directory_count < DIRECTORIES_MAX);
    clean_at_exit();
    char *d = directories[directory_count];
    const char *base = getenv("TMPDIR");
    snprintf(d, sizeof directories[0], "%s/jeton-unit-XXXXXX", base != NULL && *base != '\0' ? base : "/tmp");
    cr_assert(mkdtemp(d) != NULL);
    directory_count++;
    return d;
}

static struct keyring_entry rsa_entry(struct arena *a, size_t which)
{
    static const char *const states[] = {"active", "next"};
    struct keyring_entry e = {.use = STR("sig"), .alg = STR("RS256"), .state = str_of(states[which])};
    uint8_t *der = arena_take(a, DER_MAX);
    size_t n;
    char kid[16];
    must(b64url_decode(str_of(fixture_rsa[which]), der, DER_MAX, &n), "RSA key");
    snprintf(kid, sizeof kid, "test-rsa-%zu", which);
    e.kid = str_dup(a, str_of(kid));
    e.material = (str){(char *)der, n};
    e.created_at = clock_now();
    return e;
}

struct keyring *fixture_keyring(struct arena *a)
{
    struct keyring_entry e[4];
    struct keyring *k;
    must(keyring_fresh_sealing(a, 1, &e[0]), "sealing key");
    must(keyring_fresh_signing(a, SIGN_ES256, &e[1]), "ES256 key");
    must(keyring_fresh_signing(a, SIGN_EDDSA, &e[2]), "EdDSA key");
    e[1].state = e[2].state = STR("active");
    e[3] = rsa_entry(a, 0);
    must(keyring_build(e, 4, &k), "keyring");
    return k;
}

static struct policy default_policy(void)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    return (struct policy){
        .access_lifetime = HOUR,
        .access_lifetime_max = DAY,
        .code_lifetime = MINUTE,
        .refresh_lifetime = 30 * DAY,
        .refresh_absolute = 365 * DAY,
        .refresh_grace = MINUTE,
        .id_token_lifetime = HOUR,
        .dpop_window = MINUTE,
        .personal_lifetime = 365 * DAY,
        .personal_lifetime_max = 0,
        .session_idle = 30 * MINUTE,
        .session_absolute = 12 * HOUR,
        .reauthentication = 5 * MINUTE,
        .secret_overlap = DAY,
        .par_lifetime = 90,
        .account_rule = {.free_tries = 5, .base = 5, .most = 900, .forget = DAY},
        .address_rule = {.free_tries = 50, .base = 5, .most = 900, .forget = DAY},
        .device_rule = {.free_tries = 10, .base = 5, .most = 900, .forget = DAY},
        .password_common_refused = true,
        .device_lifetime = 10 * MINUTE,
        .ciba_lifetime = 5 * MINUTE,
        .poll_interval = 5,
    };
}

struct keeper *fixture_keeper(const char *directory)
{
    struct master master;
    struct keeper *keeper;
    must(master_read(directory, MASTER_MAKE, &master), "master key");
    must(keeper_new(&master, &keeper), "keeper");
    secret_wipe(&master, sizeof master);
    digest_forget();
    return keeper;
}

/* Master key and RSA keys are put there first: making RSA keys would take each test a second. */
static void prepare_keys(struct arena *a, struct store *store)
{
    struct db_key *rows, row;
    size_t count;
    must(db_key_all(store_each(store), a, &rows, &count), "keys");
    if (count > 0)
        return;
    struct keeper *keeper = fixture_keeper(last_directory);
    for (size_t i = 0; i < 2; i++) {
        struct keyring_entry e = rsa_entry(a, i);
        must(at_rest_row(keeper, a, &e, &row), "key row");
        must(db_key_add(store_each(store), &row), "key row");
    }
    keeper_free(keeper);
}

struct authority *fixture_authority_again(struct arena *a)
{
    cr_assert(authority_count < AUTHORITIES_MAX);
    struct authority *authority = ARENA_NEW(a, struct authority);
    must(store_open(&(struct store_options){.directory = last_directory, .create = true}, &authority->store), "store");
    must(cache_open(authority->store, 100, &authority->cache), "facts");
    authority->issuer = authority->issuer_origin = STR(FIXTURE_ISSUER);
    authority->secure = true;
    authority->policy = default_policy();
    prepare_keys(a, authority->store);
    must(authority_open(authority, last_directory), "authority");
    authorities[authority_count++] = authority;
    return authority;
}

struct authority *fixture_authority(struct arena *a)
{
    last_directory = fixture_directory();
    return fixture_authority_again(a);
}

const char *fixture_authority_directory(void)
{
    return last_directory;
}

struct context *fixture_context(struct authority *authority, struct arena *a)
{
    size_t slot = 0;
    while (slot < CONTEXTS_MAX && contexts[slot].snapshot != NULL)
        slot++;
    cr_assert(slot < CONTEXTS_MAX);
    struct context *ctx = &contexts[slot];
    must(authority_enter(authority, a, ctx), "enter");
    ctx->address = STR("192.0.2.7");
    ctx->request_id = STR("test");
    return ctx;
}

struct db_user *fixture_user(struct authority *authority, struct arena *a, const char *username)
{
    struct db_user *user = ARENA_NEW(a, struct db_user);
    char hash[PASSWORD_HASH_MAX];
    must(password_hash(STR(FIXTURE_PASSWORD), hash), "password");
    user->username = str_of(username);
    user->password_hash = str_dup(a, str_of(hash));
    user->permissions = STR("");
    must(db_user_add(store_each(authority->store), a, user, NULL), "user");
    return user;
}

extern void __gcov_dump(void) __attribute__((weak)); /* of BUILD=cover */

void fixture_end_child(int status)
{
    if (__gcov_dump != NULL)
        __gcov_dump();
    _exit(status);
}
