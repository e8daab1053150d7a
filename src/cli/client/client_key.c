/* SPDX-License-Identifier: MIT
 * client_key: private keys of the client's side. Relies on crypto/sign for keys and signatures. Promises that a key file which
 * others can read is refused with the way to mend it (ST-03), that a file of ours is never overwritten, and that a key signs
 * with one algorithm, its own. */
#include "cli/client/client_key.h"
#include "codec/b64url.h"
#include "crypto/mac.h"
#include "token/jwk.h"
#include "crypto/thumbprint.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/banned.h"

enum { FILE_MAX = 65536, PEM_LINE = 64 };

static void end_key(void *pair)
{
    sign_key_free(pair);
}
static fallible jwk_of(struct arena *a, const struct sign_key *pair, struct sign_jwk *jwk, str *thumbprint)
{
    TRY(sign_key_jwk(a, pair, jwk));
    return thumbprint_of(a, jwk, thumbprint);
}
/* Owns `pair`, also when it fails. */
static fallible adopt_client_pair(struct arena *a, struct sign_key *pair, str kid, const struct client_key **out)
{
    struct sign_jwk jwk;
    TRY(arena_on_release(a, end_key, pair));
    struct client_key *key = ARENA_NEW(a, struct client_key);
    if (!key)
        FAIL(UNAVAILABLE, "no memory for a key");
    TRY(jwk_of(a, pair, &jwk, &key->thumbprint));
    key->pair = pair;
    key->kid = str_present(kid) ? kid : key->thumbprint;
    *out = key;
    return OK;
}
static fallible judge_file(struct arena *a, int fd, str file, const char **trouble)
{
    struct stat st;
    const char *wrong = NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        wrong = "is not a regular file, or is empty or too large";
    else if (st.st_uid != geteuid())
        wrong = "belongs to another user"; /* ST-03 */
    else if ((st.st_mode & 077) != 0)
        wrong = "can be read by other users; fix it with chmod 600";
    if (!wrong)
        return OK;
    *trouble = str_format(a, "the key file %.*s %s", STR_FMT(file), wrong).p;
    FAIL(INVALID_REQUEST, "an unusable key file");
}
static fallible read_file(struct arena *a, str file, str *pem, const char **trouble)
{
    const char *name = str_z(a, file);
    char *text = arena_take(a, FILE_MAX + 1);
    int fd = name && text ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1; /* a pipe does not hold it up */
    if (fd < 0) {
        bool missing = errno == ENOENT;
        *trouble = str_format(a, "the key file %.*s %s", STR_FMT(file), missing ? "does not exist" : "cannot be opened").p;
        return missing ? ERR(NOT_FOUND, "no key file") : ERR(UNAVAILABLE, "the key file cannot be opened");
    }
    err e = judge_file(a, fd, file, trouble);
    ssize_t n = FAILED(e) ? -1 : read(fd, text, FILE_MAX);
    (void)close(fd);
    TRY(e);
    *trouble = str_format(a, "the key file %.*s cannot be read", STR_FMT(file)).p;
    if (n <= 0)
        FAIL(UNAVAILABLE, "the key file cannot be read");
    *pem = (str){text, (size_t)n};
    return OK;
}
/* Without a wish for an algorithm the first of the server's list that takes the key, then the first of ours. */
static fallible import_pem_key(str pem, const struct client_key_file *from, struct sign_key **out)
{
    enum sign_alg wish = SIGN_NONE_CHOSEN;
    if (str_present(from->alg)) {
        if (!sign_alg_foreign(from->alg, &wish))
            FAIL(INVALID_REQUEST, "an unknown algorithm");
        return sign_key_from_pem(pem, wish, out);
    }
    for (size_t i = 0; i < json_count(from->liked); i++) {
        if (sign_alg_foreign(json_text_of(json_at(from->liked, i)), &wish) && !FAILED(sign_key_from_pem(pem, wish, out)))
            return OK;
    }
    for (wish = SIGN_NONE_CHOSEN + 1; wish < SIGN_ALG_COUNT; wish++) {
        if (!FAILED(sign_key_from_pem(pem, wish, out)))
            return OK;
    }
    FAIL(INVALID_REQUEST, "no algorithm takes the key");
}
fallible client_key_load(struct arena *a, const struct client_key_file *from, const struct client_key **out, const char **trouble)
{
    str pem;
    struct sign_key *pair;
    TRY(read_file(a, from->file, &pem, trouble));
    *trouble = str_format(a, "the key file %.*s does not contain an unencrypted private key in PEM that can sign%s%.*s", STR_FMT(from->file),
                          str_present(from->alg) ? " with " : "", STR_FMT(from->alg))
                   .p;
    TRY(import_pem_key(pem, from, &pair));
    return adopt_client_pair(a, pair, from->kid, out);
}
fallible client_key_fresh(struct arena *a, const struct client_key **out)
{
    struct sign_key *pair;
    TRY(sign_key_generate(SIGN_ES256, &pair));
    return adopt_client_pair(a, pair, STR_ABSENT, out);
}

/* RFC 7468 2: base64 of the DER in lines of 64. */
static fallible to_pem(struct arena *a, str der, str *pem)
{
    struct buf b = buf_new(a, FILE_MAX);
    str text = b64url_encode(a, der.p, der.n);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "no memory for a key file");
    size_t whole = (der.n + 2) / 3 * 4;
    buf_add_z(&b, "-----BEGIN PRIVATE KEY-----\n");
    for (size_t i = 0; i < whole; i++) {
        char c = i < text.n ? text.p[i] : '=';
        buf_char(&b, c == '-' ? '+' : c == '_' ? '/' : c);
        if ((i + 1) % PEM_LINE == 0 && i + 1 < whole)
            buf_char(&b, '\n');
    }
    buf_add_z(&b, "\n-----END PRIVATE KEY-----\n");
    return buf_done(&b, pem);
}
static fallible write_file(struct arena *a, str file, str pem, const char **trouble)
{
    const char *name = str_z(a, file);
    int fd = name ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    bool written = fd >= 0 && write(fd, pem.p, pem.n) == (ssize_t)pem.n && fsync(fd) == 0;
    if (fd >= 0)
        written = close(fd) == 0 && written;
    if (fd >= 0 && !written)
        (void)unlink(name); /* half a key is none */
    *trouble = str_format(a, "the key file %.*s cannot be created", STR_FMT(file)).p;
    return written ? OK : ERR(UNAVAILABLE, "the key file cannot be written");
}
fallible client_key_keep(struct arena *a, str file, const struct client_key **out, const char **trouble)
{
    struct client_key_file from = {.file = file};
    const struct client_key *key;
    str der, pem;
    err e = client_key_load(a, &from, out, trouble);
    if (e.kind != ERR_NOT_FOUND)
        return e;
    TRY(client_key_fresh(a, &key));
    TRY(sign_key_export(a, key->pair, &der));
    TRY(to_pem(a, der, &pem));
    TRY(write_file(a, file, pem, trouble));
    *out = key;
    return OK;
}

fallible client_key_public(struct arena *a, const struct client_key *key, json **out)
{
    struct sign_jwk parts;
    TRY(sign_key_jwk(a, key->pair, &parts));
    *out = jwk_json(a, &parts);
    return OK;
}
static fallible signed_text(struct arena *a, const struct client_key_words *words, json *header, struct buf *b)
{
    str head, claims;
    TRY(json_text(a, header, &head));
    TRY(json_text(a, words->claims, &claims));
    b64url_add(b, head.p, head.n);
    buf_char(b, '.');
    b64url_add(b, claims.p, claims.n);
    return b->over ? ERR(UNAVAILABLE, "a token of ours is too large") : OK;
}
fallible client_key_sign(struct arena *a, const struct client_key *key, const struct client_key_words *words, str *jwt)
{
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n = mac_size(MAC_HS256);
    struct buf b = buf_new(a, BUF_TOKEN_MAX);
    json *header = words->header ? words->header : json_object_new(a);
    json_put_text(a, header, "alg", key ? str_of(sign_alg_name(sign_key_alg(key->pair))) : str_of(mac_alg_name(MAC_HS256)));
    if (words->typ)
        json_put_text(a, header, "typ", str_of(words->typ));
    if (key && !words->header && str_present(key->kid))
        json_put_text(a, header, "kid", key->kid);
    TRY(signed_text(a, words, header, &b));
    if (key)
        TRY(sign_make(key->pair, (str){b.p, b.n}, signature, &n));
    else
        TRY(mac_make(MAC_HS256, words->secret, (str){b.p, b.n}, signature));
    buf_char(&b, '.');
    b64url_add(&b, signature, n);
    return buf_done(&b, jwt);
}
