/* SPDX-License-Identifier: MIT
 * ascii: what is too long for the header. Relies on nothing, in particular on no locale. */
#include "base/ascii.h"

#include "base/banned.h"

#define IN(c_) [c_] = true
#define LETTERS_AND_DIGITS                                                                                                                                   \
    IN('0'), IN('1'), IN('2'), IN('3'), IN('4'), IN('5'), IN('6'), IN('7'), IN('8'), IN('9'), IN('A'), IN('B'), IN('C'), IN('D'), IN('E'), IN('F'), IN('G'), \
        IN('H'), IN('I'), IN('J'), IN('K'), IN('L'), IN('M'), IN('N'), IN('O'), IN('P'), IN('Q'), IN('R'), IN('S'), IN('T'), IN('U'), IN('V'), IN('W'),      \
        IN('X'), IN('Y'), IN('Z'), IN('a'), IN('b'), IN('c'), IN('d'), IN('e'), IN('f'), IN('g'), IN('h'), IN('i'), IN('j'), IN('k'), IN('l'), IN('m'),      \
        IN('n'), IN('o'), IN('p'), IN('q'), IN('r'), IN('s'), IN('t'), IN('u'), IN('v'), IN('w'), IN('x'), IN('y'), IN('z')
const bool ascii_token_chars[256] = {IN('!'), IN('#'), IN('$'), IN('%'), IN('&'), IN('\''), IN('*'), IN('+'),
                                     IN('-'), IN('.'), IN('^'), IN('_'), IN('`'), IN('|'),  IN('~'), LETTERS_AND_DIGITS};
const bool ascii_unreserved_chars[256] = {IN('-'), IN('.'), IN('_'), IN('~'), LETTERS_AND_DIGITS};

int ascii_hex(char c)
{
    if (ascii_digit(c))
        return c - '0';
    char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte is the first");

/* Each half of a byte gets a byte of its own, in the order of writing; those from ten on are moved behind the digits. */
void ascii_hex_write(char out[8], const uint8_t in[4])
{
    uint32_t four;
    memcpy(&four, in, sizeof four);
    uint64_t v = four;
    v = (v | v << 16) & 0x0000ffff0000ffffu;
    v = (v | v << 8) & 0x00ff00ff00ff00ffu;
    v = (v >> 4 & 0x000f000f000f000fu) | (v << 8 & 0x0f000f000f000f00u);
    uint64_t from_ten = (v + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
    v += 0x3030303030303030u + from_ten * ('a' - '0' - 10);
    memcpy(out, &v, sizeof v);
}

size_t ascii_decimal(char out[ASCII_DECIMAL_MAX], uint64_t v)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
        "707172737475767778798081828384858687888990919293949596979899";
    size_t at = ASCII_DECIMAL_MAX;
    for (; v >= 100; v /= 100)
        memcpy(out + (at -= 2), pairs + v % 100 * 2, 2);
    if (v >= 10)
        memcpy(out + (at -= 2), pairs + v * 2, 2);
    else
        out[--at] = (char)('0' + v);
    return ASCII_DECIMAL_MAX - at;
}
