/* SPDX-License-Identifier: MIT
 * client_members: every registered member has its option; what is not given stays as it is; a file is read whole or not at all. */
#include "cli/admin/client_members.h"
#include "../console.h"
#include "client/metadata_rules.h"
#include <sys/stat.h>

static const char public_key[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\",\"use\":\"sig\",\"alg\":\"ES256\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"; /* RFC 7515 A.3 */

static const struct option table[] = {CLIENT_MEMBERS_OPTIONS CLIENT_MEMBERS_OPPOSITES{NULL, OPTION_END, NULL, 0, 0, NULL}};
static struct arena *a;
static void begin(void)
{
    a = fixture_arena();
}
TestSuite(client_members, .init = begin);

static const char *read_words(bool opposites, struct client_edit *edit, const char *const *words)
{
    const struct option *const tables[2] = {table, command_common};
    struct options o;
    const char *trouble = NULL;
    cr_assert(!FAILED(options_parse(a, tables, words, &o, &trouble)), "%s", trouble);
    *edit = client_edit_nothing();
    return client_members_read(a, &o, opposites, edit);
}
#define READ(edit_, ...) read_words(true, edit_, (const char *const[]){__VA_ARGS__, NULL})

static const char *write_keys(const char *text, size_t n)
{
    str file = str_format(a, "%s/keys.json", fixture_directory());
    FILE *f = fopen(file.p, "w");
    cr_assert(f != NULL && fwrite(text, 1, n, f) == n && fclose(f) == 0);
    return file.p;
}
static size_t count_given(const struct client_edit *edit)
{
    size_t n = 0;
    for (size_t i = 0; i < METADATA_COUNT; i++)
        n += str_present(edit->metadata[i]);
    return n;
}

Test(client_members, each_member_that_can_be_set_has_an_option_and_no_other_has)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        bool found = false;
        for (const struct option *o = table; o->kind != OPTION_END; o++)
            found = found || str_is(str_of(o->name), metadata_rows[i].name);
        cr_expect_eq(found, metadata_rows[i].setter != METADATA_BY_SYSTEM, "%s", metadata_rows[i].name);
    }
}
Test(client_members, what_is_not_given_stays_and_what_is_given_arrives_under_its_own_name)
{
    struct client_edit edit;
    cr_assert_null(READ(&edit, "--json"));
    cr_expect_eq(count_given(&edit), 0);
    cr_assert_null(READ(&edit, "--client-uri", "https://a.example/", "--contacts", "a@example.org", "--contacts", "b@example.org", "--default-max-age", "9",
                        "--require-auth-time", "--logo-uri", ""));
    cr_expect_eq(count_given(&edit), 5);
    cr_expect(str_is(edit.metadata[METADATA_client_uri], "https://a.example/") && str_is(edit.metadata[METADATA_contacts], "a@example.org\nb@example.org"));
    cr_expect(str_is(edit.metadata[METADATA_default_max_age], "9") && str_is(edit.metadata[METADATA_require_auth_time], "true"));
    cr_expect_eq(edit.metadata[METADATA_logo_uri].n, 0, "empty: remove");
}
Test(client_members, a_flag_has_an_opposite_when_one_edits_and_not_both_at_once)
{
    struct client_edit edit;
    cr_assert_null(READ(&edit, "--no-require-auth-time"));
    cr_expect(str_is(edit.metadata[METADATA_require_auth_time], "false"));
    cr_expect_not_null(READ(&edit, "--no-require-auth-time", "--require-auth-time"));
}
Test(client_members, a_value_of_the_wrong_form_is_told_by_the_name_as_it_is_typed)
{
    struct client_edit edit;
    static const char *const wrong[][2] = {{"--client-uri", "nowhere"},
                                           {"--logo-uri", "http://plain.example/"},
                                           {"--subject-type", "nosuch"},
                                           {"--id-token-signed-response-alg", "none"},
                                           {"--default-max-age", "x"},
                                           {"--response-modes", "jwt web_message"},
                                           {"--profile", "nosuch"},
                                           {"--tls-client-auth-san-ip", "1.2.3"},
                                           {"--request-object-signing-alg", "HS256"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *said = READ(&edit, wrong[i][0], wrong[i][1]);
        cr_assert_not_null(said, "%s %s", wrong[i][0], wrong[i][1]);
        cr_expect(strstr(said, wrong[i][0]) && said[strlen(said) - 1] != '.', "%s", said);
    }
}
Test(client_members, keys_come_whole_from_a_file_and_from_no_other_thing)
{
    struct client_edit edit;
    static char large[65537];
    cr_assert_null(READ(&edit, "--jwks", write_keys(public_key, sizeof public_key - 1)));
    cr_expect(str_is(edit.metadata[METADATA_jwks], public_key));
    cr_assert_null(READ(&edit, "--jwks", ""));
    cr_expect(str_present(edit.metadata[METADATA_jwks]) && edit.metadata[METADATA_jwks].n == 0, "empty: remove");
    cr_expect_not_null(READ(&edit, "--jwks", "/nonexistent"));
    cr_expect_not_null(READ(&edit, "--jwks", fixture_directory()), "a directory");
    cr_expect_not_null(READ(&edit, "--jwks", write_keys("not json", 8)));
    memset(large, ' ', sizeof large);
    memcpy(large, public_key, sizeof public_key - 1);
    str text;
    cr_expect_not_null(client_members_keys(a, str_of(write_keys(large, sizeof large)), &text), "one byte too many");
    cr_expect_null(client_members_keys(a, str_of(write_keys(large, sizeof large - 1)), &text));
    cr_expect_eq(text.n, sizeof large - 1);
}
Test(client_members, a_set_with_a_private_key_is_refused)
{
    struct client_edit edit;
    static const char private_key[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\","
                                      "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    const char *said = READ(&edit, "--jwks", write_keys(private_key, sizeof private_key - 1));
    cr_assert_not_null(said);
    cr_expect_null(strstr(said, "jpsQnn"), "and is not repeated");
}
