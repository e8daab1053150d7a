/* SPDX-License-Identifier: MIT
 * ascii: what is too long for the header. Relies on nothing, in particular on no locale. */
#include "base/ascii.h"

#include "base/banned.h"

#define IN(c_) [c_] = true
const bool ascii_token_chars[256] = {
    IN('!'), IN('#'), IN('$'), IN('%'), IN('&'), IN('\''), IN('*'), IN('+'), IN('-'), IN('.'), IN('^'), IN('_'), IN('`'), IN('|'), IN('~'), IN('0'),
    IN('1'), IN('2'), IN('3'), IN('4'), IN('5'), IN('6'),  IN('7'), IN('8'), IN('9'), IN('A'), IN('B'), IN('C'), IN('D'), IN('E'), IN('F'), IN('G'),
    IN('H'), IN('I'), IN('J'), IN('K'), IN('L'), IN('M'),  IN('N'), IN('O'), IN('P'), IN('Q'), IN('R'), IN('S'), IN('T'), IN('U'), IN('V'), IN('W'),
    IN('X'), IN('Y'), IN('Z'), IN('a'), IN('b'), IN('c'),  IN('d'), IN('e'), IN('f'), IN('g'), IN('h'), IN('i'), IN('j'), IN('k'), IN('l'), IN('m'),
    IN('n'), IN('o'), IN('p'), IN('q'), IN('r'), IN('s'),  IN('t'), IN('u'), IN('v'), IN('w'), IN('x'), IN('y'), IN('z'),
};

int ascii_hex(char c)
{
    if (ascii_digit(c))
        return c - '0';
    char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
