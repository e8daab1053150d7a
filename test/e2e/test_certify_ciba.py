# SPDX-License-Identifier: MIT
"""Emulation of the certification plan for FAPI-CIBA (poll and ping, signed requests, private_key_jwt), one test for each module, and what
RFC 8628 says of the device flow, from the same suite's point of view. Decisions are made in the pages, by plain forms."""
import secrets
import time
import unittest

from certify import Conditions, Suite, claims_of, key_for, sign, spoil

CIBA = "urn:openid:params:grant-type:ciba"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Backchannel(Conditions):
    @classmethod
    def setUpClass(cls):
        cls.suite = Suite(env={"JETON_POLL_INTERVAL": "1"})
        signed = ("--backchannel-authentication-request-signing-alg", "ES256", "--id-token-signed-response-alg", "ES256")
        how = {"alg": "ES256", "grants": ("ciba", "refresh_token"), "redirect": None, "scope": "openid email", "id_alg": "ES256"}
        cls.rp = cls.suite.keyed(*signed, key_name="ciba-one", **how)
        cls.rp2 = cls.suite.keyed(*signed, key_name="ciba-two", **how)
        cls.ping = cls.suite.keyed(*signed, "--backchannel-token-delivery-mode", "ping", "--backchannel-client-notification-endpoint",
                                   "https://" + cls.suite.site.host + "/ciba-notification", key_name="ciba-ping", **how)
        cls.tv = cls.suite.client("--public", grants=("device_code", "refresh_token"), redirect=None, scope="openid email", auth="none")
        for rp in (cls.rp, cls.rp2, cls.ping, cls.tv):
            rp.scope = "openid email"
        cls.suite.start()

    def setUp(self):
        self.person = self.suite.server.user("p" + secrets.token_hex(6))

    # ---- what the suite sends
    def claims(self, rp, **changes):
        now = int(time.time())
        made = {"aud": self.suite.issuer, "iss": rp.id, "exp": now + 300, "iat": now, "nbf": now, "jti": secrets.token_urlsafe(16),
                "scope": rp.scope, "login_hint": self.person.name, "binding_message": "1234", **changes}
        return {k: v for k, v in made.items() if v is not None}

    def send(self, rp=None, request=None, alg=None, key=None, assertion=None, **changes):
        rp = rp or self.rp
        if request is None:
            request = sign(key or rp.key, alg or rp.alg, self.claims(rp, **changes), kid=rp.kid)
        return rp.post("backchannel_authentication_endpoint", {"request": request}, assertion=assertion)

    def asked(self, rp=None, **changes):
        body = self.check_json(self.send(rp, **changes))
        self.assertLessEqual(set(body), {"auth_req_id", "expires_in", "interval"})
        self.assertRegex(body["auth_req_id"], r"^[A-Za-z0-9._-]{22,}$")  # CIBA 7.3: characters, 128 bits and more
        self.assertIs(type(body["expires_in"]), int)
        self.assertGreater(body["expires_in"], 0)
        self.assertIs(type(body.get("interval", 5)), int)
        return body

    def bad(self, *errors, **how):
        answer = self.send(**how)
        self.assertIn(answer.status_code, (400, 401), answer.text)
        body = self.check_json(answer, answer.status_code)
        self.assertIn(body["error"], errors or ("invalid_request",), body)

    def decide(self, decision="allow", person=None):
        browser = self.browser()
        browser.send("GET", self.suite.server.url + "/account/requests")
        browser.log_in(person or self.person)
        button = next(e for e in browser.page.all if e["tag"] == "button" and e["a"].get("value") == decision)
        button["a"]["id"] = "chosen"
        browser.click("chosen")

    def poll(self, body, rp=None, **more):
        return (rp or self.rp).token({"grant_type": CIBA, "auth_req_id": body["auth_req_id"]}, **more)

    def done(self, body, rp=None):
        rp = rp or self.rp
        tokens = self.check_token_response(self.poll(body, rp))
        claims = self.check_id_token(tokens["id_token"], rp, None, tokens["access_token"])
        self.check_userinfo(rp, tokens["access_token"], claims)
        return tokens

    def test_discovery_end_point_verification(self):
        m = self.suite.meta
        self.assertIn("poll", m["backchannel_token_delivery_modes_supported"])
        self.assertIn(CIBA, m["grant_types_supported"])
        self.assertTrue(m["backchannel_authentication_endpoint"].startswith("https://"))
        self.assertTrue({"PS256", "ES256"} & set(m["backchannel_authentication_request_signing_alg_values_supported"]))
        self.assertIs(type(m["backchannel_user_code_parameter_supported"]), bool)

    def test_fapi_ciba_id1(self):
        body = self.asked()
        self.check_token_error(self.poll(body), "authorization_pending", "slow_down", statuses=(400,))
        self.decide()
        time.sleep(body.get("interval", 5))
        tokens = self.done(body)
        if "refresh_token" in tokens:
            self.check_token_response(self.rp.refresh(tokens["refresh_token"]))

    def test_fapi_ciba_id1_ping(self):
        token = secrets.token_urlsafe(24)
        body = self.asked(self.ping, client_notification_token=token)
        self.decide()
        headers, _ = self.suite.site.wait("/ciba-notification")
        self.assertEqual(headers["Authorization"], "Bearer " + token)
        self.assertEqual(headers["Content-Type"].split(";")[0], "application/json")
        self.done(body, self.ping)

    def test_user_rejects_authentication(self):
        body = self.asked()
        self.decide("deny")
        self.check_token_error(self.poll(body), "access_denied", statuses=(400,))

    def test_multiple_call_to_token_endpoint(self):
        body = self.asked()
        self.check_token_error(self.poll(body), "authorization_pending", statuses=(400,))
        self.check_token_error(self.poll(body), "slow_down", "authorization_pending", statuses=(400,))

    def test_ensure_authorization_request_with_binding_message_succeeds(self):
        self.asked(binding_message="1234")

    def test_ensure_authorization_request_with_potentially_bad_binding_message(self):
        self.bad("invalid_binding_message", "invalid_request", binding_message="1234 \U0001F44D \u54c1\u5ddd Lor" + "x" * 100)

    def test_ensure_requested_expiry_as_string_succeeds(self):
        # auth-req-id-expired waits for as long; the shortest is 30 seconds, so expired_token is the unit tests' matter, by a set clock
        self.assertEqual(self.asked(requested_expiry="30")["expires_in"], 30)
        self.assertEqual(self.asked(requested_expiry=30)["expires_in"], 30)

    def test_ensure_authorization_request_with_multiple_hints_fails(self):
        self.bad(id_token_hint="x", login_hint_token="y")

    def test_ensure_authorization_request_with_unknown_user_fails(self):
        self.bad("unknown_user_id", login_hint="nobody-" + secrets.token_hex(4))

    def test_ensure_other_scope_order_succeeds(self):
        self.asked(scope="email openid")

    def test_ensure_backchannel_authorization_request_without_request_fails(self):
        answer = self.rp.post("backchannel_authentication_endpoint", {"scope": "openid", "login_hint": self.person.name})
        self.check_token_error(answer, "invalid_request", statuses=(400,))

    def test_ensure_request_object_fails(self):
        """bad-aud, bad-iss, missing-aud, -exp, -iat, -iss, -jti, -nbf, expired-exp, exp-is-70-minutes-in-future, nbf-is-10-minutes-in-future,
        nbf-is-70-minutes-in-past: a module each."""
        now = int(time.time())
        for changes in ({"aud": "https://other.example"}, {"iss": "other"}, {"aud": None}, {"exp": None}, {"iat": None}, {"iss": None}, {"jti": None},
                        {"nbf": None}, {"exp": now - 60, "iat": now - 120, "nbf": now - 120}, {"exp": now + 4200}, {"nbf": now + 600},
                        {"nbf": now - 4200, "exp": now + 60}):
            with self.subTest(**changes):
                self.bad(**changes)

    def test_ensure_request_object_signature_algorithm_is_none_fails(self):
        self.bad(alg="none")

    def test_ensure_request_object_signature_algorithm_is_rs256_fails(self):
        self.bad(alg="RS256", key=key_for("suite", "RS256"))

    def test_ensure_request_object_signature_is_bad_fails(self):
        self.bad(request=spoil(sign(self.rp.key, "ES256", self.claims(self.rp), kid=self.rp.kid)))

    def test_ensure_request_object_signed_by_other_client_fails(self):
        self.bad(key=self.rp2.key)

    def test_ensure_wrong_client_id_in_backchannel_authorization_request(self):
        answer = self.rp.post("backchannel_authentication_endpoint", {"request": sign(self.rp.key, "ES256", self.claims(self.rp), kid=self.rp.kid),
                                                                      "client_id": self.rp2.id})
        self.check_token_error(answer, "invalid_client", "invalid_request")

    def test_ensure_without_client_assertion_fails(self):
        fields = {"request": sign(self.rp.key, "ES256", self.claims(self.rp), kid=self.rp.kid), "client_id": self.rp.id}
        self.check_token_error(self.rp.post("backchannel_authentication_endpoint", fields, plain=True), "invalid_client", "invalid_request")
        body = self.asked()
        fields = {"grant_type": CIBA, "auth_req_id": body["auth_req_id"], "client_id": self.rp.id}
        self.check_token_error(self.rp.post("token_endpoint", fields, plain=True), "invalid_client", "invalid_request")

    def test_ensure_wrong_authentication_request_id_in_token_endpoint_request(self):
        self.check_token_error(self.poll({"auth_req_id": secrets.token_urlsafe(48)}), "invalid_grant", statuses=(400,))

    def test_ensure_auth_req_id_is_bound_to_the_client(self):
        body = self.asked()
        self.decide()
        self.check_token_error(self.poll(body, self.rp2), "invalid_grant", statuses=(400,))
        self.done(body)

    # ---- RFC 8628
    def device(self):
        answer = self.suite.server.post("/oauth/device/code", {"client_id": self.tv.id, "scope": "openid email"})
        body = self.check_json(answer)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertLessEqual({"device_code", "user_code", "verification_uri", "expires_in"}, set(body))
        self.assertIs(type(body["expires_in"]), int)
        self.assertEqual(self.suite.meta["device_authorization_endpoint"], self.suite.server.url + "/oauth/device/code")
        return body

    def redeem(self, body):
        return self.tv.token({"grant_type": DEVICE, "device_code": body["device_code"]})

    def test_device_flow(self):
        body, browser = self.device(), self.browser()
        browser.send("GET", body["verification_uri"])
        if browser.page.has("password"):
            browser.log_in(self.person)
        browser.type("user_code", body["user_code"])
        browser.page.by_id("user_code")["form"]["a"].setdefault("id", "form")
        button = browser.page.within(browser.page.by_id("user_code")["form"], "button")[0]
        button["a"].setdefault("id", "chosen")
        browser.click(button["a"]["id"])
        browser.click("allow")
        tokens = self.check_token_response(self.redeem(body))
        self.assertEqual(claims_of(tokens["id_token"])["aud"], self.tv.id)
        self.check_token_error(self.redeem(body), "invalid_grant", statuses=(400,))

    def test_device_flow_denied_and_pending(self):
        body, browser = self.device(), self.browser()
        self.check_token_error(self.redeem(body), "authorization_pending", statuses=(400,))
        browser.send("GET", body["verification_uri_complete"])
        browser.log_in(self.person)
        browser.click("deny")
        time.sleep(1)
        self.check_token_error(self.redeem(body), "access_denied", statuses=(400,))


if __name__ == "__main__":
    unittest.main()
