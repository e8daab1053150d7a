/* SPDX-License-Identifier: MIT
 * err: failing is a value that cannot be dropped.
 * A fallible function returns an err; OK has kind ERR_OK. `why` is for the administrator's log and the event list alone and is
 * never sent to a client; `say` is the sentence for the client (NULL: the kind's own sentence from the table below).
 * Both are literals, so an err costs nothing to make, to copy or to forget. Neither may hold request data. */
#ifndef JETON_BASE_ERR_H
#define JETON_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, HTTP status, code on the wire, public sentence). Sources: RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 8707 2, RFC 8628 3.5,
 * RFC 9101 7, RFC 9396 5, RFC 9449 5 and 8, RFC 7591 3.2.2, CIBA Core 13,
 * OpenID Connect Core 3.1.2.6; the others are jeton's own names for HTTP statuses (RFC 9110, RFC 6585). */
#define ERR_KINDS(X)                                                                                                                                          \
    X(OK, 200, "ok", "Done.")                                                                                                                                 \
    X(INVALID_REQUEST, 400, "invalid_request", "The request is malformed.")                                                                                   \
    X(INVALID_CLIENT, 401, "invalid_client", "Client authentication failed: the client is unknown, or its credentials or its way of sending them are wrong.") \
    X(INVALID_GRANT, 400, "invalid_grant", "The grant is invalid, expired, revoked, or was issued to another client.")                                        \
    X(UNAUTHORIZED_CLIENT, 400, "unauthorized_client", "This client may not use this grant type.")                                                            \
    X(UNSUPPORTED_GRANT_TYPE, 400, "unsupported_grant_type", "This server does not support that grant type.")                                                 \
    X(UNSUPPORTED_RESPONSE_TYPE, 400, "unsupported_response_type", "Only response_type=code is supported.")                                                   \
    X(UNSUPPORTED_TOKEN_TYPE, 400, "unsupported_token_type", "This kind of token cannot be revoked here.")                                                    \
    X(INVALID_SCOPE, 400, "invalid_scope", "A requested scope is unknown, malformed, or not allowed for this client.")                                        \
    X(INVALID_TARGET, 400, "invalid_target", "The requested resource is unknown.")                                                                            \
    X(ACCESS_DENIED, 400, "access_denied", "The user refused the request.")                                                                                   \
    X(LOGIN_REQUIRED, 401, "login_required", "Nobody is logged in.")                                                                                          \
    X(STALE_FORM, 400, "invalid_request", "This page has expired, and nothing was changed. Please try again.")                                                \
    X(PASSWORD_DUE, 403, "interaction_required", "A new password must be chosen first.")                                                                      \
    X(FACTOR_DUE, 403, "interaction_required", "A second factor must be added first.")                                                                        \
    X(CONSENT_REQUIRED, 403, "consent_required", "The user has not given consent yet.")                                                                       \
    X(REQUEST_NOT_SUPPORTED, 400, "request_not_supported", "Request objects are not supported.")                                                              \
    X(REQUEST_URI_NOT_SUPPORTED, 400, "request_uri_not_supported", "request_uri is not supported.")                                                           \
    X(REGISTRATION_NOT_SUPPORTED, 400, "registration_not_supported", "The registration parameter is not supported.")                                          \
    X(INTERACTION_REQUIRED, 403, "interaction_required", "The user must interact with a page, which prompt=none does not allow.")                             \
    X(ACCOUNT_SELECTION_REQUIRED, 403, "account_selection_required", "The user must choose an account first.")                                                \
    X(UNMET_AUTHENTICATION, 403, "unmet_authentication_requirements", "The requested kind of login is not available.")                                        \
    X(INVALID_REQUEST_OBJECT, 400, "invalid_request_object", "The request object is malformed, has an invalid signature, or is not meant for this server.")   \
    X(INVALID_REQUEST_URI, 400, "invalid_request_uri", "The request_uri is unknown, already used, expired or not registered.")                                \
    X(INVALID_AUTHORIZATION_DETAILS, 400, "invalid_authorization_details",                                                                                    \
      "authorization_details is malformed or of a type that this client may not ask for.")                                                                    \
    X(INVALID_DPOP_PROOF, 400, "invalid_dpop_proof", "The DPoP proof is missing, malformed, or does not fit this request.")                                   \
    X(USE_DPOP_NONCE, 400, "use_dpop_nonce", "Repeat the request with the nonce of the DPoP-Nonce header in the proof.")                                      \
    X(AUTHORIZATION_PENDING, 400, "authorization_pending", "The user has not decided yet; poll again after the interval.")                                    \
    X(SLOW_DOWN, 400, "slow_down", "The client polled too soon; the interval is now five seconds longer.")                                                    \
    X(EXPIRED_TOKEN, 400, "expired_token", "The code has expired; start again.")                                                                              \
    X(INVALID_CLIENT_METADATA, 400, "invalid_client_metadata", "A member of the client metadata cannot be accepted.")                                         \
    X(INVALID_REDIRECT_URI, 400, "invalid_redirect_uri", "A redirect URI cannot be registered.")                                                              \
    X(INVALID_BINDING_MESSAGE, 400, "invalid_binding_message", "The binding message is too long or contains characters that are not allowed.")                \
    X(UNKNOWN_USER_ID, 400, "unknown_user_id", "The hint does not match any user of this server.")                                                            \
    X(INVALID_TOKEN, 401, "invalid_token", "The access token is malformed, expired, revoked, or not meant for this service.")                                 \
    X(INSUFFICIENT_SCOPE, 403, "insufficient_scope", "The token, or the user that it belongs to, lacks the permission for this.")                             \
    X(INSUFFICIENT_AUTHENTICATION, 401, "insufficient_user_authentication", "The login was too long ago.")                                                    \
    X(NOT_FOUND, 404, "not_found", "Not Found")                                                                                                               \
    X(METHOD_NOT_ALLOWED, 405, "invalid_request", "This address does not accept that method.")                                                                \
    X(CONFLICT, 409, "conflict", "Someone else has changed this in the meantime; load it again.")                                                             \
    X(TOO_LARGE, 413, "invalid_request", "The request body is too large.")                                                                                    \
    X(URI_TOO_LONG, 414, "invalid_request", "The request address is too long.")                                                                               \
    X(UNSUPPORTED_MEDIA, 415, "invalid_request", "This address does not accept that content type.")                                                           \
    X(MISDIRECTED, 421, "invalid_request", "The Host header does not name this server.")                                                                      \
    X(UNPROCESSABLE, 422, "invalid_request", "The given data was invalid.")                                                                                   \
    X(HEADERS_TOO_LARGE, 431, "invalid_request", "The request headers are too large.")                                                                        \
    X(THROTTLED, 429, "invalid_grant", "Too many attempts; try again later.")                                                                                 \
    X(BUSY, 429, "temporarily_unavailable", "Too many requests at once; try again later.")                                                                    \
    X(SERVER_ERROR, 500, "server_error", "The server encountered an unexpected condition.")                                                                   \
    X(VERSION_NOT_SUPPORTED, 505, "invalid_request", "This server speaks HTTP/1.1 and HTTP/2.")                                                               \
    X(UNAVAILABLE, 503, "temporarily_unavailable", "The server cannot do this right now; try again.")                                                         \
    /* never leaves the process: an INLINE handler asks to be run again on the READ pool */                                                                   \
    X(ELSEWHERE, 500, "server_error", "The server encountered an unexpected condition.")

enum err_kind {
#define X(name, status, code, sentence) ERR_##name,
    ERR_KINDS(X)
#undef X
        ERR_KIND_COUNT
};

struct err_reason {
    const char *why; /* for the log: which check failed */
    const char *say; /* for the client; NULL: the kind's sentence */
};

typedef struct err {
    enum err_kind kind;
    const struct err_reason *reason; /* static; NULL only for OK */
} err;

#define fallible __attribute__((warn_unused_result)) err

#define OK        ((err){ERR_OK, NULL})
#define FAILED(e) ((e).kind != ERR_OK)

/* An err value: `why` goes to the log, the client gets the kind's own sentence. Literals only. */
#define ERR(kind_, why_) REFUSAL(kind_, NULL, why_)
/* An err value with its own public sentence (RFC 6749 5.2: printable ASCII without `"` and `\`). Literals only. */
#define REFUSAL(kind_, say_, why_)                             \
    __extension__({                                            \
        static const struct err_reason reason_ = {why_, say_}; \
        (err){ERR_##kind_, &reason_};                          \
    })

/* The only two control-flow macros: pass an error up; return one. */
#define TRY(expression_)          \
    do {                          \
        err try_ = (expression_); \
        if (FAILED(try_))         \
            return try_;          \
    } while (0)
#define FAIL(kind_, why_)         return ERR(kind_, why_)
#define REFUSE(kind_, say_, why_) return REFUSAL(kind_, say_, why_)

int err_status(err e);       /* HTTP status of its kind */
const char *err_code(err e); /* the word for the `error` member */
const char *err_say(err e);  /* the sentence for the client; never NULL */
const char *err_why(err e);  /* the sentence for the log; never NULL */
const char *err_told(err e); /* for who runs the server: its own sentence for the client, else why, without the room's name */

/* Stops the process in every build: for what cannot happen, never for input. */
#define INVARIANT(condition_) ((condition_) ? (void)0 : err_invariant(#condition_, __FILE__, __LINE__))
_Noreturn void err_invariant(const char *condition, const char *file, int line);

#endif
