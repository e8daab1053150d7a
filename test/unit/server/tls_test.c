/* SPDX-License-Identifier: MIT
 * tls: files that an administrator names may be links; a key that others can read is refused. */
#include "server/tls.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static str put(struct arena *a, const char *directory, const char *name, const char *text, mode_t mode)
{
    const char *path = str_z(a, str_format(a, "%s/%s", directory, name));
    FILE *f = fopen(path, "w");
    cr_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0);
    return str_of(path);
}

static str link_to(struct arena *a, const char *directory, const char *name, str target)
{
    const char *path = str_z(a, str_format(a, "%s/%s", directory, name));
    cr_assert_eq(symlink(target.p, path), 0);
    return str_of(path);
}

Test(tls, named_files_may_be_links_as_certbot_makes_them)
{
    struct arena *a = fixture_arena();
    const char *directory = fixture_directory();
    str certificate = put(a, directory, "fullchain1.pem", "certificate", 0644), key = put(a, directory, "privkey1.pem", "key", 0600);
    str certificate_link = link_to(a, directory, "fullchain.pem", certificate), key_link = link_to(a, directory, "privkey.pem", key);
    str text;
    cr_assert_eq(tls_file(a, certificate_link, false, &text).kind, ERR_OK);
    cr_expect(str_is(text, "certificate"));
    cr_assert_eq(tls_file(a, key_link, true, &text).kind, ERR_OK);
    cr_expect(str_is(text, "key"));
}

Test(tls, a_key_that_others_can_read_is_refused_through_a_link_too)
{
    struct arena *a = fixture_arena();
    const char *directory = fixture_directory();
    str key = put(a, directory, "k.pem", "key", 0644);
    str text;
    cr_expect_eq(tls_file(a, key, true, &text).kind, ERR_SERVER_ERROR);
    cr_expect_eq(tls_file(a, key, false, &text).kind, ERR_OK);
    cr_expect_eq(tls_file(a, link_to(a, directory, "l.pem", key), true, &text).kind, ERR_SERVER_ERROR);
    cr_expect_eq(tls_file(a, STR("/nonexistent/key.pem"), true, &text).kind, ERR_SERVER_ERROR);
    cr_expect_eq(tls_file(a, put(a, directory, "e.pem", "", 0600), true, &text).kind, ERR_SERVER_ERROR);
}
