/* SPDX-License-Identifier: MIT
 * route: what a path means below an issuer's path. */
#include "server/route.h"

#include <criterion/criterion.h>

#include "base/banned.h"

Test(route, a_path_is_taken_below_the_issuers_path_and_as_it_stands)
{
    static const struct {
        const char *base, *path, *local;
    } cases[] = {
        {"", "/oauth/token", "/oauth/token"},
        {"", "/auth/oauth/token", "/auth/oauth/token"},
        {"/auth", "/auth/oauth/token", "/oauth/token"},
        {"/auth", "/oauth/token", "/oauth/token"},
        {"/auth", "/auth", "/"},
        {"/auth", "/auth/", "/"},
        {"/auth", "/authx/oauth/token", "/authx/oauth/token"},
        {"/auth", "/auth/nowhere", "/nowhere"},
        {"/auth", "/auth/auth/oauth/token", "/auth/oauth/token"},
        {"/a/b", "/a/b/admin/clients/x", "/admin/clients/x"},
        {"/a/b", "/b/admin", "/b/admin"},
        {"/oauth", "/oauth/oauth/token", "/oauth/token"},
        {"/oauth", "/oauth/token", "/oauth/token"},
        {"/auth", "/.well-known/openid-configuration/auth", "/.well-known/openid-configuration"},
        {"/auth", "/.well-known/openid-configuration", "/.well-known/openid-configuration"},
        {"/auth", "/auth/.well-known/openid-configuration", "/.well-known/openid-configuration"},
        {"/auth", "/.well-known/oauth-authorization-server/other", "/.well-known/oauth-authorization-server/other"},
        {"/auth", "/.well-known/oauth-authorization-server/authx", "/.well-known/oauth-authorization-server/authx"},
        {"/a/b", "/.well-known/oauth-protected-resource/a/b/api/1.0", "/.well-known/oauth-protected-resource/api/1.0"},
    };
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        str local = route_local(a, str_of(cases[i].base), str_of(cases[i].path));
        cr_expect(str_is(local, cases[i].local), "%s %s: %.*s", cases[i].base, cases[i].path, STR_FMT(local));
    }
    arena_release(a);
}

Test(route, probes_alone_answer_any_name)
{
    for (size_t i = 0; i < route_count; i++) {
        bool health = str_starts(str_of(route_table[i].path), STR("/health/")), figures = str_is(str_of(route_table[i].path), "/metrics");
        cr_expect_eq(route_table[i].who == PROBE, health, "%s", route_table[i].path);
        cr_expect_eq(route_table[i].who == METER, figures, "%s", route_table[i].path);
    }
}
