/* SPDX-License-Identifier: MIT
 * command: exit status, one line for what went wrong, JSON alone on standard output, and the manual that names everything. */
#include "cli/command.h"
#include "base/buf.h"
#include "cli/nouns.h"
#include "codec/json.h"
#include "config/settings.h"
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena *a;
static char directory[64];
static str served_issuer;

static int serve(const struct settings *settings, struct arena *arena)
{
    served_issuer = str_dup(a, settings_issuer(arena, settings, settings->listen_port));
    return 0;
}
static void begin(void)
{
    a = arena_new(16 << 20);
    snprintf(directory, sizeof directory, "%s", "/tmp/jeton-command-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
    cr_redirect_stdout();
    cr_redirect_stderr();
}
static void end(void)
{
    DIR *d = opendir(directory);
    struct dirent *entry;
    while (d && (entry = readdir(d))) {
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d)
        closedir(d);
    rmdir(directory);
    arena_release(a);
}
TestSuite(command, .init = begin, .fini = end);

static int run(const char *const *words)
{
    static const char *const environment[] = {NULL};
    struct command_world world = {.environment = environment, .serve = serve};
    return command_run(&world, words);
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static str read_all(FILE *file)
{
    char *text = arena_take(a, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, file);
    return (str){text, n};
}
static str standard_output(void)
{
    fflush(stdout);
    FILE *file = cr_get_redirected_stdout();
    return read_all(file);
}
static size_t lines(str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '\n';
    return count;
}

Test(command, wrong_usage_is_two)
{
    cr_expect_eq(run((const char *const[]){NULL}), COMMAND_USAGE);
    cr_expect_eq(RUN("nonsense"), COMMAND_USAGE);
    cr_expect_eq(RUN("user"), COMMAND_USAGE);
    cr_expect_eq(RUN("user", "dance"), COMMAND_USAGE);
    cr_expect_eq(RUN("user", "show"), COMMAND_USAGE);
    cr_expect_eq(RUN("user", "show", "a", "b"), COMMAND_USAGE);
    cr_expect_eq(RUN("client", "add"), COMMAND_USAGE);
    cr_expect_eq(RUN("user", "add", "x", "--password", "hunter2"), COMMAND_USAGE);
    cr_expect_eq(RUN("serve", "--listen", "nowhere"), COMMAND_USAGE);
    cr_expect_eq(RUN("serve", "--json"), COMMAND_USAGE);
    cr_expect_eq(RUN("user", "list", "--data", "x", "--database", "sqlite:x"), COMMAND_USAGE);
    cr_expect_eq(standard_output().n, 0);
}
Test(command, a_missing_database_is_refused_in_one_line)
{
    cr_assert_eq(RUN("user", "list", "--data", directory), COMMAND_REFUSED);
    fflush(stderr);
    str said = read_all(cr_get_redirected_stderr());
    cr_assert_eq(lines(said), 1);
    cr_assert(str_starts(said, STR("jeton: ")));
}
Test(command, a_databases_password_is_no_argument)
{
    cr_assert_eq(RUN("user", "list", "--database", "postgresql://jeton:secret@h/db"), COMMAND_USAGE);
    cr_assert_eq(RUN("user", "list", "--database", "host=h password=secret"), COMMAND_USAGE);
    cr_assert_eq(RUN("user", "list", "--database", "nonsense"), COMMAND_USAGE);
    fflush(stderr);
    str said = read_all(cr_get_redirected_stderr());
    cr_assert_null(memmem(said.p, said.n, "secret", 6));
    cr_assert_not_null(memmem(said.p, said.n, "passfile", 8));
}
Test(command, control_bytes_do_not_reach_the_terminal)
{
    cr_assert_eq(RUN("\x1b[2J\nevil\xc2\x9b"
                     "2J\xe2\x80\xae"),
                 COMMAND_USAGE); /* CSI of eight bits, right to left */
    fflush(stderr);
    str said = read_all(cr_get_redirected_stderr());
    cr_assert_eq(lines(said), 1);
    for (size_t i = 0; i + 1 < said.n; i++)
        cr_expect(said.p[i] >= 0x20 && said.p[i] < 0x7f);
}
Test(command, serve_gets_the_settings_of_its_options)
{
    cr_assert_eq(RUN("serve", "--data", directory, "--listen", "127.0.0.1:81", "--tls", "off"), COMMAND_DONE);
    cr_assert(str_is(served_issuer, "http://localhost:81"));
    served_issuer = STR_ABSENT;
    cr_assert_eq(RUN("serve", "--data", directory, "--issuer", "http://example.com", "--tls", "off"), COMMAND_REFUSED);
    cr_assert(!str_present(served_issuer));
}
Test(command, config_explain_tells_every_setting_as_json)
{
    json *list;
    cr_assert_eq(RUN("config", "explain", "--json", "--data", directory, "--code-lifetime", "9"), COMMAND_DONE);
    cr_assert(!FAILED(json_parse(a, standard_output(), &list)));
    cr_assert_eq(json_count(list), SETTINGS_COUNT);
    const json *row = json_at(list, SETTINGS_code_lifetime);
    cr_assert(str_is(json_member_text(row, "value"), "9"));
    cr_assert(str_is(json_member_text(row, "source"), "option"));
}
Test(command, the_first_client_makes_the_directory_and_answers_json_alone, .timeout = 60)
{
    json *client;
    cr_assert_eq(RUN("client", "add", "--data", directory, "--name", "App", "--grant", "client_credentials", "--id", "7", "--json"), COMMAND_DONE);
    cr_assert(!FAILED(json_parse(a, standard_output(), &client)));
    cr_assert(str_is(json_member_text(client, "client_id"), "7"));
    cr_assert(str_starts(json_member_text(client, "client_secret"), STR("jtn_cs_")));
    cr_assert(json_is_list(json_member(client, "grants")));
    cr_expect_eq(RUN("client", "show", "7", "--data", directory), COMMAND_DONE);
    cr_expect_eq(RUN("client", "show", "8", "--data", directory), COMMAND_REFUSED);
    cr_expect_eq(RUN("client", "add", "--data", directory, "--name", "B", "--grant", "nonsense"), COMMAND_REFUSED);
    cr_expect_eq(RUN("client", "edit", "7", "--data", directory, "--access-lifetime", "x"), COMMAND_USAGE);
    cr_expect_eq(RUN("client", "remove", "7", "--data", directory), COMMAND_DONE);
    cr_expect_eq(RUN("client", "show", "7", "--data", directory), COMMAND_REFUSED);
}
Test(command, the_manual_is_the_one_that_the_tables_make)
{
    FILE *file = fopen("docs/jeton.1", "r");
    cr_assert_not_null(file, "run from the top of the tree");
    str manual = read_all(file);
    fclose(file);
    cr_assert_eq(RUN("help", "--man"), COMMAND_DONE);
    str made = standard_output();
    cr_assert(str_equal(manual, made), "make it anew: jeton help --man > docs/jeton.1");
}
Test(command, the_manual_names_every_command_and_option)
{
    cr_assert_eq(RUN("help", "--man"), COMMAND_DONE);
    str made = standard_output();
    for (size_t i = 0; i < command_noun_count; i++) {
        for (const struct command *c = command_nouns[i].commands; c->run; c++) {
            str title = str_format(a, ".SS jeton %s%s%s", command_nouns[i].name, c->verb ? " " : "", c->verb ? c->verb : "");
            cr_expect(memmem(made.p, made.n, title.p, title.n), "%s", title.p);
            for (const struct option *o = c->options; o && o->kind != OPTION_END && o->kind != OPTION_SETTING; o++) {
                str first = {o->name, strcspn(o->name, "-_")};
                str option = str_format(a, "\\fB\\-\\-%.*s", STR_FMT(first));
                cr_expect(memmem(made.p, made.n, option.p, option.n), "%s", o->name);
            }
        }
    }
    for (size_t row = 0; row < SETTINGS_COUNT; row++)
        cr_expect(memmem(made.p, made.n, settings_rows[row].name, strlen(settings_rows[row].name)), "%s", settings_rows[row].name);
}
/* The pipe behind standard output holds 64 KiB, and nobody reads it meanwhile. */
static void drain(void)
{
    static char text[1 << 16];
    fflush(stdout);
    FILE *file = cr_get_redirected_stdout();
    (void)!fread(text, 1, sizeof text, file);
    clearerr(file);
}
Test(command, every_noun_has_help)
{
    for (size_t i = 0; i < command_noun_count; i++) {
        const char *noun = command_nouns[i].name;
        cr_expect_eq(RUN("help", noun), COMMAND_DONE);
        cr_expect_eq(RUN(noun, "--help"), COMMAND_DONE, "%s", noun);
        drain();
    }
    cr_expect_eq(RUN("help", "nonsense"), COMMAND_USAGE);
    cr_expect_eq(RUN("--help"), COMMAND_DONE);
    cr_expect_eq(RUN("--version"), COMMAND_DONE);
}
