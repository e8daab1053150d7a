/* SPDX-License-Identifier: MIT
 * loaded: settings from a file, an environment and options of the test's own. */
#ifndef JETON_TEST_LOADED_H
#define JETON_TEST_LOADED_H
#include "config/settings.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    struct arena *arena;
    struct problems problems;
    struct settings settings;
    str options[SETTINGS_COUNT];
    char directory[64];
    char file[96];
};
static struct fixture f;

static inline void loaded_begin(void)
{
    memset(&f, 0, sizeof f);
    f.arena = arena_new(1 << 20);
    snprintf(f.directory, sizeof f.directory, "%s", "/tmp/jeton-settings-XXXXXX");
    cr_assert_not_null(mkdtemp(f.directory));
    snprintf(f.file, sizeof f.file, "%s/jeton.conf", f.directory);
    f.options[SETTINGS_data] = str_of(f.directory);
}
static inline void loaded_end(void)
{
    unlink(f.file);
    rmdir(f.directory);
    arena_release(f.arena);
}

static inline void loaded_write(const char *text)
{
    FILE *file = fopen(f.file, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}
static inline err loaded_read(const char *const *environment)
{
    struct settings_input input = {.options = f.options, .environment = environment};
    return settings_load(f.arena, &input, &f.settings, &f.problems);
}
static inline err loaded_judge(void)
{
    err e = loaded_read(NULL);
    return FAILED(e) ? e : settings_judge(f.arena, &f.settings, &f.problems);
}
static inline bool loaded_complained(const char *part)
{
    for (size_t i = 0; i < f.problems.count; i++) {
        if (memmem(f.problems.rows[i].message.p, f.problems.rows[i].message.n, part, strlen(part)))
            return true;
    }
    return false;
}
#endif
