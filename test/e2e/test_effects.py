# SPDX-License-Identifier: MIT
"""What a block, a password change, a deletion and a disabled client end, at once, and what stays ended (contract 7; RF-08, LS-05, TE-06)."""
import secrets
import unittest

from harness import CALLBACK, Browser, World, world


class Effects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server

    def setUp(self):
        self.person = self.s.user("p" + secrets.token_hex(6))
        self.browser = Browser(self.s)
        self.browser.login(self.person)
        self.assertTrue(self.browser.logged_in())
        self.pat = self.person.pat()
        self.code = self.s.code(self.w.web, self.person)
        self.first = self.w.password_tokens(self.person)
        self.second = self.s.tokens(self.w.web, self.person)

    def pat_works(self):
        return self.s.api("GET", "/users/me", self.pat).status_code == 200

    def assert_ended(self):
        for client, tokens in ((self.w.trusted, self.first), (self.w.web, self.second)):
            self.assertEqual(self.s.introspect(self.w.service, tokens["access_token"]).json(), {"active": False})
            self.assertEqual(self.s.api("GET", "/users/me", tokens["access_token"]).status_code, 401)
            answer = self.s.token(client, "refresh_token", refresh_token=tokens["refresh_token"])
            self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"))
        answer = self.s.token(self.w.web, "authorization_code", code=self.code, redirect_uri=CALLBACK)  # AC-08
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"))
        self.assertFalse(self.browser.logged_in())

    def test_block_ends_all_and_unblock_revives_only_personal_tokens(self):
        self.s.cli("user", "block", self.person.name)
        self.assert_ended()
        self.assertFalse(self.pat_works())
        answer = self.s.token(self.w.trusted, "password", username=self.person.name, password=self.person.password)  # TE-06
        wrong = self.s.token(self.w.trusted, "password", username=self.person.name, password="wrong")
        self.assertEqual((answer.status_code, answer.json()), (wrong.status_code, wrong.json()))  # LS-11
        self.browser.login(self.person)
        self.assertFalse(self.browser.logged_in())
        self.s.cli("user", "unblock", self.person.name)
        self.assert_ended()
        self.assertTrue(self.pat_works())
        self.w.password_tokens(self.person)

    def test_removal_ends_all(self):
        self.s.cli("user", "remove", self.person.name)
        self.assert_ended()
        self.assertFalse(self.pat_works())
        answer = self.s.token(self.w.trusted, "password", username=self.person.name, password=self.person.password)
        self.assertEqual(answer.json()["error"], "invalid_grant")

    def test_password_change_leaves_personal_tokens(self):
        self.s.cli("user", "password", self.person.name, "--password-stdin", stdin="another long one 42")
        self.assert_ended()
        self.assertTrue(self.pat_works())
        self.assertEqual(self.s.token(self.w.trusted, "password", username=self.person.name, password=self.person.password).status_code, 400)
        self.assertEqual(self.s.token(self.w.trusted, "password", username=self.person.name, password="another long one 42").status_code, 200)

    def test_LS_13_own_password_change_needs_the_current_one(self):
        b = self.browser
        b.get("/account/password")
        form = next(f for f in b.page.forms if sum(k == "password" for k in f.types.values()) >= 2)
        names = [n for n, kind in form.types.items() if kind == "password"]
        current = next(n for n in names if "current" in n or "old" in n)
        fresh = {n: "a fresh and long one 42" for n in names if n != current}
        b.submit(form, **{current: "wrong", **fresh})
        self.assertIn("rror", b.response.text)
        self.w.password_tokens(self.person)
        b.get("/account/password")
        b.submit(form if form.fields == [] else next(f for f in b.page.forms if sum(k == "password" for k in f.types.values()) >= 2),
                 **{current: self.person.password, **fresh})
        self.assertEqual(self.s.token(self.w.trusted, "password", username=self.person.name, password="a fresh and long one 42").status_code, 200)
        self.assertEqual(self.s.api("GET", "/users/me", self.first["access_token"]).status_code, 401)

    def test_disabled_client_ends_its_tokens_for_good(self):
        client = self.s.client("Disabled " + self.person.name, "authorization_code", "password", "client_credentials", redirect=CALLBACK)
        own = self.s.token(client, "client_credentials").json()["access_token"]
        tokens = self.s.tokens(client, self.person)
        code = self.s.code(client, self.person)
        self.s.cli("client", "disable", client.id)
        for grant in ("client_credentials", "refresh_token"):  # CA-15
            self.assertEqual(self.s.token(client, grant, refresh_token=tokens["refresh_token"]).json()["error"], "invalid_client")
        for token in own, tokens["access_token"]:
            self.assertFalse(self.s.active(self.w.service, token))
        self.assertEqual(self.s.introspect(client, own).status_code, 401)
        self.s.cli("client", "enable", client.id)
        for token in own, tokens["access_token"]:
            self.assertFalse(self.s.active(self.w.service, token))
        self.assertEqual(self.s.token(client, "refresh_token", refresh_token=tokens["refresh_token"]).json()["error"], "invalid_grant")
        self.assertEqual(self.s.token(client, "authorization_code", code=code, redirect_uri=CALLBACK).json()["error"], "invalid_grant")
        self.assertEqual(self.s.token(client, "client_credentials").status_code, 200)
        self.assertTrue(self.pat_works())

    def test_PT_02_demoted_owner(self):
        admin = self.s.user("d" + secrets.token_hex(5), "--admin")
        pat = admin.pat()
        self.assertEqual(self.s.api("GET", "/clients", pat).status_code, 200)
        answer = self.s.api("PUT", "/users/" + admin.id, self.w.whole(self.w.admin), json={"admin": False})
        self.assertEqual(answer.status_code, 204, answer.text)
        self.assertEqual(self.s.api("GET", "/clients", pat).status_code, 403)

    def test_LO_logout_ends_the_session_on_the_server(self):
        cookies = {c.name: c.value for c in self.browser.http.cookies}
        self.browser.get("/account")
        form = next(f for f in self.browser.page.forms if f.action.endswith("/logout"))
        self.browser.submit(form)
        again = Browser(self.s)
        for name, value in cookies.items():
            again.http.cookies.set(name, value, domain="localhost.local", path="/", secure=True)
        answer = again.http.get(self.s.url + "/account", headers={"Cookie": "; ".join("%s=%s" % kv for kv in cookies.items())}, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)  # LS-04

    def test_expired_tokens(self):
        import time
        w = World(env={"JETON_ACCESS_LIFETIME": "1", "JETON_REFRESH_LIFETIME": "2", "JETON_REFRESH_GRACE": "0"})
        pat = w.server.cli("pat", "add", "alice", "--name", "x", "--expires-in", "1")["token"]
        tokens = w.password_tokens()
        self.assertEqual(tokens["expires_in"], 1)
        time.sleep(3.1)  # the wall clock's own pace: the daemon has no clock to set
        for token in tokens["access_token"], pat:
            self.assertEqual(w.server.introspect(w.service, token).json(), {"active": False})
            answer = w.server.api("GET", "/users/me", token)
            self.assertEqual(answer.status_code, 401)
            self.assertIn("expired", answer.json()["message"].lower())
        answer = w.server.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"])
        self.assertEqual(answer.json()["error"], "invalid_grant")
        w.server.stop()


if __name__ == "__main__":
    unittest.main()
