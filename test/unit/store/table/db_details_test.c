/* SPDX-License-Identifier: MIT
 * db_details: a type of authorization details is there once, and rows are read one or all. */
#include "store/fresh.h"
#include "store/table/db_details.h"

#include "base/banned.h"

struct reading {
    struct arena *a;
    str type;
    struct db_rows rows;
};

static err read_types(struct db_conn *c, void *context)
{
    struct reading *r = context;
    return db_details_rows(c, r->a, r->type, &r->rows);
}

static const struct db_details_type *types_of(struct fresh *s, str type, size_t *count)
{
    struct reading r = {s->a, type, {NULL, 0}};
    MUST(db_read(s->tx, read_types, &r));
    *count = r.rows.count;
    return r.rows.rows;
}

Test(details, a_type_is_there_once_whole_and_until_it_is_removed)
{
    struct fresh s = fresh_new(true);
    struct db_details_type pay = {.type = STR("payment"), .description = STR("Pay"), .fields = STR("amount:text"), .created_at = T0};
    struct db_details_type account = {.type = STR("account"), .description = STR("See"), .created_at = T0 + 1}, other = {.type = STR("payment")};
    size_t count;
    bool removed = false;
    MUST(db_details_add(s.tx, &pay));
    MUST(db_details_add(s.tx, &account));
    MUST_FAIL(CONFLICT, db_details_add(s.tx, &other));
    const struct db_details_type *rows = types_of(&s, STR_ABSENT, &count);
    cr_assert_eq(count, 2u);
    cr_assert(str_is(rows[0].type, "account") && !str_present(rows[0].fields) && rows[0].created_at == T0 + 1);
    cr_assert(str_is(rows[1].description, "Pay") && str_is(rows[1].fields, "amount:text"), "by name, and the first one stays as it was");
    rows = types_of(&s, STR("payment"), &count);
    cr_assert(count == 1 && str_is(rows[0].type, "payment"));
    (void)types_of(&s, STR("Payment"), &count);
    cr_assert_eq(count, 0u);
    MUST(db_details_remove(s.tx, STR("payment"), &removed));
    cr_assert(removed);
    MUST(db_details_remove(s.tx, STR("payment"), &removed));
    cr_assert_not(removed);
    fresh_end(&s);
}
