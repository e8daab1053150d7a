/* SPDX-License-Identifier: MIT
 * cmd_serve: the settings of its options, judged, go to the server; anything wrong and it is not begun. */
#include "../console.h"
#include "config/settings.h"

static size_t begun;
static int64_t life;
static char issuer[128];
static int note_server(const struct settings *settings, struct arena *arena)
{
    begun++;
    life = settings->code_lifetime;
    str text = settings_issuer(arena, settings, settings->listen_port);
    snprintf(issuer, sizeof issuer, "%.*s", STR_FMT(text));
    return 7;
}
static struct console console_for_server(void)
{
    struct console c = console_bare();
    c.directory = fixture_directory();
    c.serve = note_server;
    return c;
}
Test(cmd_serve, the_server_gets_the_settings_and_its_status_is_the_commands)
{
    struct console c = console_for_server();
    cr_expect_eq(CONSOLE(&c, "serve", "--listen", "127.0.0.1:81", "--tls", "off", "--code-lifetime", "9"), 7);
    cr_expect_eq(begun, 1);
    cr_expect_eq(life, 9);
    cr_expect_str_eq(issuer, "http://localhost:81");
}
Test(cmd_serve, nothing_is_begun_with_wrong_settings)
{
    struct console c = console_for_server();
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "serve", "--issuer", "http://example.com", "--tls", "off");
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "serve", "--tls-cert", "only/half");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "serve", "--listen", "nowhere");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "serve", "--json");
    CONSOLE_REFUSED(&c, COMMAND_USAGE, "serve", "now");
    const char *const environment[] = {"JETON_CODE_LIFETIME=never", NULL};
    c.environment = environment;
    CONSOLE_REFUSED(&c, COMMAND_REFUSED, "serve");
    cr_expect_eq(begun, 0);
}
