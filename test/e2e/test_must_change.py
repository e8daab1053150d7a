# SPDX-License-Identifier: MIT
"""A password that somebody else knows must be changed before anything else (LS-14): no page, grant, token or call of the API gets round it."""
import unittest

from harness import CALLBACK, Browser, Person, World, query_of, remember

FRESH = "one of my own, at last"


class MustChange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.s = cls.w.server
        cls.tv = cls.s.client("TV", "device_code", "refresh_token", options=["--public"])
        remember(FRESH)

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def person(self, name):
        return self.s.user(name, "--must-change-password")

    def change(self, browser, person, fresh=FRESH):
        form = browser.form("current")
        browser.submit(form, current=person.password, password=fresh)

    def at_change(self, browser, what):
        self.assertIn("/account/password", browser.at, what)
        self.assertIn("Choose a new password to continue", "".join(browser.page.text), what)

    def test_every_page_leads_to_the_change_and_on(self):
        person = self.person("pages")
        for path in ("/account", "/account/tokens", "/account/applications", "/account/sessions", "/account/requests", "/oauth/device", "/admin", "/admin/users"):
            browser = Browser(self.s)
            browser.get(path)
            browser.login(person)
            self.at_change(browser, path)
        browser.get("/account/tokens")
        self.change(browser, person, person.password)
        self.assertEqual(browser.response.status_code, 422)  # the same again is no change
        self.change(browser, person)
        self.assertTrue(browser.at.endswith("/account/tokens"), browser.at)  # where they were going
        self.assertEqual(browser.response.status_code, 200)
        self.assertFalse(self.s.cli("user", "show", "pages")["must_change_password"])

    def test_an_authorization_goes_on_after_it(self):
        person = self.person("flow")
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.w.web, scope="read", state="s1"))
        browser.login(person)
        self.at_change(browser, "authorize")
        silent = Browser(self.s)
        silent.login(person)
        silent.get(silent.authorize_url(self.w.web, scope="read", prompt="none"))
        self.assertEqual(query_of(silent.outside)["error"], "interaction_required")
        self.change(browser, person)
        answer = browser.go_on(Person(self.s, "flow", FRESH, person.id))
        self.assertEqual(answer["state"], "s1")
        self.assertIn("code", answer)

    def test_no_grant_and_no_token_gets_round_it(self):
        person = self.s.user("tokens")
        house = self.s.token(self.w.house, "password", username="tokens", password=person.password).json()
        flow = self.s.tokens(self.w.web, person, scope="read")
        code = self.s.code(self.w.web, person, scope="read")
        pat = person.pat()
        begun = self.s.post("/oauth/device/code", {"client_id": self.tv.id}).json()
        for token in (house["access_token"], flow["access_token"], pat):
            self.assertEqual(self.s.api("GET", "/users/me", token).status_code, 200)
        self.assertEqual(self.s.api("PUT", "/users/" + person.id, self.w.whole(self.w.admin), json={"must_change_password": True}).status_code, 204)
        for token in (house["access_token"], flow["access_token"], pat):
            answer = self.s.api("GET", "/users/me", token)
            self.assertEqual(answer.status_code, 401)
            self.assertIn("new password", answer.json()["message"])
            self.assertFalse(self.s.active(self.w.service, token))
            self.assertEqual(self.s.get("/oauth/userinfo", headers={"Authorization": "Bearer " + token}).status_code, 401)
        for client, grant, fields in ((self.w.web, "authorization_code", {"code": code, "redirect_uri": CALLBACK}),
                                      (self.w.web, "refresh_token", {"refresh_token": flow["refresh_token"]}),
                                      (self.w.house, "refresh_token", {"refresh_token": house["refresh_token"]}),
                                      (self.w.house, "password", {"username": "tokens", "password": person.password})):
            answer = self.s.token(client, grant, **fields)
            self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"), grant)
            self.assertIn("new password", answer.json()["error_description"], grant)
        browser = Browser(self.s)
        browser.get(begun["verification_uri_complete"])
        browser.login(person)
        self.at_change(browser, "device")
        self.assertEqual(self.s.api("PUT", "/users/" + person.id, pat, json={"must_change_password": False}).status_code, 401)
        self.change(browser, person)
        self.assertEqual(self.s.api("GET", "/users/me", pat).status_code, 200)  # personal tokens go on, as after any change

    def test_the_console_sets_a_first_password(self):
        self.s.user("forgot")
        admin = Browser(self.s)
        admin.login(self.w.admin)
        user = self.s.cli("user", "show", "forgot")
        admin.get("/admin/users/" + user["id"])
        form = next(f for f in admin.page.forms if f.action.endswith("/password") and f.has("password"))
        first = "a first one from the console"
        remember(first)
        admin.submit(form, password="short")
        self.assertEqual(admin.response.status_code, 422)
        form = next(f for f in admin.page.forms if f.action.endswith("/password") and f.has("password"))
        admin.submit(form, password=first)
        self.assertTrue(self.s.cli("user", "show", "forgot")["must_change_password"])
        browser = Browser(self.s)
        browser.login(Person(self.s, "forgot", first, user["id"]))
        self.at_change(browser, "console")
        self.change(browser, Person(self.s, "forgot", first, user["id"]))
        self.assertEqual(browser.response.status_code, 200)
        # the demand alone, and lifted again
        admin.get("/admin/users/" + user["id"])
        admin.submit(next(f for f in admin.page.forms if f.action.endswith("/password") and not f.has("password")))
        self.assertTrue(self.s.cli("user", "show", "forgot")["must_change_password"])
        admin.submit(next(f for f in admin.page.forms if f.action.endswith("/password") and not f.has("password")))
        self.assertFalse(self.s.cli("user", "show", "forgot")["must_change_password"])

    def test_a_person_new_in_the_console_chooses_their_own(self):
        admin = Browser(self.s)
        admin.login(self.w.admin)
        admin.get("/admin/new-user")
        admin.submit(admin.form("username"), username="fresh1", password="given by the office")
        self.assertTrue(self.s.cli("user", "show", "fresh1")["must_change_password"])

    def test_by_command_and_api(self):
        self.s.user("byhand")
        self.assertFalse(self.s.cli("user", "show", "byhand")["must_change_password"])
        self.s.cli("user", "edit", "byhand", "--must-change-password")
        self.assertTrue(self.s.cli("user", "show", "byhand")["must_change_password"])
        self.s.cli("user", "password", "byhand", "--password-stdin", stdin="a password of the machine's owner")
        self.assertFalse(self.s.cli("user", "show", "byhand")["must_change_password"])
        admin = self.w.whole(self.w.admin)
        person = self.s.cli("user", "show", "byhand")
        first = self.s.api("PUT", "/users/" + person["id"], admin, json={"password": "set over the wire now"})
        self.assertEqual(list(first.json()["errors"]), ["must_change_password"])  # said, so that nobody does it by a slip
        first = self.s.api("PUT", "/users/" + person["id"], admin, json={"password": "set over the wire now", "must_change_password": True})
        self.assertEqual(first.status_code, 204, first.text)
        self.assertTrue(self.s.api("GET", "/users/" + person["id"], admin).json()["must_change_password"])
        made = self.s.api("POST", "/users", admin, json={"username": "byapi", "password": "set over the wire now", "must_change_password": True})
        self.assertTrue(made.json()["must_change_password"])


if __name__ == "__main__":
    unittest.main()
