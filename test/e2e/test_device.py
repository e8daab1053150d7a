# SPDX-License-Identifier: MIT
"""Device authorization (RFC 8628) with a person's browser of plain forms (DV-01..DV-06)."""
import concurrent.futures
import re
import unittest
import urllib.parse

from harness import Browser, World, remember

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Device(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World(env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_POLL_INTERVAL": "2"})
        cls.s = cls.w.server
        cls.tv = cls.s.client("Tele & Vision", "device_code", scope="read write", options=["--public"])
        cls.box = cls.s.client("Box", "device_code", scope="read", options=["--no-refresh"])

    def ask(self, client=None, **fields):
        client = client or self.tv
        answer = self.s.post("/oauth/device/code", {"client_id": client.id, **({"client_secret": client.secret} if client.secret else {}), **fields})
        self.assertEqual(answer.status_code, 200, answer.text)
        remember(answer.json()["device_code"])
        return answer.json()

    def poll(self, device, client=None, **fields):
        client = client or self.tv
        return self.s.token(client, GRANT, auth="post" if client.secret else "id", device_code=device["device_code"], **fields)

    def refused(self, answer, error, status=400):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)

    def browser(self, person=None):
        browser = Browser(self.s)
        browser.login(person or self.w.alice)
        return browser

    def confirm(self, browser, device, decision="allow"):
        browser.get("/oauth/device")
        browser.submit(browser.form("user_code"), user_code=device["user_code"].lower().replace("-", " "))
        self.assertIn(device["user_code"], "".join(browser.page.text))
        browser.submit(browser.form("decision"), button=("decision", decision))
        self.assertEqual(browser.response.status_code, 200, browser.response.text)

    def test_a_device_gets_its_tokens(self):
        device = self.ask(scope="read")
        self.assertEqual(set(device), {"device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"})
        self.assertRegex(device["user_code"], r"^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$")
        self.assertGreaterEqual(len(device["device_code"]), 64)
        self.assertEqual((device["verification_uri"], device["expires_in"], device["interval"]), (self.s.url + "/oauth/device", 600, 2))
        self.refused(self.poll(device), "authorization_pending")
        self.refused(self.poll(device), "slow_down")  # DV-02
        self.confirm(self.browser(), device)
        answer = self.poll(device, scope="read write")
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["scope"], "read")  # DV-04
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(self.s.api("GET", "/users/me", answer.json()["access_token"]).json()["id"], self.w.alice.id)
        self.assertEqual(self.s.token(self.tv, "refresh_token", auth="id", refresh_token=answer.json()["refresh_token"]).status_code, 200)
        self.refused(self.poll(device), "invalid_grant")  # DV-05

    def test_login_on_the_way_comes_back_to_the_confirmation(self):
        device = self.ask(scope="read write")
        browser = Browser(self.s)
        browser.get(device["verification_uri_complete"])
        self.assertIn("/login", browser.at)
        browser.login(self.w.bob)
        text = "".join(browser.page.text)
        for shown in (device["user_code"], "Tele & Vision", "Read your documents", "Change your documents", "bob", "127.0.0.1", "UTC"):
            self.assertIn(shown, text.replace("::1", "127.0.0.1"))  # DV-03; either loopback family
        self.assertEqual({"allow", "deny"} & set(browser.page.ids), {"allow", "deny"})
        self.refused(self.poll(device), "authorization_pending")  # DV-06: looking approves nothing
        browser.submit(browser.form("decision"), button=("decision", "allow"))
        self.assertIn("can close this page", "".join(browser.page.text))
        self.assertEqual(self.poll(device).status_code, 200)

    def test_a_no_is_told(self):
        device = self.ask()
        self.confirm(self.browser(), device, "deny")
        self.refused(self.poll(device), "access_denied")

    def test_approval_needs_login_and_csrf(self):
        device = self.ask()
        browser = self.browser()
        browser.get(device["verification_uri_complete"])
        form = browser.form("decision")
        browser.submit(form, button=("decision", "allow"), csrf="x")
        self.assertEqual(browser.response.status_code, 400)
        browser.submit(form, button=("decision", "allow"), headers={"Origin": "https://evil.example"})
        self.assertEqual(browser.response.status_code, 400)
        stranger = Browser(self.s)
        stranger.get("/oauth/device")
        fields = dict(form.fields)
        stranger.request("POST", self.s.url + "/oauth/device", data={**fields, "decision": "allow"}, headers={"Origin": self.s.url})
        self.refused(self.poll(device), "authorization_pending")

    def test_the_shown_request_is_the_decided_one(self):
        first, second = self.ask(), self.ask()
        browser = self.browser()
        browser.get(first["verification_uri_complete"])
        browser.submit(browser.form("decision"), button=("decision", "allow"), user_code=second["user_code"])
        self.assertEqual(self.poll(first).status_code, 200)
        self.refused(self.poll(second), "authorization_pending")

    def test_wrong_codes_are_slowed_down(self):
        person = self.s.user("guesser")
        browser = self.browser(person)
        for _ in range(5):
            browser.get("/oauth/device?user_code=BBBB-BBBB")
            self.assertEqual(browser.response.status_code, 404)
            self.assertIn("error", browser.page.ids)
        browser.get("/oauth/device?user_code=" + self.ask()["user_code"])
        self.assertEqual(browser.response.status_code, 429)
        self.assertGreater(int(browser.response.headers["Retry-After"]), 20)

    def test_one_of_many_pollers_wins(self):
        device = self.ask(self.box)
        self.confirm(self.browser(), device)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.poll(device, self.box).status_code, range(16)))
        self.assertEqual(answers.count(200), 1, answers)

    def test_a_person_blocked_in_between_gets_nothing(self):
        person = self.s.user("victim")
        device = self.ask()
        self.confirm(self.browser(person), device)
        self.s.cli("user", "block", "victim")
        self.refused(self.poll(device), "invalid_grant")

    def test_who_may_not(self):
        self.assertEqual(self.s.post("/oauth/device/code", {"client_id": self.w.web.id}).json()["error"], "invalid_client")  # CA-01
        self.refused(self.s.post("/oauth/device/code", {"client_id": self.w.native.id}), "unauthorized_client")
        self.refused(self.s.post("/oauth/device/code", {"client_id": self.tv.id, "scope": "nosuch"}), "invalid_scope")
        self.assertEqual(self.s.get("/oauth/device/code").status_code, 405)
        self.refused(self.s.token(self.tv, GRANT, auth="id"), "invalid_request")
        self.refused(self.s.token(self.tv, GRANT, auth="id", device_code="x"), "invalid_grant")
        device = self.ask()
        self.refused(self.s.token(self.box, GRANT, device_code=device["device_code"]), "invalid_grant")

    def test_the_picture(self):
        device = self.ask()
        answer = self.s.get("/oauth/device/qr.svg?" + urllib.parse.urlencode({"user_code": device["user_code"]}))
        self.assertEqual((answer.status_code, answer.headers["Content-Type"], answer.headers["Cache-Control"]), (200, "image/svg+xml", "no-store"))
        self.assertTrue(re.match(r"<svg [^>]*>", answer.text))
        self.assertNotIn("script", answer.text)
        self.assertEqual(self.s.get("/oauth/device/qr.svg").status_code, 200)
        self.assertEqual(self.s.get("/oauth/device/qr.svg?user_code=%3Cscript%3E").status_code, 400)

    def test_the_metadata_names_it(self):
        for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
            body = self.s.get(path).json()
            self.assertEqual(body["device_authorization_endpoint"], self.s.url + "/oauth/device/code")
            self.assertIn(GRANT, body["grant_types_supported"])


if __name__ == "__main__":
    unittest.main()
