/* SPDX-License-Identifier: MIT
 * What a request tells of itself, and who it is said to come from: a row that says nothing lets nobody in. */
#include "server/begun.h"

#include "base/banned.h"

Test(phase_describe, one_proof_at_the_most)
{
    struct pipeline w = begun();
    struct http_header headers[] = {{STR("DPoP"), STR("a")}, {STR("dpop"), STR("b")}};
    x.request.headers = headers;
    x.request.header_count = 1;
    EXPECT(OK, phase_describe(&w));
    cr_expect(str_is(w.context.dpop, "a"));
    cr_expect(str_is(w.context.url, FIXTURE_ISSUER "/x"));
    x.request.header_count = 2;
    EXPECT(INVALID_DPOP_PROOF, phase_describe(&w)); /* RFC 9449 4.3 */
}

Test(phase_describe, the_address_is_told_to_proofs_and_assertions_alone)
{
    struct pipeline w = begun();
    struct form_field fields[] = {{STR("client_assertion"), STR("a.b.c")}};
    EXPECT(OK, phase_describe(&w));
    cr_expect_not(str_present(w.context.url));
    w.call.form = (struct form){fields, 1};
    EXPECT(OK, phase_describe(&w));
    cr_expect(str_is(w.context.url, FIXTURE_ISSUER "/x"));
}

Test(phase_authenticate, a_row_that_says_nothing_lets_nobody_in)
{
    struct pipeline w = begun();
    EXPECT(OK, phase_authenticate(&w));
    row.who = ROUTE_WHO_UNSET;
    EXPECT(SERVER_ERROR, phase_authenticate(&w));
    EXPECT(SERVER_ERROR, phase_authorize(&w));
}
