# SPDX-License-Identifier: MIT
"""Authorization requests of OpenID Connect and the modern profile over HTTPS, with jwcrypto as the client's signer and the judge of ours:
prompts, form_post, JARM, request objects, PAR, RAR, discovery (AZ, PR, MD, CO)."""
import json
import os
import time
import unittest
import urllib.parse

from harness import CALLBACK, Browser, basic, pkce, query_of, world
from jwcrypto import jwk, jwt

CONTENT = "[{\"type\":\"payment\",\"actions\":[\"initiate\"],\"amount\":\"12 <EUR>\"}]"


class Authorize(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.key = jwk.JWK.generate(kty="EC", crv="P-256", kid="k1", use="sig", alg="ES256")
        path = os.path.join(cls.s.scratch, "authorize-jwks.json")
        with open(path, "w") as f:
            json.dump({"keys": [json.loads(cls.key.export_public())]}, f)
        cls.s.cli("details", "add", "payment", "--description", "Pay from your account", "--fields", "amount:Amount")
        cls.meta = cls.s.get("/.well-known/openid-configuration").json()
        cls.rp = cls.s.client("Relying Party", "authorization_code", redirect=CALLBACK,
                              options=["--jwks", path, "--authorization-details-types", "payment"])

    def keys(self):
        return jwk.JWKSet.from_json(self.s.get("/oauth/jwks").text)

    def ask(self, browser=None, person=None, **parameters):
        parameters.setdefault("scope", "openid")
        return (browser or Browser(self.s)).authorize(self.rp, person or self.w.alice, **parameters)

    def sign(self, more=None, header=None, **claims):
        body = {"iss": self.rp.id, "aud": self.meta["issuer"], "client_id": self.rp.id, "response_type": "code", "redirect_uri": CALLBACK,
                "scope": "openid", "state": "inner", "exp": int(time.time()) + 300, **claims, **(more or {})}
        token = jwt.JWT(header={"alg": "ES256", "kid": "k1", **(header or {})}, claims={k: v for k, v in body.items() if v is not None})
        token.make_signed_token(self.key)
        return token.serialize()

    def push(self, client=None, **fields):
        client = client or self.rp
        fields = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": "pushed", **fields}
        return self.s.post("/oauth/par", {k: v for k, v in fields.items() if v is not None},
                           headers={"Authorization": basic(client.id, client.secret)})

    # ---- OpenID Connect Core 3.1.2.1
    def test_openid_scopes_of_a_client_without_a_list(self):
        answer = self.ask(scope="openid email nosuch offline_access", state="s")
        tokens = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        self.assertEqual(tokens["scope"], "openid email offline_access")
        self.assertIn("id_token", tokens)
        self.assertEqual((answer["state"], answer["iss"]), ("s", self.meta["issuer"]))

    def test_nonce_and_claims_reach_the_id_token(self):
        answer = self.ask(nonce="n-0S6_WzA2Mj", claims=json.dumps({"id_token": {"email": {"essential": True}}}))
        tokens = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        told = json.loads(jwt.JWT(jwt=tokens["id_token"], key=self.keys()).claims)
        self.assertEqual((told["nonce"], told["email"], told["acr"]), ("n-0S6_WzA2Mj", "alice@example.org", self.meta["acr_values_supported"][0]))

    def test_errors_go_to_the_client_before_any_login(self):
        for more, error in (({"response_type": "token"}, "unsupported_response_type"), ({"response_type": None}, "invalid_request"),
                            ({"registration": "{}"}, "registration_not_supported"), ({"claims": "x"}, "invalid_request"),
                            ({"response_mode": "fragment"}, "invalid_request"), ({"prompt": "none"}, "login_required"),
                            ({"id_token_hint": "x"}, "invalid_request"), ({"authorization_details": "x"}, "invalid_authorization_details"),
                            ({"scope": "openid view-users"}, "invalid_scope"),
                            ({"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": "x"}}})}, "unmet_authentication_requirements")):
            with self.subTest(more=more):
                answer = self.ask(state="s t", **more)
                self.assertEqual((answer.get("error"), answer.get("state"), answer.get("iss")), (error, "s t", self.meta["issuer"]))

    def test_RU_05_openid_without_redirect_uri_is_a_page(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.rp, scope="openid", redirect_uri=None))
        self.assertEqual((browser.outside, browser.response.status_code), (None, 400))

    def test_login_hint_fills_the_login_form(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.rp, scope="openid", login_hint='bob"><script>'))
        form = browser.form("password")
        self.assertEqual(dict(form.fields)["username"], 'bob"><script>')
        self.assertEqual([browser.page.ids.get(i) for i in ("username", "password", "login")], ["input", "input", "button"])

    def test_consent_page_has_buttons_that_a_script_finds(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.rp, scope="openid email", prompt="consent"))
        browser.login(self.w.alice)
        self.assertEqual([browser.page.ids.get(i) for i in ("allow", "deny")], ["button", "button"])
        self.assertIn("See your e-mail address", "".join(browser.page.text))

    def test_AZ_12_max_age_and_prompt_login_ask_for_the_password(self):
        browser = Browser(self.s)
        self.ask(browser)
        for more in ({"max_age": "0"}, {"prompt": "login"}):
            browser.get(browser.authorize_url(self.rp, scope="openid", **more))
            self.assertTrue(any(f.has("password") for f in browser.page.forms), more)
            self.assertIn("code", browser.go_on(self.w.alice))
        self.assertIn("code", self.ask(browser, max_age="10000", prompt="none"))

    def test_select_account_goes_on_or_changes(self):
        browser = Browser(self.s)
        self.ask(browser)
        browser.get(browser.authorize_url(self.rp, scope="openid", prompt="select_account", state="a"))
        self.assertEqual((browser.page.ids.get("continue"), browser.page.ids.get("other")), ("button", "a"))
        browser.submit(browser.form("login_ticket"))
        self.assertIn("code", browser.go_on(self.w.alice))
        browser.get(browser.authorize_url(self.rp, scope="openid", prompt="select_account", state="b"))
        link = next(a["href"] for tag, a in browser.page.tags if a.get("id") == "other")
        browser.get(link)
        answer = browser.go_on(self.w.bob)
        self.assertEqual(answer["state"], "b")
        tokens = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        self.assertEqual(json.loads(jwt.JWT(jwt=tokens["id_token"], key=self.keys()).claims)["sub"], self.w.bob.id)

    def test_AZ_14_hints(self):
        browser = Browser(self.s)
        answer = self.ask(browser)
        hint = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()["id_token"]
        self.assertIn("code", self.ask(browser, prompt="none", id_token_hint=hint))
        bobs = Browser(self.s)
        self.ask(bobs, self.w.bob)
        self.assertEqual(self.ask(bobs, prompt="none", id_token_hint=hint)["error"], "login_required")
        self.assertEqual(self.ask(browser, prompt="none", id_token_hint=hint[:-4] + "AAAA")["error"], "invalid_request")

    # ---- response modes
    def fields(self, browser):
        form = next(f for f in browser.page.forms if f.action == CALLBACK)
        self.assertEqual(form.method, "post")
        return dict(form.fields)

    def test_AZ_10_form_post_is_escaped_and_kept_by_nobody(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        for more in ({}, {"claims": "x"}):
            self.ask(browser, response_mode="form_post", state='"><script>alert(1)</script>', **more)
            told = self.fields(browser)
            self.assertEqual(told["state"], '"><script>alert(1)</script>')
            self.assertIn("error" if more else "code", told)
            self.assertNotIn("<script>alert", browser.response.text)
            self.assertEqual(browser.response.headers["Cache-Control"], "no-store")
            policy = browser.response.headers["Content-Security-Policy"]
            self.assertIn("form-action 'self' https://app.example", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(browser.page.ids.get("continue"), "button")

    def test_JARM_says_the_same_signed(self):
        for mode in ("jwt", "query.jwt"):
            answer = self.ask(response_mode=mode, state="s")
            self.assertEqual(set(answer), {"response"})
            told = json.loads(jwt.JWT(jwt=answer["response"], key=self.keys()).claims)
            self.assertEqual((told["iss"], told["aud"], told["state"]), (self.meta["issuer"], self.rp.id, "s"))
            self.assertIn("code", told)
        told = json.loads(jwt.JWT(jwt=self.ask(response_mode="jwt", prompt="none")["response"], key=self.keys()).claims)
        self.assertEqual(told["error"], "login_required")

    # ---- request objects
    def test_AZ_17_the_object_counts_and_nothing_beside_it(self):
        answer = self.ask(scope="openid email", state="outer", request=self.sign())
        self.assertEqual(answer["state"], "inner")
        tokens = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        self.assertEqual(tokens["scope"], "openid")

    def test_AZ_17_wrong_objects(self):
        none = ".".join(("eyJhbGciOiJub25lIn0", self.sign().split(".")[1], ""))
        for what, error in ((self.sign()[:-6] + "AAAAAA", "invalid_request_object"), (none, "request_not_supported"),
                            (self.sign(aud="https://other.example"), "invalid_request_object"), (self.sign(iss="x"), "invalid_request_object"),
                            (self.sign(exp=1), "invalid_request_object"), (self.sign(client_id="x"), "invalid_request_object"),
                            (self.sign(exp=int(time.time()) + 7200), "invalid_request_object"), ("a.b.c.d.e", "invalid_request_object"),
                            (self.sign(response_type="token"), "unsupported_response_type")):
            with self.subTest(error=error, what=what[:30]):
                self.assertEqual(self.ask(request=what)["error"], error)

    def test_AZ_18_an_address_that_nobody_registered(self):
        self.assertEqual(self.ask(request_uri="https://localhost:%d/oauth/jwks" % self.s.port)["error"], "invalid_request_uri")

    # ---- PAR
    def test_PR_01_pushed_once(self):
        pushed = self.push()
        self.assertEqual((pushed.status_code, pushed.headers["Cache-Control"]), (201, "no-store"), pushed.text)
        self.assertTrue(5 <= pushed.json()["expires_in"] <= 599)
        uri = pushed.json()["request_uri"]
        browser = Browser(self.s)
        front = {"response_type": None, "redirect_uri": None, "scope": None, "request_uri": uri}
        browser.get(browser.authorize_url(self.rp, **front))
        self.assertNotIn("pushed", browser.at)  # PR-04
        browser.get(browser.authorize_url(self.rp, **front))  # looked at twice, ended once
        answer = browser.go_on(self.w.alice)
        self.assertEqual(answer["state"], "pushed")
        browser.get(browser.authorize_url(self.rp, **front))
        self.assertEqual((browser.outside, browser.response.status_code), (None, 400))
        self.assertEqual(self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).status_code, 200)

    def test_PR_02_pushed_wrongly(self):
        for more, error in (({"redirect_uri": "https://evil.example/"}, "invalid_request"), ({"scope": "nosuch"}, "invalid_scope"),
                            ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
                            ({"response_type": "token"}, "unsupported_response_type"), ({"request": "x"}, "invalid_request_object")):
            with self.subTest(more=more):
                answer = self.push(**more)
                self.assertEqual((answer.status_code, answer.json()["error"]), (400, error))
        self.assertEqual(self.s.post("/oauth/par", {"client_id": self.rp.id, "response_type": "code"}).status_code, 401)
        self.assertEqual(self.s.get("/oauth/par").status_code, 405)

    def test_PR_05_what_the_front_channel_adds_is_ignored(self):
        uri = self.push().json()["request_uri"]
        answer = self.ask(scope="openid email", state="front", request_uri=uri, redirect_uri="https://evil.example/")
        self.assertEqual(answer["state"], "pushed")

    def test_a_signed_object_may_be_pushed(self):
        uri = self.push(response_type=None, redirect_uri=None, scope=None, state=None, request=self.sign()).json()["request_uri"]
        self.assertEqual(self.ask(request_uri=uri)["state"], "inner")

    # ---- RAR
    def test_details_are_told_in_words_and_given_back(self):
        browser = Browser(self.s)
        for _ in range(2):  # asked every time
            browser.get(browser.authorize_url(self.rp, scope="openid", authorization_details=CONTENT))
            if any(f.has("password") for f in browser.page.forms):
                browser.login(self.w.alice)
            text = "".join(browser.page.text)
            for words in ("Pay from your account", "It may", "initiate", "Amount", "12 <EUR>"):
                self.assertIn(words, text)
            self.assertNotIn("<EUR>", browser.response.text)
            answer = browser.go_on(self.w.alice)
        tokens = self.s.token(self.rp, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        self.assertEqual(tokens["authorization_details"], json.loads(CONTENT))

    # ---- discovery
    def test_MD_01_MD_03_what_is_told_is_there(self):
        self.assertEqual(self.meta, self.s.get("/.well-known/oauth-authorization-server").json())
        for name, value in self.meta.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                self.assertIn(self.s.get(urllib.parse.urlsplit(value).path).status_code, (200, 303, 400, 401, 405), name)
        self.assertIn("payment", self.meta["authorization_details_types_supported"])
        self.assertIn("RS256", self.meta["id_token_signing_alg_values_supported"])
        self.assertNotIn("none", self.meta["request_object_signing_alg_values_supported"])
        self.assertEqual(set(self.meta["response_modes_supported"]), {"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"})
        self.assertNotIn("require_pushed_authorization_requests", self.meta)
        self.assertEqual(self.s.get("/.well-known/openid-configuration/tenant").status_code, 404)

    def test_fapi2_client_from_push_to_code(self):
        client = self.s.client("Bank", "authorization_code", redirect=CALLBACK,
                               options=["--auth-method", "private_key_jwt", "--jwks", os.path.join(self.s.scratch, "authorize-jwks.json"),
                                        "--profile", "fapi2-message-signing"])
        _, challenge = pkce()
        now = int(time.time())

        def assertion():
            token = jwt.JWT(header={"alg": "ES256", "kid": "k1"},
                            claims={"iss": client.id, "sub": client.id, "aud": self.meta["issuer"], "exp": now + 60, "jti": os.urandom(8).hex()})
            token.make_signed_token(self.key)
            return {"client_id": client.id, "client_assertion": token.serialize(),
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}

        asked = {"iss": client.id, "client_id": client.id, "nbf": now - 5, "response_mode": "jwt", "code_challenge": challenge,
                 "code_challenge_method": "S256", "nonce": "n"}
        refused = [self.s.post("/oauth/par", {**assertion(), "request": self.sign(**{**asked, **wrong})}).json().get("error")
                   for wrong in ({"nbf": None}, {"nbf": now - 3700}, {"response_mode": None}, {"code_challenge": None}, {"exp": None})]
        self.assertEqual(refused, ["invalid_request_object", "invalid_request_object", "invalid_request", "invalid_request",
                                   "invalid_request_object"])
        pushed = self.s.post("/oauth/par", {**assertion(), "request": self.sign(**asked)})
        self.assertEqual(pushed.status_code, 201, pushed.text)
        browser = Browser(self.s)
        answer = browser.authorize(client, self.w.alice, response_type=None, redirect_uri=None, request_uri=pushed.json()["request_uri"])
        told = jwt.JWT(jwt=answer["response"], key=self.keys())
        self.assertEqual(json.loads(told.header)["alg"], "ES256")
        self.assertIn("code", json.loads(told.claims))
        browser.get(browser.authorize_url(client, scope="openid"))  # not pushed
        self.assertEqual(json.loads(jwt.JWT(jwt=query_of(browser.outside)["response"], key=self.keys()).claims)["error"], "invalid_request")


if __name__ == "__main__":
    unittest.main()
