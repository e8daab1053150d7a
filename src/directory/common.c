/* SPDX-License-Identifier: MIT
 * common: looks a password up in the embedded list of the most common ones. Relies on tools/common_passwords.py having written
 * it: lower case, one a line, sorted by bytes, each line ended. Promises to touch no memory but the list's and to allocate
 * nothing. */
#include "directory/common.h"

#include "base/ascii.h"

#include "base/banned.h"

/* clang-format off */
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".global common_list_begin\n"
        ".hidden common_list_begin\n"
        "common_list_begin:\n"
        ".incbin \"assets/common-passwords.txt\"\n"
        ".global common_list_end\n"
        ".hidden common_list_end\n"
        "common_list_end:\n"
        ".byte 0\n"
        ".popsection\n");
/* clang-format on */
extern const char common_list_begin[] __attribute__((visibility("hidden")));
extern const char common_list_end[] __attribute__((visibility("hidden")));

static str list(void)
{
    /* by number: the two symbols are two objects to the language, one block to the linker */
    return (str){common_list_begin, (size_t)((uintptr_t)common_list_end - (uintptr_t)common_list_begin)};
}

/* <0, 0, >0: password (folded) before, equal to, after the line. */
static int compare(str password, str line)
{
    for (size_t i = 0; i < password.n && i < line.n; i++) {
        unsigned char a = (unsigned char)ascii_lower(password.p[i]), b = (unsigned char)line.p[i];
        if (a != b)
            return a < b ? -1 : 1;
    }
    return password.n == line.n ? 0 : password.n < line.n ? -1 : 1;
}

bool common_password(str password)
{
    str all = list();
    size_t low = 0, high = all.n; /* both stand at the start of a line, or at the end of the list */
    while (low < high) {
        size_t start = low + (high - low) / 2;
        while (start > low && all.p[start - 1] != '\n')
            start--;
        str rest = {all.p + start, all.n - start};
        str line = {rest.p, str_find(rest, '\n')};
        int order = compare(password, line);
        if (order == 0)
            return true;
        if (order < 0)
            high = start;
        else
            low = start + line.n + 1;
    }
    return false;
}
