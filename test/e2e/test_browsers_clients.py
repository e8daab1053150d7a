# SPDX-License-Identifier: MIT
"""What browser libraries and long-lived clients send: answers in the fragment for clients that are registered for it, preflights, the words of
the first request again at a refresh; and sid for those who hear of logouts alone."""
import base64
import json
import unittest
import urllib.parse

from harness import CALLBACK, Browser, World, pkce


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class BrowserClients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World(args=["--cors-origins", "https://spa.example"])
        cls.s = s = cls.w.server
        cls.spa = s.client("Spa", "authorization_code", redirect=CALLBACK, scope="openid read", options=["--public", "--response-modes", "query", "--response-modes", "fragment", "--response-modes", "fragment.jwt"])
        cls.rp = s.client("Rp", "authorization_code", redirect=CALLBACK, scope="openid email read offline_access")
        cls.hears = s.client("Hears", "authorization_code", redirect=CALLBACK, scope="openid", options=["--backchannel-logout-uri", "https://app.example/logout"])

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def answer(self, client, **more):
        verifier, challenge = pkce()
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.authorize(client, self.w.alice, code_challenge=challenge, code_challenge_method="S256", state="a b", **more)
        return verifier, urllib.parse.urlsplit(browser.outside or "")

    def test_AZ_09_fragment_for_who_is_registered_for_it(self):
        verifier, at = self.answer(self.spa, scope="openid", response_mode="fragment")
        self.assertEqual(at.query, "")
        told = dict(urllib.parse.parse_qsl(at.fragment))
        self.assertEqual((told["state"], told["iss"]), ("a b", self.s.url))
        got = self.s.token(self.spa, "authorization_code", auth="id", code=told["code"], code_verifier=verifier, redirect_uri=CALLBACK)
        self.assertEqual(got.status_code, 200, got.text)
        _, at = self.answer(self.spa, scope="write", response_mode="fragment")
        self.assertEqual(dict(urllib.parse.parse_qsl(at.fragment))["error"], "invalid_scope")  # errors go the same way
        _, at = self.answer(self.spa, scope="openid", response_mode="fragment.jwt")
        self.assertEqual(set(dict(urllib.parse.parse_qsl(at.fragment))), {"response"})
        _, at = self.answer(self.spa, scope="openid")
        self.assertIn("code", dict(urllib.parse.parse_qsl(at.query)))

    def test_AZ_09_fragment_for_nobody_else(self):
        _, at = self.answer(self.rp, scope="openid", response_mode="fragment")
        self.assertEqual((dict(urllib.parse.parse_qsl(at.query))["error"], at.fragment), ("invalid_request", ""))
        code, _, err = __import__("harness").run_cli(self.s.data, "client", "add", "--name", "Bank", "--grant", "authorization_code", "--redirect-uri", CALLBACK,
                                                     "--profile", "fapi2-security", "--auth-method", "private_key_jwt", "--response-modes", "fragment", "--jwks", "/dev/null")
        self.assertNotEqual(code, 0)
        self.assertIn("fragment", self.s.get("/.well-known/openid-configuration").json()["response_modes_supported"])

    def test_a_refresh_may_repeat_the_words_of_the_request(self):
        for asked in ("openid email nosuch", "openid email offline_access nosuch"):
            tokens = self.s.tokens(self.rp, self.w.alice, scope=asked)
            again = self.s.token(self.rp, "refresh_token", refresh_token=tokens["refresh_token"], scope=asked)
            self.assertEqual(again.status_code, 200, again.text)
            self.assertEqual(again.json()["scope"], tokens["scope"])
            tokens = again.json()
            for wider in ("openid email read", "read", "nosuch", "openid view-users"):  # RF-06
                answer = self.s.token(self.rp, "refresh_token", refresh_token=tokens["refresh_token"], scope=wider)
                self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_scope"), wider)

    def test_sid_for_who_hears_of_logouts(self):
        self.assertNotIn("sid", claims(self.s.tokens(self.rp, self.w.alice, scope="openid")["id_token"]))
        self.assertTrue(claims(self.s.tokens(self.hears, self.w.alice, scope="openid")["id_token"])["sid"])

    def test_claims_where_applications_look(self):
        options = {"scopes": {"name", "preferred_username", "email", "email_verified", "updated_at"}, "email name nickname": {"email", "name"}, None: set()}
        usual = {"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "at_hash", "session_hint"}
        for listed, told in options.items():
            more = ["--id-token-claims", listed] if listed else []
            client = self.s.client("Claims %s" % listed, "authorization_code", redirect=CALLBACK, scope="openid profile email", options=more)
            got = claims(self.s.tokens(client, self.w.alice, scope="openid profile email")["id_token"])
            self.assertEqual(set(got) - usual, told, listed)
            narrow = claims(self.s.tokens(client, self.w.alice, scope="openid")["id_token"])
            self.assertEqual(set(narrow) - usual, set(), listed)  # as far as the scope goes
            asked = claims(self.s.tokens(client, self.w.alice, scope="openid profile", claims=json.dumps({"id_token": {"nickname": None, "email": None}}))["id_token"])
            self.assertIn("email", asked)
        self.assertEqual(__import__("harness").run_cli(self.s.data, "client", "edit", client.id, "--id-token-claims", "password")[0], 2)

    def test_a_hint_without_sid_still_logs_out(self):
        self.s.cli("client", "edit", self.rp.id, "--post-logout-redirect-uri", "https://app.example/bye")
        browser = Browser(self.s)
        browser.login(self.w.bob)
        code = browser.authorize(self.rp, self.w.bob, scope="openid")["code"]
        token = self.s.token(self.rp, "authorization_code", code=code, redirect_uri=CALLBACK).json()["id_token"]
        browser.get("/oauth/logout?" + urllib.parse.urlencode({"id_token_hint": token, "post_logout_redirect_uri": "https://app.example/bye"}))
        self.assertEqual(browser.outside, "https://app.example/bye")
        self.assertFalse(browser.logged_in())

    # ---- CORS
    def options(self, path, origin, asked=None):
        with self.s.http() as http:
            return http.options(self.s.url + path, headers={"Origin": origin, "Access-Control-Request-Method": "POST", **({"Access-Control-Request-Headers": asked} if asked else {})}, timeout=20)

    def test_TE_13_preflights_answer_what_they_are_asked(self):
        asked = "Authorization,content-type, MCP-Protocol-Version ,x-evil,dpop"
        allowed = [h.strip().lower() for h in self.options("/oauth/token", "https://spa.example", asked).headers["Access-Control-Allow-Headers"].split(",")]
        self.assertEqual(allowed, ["authorization", "content-type", "mcp-protocol-version", "dpop"])
        self.assertIn("mcp-protocol-version", self.options("/api/1.0/users/me", "https://spa.example").headers["Access-Control-Allow-Headers"])
        self.assertNotIn("Access-Control-Allow-Headers", self.options("/oauth/token", "https://spa.example", "x-evil").headers)
        self.assertNotIn("Access-Control-Allow-Origin", self.options("/oauth/token", "https://other.example", asked).headers)
        self.assertNotIn("Access-Control-Allow-Origin", self.options("/oauth/introspect", "https://spa.example", asked).headers)

    def test_TE_13_public_documents_are_for_any_page(self):
        for path in ("/oauth/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/api/1.0/openapi.json"):
            answer = self.options(path, "https://anybody.example", "x-anything, mcp-protocol-version")
            self.assertEqual((answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Headers"]), ("*", "x-anything, mcp-protocol-version"), path)
            evil = self.options(path, "https://anybody.example", "a b, c:d, x-ok")
            self.assertEqual(evil.headers["Access-Control-Allow-Headers"], "x-ok")


if __name__ == "__main__":
    unittest.main()
