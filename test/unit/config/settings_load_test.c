/* SPDX-License-Identifier: MIT
 * settings_load: which source wins, what is refused with its line, and what of a file that is read again waits for the next start. */
#include "loaded.h"
#include <sys/stat.h>

TestSuite(settings_load, .init = loaded_begin, .fini = loaded_end);

Test(settings_load, an_option_beats_the_environment_that_beats_the_file)
{
    const char *const environment[] = {"JETON_CODE_LIFETIME=31", "JETON_REFRESH_GRACE=32", "JETON_REFRESH_GRACEX=1", NULL};
    loaded_write("access_lifetime = 20\ncode_lifetime = 21\nrefresh_grace = 22\n");
    f.options[SETTINGS_refresh_grace] = STR("42");
    cr_assert(!FAILED(loaded_read(environment)));
    cr_assert_eq(f.settings.access_lifetime, 20);
    cr_assert_eq(f.settings.code_lifetime, 31);
    cr_assert_eq(f.settings.refresh_grace, 42);
    cr_assert_eq(f.settings.source[SETTINGS_code_lifetime], SETTINGS_FROM_ENVIRONMENT);
    cr_assert_eq(f.settings.source[SETTINGS_drain_seconds], SETTINGS_FROM_DEFAULT);
}
Test(settings_load, an_unknown_setting_is_refused_with_its_line)
{
    loaded_write("# a remark\n\nbogus = 1\n");
    cr_assert(loaded_read(NULL).kind == ERR_UNPROCESSABLE);
    cr_assert(loaded_complained("line 3: unknown setting \"bogus\""));
}
Test(settings_load, repeated_settings_sections_and_broken_lines_are_refused_with_their_line)
{
    loaded_write("access_lifetime = 5\naccess_lifetime = 6\n[part]\nhsts = on\nnothing\n");
    cr_assert(FAILED(loaded_read(NULL)));
    cr_assert(loaded_complained("line 2: set before"));
    cr_assert(loaded_complained("line 4: sections are not supported"));
    cr_assert(loaded_complained("line 5: expected NAME = VALUE"));
}
Test(settings_load, a_line_that_the_library_would_cut_is_refused)
{
    char text[600];
    memset(text, 'x', sizeof text);
    memcpy(text, "tls_cert = /", 12);
    text[sizeof text - 1] = '\0';
    loaded_write(text);
    cr_assert(FAILED(loaded_read(NULL)));
    cr_assert(loaded_complained("line 1: too long"));
}
Test(settings_load, an_indented_line_goes_on_with_a_list)
{
    loaded_write("trusted_proxies = 10.0.0.1\n  10.0.0.2\n  ::1\n");
    cr_assert(!FAILED(loaded_read(NULL)));
    cr_assert(str_is(f.settings.trusted_proxies, "10.0.0.1 10.0.0.2 ::1"));
}
Test(settings_load, values_out_of_bounds_are_refused_wherever_they_come_from)
{
    const char *const environment[] = {"JETON_CODE_LIFETIME=601", NULL};
    loaded_write("access_lifetime = 86401\n");
    f.options[SETTINGS_drain_seconds] = STR("-1");
    cr_assert(FAILED(loaded_read(environment)));
    cr_assert_eq(f.problems.count, 3);
    cr_assert_eq(f.settings.access_lifetime, 0, "outputs are untouched");
}
Test(settings_load, a_named_file_must_be_there)
{
    struct settings_input input = {.file = "/nonexistent/jeton.conf", .options = f.options};
    cr_assert(FAILED(settings_load(f.arena, &input, &f.settings, &f.problems)));
    cr_assert(loaded_complained("cannot be read"));
}
Test(settings_load, read_again_what_may_change_does_and_the_rest_waits_for_the_next_start) /* TL-05 */
{
    struct settings fresh;
    struct settings_late late;
    loaded_write("access_lifetime = 100\nworker_threads = 2\nlisten = 127.0.0.1:1\n");
    cr_assert_eq(loaded_read(NULL).kind, ERR_OK);
    loaded_write("access_lifetime = 200\nworker_threads = 3\nlisten = 127.0.0.1:2\n");
    cr_assert_eq(settings_again(f.arena, &f.settings, &fresh, &late, &f.problems).kind, ERR_OK);
    cr_expect_eq(fresh.access_lifetime, 200);
    cr_expect_eq(fresh.worker_threads, 2);
    cr_expect(fresh.listen_port == 1 && str_is(fresh.listen, "127.0.0.1:1") && str_is(fresh.text[SETTINGS_listen], "127.0.0.1:1"));
    cr_assert_eq(late.count, 2);
    cr_expect(late.rows[0] == SETTINGS_listen && late.rows[1] == SETTINGS_worker_threads);
    loaded_write("access_lifetime = 0\n");
    cr_expect_eq(settings_again(f.arena, &f.settings, &fresh, &late, &f.problems).kind, ERR_UNPROCESSABLE);
    cr_expect(loaded_complained("access_lifetime") && fresh.access_lifetime == 200);
    f.problems.count = 0;
    loaded_write("session_idle = 100\nsession_absolute = 60\n"); /* judged as a whole too */
    cr_expect_eq(settings_again(f.arena, &f.settings, &fresh, &late, &f.problems).kind, ERR_UNPROCESSABLE);
}
Test(settings_load, ports_that_would_be_others_wait_for_the_next_start)
{
    struct settings fresh;
    struct settings_late late;
    cr_assert_eq(loaded_read(NULL).kind, ERR_OK);
    cr_expect(str_is(f.settings.outgoing_ports, "443"));
    f.options[SETTINGS_fetch_internal] = STR("keys.intern.example:8443");
    cr_assert_eq(settings_again(f.arena, &f.settings, &fresh, &late, &f.problems).kind, ERR_OK);
    cr_expect(late.count == 1 && late.rows[0] == SETTINGS_outgoing_ports);
    cr_expect(str_is(fresh.outgoing_ports, "443") && str_is(fresh.fetch_internal, "keys.intern.example:8443"));
}

static err read_named(const char *file, const char *const *environment)
{
    struct settings_input input = {.file = file, .options = f.options, .environment = environment};
    f.problems.count = 0;
    return settings_load(f.arena, &input, &f.settings, &f.problems);
}
Test(settings_load, a_variable_that_is_set_to_nothing_is_not_set)
{
    const char *const environment[] = {"JETON_CODE_LIFETIMEX=35", "JETON_CODE_LIFETIME=", "JETON_code_lifetime=33", "JETON_CODE=34", NULL};
    loaded_write("code_lifetime = 21\n");
    cr_assert(!FAILED(loaded_read(environment)));
    cr_expect_eq(f.settings.code_lifetime, 21);
    cr_expect_eq(f.settings.source[SETTINGS_code_lifetime], SETTINGS_FROM_FILE);
}
Test(settings_load, a_file_that_was_found_by_its_folder_names_no_other_folder)
{
    loaded_write("data = /elsewhere\n");
    cr_expect(FAILED(loaded_read(NULL)));
    cr_expect(loaded_complained("line 1: "));
    f.options[SETTINGS_data] = STR_ABSENT;
    cr_assert(!FAILED(read_named(f.file, NULL)), "one that was named may");
    cr_expect(str_is(f.settings.data, "/elsewhere") && str_is(f.settings.file, f.file));
}
Test(settings_load, the_file_is_the_options_else_the_environments_else_the_folders)
{
    char named[128], variable[160], folder[160];
    snprintf(named, sizeof named, "%s/other.conf", f.directory);
    snprintf(variable, sizeof variable, "JETON_CONFIG=%s", named);
    snprintf(folder, sizeof folder, "JETON_DATA=%s", f.directory);
    const char *const both[] = {variable, folder, NULL}, *const data[] = {folder, NULL};
    FILE *file = fopen(named, "w");
    cr_assert(file != NULL && fputs("code_lifetime = 22\n", file) >= 0 && fclose(file) == 0);
    loaded_write("code_lifetime = 21\n");
    cr_expect(!FAILED(read_named(NULL, both)) && f.settings.code_lifetime == 22);
    cr_expect(!FAILED(read_named(f.file, both)) && f.settings.code_lifetime == 21);
    f.options[SETTINGS_data] = STR_ABSENT;
    cr_expect(!FAILED(read_named(NULL, data)) && f.settings.code_lifetime == 21 && str_is(f.settings.data, f.directory));
    unlink(named);
    cr_expect(FAILED(read_named(NULL, both)), "a named file must be there");
    unlink(f.file);
    cr_expect(!FAILED(read_named(NULL, data)) && !str_present(f.settings.file), "the folder's need not");
}
Test(settings_load, what_is_no_file_or_cannot_be_read_as_one_is_refused)
{
    cr_expect(FAILED(read_named(f.directory, NULL)) && f.problems.count == 1, "a folder");
    cr_expect(FAILED(read_named("/dev/null", NULL)) && f.problems.count == 1, "a device");
    FILE *file = fopen(f.file, "w");
    cr_assert(file != NULL && fwrite("code_lifetime = 2\0001\nhsts = on\n", 1, 30, file) == 30 && fclose(file) == 0);
    cr_expect(FAILED(read_named(f.file, NULL)) && loaded_complained("line 1: "), "a NUL inside a number");
    file = fopen(f.file, "w");
    cr_assert(file != NULL && fwrite("\0\nhsts = on\n", 1, 12, file) == 12 && fclose(file) == 0);
    cr_expect(FAILED(read_named(f.file, NULL)) && loaded_complained("line 1: "), "a line that begins with one");
    file = fopen(f.file, "w");
    for (int i = 0; i < (1 << 20) / 64 + 1; i++)
        fputs("# a remark of sixty-four bytes, and many of them are a mebibyte\n", file);
    fclose(file);
    cr_expect(FAILED(read_named(f.file, NULL)), "more than a mebibyte");
}
Test(settings_load, one_wrong_thing_is_one_problem_and_all_are_told_at_once)
{
    loaded_write("access_lifetime = x\nnosuch = 1\ncode_lifetime = 20\n");
    cr_expect(FAILED(loaded_read(NULL)));
    cr_expect_eq(f.problems.count, 2);
    cr_expect(loaded_complained("line 1: access_lifetime") && loaded_complained("line 2: "));
    cr_expect_eq(f.settings.code_lifetime, 0, "outputs are untouched");
}
Test(settings_load, an_indented_line_goes_on_with_no_number_and_no_choice)
{
    loaded_write("code_lifetime = 2\n  1\n");
    cr_expect(FAILED(loaded_read(NULL)) && loaded_complained("line 2: "));
    loaded_write("tls = off\n  off\n");
    f.problems.count = 0;
    cr_expect(FAILED(loaded_read(NULL)) && loaded_complained("line 2: "));
}
Test(settings_load, a_databases_password_is_in_no_complaint)
{
    static const char *const urls[] = {"postgres:/jeton:hunter2@h/d", "mysql://jeton:hunter2@h/d", "nonsense hunter2"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char variable[128], line[128];
        snprintf(variable, sizeof variable, "JETON_DATABASE=%s", urls[i]);
        snprintf(line, sizeof line, "database = %s\n", urls[i]);
        const char *const environment[] = {variable, NULL};
        unlink(f.file);
        cr_expect(FAILED(read_named(NULL, environment)) && f.problems.count == 1, "%s", urls[i]);
        cr_expect(!loaded_complained("hunter2"), "%s", urls[i]);
        loaded_write(line);
        cr_expect(FAILED(read_named(NULL, NULL)) && loaded_complained("line 1: database"), "%s", urls[i]);
        cr_expect(!loaded_complained("hunter2"), "%s", urls[i]);
        unlink(f.file);
        f.options[SETTINGS_database] = str_of(urls[i]);
        cr_expect(FAILED(read_named(NULL, NULL)) && f.problems.count == 1 && !loaded_complained("hunter2"), "%s", urls[i]);
        f.options[SETTINGS_database] = STR_ABSENT;
    }
}
Test(settings_load, what_is_listened_on_is_cut_into_host_and_port)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:1", "127.0.0.1", 1}, {"[::1]:65535", "::1", 65535}, {"localhost:0", "localhost", 0}, {"unix:/run/jeton.sock", "unix:/run/jeton.sock", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f.options[SETTINGS_listen] = str_of(rows[i].text);
        cr_assert(!FAILED(loaded_read(NULL)), "%s", rows[i].text);
        cr_expect(str_is(f.settings.listen_host, rows[i].host) && f.settings.listen_port == rows[i].port, "%s", rows[i].text);
    }
    f.options[SETTINGS_socket_mode] = STR("0640");
    cr_assert(!FAILED(loaded_read(NULL)));
    cr_expect_eq(f.settings.mode, 0640);
}
Test(settings_load, without_memory_nothing_is_loaded)
{
    struct settings before = f.settings;
    loaded_write("code_lifetime = 21\n");
    cr_assert(!FAILED(loaded_read(NULL)));
    size_t survived = 0;
    for (size_t n = 1; n < 200; n++) {
        f.settings = before;
        f.problems.count = 0;
        struct arena *small = arena_new(1 << 20);
        arena_fail_after(n);
        struct settings_input input = {.options = f.options};
        err e = settings_load(small, &input, &f.settings, &f.problems);
        arena_fail_after(0);
        survived += !FAILED(e);
        if (FAILED(e))
            cr_expect(f.settings.code_lifetime == 0 && !str_present(f.settings.listen), "%zu", n);
        else
            cr_expect_eq(f.settings.code_lifetime, 21, "%zu: what was loaded is whole", n);
        arena_release(small);
    }
    cr_expect(survived > 0 && survived < 198, "%zu", survived);
}
