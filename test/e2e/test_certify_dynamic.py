# SPDX-License-Identifier: MIT
"""Emulation of the certification plan for OpenID Connect with dynamic registration: one test for each module, named after it. Clients
register themselves, authenticate with private_key_jwt (RS256, a key without kid), and are unregistered afterwards."""
import secrets
import time
import unittest

from certify import Conditions, Rp, Suite, claims_of, header_of, key_for, public, sign, verify
from harness import remember

CALLBACK = "https://suite.example/test/a/jeton/callback"


class Dynamic(Conditions):
    """oidcc-dynamic-certification-test-plan, response_type=code"""

    @classmethod
    def setUpClass(cls):
        cls.suite = Suite(args=["--registration", "open"])
        cls.suite.start()
        cls.rotating = cls("rotation_begins").rotation_begins()  # its waiting is the other modules' time

    def setUp(self):
        self.made = []

    def tearDown(self):
        for rp in self.made:  # UnregisterDynamicallyRegisteredClient
            with self.suite.server.http() as http:
                answer = http.delete(rp.made["registration_client_uri"], timeout=20,
                                     headers={"Authorization": "Bearer " + rp.made["registration_access_token"]})
            self.assertEqual((answer.status_code, answer.content), (204, b""))

    def members(self, **changes):
        """OIDCCCreateDynamicClientRegistrationRequest"""
        body = {"client_name": "jeton suite " + secrets.token_hex(5), "grant_types": ["authorization_code"], "response_types": ["code"],
                "token_endpoint_auth_method": "private_key_jwt", "redirect_uris": [CALLBACK], "contacts": ["certification@oidf.org"],
                "jwks": {"keys": [public(key_for("suite", "RS256"), use="sig", alg="RS256")]}, **changes}
        return {k: v for k, v in body.items() if v is not None}

    def call(self, body):
        with self.suite.server.http() as http:
            return http.post(self.suite.meta["registration_endpoint"], json=body, headers={"Accept": "application/json"}, timeout=20)

    def register(self, rp=None, **changes):
        """CallDynamicRegistrationEndpointAndVerifySuccessfulResponse (OIDCR-3.2)."""
        body = self.members(**changes)
        made = self.check_json(self.call(body), 201)
        remember(made.get("client_secret"), made.get("registration_access_token"))
        self.assertTrue(made["client_id"])
        self.assertTrue(made["registration_client_uri"].startswith("https://") and made["registration_access_token"])
        if body["token_endpoint_auth_method"].startswith("client_secret"):
            self.assertTrue(made["client_secret"])
            self.assertIs(type(made["client_secret_expires_at"]), int)
        else:
            self.assertNotIn("client_secret", made)
        for name in ("redirect_uris", "client_name", "token_endpoint_auth_method", "response_types", "contacts"):
            self.assertEqual(made[name], body[name], name)
        how = {"key": key_for("suite", "RS256"), "redirect": made["redirect_uris"][0], "id_alg": made.get("id_token_signed_response_alg", "RS256"), **(rp or {})}
        self.made.append(Rp(self.suite, made, **how))
        return self.made[-1]

    # ---- OP-IDToken, OP-UserInfo
    def test_oidcc_idtoken_rs256(self):
        self.flow(self.register(id_token_signed_response_alg="RS256"))

    def test_oidcc_idtoken_unsigned_is_skipped(self):
        self.assertNotIn("none", self.suite.meta["id_token_signing_alg_values_supported"])
        body = self.check_json(self.call(self.members(id_token_signed_response_alg="none")), 201)  # MD-06: never unsigned, the answer says so
        self.assertEqual(body["id_token_signed_response_alg"], "RS256")

    def test_oidcc_userinfo_rs256(self):
        rp = self.register(userinfo_signed_response_alg="RS256")
        browser, p = self.authorize(rp)
        self.check_callback(browser, rp, p)
        tokens = self.check_token_response(rp.code(browser.back))
        claims = self.check_id_token(tokens["id_token"], rp, p["nonce"])
        for how in ({}, {"method": "POST", "data": {"access_token": tokens["access_token"]}}):
            answer = rp.resource(tokens["access_token"], **how)
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/jwt")  # OIDCC-5.3.2
            self.assertEqual(header_of(answer.text)["alg"], "RS256")
            body = verify(answer.text, self.suite.keys())
            self.assertEqual((body["sub"], body["iss"]), (claims["sub"], self.suite.issuer))
            self.assertIn(rp.id, body["aud"] if isinstance(body["aud"], list) else [body["aud"]])

    # ---- OP-redirect_uri
    def test_oidcc_ensure_redirect_uri_in_authorization_request(self):
        browser, _ = self.authorize(self.register(), redirect_uri=None)
        self.check_error_page(browser)  # OIDCC-3.1.2.1: REQUIRED, though one alone is registered

    def test_oidcc_redirect_uri_query_ok(self):
        self.flow(self.register(redirect_uris=[CALLBACK + "?foo=bar"]))

    def test_oidcc_redirect_uri_query_mismatch(self):
        browser, _ = self.authorize(self.register(redirect_uris=[CALLBACK + "?foo=bar"]), redirect_uri=CALLBACK + "?foo=bar2")
        self.check_error_page(browser)

    def test_oidcc_redirect_uri_query_added(self):
        browser, _ = self.authorize(self.register(), redirect_uri=CALLBACK + "?foo=bar")
        self.check_error_page(browser)

    def test_oidcc_redirect_uri_regfrag(self):
        body = self.check_json(self.call(self.members(redirect_uris=[CALLBACK + "#foobar"])), 400)
        self.assertIn(body["error"], ("invalid_request", "invalid_configuration_parameter", "invalid_redirect_uri"))

    # ---- discovery and registration
    def test_oidcc_discovery_endpoint_verification(self):
        m = self.suite.discover()
        self.assertTrue(m["registration_endpoint"].startswith("https://"))
        # OIDCC-15.2 wants id_token and "id_token token" of dynamic OPs; this server has the code flow alone, and says so (RFC 9700 2.1.2).
        self.assertEqual(m["response_types_supported"], ["code"])
        self.assertIn("authorization_code", m["grant_types_supported"])
        self.assertTrue(m["request_uri_parameter_supported"])

    def test_oidcc_server(self):
        self.flow(self.register())

    def test_oidcc_server_with_every_way_to_authenticate(self):
        for method in ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"):
            with self.subTest(method=method):
                self.flow(self.register({"auth": method}, token_endpoint_auth_method=method))

    def test_registration_with_many_members(self):
        """What the python suite and client libraries send beside: kept, or left out of the answer, never refused."""
        uri = self.suite.site.put("/request.jwt", "x", "application/jwt")
        made = self.register(application_type="web", logo_uri="https://suite.example/logo.png", client_uri="https://suite.example/",
                             policy_uri="https://suite.example/policy", tos_uri="https://suite.example/tos", default_max_age=3600,
                             require_auth_time=True, default_acr_values=["1", "2"], initiate_login_uri="https://suite.example/start",
                             request_uris=[uri, uri + "#hash"], post_logout_redirect_uris=["https://suite.example/bye"], subject_type="public",
                             id_token_signed_response_alg="ES256", request_object_signing_alg="ES256", scope="openid profile offline_access",
                             grant_types=["authorization_code", "refresh_token"], userinfo_signed_response_alg="ES256",
                             software_id="4NRB1-0XZABZI9E6-5SM3R", software_version="2.1", **{"client_name#ja-Jpan-JP": "\u30af\u30e9\u30a4", "x_unknown": [1, {}]}).made
        for name, value in (("application_type", "web"), ("default_max_age", 3600), ("require_auth_time", True), ("default_acr_values", ["1", "2"]),
                            ("id_token_signed_response_alg", "ES256"), ("request_uris", [uri, uri + "#hash"]),
                            ("post_logout_redirect_uris", ["https://suite.example/bye"]), ("logo_uri", "https://suite.example/logo.png")):
            self.assertEqual(made[name], value, name)

    def shown(self, link=None, **member):
        """A screenshot of the login page (OIDCR-2); what it shows, the consent page shows too."""
        browser = self.browser().visit(self.url(self.request(self.register(**member))))
        self.assertTrue(browser.page.has("login"))
        self.assertIn(link, [e["a"].get("href") for e in browser.page.all] + [None])
        browser.log_in(self.suite.person)
        self.assertTrue(browser.page.has("allow"))
        self.assertIn(link, [e["a"].get("href") for e in browser.page.all] + [None])

    def test_oidcc_registration_logo_uri(self):
        self.shown(logo_uri="https://suite.example/images/openid.png")  # MD-05: no page fetches a foreign picture

    def test_oidcc_registration_policy_uri(self):
        self.shown("https://suite.example/login.html", policy_uri="https://suite.example/login.html")

    def test_oidcc_registration_tos_uri(self):
        self.shown("https://suite.example/tos.html", tos_uri="https://suite.example/tos.html")

    def test_oidcc_registration_jwks_uri(self):
        key, path = key_for("published", "RS256"), "/jwks-" + secrets.token_hex(4)
        uri = self.suite.site.put(path, {"keys": [public(key, kid="p1", use="sig", alg="RS256")]})
        rp = self.register({"key": key, "kid": "p1"}, jwks=None, jwks_uri=uri)
        self.flow(rp)
        self.assertIn(path, self.suite.site.asked)

    def test_oidcc_registration_jwks_and_jwks_uri_exclude_each_other(self):
        body = self.check_json(self.call(self.members(jwks_uri="https://suite.example/jwks")), 400)
        self.assertEqual(body["error"], "invalid_client_metadata")  # RFC 7591 2

    def test_oidcc_registration_sector_uri(self):
        path = "/redirect_uris-" + secrets.token_hex(4) + ".json"
        rp = self.register(sector_identifier_uri=self.suite.site.put(path, [CALLBACK]), subject_type="pairwise")
        _, claims, _, _ = self.flow(rp)
        self.assertNotEqual(claims["sub"], self.suite.person.id)
        _, again, _, _ = self.flow(self.register(sector_identifier_uri="https://" + self.suite.site.host + path, subject_type="pairwise"))
        self.assertEqual(claims["sub"], again["sub"])  # OIDCC-8.1: one sector, one subject

    def test_oidcc_registration_sector_bad(self):
        uri = self.suite.site.put("/bad_uris.json", ["https://other.example/callback"])
        body = self.check_json(self.call(self.members(sector_identifier_uri=uri, subject_type="pairwise")), 400)
        self.assertIn(body["error"], ("invalid_client_metadata", "invalid_redirect_uri"))

    # ---- rotation
    def test_oidcc_server_rotate_keys(self):
        before = self.suite.keys()
        self.suite.server.cli("key", "rotate")  # on a server that is minutes old
        after = self.suite.keys()
        kids = {k["kid"] for k in before}
        self.assertTrue({k["kid"] for k in after} - kids)  # VerifyNewJwksHasNewSigningKey
        self.assertTrue(kids <= {k["kid"] for k in after})  # VerifyNewJwksStillHasOldSigningKey
        self.assertEqual(len(after), len({k["kid"] for k in after}))
        self.flow(self.register())

    def rotation_begins(self):
        """The first half of the module: tokens with the old key, then another key at jwks_uri."""
        self.made = []
        old, new, path = key_for("published", "RS256"), key_for("rotated", "RS256"), "/jwks-" + secrets.token_hex(4)
        uri = self.suite.site.put(path, {"keys": [public(old, kid="old", use="sig", alg="RS256")]})
        rp = self.register({"key": old, "kid": "old", "scope": "openid offline_access"}, jwks=None, jwks_uri=uri,
                           grant_types=["authorization_code", "refresh_token"])
        tokens, _, _, _ = self.flow(rp, prompt="consent")
        self.suite.site.put(path, {"keys": [public(new, kid="new", use="sig", alg="RS256")]})
        rp.key, rp.kid = new, "new"
        self.doCleanups()
        return rp, tokens["refresh_token"]

    def test_oidcc_refresh_token_rp_key_rotation(self):
        rp, token = self.rotating
        self.made.append(rp)
        answer = rp.refresh(token, scope=rp.scope)
        end = time.monotonic() + 40  # the module waits 60 seconds, so that bounds on asking for the keys too often do not count
        while answer.status_code != 200 and time.monotonic() < end:
            time.sleep(1)
            answer = rp.refresh(token, scope=rp.scope)
        self.check_token_response(answer)

    # ---- request objects
    def by_reference(self, rp, uri, object, **outside):
        self.suite.site.put("/" + uri.split("#")[0].rsplit("/", 1)[1], object, "application/jose")
        browser = self.browser()
        p = {"client_id": rp.id, "request_uri": uri, "response_type": "code", "scope": "openid", **outside}
        return browser.visit(self.url({k: v for k, v in p.items() if v is not None})).go_on(self.suite.person)

    def test_oidcc_request_uri_signed_rs256(self):
        for fragment in ("", "#" + secrets.token_urlsafe(24)):
            uri = "https://" + self.suite.site.host + "/ro-" + secrets.token_hex(6) + fragment
            rp = self.register(request_uris=[uri], request_object_signing_alg="RS256")
            p = self.request(rp)
            made = sign(rp.key, "RS256", {**p, "aud": self.suite.issuer, "iss": rp.id})
            browser = self.by_reference(rp, uri, made)
            self.check_callback(browser, rp, p)
            tokens = self.check_token_response(rp.code(browser.back))
            self.check_id_token(tokens["id_token"], rp, p["nonce"])

    def test_oidcc_request_uri_unsigned_is_skipped(self):
        """'none' is not among request_object_signing_alg_values_supported; what comes nevertheless is answered with an error."""
        uri = "https://" + self.suite.site.host + "/ro-" + secrets.token_hex(6)
        rp = self.register(request_uris=[uri])
        p = self.request(rp)
        browser = self.by_reference(rp, uri, sign(None, "none", p), redirect_uri=rp.redirect, state=p["state"])
        self.check_error_callback(browser, p, "request_uri_not_supported", "invalid_request_object", "request_not_supported")

    def test_oidcc_request_uri_not_registered(self):
        rp = self.register()
        uri = "https://" + self.suite.site.host + "/never-" + secrets.token_hex(6)
        browser = self.by_reference(rp, uri, sign(rp.key, "RS256", self.request(rp)))
        if browser.back:
            self.assertEqual(browser.back["error"], "invalid_request_uri")
        else:
            self.check_error_page(browser)
        self.assertNotIn("/" + uri.rsplit("/", 1)[1], self.suite.site.asked)  # never fetched

    def test_oidcc_ensure_request_object_with_redirect_uri(self):
        """By value, signed: what stands inside counts, not what stands beside (OIDCC-6.1)."""
        rp = self.register()
        p = self.request(rp)
        made = sign(rp.key, "RS256", {**p, "aud": self.suite.issuer, "iss": rp.id})
        browser = self.browser().visit(self.url({"client_id": rp.id, "response_type": "code", "scope": "openid",
                                                          "redirect_uri": CALLBACK + "/wrong", "state": "outside", "request": made}))
        browser.go_on(self.suite.person)
        self.check_callback(browser, rp, p)
        self.check_id_token(self.check_token_response(rp.code(browser.back))["id_token"], rp, p["nonce"])

    # ---- tokens
    def test_oidcc_refresh_token(self):
        how = {"grant_types": ["authorization_code", "refresh_token"]}
        one, two = self.register({"scope": "openid offline_access"}, **how), self.register({"scope": "openid offline_access"}, **how)
        tokens, first, _, _ = self.flow(one, prompt="consent")
        body = self.check_token_response(one.refresh(tokens["refresh_token"], scope="openid offline_access"))
        if "id_token" in body:
            again = claims_of(body["id_token"])
            self.assertEqual([first.get(n) for n in ("iss", "sub", "aud", "auth_time")], [again.get(n) for n in ("iss", "sub", "aud", "auth_time")])
        other, _, _, _ = self.flow(two, prompt="consent")
        self.check_token_error(one.refresh(other["refresh_token"]), "invalid_grant", statuses=(400,))

    def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(self):
        rp = self.register()
        for aud in (self.suite.issuer, [self.suite.issuer], self.suite.meta["token_endpoint"], [self.suite.meta["token_endpoint"]]):
            browser, p = self.authorize(rp)
            answer = rp.code(browser.back, assertion=rp.assertion(aud=aud))
            self.check_token_response(answer)

    def test_registration_errors(self):
        """RFC 7591 3.2.2: 400, JSON, a registered word."""
        for change, errors in (({"redirect_uris": None}, ("invalid_redirect_uri", "invalid_client_metadata")),
                               ({"redirect_uris": []}, ("invalid_redirect_uri", "invalid_client_metadata")),
                               ({"redirect_uris": ["not a uri"]}, ("invalid_redirect_uri",)),
                               ({"jwks": {"keys": [{"kty": "RSA"}]}}, ("invalid_client_metadata",))):
            with self.subTest(change=change):
                body = self.check_json(self.call(self.members(**change)), 400)
                self.assertIn(body["error"], errors, body)


if __name__ == "__main__":
    unittest.main()
