/* SPDX-License-Identifier: MIT
 * sqlite_generation: one counter for all processes with this store. */
#include "store/fresh.h"

#include "base/banned.h"

Test(sqlite_generation, each_commit_of_a_command_is_seen_by_all_and_a_servers_is_not_counted)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true), command = s;
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    uint64_t before = store_generation(s.store);
    (void)fresh_user(&s, "ours");
    cr_assert_eq(store_generation(command.store), before);
    (void)fresh_user(&command, "theirs");
    cr_assert_eq(store_generation(s.store), before + 1);
    store_close(command.store);
    fresh_end(&s);
}

/* The file as another program left it; the store opens it when it opens. */
static err open_beside(struct fresh *s, const char *content, const char *link_to)
{
    char path[128];
    fresh_only_sqlite();
    fresh_path(s);
    path_of(s, "jeton.generation", path);
    if (link_to != NULL)
        cr_assert_eq(symlink(link_to, path), 0);
    FILE *f = link_to == NULL ? fopen(path, "w") : NULL;
    if (f != NULL) {
        (void)fputs(content, f);
        (void)fclose(f);
    }
    return store_open(FRESH_OPTIONS(s, true, false), &s->store);
}

Test(sqlite_generation, a_file_that_is_too_short_is_made_long_enough)
{
    struct fresh s = {0};
    MUST(open_beside(&s, "abc", NULL));
    uint64_t before = store_generation(s.store);
    store_generation_bump(s.store); /* in a hole this would be a signal */
    cr_assert_eq(store_generation(s.store), before + 1);
    char path[128];
    struct stat st;
    path_of(&s, "jeton.generation", path);
    cr_assert(stat(path, &st) == 0 && st.st_size == sizeof(uint64_t));
    store_close(s.store);
    fresh_remove(&s);
}

Test(sqlite_generation, it_goes_on_where_it_was)
{
    struct fresh s = {0};
    MUST(open_beside(&s, "", NULL));
    store_generation_bump(s.store);
    uint64_t before = store_generation(s.store);
    store_close(s.store);
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &s.store));
    cr_assert_geq(store_generation(s.store), before);
    store_close(s.store);
    fresh_remove(&s);
}

Test(sqlite_generation, a_link_is_refused_and_what_it_names_left_alone)
{
    struct fresh s = {0}, device = {0}, other = {0};
    char path[128];
    MUST(open_beside(&other, "abc", NULL));
    store_close(other.store);
    path_of(&other, "jeton.generation", path);
    MUST_FAIL(UNAVAILABLE, open_beside(&s, NULL, path));
    MUST_FAIL(UNAVAILABLE, open_beside(&device, NULL, "/dev/zero"));
    fresh_remove(&s);
    fresh_remove(&device);
    fresh_remove(&other);
}
