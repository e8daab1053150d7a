# SPDX-License-Identifier: MIT
"""Authorization requests, redirect URIs, PKCE, codes, consent (AZ, RU, PK, AC, CO)."""
import json
import os
import unittest
import urllib.parse

from harness import CALLBACK, E2E, Browser, Client, pkce, query_of, world


class CodeFlow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.meta = cls.s.get("/.well-known/oauth-authorization-server").json()

    def redeem(self, client, code, auth=None, **fields):
        fields.setdefault("redirect_uri", client.redirect)
        return self.s.token(client, "authorization_code", auth=auth or ("basic" if client.secret else "id"), code=code, **fields)

    def error_page(self, browser):
        self.assertIsNone(browser.outside)
        self.assertGreaterEqual(browser.response.status_code, 400)
        self.assertNotIn("Location", browser.response.headers)
        self.assertIn("Error:", browser.response.text)
        self.assertIn("error", browser.page.ids)
        self.assertIn("text/html", browser.response.headers["Content-Type"])

    def invalid_grant(self, answer):
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"), answer.text)

    # ---- the whole way
    def test_whole_flow(self):
        w = self.w
        browser = Browser(self.s)
        answer = browser.authorize(w.web, w.alice, scope="read", state="abc")
        self.assertEqual((answer["state"], answer["iss"]), ("abc", self.meta["issuer"]))  # AZ-07
        self.assertTrue(browser.outside.startswith(CALLBACK + "?"))
        tokens = self.redeem(w.web, answer["code"])
        self.assertEqual(tokens.status_code, 200, tokens.text)
        self.assertEqual(tokens.json()["scope"], "read")
        self.assertRegex(answer["code"], r"^jtn_ac_[A-Za-z0-9_-]+$")
        me = self.s.api("GET", "/users/me", tokens.json()["access_token"]).json()
        self.assertEqual(me["id"], w.alice.id)

    def test_both_body_and_basic_authentication(self):
        for auth in ("basic", "post"):
            self.assertEqual(self.redeem(self.w.web, self.s.code(self.w.web, self.w.alice), auth=auth).status_code, 200)

    def test_AZ_08_post_form_works(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.request("POST", "/oauth/authorize", data={"response_type": "code", "client_id": self.w.web.id, "redirect_uri": CALLBACK},
                        headers={"Origin": self.s.url})
        self.assertIn("code", browser.go_on(self.w.alice))

    def test_AZ_08_other_methods(self):
        with self.s.http() as http:
            self.assertEqual(http.put(self.s.url + "/oauth/authorize").status_code, 405)
            self.assertEqual(http.post(self.s.url + "/oauth/authorize", json={"response_type": "code"}).status_code, 415)

    def test_AZ_06_state_round_trip(self):
        browser = Browser(self.s)
        for state in ("a", "%", "%41", "+", "a b", "&=", "é", "日本", '"><script>', "x" * 1024, "\\", "#", "?", ";", "'", "a+b%20c", "{}", "~"):
            with self.subTest(state=state[:20]):
                self.assertEqual(browser.authorize(self.w.web, self.w.alice, state=state)["state"], state)

    def test_AZ_06_state_over_the_limit_is_refused(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.w.web, state="x" * 4000))
        self.assertNotIn("code", query_of(browser.outside or ""))

    def test_no_state_gives_no_state(self):
        self.assertNotIn("state", Browser(self.s).authorize(self.w.web, self.w.alice))

    # ---- errors before the redirect URI is trusted: a page
    def test_AZ_01_unknown_client_is_a_page(self):
        for client_id in ("nosuch", "", None, "a\nb", "x" * 300):
            with self.subTest(client_id=client_id):
                browser = Browser(self.s)
                browser.get("/oauth/authorize?" + urllib.parse.urlencode(
                    {k: v for k, v in {"response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK}.items() if v is not None}))
                self.error_page(browser)

    def test_AZ_01_disabled_client_is_a_page(self):
        client = self.s.client("Soon disabled", "authorization_code", redirect=CALLBACK)
        self.s.cli("client", "disable", client.id)
        browser = Browser(self.s)
        browser.get(browser.authorize_url(client))
        self.error_page(browser)
        self.s.cli("client", "enable", client.id)
        self.assertIn("code", Browser(self.s).authorize(client, self.w.alice))

    def test_RU_01_mutations_are_a_page_and_no_link(self):
        with open(os.path.join(E2E, "payloads", "redirect_uris.json"), encoding="utf-8") as f:
            payloads = json.load(f)
        client = self.s.client("Mutated", "authorization_code", redirect="https://client.example/cb/path?keep=1")
        self.assertGreaterEqual(len(payloads), 40)
        browser = Browser(self.s)
        for uri in payloads:
            with self.subTest(uri=uri):
                browser.at = None
                browser.get(browser.authorize_url(client, redirect_uri=uri))
                self.error_page(browser)
                links = [a.get("href") or "" for tag, a in browser.page.tags if tag == "a"]
                self.assertFalse([h for h in links if "client.example" in h or "evil" in h])  # RU-06
        self.assertIn("code", browser.authorize(client, self.w.alice))

    def test_RU_07_registered_query_is_kept(self):
        client = self.s.client("Query", "authorization_code", redirect="https://client.example/cb?keep=1")
        browser = Browser(self.s)
        answer = browser.authorize(client, self.w.alice, state="s")
        self.assertTrue(browser.outside.startswith("https://client.example/cb?keep=1&"), browser.outside)
        self.assertEqual(answer["state"], "s")

    def test_RU_02_loopback_port_may_vary_and_nothing_else(self):
        browser, native = Browser(self.s), self.w.native
        verifier, challenge = pkce()
        good = "http://127.0.0.1:51234/callback"
        answer = browser.authorize(native, self.w.alice, redirect_uri=good, code_challenge=challenge, code_challenge_method="S256")
        self.assertTrue(browser.outside.startswith(good + "?"))
        self.assertEqual(self.redeem(native, answer["code"], redirect_uri=good, code_verifier=verifier).status_code, 200)
        for uri in ("http://localhost:51234/callback", "http://127.0.0.1:51234/other", "https://127.0.0.1/callback", "http://127.0.0.2/callback",
                    "http://127.0.0.1:51234/callback?x=1", "http://[::1]/callback", "http://127.0.0.1:/callback", "http://127.0.0.1:99999/callback",
                    "http://127.0.0.1:0x50/callback", "http://127.0.0.1:80@evil.example/callback", "http://u@127.0.0.1/callback"):
            with self.subTest(uri=uri):
                browser.at = None
                browser.get(browser.authorize_url(native, redirect_uri=uri, code_challenge=challenge, code_challenge_method="S256"))
                self.error_page(browser)

    def test_RU_05_redirect_uri_needed_when_several(self):
        several = self.s.client("Several", "authorization_code", redirect=["https://a.example/1", "https://a.example/2"])
        browser = Browser(self.s)
        browser.get(browser.authorize_url(several, redirect_uri=None))
        self.error_page(browser)
        for uri in ("https://a.example/1", "https://a.example/2"):
            answer = browser.authorize(several, self.w.alice, redirect_uri=uri)
            self.assertTrue(browser.outside.startswith(uri + "?"))
            self.assertEqual(self.redeem(several, answer["code"], redirect_uri=uri).status_code, 200)

    def test_redirect_uri_left_out_when_only_one(self):
        answer = Browser(self.s).authorize(self.w.web, self.w.alice, redirect_uri=None)
        self.assertEqual(self.redeem(self.w.web, answer["code"], redirect_uri=None).status_code, 200)

    def test_RU_04_registration_refuses(self):
        from harness import run_cli
        for uri in ("https://x.example/#frag", "/relative", "https://u:p@x.example/", "http://x.example/cb", "javascript:alert(1)",
                    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://x/", "myapp://cb", "https://x.example/cb?code=1",
                    "https://x.example/cb?state=1", "https://x.example/cb?error=1", "https://x.example/cb?iss=1", "https://", "", " https://x.example/"):
            with self.subTest(uri=uri):
                code, out, err = run_cli(self.s.data, "client", "add", "--name", "Bad " + uri, "--grant", "authorization_code", "--redirect-uri", uri)
                self.assertNotEqual(code, 0, out)
                self.assertTrue(err.strip())

    def test_private_use_scheme_is_registrable(self):
        client = self.s.client("Phone", "authorization_code", redirect="com.example.app:/cb", options=["--public"])
        verifier, challenge = pkce()
        browser = Browser(self.s)
        answer = browser.authorize(client, self.w.alice, code_challenge=challenge, code_challenge_method="S256")
        self.assertTrue(browser.outside.startswith("com.example.app:/cb?"))
        self.assertEqual(self.redeem(client, answer["code"], code_verifier=verifier).status_code, 200)

    # ---- errors after it: a redirect
    def test_AZ_21_clients_of_administrators_are_told_at_once(self):
        public = self.s.client("Phone of anybody", "authorization_code", redirect="com.example.anybody:/cb", options=["--public"])
        browser = Browser(self.s)
        browser.get(browser.authorize_url(public, scope="nosuch", code_challenge=pkce()[1], code_challenge_method="S256"))
        self.assertEqual(query_of(browser.outside)["error"], "invalid_scope")
        browser.get(browser.authorize_url(self.w.web, scope="nosuch"))
        self.assertEqual(query_of(browser.outside)["error"], "invalid_scope")

    def test_AZ_02_response_types(self):
        for kind in (None, "", "token", "id_token", "code token", "code id_token", "CODE", "none"):
            with self.subTest(kind=kind):
                browser = Browser(self.s)
                browser.get(browser.authorize_url(self.w.web, response_type=kind, state="s"))
                answer = browser.go_on(self.w.alice)
                self.assertNotIn("code", answer)
                if answer:
                    self.assertIn(answer["error"], ("unsupported_response_type", "invalid_request"))
                    self.assertEqual((answer["state"], answer["iss"]), ("s", self.meta["issuer"]))
                else:
                    self.error_page(browser)

    def test_compat_missing_response_type_means_code(self):
        answer = Browser(self.s).authorize(self.w.compat, self.w.alice, response_type=None)
        self.assertEqual(self.redeem(self.w.compat, answer["code"]).status_code, 200)

    def test_AZ_15_bad_scope(self):
        for scope in ("nosuch", "view-users", 'a"b', "read\u00e9"):
            with self.subTest(scope=scope):
                browser = Browser(self.s)
                browser.login(self.w.alice)
                answer = browser.authorize(self.w.web, self.w.alice, scope=scope, state="s")
                self.assertEqual((answer.get("error"), answer.get("state"), answer.get("iss")), ("invalid_scope", "s", self.meta["issuer"]))
                self.assertRegex(answer["error_description"], r"^[\x20-\x21\x23-\x5b\x5d-\x7e]+$")

    def test_AZ_03_duplicates_are_refused(self):
        browser = Browser(self.s)
        for name in ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "nonce"):
            with self.subTest(name=name):
                browser.at = None
                browser.get(browser.authorize_url(self.w.web, scope="read", state="s") + "&%s=x&%s=x" % (name, name))
                self.assertNotIn("code", browser.go_on(self.w.alice))

    def test_AZ_16_request_objects_are_not_ignored(self):
        for name, error in (("request", "invalid_request_object"), ("request_uri", "invalid_request_uri")):
            with self.subTest(name=name):
                browser = Browser(self.s)
                browser.login(self.w.alice)
                answer = browser.authorize(self.w.web, self.w.alice, **{name: "https://x.example/r"})
                self.assertNotIn("code", answer)
                self.assertEqual(answer["error"], error)

    def test_AZ_11_prompt_none(self):
        browser = Browser(self.s)
        browser.get(browser.authorize_url(self.w.web, prompt="none", state="s"))
        self.assertEqual(query_of(browser.outside)["error"], "login_required")
        client = self.s.client("Never seen", "authorization_code", redirect=CALLBACK, scope="read")
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(client, prompt="none", state="s"))
        self.assertEqual((query_of(browser.outside)["error"], query_of(browser.outside)["state"]), ("consent_required", "s"))
        browser.authorize(client, self.w.alice)
        browser.get(browser.authorize_url(client, prompt="none", state="s"))
        self.assertIn("code", query_of(browser.outside))

    def test_AZ_12_prompt_login_asks_again(self):
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(self.w.web, prompt="login"))
        self.assertTrue(browser.form("password"))
        self.assertIn("code", browser.go_on(self.w.alice))

    def test_denied_is_told_to_the_client(self):
        client = self.s.client("Denied", "authorization_code", redirect=CALLBACK, scope="read")
        answer = Browser(self.s).authorize(client, self.w.alice, decision="deny", state="s")
        self.assertEqual((answer["error"], answer["state"], answer["iss"]), ("access_denied", "s", self.meta["issuer"]))

    # ---- PKCE
    def with_challenge(self, client, person=None, **parameters):
        verifier, challenge = pkce()
        parameters.setdefault("code_challenge", challenge)
        parameters.setdefault("code_challenge_method", "S256")
        return verifier, self.logged_in(person).authorize(client, person or self.w.alice, **parameters)

    def logged_in(self, person=None):
        """A browser at which the person has logged in already."""
        browser = Browser(self.s)
        browser.login(person or self.w.alice)
        return browser

    def test_PK_01_public_client_needs_a_challenge(self):
        self.assertEqual(self.logged_in().authorize(self.w.native, self.w.alice, state="s").get("error"), "invalid_request")

    def test_PK_02_required_for_a_confidential_client(self):
        client = self.s.client("Strict", "authorization_code", redirect=CALLBACK, options=["--require-pkce"])
        self.assertEqual(self.logged_in().authorize(client, self.w.alice).get("error"), "invalid_request")
        verifier, answer = self.with_challenge(client)
        self.assertEqual(self.redeem(client, answer["code"], code_verifier=verifier).status_code, 200)

    def test_PK_03_only_S256(self):
        for method in ("plain", None, "s256", ""):
            with self.subTest(method=method):
                self.assertEqual(self.with_challenge(self.w.web, code_challenge_method=method)[1].get("error"), "invalid_request")

    def test_PK_04_verifier_is_needed(self):
        for verifier in (None, ""):
            _, answer = self.with_challenge(self.w.web)
            answer = self.redeem(self.w.web, answer["code"], code_verifier=verifier)
            self.assertEqual(answer.status_code, 400)
            self.assertIn(answer.json()["error"], ("invalid_grant", "invalid_request"))

    def test_PK_05_verifier_without_challenge_fails(self):
        code = self.s.code(self.w.web, self.w.alice)
        answer = self.redeem(self.w.web, code, code_verifier=pkce()[0])
        self.assertEqual(answer.status_code, 400)
        self.assertIn(answer.json()["error"], ("invalid_grant", "invalid_request"))

    def test_PK_06_wrong_verifier_burns_the_code(self):
        verifier, answer = self.with_challenge(self.w.web)
        self.invalid_grant(self.redeem(self.w.web, answer["code"], code_verifier=pkce()[0]))
        self.invalid_grant(self.redeem(self.w.web, answer["code"], code_verifier=verifier))

    def test_PK_07_forms(self):
        for bad in ("x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "+", "é" * 43):
            with self.subTest(challenge=bad):
                self.assertEqual(self.with_challenge(self.w.web, code_challenge=bad)[1].get("error"), "invalid_request")
        for bad in ("x" * 42, "x" * 129, "x" * 42 + "+", "x" * 42 + " "):
            _, answer = self.with_challenge(self.w.web)
            with self.subTest(verifier=bad):
                self.assertEqual(self.redeem(self.w.web, answer["code"], code_verifier=bad).status_code, 400)

    def test_PK_08_codes_swapped_between_flows(self):
        one, first = self.with_challenge(self.w.web)
        two, second = self.with_challenge(self.w.web, self.w.bob)
        self.invalid_grant(self.redeem(self.w.web, second["code"], code_verifier=one))
        self.invalid_grant(self.redeem(self.w.web, first["code"], code_verifier=two))

    # ---- codes
    def test_AC_03_replay_revokes_all(self):
        w = self.w
        code = self.s.code(w.web, w.alice)
        first = self.redeem(w.web, code).json()
        second = self.s.token(w.web, "refresh_token", refresh_token=first["refresh_token"]).json()
        self.assertTrue(self.s.active(w.service, second["access_token"]))
        self.invalid_grant(self.redeem(w.web, code))
        for token in (first["access_token"], second["access_token"]):
            self.assertEqual(self.s.introspect(w.service, token).json(), {"active": False})
            self.assertEqual(self.s.api("GET", "/users/me", token).status_code, 401)
        self.invalid_grant(self.s.token(w.web, "refresh_token", refresh_token=second["refresh_token"]))

    def test_AC_05_foreign_client_burns_the_code(self):
        code = self.s.code(self.w.web, self.w.alice)
        self.invalid_grant(self.redeem(self.w.other, code, redirect_uri=CALLBACK))
        self.invalid_grant(self.redeem(self.w.web, code))

    def test_AC_07_failed_authentication_does_not_burn(self):
        code = self.s.code(self.w.web, self.w.alice)
        self.assertEqual(self.redeem(Client(self.w.web.id, "wrong", CALLBACK), code).status_code, 401)
        self.assertEqual(self.redeem(self.w.web, code).status_code, 200)

    def test_RU_08_redirect_uri_at_the_token_endpoint(self):
        for uri in (CALLBACK + "/", CALLBACK + "?x", CALLBACK.upper(), "https://other.example/cb", None, ""):
            with self.subTest(uri=uri):
                code = self.s.code(self.w.web, self.w.alice)
                answer = self.redeem(self.w.web, code, redirect_uri=uri)
                self.assertEqual(answer.status_code, 400)
                self.assertIn(answer.json()["error"], ("invalid_grant", "invalid_request"))

    def test_AC_02_expired_code(self):
        import time
        from harness import World
        short = World(env={"JETON_CODE_LIFETIME": "1"})
        code = short.server.code(short.web, short.alice)
        time.sleep(2.1)  # the one wait that only a wall clock can give
        self.invalid_grant(short.server.token(short.web, "authorization_code", code=code, redirect_uri=CALLBACK))
        short.server.stop()

    # ---- consent
    def test_CO_01_remembered_for_confidential_asked_for_public(self):
        browser = Browser(self.s)
        client = self.s.client("Remember me", "authorization_code", redirect=CALLBACK, scope="read write")
        browser.authorize(client, self.w.bob, scope="read")
        browser.get(browser.authorize_url(client, scope="read"))
        self.assertIn("code", query_of(browser.outside or ""))
        browser.get(browser.authorize_url(client, scope="read write"))
        self.assertTrue(browser.form("decision"))  # CO-06: grown
        for _ in range(2):
            _, challenge = pkce()
            browser.get(browser.authorize_url(self.w.native, code_challenge=challenge, code_challenge_method="S256"))
            self.assertTrue(browser.form("decision"))
            browser.go_on(self.w.bob)

    def test_first_party_is_not_asked(self):
        client = self.s.client("First party", "authorization_code", redirect=CALLBACK, options=["--first-party"])
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(client))
        self.assertIn("code", query_of(browser.outside or ""))

    def test_CO_02_page_says_what_is_asked(self):
        client = self.s.client("Shown <b>bold</b>", "authorization_code", redirect=CALLBACK, scope="read write")
        browser = Browser(self.s)
        browser.login(self.w.alice)
        response = browser.get(browser.authorize_url(client, scope="read"))
        text = "".join(browser.page.text)
        self.assertIn("Read your documents", text)
        self.assertNotIn("Change your documents", text)
        self.assertIn("Shown <b>bold</b>", text)  # LS-19: shown as text
        self.assertNotIn("<b>bold", response.text)
        self.assertIn("app.example", text)
        self.assertIn("form-action", response.headers["Content-Security-Policy"])
        self.assertIn("https://app.example", response.headers["Content-Security-Policy"])

    def test_CO_03_AZ_25_the_form_cannot_be_changed_or_sent_twice(self):
        client = self.s.client("Tampered", "authorization_code", redirect=CALLBACK, scope="read write")
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(client, scope="read"))
        form = browser.form("decision")
        at = browser.at
        browser.submit(form, button=("decision", "allow"), scope="read write", redirect_uri="https://evil.example/", client_id=self.w.other.id)
        if browser.outside:  # further fields are ignored
            self.assertTrue(browser.outside.startswith(CALLBACK))
            tokens = self.redeem(client, query_of(browser.outside)["code"]).json()
            self.assertEqual(tokens["scope"], "read")
        browser.at = at
        browser.submit(form, button=("decision", "allow"))
        self.assertNotIn("code", query_of(browser.outside or ""))

    def test_AZ_24_another_browser_cannot_answer(self):
        client = self.s.client("Bound", "authorization_code", redirect=CALLBACK, scope="read")
        one, two = Browser(self.s), Browser(self.s)
        one.login(self.w.alice)
        one.get(one.authorize_url(client))
        pending = dict(one.form("decision").fields)
        two.login(self.w.bob)
        two.get(two.authorize_url(client))
        form = two.form("decision")
        mine = dict(form.fields)
        stolen = {k: v for k, v in pending.items() if k != "csrf"}
        two.submit(form, button=("decision", "allow"), **stolen)
        self.assertNotEqual(stolen, {k: mine[k] for k in stolen})
        self.assertNotIn("code", query_of(two.outside or ""))

    def test_consent_is_refused_without_csrf(self):
        client = self.s.client("Forged", "authorization_code", redirect=CALLBACK, scope="read")
        browser = Browser(self.s)
        browser.login(self.w.alice)
        browser.get(browser.authorize_url(client))
        form = browser.form("decision")
        for csrf in (None, "", "x" * 43):
            browser.submit(form, button=("decision", "allow"), csrf=csrf)
            self.assertNotIn("code", query_of(browser.outside or ""))

    def test_CO_04_person_ends_a_grant(self):
        tokens = self.s.tokens(self.w.web, self.w.bob)
        self.assertEqual(self.s.api("GET", "/grants", tokens["access_token"]).status_code, 403)  # its scope is read alone
        pat = self.w.bob.pat("--scope", "view-own-authorizations delete-own-authorizations")
        mine = [g for g in self.s.api("GET", "/grants?per_page=100", pat).json()["data"] if g["client_id"] == self.w.web.id]
        self.assertTrue(mine)
        self.assertLessEqual({"id", "client_id", "client_name", "scopes", "created_at", "last_used_at"}, set(mine[0]))
        reads = self.w.bob.pat()
        self.assertEqual(self.s.api("DELETE", "/grants/" + mine[0]["id"], reads).status_code, 403)  # without scopes it reads
        for grant in mine:
            self.assertEqual(self.s.api("DELETE", "/grants/" + grant["id"], pat).status_code, 204)
        self.assertFalse(self.s.active(self.w.service, tokens["access_token"]))
        self.invalid_grant(self.s.token(self.w.web, "refresh_token", refresh_token=tokens["refresh_token"]))

    def test_AZ_19_after_a_form_303(self):
        browser = Browser(self.s)
        browser.get("/login")
        form = browser.form("password")
        with self.s.http() as http:
            http.cookies = browser.http.cookies
            fields = dict(form.fields, username="alice", password=self.w.alice.password)
            answer = http.post(self.s.url + "/login", data=fields, headers={"Origin": self.s.url}, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)

    def test_RU_10_return_to_takes_local_paths_only(self):
        for to in ("//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)", "\\\\evil", "/%09/evil.example",
                   "//evil.example/%2f..", "http:evil.example", "/..//evil.example", " //evil.example", "/\n/evil", "///evil", "@evil.example", "?x"):
            with self.subTest(to=to):
                browser = Browser(self.s)
                browser.get("/login?" + urllib.parse.urlencode({"return_to": to}))
                if browser.response.status_code == 200 and any(f.has("password") for f in browser.page.forms):
                    form = browser.form("password")
                    values = {"return_to": to} if form.has("return_to") else {}
                    browser.submit(form, username="alice", password=self.w.alice.password, **values)
                self.assertIsNone(browser.outside)


if __name__ == "__main__":
    unittest.main()
