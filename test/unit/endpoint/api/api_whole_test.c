/* SPDX-License-Identifier: MIT
 * api_whole: a list that lies in memory is filtered, ordered and cut as the store's lists are. */
#include "endpoint/api/api.h"
#include "fixture.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct api_whole list_of(struct arena *a, const char *const (*texts)[2], size_t count)
{
    static const char *const columns[] = {"name", "text", NULL};
    struct api_whole w = {.columns = columns, .searched = 1};
    cr_assert_eq(api_whole_new(a, count, &w).kind, ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct api_whole_row *row = api_whole_add(&w, texts[i]);
        row->cells[0] = str_of(texts[i][0]);
        row->cells[1] = texts[i][1] ? str_of(texts[i][1]) : STR_ABSENT;
    }
    return w;
}

static const char *const texts[][2] = {{"beta", "2"}, {"Alpha", "2"}, {"gamma", NULL}, {"alp", "2"}};

/* The first letters of the names of a page. */
static const char *letters(const struct db_page *page, size_t *total)
{
    static char out[8];
    struct api_whole w = list_of(fixture_arena(), texts, 4);
    size_t n = 0;
    cr_assert_eq(api_whole_page(&w, page).kind, ERR_OK);
    for (size_t i = w.from; i < w.to; i++)
        out[n++] = (*(const char *const(*)[2])w.rows[i].what)[0][0];
    out[n] = '\0';
    *total = w.count;
    return out;
}

Test(api_whole, without_an_order_rows_stand_as_they_lay)
{
    size_t total;
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10}, &total), "bAga");
    cr_expect_eq(total, 4u);
    cr_expect_str_eq(letters(&(struct db_page){.limit = 2, .offset = 1}, &total), "Ag");
    cr_expect_eq(total, 4u);
}

Test(api_whole, an_order_folds_letters_and_keeps_equal_rows_in_place)
{
    size_t total;
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .order_by = STR("name")}, &total), "aAbg");
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .order_by = STR("name"), .descending = true}, &total), "gbAa");
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .order_by = STR("text")}, &total), "gbAa");
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .order_by = STR("text"), .descending = true}, &total), "bAag");
}

Test(api_whole, a_filter_looks_at_its_columns_in_any_letter_case)
{
    size_t total;
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .filter = STR("ALP")}, &total), "Aa");
    cr_expect_eq(total, 2u);
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .filter = STR("2")}, &total), "");
    cr_expect_eq(total, 0u);
    cr_expect_str_eq(letters(&(struct db_page){.limit = 10, .filter = STR("alphabets")}, &total), "");
    cr_expect_str_eq(letters(&(struct db_page){.limit = 1, .offset = 1, .filter = STR("a"), .order_by = STR("name")}, &total), "A");
    cr_expect_eq(total, 4u);
}

Test(api_whole, an_unknown_column_is_refused) /* AD-09 */
{
    static const char *const bad[] = {"", "NAME", "nam", "name ", "key"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct api_whole w = list_of(fixture_arena(), texts, 4);
        struct db_page page = {.limit = 10, .order_by = str_of(bad[i])};
        cr_expect_eq(api_whole_page(&w, &page).kind, ERR_UNPROCESSABLE, "%s", bad[i]);
    }
}

Test(api_whole, far_beyond_the_end_is_an_empty_page)
{
    size_t total;
    cr_expect_str_eq(letters(&(struct db_page){.limit = 100, .offset = INT64_MAX}, &total), "");
    cr_expect_eq(total, 4u);
    struct api_whole none = list_of(fixture_arena(), texts, 0);
    cr_expect_eq(api_whole_page(&none, &(struct db_page){.limit = 10, .order_by = STR("name")}).kind, ERR_OK);
    cr_expect(none.count == 0 && none.from == 0 && none.to == 0);
}

Test(api_whole, without_memory_there_is_no_list)
{
    struct arena *a = fixture_arena();
    struct api_whole w = {0};
    arena_fail_after(1);
    cr_expect_eq(api_whole_new(a, 3, &w).kind, ERR_UNAVAILABLE);
    arena_fail_after(0);
}
