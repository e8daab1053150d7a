/* SPDX-License-Identifier: MIT
 * pkce: proof that the one who redeems a code is the one who asked for it (RFC 7636). S256 only: `plain` proves nothing to somebody
 * who saw the request. Relies on SHA-256; promises that neither half alone is ever accepted (downgrade, RFC 9700 4.8.2). */
#include "authorize/pkce.h"
#include "base/ascii.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "base/banned.h"

enum { VERIFIER_MIN = 43, VERIFIER_MAX = 128 }; /* RFC 7636 4.1 */

fallible pkce_request(const struct db_client *client, str challenge, str method)
{
    if (!str_filled(challenge)) {
        if (str_filled(method))
            REFUSE(INVALID_REQUEST, "code_challenge_method was sent without code_challenge.", "pkce: method without challenge");
        if (client->is_public) /* PK-01 */
            REFUSE(INVALID_REQUEST, "This client is public and must use PKCE: send code_challenge and code_challenge_method=S256.",
                   "pkce: public client without challenge");
        if (client->require_pkce) /* PK-02 */
            REFUSE(INVALID_REQUEST, "This client must use PKCE: send code_challenge and code_challenge_method=S256.", "pkce: client must send a challenge");
        return OK;
    }
    if (!str_is(method, "S256")) /* PK-03; RFC 7636 4.3: an absent method would mean plain */
        REFUSE(INVALID_REQUEST, "Only code_challenge_method=S256 is supported, and it must be sent.", "pkce: method is not S256");
    uint8_t digest[DIGEST_SIZE];
    if (FAILED(b64url_decode_exact(challenge, digest, sizeof digest))) /* PK-07 */
        REFUSE(INVALID_REQUEST, "code_challenge must be the base64url SHA-256 of the verifier: 43 characters without padding.", "pkce: malformed challenge");
    return OK;
}

fallible pkce_check(str challenge, str verifier)
{
    if (!str_filled(challenge)) {
        if (str_filled(verifier)) /* PK-05; an empty parameter is an absent one (RFC 6749 3.2) */
            REFUSE(INVALID_GRANT, "code_verifier was sent, but the authorization request had no code_challenge.", "pkce: verifier without challenge");
        return OK;
    }
    if (!str_filled(verifier)) /* PK-04 */
        REFUSE(INVALID_GRANT, "code_verifier is missing: the authorization request had a code_challenge.", "pkce: verifier missing");
    if (verifier.n < VERIFIER_MIN || verifier.n > VERIFIER_MAX)
        REFUSE(INVALID_GRANT, "code_verifier must have 43 to 128 characters.", "pkce: verifier length");
    for (size_t i = 0; i < verifier.n; i++)
        if (!ascii_unreserved(verifier.p[i]))
            REFUSE(INVALID_GRANT, "code_verifier has a character outside A-Z a-z 0-9 - . _ ~.", "pkce: verifier alphabet");
    uint8_t digest[DIGEST_SIZE];
    char expected[B64URL_LENGTH(DIGEST_SIZE)];
    digest_sha256(verifier, digest);
    b64url_write(expected, digest, sizeof digest);
    if (!secret_equal((str){expected, sizeof expected}, challenge)) /* RFC 7636 4.6; PK-06 */
        REFUSE(INVALID_GRANT, "code_verifier does not match the code_challenge of the authorization request.", "pkce: verifier does not match");
    return OK;
}
