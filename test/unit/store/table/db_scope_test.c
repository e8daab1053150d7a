/* SPDX-License-Identifier: MIT
 * db_scope: jeton's own scopes stay, and the number of a resource never comes back. */
#include "store/fresh.h"

#include "base/banned.h"

Test(scope, builtin_ones_are_there_in_words_and_stay)
{
    struct fresh s = fresh_new(true);
    struct db_scope *rows;
    size_t count;
    bool removed = true;
    MUST(db_scope_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(count, 26u);
    for (size_t i = 0; i < count; i++) {
        cr_assert(rows[i].builtin);
        cr_assert(rows[i].description.n > 10);
        cr_assert(i == 0 || str_compare(rows[i - 1].name, rows[i].name) != 0);
    }
    MUST(db_scope_remove(s.tx, STR("view-users"), &removed));
    cr_assert_not(removed);
    MUST_FAIL(CONFLICT, db_scope_add(s.tx, STR("view-users"), STR("mine")));
    MUST(db_scope_add(s.tx, STR("mine"), STR("words")));
    MUST_FAIL(CONFLICT, db_scope_add(s.tx, STR("mine"), STR("again")));
    MUST(db_scope_remove(s.tx, STR("mine"), &removed));
    cr_assert(removed);
    MUST(db_scope_remove(s.tx, STR("mine"), &removed));
    cr_assert_not(removed);
    fresh_end(&s);
}

Test(resource, numbers_never_come_back_and_uris_are_unique)
{
    struct fresh s = fresh_new(true);
    struct db_resource r = {.uri = STR("https://api.example"), .name = STR("API"), .token_format = STR("jwt"), .alg = STR("ES256")};
    struct db_resource *rows, again = r;
    size_t count;
    bool removed;
    MUST(db_resource_add(s.tx, &r));
    cr_assert_geq(r.number, 1);
    MUST_FAIL(CONFLICT, db_resource_add(s.tx, &again));
    MUST(db_resource_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(count, 1u);
    cr_assert(str_is(rows[0].alg, "ES256"));
    MUST(db_resource_remove(s.tx, r.uri, &removed));
    cr_assert(removed);
    MUST(db_resource_add(s.tx, &again));
    cr_assert_gt(again.number, r.number);
    fresh_end(&s);
}

Test(resource, name_and_scopes_are_edited_by_uri_and_nothing_else)
{
    struct fresh s = fresh_new(true);
    struct db_resource r = {.uri = STR("https://api"), .name = STR("API"), .token_format = STR("jwt"), .alg = STR("ES256"), .client_id = STR("app")};
    struct db_resource edit = {.uri = STR("https://api"), .name = STR("Other"), .scopes = STR("read write"), .alg = STR("RS256")}, *rows;
    size_t count;
    bool found = false;
    MUST(db_resource_add(s.tx, &r));
    MUST(db_resource_edit(s.tx, &edit, &found));
    cr_assert(found);
    MUST(db_resource_all(s.tx, s.a, &rows, &count));
    cr_assert(count == 1 && str_is(rows[0].name, "Other") && str_is(rows[0].scopes, "read write"));
    cr_assert(str_is(rows[0].alg, "ES256") && str_is(rows[0].client_id, "app") && rows[0].number == r.number);
    edit.uri = STR("https://API");
    MUST(db_resource_edit(s.tx, &edit, &found));
    cr_assert_not(found);
    fresh_end(&s);
}
