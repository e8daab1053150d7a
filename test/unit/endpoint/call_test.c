/* SPDX-License-Identifier: MIT
 * call: where people may be sent back to (RU-10). */
#include "endpoint/call.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(call, local_places_pass)
{
    static const char *const fine[] = {
        "/",
        "/account",
        "/account/tokens",
        "/account?done=saved",
        "/admin/clients/a%27b",
        "/admin/clients/my.client",
        "/oauth/authorize?client_id=x&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=%2F%2F",
        "/oauth/authorize?redirect_uri=https://app.example/cb",
    };
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        cr_assert(str_is(call_local_path(str_of(fine[i]), STR("/fallback")), fine[i]), "%s", fine[i]);
}

Test(call, everything_else_falls_back)
{
    FILE *file = fopen("test/unit/endpoint/return_to.txt", "rb");
    cr_assert_not_null(file, "run from the root of the tree");
    char bytes[8192];
    str rest = {bytes, fread(bytes, 1, sizeof bytes, file)}, line;
    size_t lines = 0;
    fclose(file);
    while (str_next(&rest, '\n', &line)) {
        if (line.n == 0)
            continue;
        lines++;
        cr_assert(str_is(call_local_path(line, STR("/fallback")), "/fallback"), "%.*s", STR_FMT(line));
    }
    cr_assert_geq(lines, 30);
}

Test(call, control_bytes_and_absence_fall_back)
{
    static const str bad[] = {STR_ABSENT,   STR(""),      STR("/\t/evil.example"), STR("/a\r\nSet-Cookie: x=1"),
                              STR("/a\0b"), STR("/\x7f"), STR("/\xc3\xa9"),        STR("/a b")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert(str_is(call_local_path(bad[i], STR("/fallback")), "/fallback"), "%zu", i);
}

Test(call, too_long_falls_back)
{
    static char text[HTTP_TARGET_MAX + 1];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i == 0 ? '/' : 'a';
    cr_assert(str_is(call_local_path((str){text, sizeof text}, STR("/f")), "/f"));
    cr_assert_eq(call_local_path((str){text, sizeof text - 1}, STR("/f")).n, HTTP_TARGET_MAX);
}
