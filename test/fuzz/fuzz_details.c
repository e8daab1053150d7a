/* SPDX-License-Identifier: MIT
 * Fuzz: authorization_details (RFC 9396). What is accepted is of the one type that the client may ask for, says the same when it is read
 * again, and everything in it can be shown to people. */
#include "scope/details.h"
#include "house.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void accepted(struct context *ctx, const struct db_client *client, str details)
{
    struct details_words *rows;
    size_t count;
    str again;
    INVARIANT(!FAILED(details_read(ctx, client, details, &again)) && str_equal(details, again));
    INVARIANT(!FAILED(details_show(ctx, details, &rows, &count)) && count >= 1 && count <= DETAILS_MAX);
    for (size_t i = 0; i < count; i++) {
        INVARIANT(str_is(rows[i].description, "Pay"));
        for (size_t k = 0; k < rows[i].count; k++)
            INVARIANT(str_filled(rows[i].facts[k].label) && str_present(rows[i].facts[k].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(8 << 20);
    struct context ctx;
    str out;
    INVARIANT(!FAILED(authority_enter(house(), a, &ctx)));
    const struct db_client *client = cache_client(ctx.snapshot, STR("app"));
    err e = details_read(&ctx, client, (str){(const char *)data, size}, &out);
    INVARIANT(!FAILED(e) || e.kind == ERR_INVALID_AUTHORIZATION_DETAILS);
    if (!FAILED(e) && str_present(out))
        accepted(&ctx, client, out);
    authority_leave(&ctx);
    arena_release(a);
    return 0;
}
