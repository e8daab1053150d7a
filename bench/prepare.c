/* SPDX-License-Identifier: MIT
 * prepare: fills a store that jeton made with many people, live refresh tokens and unused codes, faster than the store itself
 * would: with the keys of this store, but around its writer, in one big transaction. People are copies of the one who is there
 * (with the same password); each grant was rotated once, so that its row has the size that it keeps. Only for a store that
 * nobody serves.
 *     prepare DIR CLIENT_ID PEOPLE GRANTS CODES OUT SAMPLE
 * Writes SAMPLE lines each, spread over all rows, to OUT/refresh and OUT/people, and all codes to OUT/codes. Codes want the
 * redirect URI http://127.0.0.1/callback and the verifier below. */
#include "base/arena.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "context/authority.h"
#include "token/opaque.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { COUNT_MAX = 10000000, SPAN = 30 * 86400, ROOM = 1 << 20, HASH_TEXT = 43 };

static const char verifier[] = "0123456789012345678901234567890123456789012";

static sqlite3 *db;
static struct arena *scratch;
static const struct keyring *keys;
static int64_t now, client, epoch, next_user, next_authorization, next_code;

static void must(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "prepare: %s (%s)\n", what, db == NULL ? "no database" : sqlite3_errmsg(db));
    exit(1);
}

static void script(const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static sqlite3_stmt *prepared(const char *sql)
{
    sqlite3_stmt *s = NULL;
    must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, sql);
    return s;
}

static void put(sqlite3_stmt *s, int i, str text)
{
    must(sqlite3_bind_text64(s, i, text.p, text.n, SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK, "a value");
}

static void put_hash(sqlite3_stmt *s, int i, str secret)
{
    char text[HASH_TEXT];
    struct token_hash hash = token_hash_of(secret);
    b64url_write(text, hash.bytes, sizeof(hash.bytes));
    put(s, i, (str){text, HASH_TEXT});
}

static void run(sqlite3_stmt *s)
{
    must(sqlite3_step(s) == SQLITE_DONE && sqlite3_reset(s) == SQLITE_OK, "a row cannot be added");
}

static int64_t one(const char *sql, const char *value)
{
    sqlite3_stmt *s = prepared(sql);
    if (value != NULL)
        put(s, 1, str_of(value));
    must(sqlite3_step(s) == SQLITE_ROW, "what should be there is missing");
    int64_t n = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return n;
}

static FILE *file(const char *directory, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *f = n > 0 && (size_t)n < sizeof(path) ? fopen(path, "wb") : NULL;
    must(f != NULL, "a file cannot be made");
    return f;
}

static str token(enum opaque_kind kind, int64_t number, int64_t generation)
{
    struct token_raw raw;
    must(!FAILED(opaque_numbers_make(scratch, keys, kind, (const int64_t[]){number, generation}, &raw)), "no token");
    return raw.text;
}

static void people_add(int64_t count, FILE *out, int64_t every)
{
    sqlite3_stmt *s = prepared("INSERT INTO users (number, id, username, username_key, email, full_name, password_hash, admin,"
                               " blocked, permissions, created_at, updated_at, last_login_at, password_changed_at, version)"
                               " SELECT ?1, ?2, ?3, ?3, ?3 || '@example.org', 'A Person of Many', password_hash, 0, 0, NULL,"
                               " ?4, ?4, ?4, ?4, 1 FROM users WHERE username_key = 'person'");
    for (int64_t i = 0; i < count; i++) {
        char id[37], name[32];
        random_uuid(id);
        (void)snprintf(name, sizeof(name), "person%lld", (long long)i);
        (void)sqlite3_bind_int64(s, 1, next_user + i);
        put(s, 2, str_of(id));
        put(s, 3, str_of(name));
        (void)sqlite3_bind_int64(s, 4, now);
        run(s);
        if (i % every == 0)
            (void)fprintf(out, "%s\n", name);
    }
    (void)sqlite3_finalize(s);
}

static sqlite3_stmt *grants_prepared(void)
{
    return prepared("INSERT INTO grants (number, id, user_number, client_number, client_epoch, scope, flow, created_at,"
                    " auth_time, last_used_at, expires_at, revoked_at, generation, current_hash, previous_hash, rotated_at,"
                    " successor, begun_at) VALUES (?1, ?2, ?3, ?4, ?12, 'profile', 'authorization_code', ?5, ?5, ?5, ?6, 0,"
                    " ?7, ?8, ?9, ?5, ?10, ?11)");
}

static void grant_add(sqlite3_stmt *s, int64_t number, int64_t user, int64_t begun_at)
{
    char id[37];
    random_uuid(id);
    (void)sqlite3_clear_bindings(s);
    (void)sqlite3_bind_int64(s, 1, number);
    put(s, 2, str_of(id));
    (void)sqlite3_bind_int64(s, 3, user);
    (void)sqlite3_bind_int64(s, 4, client);
    (void)sqlite3_bind_int64(s, 5, now);
    (void)sqlite3_bind_int64(s, 6, now + SPAN);
    (void)sqlite3_bind_int64(s, 7, begun_at > 0 ? 2 : 0);
    (void)sqlite3_bind_int64(s, 11, begun_at);
    (void)sqlite3_bind_int64(s, 12, epoch);
}

static void grants_add(int64_t count, int64_t people, FILE *out, int64_t every)
{
    sqlite3_stmt *s = grants_prepared();
    for (int64_t i = 0; i < count; i++) {
        str old = STR("the token before, which nobody has"), sealed, fresh = token(OPAQUE_REFRESH, next_authorization, 2);
        must(!FAILED(opaque_successor_close(scratch, old, fresh, &sealed)), "no successor");
        grant_add(s, next_authorization++, next_user + (people > 0 ? i % people : -1), now);
        put_hash(s, 8, fresh);
        put_hash(s, 9, old);
        put(s, 10, sealed);
        run(s);
        if (i % every == 0)
            (void)fprintf(out, "%.*s\n", STR_FMT(fresh));
        arena_reset(scratch);
    }
    (void)sqlite3_finalize(s);
}

static void codes_add(int64_t count, int64_t people, FILE *out)
{
    uint8_t digest[DIGEST_SIZE];
    char challenge[HASH_TEXT];
    digest_sha256(str_of(verifier), digest);
    b64url_write(challenge, digest, sizeof(digest));
    sqlite3_stmt *grant = grants_prepared();
    sqlite3_stmt *code = prepared("INSERT INTO codes (number, hash, grant_number, redirect_uri, code_challenge, expires_at)"
                                  " VALUES (?1, ?2, ?3, 'http://127.0.0.1/callback', ?4, ?5)");
    for (int64_t i = 0; i < count; i++) {
        str text = token(OPAQUE_CODE, next_code, 0);
        grant_add(grant, next_authorization, next_user + (people > 0 ? i % people : -1), 0);
        run(grant);
        (void)sqlite3_bind_int64(code, 1, next_code++);
        put_hash(code, 2, text);
        (void)sqlite3_bind_int64(code, 3, next_authorization++);
        put(code, 4, (str){challenge, HASH_TEXT});
        (void)sqlite3_bind_int64(code, 5, now + SPAN);
        run(code);
        (void)fprintf(out, "%.*s\n", STR_FMT(text));
        arena_reset(scratch);
    }
    (void)sqlite3_finalize(grant);
    (void)sqlite3_finalize(code);
}

static const struct keyring *keys_of(const char *directory)
{
    static struct authority authority;
    struct store_options options = {.directory = directory};
    struct arena *a = arena_new(ROOM);
    must(a != NULL && !FAILED(store_open(&options, &authority.store)) && !FAILED(cache_open(authority.store, 1, &authority.cache)),
         "the store cannot be opened");
    must(!FAILED(authority_open(&authority, directory)), "the keys cannot be opened");
    const struct keyring *ring = keys_hold(authority.keys);
    cache_close(authority.cache);
    store_close(authority.store);
    return ring;
}

static void counters_set(int64_t people)
{
    char sql[400];
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE counters SET next = %lld WHERE name = 'user'; UPDATE counters SET next = %lld WHERE name = 'grant';"
                   "UPDATE counters SET next = %lld WHERE name = 'code'",
                   (long long)(next_user + people), (long long)next_authorization, (long long)next_code);
    script(sql);
}

static int64_t count_of(const char *text)
{
    uint64_t n = 0;
    must(!FAILED(str_u64(str_of(text), COUNT_MAX, &n)), "a count is no number, or too large");
    return (int64_t)n;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        (void)fputs("usage: prepare DIR CLIENT_ID PEOPLE GRANTS CODES OUT SAMPLE\n", stderr);
        return 2;
    }
    int64_t people = count_of(argv[3]), grants = count_of(argv[4]), codes = count_of(argv[5]), sample = count_of(argv[7]);
    must(sample > 0, "no sample");
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/jeton.db", argv[1]);
    must(n > 0 && (size_t)n < sizeof(path), "the name is too long");
    keys = keys_of(argv[1]);
    scratch = arena_new(ROOM);
    now = clock_now();
    must(scratch != NULL, "no memory");
    must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, "the database cannot be opened");
    script("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
           "PRAGMA cache_size = -1500000; BEGIN");
    client = one("SELECT number FROM clients WHERE id = ?1", argv[2]);
    epoch = one("SELECT epoch FROM clients WHERE id = ?1", argv[2]);
    next_user = one("SELECT next FROM counters WHERE name = 'user'", NULL);
    next_authorization = one("SELECT next FROM counters WHERE name = 'grant'", NULL);
    next_code = one("SELECT next FROM counters WHERE name = 'code'", NULL);
    FILE *refresh = file(argv[6], "refresh"), *names = file(argv[6], "people"), *code = file(argv[6], "codes");
    people_add(people, names, (people + sample - 1) / sample);
    grants_add(grants, people, refresh, (grants + sample - 1) / sample);
    codes_add(codes, people, code);
    counters_set(people);
    script("COMMIT; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA locking_mode = NORMAL");
    (void)one("SELECT count(*) FROM counters", NULL); /* leaves the exclusive lock */
    bool written = fclose(refresh) == 0 && fclose(names) == 0 && fclose(code) == 0;
    return written && sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
