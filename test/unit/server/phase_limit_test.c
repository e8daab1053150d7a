/* SPDX-License-Identifier: MIT
 * phase_limit: parameters are read from where the row says, and from nowhere else. */
#include "server/begun.h"

#include "base/banned.h"

Test(phase_limit, parameters_come_from_where_the_row_says)
{
    struct pipeline w = begun();
    x.request.query = STR("a=1");
    row.takes = NOTHING;
    EXPECT(OK, phase_limit(&w));
    cr_expect_not(form_has(&w.call.form, "a"));
    row.takes = QUERY;
    EXPECT(OK, phase_limit(&w));
    cr_expect(str_is(form_get(&w.call.form, "a"), "1"));
    w = begun();
    x.request.method = HTTP_POST;
    x.request.query = STR("a=1");
    x.request.body = STR("a=2");
    x.request.body_kind = HTTP_BODY_FORM;
    row.takes = QUERY_OR_FORM; /* AZ-03 */
    EXPECT(INVALID_REQUEST, phase_limit(&w));
    x.request.query = STR_ABSENT;
    EXPECT(OK, phase_limit(&w));
    cr_expect(str_is(form_get(&w.call.form, "a"), "2"));
    row.takes = JSON_BODY;
    EXPECT(UNSUPPORTED_MEDIA, phase_limit(&w));
    row.takes = ROUTE_TAKES_UNSET;
    EXPECT(SERVER_ERROR, phase_limit(&w));
}
