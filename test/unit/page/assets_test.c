/* SPDX-License-Identifier: MIT
 * assets: the program holds every file under assets/ that pages and browsers ask for, byte for byte, and no other. */
#include "page/template.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static char bytes[1 << 20];

static size_t read_file(const char *folder, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s: run from the root of the tree", path);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert_lt(n, sizeof bytes);
    return n;
}

static void expect_file(const char *folder, const struct assets_file *f)
{
    size_t n = read_file(folder, f->name);
    cr_expect(f->end >= f->first && (size_t)(f->end - f->first) == n && memcmp(f->first, bytes, n) == 0, "%s is not what lies there", f->name);
    cr_expect_eq(*f->end, '\0', "%s", f->name); /* a byte behind, so that none runs into the next */
}

Test(assets, each_embedded_file_is_the_one_on_the_disk)
{
    size_t pages, statics;
    const struct assets_file *p = assets_pages(&pages), *s = assets_static(&statics);
    cr_assert(pages > 40 && statics == 5);
    for (size_t i = 0; i < pages; i++)
        expect_file("assets/pages", &p[i]);
    for (size_t i = 0; i < statics; i++)
        expect_file("assets", &s[i]);
}

Test(assets, each_template_on_the_disk_is_embedded_once)
{
    size_t count, seen = 0;
    const struct assets_file *pages = assets_pages(&count);
    DIR *folder = opendir("assets/pages");
    cr_assert_not_null(folder);
    for (const struct dirent *d; (d = readdir(folder)) != NULL;) {
        size_t times = 0;
        if (d->d_name[0] == '.')
            continue;
        for (size_t i = 0; i < count; i++)
            times += strcmp(pages[i].name, d->d_name) == 0;
        cr_expect_eq(times, 1u, "%s: %zu", d->d_name, times);
        seen++;
    }
    closedir(folder);
    cr_expect_eq(seen, count);
}

Test(assets, each_file_says_what_it_is)
{
    static const struct {
        const char *end, *type;
    } kinds[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"},
                 {".json", "application/json"}};
    size_t counts[2], seen = 0;
    const struct assets_file *lists[2] = {assets_pages(&counts[0]), assets_static(&counts[1])};
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < counts[l]; i++)
            for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
                if (str_ends(str_of(lists[l][i].name), str_of(kinds[k].end))) {
                    cr_expect_str_eq(lists[l][i].content_type, kinds[k].type, "%s", lists[l][i].name);
                    seen++;
                }
    cr_expect_eq(seen, counts[0] + counts[1]);
}

Test(assets, what_browsers_may_ask_for_is_no_template)
{
    size_t statics;
    const struct assets_file *s = assets_static(&statics);
    for (size_t i = 0; i < statics; i++)
        cr_expect_null(template_find(s[i].name), "%s", s[i].name);
    cr_expect_null(template_asset(STR("layout.html")));
    cr_expect_null(template_asset(STR("")));
}
