/* SPDX-License-Identifier: MIT
 * redirect_rules: what may be registered with which leave, and what never. */
#include "people.h"

#include "client/redirect_rules.h"

#include "base/banned.h"

static bool fits(struct arena *a, const char *uri, struct redirect_leave leave)
{
    return redirect_rules_refuse(a, str_of(uri), &leave) == NULL;
}

Test(redirect_rules, RU_12_a_scheme_without_a_dot_needs_leave)
{
    struct arena *a = fixture_arena();
    static const char *const uris[] = {"myapp://callback", "cursor://anysphere.cursor-mcp/cb", "vscode:/x", "a-b+c://x"};
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        cr_expect(!fits(a, uris[i], (struct redirect_leave){.private_http = true}), "%s", uris[i]);
        cr_expect(fits(a, uris[i], (struct redirect_leave){.any_scheme = true}), "%s", uris[i]);
        cr_expect(!redirect_rules_usual(str_of(uris[i])));
    }
    const struct redirect_leave listed = {.schemes = STR("cursor vscode")};
    cr_expect(fits(a, "cursor://x/cb", listed) && fits(a, "CURSOR://x/cb", listed) && !fits(a, "cursors://x/cb", listed) && !fits(a, "myapp://x", listed));
    cr_expect(!fits(a, "myapp:cb", (struct redirect_leave){.any_scheme = true})); /* no slash */
    cr_expect(fits(a, "com.example.app:/cb", (struct redirect_leave){.any_scheme = false}));
}

Test(redirect_rules, RU_03_some_schemes_never_have_it)
{
    struct arena *a = fixture_arena();
    static const char *const never[] = {"javascript",    "JAVASCRIPT", "data", "vbscript",    "file",    "blob",      "about", "filesystem",
                                        "view-source",   "ws",         "WSS",  "ftp",         "ftps",    "http+unix", "httpx", "intent",
                                        "mailto",        "tel",        "sms",  "ms-settings", "MS-word", "web+app",   "ext+x", "chrome-extension",
                                        "moz-extension", "urn",        "ldap", "jar",         "c"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        str uri = str_format(a, "%s://x/cb", never[i]);
        const struct redirect_leave all = {.schemes = str_of(never[i]), .any_scheme = true, .private_http = true};
        cr_expect_not_null(redirect_rules_refuse(a, uri, &all), "%s", never[i]);
        cr_expect(!redirect_rules_scheme(str_of(never[i])), "%s", never[i]);
    }
    cr_expect(redirect_rules_scheme(STR("cursor")) && !redirect_rules_scheme(STR("com.example")) && !redirect_rules_scheme(STR("1a")));
}

Test(redirect_rules, RU_13_http_in_a_private_network_needs_leave)
{
    struct arena *a = fixture_arena();
    const struct redirect_leave on = {.private_http = true}, off = {.any_scheme = true};
    static const char *const inside[] = {
        "http://nas.local/cb", "http://NAS.LOCAL:81/cb", "http://nas/cb",       "http://x.home.arpa/", "http://10.255.0.1/",
        "http://172.16.0.1/",  "http://172.31.0.1/",     "http://192.168.0.1/", "http://100.127.0.1/", "http://169.254.0.1/",
        "http://127.0.0.2/",   "http://[fc00::1]/",      "http://[fdff::1]/",   "http://[febf::1]/",   "http://[0:0:0:0:0:0:0:1]/"};
    static const char *const outside[] = {"http://app.example/",   "http://172.15.0.1/",
                                          "http://172.32.0.1/",    "http://100.63.0.1/",
                                          "http://100.128.0.1/",   "http://9.255.255.255/",
                                          "http://0.0.0.0/",       "http://[fec0::1]/",
                                          "http://[fe00::1]/",     "http://[2001:db8::1]/",
                                          "http://[::]/",          "http://[::ffff:10.0.0.1]/",
                                          "http://local.example/", "http://notlocal.xlocal.example/"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        cr_expect(fits(a, inside[i], on) && !fits(a, inside[i], off) && !redirect_rules_usual(str_of(inside[i])), "%s", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        cr_expect(!fits(a, outside[i], on), "%s", outside[i]);
    cr_expect(redirect_rules_all_usual(STR("https://a.example/\nhttp://localhost/\ncom.a:/x")));
    cr_expect(!redirect_rules_all_usual(STR("https://a.example/\nhttp://nas/")));
}

Test(redirect_rules, each_warning_has_its_cause)
{
    struct arena *a = fixture_arena();
    const struct db_client quiet = {.redirect_uris = STR("https://localhost/\nhttp://127.0.0.1/\ncom.example:/x")};
    const struct db_client all = {.redirect_uris = STR("http://localhost:1/\nhttp://nas.local/"), .post_logout_redirect_uris = STR("myapp://x")};
    cr_expect_eq(json_count(redirect_rules_warnings(a, &quiet)), 0);
    cr_expect_eq(json_count(redirect_rules_warnings(a, &all)), 3);
}
