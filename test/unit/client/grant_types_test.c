/* SPDX-License-Identifier: MIT */
#include "client/grant_types.h"

#include <criterion/criterion.h>
#include <string.h>

Test(grant_types, words_and_names_on_the_wire_find_their_row_and_nothing_else_does)
{
    for (const struct grant_type *row = grant_types; row < grant_types + GRANT_TYPE_COUNT; row++) {
        cr_expect_eq(grant_types_find(str_of(row->word)), row);
        cr_expect_eq(grant_types_offered(str_of(row->wire)), row->pool == GRANT_NOWHERE ? NULL : row, "%s", row->word);
    }
    cr_expect_eq(grant_types_offered(STR("urn:openid:params:grant-type:ciba")), &grant_types[GRANT_TYPE_ciba]);
    cr_expect_null(grant_types_offered(STR("device_code"))); /* its word, not its name on the wire */
    cr_expect_null(grant_types_offered(STR("implicit")));
    cr_expect_null(grant_types_offered(STR_ABSENT));
    cr_expect_null(grant_types_find(STR("urn:openid:params:grant-type:ciba")));
    cr_expect_null(grant_types_find(STR("")));
}

Test(grant_types, each_row_is_whole_and_there_once)
{
    for (const struct grant_type *row = grant_types; row < grant_types + GRANT_TYPE_COUNT; row++) {
        for (const struct grant_type *other = row + 1; other < grant_types + GRANT_TYPE_COUNT; other++)
            cr_expect(strcmp(row->word, other->word) != 0 && strcmp(row->wire, other->wire) != 0);
        cr_expect(row->label[0] != '\0' && row->about[0] != '\0', "%s", row->word);
        cr_expect(!row->as_itself || !row->public_may, "%s: who acts as itself must have shown to be itself (RFC 6749 4.4)", row->word);
    }
}
