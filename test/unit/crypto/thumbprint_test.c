/* SPDX-License-Identifier: MIT
 * Claims about thumbprints: everybody computes the same one. */
#include "crypto/thumbprint.h"
#include "codec/json.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include "base/banned.h"

static json *vector(struct arena *a, const char *file)
{
    static char text[8192];
    FILE *f = fopen(file, "re");
    cr_assert(f != NULL, "%s", file);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    json *j;
    cr_assert(!FAILED(json_parse(a, str_trim((str){text, n > 0 && text[n - 1] == '\n' ? n - 1 : n}), &j)), "%s", file);
    return j;
}

static struct sign_jwk jwk_of(struct arena *a, const json *key)
{
    return (struct sign_jwk){.kty = str_z(a, json_member_text(key, "kty")),
                             .crv = str_z(a, json_member_text(key, "crv")),
                             .x = json_member_text(key, "x"),
                             .y = json_member_text(key, "y"),
                             .n = json_member_text(key, "n"),
                             .e = json_member_text(key, "e")};
}

Test(thumbprint, agrees_with_the_examples_of_the_rfcs) /* RFC 7638 3.1, RFC 8037 A.3 */
{
    static const char *const files[] = {"test/vectors/rfc7638_3_1.json", "test/vectors/rfc8037_a_3.json", "test/vectors/thumbprint_ec.json"};
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        json *j = vector(a, files[i]);
        struct sign_jwk jwk = jwk_of(a, json_member(j, "key"));
        str kid;
        cr_assert(!FAILED(thumbprint_of(a, &jwk, &kid)));
        cr_assert(str_equal(kid, json_member_text(j, "thumbprint")), "%s: %.*s", files[i], STR_FMT(kid));
    }
}

Test(thumbprint, of_a_symmetric_key_is_refused)
{
    struct arena *a = fixture_arena();
    str kid;
    cr_assert_eq(thumbprint_of(a, &(struct sign_jwk){.kty = "oct"}, &kid).kind, ERR_SERVER_ERROR);
}
