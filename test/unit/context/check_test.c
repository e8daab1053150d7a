/* SPDX-License-Identifier: MIT
 * check: texts, lists, pages and words are whole or refused, never shortened. */
#include "context/check.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

static size_t wrong(str value, size_t least, size_t most)
{
    struct problems p = {0};
    check_text(fixture_arena(), value, &(struct check_text){"name", SAY("The name"), least, most}, &p);
    cr_assert(p.count == 0 || strcmp(p.rows[0].field, "name") == 0);
    return p.count;
}

Test(check, text_is_readable_and_as_long_as_it_may_be)
{
    cr_expect_eq(wrong(STR("a"), 1, 3), 0u);
    cr_expect_eq(wrong(STR("\xc3\xa4\xc3\xb6\xc3\xbc"), 1, 3), 0u); /* characters, not bytes */
    cr_expect_eq(wrong(STR(""), 0, 3), 0u);
    cr_expect_eq(wrong(STR("abcd"), 1, 3), 1u);
}

Test(check, text_that_hides_something_is_refused)
{
    cr_expect_eq(wrong(STR(""), 1, 9), 1u);
    cr_expect_eq(wrong(STR("  \t"), 1, 9), 1u);
    cr_expect_eq(wrong(STR("a\0b"), 1, 9), 1u);
    cr_expect_eq(wrong(STR("a\nb"), 1, 9), 1u);
    cr_expect_eq(wrong(STR("a\xff"), 1, 9), 1u);
    cr_expect_eq(wrong(STR("\xe2\x80\xae"
                           "abc"),
                       1, 9),
                 1u); /* right-to-left override */
}

static str folded(const char *list, char separator)
{
    static struct arena *a;
    str out = STR_ABSENT;
    a = a != NULL ? a : fixture_arena();
    cr_assert_eq(check_fold(a, str_of(list), separator, &out).kind, ERR_OK);
    return out;
}

Test(check, a_list_has_each_piece_once_and_no_blanks)
{
    cr_expect(str_is(folded("a b  a c ", ' '), "a b c"));
    cr_expect(str_is(folded("https://a/x\r\n\r\n https://b \nhttps://a/x\r", '\n'), "https://a/x\nhttps://b"));
    cr_expect(str_is(folded("", ' '), "") && str_is(folded("   ", ' '), "") && str_is(folded(NULL, ' '), ""));
    cr_expect(str_is(folded("ab a", ' '), "ab a")); /* a piece of a piece is another */
    cr_expect(check_count(STR(""), ' ') == 0 && check_count(STR("a"), ' ') == 1 && check_count(STR("a b c"), ' ') == 3);
}

Test(check, a_list_that_is_too_long_is_refused_whole)
{
    static char many[CHECK_LIST_BYTES + 1];
    str out = STR("untouched");
    memset(many, 'a', sizeof many);
    struct arena *a = fixture_arena();
    cr_expect_eq(check_fold(a, (str){many, CHECK_LIST_BYTES + 1}, ' ', &out).kind, ERR_UNPROCESSABLE);
    cr_expect(str_is(out, "untouched"));
    cr_assert_eq(check_fold(a, (str){many, CHECK_LIST_BYTES}, ' ', &out).kind, ERR_OK);
    cr_expect_eq(out.n, (size_t)CHECK_LIST_BYTES);
}

Test(check, a_page_has_1_to_100_rows) /* AD-09 */
{
    static const struct {
        int64_t limit, offset;
        bool fit;
    } pages[] = {{1, 0, true}, {100, 0, true}, {100, INT64_MAX, true}, {0, 0, false}, {-1, 0, false}, {101, 0, false}, {INT64_MAX, 0, false}, {1, -1, false}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        cr_expect_eq(check_page(&(struct db_page){.limit = pages[i].limit, .offset = pages[i].offset}).kind, pages[i].fit ? ERR_OK : ERR_UNPROCESSABLE, "%zu",
                     i);
}

Test(check, a_scope_token_is_one_of_RFC_6749_3_3)
{
    static char long_word[129];
    memset(long_word, 'a', sizeof long_word);
    cr_expect(check_scope_token(STR("read")) && check_scope_token(STR("urn:x/!#[]~")) && check_scope_token((str){long_word, 128}));
    static const str bad[] = {STR_ABSENT, STR(""), STR("a b"), STR("a\"b"), STR("a\\b"), STR("a\x7f"), STR("\xc3\xa4"), STR("a\n"), {long_word, 129}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(check_scope_token(bad[i]), "%zu", i);
}

Test(check, memory_that_ended_is_told)
{
    struct arena *a = fixture_arena();
    cr_expect_eq(check_arena(a).kind, ERR_OK);
    arena_fail(a);
    cr_expect_eq(check_arena(a).kind, ERR_UNAVAILABLE);
}
