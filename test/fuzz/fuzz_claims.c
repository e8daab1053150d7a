/* SPDX-License-Identifier: MIT
 * Fuzz: the claims parameter (OpenID Connect Core 5.5). What is accepted is bounded, and says the same when it is read again. */
#include "authorize/claims_request.h"
#include <stdlib.h>
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool scopes_within(str scopes, str allowed)
{
    str word;
    for (str rest = scopes; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (str_filled(word) && !str_has_word(allowed, word))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 << 20);
    struct claims_request once, again;
    const str allowed = size % 2 ? STR("profile email address phone") : STR("email");
    err e = claims_request_read(a, (str){(const char *)data, size}, allowed, &once);
    INVARIANT(!FAILED(e) || e.kind == ERR_INVALID_REQUEST || e.kind == ERR_UNMET_AUTHENTICATION);
    if (!FAILED(e)) {
        INVARIANT(size <= CLAIMS_REQUEST_MAX && once.text.n <= 2 * CLAIMS_REQUEST_MAX);
        if (str_present(once.text)) {
            INVARIANT(!FAILED(claims_request_read(a, once.text, allowed, &again)));
            INVARIANT(scopes_within(once.scopes, allowed)); /* AZ-15 */
            INVARIANT(str_equal(once.text, again.text) && str_equal(once.scopes, again.scopes));
            INVARIANT(str_present(once.sub) == str_present(again.sub) && (!str_present(once.sub) || str_equal(once.sub, again.sub)));
        }
    }
    arena_release(a);
    return 0;
}
