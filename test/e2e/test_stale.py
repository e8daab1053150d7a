# SPDX-License-Identifier: MIT
"""Stale pages are no dead end: two tabs at login, Back after login, an expired form of login, consent, device, re-authentication or logout. What
the form asked for is never done; with a session the person goes on to where they were going, without one they log in first."""
import unittest
import urllib.parse

from harness import CALLBACK, Browser, World, query_of


class Stale(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.s = cls.w.server
        cls.tv = cls.s.client("TV", "device_code", options=["--public"])

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def old_login_form(self, path):
        browser = Browser(self.s)
        browser.get(path)
        return browser, browser.form("password"), browser.at

    def test_two_tabs_at_login(self):
        for path, to in (("/account/tokens", "/account/tokens"), ("/login", "/account")):
            browser, form, at = self.old_login_form(path)
            browser.login(self.w.alice)  # in the other tab
            browser.at = at
            browser.submit(form, username="alice", password="whatever is typed")
            self.assertEqual((browser.response.status_code, urllib.parse.urlsplit(browser.at).path), (200, to))
            self.assertTrue(browser.logged_in())

    def test_two_tabs_on_the_way_to_an_application(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.w.web, scope="read", state="tab"))
        form, at = browser.form("password"), browser.at
        browser.login(self.w.bob)
        browser.at = at
        browser.submit(form, username="alice", password=self.w.alice.password)  # Back, and sent again
        answer = browser.go_on(self.w.bob)
        self.assertEqual(answer["state"], "tab")
        self.assertIn("code", answer)
        token = self.s.token(self.w.web, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()["access_token"]
        self.assertEqual(self.s.introspect(self.w.service, token).json()["sub"], self.w.bob.id)  # nobody was exchanged

    def test_a_login_form_whose_cookie_is_gone(self):
        browser, form, at = self.old_login_form("/account/tokens")
        browser.http.cookies.clear()
        browser.submit(form, username="alice", password=self.w.alice.password)
        fields = dict(browser.form("password").fields)
        self.assertEqual((fields["username"], fields["return_to"]), ("alice", "/account/tokens"))
        self.assertEqual(fields.get("password", ""), "")
        self.assertIn("open for too long", "".join(browser.page.text))
        browser.login(self.w.alice)
        self.assertTrue(browser.at.endswith("/account/tokens"))

    def consent(self, person):
        browser = Browser(self.s)
        browser.login(person)
        browser.get(browser.authorize_url(self.w.web, scope="read", prompt="consent", state="c"))
        return browser, browser.form("decision")

    def test_consent_after_another_login(self):
        browser, form = self.consent(self.w.alice)
        browser.get("/login?again=1")
        browser.login(self.w.alice)  # in the other tab: another cookie
        browser.submit(form, button=("decision", "allow"))
        self.assertIsNone(browser.outside)  # not what the old page showed, but the page once more
        self.assertTrue(any(f.has("decision") for f in browser.page.forms), browser.at)
        browser.submit(browser.form("decision"), button=("decision", "allow"))
        self.assertEqual(query_of(browser.outside)["state"], "c")

    def test_consent_after_the_login_ended(self):
        browser, form = self.consent(self.w.alice)
        for cookies in (True, False):
            if cookies:
                self.s.cli("user", "block", "alice")
                self.s.cli("user", "unblock", "alice")  # its sessions have ended
            else:
                browser.http.cookies.clear()
            browser.submit(form, button=("decision", "allow"))
            self.assertTrue(any(f.has("password") for f in browser.page.forms), browser.at)
            answer = browser.go_on(self.w.alice)
            self.assertEqual(answer.get("state"), "c")
            browser, form = self.consent(self.w.alice)

    def test_device_logout_and_forms_of_one_s_own(self):
        begun = self.s.post("/oauth/device/code", {"client_id": self.tv.id}).json()
        pages = {begun["verification_uri_complete"].replace(self.s.url, ""): "decision", "/logout": "csrf", "/account/password": "current", "/account": "csrf",
                 "/account/tokens": "name", "/admin/scopes": "name", "/admin/new-client": "redirect_uris"}
        for path, field in pages.items():
            browser = Browser(self.s)
            browser.login(self.w.admin)
            browser.get(path)
            form = next(f for f in browser.page.forms if f.has(field) and f.method == "post" and (field != "csrf" or not f.action.endswith("/logout") or path == "/logout"))
            browser.get("/login?again=1")
            browser.login(self.w.admin)
            button = ("decision", "allow") if field == "decision" else None
            browser.submit(form, button=button)
            self.assertEqual(browser.response.status_code, 200, path)
            self.assertTrue(browser.logged_in(), path)  # neither logged out nor done otherwise
            lost = Browser(self.s)
            lost.submit(form, button=button)
            self.assertTrue(any(f.has("password") and f.has("username") for f in lost.page.forms), path)
            lost.login(self.w.admin)
            self.assertEqual(lost.response.status_code, 200, path)
        answer = self.s.token(self.tv, "urn:ietf:params:oauth:grant-type:device_code", auth="id", device_code=begun["device_code"]).json()
        self.assertEqual(answer["error"], "authorization_pending")

    def test_LS_06_a_forged_form_is_refused_all_the_same(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        for path in ("/account/tokens", "/logout", "/oauth/consent"):
            for csrf in (None, "", "x" * 43, "x" * 64):
                answer = browser.request("POST", self.s.url + path, data={"name": "x", **({"csrf": csrf} if csrf is not None else {})}, headers={"Origin": self.s.url})
                self.assertEqual(answer.status_code, 400, (path, csrf))
            other = Browser(self.s)
            other.login(self.w.bob)
            other.get("/account/tokens")
            foreign = dict(other.form("name").fields)["csrf"]
            answer = browser.request("POST", self.s.url + path, data={"name": "x", "csrf": foreign}, headers={"Origin": "https://evil.example"})
            self.assertEqual(answer.status_code, 400, path)
        self.assertTrue(browser.logged_in())
        self.assertEqual(self.s.cli("pat", "list", "alice"), [])

    def test_RU_10_where_it_goes_on_is_here(self):
        browser, form, at = self.old_login_form("/login")
        browser.login(self.w.alice)
        for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example", "/%09/evil.example"):
            browser.at = at
            browser.submit(form, username="alice", password="x", return_to=evil)
            self.assertIsNone(browser.outside, evil)
            self.assertTrue(browser.at.startswith(self.s.url + "/account"), browser.at)


if __name__ == "__main__":
    unittest.main()
