/* SPDX-License-Identifier: MIT
 * ascii: the two classes that are too long for the header. Relies on nothing, in particular on no locale. */
#include "base/ascii.h"

#include "base/banned.h"

bool ascii_token_char(char c)
{
    switch (c) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return ascii_letter(c) || ascii_digit(c);
    }
}

int ascii_hex(char c)
{
    if (ascii_digit(c))
        return c - '0';
    char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
