# SPDX-License-Identifier: MIT
"""Emulation of the certification plans for the FAPI 2.0 Security Profile (final) and Message Signing (final): one test for each module,
named after it, in the variants of client authentication, sender constraint, OpenID Connect or plain OAuth, and signed messages. Modules
of national profiles are left out. "SP" is the Security Profile, "MS" Message Signing."""
import json
import secrets
import ssl
import subprocess
import time
import unittest
import urllib.parse

from jwcrypto import jwk

from certify import (FOLDER, Conditions, Pair, Suite, b64, claims_of, header_of, keep, key_for, public, sign, spoil, thumbprint, unb64,
                     verify)
from harness import pkce

CALLBACK = "https://suite.example/test/a/fapi/callback"
SECOND = CALLBACK + "?dummy1=lorem&dummy2=ipsum"


class Fapi(Conditions):
    """A variant says how it differs by these five."""
    auth, sender, openid, signed, jarm = "private_key_jwt", "dpop", True, False, False
    args = ()

    @classmethod
    def setUpClass(cls):
        if cls is Fapi:
            raise unittest.SkipTest("the variants are below")
        cls.suite = Suite(mtls=True)
        cls.suite.server.cli("scope", "add", "accounts", "--description", "See your accounts")
        cls.rp, cls.rp2 = cls.client("one", CALLBACK), cls.client("two", SECOND)
        cls.suite.start()

    @classmethod
    def client(cls, name, redirect):
        profile = "fapi2-message-signing" if cls.signed and cls.jarm else "fapi2-security"
        alg = "PS256" if name == "two" else "ES256"
        kid, key = "fapi-" + name, key_for("fapi-" + name, alg)
        cert = Pair("client " + name) if "mtls" in (cls.auth, cls.sender) else None
        keys = [public(key, kid=kid, use="sig", alg=alg)] + ([cert.jwk] if cert else [])
        options = ["--jwks", keep(cls.__name__ + name + ".json", json.dumps({"keys": keys})), "--profile", profile,
                   "--id-token-signed-response-alg", "ES256"]
        options += ["--auth-method", "self_signed_tls_client_auth" if cls.auth == "mtls" else "private_key_jwt"]
        options += ["--dpop-bound-access-tokens"] if cls.sender == "dpop" else ["--tls-client-certificate-bound-access-tokens"]
        if cls.signed:
            options += ["--require-signed-request-object"]
        if cls.jarm:
            options += ["--authorization-signed-response-alg", "ES256"]
        scope = "openid profile email offline_access accounts" if cls.openid else "accounts"
        return cls.suite.client(*options, redirect=redirect, scope=scope, auth="mtls" if cls.auth == "mtls" else "private_key_jwt", key=key, kid=kid,
                                alg=alg, cert=cert, sender=cls.sender, id_alg="ES256", strict=True)

    def setUp(self):
        self.rp.scope = self.rp2.scope = "openid email" if self.openid else "accounts"

    # ---- requests
    def ask(self, rp, **changes):
        """CreateAuthorizationRequestSteps: what stands in the pushed request or in its signed object."""
        self.verifier, challenge = pkce()
        p = {"code_challenge": challenge, "code_challenge_method": "S256", **({} if self.openid else {"nonce": None}),
             **({"response_mode": "jwt"} if self.jarm else {}), **changes}
        return self.request(rp, **p)

    def object(self, rp, p, alg=None, key=None, kid=None, typ=None, drop=(), **changes):
        """CreateAuthorizationRequestObjectSteps."""
        now = int(time.time())
        claims = {**p, "iss": rp.id, "aud": self.suite.issuer, "nbf": now, "exp": now + 300, "client_id": rp.id, **changes}
        claims = {k: v for k, v in claims.items() if v is not None and k not in drop}
        return sign(key or rp.key, alg or rp.alg, claims, kid=kid or rp.kid, typ=typ)

    def push(self, rp, p, object=None, beside=None, **more):
        fields = dict(p)
        if self.signed:
            fields = {"request": object or self.object(rp, p), "client_id": rp.id}
        return rp.post("pushed_authorization_request_endpoint", {**fields, **(beside or {})}, **more)

    def pushed(self, rp, p, **more):
        """PAR-2.2: CheckPAREndpointResponse201WithNoError, ExtractRequestUriFromPARResponse, EnsureMinimumRequestUriEntropy, CheckForPARResponseExpiresIn."""
        answer = self.push(rp, p, **more)
        body = self.check_json(answer, 201)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertEqual(set(body), {"request_uri", "expires_in"})
        self.assertIs(type(body["expires_in"]), int)
        self.assertTrue(5 <= body["expires_in"] <= 600)  # SP 5.3.2.2: less than 600 s
        self.assertGreaterEqual(len(body["request_uri"]), 40)
        return body["request_uri"]

    def address(self, rp, uri, **beside):
        """BuildRequestObjectByReferenceRedirectToAuthorizationEndpoint repeats what OAuth demands beside the request_uri."""
        p = {"client_id": rp.id, "request_uri": uri, "response_type": "code", **({"scope": rp.scope} if self.openid else {}), **beside}
        return self.suite.meta["authorization_endpoint"] + "?" + urllib.parse.urlencode({k: v for k, v in p.items() if v is not None})

    def open(self, rp, uri, decision="allow", browser=None, **beside):
        browser = browser or self.browser()
        browser.seen = []
        return browser.visit(self.address(rp, uri, **beside)).go_on(self.suite.person, decision)

    def jarm_of(self, back, rp, p):
        """processCallbackForJARM: one parameter, signed by a published key, iss, aud, exp (at most 10 minutes)."""
        self.assertEqual(set(back.fields) - set(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(rp.redirect).query))), {"response"}, back.pairs)
        token = back["response"]
        claims = verify(token, self.suite.keys())
        self.assertIn(header_of(token)["alg"], ("ES256", "PS256", "EdDSA"))
        self.assertEqual(claims.pop("iss"), self.suite.issuer)
        self.assertEqual(claims.pop("aud"), rp.id)
        left = claims.pop("exp") - time.time()
        self.assertTrue(0 < left <= 600)
        claims.pop("iat", None)
        back.fields = {**claims, "iss": self.suite.issuer}
        back.pairs = list(back.fields.items())
        return back

    def arrived(self, browser, rp, p):
        if self.jarm and browser.back:
            self.assertEqual(urllib.parse.urlsplit(browser.back.uri)[:3], urllib.parse.urlsplit(rp.redirect)[:3])
            self.jarm_of(browser.back, rp, p)
            browser.back.uri = rp.redirect + ("&" if "?" in rp.redirect else "?") + urllib.parse.urlencode(browser.back.pairs)
        return self.check_callback(browser, rp, p)

    def authorized(self, rp=None, p=None, uri=None, **changes):
        rp = rp or self.rp
        p = p or self.ask(rp, **changes)
        browser = self.open(rp, uri or self.pushed(rp, p))
        return self.arrived(browser, rp, p), p, browser

    def redeemed(self, rp, back, p, verifier=None, **more):
        """processTokenEndpointResponse."""
        tokens = self.check_token_response(rp.code(back, verifier or self.verifier, **more), self.sender)
        if self.openid:
            self.check_id_token(tokens["id_token"], rp, p.get("nonce"), tokens["access_token"])
        else:
            self.assertNotIn("id_token", tokens)  # ExpectNoIdTokenInTokenResponse
        return tokens

    def protected(self, rp, token, status=200, **how):
        path = None if self.openid else "/api/1.0/users/me"
        answer = rp.resource(token, path=path, **how)
        self.assertIn(answer.status_code, (status,) if isinstance(status, int) else status, answer.text)
        if answer.status_code == 200:
            self.assertIn("Date", answer.headers)  # CheckForDateHeaderInResourceResponse
        return answer

    def whole(self, rp=None, **changes):
        rp = rp or self.rp
        back, p, browser = self.authorized(rp, **changes)
        tokens = self.redeemed(rp, back, p)
        self.protected(rp, tokens["access_token"])
        return tokens, p, browser

    def par_refused(self, answer, *errors, status=(400, 401)):
        self.assertIn(answer.status_code, status, answer.text)
        body = self.check_json(answer, answer.status_code)
        self.assertIn(body["error"], errors, answer.text)
        self.assertRegex(body.get("error_description", "x"), r"^[\x20-\x21\x23-\x5b\x5d-\x7e]+$")

    def error_or_page(self, browser, rp, p, *errors):
        """...ExpectingAuthorizationEndpointPlaceholderOrCallback; a plain error is allowed where JARM was asked for (suite issue 860)."""
        if not browser.back:
            return self.check_error_page(browser)
        if self.jarm and "response" in browser.back.fields:
            self.jarm_of(browser.back, rp, p)
        return self.check_error_callback(browser, p, *errors)


class Common(Fapi):
    """Modules of both plans that every variant runs."""

    def test_discovery_end_point_verification(self):
        m = self.suite.meta
        self.assertIn("code", m["response_types_supported"])
        if self.jarm:
            self.assertIn("jwt", m["response_modes_supported"])
            self.assertIs(type(m["authorization_signing_alg_values_supported"]), list)
        self.assertIs(m["authorization_response_iss_parameter_supported"], True)
        self.assertTrue(m["pushed_authorization_request_endpoint"].startswith("https://"))
        self.assertIn(type(m.get("require_pushed_authorization_requests", False)), (bool,))
        good = {"PS256", "ES256", "EdDSA"}
        for name in ("dpop_signing_alg_values_supported", "id_token_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported",
                     "userinfo_signing_alg_values_supported", "request_object_signing_alg_values_supported"):
            self.assertTrue(good & set(m[name]), name)  # SP 5.4
        self.assertTrue({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} <= set(m["token_endpoint_auth_methods_supported"]))
        self.assertIs(m["tls_client_certificate_bound_access_tokens"], True)  # RFC 8705 3.3
        self.assertIn("S256", m["code_challenge_methods_supported"])
        for name in ("token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint"):
            self.assertTrue(m["mtls_endpoint_aliases"][name].startswith("https://"), name)  # RFC 8705 5

    def test_happy_flow(self):
        self.whole()
        self.rp2.scope = self.rp.scope
        self.whole(self.rp2)  # the second client: another algorithm, a query in its redirect URI, state of 128 characters

    def test_user_rejects_authentication(self):
        for rp in (self.rp, self.rp2):
            p = self.ask(rp, state=secrets.token_urlsafe(96))
            browser = self.open(rp, self.pushed(rp, p), "deny")
            if self.jarm:
                self.jarm_of(browser.back, rp, p)
            self.check_error_callback(browser, p, "access_denied")

    def test_ensure_authorization_request_without_state_success(self):
        _, p, browser = self.whole(state=None)
        self.assertNotIn("state", browser.back.fields)

    def test_ensure_authorization_request_without_nonce_success(self):
        self.whole(nonce=None)

    def test_ensure_authorization_request_with_64_char_nonce_success(self):
        if self.openid:
            self.whole(nonce=secrets.token_urlsafe(48))

    def test_ensure_authorization_request_with_long_nonce(self):
        if self.openid:
            self.whole(nonce="n" * 1000)

    def test_ensure_authorization_request_with_long_state(self):
        self.whole(state="s" * 1000)

    def test_ensure_other_scope_order_succeeds(self):
        self.whole(scope=" ".join(reversed(self.rp.scope.split())))

    def test_claims_parameter_identity_claims(self):
        if self.openid:
            claims = {"userinfo": {"name": {"essential": True}, "family_name": None}, "id_token": {"name": {"essential": True}}}
            back, p, _ = self.authorized(claims=json.dumps(claims) if not self.signed else claims)
            tokens = self.redeemed(self.rp, back, p)
            self.assertEqual(claims_of(tokens["id_token"])["name"], "Alice Example")
            self.assertEqual(self.protected(self.rp, tokens["access_token"]).json()["family_name"], "Example")

    def test_access_token_type_header_case_sensitivity(self):
        tokens, _, _ = self.whole()
        name = "DPoP" if self.sender == "dpop" else "Bearer"
        for scheme in (name.lower(), name.upper(), name.capitalize()):  # RFC 9110 11.1
            self.protected(self.rp, tokens["access_token"], scheme=scheme)

    # ---- authorization request
    def test_ensure_different_state_inside_and_outside_request_object(self):
        p = self.ask(self.rp)
        self.arrived(self.open(self.rp, self.pushed(self.rp, p), state="outside"), self.rp, p)  # the pushed one alone counts

    def test_ensure_different_nonce_inside_and_outside_request_object(self):
        p = self.ask(self.rp)
        back = self.arrived(self.open(self.rp, self.pushed(self.rp, p), nonce="outside"), self.rp, p)
        self.redeemed(self.rp, back, p)  # the nonce of the ID token is the pushed one

    def test_state_only_outside_request_object_not_used(self):
        p = self.ask(self.rp, state=None)
        self.arrived(self.open(self.rp, self.pushed(self.rp, p), state="outside"), self.rp, p)

    def test_ensure_registered_redirect_uri(self):
        p = self.ask(self.rp, redirect_uri=CALLBACK + "/" + secrets.token_urlsafe(6))
        self.par_refused(self.push(self.rp, p), "invalid_request", "invalid_request_object", status=(400,))

    def test_ensure_redirect_uri_in_authorization_request(self):
        p = self.ask(self.rp, redirect_uri=None)
        self.par_refused(self.push(self.rp, p), "invalid_request", "invalid_request_object", status=(400,))

    def test_ensure_unsigned_authorization_request_without_using_par_fails(self):
        p = self.ask(self.rp)
        browser = self.browser().visit(self.url(p)).go_on(self.suite.person)
        self.error_or_page(browser, self.rp, p, "invalid_request")

    def test_ensure_signed_authorization_request_without_using_par_fails(self):
        p = self.ask(self.rp)
        browser = self.browser().visit(self.url({**p, "request": self.object(self.rp, p)})).go_on(self.suite.person)
        self.error_or_page(browser, self.rp, p, "invalid_request")

    def test_ensure_response_type_code_id_token_fails(self):
        p = self.ask(self.rp, response_type="code id_token")
        self.par_refused(self.push(self.rp, p), "unsupported_response_type", "invalid_request", "unauthorized_client")

    def test_ensure_response_type_token_fails(self):
        p = self.ask(self.rp, response_type="token")
        self.par_refused(self.push(self.rp, p), "unsupported_response_type", "invalid_request", "unauthorized_client")

    # ---- token endpoint
    def test_ensure_client_id_in_token_endpoint(self):
        """Client 1's code with the client_id of client 2 and its assertion, but by client 1's key; or with client 1's certificate."""
        back, _, _ = self.authorized()
        fields = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": self.rp.redirect, "code_verifier": self.verifier,
                  "client_id": self.rp2.id}
        made = self.rp.proof("POST", self.rp.at("token_endpoint"))
        if self.auth == "mtls":
            answer = self.rp.post("token_endpoint", fields, plain=True, dpop=made)
        else:
            answer = self.rp.token(fields, dpop=made, assertion=self.rp.assertion(iss=self.rp2.id, sub=self.rp2.id))
        self.check_token_error(answer, "invalid_client", "invalid_grant")  # CheckErrorFromTokenEndpointResponseErrorInvalidClientOrInvalidGrant

    def test_ensure_holder_of_key_required(self):
        back, _, _ = self.authorized()
        answer = self.rp.code(back, self.verifier, dpop=None, cert=False) if self.sender == "mtls" else self.rp.code(back, self.verifier, dpop=None)
        self.check_token_error(answer, "invalid_request", "invalid_grant", "invalid_dpop_proof", *(["invalid_client"] if self.sender == "mtls" else []))

    def test_ensure_authorization_code_is_bound_to_client(self):
        back, _, _ = self.authorized()
        answer = self.rp2.token({"grant_type": "authorization_code", "code": back["code"], "redirect_uri": self.rp.redirect, "code_verifier": self.verifier})
        self.check_token_error(answer, "invalid_grant", statuses=(400,))

    def test_attempt_reuse_authorization_code_after_one_second(self):
        back, p, _ = self.authorized()
        tokens = self.redeemed(self.rp, back, p)
        self.check_token_error(self.rp.code(back, self.verifier), "invalid_grant", statuses=(400,))
        self.protected(self.rp, tokens["access_token"], (400, 401))  # a warning otherwise

    # ---- refresh
    def test_refresh_token(self):
        for rp in (self.rp, self.rp2):
            rp.scope = "openid email offline_access" if self.openid else "accounts"
        back, p, _ = self.authorized(prompt="consent" if self.openid else None)
        first = self.redeemed(self.rp, back, p)
        if self.sender == "dpop":  # a new key: what a confidential client holds is bound to its authentication (RFC 9449 5)
            self.rp.dpop = jwk.JWK.generate(kty="EC", crv="P-256")
        second = self.check_token_response(self.rp.refresh(first["refresh_token"], scope=self.rp.scope), self.sender)
        self.protected(self.rp, second["access_token"])
        if second.get("refresh_token", first["refresh_token"]) != first["refresh_token"]:  # SP 5.3.2.1-9: one that got lost
            if self.sender == "dpop":
                self.rp.dpop = jwk.JWK.generate(kty="EC", crv="P-256")
            third = self.check_token_response(self.rp.refresh(first["refresh_token"], scope=self.rp.scope), self.sender)
            self.protected(self.rp, third["access_token"])
            second = third
        now = second.get("refresh_token", first["refresh_token"])
        answer = self.rp.refresh(now, scope=self.rp.scope, dpop=None, **({"cert": False} if self.sender == "mtls" else {}))
        self.check_token_error(answer, "invalid_client", "invalid_grant", "invalid_request")  # CheckTokenEndpointReturnedInvalidClientGrantOrRequestError
        back, p, _ = self.authorized(self.rp2, prompt="consent" if self.openid else None)
        other = self.redeemed(self.rp2, back, p)
        self.check_token_error(self.rp.refresh(other["refresh_token"]), "invalid_grant", statuses=(400,))
        # client 2's access token with client 1's key or certificate: switchToClient1AndTryClient2AccessToken
        self.protected(self.rp, other["access_token"], (400, 401, 403))

    # ---- PAR
    def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(self):
        p = self.ask(self.rp)
        uri, browser = self.pushed(self.rp, p), self.browser()
        browser.visit(self.address(self.rp, uri))
        self.assertTrue(browser.page.has("username"))
        browser = self.open(self.rp, uri, browser=self.browser())  # SP 5.3.2.2 note 3
        self.redeemed(self.rp, self.arrived(browser, self.rp, p), p)

    def test_par_attempt_reuse_request_uri(self):
        p = self.ask(self.rp)
        uri = self.pushed(self.rp, p)
        browser = self.open(self.rp, uri)
        self.arrived(browser, self.rp, p)
        self.error_or_page(self.open(self.rp, uri, browser=browser), self.rp, p, "invalid_request_uri")

    def test_par_attempt_to_use_request_uri_for_different_client(self):
        uri = self.pushed(self.rp, self.ask(self.rp))
        self.error_or_page(self.open(self.rp2, uri), self.rp2, {}, "invalid_request_uri", "invalid_request", "invalid_request_object")

    def test_par_authorization_request_containing_request_uri_form_param(self):
        answer = self.push(self.rp, self.ask(self.rp), beside={"request_uri": "urn:example:" + secrets.token_urlsafe(32)})
        self.par_refused(answer, "invalid_request", "invalid_request_object", "request_uri_not_supported", status=(400,))  # PAR-2.1

    def test_par_attempt_invalid_http_method(self):
        answer = self.push(self.rp, self.ask(self.rp), method="PUT")
        self.assertEqual(answer.status_code, 405)  # PAR-2.3

    def test_par_without_duplicate_parameters(self):
        p = self.ask(self.rp)
        browser = self.open(self.rp, self.pushed(self.rp, p), response_type=None, scope=None)
        self.redeemed(self.rp, self.arrived(browser, self.rp, p), p)

    def test_par_ensure_pkce_required(self):
        p = self.ask(self.rp, code_challenge=None, code_challenge_method=None)
        self.par_refused(self.push(self.rp, p), "invalid_request", "invalid_request_object", status=(400,))

    def test_par_ensure_plain_pkce_rejected(self):
        p = self.ask(self.rp, code_challenge_method="plain", code_challenge=secrets.token_urlsafe(32))
        self.par_refused(self.push(self.rp, p), "invalid_request", "invalid_request_object", status=(400,))

    def test_par_ensure_pkce_code_verifier_required(self):
        back, _, _ = self.authorized()
        answer = self.rp.token({"grant_type": "authorization_code", "code": back["code"], "redirect_uri": self.rp.redirect})
        self.check_token_error(answer, "invalid_request", "invalid_grant", statuses=(400,))

    def test_par_incorrect_pkce_code_verifier_rejected(self):
        back, _, _ = self.authorized()
        self.check_token_error(self.rp.code(back, pkce()[0]), "invalid_grant", statuses=(400,))

    def test_par_needs_authentication(self):
        with self.rp.http(cert=False) as http:
            answer = http.post(self.suite.meta["pushed_authorization_request_endpoint"], data=self.ask(self.rp), timeout=20)
        self.par_refused(answer, "invalid_client", "invalid_request")


class Assertions(Common):
    """Modules about private_key_jwt."""

    def sent(self, alg=None, key=None, **changes):
        return self.push(self.rp, self.ask(self.rp), assertion=self.rp.assertion(alg, key, **changes))

    def refused_at_token(self, *errors, **changes):
        back, _, _ = self.authorized()
        alg, key = changes.pop("alg", None), changes.pop("key", None)
        answer = self.rp.code(back, self.verifier, assertion=self.rp.assertion(alg, key, **changes))
        self.check_token_error(answer, *(errors or ("invalid_client",)))

    def test_ensure_signed_client_assertion_with_rs256_fails(self):
        key = key_for("fapi-two", "PS256")  # the same key and kid, another algorithm
        back, _, _ = self.authorized(self.rp2)
        answer = self.rp2.code(back, self.verifier, assertion=self.rp2.assertion("RS256", key))
        self.check_token_error(answer, "invalid_client")

    def test_ensure_client_assertion_in_token_endpoint(self):
        back, _, _ = self.authorized()
        fields = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": self.rp.redirect, "code_verifier": self.verifier,
                  "client_id": self.rp.id}
        answer = self.rp.post("token_endpoint", fields, plain=True, dpop=self.rp.proof("POST", self.rp.at("token_endpoint")))
        self.check_token_error(answer, "invalid_client", "invalid_request")

    def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(self):
        now = int(time.time())
        self.refused_at_token(exp=now - 300, iat=now - 360)

    def test_ensure_client_assertion_with_wrong_aud_fails(self):
        self.refused_at_token(aud="https://wrong.example/")

    def test_ensure_client_assertion_with_no_sub_fails(self):
        self.refused_at_token("invalid_client", "invalid_request", sub=None)

    def test_par_ensure_jwt_client_assertion_with_iat_nbf_8_seconds_in_the_future_is_accepted(self):
        now = int(time.time())
        self.assertEqual(self.sent(iat=now + 8, nbf=now + 8, exp=now + 68).status_code, 201)  # SP 5.3.2.1-13

    def test_par_ensure_jwt_client_assertion_with_iat_nbf_over_60_seconds_in_the_future_fails(self):
        now = int(time.time())
        self.par_refused(self.sent(iat=now + 65, nbf=now + 65, exp=now + 125), "invalid_client", "invalid_request")
        self.par_refused(self.sent(nbf=now + 65, exp=now + 125), "invalid_client", "invalid_request")

    def test_par_endpoint_as_audience_fails(self):
        self.par_refused(self.sent(aud=self.rp.at("pushed_authorization_request_endpoint")), "invalid_client", "invalid_request")  # SP 5.3.2.1-8

    def test_par_endpoint_as_array_audience_fails(self):
        self.par_refused(self.sent(aud=[self.rp.at("pushed_authorization_request_endpoint")]), "invalid_client", "invalid_request")
        self.par_refused(self.sent(aud=[self.suite.issuer]), "invalid_client", "invalid_request")  # "as a string"

    def test_par_token_endpoint_as_audience_fails(self):
        self.par_refused(self.sent(aud=self.rp.at("token_endpoint")), "invalid_client", "invalid_request")

    def test_ensure_client_assertion_replay_fails(self):
        once = self.rp.assertion()
        self.assertEqual(self.push(self.rp, self.ask(self.rp), assertion=once).status_code, 201)
        self.par_refused(self.push(self.rp, self.ask(self.rp), assertion=once), "invalid_client", "invalid_request")


class Proofs(Common):
    """Modules about DPoP."""

    def at(self):
        return self.rp.at("userinfo_endpoint") if self.openid else self.rp.base() + "/api/1.0/users/me"

    def shown(self, token, status, made=None, **changes):
        return self.protected(self.rp, token, status, dpop=made or self.rp.proof("GET", self.at(), **{"token": token, **changes}))

    def one(self, token):
        """A good proof, as text."""
        return self.rp.proof("GET", self.at(), token=token)(self.rp.nonces.get("rs"))

    def test_check_dpop_proof_nbf_exp(self):
        now = int(time.time())
        back, p, _ = self.authorized()
        tokens = self.redeemed(self.rp, back, p, dpop=self.rp.proof("POST", self.rp.at("token_endpoint"), nbf=now, exp=now + 300))
        self.shown(tokens["access_token"], 200, nbf=now, exp=now + 300)

    def test_ensure_dpop_proof_with_iat_10_seconds_before_succeeds(self):
        self.iat(-10)

    def test_ensure_dpop_proof_with_iat_10_seconds_after_succeeds(self):
        self.iat(10)

    def iat(self, by):
        back, p, _ = self.authorized()
        tokens = self.redeemed(self.rp, back, p, dpop=self.rp.proof("POST", self.rp.at("token_endpoint"), iat=int(time.time()) + by))
        self.shown(tokens["access_token"], 200, iat=int(time.time()) + by)  # SP 5.3.2.1-13

    def test_dpop_negative_tests(self):
        tokens, _, _ = self.whole()
        t, bad, now = tokens["access_token"], (400, 401), int(time.time())
        good = self.one(t)
        # the header's name in any letter case; two of them are refused
        answer = self.rp.resource(t, path=None if self.openid else "/api/1.0/users/me", dpop=None, headers={"DPOP": good})
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(self.two_proofs(t), 400)
        self.shown(t, bad, made="x" + self.one(t)[5:])
        self.shown(t, bad, header={"typ": None})
        self.shown(t, bad, header={"jwk": None})
        for name in ("jti", "htm", "htu", "iat", "ath"):
            with self.subTest(missing=name):
                self.shown(t, bad, **{name: None})
        self.shown(t, bad, header={"typ": "JWT"})
        head, body, signature = self.one(t).split(".")
        without = json.loads(unb64(head))
        without.pop("alg")
        self.shown(t, bad, made=".".join((b64(json.dumps(without)), body, signature)))
        self.shown(t, bad, header={"alg": "none"})
        self.shown(t, bad, made=spoil(self.one(t)))
        self.shown(t, bad, header={"jwk": json.loads(self.rp.dpop.export_private())})
        self.shown(t, bad, htm="PUT")
        self.shown(t, 200, htu=self.at() + "?a=b#frag")  # RFC 9449 4.3: query and fragment are ignored
        self.shown(t, bad, htu="https://other.example/resource")
        for by in (3600, -3600):
            self.shown(t, bad, iat=now + by)
        once = self.one(t)
        self.shown(t, 200, made=once)
        self.shown(t, bad, made=once)
        self.shown(t, bad, ath=b64(secrets.token_bytes(32)))
        other = jwk.JWK.generate(kty="EC", crv="P-256")
        self.shown(t, bad, key=other)
        self.shown(t, 200, header={"jwk": public(self.rp.dpop), "abc": "def"}, unknown="claim")
        # RFC 9449 4.3: syntax- and scheme-based normalization
        parts = urllib.parse.urlsplit(self.at())
        self.shown(t, 200, htu="HTTPS://LOCALHOST:%d%s" % (parts.port, parts.path))
        # the token without its proof, and as a bearer token
        answer = self.protected(self.rp, t, 401, dpop=None)
        self.assertIn("DPoP", answer.headers["WWW-Authenticate"])
        self.protected(self.rp, t, bad, dpop=None, scheme="Bearer")
        self.protected(self.rp, t, bad, scheme="Bearer")

    def test_dpop_negative_tests_rs256(self):
        """SP 5.4: a proof by an RSA key with RS256 is refused for this client, PS256 is not."""
        key = key_for("dpop", "PS256")
        for alg, status in (("RS256", 400), ("PS256", 200)):
            back, p, _ = self.authorized()
            answer = self.rp.code(back, self.verifier, dpop=self.rp.proof("POST", self.rp.at("token_endpoint"), key=key, alg=alg))
            self.assertEqual(answer.status_code, status, answer.text)
        token = answer.json()["access_token"]
        self.protected(self.rp, token, dpop=self.rp.proof("GET", self.at(), key=key, alg="PS256", token=token))
        self.protected(self.rp, token, (400, 401), dpop=self.rp.proof("GET", self.at(), key=key, alg="RS256", token=token))

    def two_proofs(self, token):
        made = [self.one(token) for _ in range(2)]
        command = ["curl", "-s", "-o", FOLDER.name + "/out", "-w", "%{http_code}", "--max-time", "10", "--noproxy", "*", "--cacert", self.suite.server.ca,
                   "-H", "Authorization: DPoP " + token, "-H", "DPoP: " + made[0], "-H", "DPoP: " + made[1], self.at()]
        return int(subprocess.run(command, capture_output=True, text=True, timeout=20).stdout)

    def test_ensure_mismatched_dpop_jkt_fails(self):
        other = jwk.JWK.generate(kty="EC", crv="P-256")
        made = self.rp.proof("POST", self.rp.at("pushed_authorization_request_endpoint"))
        answer = self.push(self.rp, self.ask(self.rp, dpop_jkt=thumbprint(other)), dpop=made)
        self.par_refused(answer, "invalid_request", "invalid_dpop_proof", status=(400,))  # RFC 9449 10.1

    def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(self):
        p = self.ask(self.rp)
        made = self.rp.proof("POST", self.rp.at("pushed_authorization_request_endpoint"))
        back, _, _ = self.authorized(p=p, uri=self.pushed(self.rp, p, dpop=made))
        other = jwk.JWK.generate(kty="EC", crv="P-256")
        answer = self.rp.code(back, self.verifier, dpop=self.rp.proof("POST", self.rp.at("token_endpoint"), key=other))
        self.check_token_error(answer, "invalid_dpop_proof", "invalid_grant", "invalid_request", statuses=(400,))

    def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(self):
        back, _, _ = self.authorized(dpop_jkt=thumbprint(self.rp.dpop))
        other = jwk.JWK.generate(kty="EC", crv="P-256")
        answer = self.rp.code(back, self.verifier, dpop=self.rp.proof("POST", self.rp.at("token_endpoint"), key=other))
        self.check_token_error(answer, "invalid_dpop_proof", "invalid_grant", "invalid_request", statuses=(400,))

    def test_ensure_dpop_proof_at_par_endpoint_binding_success(self):
        p = self.ask(self.rp)
        made = self.rp.proof("POST", self.rp.at("pushed_authorization_request_endpoint"))
        back, _, _ = self.authorized(p=p, uri=self.pushed(self.rp, p, dpop=made))
        self.protected(self.rp, self.redeemed(self.rp, back, p)["access_token"])

    def test_ensure_dpop_auth_code_binding_success(self):
        self.whole(dpop_jkt=thumbprint(self.rp.dpop))


class Objects(Common):
    """Modules about signed request objects (Message Signing 5.3.1)."""

    def given(self, **changes):
        p = self.ask(self.rp)
        return self.push(self.rp, p, object=self.object(self.rp, p, **changes))

    def bad(self, *errors, **changes):
        self.par_refused(self.given(**changes), *(errors or ("invalid_request_object", "invalid_request")), status=(400,))

    def test_ensure_server_accepts_request_object_with_multiple_aud(self):
        self.assertEqual(self.given(aud=["https://other.example", self.suite.issuer]).status_code, 201)

    def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(self):
        self.assertEqual(self.given(nbf=int(time.time()) + 8).status_code, 201)

    def test_the_media_type_is_accepted(self):
        for typ in ("oauth-authz-req+jwt", "JWT", None):  # JAR-4: SignRequestObjectIncludeMediaType
            self.assertEqual(self.given(typ=typ).status_code, 201, typ)

    def test_iat_and_jti_are_accepted(self):
        self.assertEqual(self.given(iat=int(time.time()), jti=secrets.token_urlsafe(8)).status_code, 201)

    def test_ensure_request_object_without_exp_fails(self):
        self.bad(drop=("exp",))

    def test_ensure_request_object_without_nbf_fails(self):
        self.bad(drop=("nbf",))

    def test_ensure_request_object_without_redirect_uri_fails(self):
        self.bad(drop=("redirect_uri",))

    def test_ensure_expired_request_object_fails(self):
        now = int(time.time())
        self.bad(nbf=now - 600, exp=now - 300)

    def test_ensure_request_object_with_bad_aud_fails(self):
        self.bad(aud="https://wrong.example")

    def test_ensure_request_object_with_exp_over_60_fails(self):
        self.bad(exp=int(time.time()) + 70 * 60)

    def test_ensure_request_object_with_nbf_over_60_fails(self):
        now = int(time.time())
        self.bad(nbf=now - 70 * 60, exp=now + 60)

    def test_ensure_signed_request_object_with_rs256_fails(self):
        p = self.ask(self.rp2)
        answer = self.push(self.rp2, p, object=self.object(self.rp2, p, alg="RS256"))
        self.par_refused(answer, "invalid_request_object", "invalid_request", status=(400,))

    def test_ensure_request_object_signature_algorithm_is_not_none(self):
        self.bad(alg="none")

    def test_ensure_request_object_with_invalid_signature_fails(self):
        p = self.ask(self.rp)
        self.par_refused(self.push(self.rp, p, object=spoil(self.object(self.rp, p))), "invalid_request_object", "invalid_request", status=(400,))

    def test_ensure_matching_key_in_authorization_request(self):
        self.bad(alg="PS256", key=self.rp2.key, kid=self.rp2.kid)

    def test_ensure_unsigned_request_at_par_endpoint_fails(self):
        answer = self.rp.post("pushed_authorization_request_endpoint", self.ask(self.rp))
        self.par_refused(answer, "invalid_request", "invalid_request_object", status=(400,))

    def test_par_authorization_request_containing_request_uri(self):
        self.bad("invalid_request_object", "invalid_request", "request_uri_not_supported", request_uri="urn:example:x")

    def test_parameters_beside_the_object_are_not_mixed_in(self):
        p = self.ask(self.rp)
        answer = self.push(self.rp, p, beside={"state": "outside", "response_type": "code", "scope": self.rp.scope})
        self.assertEqual(answer.status_code, 201, answer.text)
        self.arrived(self.open(self.rp, answer.json()["request_uri"]), self.rp, p)


class KeyDpopOpenid(Assertions, Proofs):
    """private_key_jwt, DPoP, OpenID Connect, unsigned, plain answers"""


class MtlsMtlsPlain(Common):
    """mtls, mtls, plain OAuth, unsigned, plain answers"""
    auth, sender, openid = "mtls", "mtls", False

    def test_tokens_are_bound_to_the_certificate(self):
        tokens, _, _ = self.whole()
        other = self.rp.cert
        try:
            self.rp.cert = Pair("stranger")
            self.protected(self.rp, tokens["access_token"], 401)
        finally:
            self.rp.cert = other
        self.protected(self.rp, tokens["access_token"], 401, cert=False)


class KeyDpopSigned(Assertions, Proofs, Objects):
    """private_key_jwt, DPoP, OpenID Connect, signed requests, JARM: Message Signing"""
    signed, jarm = True, True

    def test_signed_introspection(self):
        """MS 5.5, RFC 9701: application/token-introspection+jwt, typ, iss, aud, iat, token_introspection."""
        tokens, _, _ = self.whole()
        answer = self.rp.post("introspection_endpoint", {"token": tokens["access_token"]}, headers={"Accept": "application/token-introspection+jwt"})
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/token-introspection+jwt")
        claims = verify(answer.text, self.suite.keys())
        self.assertEqual(header_of(answer.text)["typ"], "token-introspection+jwt")
        self.assertIn(header_of(answer.text)["alg"], ("ES256", "PS256", "EdDSA"))
        self.assertEqual((claims["iss"], claims["aud"]), (self.suite.issuer, self.rp.id))
        self.assertLessEqual(abs(claims["iat"] - time.time()), 10)
        inside = claims["token_introspection"]
        self.assertTrue(inside["active"])
        self.assertEqual(inside["cnf"], {"jkt": thumbprint(self.rp.dpop)})
        self.assertNotIn("sub", claims)  # RFC 9701 5: not at the top level
        self.assertNotIn("exp", claims)


class KeyMtlsOpenid(Fapi):
    """private_key_jwt, mtls, OpenID Connect; the modules in which the mixture matters"""
    auth, sender = "private_key_jwt", "mtls"
    test_happy_flow = Common.test_happy_flow
    test_ensure_holder_of_key_required = Common.test_ensure_holder_of_key_required
    test_refresh_token = Common.test_refresh_token


class MtlsDpopJarm(Fapi):
    """mtls, DPoP, OpenID Connect, signed requests and answers"""
    auth, sender, signed, jarm = "mtls", "dpop", True, True
    test_happy_flow = Common.test_happy_flow
    test_ensure_holder_of_key_required = Common.test_ensure_holder_of_key_required
    test_user_rejects_authentication = Common.test_user_rejects_authentication


class Clocks(Fapi):
    """What expires: a server whose spans are short."""

    @classmethod
    def setUpClass(cls):
        cls.suite = Suite(mtls=True, args=["--par-lifetime", "5", "--code-lifetime", "1"])
        cls.suite.server.cli("scope", "add", "accounts", "--description", "See your accounts")
        cls.rp, cls.rp2 = cls.client("one", CALLBACK), cls.client("two", SECOND)
        cls.suite.start()

    def until(self, when):
        end = time.monotonic() + 15
        while time.time() < when and time.monotonic() < end:
            time.sleep(0.05)

    def test_par_attempt_to_use_expired_request_uri(self):
        p = self.ask(self.rp)
        uri = self.pushed(self.rp, p)
        self.until(int(time.time()) + 7)
        self.error_or_page(self.open(self.rp, uri), self.rp, p, "invalid_request_uri")

    def test_ensure_token_endpoint_fails_with_expired_auth_code(self):
        back, _, _ = self.authorized()
        self.until(int(time.time()) + 3)
        self.check_token_error(self.rp.code(back, self.verifier), "invalid_grant", statuses=(400,))


class Tls(Fapi):
    """The TLS conditions of ensure-holder-of-key-required: SP 5.2.1, 5.2.2, BCP 195 (RFC 9325)."""

    def shake(self, door, *options):
        host = urllib.parse.urlsplit(door)
        command = ["openssl", "s_client", "-connect", "localhost:%d" % host.port, "-servername", "localhost", "-brief", *options]
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=20)
        return done.returncode == 0 and "Ciphersuite:" in done.stderr, done.stderr

    def test_tls(self):
        for door in (self.suite.issuer, self.suite.meta["mtls_endpoint_aliases"]["token_endpoint"]):
            for old in ("-tls1", "-tls1_1"):
                self.assertFalse(self.shake(door, old, "-cipher", "ALL:@SECLEVEL=0")[0], old)
            self.assertTrue(self.shake(door, "-tls1_3")[0])
            self.assertTrue(self.shake(door, "-tls1_2", "-cipher", "ECDHE+AESGCM")[0])
            good, told = self.shake(door, "-tls1_2", "-cipher", "ALL:!AESGCM:@SECLEVEL=0")  # RFC 9325 4.2: AES GCM with ECDHE alone
            self.assertFalse(good, told)
            self.assertFalse(self.shake(door, "-tls1_2", "-cipher", "kRSA+AESGCM")[0])


for made in (Fapi, Common, Assertions, Proofs, Objects):
    made.__test__ = False


def load_tests(loader, tests, pattern):
    suite = unittest.TestSuite()
    for case in (KeyDpopOpenid, MtlsMtlsPlain, KeyDpopSigned, KeyMtlsOpenid, MtlsDpopJarm, Clocks, Tls):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
