# SPDX-License-Identifier: MIT
"""What a hostile application, a hostile person and a hostile site try at the authorization endpoint, PAR, consent and logout: parameters
that break out of an answer, sealed texts of one kind used as another, races for one request, requests that are as large as they may be."""
import base64
import concurrent.futures
import json
import os
import re
import time
import unittest
import urllib.parse

from harness import CALLBACK, Browser, basic, query_of, world
from jwcrypto import jwk, jwt

EVIL = "\r\nSet-Cookie: a=b\r\n\r\n\"><script>alert(1)</script>\u2028'\\"


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.key = jwk.JWK.generate(kty="EC", crv="P-256", kid="h1", use="sig", alg="ES256")
        path = os.path.join(cls.s.scratch, "hostile-jwks.json")
        with open(path, "w") as f:
            json.dump({"keys": [json.loads(cls.key.export_public())]}, f)
        cls.s.cli("details", "add", "hostile", "--description", "Do a thing", "--fields", "amount:Amount")
        cls.issuer = cls.s.get("/.well-known/openid-configuration").json()["issuer"]
        cls.rp = cls.s.client("Hostile", "authorization_code", redirect=CALLBACK,
                              options=["--jwks", path, "--authorization-details-types", "hostile"])

    def sign(self, **claims):
        body = {"iss": self.rp.id, "aud": self.issuer, "client_id": self.rp.id, "response_type": "code", "redirect_uri": CALLBACK,
                "scope": "openid", "exp": int(time.time()) + 300, **claims}
        token = jwt.JWT(header={"alg": "ES256", "kid": "h1"}, claims=body)
        token.make_signed_token(self.key)
        return token.serialize()

    def push(self, **fields):
        fields = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", **fields}
        return self.s.post("/oauth/par", fields, headers={"Authorization": basic(self.rp.id, self.rp.secret)})

    def alive(self):
        self.assertEqual(self.s.get("/health/live").status_code, 200)

    # ---- out of the answer
    def test_RU_11_nothing_breaks_out_of_an_answer(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        for mode in ("query", "form_post", "jwt", "form_post.jwt"):
            for name in ("state", "nonce", "login_hint", "ui_locales", "display", "acr_values", "prompt", "max_age", "resource"):
                with self.subTest(mode=mode, name=name):
                    browser.get(browser.authorize_url(self.rp, request=self.sign(response_mode=mode, **{name: EVIL})))
                    if browser.outside is None and any(f.has("decision") for f in browser.page.forms):
                        browser.submit(browser.form("decision"), button=("decision", "allow"))
                    self.assertLess(browser.response.status_code, 500)
                    self.assertNotIn("a", browser.response.cookies.keys())
                    self.assertNotIn("<script>alert", browser.response.text)
                    if browser.outside:
                        self.assertTrue(browser.outside.startswith(CALLBACK + "?"), browser.outside)
                        self.assertNotIn("Set-Cookie", urllib.parse.unquote(browser.outside))
        self.alive()

    # ---- as large as may be
    def test_IN_01_the_largest_requests_end_in_an_answer(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        claims = json.dumps({"userinfo": {"email": {"values": ["\x07é" * 290]}, "name": None}})
        details = json.dumps([{"type": "hostile", "amount": "x" * 2900}])
        for fields in ({"state": "é" * 1024, "nonce": "n" * 1024, "claims": claims, "authorization_details": details},
                       {"state": "\u0001" * 2048, "nonce": "\u0001" * 1024, "response_mode": "jwt"},
                       {"state": "\u0001" * 2048, "response_mode": "form_post.jwt", "scope": " ".join("openid email profile".split() * 20)},
                       {"state": "%" * 2048}, {"scope": "openid " + "x" * 2030}, {"claims": "{" + " " * 4095},
                       {"authorization_details": json.dumps([{"type": "hostile", "amount": "\u0001" * 1300}])},
                       {"login_hint": "x" * 30000}, {"unknown": "x" * 31000}, {"prompt": "consent " * 1000}, {"max_age": "9" * 4000}):
            with self.subTest(fields={k: v[:20] for k, v in fields.items()}):
                pushed = self.push(**fields)
                self.assertLess(pushed.status_code, 500, pushed.text)
                if pushed.status_code != 201:
                    continue
                browser.get(browser.authorize_url(self.rp, request_uri=pushed.json()["request_uri"]))
                self.assertLess(browser.response.status_code, 500, browser.response.text)
                browser.go_on(self.w.alice)
                self.assertLess(browser.response.status_code, 500, browser.response.text)
                if browser.outside and "code" in query_of(browser.outside):
                    got = self.s.token(self.rp, "authorization_code", code=query_of(browser.outside)["code"], redirect_uri=CALLBACK)
                    self.assertEqual(got.status_code, 200, got.text)
        self.alive()

    # ---- one kind for another
    def test_AC_11_sealed_texts_of_one_kind_are_none_of_another(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.rp, scope="openid", prompt="login consent"))
        ticket = query_of(urllib.parse.unquote(browser.at.split("return_to=")[1]))["login_ticket"]
        browser.login(self.w.alice)
        pending = dict(browser.form("decision").fields)["pending"]
        csrf = dict(browser.form("decision").fields)["csrf"]
        uri = self.push().json()["request_uri"]
        cookie = next(c.value for c in browser.http.cookies if c.value.startswith("jtn_se_"))
        texts = {"ticket": ticket, "pending": pending, "pushed": uri.split(":")[-1], "session": cookie}
        for name, text in texts.items():
            with self.subTest(text=name):
                if name != "pending":
                    for path, field in (("/oauth/consent", "pending"), ("/oauth/device", "request"), ("/account/requests", "request")):
                        answer = browser.request("POST", path, data={"csrf": csrf, field: text, "decision": "allow"},
                                                 headers={"Origin": self.s.url})
                        self.assertEqual(answer.status_code, 400, path)
                else:
                    for path in ("/oauth/device", "/account/requests"):
                        answer = browser.request("POST", path, data={"csrf": csrf, "request": text, "decision": "allow"},
                                                 headers={"Origin": self.s.url})
                        self.assertEqual(answer.status_code, 400, path)
                self.assertEqual(self.s.token(self.rp, "authorization_code", code=text, redirect_uri=CALLBACK).status_code, 400)
                if name != "pushed":
                    browser.get(browser.authorize_url(self.rp, request_uri="urn:ietf:params:oauth:request_uri:" + text))
                    self.assertEqual((browser.outside, browser.response.status_code), (None, 400))
                if name != "session":
                    stranger = Browser(self.s)
                    stranger.http.headers["Cookie"] = "__Host-jeton=" + text
                    self.assertFalse(stranger.logged_in())
                if name == "ticket":  # what it proves, a login within the last minute, is true of any browser that logged in just now
                    continue
                other = Browser(self.s)
                other.login(self.w.alice)
                answer = other.get(other.authorize_url(self.rp, scope="openid", prompt="select_account", login_ticket=text))
                self.assertEqual(answer.status_code, 200)
                self.assertIsNone(other.outside)
                self.assertTrue(any(f.has("login_ticket") for f in other.page.forms), "the account page is asked")

    # ---- more than was agreed to
    def test_CO_01_nothing_comes_silently_that_was_not_agreed_to(self):
        browser = Browser(self.s)
        bare = self.s.client("Bare", "authorization_code", redirect=CALLBACK)
        self.assertIn("code", browser.authorize(bare, self.w.bob, scope="openid"))
        for more, error in (({}, None), ({"scope": None}, "consent_required"), ({"scope": "openid email"}, "consent_required"),
                            ({"claims": json.dumps({"userinfo": {"email": None}})}, "consent_required"),
                            ({"scope": "openid offline_access"}, "consent_required")):
            with self.subTest(more=more):
                answer = browser.authorize(bare, self.w.bob, **{"scope": "openid", "prompt": "none", **more})
                self.assertEqual(answer.get("error"), error)
        narrow = self.s.client("Narrow", "authorization_code", redirect=CALLBACK, scope="openid")
        answer = browser.authorize(narrow, self.w.bob, scope="openid",
                                   claims=json.dumps({"userinfo": {"email": None}, "id_token": {"name": None}}))  # AZ-15
        tokens = self.s.token(narrow, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        told = self.s.get("/oauth/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]}).json()
        self.assertEqual(set(told), {"sub"})
        part = tokens["id_token"].split(".")[1]
        self.assertNotIn("name", json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))

    # ---- races
    def test_PR_01_many_pages_of_one_request_give_one_code(self):
        uri = self.push(prompt="consent").json()["request_uri"]
        browser, forms = Browser(self.s), []
        browser.login(self.w.alice)
        for _ in range(8):
            browser.get(browser.authorize_url(self.rp, request_uri=uri))
            forms.append(dict(browser.form("decision").fields))

        def answer(form, decision):
            http = self.s.http()
            http.cookies.update(browser.http.cookies)
            r = http.post(self.s.url + "/oauth/consent", data={**form, "decision": decision}, headers={"Origin": self.s.url},
                          allow_redirects=False, timeout=20)
            return query_of(r.headers.get("Location", "")), r.status_code

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(answer, forms, ["allow", "deny"] * 4))
        self.assertEqual(sum("code" in q or "error" in q for q, _ in answers), 1, answers)
        self.assertTrue(all(status in (303, 400) for _, status in answers), answers)

    # ---- other sites
    def test_LS_06_no_form_is_taken_without_its_token(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        for path, data in (("/oauth/consent", {"pending": "x", "decision": "allow"}), ("/oauth/device", {"user_code": "BBBB-BBBB"}),
                           ("/account/requests", {"request": "x", "decision": "allow"}), ("/logout", {})):
            for more in ({}, {"csrf": ""}, {"csrf": "x" * 43}):
                answer = browser.request("POST", path, data={**data, **more}, headers={"Origin": self.s.url})
                self.assertEqual(answer.status_code, 400, path)
                self.assertTrue(re.search("expired", answer.text), path)
        self.assertTrue(browser.logged_in())
