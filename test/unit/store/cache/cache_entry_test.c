/* SPDX-License-Identifier: MIT
 * cache_entry: a row and its texts in one block, the same for all who hold it, and wiped with the last of them. */
#include "memory.h"
#include "store/fresh.h"

#include "store/cache/cache_entry.h"

#include "base/banned.h"

struct row {
    int64_t number;
    str text, other;
    bool flag;
};
static const struct db_field fields[] = {{DB_INT, offsetof(struct row, number)},
                                         {DB_TEXT, offsetof(struct row, text)},
                                         {DB_TEXT, offsetof(struct row, other)},
                                         {DB_FLAG, offsetof(struct row, flag)}};
static const struct db_columns columns = DB_COLUMNS(struct row, fields);

static const struct row *row_of(const struct cache_entry *e)
{
    return (const void *)e->row;
}

Test(cache_entry, texts_are_its_own_and_absent_is_not_empty)
{
    char text[] = "abc";
    struct cache_entry *e = cache_entry_new(&columns, &(struct row){7, str_of(text), STR_ABSENT, true});
    text[0] = 'x';
    const struct row *r = row_of(e);
    cr_assert(r->number == 7 && r->flag && str_is(r->text, "abc") && r->text.p[3] == '\0');
    cr_assert_not(str_present(r->other));
    struct cache_entry *empty = cache_entry_new(&columns, &(struct row){7, STR(""), STR("z"), false});
    cr_assert(str_present(row_of(empty)->text) && row_of(empty)->text.n == 0 && row_of(empty)->text.p[0] == '\0' && str_is(row_of(empty)->other, "z"));
    cache_entry_let_go(e);
    cache_entry_let_go(empty);
    cache_entry_let_go(NULL);
}

Test(cache_entry, a_copy_outlives_it)
{
    struct arena *a = arena_new(1 << 16), *small = arena_new(40);
    struct cache_entry *e = cache_entry_new(&columns, &(struct row){7, STR("abc"), STR_ABSENT, true});
    struct row *copy = cache_entry_copy(e, &columns, a);
    cr_assert_null(cache_entry_copy(e, &columns, small));
    cache_entry_let_go(e);
    cr_assert(copy->number == 7 && copy->flag && str_is(copy->text, "abc") && copy->text.p[3] == '\0' && !str_present(copy->other));
    arena_release(small);
    arena_release(a);
}

Test(cache_entry, who_holds_it_keeps_it_and_the_last_one_wipes_it)
{
    uint8_t secret[MEMORY_SECRET];
    size_t looked;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)(0x41 + i);
    memory_want(secret);
    struct cache_entry *e = cache_entry_new(&columns, &(struct row){7, {(const char *)secret, sizeof(secret)}, STR_ABSENT, false});
    secret_wipe(secret, sizeof(secret));
    cr_assert_gt(memory_copies(&looked), 0u);
    cr_assert_eq(cache_entry_hold(e), e);
    cache_entry_let_go(e);
    cr_assert_gt(memory_copies(&looked), 0u);
    cr_assert_eq(row_of(e)->number, 7);
    cache_entry_let_go(e);
    cr_assert_eq(memory_copies(&looked), 0u);
}
