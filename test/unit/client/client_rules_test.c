/* SPDX-License-Identifier: MIT
 * client_rules: redirect URIs and secrets as lists of data (RU-03, RU-04, RU-07). */
#include "client/client_rules.h"
#include "people.h"

#include <string.h>

#include "base/banned.h"

static const char *const good[] = {
    "https://app.example.com/callback",
    "https://app.example.com",
    "https://app.example.com:8443/cb?tenant=7&x=%20y",
    "https://app.example.com/cb?codes=1&mystate=2",
    "HTTPS://app.example.com/cb",
    "https://[2001:db8::1]/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:5000/cb",
    "http://[::1]:5000/cb",
    "http://localhost:3000/cb",
    "http://LOCALHOST/cb",
    "com.example.app:/oauth2redirect",
    "com.example.app://callback/path",
    "https://oauth.pstmn.io/v1/callback",
};
static const char *const bad[] = {
    "",
    "/callback",
    "callback",
    "//app.example.com/cb",
    "?x",
    "app.example.com/cb",
    "example.com:443/cb",
    "localhost:3000/cb",
    "http://app.example.com/cb",
    "http://127.0.0.2/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://localhost.evil.example/cb",
    "http://[::2]/cb",
    "http://0x7f.1/cb",
    "http://2130706433/cb",
    "http:/cb",
    "https:///cb",
    "https:cb",
    "https://",
    "https://app.example.com/cb#",
    "https://app.example.com/cb#fragment",
    "com.example.app:/cb#x",
    "https://user@app.example.com/cb",
    "https://user:pass@app.example.com/cb",
    "https://app.example.com@evil.example/cb",
    "com.example.app://user@host/cb",
    "https://app.example.com/c b",
    " https://app.example.com/cb",
    "https://app.example.com/cb\t",
    "https://app.example.com/\r\nSet-Cookie: a=b",
    "https://app.example.com/\x01",
    "https://app.example.com/\x7f",
    "https://app.example.com\\@evil.example/",
    "https://app.example.com/%zz",
    "https://app.example.com/%",
    "https://\xc3\xa4pp.example.com/cb",
    "https://*.example.com/cb",
    "https://app.example.com:0/cb",
    "https://app.example.com:65536/cb",
    "https://app.example.com:x/cb",
    "https://app.example.com/cb?code=1",
    "https://app.example.com/cb?a=1&state=2",
    "https://app.example.com/cb?error",
    "https://app.example.com/cb?iss=x",
    "https://app.example.com/cb?error_description=x",
    "https://app.example.com/cb?a=b&response=x",
    "https://app.example.com/cb?%63ode=1",
    "https://app.example.com/cb?a=1;code=2",
    "https://app.example.com/cb?&code=2",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "javascript://app.example.com/%0aalert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "DATA:text/html;base64,eA==",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://app.example.com/1",
    "about:blank",
    "myapp:/cb",
    "myapp://cb",
    "ftp://app.example.com/cb",
    "ws://127.0.0.1/cb",
    "mailto:a@b.example",
    "urn:ietf:wg:oauth:2.0:oob",
    ".app:/cb",
    "1com.example:/cb",
    "com.example.app:",
    "com.example.app:cb",
};

Test(client_rules, fit_redirect_uris_are_taken)
{
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *why = client_rules_redirect(a, str_of(good[i]));
        cr_expect_null(why, "%s: %s", good[i], why ? why : "");
    }
}

Test(client_rules, unfit_redirect_uris_are_refused) /* RU-03 RU-04 RU-07 */
{
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not_null(client_rules_redirect(a, str_of(bad[i])), "%s", bad[i]);
    str nul = {"https://app.example.com/\0x", 26};
    cr_expect_not_null(client_rules_redirect(a, nul));
}

Test(client_rules, a_redirect_uri_has_2000_bytes_at_most)
{
    struct arena *a = fixture_arena();
    char *text = arena_take(a, 2100);
    memset(text, 'a', 2100);
    memcpy(text, "https://a.example/", 18);
    cr_expect_null(client_rules_redirect(a, (str){text, 2000}));
    cr_expect_not_null(client_rules_redirect(a, (str){text, 2001}));
}

Test(client_rules, a_given_secret_has_32_visible_characters)
{
    cr_expect_null(client_rules_secret(STR("0123456789abcdef0123456789abcdef")));
    cr_expect_not_null(client_rules_secret(STR("0123456789abcdef0123456789abcde")));
    cr_expect_not_null(client_rules_secret(STR("0123456789abcdef 0123456789abcdef")));
    cr_expect_not_null(client_rules_secret(STR("0123456789abcdef0123456789abcdef\n")));
    cr_expect_not_null(client_rules_secret(STR("0123456789abcdef0123456789abcd\xc3\xa4")));
    cr_expect_not_null(client_rules_secret(STR("")));
    char big[1025];
    memset(big, 'a', sizeof big);
    cr_expect_null(client_rules_secret((str){big, 1024}));
    cr_expect_not_null(client_rules_secret((str){big, 1025}));
}
