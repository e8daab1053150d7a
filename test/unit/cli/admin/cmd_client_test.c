/* SPDX-License-Identifier: MIT
 * cmd_client: applications made, changed, shut out; a secret is shown once and kept as a hash. */
#include "../console.h"
#include "cli/nouns.h"
#include "crypto/secret.h"
#include <string.h>

static const struct db_client *find_row(struct console *c, const char *id)
{
    return cache_client(console_context(c)->snapshot, str_of(id));
}
static bool has_secret(struct console *c, const char *id, str secret)
{
    const struct db_client *client = find_row(c, id);
    struct token_hash hash = token_hash_of(secret);
    for (size_t i = 0; client && i < client->secret_count; i++)
        if (memcmp(&client->secrets[i].hash, &hash, sizeof hash) == 0)
            return true;
    return false;
}
Test(cmd_client, the_first_client_makes_the_directory_and_answers_json_alone, .timeout = 60)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    json *made = CONSOLE_JSON(&c, "client", "add", "--name", "App", "--grant", "client_credentials", "--id", "7");
    cr_assert(str_is(json_member_text(made, "client_id"), "7"));
    cr_assert(str_starts(json_member_text(made, "client_secret"), STR("jtn_cs_")));
    cr_assert(json_is_list(json_member(made, "grants")));
    cr_expect_eq(CONSOLE(&c, "client", "show", "7"), COMMAND_DONE);
}
Test(cmd_client, the_secret_is_shown_once_and_its_hash_is_kept)
{
    struct console c = console_new();
    json *made = CONSOLE_JSON(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "client_credentials");
    str secret = json_member_text(made, "client_secret");
    cr_assert(has_secret(&c, "app", secret));
    const char *const quiet[][4] = {{"client", "show", "app"}, {"client", "list"}, {"client", "edit", "app", "--description=x"}, {"event", "list"}};
    for (size_t i = 0; i < 4; i++) {
        const char *words[] = {quiet[i][0], quiet[i][1], quiet[i][2], quiet[i][2] ? quiet[i][3] : NULL, NULL};
        (void)console_json(&c, words);
        cr_expect(!console_has(c.out, secret.p) && !console_has(c.out, "client_secret\":"), "%s %s", words[0], words[1]);
    }
}
Test(cmd_client, a_secret_of_ones_own_comes_by_standard_input_and_only_for_who_can_keep_one)
{
    struct console c = console_new();
    static const char own[] = "0123456789abcdef0123456789abcdef";
    c.input = "0123456789abcdef0123456789abcdef\n";
    (void)CONSOLE_JSON(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "client_credentials", "--secret-stdin");
    cr_expect(has_secret(&c, "app", str_of(own)));
    c.input = "too short\n";
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "add", "--name", "B", "--grant", "client_credentials", "--secret-stdin");
    c.input = "0123456789abcdef0123456789abcdeX\n";
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "client", "add", "--name", "B", "--grant", "authorization_code", "--public", "--secret-stdin");
    json *open = CONSOLE_JSON(&c, "client", "add", "--name", "C", "--public", "--grant", "authorization_code", "--redirect-uri", "https://c.example/cb");
    cr_expect(!json_member(open, "client_secret") && console_flag(open, "public"));
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "client", "list")), 2);
}
Test(cmd_client, a_new_secret_lives_beside_the_old_one_or_instead_of_it)
{
    struct console c = console_new();
    str first = json_member_text(CONSOLE_JSON(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "client_credentials"), "client_secret");
    str second = json_member_text(CONSOLE_JSON(&c, "client", "rotate-secret", "app"), "client_secret");
    cr_expect(has_secret(&c, "app", first) && has_secret(&c, "app", second));
    str third = json_member_text(CONSOLE_JSON(&c, "client", "rotate-secret", "app", "--overlap", "0"), "client_secret");
    cr_expect(has_secret(&c, "app", third) && !has_secret(&c, "app", first));
    const struct db_client *now = find_row(&c, "app");
    for (size_t i = 0; i < now->secret_count; i++) {
        struct token_hash hash = token_hash_of(second);
        if (memcmp(&now->secrets[i].hash, &hash, sizeof hash) == 0)
            cr_expect(now->secrets[i].expires_at != 0 && now->secrets[i].expires_at <= clock_now(), "no overlap: it has ended");
    }
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "rotate-secret", "nobody");
}
Test(cmd_client, an_edit_replaces_lists_keeps_the_rest_and_contradicts_itself_not)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "authorization_code", "--redirect-uri", "https://a.example/1",
                         "--redirect-uri", "https://a.example/2", "--access-lifetime", "60"),
                 COMMAND_DONE);
    json *now = CONSOLE_JSON(&c, "client", "edit", "app", "--redirect-uri", "https://a.example/3", "--first-party");
    cr_expect_eq(json_count(json_member(now, "redirect_uris")), 1);
    int64_t lifetime = 0;
    cr_expect(json_integer_of(json_member(now, "access_lifetime"), &lifetime) && lifetime == 60 && console_flag(now, "first_party"));
    static const char *const pairs[][2] = {
        {"--public", "--confidential"}, {"--first-party", "--no-first-party"}, {"--require-pkce", "--no-require-pkce"}, {"--refresh", "--no-refresh"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        CONSOLE_REFUSED(&c, COMMAND_USAGE, "client", "edit", "app", pairs[i][0], pairs[i][1]);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "edit", "app", "--owner", "nobody");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "client", "edit", "app", "--access-lifetime", "x");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "edit", "nobody", "--name", "x");
    const struct db_client *kept = find_row(&c, "app");
    cr_expect(!kept->is_public && kept->first_party && str_is(kept->redirect_uris, "https://a.example/3"));
}
Test(cmd_client, a_taken_id_or_name_and_an_unknown_grant_add_nothing)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "client_credentials"), COMMAND_DONE);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "add", "--name", "APP", "--grant", "client_credentials");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "add", "--name", "Other", "--id", "app", "--grant", "client_credentials");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "add", "--name", "Other", "--grant", "nonsense");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "client", "add", "--grant", "client_credentials");
    cr_expect_eq(json_count(CONSOLE_JSON(&c, "client", "list")), 1);
    cr_assert_eq(CONSOLE(&c, "client", "remove", "app"), COMMAND_DONE);
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "add", "--name", "Other", "--id", "app", "--grant", "client_credentials"); /* AD-04: never used twice */
}
Test(cmd_client, who_is_disabled_is_so_until_enabled_and_who_is_removed_is_gone)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "client_credentials"), COMMAND_DONE);
    cr_expect(console_flag(CONSOLE_JSON(&c, "client", "disable", "app"), "disabled") && find_row(&c, "app")->disabled);
    cr_expect(!console_flag(CONSOLE_JSON(&c, "client", "enable", "app"), "disabled") && !find_row(&c, "app")->disabled);
    json *gone = CONSOLE_JSON(&c, "client", "remove", "app");
    cr_expect(console_flag(gone, "removed") && str_is(json_member_text(gone, "client_id"), "app"));
    cr_expect_null(find_row(&c, "app"));
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "client", "show", "app");
}
Test(cmd_client, people_see_what_a_profile_misses_and_programs_have_it_as_a_member)
{
    struct console c = console_new();
    cr_assert_eq(CONSOLE(&c, "client", "add", "--name", "App", "--id", "app", "--grant", "authorization_code", "--redirect-uri", "http://localhost/cb"),
                 COMMAND_DONE);
    cr_expect(console_has(c.err, "warning: "), "an address in the open: %.*s", STR_FMT(c.err));
    cr_assert_eq(CONSOLE(&c, "client", "show", "app"), COMMAND_DONE);
    cr_expect(console_has(c.out, "missing for fapi2-security"));
    json *shown = CONSOLE_JSON(&c, "client", "show", "app");
    cr_expect_not_null(json_member(json_member(shown, "profiles"), "missing"));
    cr_expect_gt(json_count(json_member(shown, "warnings")), 0);
}
