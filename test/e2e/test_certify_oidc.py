# SPDX-License-Identifier: MIT
"""Emulation of the certification plans for OpenID Connect: Basic, Config and Form Post (Basic); one test for each module, named after it.
The client is registered by the administrator and authenticates with client_secret_basic, as the plans have it."""
import secrets
import time
import unittest
import urllib.parse

from certify import SCOPE_CLAIMS, Conditions, Suite, claims_of, key_for, server_second, sign
from harness import pkce


class Plan(Conditions):
    @classmethod
    def setUpClass(cls):
        cls.suite = Suite()
        cls.rp = cls.suite.client()
        cls.rp2 = cls.suite.client(redirect="https://suite.example/test/a/jeton/callback?dummy1=lorem&dummy2=ipsum")
        cls.post = cls.suite.client("--auth-method", "client_secret_post", auth="client_secret_post")
        cls.es256 = cls.suite.client("--id-token-signed-response-alg", "ES256", id_alg="ES256")
        cls.suite.start()


class Config(Plan):
    """oidcc-config-certification-test-plan"""

    def test_oidcc_discovery_endpoint_verification(self):
        for path in ("/.well-known/openid-configuration",):
            answer = self.suite.server.get(path)
            meta = self.check_json(answer)  # OIDCD-4: 200 and application/json
        url = self.suite.server.url
        self.assertEqual(meta["issuer"], url)  # OIDCD-4.3
        self.assertEqual(urllib.parse.urlsplit(meta["issuer"]).scheme, "https")
        self.assertFalse(urllib.parse.urlsplit(meta["issuer"]).query + urllib.parse.urlsplit(meta["issuer"]).fragment)
        self.assertIn("code", meta["response_types_supported"])
        self.assertLessEqual(set(meta["subject_types_supported"]), {"public", "pairwise"})
        self.assertIn("RS256", meta["id_token_signing_alg_values_supported"])  # OIDCD-3: MUST be included
        self.assertNotIn("none", meta["id_token_signing_alg_values_supported"])
        for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
            self.assertTrue(meta[name].startswith("https://"), name)
        for name, value in meta.items():  # CheckDiscEndpointAllEndpointsAreHttps
            if name.endswith("_endpoint") or name.endswith("_uri"):
                self.assertTrue(value.startswith("https://"), name)
        for name, value in meta.items():  # arrays are arrays, flags are flags; RFC 8414 2: no empty ones
            if name.endswith("_supported") and not name.startswith(("claims_parameter", "request_parameter", "request_uri_parameter")):
                if isinstance(value, bool):
                    continue
                self.assertIs(type(value), list, name)
                self.assertTrue(value and all(type(v) is str and v for v in value), name)
                self.assertEqual(len(value), len(set(value)), name)
        for name in ("claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
                     "require_request_uri_registration", "authorization_response_iss_parameter_supported"):
            self.assertIs(type(meta[name]), bool, name)
        self.assertTrue(meta["claims_parameter_supported"])
        self.assertTrue({"sub", "name", "email", "phone_number", "address"} <= set(meta["claims_supported"]))  # OIDCCCheckDiscEndpointClaimsSupported
        self.assertIn("authorization_code", meta["grant_types_supported"])
        self.assertIn("openid", meta["scopes_supported"])
        for scope in meta["scopes_supported"]:  # RFC 6749 3.3
            self.assertRegex(scope, r"^[\x21\x23-\x5b\x5d-\x7e]+$")
        for tag in meta.get("ui_locales_supported", []) + meta.get("claims_locales_supported", []):  # RFC 5646
            self.assertRegex(tag, r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")
        self.assertEqual(meta["code_challenge_methods_supported"], ["S256"])
        self.assertIn("RS256", meta["request_object_signing_alg_values_supported"])
        # "none" is not claimed, so the suite skips its modules with unsigned request objects.
        self.assertNotIn("none", meta["request_object_signing_alg_values_supported"])
        self.assertLessEqual({"client_secret_basic", "client_secret_post", "private_key_jwt"}, set(meta["token_endpoint_auth_methods_supported"]))

    def test_oidcc_discovery_jwks(self):
        """CheckJwksUri, ValidateServerJWKs, CheckForKeyIdInServerJWKs, CheckDistinctKeyIdValueInServerJWKs, no private parts."""
        keys = self.suite.keys()
        self.assertTrue(keys)
        self.assertTrue(all(k["kid"] for k in keys))
        self.assertEqual(len(keys), len({k["kid"] for k in keys}))
        self.assertTrue(any(k["kty"] == "RSA" for k in keys))
        for k in keys:
            self.assertFalse(set(k) & {"d", "p", "q", "dp", "dq", "qi", "k"})
            self.assertEqual(k.get("use"), "sig")
            for part in ("n", "e", "x", "y"):
                if part in k:
                    self.assertRegex(k[part], r"^[A-Za-z0-9_-]+$")
            if k["kty"] == "RSA":  # FAPI 2.0 Security Profile 5.4.1: 2048 bits or more
                self.assertGreaterEqual(len(k["n"]), 342)
                self.assertFalse(k["n"].startswith("AA"))

    def test_oauth_metadata_is_the_same(self):
        """RFC 8414 3: what the FAPI plans read for plain OAuth."""
        answer = self.suite.server.get("/.well-known/oauth-authorization-server")
        self.assertEqual(self.check_json(answer), self.suite.meta)


class Basic(Plan):
    """oidcc-basic-certification-test-plan"""

    def test_oidcc_server(self):
        tokens, claims, _, browser = self.flow(self.rp, prompt="consent")
        self.assertEqual(browser.seen, ["login", "consent"])
        self.assertIn("at_hash", claims)  # OPTIONAL in the code flow (OIDCC-3.1.3.6); checked where it is
        # with a second client whose redirect URI has a query: CheckMatchingCallbackParameters
        self.flow(self.rp2)

    def test_oidcc_server_es256(self):
        self.flow(self.es256)

    def test_oidcc_server_client_secret_post(self):
        self.flow(self.post)

    def test_oidcc_response_type_missing(self):
        browser, p = self.authorize(self.rp, response_type=None)
        if browser.back:
            self.check_error_callback(browser, p, "invalid_request", "unsupported_response_type")  # RFC 6749 3.1.1
        else:
            self.check_error_page(browser)

    def test_oidcc_idtoken_signature(self):
        _, claims, _, _ = self.flow(self.rp)  # check_id_token verified it with the key that kid names
        self.assertTrue(claims["sub"])

    def userinfo(self, how):
        tokens, claims, _, _ = self.flow(self.rp)
        body = self.check_json(how(tokens["access_token"]))
        self.assertEqual(body["sub"], claims["sub"])

    def test_oidcc_userinfo_get(self):
        self.userinfo(lambda t: self.rp.resource(t))

    def test_oidcc_userinfo_post_header(self):
        self.userinfo(lambda t: self.rp.resource(t, method="POST"))  # without a body and without a content type
        self.userinfo(lambda t: self.rp.resource(t, method="POST", headers={"Content-Type": "application/x-www-form-urlencoded"}))

    def test_oidcc_userinfo_post_body(self):
        self.userinfo(lambda t: self.rp.resource(t, method="POST", data={"access_token": t}))  # RFC 6750 2.2

    def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(self):
        _, claims, _, _ = self.flow(self.rp, nonce=None)
        self.assertNotIn("nonce", claims)

    def scope(self, scope, wanted):
        browser, p = self.authorize(self.rp, scope=scope)
        self.check_callback(browser, self.rp, p)
        tokens = self.check_token_response(self.rp.code(browser.back))
        claims = self.check_id_token(tokens["id_token"], self.rp, p["nonce"])
        body = self.check_userinfo(self.rp, tokens["access_token"], claims)
        self.assertEqual(set(wanted) - set(body), set())  # VerifyScopesReturnedInUserInfoClaims
        others = {c for s in SCOPE_CLAIMS.values() for c in s} - set(wanted)
        self.assertEqual(others & set(body), set())  # nothing that was not asked for
        for name in wanted:  # OIDCC-5.4: with an access token they are at userinfo, not in the ID token
            self.assertNotIn(name, claims)
        return body

    def test_oidcc_scope_profile(self):
        body = self.scope("openid profile", SCOPE_CLAIMS["profile"])
        self.assertEqual((body["name"], body["birthdate"], body["locale"]), ("Alice Example", "2000-02-29", "fr-CA"))

    def test_oidcc_scope_email(self):
        body = self.scope("openid email", SCOPE_CLAIMS["email"])
        self.assertEqual((body["email"], body["email_verified"]), ("alice@example.org", True))

    def test_oidcc_scope_address(self):
        self.assertEqual(self.scope("openid address", SCOPE_CLAIMS["address"])["address"]["country"], "Canada")

    def test_oidcc_scope_phone(self):
        self.assertIs(self.scope("openid phone", SCOPE_CLAIMS["phone"])["phone_number_verified"], False)

    def test_oidcc_scope_all(self):
        self.scope("openid profile email address phone", sum(SCOPE_CLAIMS.values(), []))

    def test_oidcc_ensure_other_scope_order_succeeds(self):
        self.scope("email openid", SCOPE_CLAIMS["email"])

    def test_oidcc_display_page(self):
        self.flow(self.rp, display="page")

    def test_oidcc_display_popup(self):
        self.flow(self.rp, display="popup")

    def test_oidcc_prompt_login(self):
        _, first, _, browser = self.flow(self.rp)
        while server_second() == first["auth_time"]:  # bounded: within one second
            time.sleep(0.05)
        browser, p = self.authorize(self.rp, browser, prompt="login")
        self.assertIn("login", browser.seen)  # ExpectSecondLoginPage: the script types the name again, so the field must take it
        self.check_callback(browser, self.rp, p)
        tokens = self.check_token_response(self.rp.code(browser.back))
        second = self.check_id_token(tokens["id_token"], self.rp, p["nonce"])
        self.assertEqual(first["sub"], second["sub"])
        self.assertGreater(second["auth_time"], first["auth_time"])  # CheckSecondIdTokenAuthTimeIsLater

    def test_oidcc_prompt_none_not_logged_in(self):
        browser, p = self.authorize(self.rp, prompt="none")
        self.assertEqual(browser.seen, [])
        self.check_error_callback(browser, p, "login_required", "interaction_required", "account_selection_required", "consent_required")

    def test_oidcc_prompt_none_logged_in(self):
        _, first, _, browser = self.flow(self.rp)
        _, second, _, browser = self.flow(self.rp, browser, prompt="none")
        self.assertEqual(browser.seen, [])
        self.assertEqual((first["sub"], first.get("auth_time")), (second["sub"], second.get("auth_time")))  # CheckIdTokenAuthTimeIsSame

    def test_oidcc_prompt_none_with_others_is_refused(self):
        browser, p = self.authorize(self.rp, prompt="none login")  # OIDCC-3.1.2.1
        self.check_error_callback(browser, p, "invalid_request")

    def test_oidcc_max_age_1(self):
        _, first, _, browser = self.flow(self.rp)
        end = time.monotonic() + 5
        while server_second() < first.get("auth_time", first["iat"]) + 2 and time.monotonic() < end:  # the module waits one second as well
            time.sleep(0.05)
        browser, p = self.authorize(self.rp, browser, max_age="1")
        self.assertIn("login", browser.seen)
        self.check_callback(browser, self.rp, p)
        second = self.check_id_token(self.check_token_response(self.rp.code(browser.back))["id_token"], self.rp, p["nonce"])
        self.assertIn("auth_time", second)  # OIDCC-2: REQUIRED when max_age is asked for
        self.assertEqual(first["sub"], second["sub"])
        self.assertLess(abs(time.time() - second["auth_time"]), 10)  # CheckIdTokenAuthTimeIsRecentIfPresent

    def test_oidcc_max_age_10000(self):
        _, first, _, browser = self.flow(self.rp, max_age="15000")
        _, second, _, browser = self.flow(self.rp, browser, max_age="10000")
        self.assertNotIn("login", browser.seen)
        self.assertEqual(first["auth_time"], second["auth_time"])

    def test_oidcc_ensure_request_with_unknown_parameter_succeeds(self):
        self.flow(self.rp, extra="foobar")

    def test_oidcc_id_token_hint(self):
        tokens, first, _, browser = self.flow(self.rp)
        _, second, _, browser = self.flow(self.rp, browser, prompt="none", id_token_hint=tokens["id_token"])
        self.assertEqual(first["sub"], second["sub"])

    def test_oidcc_login_hint(self):
        # the suite's own hint is nobody here: buffy@ the issuer's host; the script types the real name
        _, _, _, browser = self.flow(self.rp, login_hint="buffy@" + urllib.parse.urlsplit(self.suite.issuer).netloc)
        self.assertIn("login", browser.seen)

    def test_oidcc_ui_locales(self):
        self.flow(self.rp, ui_locales="se")

    def test_oidcc_claims_locales(self):
        self.flow(self.rp, claims_locales="se")

    def test_oidcc_ensure_request_with_acr_values_succeeds(self):
        _, claims, _, _ = self.flow(self.rp, acr_values="1 2")
        self.assertTrue(claims["acr"])  # a warning otherwise

    def test_oidcc_codereuse(self):
        browser, p = self.authorize(self.rp)
        self.check_token_response(self.rp.code(browser.back))
        self.assertEqual(self.check_token_error(self.rp.code(browser.back), "invalid_grant", statuses=(400,)), "invalid_grant")

    def test_oidcc_codereuse_30seconds(self):
        browser, p = self.authorize(self.rp)
        tokens = self.check_token_response(self.rp.code(browser.back))
        self.check_token_error(self.rp.code(browser.back), "invalid_grant", statuses=(400,))
        answer = self.rp.resource(tokens["access_token"])  # RFC 6749 4.1.2: SHOULD revoke what came from it
        self.assertEqual(answer.status_code, 401)
        self.assertIn('error="invalid_token"', answer.headers["WWW-Authenticate"])

    def test_oidcc_ensure_registered_redirect_uri(self):
        browser, _ = self.authorize(self.rp, redirect_uri=self.rp.redirect + "/" + secrets.token_urlsafe(6))
        self.check_error_page(browser)

    def test_oidcc_ensure_post_request_succeeds(self):
        browser, p = self.authorize(self.rp, method="POST")  # OIDCC-3.1.2.1; a POST from elsewhere: no cookie, no Origin
        self.check_callback(browser, self.rp, p)
        self.check_token_response(self.rp.code(browser.back))

    def test_oidcc_claims_essential(self):
        browser, p = self.authorize(self.rp, scope="openid", claims='{"userinfo":{"name":{"essential":true}}}')
        self.check_callback(browser, self.rp, p)
        tokens = self.check_token_response(self.rp.code(browser.back))
        claims = self.check_id_token(tokens["id_token"], self.rp, p["nonce"])
        body = self.check_userinfo(self.rp, tokens["access_token"], claims)
        self.assertEqual(body["name"], "Alice Example")  # EnsureUserInfoContainsName

    def test_oidcc_claims_in_id_token_and_of_no_use(self):
        """OIDCC-5.5: id_token members, null, values that nobody has, unknown names: the request succeeds."""
        browser, p = self.authorize(self.rp, scope="openid", claims='{"id_token":{"email":null,"auth_time":{"essential":true},"acr":{"values":["x"]},'
                                    '"http://nobody.example/x":null},"userinfo":{"nickname":null,"unknown":{"essential":true}},"other":1}')
        self.check_callback(browser, self.rp, p)
        tokens = self.check_token_response(self.rp.code(browser.back))
        claims = self.check_id_token(tokens["id_token"], self.rp, p["nonce"])
        self.assertEqual(claims["email"], "alice@example.org")
        self.assertIn("auth_time", claims)
        self.assertEqual(self.check_userinfo(self.rp, tokens["access_token"], claims)["nickname"], "ali")

    def unsigned(self, **more):
        p = self.request(self.rp)
        return p, sign(None, "none", {**p, "iss": self.rp.id, "aud": self.suite.issuer, **more})

    def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(self):
        p, request = self.unsigned()
        browser, p = self.authorize(self.rp, state=p["state"], nonce=p["nonce"], request=request)
        self.check_error_callback(browser, p, "request_not_supported")  # OIDCC-3.1.2.6

    def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(self):
        browser, p = self.authorize(self.rp, request_uri="https://suite.example/requests/1#hash")
        if browser.back:  # a static client registered none
            self.check_error_callback(browser, p, "request_uri_not_supported", "invalid_request_uri")
        else:
            self.check_error_page(browser)

    def test_oidcc_ensure_request_object_with_redirect_uri(self):
        _, request = self.unsigned()
        browser, _ = self.authorize(self.rp, request=request, redirect_uri="https://suite.example/elsewhere")
        self.check_error_page(browser)  # the module accepts an error page about the redirect URI

    def refreshed(self, rp, tokens, first, **more):
        """RefreshTokenRequestSteps and CompareIdTokenClaims (OIDCC-12.2)."""
        end = time.monotonic() + 3
        while server_second() <= first["iat"] and time.monotonic() < end:
            time.sleep(0.05)
        body = self.check_token_response(rp.refresh(tokens["refresh_token"], **more))
        self.assertNotEqual(body["access_token"], tokens["access_token"])
        if "id_token" in body:
            again = self.check_id_token(body["id_token"], rp, claims_of(body["id_token"]).get("nonce"), body["access_token"])
            for name in ("iss", "sub", "aud", "azp", "auth_time"):
                self.assertEqual(first.get(name), again.get(name), name)
            self.assertIn(again.get("nonce"), (None, first["nonce"]))
            self.assertGreater(again["iat"], first["iat"])
        self.check_userinfo(rp, body["access_token"], first)
        return body

    def test_oidcc_refresh_token(self):
        tokens, first, _, _ = self.flow(self.rp, scope="openid offline_access", prompt="consent")
        self.assertIn("refresh_token", self.suite.meta["grant_types_supported"])
        self.refreshed(self.rp, tokens, first, scope="openid offline_access")
        tokens2, first2, _, _ = self.flow(self.rp2, scope="openid offline_access", prompt="consent")
        again = self.refreshed(self.rp2, tokens2, first2)
        # client 2's refresh token with client 1: RefreshTokenRequestExpectingErrorSteps
        self.check_token_error(self.rp.refresh(again.get("refresh_token", tokens2["refresh_token"])), "invalid_grant", statuses=(400,))

    def test_oidcc_ensure_request_with_valid_pkce_succeeds(self):
        verifier, challenge = pkce()
        self.flow(self.rp, verifier=verifier, code_challenge=challenge, code_challenge_method="S256")

    def test_oidcc_odd_state_and_nonce(self):
        """CreateRandomStateValue with requested_state_length, and characters that servers corrupt (RFC 6749 A.5)."""
        odd = "".join(chr(c) for c in range(0x20, 0x7f))
        for value in (odd, secrets.token_urlsafe(96), "%41+%20&=#;?/\\\"'<>"):
            self.flow(self.rp, state=value, nonce=value)

    def test_oidcc_second_audience_and_forged_hints(self):
        """id_token_hint of another server, or with another signature: an error, never a login as somebody."""
        forged = sign(key_for("stranger", "RS256"), "RS256", {"iss": self.suite.issuer, "sub": "x", "aud": self.rp.id, "iat": int(time.time()),
                                                              "exp": int(time.time()) + 60}, kid=self.suite.keys()[0]["kid"])
        browser, p = self.authorize(self.rp, id_token_hint=forged, prompt="none")
        self.check_error_callback(browser, p, "invalid_request", "login_required")

    def test_oidcc_user_rejects(self):
        browser, p = self.authorize(self.rp2, decision="deny", prompt="consent")
        self.assertEqual(browser.seen, ["login", "consent"])
        self.check_error_callback(browser, p, "access_denied")

    def test_oidcc_select_account(self):
        _, _, _, browser = self.flow(self.rp)
        browser, p = self.authorize(self.rp, browser, prompt="select_account")
        self.check_callback(browser, self.rp, p)
        self.assertTrue({"account", "login"} & set(browser.seen))


class FormPost(Plan):
    """oidcc-formpost-basic-certification-test-plan: the basic modules with response_mode=form_post; those that look at the answer."""

    def answered(self, browser, p):
        back = self.check_callback(browser, self.rp, p, "form")
        self.assertEqual(back.uri, self.rp.redirect)  # RejectAuthCodeInUrlQuery
        self.assertEqual(browser.response.status_code, 200)
        self.assertIn("text/html", browser.response.headers["Content-Type"])
        self.assertIn("no-store", browser.response.headers["Cache-Control"])
        tokens = self.check_token_response(self.rp.code(back))
        return tokens, self.check_id_token(tokens["id_token"], self.rp, p["nonce"], tokens["access_token"])

    def test_oidcc_server(self):
        browser, p = self.authorize(self.rp, response_mode="form_post")
        self.answered(browser, p)

    def test_oidcc_server_second_client(self):
        browser, p = self.authorize(self.rp2, response_mode="form_post")
        self.check_callback(browser, self.rp2, p, "form")
        self.assertEqual(browser.back.uri, self.rp2.redirect)  # its query stays in the address

    def test_oidcc_prompt_none_not_logged_in(self):
        browser, p = self.authorize(self.rp, prompt="none", response_mode="form_post")
        self.assertEqual(browser.back.way, "form")
        self.assertEqual(browser.back.uri, self.rp.redirect)  # RejectErrorInUrlQuery
        self.check_error_callback(browser, p, "login_required", "interaction_required")

    def test_oidcc_prompt_none_logged_in(self):
        browser, p = self.authorize(self.rp, response_mode="form_post")
        _, first = self.answered(browser, p)
        browser, p = self.authorize(self.rp, browser, response_mode="form_post", prompt="none")
        _, second = self.answered(browser, p)
        self.assertEqual((first["sub"], first.get("auth_time")), (second["sub"], second.get("auth_time")))

    def test_oidcc_ensure_post_request_succeeds(self):
        browser, p = self.authorize(self.rp, method="POST", response_mode="form_post")
        self.answered(browser, p)

    def test_oidcc_odd_state(self):
        odd = "".join(chr(c) for c in range(0x20, 0x7f)) + "\u00e9\"'<script>"
        browser, p = self.authorize(self.rp, response_mode="form_post", state=odd)
        self.answered(browser, p)

    def test_oidcc_user_rejects(self):
        browser, p = self.authorize(self.rp, decision="deny", prompt="consent", response_mode="form_post")
        self.assertEqual(browser.back.way, "form")
        self.check_error_callback(browser, p, "access_denied")

    def test_oidcc_ensure_registered_redirect_uri(self):
        browser, _ = self.authorize(self.rp, response_mode="form_post", redirect_uri=self.rp.redirect + "x")
        self.check_error_page(browser)


class Pages(Plan):
    """What a scripted browser with little JavaScript needs of the pages."""

    def no_script(self, page):
        for e in page.all:
            self.assertFalse([a for a in e["a"] if a.startswith("on")], e["a"])  # no inline handlers
            self.assertFalse(e["a"].get("href", "").startswith("javascript:"))
            if e["tag"] == "script":
                self.assertTrue(e["a"].get("src"))

    def test_login_page(self):
        browser = self.browser().visit(self.url(self.request(self.rp)))
        self.no_script(browser.page)
        for name, tag in (("username", "input"), ("password", "input"), ("login", "button")):
            self.assertEqual(browser.page.by_id(name)["tag"], tag)
        form = browser.page.by_id("login")["form"]
        self.assertEqual(form["a"]["method"].lower(), "post")
        self.assertIs(browser.page.by_id("username")["form"], form)
        browser.type("username", "alice")
        browser.type("password", "wrong")
        browser.click("login")  # and again on the page that says so
        self.assertIn("Error:", browser.page.by_id("error")["text"])
        browser.go_on(self.suite.person)
        self.assertIn("code", browser.back.fields)

    def test_login_page_of_a_second_login_takes_the_name_again(self):
        _, _, _, browser = self.flow(self.rp)
        for more in ({"prompt": "login"}, {"max_age": "0"}, {"prompt": "login", "login_hint": "alice"}, {"prompt": "login", "login_hint": "nobody"}):
            browser, p = self.authorize(self.rp, browser, **more)
            self.assertIn("login", browser.seen)
            self.check_callback(browser, self.rp, p)

    def test_somebody_else_logs_in_at_a_second_login(self):
        _, first, _, browser = self.flow(self.rp)
        browser, p = self.authorize(self.rp, browser, person=self.suite.other, prompt="login")
        self.check_callback(browser, self.rp, p)
        second = self.check_id_token(self.check_token_response(self.rp.code(browser.back))["id_token"], self.rp, p["nonce"])
        self.assertNotEqual(first["sub"], second["sub"])

    def test_consent_page(self):
        browser = self.browser().visit(self.url(self.request(self.rp, prompt="consent")))
        browser.log_in(self.suite.person)
        self.no_script(browser.page)
        for name in ("allow", "deny"):
            button = browser.page.by_id(name)
            self.assertEqual((button["tag"], button["a"]["name"], button["a"]["value"]), ("button", "decision", name))
            self.assertEqual(button["form"]["a"]["method"].lower(), "post")

    def test_form_post_page(self):
        browser, _ = self.authorize(self.rp, response_mode="form_post")
        self.no_script(browser.page)
        (form,) = [f for f in browser.page.forms if f["a"]["action"] == self.rp.redirect]
        (button,) = browser.page.within(form, "button")
        self.assertNotIn("hidden", button["a"])


if __name__ == "__main__":
    unittest.main()
