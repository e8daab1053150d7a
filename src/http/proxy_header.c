/* SPDX-License-Identifier: MIT
 * proxy_header: pure, and strict: where a header is due nothing else is read for one, and what is unclear is refused, for the sender is a proxy whose
 * settings can be mended. Behind the header another protocol begins, whose reader takes its bytes from the socket itself: so it is read without
 * one byte too many. Of the values behind the addresses (TLV) the checksum alone is looked at. What they say of TLS (PP2_TYPE_SSL) is
 * not believed: a certificate proves its key in a handshake with this server, or in a header of client_cert_header (CA-12). Version 1, a line of
 * text, is refused: it has no checksum, no LOCAL, and would be a second spelling. */
#include "http/proxy_header.h"

#include <string.h>

#include "base/banned.h"

enum {
    FIXED = 16, /* signature, version and command, family, length */
    SIGNATURE = 12,
    COMMAND = 12,
    FAMILY = 13,
    LENGTH = 14,
    VERSION_2 = 2,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    FAMILY_UNKNOWN = 0x00,
    FAMILY_TCP_V4 = 0x11,
    FAMILY_TCP_V6 = 0x21,
    FAMILY_UNIX = 0x31,
    VALUE_HEAD = 3, /* type, length */
    VALUE_CHECKSUM = 3,
    CHECKSUM = 4,
};
static const char signature[SIGNATURE + 1] = "\r\n\r\n\0\r\nQUIT\n";

static uint8_t byte_at(str s, size_t i)
{
    return (uint8_t)s.p[i];
}

static size_t two_bytes_at(str s, size_t i)
{
    return (size_t)byte_at(s, i) << 8 | byte_at(s, i + 1);
}

static bool begins_alike(str so_far, str word)
{
    return so_far.n == 0 || memcmp(so_far.p, word.p, so_far.n < word.n ? so_far.n : word.n) == 0;
}

/* How long the whole is, once that is known; before that, how much of it tells. */
static fallible measure_proxy_header(str so_far, size_t *whole)
{
    const str text = STR("PROXY ");
    *whole = FIXED;
    if (!begins_alike(so_far, (str){signature, SIGNATURE})) {
        if (!begins_alike(so_far, text))
            FAIL(INVALID_REQUEST, "proxy_header: no PROXY header, which is due here");
        if (so_far.n >= text.n)
            FAIL(INVALID_REQUEST, "proxy_header: a PROXY header of version 1: have the proxy send version 2");
        return OK;
    }
    if (so_far.n < FIXED)
        return OK;
    if (byte_at(so_far, COMMAND) >> 4 != VERSION_2)
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header of an unknown version");
    *whole = FIXED + two_bytes_at(so_far, LENGTH);
    if (*whole > PROXY_HEADER_MAX)
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header that is too long");
    return OK;
}

/* CRC-32C (RFC 9260 appendix A) over the header, its own bytes as if they were zero. */
static uint32_t compute_checksum(str header, size_t own)
{
    uint32_t sum = 0xffffffff;
    for (size_t i = 0; i < header.n; i++) {
        sum ^= i >= own && i < own + CHECKSUM ? 0 : byte_at(header, i);
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
    }
    return ~sum;
}

static fallible judge_checksum(str header, size_t at)
{
    uint32_t told = 0;
    for (size_t i = 0; i < CHECKSUM; i++)
        told = told << 8 | byte_at(header, at + i);
    if (told != compute_checksum(header, at))
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header with a wrong checksum");
    return OK;
}

static fallible judge_values(str header, size_t at)
{
    size_t checksum = 0;
    while (at < header.n) {
        size_t left = header.n - at, n = left < VALUE_HEAD ? 0 : two_bytes_at(header, at + 1);
        if (left < VALUE_HEAD || left - VALUE_HEAD < n)
            FAIL(INVALID_REQUEST, "proxy_header: a value of a PROXY header is cut off");
        if (byte_at(header, at) == VALUE_CHECKSUM && (checksum != 0 || n != CHECKSUM))
            FAIL(INVALID_REQUEST, "proxy_header: two checksums, or one that is none");
        if (byte_at(header, at) == VALUE_CHECKSUM)
            checksum = at + VALUE_HEAD;
        at += VALUE_HEAD + n;
    }
    return checksum == 0 ? OK : judge_checksum(header, checksum);
}

/* The bytes of both addresses and ports; 0: of that family there are none here. */
static size_t size_of_addresses(uint8_t family)
{
    enum { PORTS = 4, UNIX_PATH = 108 };
    switch (family) {
    case FAMILY_TCP_V4:
        return 2 * sizeof(struct in_addr) + PORTS;
    case FAMILY_TCP_V6:
        return 2 * sizeof(struct in6_addr) + PORTS;
    case FAMILY_UNIX:
        return (size_t)2 * UNIX_PATH;
    default:
        return 0;
    }
}

static fallible take_source(str header, uint8_t family, struct proxy_header *out)
{
    struct in6_addr source = {.s6_addr = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    bool v4 = family == FAMILY_TCP_V4;
    if (v4)
        memcpy(source.s6_addr + 12, header.p + FIXED, sizeof(struct in_addr));
    else
        memcpy(&source, header.p + FIXED, sizeof source);
    if (IN6_IS_ADDR_UNSPECIFIED(&source) || (IN6_IS_ADDR_V4MAPPED(&source) && memcmp(source.s6_addr + 12, "\0\0\0\0", 4) == 0))
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header from nowhere"); /* within this server no address is the word for a Unix socket */
    out->address = source;
    out->named = true;
    return OK;
}

static fallible take_proxied(str header, struct proxy_header *out)
{
    uint8_t family = byte_at(header, FAMILY);
    size_t addresses = size_of_addresses(family);
    if (family == FAMILY_UNKNOWN)
        return OK;
    if (addresses == 0)
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header of no stream, or of an unknown family");
    if (header.n - FIXED < addresses)
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header without its addresses");
    TRY(judge_values(header, FIXED + addresses));
    return family == FAMILY_UNIX ? OK : take_source(header, family, out);
}

fallible proxy_header_read(str so_far, size_t *wants, struct proxy_header *out)
{
    struct proxy_header said = {.named = false};
    size_t whole;
    TRY(measure_proxy_header(so_far, &whole));
    *wants = whole > so_far.n ? whole - so_far.n : 0;
    if (*wants > 0)
        return OK;
    str header = {so_far.p, whole};
    switch (byte_at(header, COMMAND) & 0xf) {
    case COMMAND_LOCAL: /* the proxy looks after us: what else it says is ignored, as the protocol demands */
        break;
    case COMMAND_PROXY:
        TRY(take_proxied(header, &said));
        break;
    default:
        FAIL(INVALID_REQUEST, "proxy_header: a PROXY header with an unknown command");
    }
    *out = said;
    return OK;
}
