/* SPDX-License-Identifier: MIT
 * proxy_header: HAProxy's PROXY protocol, version 2, byte by byte (proxy-protocol.txt 2.2). */
#include "http/proxy_header.h"
#include "proxied.h"

#include "base/banned.h"

static struct proxy_header said;

/* As a socket has it read: what is wanted and no more. False: refused. Never wants a byte beyond the header. */
static bool reads(str bytes)
{
    size_t have = 0, wants = 0;
    do {
        have += wants;
        cr_assert_leq(have, bytes.n, "wants bytes of what follows");
        if (FAILED(proxy_header_read((str){bytes.p, have}, &wants, &said)))
            return false;
    } while (wants > 0);
    cr_assert_eq(have, bytes.n, "leaves %zu bytes", bytes.n - have);
    return true;
}

static bool refuses(str bytes)
{
    size_t wants;
    for (size_t n = 0; n <= bytes.n; n++) /* the first byte that is wrong is enough, and none is wanted then */
        if (FAILED(proxy_header_read((str){bytes.p, n}, &wants, &said)))
            return true;
    return false;
}

static bool names(const char *address)
{
    struct in6_addr expected;
    cr_assert_eq(inet_pton(AF_INET6, address, &expected), 1);
    return said.named && memcmp(&expected, &said.address, sizeof expected) == 0;
}

Test(proxy_header, a_header_names_whose_connection_it_is)
{
    cr_expect(reads(proxied_from("203.0.113.9", STR(""))) && names("::ffff:203.0.113.9"));
    cr_expect(reads(proxied_from("2001:db8::7", STR(""))) && names("2001:db8::7"));
    cr_expect(reads(proxied_from("::ffff:203.0.113.9", STR(""))) && names("::ffff:203.0.113.9"));
}

Test(proxy_header, it_may_come_byte_by_byte)
{
    str whole = proxied_from("203.0.113.9", STR("\4\0\2xy"));
    for (size_t n = 0; n < whole.n; n++) {
        size_t wants = 0;
        cr_expect(!FAILED(proxy_header_read((str){whole.p, n}, &wants, &said)) && wants > 0 && wants <= whole.n - n, "%zu", n);
    }
}

Test(proxy_header, LOCAL_and_what_is_not_TCP_over_IP_name_nobody)
{
    static char paths[216 + 5] = {[0] = '/', [108] = '/', [216] = 4, [218] = 2};
    cr_expect(reads(proxied_bytes(PROXIED_LOCAL, 0, STR(""), -1)) && !said.named);
    cr_expect(reads(proxied_bytes(PROXIED_LOCAL, PROXIED_V4, STR("whatever it is, for it is ignored"), -1)) && !said.named);
    cr_expect(reads(proxied_bytes(PROXIED_PROXY, 0, STR(""), -1)) && !said.named);
    cr_expect(reads(proxied_bytes(PROXIED_PROXY, 0, STR("whatever it is"), -1)) && !said.named);
    cr_expect(reads(proxied_bytes(PROXIED_PROXY, 0x31, (str){paths, 216}, -1)) && !said.named);
    cr_expect(reads(proxied_bytes(PROXIED_PROXY, 0x31, (str){paths, sizeof paths}, -1)) && !said.named);
}

Test(proxy_header, IN_02_where_a_header_is_due_nothing_else_is_one)
{
    cr_expect(refuses(STR("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    cr_expect(refuses(STR("POST / HTTP/1.1\r\n\r\n"))); /* begins like the word PROXY */
    cr_expect(refuses(STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")));
    cr_expect(refuses(STR("PROXY TCP4 203.0.113.9 127.0.0.1 1234 443\r\n")));
    cr_expect(refuses(STR("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\0")));
    cr_expect(refuses(proxied_bytes(0x11, PROXIED_V4, STR("123412341212"), -1)), "version 1 in binary");
    cr_expect(refuses(proxied_bytes(0x31, PROXIED_V4, STR("123412341212"), -1)), "version 3");
    cr_expect(refuses(proxied_bytes(0x22, PROXIED_V4, STR("123412341212"), -1)), "an unknown command");
    cr_expect(refuses(proxied_bytes(PROXIED_PROXY, 0x12, STR("123412341212"), -1)), "UDP");
    cr_expect(refuses(proxied_bytes(PROXIED_PROXY, 0x10, STR("123412341212"), -1)), "half a family");
    cr_expect(refuses(proxied_bytes(PROXIED_PROXY, 0x41, STR("123412341212"), -1)), "an unknown family");
    cr_expect(refuses(proxied_bytes(PROXIED_PROXY, PROXIED_V4, STR("12341234121"), -1)), "a byte short");
    cr_expect(refuses(proxied_bytes(PROXIED_PROXY, PROXIED_V6, STR("1234567890123456123456789012345612"), -1)), "two bytes short");
}

Test(proxy_header, the_refusal_of_version_1_tells_of_version_2)
{
    size_t wants;
    err e = proxy_header_read(STR("PROXY "), &wants, &said);
    cr_assert_eq(e.kind, ERR_INVALID_REQUEST);
    cr_expect_not_null(strstr(err_why(e), "version 2"));
}

Test(proxy_header, a_connection_from_nowhere_is_refused)
{
    cr_expect(refuses(proxied_from("0.0.0.0", STR(""))));
    cr_expect(refuses(proxied_from("::", STR("")))); /* that is how a Unix socket's peer is written here: it may be trusted */
    cr_expect(refuses(proxied_from("::ffff:0.0.0.0", STR(""))));
}

Test(proxy_header, IN_01_it_has_a_ceiling)
{
    static char values[PROXY_HEADER_MAX];
    size_t room = PROXY_HEADER_MAX - 16 - 12;
    memset(values, 0, sizeof values);
    values[0] = 4; /* PP2_TYPE_NOOP */
    values[1] = (char)((room - 3) >> 8);
    values[2] = (char)(room - 3);
    cr_expect(reads(proxied_from("203.0.113.9", (str){values, room})));
    values[2]++;
    cr_expect(refuses(proxied_from("203.0.113.9", (str){values, room + 1})));
    cr_expect(refuses(proxied_bytes(PROXIED_LOCAL, 0, STR(""), 65535)));
}

Test(proxy_header, values_are_skipped_and_must_be_whole)
{
    cr_expect(reads(proxied_from("203.0.113.9", STR("\1\0\2h2\x20\0\0\4\0\0"))) && names("::ffff:203.0.113.9"));
    cr_expect(refuses(proxied_from("203.0.113.9", STR("\4"))));
    cr_expect(refuses(proxied_from("203.0.113.9", STR("\4\0"))));
    cr_expect(refuses(proxied_from("203.0.113.9", STR("\4\0\1"))));
    cr_expect(refuses(proxied_from("203.0.113.9", STR("\1\0\2h2\4\xff\xffx"))));
}

/* Computed by hand from the definition, for a table would be the same mistake twice: the header that HAProxy's document shows has none. */
static uint32_t remainder_of(const unsigned char *p, size_t n)
{
    uint32_t r = 0;
    for (size_t i = 0; i < n * 8 + 32; i++) { /* polynomial division, the bits in the order of the wire */
        uint32_t in = i < n * 8 ? p[i / 8] >> i % 8 & 1 : 0, out = r >> 31;
        r = r << 1 | (i < 32 ? in ^ 1 : in);
        r ^= out ? 0x1edc6f41 : 0;
    }
    uint32_t turned = 0;
    for (int i = 0; i < 32; i++)
        turned |= (r >> i & 1) << (31 - i);
    return ~turned;
}

static str checked(char *bytes, size_t n, size_t at)
{
    memset(bytes + at, 0, 4);
    uint32_t sum = remainder_of((const unsigned char *)bytes, n);
    for (int i = 0; i < 4; i++)
        bytes[at + (size_t)i] = (char)(sum >> (24 - 8 * i));
    return (str){bytes, n};
}

Test(proxy_header, a_checksum_that_is_there_must_be_right)
{
    cr_assert_eq(remainder_of((const unsigned char *)"123456789", 9), 0xe3069283); /* the check value that catalogues of CRCs have */
    char bytes[128];
    str plain = proxied_from("203.0.113.9", STR("\1\0\2h2\3\0\4....\4\0\1x"));
    memcpy(bytes, plain.p, plain.n);
    size_t at = 16 + 12 + 5 + 3;
    cr_expect(reads(checked(bytes, plain.n, at)) && names("::ffff:203.0.113.9"));
    for (size_t i = 16; i < plain.n; i++) {
        bytes[i] ^= 0x40;
        cr_expect(refuses((str){bytes, plain.n}) || i == at - 3, "byte %zu", i); /* but its own type: then there is none */
        bytes[i] ^= 0x40;
    }
    cr_expect(refuses(proxied_from("203.0.113.9", STR("\3\0\3..."))));
    cr_expect(refuses(proxied_from("203.0.113.9", STR("\3\0\0"))));
    plain = proxied_from("203.0.113.9", STR("\3\0\4....\3\0\4....")); /* which is which? */
    memcpy(bytes, plain.p, plain.n);
    cr_expect(refuses(checked(bytes, plain.n, 31)) && refuses(checked(bytes, plain.n, 38)));
}
