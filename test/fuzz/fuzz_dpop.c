/* SPDX-License-Identifier: MIT
 * Fuzz: DPoP proofs. The first byte chooses who bends what:
 *   0 mod 3: the input is a whole proof from outside; nobody else's passes for our moment but a signed one, whose key it names.
 *   1 mod 3: the input is a header, a line feed and claims, signed by our key. `$` in the header stands for our public JWK.
 *   2 mod 3: the input is an address that a right proof names as htu: it may pass only when it names our host. */
#include "token/dpop.h"
#include "signer.h"
#include <stdlib.h>
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dpop_expect expect = {.method = {"POST", 4}, .url = {"https://as.example/oauth/token", 30}, .now = 1562262616, .window = 60};

static bool passes(struct arena *a, str text, struct dpop_proof *p)
{
    err e = dpop_check(a, text, &expect, p);
    INVARIANT(!FAILED(e) || (e.kind == ERR_INVALID_DPOP_PROOF && e.reason->say != NULL));
    if (FAILED(e))
        return false;
    INVARIANT(p->jkt.n == 43 && p->jti.n > 0 && p->jti.n <= 256 && str_has_word(dpop_algs, p->alg));
    INVARIANT(p->issued_at >= expect.now - 60 && p->issued_at <= expect.now + 60);
    return true;
}

static str with_key(struct arena *a, str header)
{
    struct jwk key = signer_jwk(a);
    size_t at = str_find(header, '$');
    str jwk;
    if (at == header.n || FAILED(json_text(a, jwk_json(a, &key.parts), &jwk)))
        return header;
    return str_join(a, (const str[]){{header.p, at}, jwk, {header.p + at + 1, header.n - at - 1}}, 3);
}

static void signed_by_us(struct arena *a, str header, str claims)
{
    struct dpop_proof p;
    struct jwk key = signer_jwk(a);
    if (passes(a, signer_token(a, with_key(a, header), claims), &p))
        INVARIANT(str_equal(p.jkt, key.thumbprint) && str_is(p.alg, "EdDSA"));
}

static void address(struct arena *a, str htu)
{
    struct dpop_proof p;
    json *claims = json_object_new(a);
    str text;
    json_put_text(a, claims, "htm", STR("POST"));
    json_put_text(a, claims, "jti", STR("j"));
    json_put_integer(a, claims, "iat", expect.now);
    json_put_text(a, claims, "htu", htu); /* not UTF-8: the arena is marked failed */
    if (FAILED(json_text(a, claims, &text)))
        return;
    str header = with_key(a, STR("{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":$}"));
    if (!passes(a, signer_token(a, header, text), &p))
        return;
    INVARIANT(htu.n >= 25 && str_equal_nocase((str){htu.p, 18}, STR("https://as.example")));
    INVARIANT(htu.p[18] == '/' || htu.p[18] == ':');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_new(8 << 20);
    struct dpop_proof p;
    str rest = {(const char *)data + 1, size - 1};
    if (data[0] % 3 == 0) {
        passes(a, rest, &p);
    } else if (data[0] % 3 == 1) {
        str header = signer_cut(&rest);
        signed_by_us(a, header, rest);
    } else {
        address(a, rest);
    }
    arena_release(a);
    return 0;
}
