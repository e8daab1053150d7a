#include "postgres_scene.h"

Test(postgres, smoke)
{
    struct scene s = scene_new(true);
    struct db_user u = scene_user(&s, "ada"), *again = NULL;
    MUST(db_user_by_name(s.tx, s.a, STR("ada"), &again));
    cr_assert_not_null(again);
    cr_assert_eq(again->number, u.number);
    cr_assert(by_hand(&s, "SELECT count(*) FROM changes") == 1);
    str report;
    MUST(store_ready(s.store));
    MUST(store_check(s.store, s.a, &report));
    fprintf(stderr, "%.*s", STR_FMT(report));
    scene_end(&s);
}
