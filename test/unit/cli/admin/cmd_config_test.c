/* SPDX-License-Identifier: MIT
 * cmd_config: each setting with its value and where that came from; a password is not shown. */
#include "../console.h"
#include "config/settings.h"

static json *explain(struct console *c, const char *const *words)
{
    json *list = console_json(c, words);
    cr_assert_eq(json_count(list), SETTINGS_COUNT);
    return list;
}
#define EXPLAIN(c_, ...) explain(c_, (const char *const[]){"config", "explain", ##__VA_ARGS__, NULL})

static bool tells(const json *list, size_t row, const char *value, const char *source)
{
    return str_is(json_member_text(json_at(list, row), "value"), value) && str_is(json_member_text(json_at(list, row), "source"), source);
}
Test(cmd_config, the_source_is_told_with_the_value)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    FILE *f = fopen(str_format(c.a, "%s/jeton.conf", c.directory).p, "w");
    cr_assert(f != NULL && fputs("code_lifetime = 20\naccess_lifetime = 100\n", f) >= 0 && fclose(f) == 0);
    const char *const environment[] = {"JETON_ACCESS_LIFETIME=200", "JETON_LISTEN=127.0.0.1:1", NULL};
    c.environment = environment;
    json *list = EXPLAIN(&c, "--listen", "127.0.0.1:2");
    cr_expect(tells(list, SETTINGS_code_lifetime, "20", "file"));
    cr_expect(tells(list, SETTINGS_access_lifetime, "200", "environment"));
    cr_expect(tells(list, SETTINGS_listen, "127.0.0.1:2", "option"));
    cr_expect(str_is(json_member_text(json_at(list, SETTINGS_tls), "source"), "default"));
    const json *row = json_at(list, SETTINGS_code_lifetime);
    int64_t least = -1, most = -1;
    cr_expect(str_is(json_member_text(row, "environment"), "JETON_CODE_LIFETIME") && str_is(json_member_text(row, "option"), "--code-lifetime"));
    cr_expect(json_integer_of(json_member(row, "least"), &least) && json_integer_of(json_member(row, "most"), &most) && least < most);
}
Test(cmd_config, a_databases_password_is_not_shown)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    const char *const environment[] = {"JETON_DATABASE=postgresql://jeton:hunter2@h/db", NULL};
    c.environment = environment;
    json *list = EXPLAIN(&c);
    cr_expect(!console_has(c.out, "hunter2"));
    cr_expect(str_is(json_member_text(json_at(list, SETTINGS_database), "source"), "environment"));
}
Test(cmd_config, settings_with_which_no_server_starts_are_refused)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "config", "explain", "--issuer", "http://example.com", "--tls", "off");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "config", "explain", "--config", "/nonexistent");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "config", "explain", "--code-lifetime", "never");
}
