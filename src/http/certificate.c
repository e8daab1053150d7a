/* SPDX-License-Identifier: MIT
 * certificate: reads what proxies write. Relies on the codecs; promises DER or nothing: what is unclear is refused, for a proxy whose
 * words we misread is worse than none. Nothing is believed of the certificate here; the rules judge it (RFC 8705). */
#include "http/certificate.h"

#include "codec/b64url.h"
#include "codec/percent.h"

#include "base/banned.h"

enum { DER_MAX = 8192, DER_SEQUENCE = 0x30 };

static fallible only_header(const struct request *r, str name, str *value)
{
    str found = STR_ABSENT;
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_equal_nocase(r->headers[i].name, name))
            continue;
        if (str_present(found)) /* one from the proxy, one from the client: which is which? */
            FAIL(INVALID_REQUEST, "listen: the header with the client certificate came twice");
        found = str_trim(r->headers[i].value);
    }
    *value = found;
    return OK;
}

static fallible decode_der_header(struct arena *a, str text, str *der)
{
    str bytes;
    if (FAILED(b64_decode(a, text, &bytes)) || bytes.n < 2 || bytes.n > DER_MAX || (unsigned char)bytes.p[0] != DER_SEQUENCE)
        FAIL(INVALID_REQUEST, "listen: the header with the client certificate holds no certificate");
    *der = bytes;
    return OK;
}

/* What stands between the lines of the first certificate, without white space. */
static fallible pem_body(struct arena *a, str pem, str *out)
{
    const str begin = STR("-----BEGIN CERTIFICATE-----"), end = STR("-----END CERTIFICATE-----");
    struct buf b = buf_new(a, 2 * DER_MAX);
    size_t i = begin.n;
    if (!str_starts(pem, begin))
        FAIL(INVALID_REQUEST, "listen: the header with the client certificate is neither PEM nor RFC 9440");
    for (; i < pem.n && pem.p[i] != '-'; i++) {
        char c = pem.p[i];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            buf_char(&b, c);
    }
    if (!str_starts((str){pem.p + i, pem.n - i}, end))
        FAIL(INVALID_REQUEST, "listen: the client certificate in the header does not end");
    return buf_done(&b, out);
}

fallible certificate_of_header(const struct request *r, str name, str *der)
{
    str value, pem, body;
    TRY(only_header(r, name, &value));
    if (!str_filled(value) || str_is(value, "(null)")) { /* what proxies write when there was none */
        *der = STR_ABSENT;
        return OK;
    }
    if (value.n > 2 && value.p[0] == ':' && value.p[value.n - 1] == ':') /* RFC 9440 2.2, RFC 8941 3.3.5 */
        return decode_der_header(r->arena, (str){value.p + 1, value.n - 2}, der);
    if (FAILED(percent_decode(r->arena, value, PERCENT_PLUS_LITERAL, &pem)))
        FAIL(INVALID_REQUEST, "listen: the header with the client certificate has a bad escape");
    TRY(pem_body(r->arena, pem, &body));
    return decode_der_header(r->arena, body, der);
}
