#include "fresh.h"

Test(postgres, smoke)
{
    struct fresh s = fresh_postgres(true);
    struct db_user u = fresh_user(&s, "ada"), *again = NULL;
    MUST(db_user_by_name(s.tx, s.a, STR("ada"), &again));
    cr_assert_not_null(again);
    cr_assert_eq(again->number, u.number);
    cr_assert(by_hand(&s, "SELECT count(*) FROM changes") == 1);
    str report;
    MUST(store_ready(s.store));
    MUST(store_check(s.store, s.a, &report));
    fresh_end(&s);
}
