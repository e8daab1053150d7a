/* SPDX-License-Identifier: MIT
 * certificate: what proxies write into a header, and what they may not (CA-12, CVE-2017-6413). */
#include "http/certificate.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *a;

static err read(const char *first, const char *second, str *der)
{
    static struct http_header headers[3];
    headers[0] = (struct http_header){STR("Host"), STR("localhost")};
    headers[1] = (struct http_header){STR("client-CERT"), str_of(first)};
    headers[2] = (struct http_header){STR("Client-Cert"), str_of(second)};
    struct request r = {.arena = a, .headers = headers, .header_count = second ? 3 : first ? 2 : 1};
    return certificate_of_header(&r, STR("Client-Cert"), der);
}

static void begin(void)
{
    a = arena_new(1 << 20);
}
static void end(void)
{
    arena_release(a);
}
TestSuite(certificate, .init = begin, .fini = end);

Test(certificate, each_spelling_gives_the_same_bytes)
{
    static const char *const rows[] = {
        ":MAMCAQc=:",
        "-----BEGIN CERTIFICATE----- MAMC AQc= -----END CERTIFICATE-----",
        "-----BEGIN%20CERTIFICATE-----%0AMAMCAQc%3D%0A-----END%20CERTIFICATE-----%0A",
        "-----BEGIN%20CERTIFICATE-----%0D%0AMAMC%0D%0AAQc%3D%0D%0A-----END%20CERTIFICATE-----%0D%0A",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str der = STR_ABSENT;
        err e = read(rows[i], NULL, &der);
        cr_expect(!FAILED(e) && der.n == 5 && memcmp(der.p, "\x30\x03\x02\x01\x07", 5) == 0, "%s: %s", rows[i], err_why(e));
    }
}

Test(certificate, none_is_none)
{
    str der = STR("before");
    cr_expect(!FAILED(read(NULL, NULL, &der)) && !str_present(der));
    cr_expect(!FAILED(read("", NULL, &der)) && !str_present(der));
    cr_expect(!FAILED(read("(null)", NULL, &der)) && !str_present(der));
}

Test(certificate, what_is_unclear_is_refused)
{
    static const char *const rows[] = {"x",
                                       "::",
                                       ":AA==:",
                                       ":MAMCAQc=",
                                       ":%%%:",
                                       "MAMCAQc=",
                                       "%zz",
                                       "-----BEGIN CERTIFICATE----- MAMCAQc=",
                                       "-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----",
                                       "-----BEGIN PRIVATE KEY----- MAMCAQc= -----END PRIVATE KEY-----"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str der;
        cr_expect_eq(read(rows[i], NULL, &der).kind, ERR_INVALID_REQUEST, "%s", rows[i]);
    }
    str der;
    cr_expect_eq(read(":MAMCAQc=:", ":MAMCAQc=:", &der).kind, ERR_INVALID_REQUEST); /* which of the two? */
}
