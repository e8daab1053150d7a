/* SPDX-License-Identifier: MIT
 * Fuzz: request objects (RFC 9101). The first byte chooses who bends what:
 *   even: the input is an object from outside; without the client's key none is accepted but the very one that the key signed.
 *   odd:  the input is a header, a line feed and claims, signed by the client's key: what is accepted is for this server, by this
 *         client, and its parameters are few, named and text. */
#include "authorize/request_object.h"
#include "house.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000 };

static bool passes(struct context *ctx, str object, struct form *out)
{
    const struct db_client *client = cache_client(ctx->snapshot, STR("app"));
    struct form outer = {(struct form_field[]){{STR("client_id"), client->id}, {STR("request"), object}}, 2};
    err e = request_object_read(ctx, client, &outer, REQUEST_OBJECT_FRONT, out);
    INVARIANT(!FAILED(e) || e.kind == ERR_INVALID_REQUEST_OBJECT || e.kind == ERR_REQUEST_NOT_SUPPORTED || e.kind == ERR_UNAVAILABLE);
    return !FAILED(e);
}

static void signed_by_the_client(struct context *ctx, str header, str claims)
{
    struct form f;
    json *read;
    str object = signer_token(ctx->arena, header, claims);
    if (!str_present(object) || !passes(ctx, object, &f))
        return;
    INVARIANT(!FAILED(json_parse(ctx->arena, claims, &read)));
    INVARIANT(f.count <= FORM_FIELDS_MAX + 1 && str_is(form_get_raw(&f, "client_id"), "app"));
    INVARIANT(!form_has(&f, "request") && !form_has(&f, "request_uri") && !form_has(&f, "aud"));
    for (size_t i = 0; i < f.count; i++)
        INVARIANT(str_present(f.fields[i].name) && str_present(f.fields[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_new(16 << 20);
    struct context ctx;
    struct form f;
    str rest = {(const char *)data + 1, size - 1};
    clock_set(NOW);
    INVARIANT(!FAILED(authority_enter(house(), a, &ctx)));
    ctx.now = NOW;
    if (data[0] % 2 == 0) {
        INVARIANT(!passes(&ctx, rest, &f));
    } else {
        str header = signer_cut(&rest);
        signed_by_the_client(&ctx, header, rest);
    }
    authority_leave(&ctx);
    arena_release(a);
    return 0;
}
