# SPDX-License-Identifier: MIT
"""Emulation of the certification plans for RP-Initiated Logout and Back-Channel Logout: one test for each module, named after it. Where
the suite wants a screenshot the page must stay at the server: an error or a question, never a way to the client."""
import secrets
import time
import unittest
import urllib.parse

from certify import Conditions, Suite, header_of, spoil, verify

EVENT = "http://schemas.openid.net/event/backchannel-logout"
BYE = "https://suite.example/test/a/jeton/post_logout_redirect"


class Logout(Conditions):
    @classmethod
    def setUpClass(cls):
        cls.suite = Suite()
        heard = "https://" + cls.suite.site.host + "/backchannel_logout"
        cls.rp = cls.suite.client("--post-logout-redirect-uri", BYE, "--post-logout-redirect-uri", BYE + "?foo=bar")
        cls.hears = cls.suite.client("--post-logout-redirect-uri", BYE, "--backchannel-logout-uri", heard, "--backchannel-logout-session-required")
        cls.suite.start()

    def logged_in(self, rp=None):
        tokens, claims, _, browser = self.flow(rp or self.rp, scope="openid", state=secrets.token_urlsafe(96))
        self.hint, self.claims = tokens["id_token"], claims
        return browser

    def end(self, browser, method="GET", **p):
        """The end-session request; browser.back is what came to the post-logout redirect URI, if anything did."""
        browser.seen = []
        return browser.visit(self.suite.meta["end_session_endpoint"] + ("?" + urllib.parse.urlencode(p) if p else ""), method)

    def logged_out(self, browser, rp=None):
        """prompt=none must now say that a login is needed: CheckErrorFromAuthorizationEndpointIsOneThatRequiredAUserInterface."""
        browser, p = self.authorize(rp or self.rp, browser, prompt="none", scope="openid")
        self.check_error_callback(browser, p, "login_required", "interaction_required", "account_selection_required", "consent_required")

    def still_here(self, browser):
        """The module ends at the placeholder; nobody was logged out by a mere link."""
        browser, p = self.authorize(self.rp, browser, prompt="none", scope="openid")
        self.check_callback(browser, self.rp, p)

    def check_bye(self, browser, state, uri=BYE):
        self.assertIsNotNone(browser.back, browser.response.text[:2000])
        base, _, query = uri.partition("?")
        self.assertEqual(browser.back.uri.split("?")[0], base)
        expected = dict(urllib.parse.parse_qsl(query))
        if state is not None:
            expected["state"] = state  # CheckPostLogoutState
        self.assertEqual(browser.back.fields, expected)  # CheckForUnexpectedParametersInPostLogoutRedirect

    def check_question(self, browser):
        self.assertIsNone(browser.back)
        self.assertEqual(browser.response.status_code, 200)
        text = "".join(e["text"] for e in browser.page.all if e["tag"] == "html")
        self.assertIn("Log out", text)

    def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(self):
        self.assertTrue(self.suite.meta["end_session_endpoint"].startswith("https://"))

    def test_oidcc_backchannel_logout_discovery_endpoint_verification(self):
        self.assertIs(self.suite.meta["backchannel_logout_supported"], True)
        self.assertIs(self.suite.meta["backchannel_logout_session_supported"], True)

    def test_oidcc_rp_initiated_logout(self):
        for method in ("GET", "POST"):
            state, browser = secrets.token_urlsafe(96), self.logged_in()
            self.check_bye(self.end(browser, method, id_token_hint=self.hint, post_logout_redirect_uri=BYE, state=state), state)
            self.logged_out(browser)

    def test_oidcc_rp_initiated_logout_with_client_id_too(self):
        state, browser = "s", self.logged_in()
        self.check_bye(self.end(browser, id_token_hint=self.hint, client_id=self.rp.id, post_logout_redirect_uri=BYE, state=state), state)

    def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(self):
        browser = self.logged_in()
        self.check_error_page(self.end(browser, id_token_hint=self.hint, post_logout_redirect_uri=BYE + secrets.token_urlsafe(8), state="s"))

    def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(self):
        browser = self.logged_in()
        self.check_error_page(self.end(browser, id_token_hint=self.hint, post_logout_redirect_uri=BYE + "?foo=bar2", state="s"))

    def test_a_registered_query_is_kept(self):
        browser = self.logged_in()
        self.check_bye(self.end(browser, id_token_hint=self.hint, post_logout_redirect_uri=BYE + "?foo=bar", state="s"), "s", BYE + "?foo=bar")

    def test_oidcc_rp_initiated_logout_bad_id_token_hint(self):
        browser = self.logged_in()
        self.check_error_page(self.end(browser, id_token_hint="not.a.token", post_logout_redirect_uri=BYE, state="s"))
        self.still_here(browser)

    def test_oidcc_rp_initiated_logout_modified_id_token_hint(self):
        browser = self.logged_in()
        self.check_error_page(self.end(browser, id_token_hint=spoil(self.hint), post_logout_redirect_uri=BYE, state="s"))
        self.still_here(browser)

    def test_oidcc_rp_initiated_logout_no_id_token_hint(self):
        browser = self.logged_in()
        self.end(browser, post_logout_redirect_uri=BYE, state="s")
        self.assertIsNone(browser.back)  # an error or a question
        self.assertTrue(browser.page.has("error") or "Log out" in browser.response.text)
        self.still_here(browser)

    def test_oidcc_rp_initiated_logout_no_params(self):
        browser = self.logged_in()
        self.check_question(self.end(browser))
        self.still_here(browser)

    def test_oidcc_rp_initiated_logout_only_state(self):
        browser = self.logged_in()
        self.check_question(self.end(browser, state="s"))
        self.still_here(browser)

    def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(self):
        browser = self.logged_in()
        self.end(browser, id_token_hint=self.hint, state="s")
        self.assertIsNone(browser.back)
        self.assertEqual(browser.response.status_code, 200)
        self.logged_out(browser)

    def test_oidcc_rp_initiated_logout_no_state(self):
        browser = self.logged_in()
        self.check_bye(self.end(browser, id_token_hint=self.hint, post_logout_redirect_uri=BYE), None)
        self.logged_out(browser)

    def test_a_question_is_answered_by_a_plain_form(self):
        browser = self.logged_in()
        self.end(browser, client_id=self.rp.id, post_logout_redirect_uri=BYE, state="s")
        if not browser.back:
            self.check_question(browser)
            button = browser.page.by_id("logout")
            self.assertEqual((button["tag"], button["form"]["a"]["method"].lower()), ("button", "post"))
            browser.click("logout")
        self.check_bye(browser, "s")
        self.logged_out(browser)

    def test_nobody_is_logged_in(self):
        browser = self.logged_in()
        hint = self.hint
        browser = self.browser()
        self.check_bye(self.end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s"), "s")

    def test_oidcc_backchannel_rp_initiated_logout(self):
        state, browser = secrets.token_urlsafe(96), self.logged_in(self.hears)
        self.check_bye(self.end(browser, id_token_hint=self.hint, post_logout_redirect_uri=BYE, state=state), state)
        headers, fields = self.suite.site.wait("/backchannel_logout")
        self.assertEqual(headers["Content-Type"].split(";")[0], "application/x-www-form-urlencoded")  # OIDCBCL-2.5
        self.assertEqual([n for n, _ in fields], ["logout_token"])  # CheckForUnexpectedParametersInBackchannelLogoutRequest
        token = fields[0][1]
        claims = verify(token, self.suite.keys())  # ValidateLogoutTokenSignature: the algorithm of the client's ID tokens
        self.assertEqual(header_of(token)["alg"], self.hears.id_alg)
        self.assertEqual(header_of(token).get("typ", "logout+jwt"), "logout+jwt")
        self.assertEqual(claims["iss"], self.suite.issuer)
        self.assertIn(self.hears.id, claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]])
        self.assertLessEqual(abs(claims["iat"] - time.time()), 30)
        self.assertGreater(claims["exp"], time.time())  # the final specification made it REQUIRED
        self.assertTrue(claims["jti"])
        self.assertEqual(claims["events"], {EVENT: {}})
        self.assertEqual((claims.get("sub", self.claims["sub"]), claims["sid"]), (self.claims["sub"], self.claims["sid"]))
        self.assertNotIn("nonce", claims)
        self.logged_out(browser, self.hears)


if __name__ == "__main__":
    unittest.main()
