/* SPDX-License-Identifier: MIT
 * common: looks a password up in the embedded list of the most common ones. Relies on tools/common_passwords.py having written
 * it (lower case, one a line, sorted by bytes, each line ended) and on tools/front.awk having left out what a line shares with the one
 * before: it says how much by its first letter. Promises to allocate nothing and to read the list once at the most. */
#include "user/common.h"

#include "base/ascii.h"

#include "base/banned.h"

/* clang-format off */
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".global common_list_begin\n"
        ".hidden common_list_begin\n"
        "common_list_begin:\n"
        ".incbin \"" COMMON_LIST "\"\n"
        ".global common_list_end\n"
        ".hidden common_list_end\n"
        "common_list_end:\n"
        ".byte 0\n"
        ".popsection\n");
/* clang-format on */
extern const char common_list_begin[] __attribute__((visibility("hidden")));
extern const char common_list_end[] __attribute__((visibility("hidden")));

static str get_common_list(void)
{
    /* by number: the two symbols are two objects to the language, one block to the linker */
    return (str){common_list_begin, (size_t)((uintptr_t)common_list_end - (uintptr_t)common_list_begin)};
}

static bool is_same_folded_char(char folded, char listed)
{
    return ascii_lower(folded) == listed;
}

bool common_password(str password)
{
    str rest = get_common_list(), line;
    size_t matched = 0; /* of the line before: bytes that are the password's first */
    while (rest.n > 0 && str_next(&rest, '\n', &line) && line.n > 0) {
        size_t shared = (size_t)(line.p[0] - ' '), more = line.n - 1;
        if (shared > matched) /* differs where the line before did */
            continue;
        matched = shared;
        while (matched - shared < more && matched < password.n && is_same_folded_char(password.p[matched], line.p[1 + matched - shared]))
            matched++;
        if (matched == password.n && matched == shared + more)
            return true;
    }
    return false;
}
