/* SPDX-License-Identifier: MIT
 * sandbox_files: a process of its own is fenced and tries each thing. Where the kernel has no Landlock there is nothing to test. */
#include "server/sandbox_files.h"
#include "http/doors.h"
#include "fixture.h"
#include "server/sandbox.h"
#include "store/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { NOT_FENCED = 250 };

static struct {
    struct arena *arena;
    const char *folder;
    struct settings settings;
} t;

static const char *path(const char *name)
{
    return str_z(t.arena, str_format(t.arena, "%s/%s", t.folder, name));
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(path(name), "w");
    cr_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* folder: data/, outside/file, tls/live/cert.pem -> ../archive/1/cert.pem */
static void set_up(void)
{
    static const char *const folders[] = {"outside", "tls", "tls/live", "tls/archive", "tls/archive/1"};
    t.arena = fixture_arena();
    t.folder = fixture_directory();
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        cr_assert_eq(mkdir(path(folders[i]), 0700), 0);
    put("outside/file", "mine");
    put("tls/archive/1/cert.pem", "one");
    cr_assert_eq(symlink("../archive/1/cert.pem", path("tls/live/cert.pem")), 0);
    t.settings.data = str_of(path("data"));
    t.settings.text[SETTINGS_tls_cert] = str_of(path("tls/live/cert.pem"));
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) <= 0)
        cr_skip_test("this kernel has no Landlock");
}

static int fenced(int (*probe)(void))
{
    int status = 0, version = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(FAILED(sandbox_files(t.arena, &t.settings, &version)) || version <= 0 || FAILED(sandbox_enter()) ? NOT_FENCED : probe());
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int opens(const char *file, int flags)
{
    int descriptor = open(file, flags, 0600);
    return descriptor < 0 ? errno : close(descriptor);
}

static int writes_what_is_there(void)
{
    return opens(path("outside/file"), O_WRONLY);
}

static int makes_a_file(void)
{
    return opens(path("outside/new"), O_WRONLY | O_CREAT);
}

static int makes_a_file_of_the_machine(void)
{
    return opens("/etc/jeton-was-here", O_WRONLY | O_CREAT);
}

static int makes_a_folder(void)
{
    return mkdir(path("outside/folder"), 0700) == 0 ? 0 : errno;
}

static int removes(void)
{
    return unlink(path("outside/file")) == 0 ? 0 : errno;
}

static int reads_what_is_not_named(void)
{
    return opens(path("outside/file"), O_RDONLY);
}

static int lists_what_is_not_named(void)
{
    return opens(path("outside"), O_RDONLY | O_DIRECTORY);
}

static int writes_a_named_folder(void)
{
    return opens(path("tls/live/new"), O_WRONLY | O_CREAT);
}

static int writes_a_process_file(void)
{
    return opens("/proc/self/comm", O_WRONLY);
}

Test(sandbox_files, AV_09_nothing_outside_the_data_folder_can_be_written_or_read, .init = set_up)
{
    static int (*const probes[])(void) = {
        writes_what_is_there,    makes_a_file,          makes_a_file_of_the_machine, makes_a_folder, removes, reads_what_is_not_named,
        lists_what_is_not_named, writes_a_named_folder, writes_a_process_file,
    };
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        cr_expect_eq(fenced(probes[i]), EACCES, "probe %zu", i);
    cr_expect_eq(access(path("outside/file"), F_OK), 0);
}

static int moves_out(void)
{
    if (opens(path("data/file"), O_WRONLY | O_CREAT) != 0)
        return NOT_FENCED;
    return rename(path("data/file"), path("outside/moved")) == 0 ? 0 : errno;
}

static int changes_a_mode(void)
{
    return chmod(path("outside/file"), 0777) == 0 ? 0 : errno;
}

static int cuts_off(void)
{
    return truncate(path("outside/file"), 0) == 0 ? 0 : errno;
}

Test(sandbox_files, what_the_fence_cannot_judge_the_list_of_calls_refuses, .init = set_up)
{
    int moved = fenced(moves_out);
    cr_expect(moved == EACCES || moved == EXDEV);
    cr_expect_eq(fenced(changes_a_mode), EPERM);
    cr_expect_eq(fenced(cuts_off), EPERM);
}

static int keeps_a_store(void)
{
    struct store *db = NULL;
    struct store_options options = {.directory = path("data"), .create = true, .threads = true};
    if (FAILED(store_open(&options, &db)))
        return 1;
    store_close(db);
    return 0;
}

static int reads_what_libraries_need(void)
{
    static const char *const files[] = {"/etc/passwd", "/usr/bin/env", "/proc/self/status", "/dev/urandom", "/dev/null"};
    int worst = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        worst = worst ? worst : opens(files[i], O_RDONLY);
    return worst;
}

Test(sandbox_files, the_store_is_made_and_written_inside_and_libraries_find_their_files, .init = set_up)
{
    cr_expect_eq(fenced(keeps_a_store), 0);
    cr_expect_eq(access(path("data/jeton.db"), F_OK), 0);
    cr_expect_eq(fenced(reads_what_libraries_need), 0);
}

static int reads_each_of_a_list(void)
{
    int first = opens(path("tls/live/cert.pem"), O_RDONLY);
    return first ? first : opens(path("second/cert.pem"), O_RDONLY);
}

static int tells_which_is_hidden(void)
{
    t.settings.text[SETTINGS_tls_cert] = str_format(t.arena, "%s %s", path("second/cert.pem"), path("tls/live/cert.pem"));
    bool all = !sandbox_files_hides(t.arena, &t.settings, SETTINGS_tls_cert);
    t.settings.text[SETTINGS_tls_cert] = str_format(t.arena, "%s %s", path("second/cert.pem"), path("outside/file"));
    return all && sandbox_files_hides(t.arena, &t.settings, SETTINGS_tls_cert) ? 0 : 1;
}

Test(sandbox_files, each_file_of_a_list_is_read_and_a_hidden_one_is_told, .init = set_up)
{
    cr_assert_eq(mkdir(path("second"), 0700), 0);
    put("second/cert.pem", "two");
    t.settings.text[SETTINGS_tls_cert] = str_format(t.arena, "%s  %s", path("tls/live/cert.pem"), path("second/cert.pem"));
    cr_expect_eq(fenced(reads_each_of_a_list), 0);
    cr_expect_eq(fenced(tells_which_is_hidden), 0);
}

static int makes_and_removes_its_socket(void)
{
    struct doors d;
    const struct doors_wish wish = {.host = t.settings.text[SETTINGS_listen], .mode = 0600};
    if (FAILED(doors_open(&wish, &d)) || access(path("outside/socket"), F_OK) != 0)
        return 1;
    doors_close(&d);
    return access(path("outside/socket"), F_OK) == 0 ? 2 : makes_a_file();
}

/* Rights are given before calls are listed, so this is tried with files alone fenced. */
Test(sandbox_files, a_unix_socket_is_made_in_its_folder_and_nothing_else_is, .init = set_up)
{
    int status = 0, version = 0;
    t.settings.text[SETTINGS_listen] = str_format(t.arena, "unix:%s", path("outside/socket"));
    pid_t child = fork();
    if (child == 0)
        _exit(FAILED(sandbox_files(t.arena, &t.settings, &version)) || version <= 0 ? NOT_FENCED : makes_and_removes_its_socket());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == EACCES, "%d", status);
}

/* ---- renewed certificates ---- */

static int there[2], back[2];

static int reads_it_twice(void)
{
    char signal = 'x', text[4] = "";
    int first = opens(path("tls/live/cert.pem"), O_RDONLY);
    if (first != 0 || write(there[1], &signal, 1) != 1 || read(back[0], &signal, 1) != 1)
        return first ? first : NOT_FENCED;
    int file = open(path("tls/live/cert.pem"), O_RDONLY);
    return file < 0 ? errno : read(file, text, 3) == 3 && text[1] == 'w' ? 0 : NOT_FENCED;
}

/* As certbot does it: a new file in a new folder, and the link is moved to it. */
static void renew(void)
{
    cr_assert_eq(mkdir(path("tls/archive/2"), 0700), 0);
    put("tls/archive/2/cert.pem", "two");
    cr_assert_eq(symlink("../archive/2/cert.pem", path("tls/live/new")), 0);
    cr_assert_eq(rename(path("tls/live/new"), path("tls/live/cert.pem")), 0);
}

Test(sandbox_files, a_certificate_that_was_renewed_behind_its_link_is_read, .init = set_up)
{
    char signal = 0;
    cr_assert(pipe(there) == 0 && pipe(back) == 0);
    pid_t helper = fork();
    if (helper == 0) {
        if (read(there[0], &signal, 1) == 1)
            renew();
        _exit(write(back[1], &signal, 1) != 1);
    }
    cr_expect_eq(fenced(reads_it_twice), 0);
    (void)close(there[1]);
    cr_assert_eq(waitpid(helper, NULL, 0), helper);
}
