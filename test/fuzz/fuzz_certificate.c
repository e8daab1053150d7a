/* SPDX-License-Identifier: MIT
 * Fuzz target of http/certificate and crypto/leaf: a header with a client certificate, then every question about what came out of it.
 * Properties: nothing or a DER sequence; a certificate that nobody signed is in no chain; what is refused says why. */
#include "crypto/leaf.h"
#include "http/certificate.h"

#include "base/banned.h"

static void ask(struct arena *a, str der)
{
    static const char *const names[] = {"CN=a", "a.example", "https://a.example", "192.0.2.1", "a@a.example"};
    const struct sign_jwk key = {.kty = "EC", .crv = "P-256", .x = STR("AA"), .y = STR("AA")};
    (void)leaf_valid(der, 1790000000).kind;
    INVARIANT(FAILED(leaf_chain(der, STR(""), 1790000000)));
    INVARIANT(FAILED(leaf_has_key(a, der, &key)));
    for (int kind = LEAF_SUBJECT; kind <= LEAF_EMAIL; kind++) {
        err e = leaf_named(a, der, (enum leaf_name)kind, str_of(names[kind - LEAF_SUBJECT]));
        INVARIANT(!FAILED(e) || e.reason->why != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 << 20);
    struct http_header header = {STR("Client-Cert"), {(const char *)data, size}};
    struct request r = {.arena = a, .headers = &header, .header_count = 1};
    str der = STR_ABSENT;
    err e = certificate_of_header(&r, STR("Client-Cert"), &der);
    if (FAILED(e))
        INVARIANT(e.kind == ERR_INVALID_REQUEST || e.kind == ERR_UNAVAILABLE);
    else if (str_present(der)) {
        INVARIANT(der.n >= 2 && (unsigned char)der.p[0] == 0x30);
        ask(a, der);
    }
    if (size <= LEAF_MAX)
        ask(a, (str){(const char *)data, size});
    arena_release(a);
    return 0;
}
