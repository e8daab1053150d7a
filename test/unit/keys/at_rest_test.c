/* SPDX-License-Identifier: MIT
 * Claims about stores of versions before the keeper (test/vectors/at_rest.json, made by such a version): all that it issued holds, and its
 * keys and secrets are sealed anew once. */
#include "keys/at_rest.h"
#include "codec/b64url.h"
#include "codec/json.h"
#include "crypto/secret.h"
#include "client/client_secret.h"
#include "fixture.h"
#include "clientauth/sender.h"
#include "client/subject.h"
#include "session/csrf.h"
#include "token/access.h"
#include "token/id_token.h"
#include "token/opaque.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/banned.h"

enum { NOW = 1700000000, VECTOR_MAX = 1 << 16 };

static void must(err e, const char *what)
{
    cr_assert(!FAILED(e), "%s: %s", what, err_why(e));
}

static json *vector(struct arena *a)
{
    char *text = arena_take(a, VECTOR_MAX);
    FILE *f = fopen("test/vectors/at_rest.json", "re");
    json *j;
    cr_assert(f != NULL);
    size_t n = fread(text, 1, VECTOR_MAX, f);
    fclose(f);
    must(json_parse(a, str_trim((str){text, text[n - 1] == '\n' ? n - 1 : n}), &j), "vector");
    return j;
}

static int64_t integer(const json *j, const char *name)
{
    int64_t n;
    cr_assert(json_integer_of(json_member(j, name), &n), "%s", name);
    return n;
}

static struct db_key key_of(const json *j)
{
    return (struct db_key){.kid = json_member_text(j, "kid"),
                           .use = json_member_text(j, "use"),
                           .alg = json_member_text(j, "alg"),
                           .state = json_member_text(j, "state"),
                           .sealed = json_member_text(j, "sealed"),
                           .created_at = integer(j, "created_at"),
                           .active_at = integer(j, "active_at"),
                           .retired_at = integer(j, "retired_at"),
                           .destroy_after = integer(j, "destroy_after")};
}

static void put_master(const json *v, const char *directory)
{
    char path[256];
    uint8_t bytes[MASTER_SIZE];
    snprintf(path, sizeof path, "%s/master.key", directory);
    must(b64url_decode_exact(json_member_text(v, "master"), bytes, sizeof bytes), "master");
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(file >= 0 && write(file, bytes, sizeof bytes) == MASTER_SIZE);
    close(file);
}

struct early {
    struct arena *a;
    json *v;
    const char *directory;
    struct store *store;
    struct db_client client;
};

static void early_store(struct early *t)
{
    clock_set(NOW);
    t->a = fixture_arena();
    t->v = vector(t->a);
    t->directory = fixture_directory();
    put_master(t->v, t->directory);
    must(store_open(&(struct store_options){.directory = t->directory, .create = true}, &t->store), "store");
    const json *keys = json_member(t->v, "keys");
    for (size_t i = 0; i < json_count(keys); i++) {
        struct db_key key = key_of(json_at(keys, i));
        must(db_key_add(store_each(t->store), &key), "key");
    }
    t->client = (struct db_client){.id = STR("vector-client"), .auth_method = STR("client_secret_jwt"), .secret_count = 1};
    t->client.secrets[0].hash = token_hash_of(json_member_text(t->v, "client_secret"));
    t->client.metadata.sealed_secret = json_member_text(t->v, "client_secret_sealed");
    must(db_client_add(store_each(t->store), &t->client), "client");
}

static struct authority *open_early(struct early *t)
{
    struct authority *authority = ARENA_NEW(t->a, struct authority);
    authority->store = t->store;
    authority->issuer = STR(FIXTURE_ISSUER);
    must(cache_open(t->store, 100, &authority->cache), "facts");
    must(authority_open(authority, t->directory), "authority");
    memcpy(authority->begun, "begun!", sizeof authority->begun);
    return authority;
}

static void close_early(struct authority *authority)
{
    authority_close(authority);
    cache_close(authority->cache);
}

static void assert_numbers(struct context *ctx, enum opaque_kind kind, str text, int64_t first, int64_t second)
{
    int64_t numbers[2];
    must(opaque_numbers_open(ctx->arena, ctx->keys, kind, text, numbers), "sealed");
    cr_assert(numbers[0] == first && numbers[1] == second, "%d", (int)kind);
}

static void assert_tokens(struct context *ctx, const json *v)
{
    struct access_facts facts;
    struct id_token id;
    const struct access_reader reader = {.issuer = STR(FIXTURE_ISSUER), .now = NOW};
    assert_numbers(ctx, OPAQUE_REFRESH, json_member_text(v, "refresh"), 7, 3);
    assert_numbers(ctx, OPAQUE_REFRESH, json_member_text(v, "refresh_after_rotation"), 8, 4);
    assert_numbers(ctx, OPAQUE_CODE, json_member_text(v, "code"), 9, 0);
    assert_numbers(ctx, OPAQUE_SESSION, json_member_text(v, "session"), 5, 0);
    assert_numbers(ctx, OPAQUE_VISIT, json_member_text(v, "visit"), NOW, 0);
    must(access_open(ctx->arena, ctx->keys, json_member_text(v, "access"), NOW, &facts), "access token");
    cr_assert(str_is(facts.permit.client_id, "vector-client"));
    must(access_check(ctx->arena, ctx->keys, json_member_text(v, "access_jwt"), &reader, &facts), "JWT");
    must(id_token_read(ctx->arena, ctx->keys, json_member_text(v, "id_token"), STR(FIXTURE_ISSUER), &id), "ID token");
    cr_assert(str_is(id.subject, "someone"));
}

static void assert_derived(struct context *ctx, const json *v)
{
    struct session s = {.cookie = STR("jtn_se_vector")};
    struct db_user user = {.id = STR("someone"), .number = 4};
    struct db_client client = {.id = STR("vector-client")};
    str sub, hint;
    client.metadata.subject_type = STR("pairwise");
    client.metadata.sector = STR("client.example.com");
    cr_assert(str_equal(csrf_token(ctx, &s), json_member_text(v, "csrf")));
    cr_assert(str_equal(sender_nonce(ctx), json_member_text(v, "nonce")));
    must(subject_of(ctx, &client, &user, &sub), "subject");
    must(subject_session_hint(ctx, &client, STR("a-session"), &hint), "hint");
    cr_assert(str_equal(sub, json_member_text(v, "pairwise")));
    cr_assert(str_equal(hint, json_member_text(v, "session_hint")));
}

static void assert_secret(struct context *ctx, const json *v)
{
    struct db_client *clients;
    size_t n;
    str raw[DB_CLIENT_SECRETS];
    must(db_client_all(ctx->authority->store, ctx->arena, &clients, &n), "clients");
    must(client_secret_live(ctx, &clients[0], raw, &n), "secrets");
    cr_assert(n == 1 && str_equal(raw[0], json_member_text(v, "client_secret")));
}

Test(at_rest, what_was_issued_before_holds_after)
{
    struct early t;
    struct context ctx;
    early_store(&t);
    struct authority *authority = open_early(&t);
    must(authority_enter(authority, t.a, &ctx), "enter");
    cr_assert_eq(keyring_sealing_number(ctx.keys), 2);
    assert_tokens(&ctx, t.v);
    assert_derived(&ctx, t.v);
    assert_secret(&ctx, t.v);
    authority_leave(&ctx);
    close_early(authority);
    store_close(t.store);
}

static struct master master_of(const json *v)
{
    struct master master;
    must(b64url_decode_exact(json_member_text(v, "master"), master.bytes, sizeof master.bytes), "master");
    return master;
}

static void assert_renewed(struct early *t, const struct db_key *rows, size_t n)
{
    struct master master = master_of(t->v);
    for (size_t i = 0; i < n; i++) {
        str name = str_format(t->a, "%.*s %.*s", STR_FMT(rows[i].use), STR_FMT(rows[i].kid)), plain;
        const struct keeper_label label = {KEEPER_PRIVATE_KEY, name};
        if (str_filled(rows[i].sealed))
            cr_assert_eq(keeper_open_early(&master, t->a, &label, rows[i].sealed, &plain).kind, ERR_SERVER_ERROR, "%zu", i);
    }
}

Test(at_rest, a_store_is_sealed_anew_once)
{
    struct early t;
    struct db_key *first, *second;
    struct db_client *clients, *clients_again;
    size_t n, n_again, count;
    early_store(&t);
    for (int i = 0; i < 2; i++) {
        close_early(open_early(&t));
        must(db_key_all(store_each(t.store), t.a, i == 0 ? &first : &second, i == 0 ? &n : &n_again), "keys");
        must(db_client_all(t.store, t.a, i == 0 ? &clients : &clients_again, &count), "clients");
    }
    cr_assert_eq(n, json_count(json_member(t.v, "keys")));
    cr_assert_eq(n, n_again);
    assert_renewed(&t, first, n);
    for (size_t i = 0; i < n; i++)
        cr_assert(str_equal(first[i].sealed, second[i].sealed), "sealed anew without a need");
    cr_assert(!str_equal(clients[0].metadata.sealed_secret, json_member_text(t.v, "client_secret_sealed")));
    cr_assert(str_equal(clients[0].metadata.sealed_secret, clients_again[0].metadata.sealed_secret));
    store_close(t.store);
}

Test(at_rest, with_a_foreign_master_key_nothing_is_changed)
{
    struct early t;
    struct db_key *rows;
    struct master foreign = {{1}};
    struct keeper *keeper;
    size_t n;
    early_store(&t);
    must(keeper_new(&foreign, &keeper), "keeper");
    must(at_rest_renew(t.store, keeper, &foreign), "renew");
    must(db_key_all(store_each(t.store), t.a, &rows, &n), "keys");
    const json *keys = json_member(t.v, "keys");
    for (size_t i = 0; i < n; i++)
        cr_assert(str_equal(rows[i].sealed, json_member_text(json_at(keys, i), "sealed")));
    keeper_free(keeper);
    store_close(t.store);
}

Test(at_rest, a_damaged_secret_of_one_client_does_not_keep_the_server_from_starting)
{
    struct early t;
    struct context ctx;
    str raw[DB_CLIENT_SECRETS];
    size_t n;
    early_store(&t);
    struct db_client damaged = {.id = STR("damaged"), .auth_method = STR("client_secret_jwt")};
    damaged.metadata.sealed_secret = STR("AAAA BBBB");
    must(db_client_add(store_each(t.store), &damaged), "client");
    struct authority *authority = open_early(&t);
    must(authority_enter(authority, t.a, &ctx), "enter");
    assert_secret(&ctx, t.v);
    cr_assert_eq(client_secret_live(&ctx, &damaged, raw, &n).kind, ERR_SERVER_ERROR);
    authority_leave(&ctx);
    close_early(authority);
    store_close(t.store);
}

static void *renew(void *context)
{
    const struct early *t = context;
    struct store *store;
    struct keeper *keeper;
    struct master master = master_of(t->v);
    must(store_open(&(struct store_options){.directory = t->directory}, &store), "store");
    must(keeper_new(&master, &keeper), "keeper");
    must(at_rest_renew(store, keeper, &master), "renew");
    keeper_free(keeper);
    store_close(store);
    return NULL;
}

Test(at_rest, several_may_seal_anew_at_once)
{
    enum { THREADS = 4 };
    struct early t;
    struct context ctx;
    pthread_t threads[THREADS];
    early_store(&t);
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, renew, &t), 0);
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    struct authority *authority = open_early(&t);
    must(authority_enter(authority, t.a, &ctx), "enter");
    assert_tokens(&ctx, t.v);
    assert_secret(&ctx, t.v);
    authority_leave(&ctx);
    close_early(authority);
    store_close(t.store);
}
