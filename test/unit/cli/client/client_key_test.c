/* SPDX-License-Identifier: MIT
 * client_key: which files are keys; one algorithm each; a file of ours is never overwritten. */
#include "cli/client/client_key.h"
#include "crypto/mac.h"
#include "standin.h"
#include <fcntl.h>
#include <sys/stat.h>

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(client_key, .init = begin, .timeout = 60);

static const char *place_file(const char *text, size_t n, mode_t mode)
{
    str name = str_format(a, "%s/key.pem", fixture_directory());
    int fd = open(name.p, O_WRONLY | O_CREAT | O_EXCL, 0600);
    cr_assert(fd >= 0 && write(fd, text, n) == (ssize_t)n && fchmod(fd, mode) == 0 && close(fd) == 0);
    return name.p;
}
/* A file with a P-256 key in it, as client_key_keep makes them. */
static const char *kept_key(void)
{
    str name = str_format(a, "%s/kept.pem", fixture_directory());
    const struct client_key *key;
    cr_assert(!FAILED(client_key_keep(a, name, &key, &trouble)), "%s", trouble);
    return name.p;
}
static err load_key(const char *file, const char *alg, const json *liked, const struct client_key **key)
{
    struct client_key_file from = {.file = str_of(file), .alg = alg ? str_of(alg) : STR_ABSENT, .liked = liked};
    return client_key_load(a, &from, key, &trouble);
}
Test(client_key, a_file_that_others_can_read_is_refused_until_it_is_closed) /* ST-03 */
{
    const char *file = kept_key();
    const struct client_key *key;
    struct stat facts;
    cr_assert_eq(stat(file, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600, "as it was made");
    static const mode_t open_modes[] = {0640, 0604, 0620, 0666};
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        cr_assert_eq(chmod(file, open_modes[i]), 0);
        cr_expect(FAILED(load_key(file, NULL, NULL, &key)), "%o", open_modes[i]);
        cr_expect_not_null(strstr(trouble, "chmod 600"));
    }
    cr_assert_eq(chmod(file, 0400), 0);
    cr_expect(!FAILED(load_key(file, NULL, NULL, &key)));
}
Test(client_key, what_is_no_key_file_is_told_and_nothing_hangs_on_it)
{
    const struct client_key *key;
    const char *folder = fixture_directory();
    static char large[65537];
    str pipe = str_format(a, "%s/pipe", folder);
    cr_assert_eq(mkfifo(pipe.p, 0600), 0);
    cr_expect_eq(load_key("/nonexistent", NULL, NULL, &key).kind, ERR_NOT_FOUND);
    cr_expect(FAILED(load_key(folder, NULL, NULL, &key)));
    cr_expect(FAILED(load_key(pipe.p, NULL, NULL, &key)), "a pipe, at whose other end nobody is");
    cr_expect(FAILED(load_key(place_file("", 0, 0600), NULL, NULL, &key)));
    cr_expect(FAILED(load_key(place_file("hello\n", 6, 0600), NULL, NULL, &key)));
    cr_expect(FAILED(load_key(place_file(large, sizeof large, 0600), NULL, NULL, &key)));
}
Test(client_key, a_key_signs_with_an_algorithm_that_it_can_and_the_server_likes)
{
    const char *file = kept_key();
    const struct client_key *key;
    cr_assert(!FAILED(load_key(file, NULL, NULL, &key)));
    cr_expect_eq(sign_key_alg(key->pair), SIGN_ES256);
    cr_expect(!FAILED(load_key(file, NULL, standin_object(a, "[\"RS256\",\"none\",\"HS256\",\"ES256\"]"), &key)), "what does not fit is passed over");
    cr_expect(!FAILED(load_key(file, NULL, standin_object(a, "[\"RS256\"]"), &key)), "nothing fits: the key's usual one");
    cr_expect(!FAILED(load_key(file, "ES256", NULL, &key)));
    cr_expect(FAILED(load_key(file, "RS256", NULL, &key)));
    cr_expect(FAILED(load_key(file, "none", NULL, &key)));
    cr_expect(FAILED(load_key(file, "HS256", NULL, &key)));
}
Test(client_key, a_kept_key_is_the_same_the_next_time_and_a_file_that_is_no_key_stays)
{
    str name = str_format(a, "%s/kept.pem", fixture_directory());
    const struct client_key *first, *again;
    cr_assert(!FAILED(client_key_keep(a, name, &first, &trouble)));
    cr_assert(!FAILED(client_key_keep(a, name, &again, &trouble)));
    cr_expect(str_equal(first->thumbprint, again->thumbprint) && str_equal(first->kid, first->thumbprint));
    const char *notes = place_file("my notes\n", 9, 0600);
    char text[16] = {0};
    cr_expect(FAILED(client_key_keep(a, str_of(notes), &again, &trouble)));
    int fd = open(notes, O_RDONLY);
    cr_expect(read(fd, text, sizeof text) == 9 && strcmp(text, "my notes\n") == 0);
    close(fd);
    cr_expect(FAILED(client_key_keep(a, STR("/nonexistent/folder/key"), &again, &trouble)));
}
Test(client_key, the_public_half_has_no_private_member)
{
    const struct client_key *key;
    json *jwk;
    cr_assert(!FAILED(client_key_fresh(a, &key)) && !FAILED(client_key_public(a, key, &jwk)));
    cr_expect(str_is(json_member_text(jwk, "kty"), "EC") && str_filled(json_member_text(jwk, "x")));
    static const char *const hidden[] = {"d", "p", "q", "k"};
    for (size_t i = 0; i < 4; i++)
        cr_expect_null(json_member(jwk, hidden[i]));
}
Test(client_key, a_secret_signs_with_hmac_and_names_no_key)
{
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    struct client_key_words words = {.typ = "JWT", .claims = standin_object(a, "{\"a\":1}"), .secret = str_of(secret)};
    str jwt;
    json *both;
    cr_assert(!FAILED(client_key_sign(a, NULL, &words, &jwt)) && !FAILED(token_flow_decode(a, jwt, &both)));
    const json *header = json_member(both, "header");
    cr_expect(str_is(json_member_text(header, "alg"), "HS256") && !json_member(header, "kid"));
    words.secret = STR("0123456789abcdef0123456789abcde");
    cr_expect(FAILED(client_key_sign(a, NULL, &words, &jwt)), "RFC 7518 3.2: a key of the hash's size at the least");
}
