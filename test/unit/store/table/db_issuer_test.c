/* SPDX-License-Identifier: MIT
 * db_issuer: trusted issuers are there once, byte for byte, and whole. */
#include "store/fresh.h"
#include "store/table/db_issuer.h"

#include "base/banned.h"

Test(issuer, comes_back_whole_and_is_found_byte_for_byte)
{
    struct fresh s = fresh_new(true);
    struct db_issuer i = {.issuer = STR("https://idp.example"),
                          .jwks_uri = STR("https://idp.example/keys"),
                          .subject_is = STR("email"),
                          .client_ids = STR("a\nb"),
                          .scopes = STR("openid email"),
                          .life_max = 300,
                          .created_at = T0};
    struct db_issuer *row;
    MUST(db_issuer_add(s.tx, &i));
    cr_assert_gt(i.number, 0);
    MUST(db_issuer_get(s.tx, s.a, i.issuer, &row));
    cr_assert(row->number == i.number && str_equal(row->jwks_uri, i.jwks_uri) && !str_present(row->jwks) && str_equal(row->subject_is, i.subject_is));
    cr_assert(str_equal(row->client_ids, i.client_ids) && str_equal(row->scopes, i.scopes) && row->life_max == 300 && row->created_at == T0);
    MUST(db_issuer_get(s.tx, s.a, STR("https://idp.example/"), &row));
    cr_assert_null(row);
    MUST(db_issuer_get(s.tx, s.a, STR("https://IDP.example"), &row));
    cr_assert_null(row);
    fresh_end(&s);
}

Test(issuer, is_there_once_in_the_order_of_names_and_removed_once)
{
    struct fresh s = fresh_new(true);
    struct db_issuer z = {.issuer = STR("https://z"), .subject_is = STR("client"), .jwks = STR("{}"), .client_ids = STR("c"), .scopes = STR("openid")};
    struct db_issuer a = z, twin = z, *rows;
    a.issuer = STR("https://a");
    size_t count;
    bool removed = false;
    MUST(db_issuer_add(s.tx, &z));
    MUST_FAIL(CONFLICT, db_issuer_add(s.tx, &twin));
    cr_assert_eq(twin.number, 0);
    MUST(db_issuer_add(s.tx, &a));
    MUST(db_issuer_all(s.tx, s.a, &rows, &count));
    cr_assert(count == 2 && str_equal(rows[0].issuer, a.issuer) && str_equal(rows[1].issuer, z.issuer));
    MUST(db_issuer_remove(s.tx, z.issuer, &removed));
    cr_assert(removed);
    MUST(db_issuer_remove(s.tx, z.issuer, &removed));
    cr_assert_not(removed);
    MUST(db_issuer_add(s.tx, &twin));
    cr_assert_gt(twin.number, a.number);
    fresh_end(&s);
}
