/* SPDX-License-Identifier: MIT
 * db_list: a list's order is one of its own statements, and a filter's letters are letters (AD-09). */
#include "store/fresh.h"

#include "base/banned.h"

static const char *const columns[] = {"name", "created_at"};
static const struct db_listing listing = {columns, 2, 10, 3};

static size_t line_of(struct db_page page)
{
    size_t line = 99;
    page.limit = page.limit == 0 ? 1 : page.limit;
    MUST(db_list_line(&listing, &page, &line));
    return line;
}

Test(list, an_order_is_a_statement_of_the_table)
{
    cr_assert_eq(line_of((struct db_page){.order_by = STR("name")}), 10u);
    cr_assert_eq(line_of((struct db_page){.order_by = STR("name"), .descending = true}), 11u);
    cr_assert_eq(line_of((struct db_page){.order_by = STR("created_at"), .descending = true}), 13u);
    cr_assert_eq(line_of((struct db_page){.limit = DB_LIST_MAX}), 13u, "the list's own");
    cr_assert_eq(line_of((struct db_page){.descending = true}), 13u);
}

Test(list, what_is_not_in_the_table_is_refused)
{
    static const char *const words[] = {"Name", "nam", "name ", "number", "", "name; DROP TABLE users"};
    size_t line = 99;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        MUST_FAIL(UNPROCESSABLE, db_list_line(&listing, &(struct db_page){.order_by = str_of(words[i]), .limit = 1}, &line));
    const struct db_page pages[] = {{.limit = 0}, {.limit = -1}, {.limit = DB_LIST_MAX + 1}, {.limit = 1, .offset = -1}};
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        MUST_FAIL(UNPROCESSABLE, db_list_line(&listing, &pages[i], &line));
    cr_assert_eq(line, 99u);
}

static str pattern_of(struct arena *a, const char *filter)
{
    str pattern = STR_ABSENT;
    MUST(db_list_pattern(a, str_of(filter), &pattern));
    return pattern;
}

Test(list, wildcards_of_a_filter_are_letters)
{
    struct arena *a = arena_new(1 << 16);
    cr_assert(str_is(pattern_of(a, "Ada"), "%ada%"));
    cr_assert(str_is(pattern_of(a, "50%_!"), "%50!%!_!!%"));
    cr_assert(str_is(pattern_of(a, "\xc3\x89"), "%\xc3\x89%"), "letters that are not ASCII stay as they are");
    cr_assert(str_is(pattern_of(a, ""), "") && str_is(pattern_of(a, NULL), ""));
    arena_release(a);
}

Test(list, a_filter_has_a_longest_and_it_fits_escaped)
{
    struct arena *a = arena_new(1 << 16);
    char longest[DB_FILTER_MAX + 2] = {0};
    str pattern = STR_ABSENT;
    memset(longest, '%', DB_FILTER_MAX);
    MUST(db_list_pattern(a, str_of(longest), &pattern));
    cr_assert_eq(pattern.n, 2u * DB_FILTER_MAX + 2);
    longest[DB_FILTER_MAX] = '%';
    MUST_FAIL(UNPROCESSABLE, db_list_pattern(a, str_of(longest), &pattern));
    arena_release(a);
}

Test(list, a_page_tells_how_many_there_are_in_all)
{
    struct fresh s = fresh_new(true);
    struct db_user_rows rows;
    for (char name[] = "user-a"; name[5] < 'f'; name[5]++)
        (void)fresh_user(&s, str_dup(s.a, str_of(name)).p);
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.limit = 2, .offset = 4}, &rows));
    cr_assert(rows.count == 1 && rows.total == 5);
    MUST(db_user_list(s.tx, s.a, &(struct db_page){.limit = 2, .offset = 5}, &rows));
    cr_assert(rows.count == 0 && rows.total == 5, "beyond the end is an empty page");
    fresh_end(&s);
}
