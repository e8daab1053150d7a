# SPDX-License-Identifier: MIT
"""Introspection, revocation, metadata, published keys, JWT access tokens (IR, MD, AT)."""
import base64
import json
import os
import subprocess
import time
import unittest

from harness import CALLBACK, E2E, Browser, clean_environment, basic, world


def part(token, i):
    piece = token.split(".")[i]
    return json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))


class Truth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.meta = cls.s.get("/.well-known/oauth-authorization-server").json()

    # ---- introspection
    def test_IR_05_tells_the_truth(self):
        w = self.w
        tokens = w.password_tokens(scope="read")
        answer = self.s.introspect(w.service, tokens["access_token"])
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        told = answer.json()
        self.assertEqual((told["active"], told["scope"], told["client_id"], told["sub"], told["username"], told["token_type"], told["iss"]),
                         (True, "read", w.trusted.id, w.alice.id, "alice", "Bearer", self.meta["issuer"]))
        self.assertIsInstance(told["exp"], int)
        self.assertEqual(told["exp"] - told["iat"], 3600)  # TE-10
        self.assertLess(abs(told["iat"] - time.time()), 30)

    def test_the_login_behind_a_token_is_told(self):
        """RFC 9470 6.2, RFC 9068 2.2.1: of the login, not of the token; the same in the ID token, in introspection and in a JWT."""
        w, before = self.w, int(time.time())
        resource = "https://login.example"
        self.s.cli("resource", "add", resource, "--name", "Login", "--client", w.service.id)
        app = self.s.client("Login", "authorization_code", redirect=CALLBACK)
        tokens = self.s.tokens(app, w.alice, scope="openid read")
        login, told = part(tokens["id_token"], 1), self.s.introspect(w.service, tokens["access_token"]).json()
        self.assertTrue(before <= login["auth_time"] <= time.time())
        self.assertEqual((told["acr"], told["auth_time"]), (login["acr"], login["auth_time"]))
        signed = self.s.tokens(app, w.alice, scope="read", resource=resource)["access_token"]
        claims, told = part(signed, 1), self.s.introspect(w.service, signed).json()
        self.assertEqual((claims["acr"], claims["amr"]), (login["acr"], ["pwd"]))
        self.assertEqual((told["acr"], told["auth_time"]), (claims["acr"], claims["auth_time"]))
        for token in (self.s.token(w.service, "client_credentials").json()["access_token"], w.alice.pat("--scope", "read")):
            told = self.s.introspect(w.service, token).json()
            self.assertTrue(told["active"])
            self.assertFalse({"acr", "auth_time"} & set(told))

    def test_client_token_is_told_as_the_client(self):
        token = self.s.token(self.w.service, "client_credentials").json()["access_token"]
        told = self.s.introspect(self.w.service, token).json()
        self.assertEqual((told["sub"], told["client_id"]), ("client:" + self.w.service.id, self.w.service.id))
        self.assertNotIn("username", told)

    def test_personal_token_is_told(self):
        told = self.s.introspect(self.w.service, self.w.alice.pat("--scope", "read")).json()
        self.assertEqual((told["active"], told["sub"], told["scope"]), (True, self.w.alice.id, "read"))

    def test_IR_03_everything_else_is_just_inactive(self):
        w = self.w
        for token in ("x", "jtn_at_" + "A" * 80, "jtn_pat_" + "A" * 47, w.service.secret, "a.b.c", "é", "x" * 20000, w.alice.password):
            with self.subTest(token=token[:20]):
                answer = self.s.introspect(w.service, token)
                self.assertEqual((answer.status_code, answer.json()), (200, {"active": False}))

    def test_IR_01_caller_must_authenticate(self):
        token = self.w.password_tokens()["access_token"]
        for headers, body in (({}, {}), ({}, {"client_id": self.w.native.id}), ({"Authorization": basic(self.w.service.id, "wrong")}, {}),
                              ({"Authorization": "Bearer " + token}, {}), ({}, {"client_id": self.w.service.id})):
            with self.subTest(headers=headers, body=body):
                answer = self.s.post("/oauth/introspect", {"token": token, **body}, headers=headers)
                self.assertEqual((answer.status_code, answer.json()["error"]), (401, "invalid_client"))

    def test_no_token_is_invalid_request(self):
        for path in ("/oauth/introspect", "/oauth/revoke"):
            answer = self.s.post(path, {}, headers={"Authorization": basic(self.w.service.id, self.w.service.secret)})
            self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_request"))

    def test_IR_10_get_is_refused(self):
        for path in ("/oauth/introspect", "/oauth/revoke"):
            self.assertEqual(self.s.get(path + "?token=x").status_code, 405)

    def test_IR_07_hints_are_ignored(self):
        token = self.w.password_tokens()["access_token"]
        for hint in ("refresh_token", "access_token", "nonsense"):
            self.assertTrue(self.s.introspect(self.w.service, token, token_type_hint=hint).json()["active"])

    # ---- revocation
    def test_access_token_ends_alone(self):
        w = self.w
        tokens = w.password_tokens()
        answer = self.s.revoke(w.trusted, tokens["access_token"])
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertFalse(self.s.active(w.service, tokens["access_token"]))
        answer = self.s.api("GET", "/users/me", tokens["access_token"])
        self.assertEqual(answer.status_code, 401)
        self.assertIn("revoked", answer.json()["message"].lower())
        self.assertEqual(self.s.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"]).status_code, 200)

    def test_IR_08_refresh_token_ends_its_grant(self):
        w = self.w
        tokens = w.password_tokens()
        self.assertEqual(self.s.revoke(w.trusted, tokens["refresh_token"]).status_code, 200)
        self.assertFalse(self.s.active(w.service, tokens["access_token"]))
        self.assertEqual(self.s.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"]).json()["error"], "invalid_grant")

    def test_IR_06_foreign_tokens_are_left_alone(self):
        w = self.w
        tokens = w.password_tokens()
        for token in tokens["access_token"], tokens["refresh_token"], w.alice.pat():
            self.assertIn(self.s.revoke(w.web, token).status_code, (200, 400))
        self.assertTrue(self.s.active(w.service, tokens["access_token"]))
        self.assertEqual(self.s.token(w.trusted, "refresh_token", refresh_token=tokens["refresh_token"]).status_code, 200)

    def test_IR_07_unknown_token_is_200(self):
        for token in ("x", "jtn_at_" + "A" * 60, "jtn_rt_" + "A" * 60):
            self.assertEqual(self.s.revoke(self.w.service, token, token_type_hint="bogus").status_code, 200)

    def test_public_client_revokes_its_own(self):
        from harness import pkce
        w = self.w
        verifier, challenge = pkce()
        answer = Browser(self.s).authorize(w.native, w.alice, code_challenge=challenge, code_challenge_method="S256")
        tokens = self.s.token(w.native, "authorization_code", auth="id", code=answer["code"], redirect_uri=w.native.redirect,
                              code_verifier=verifier).json()
        answer = self.s.post("/oauth/revoke", {"token": tokens["refresh_token"], "client_id": w.native.id})
        self.assertIn(answer.status_code, (200, 401))
        if answer.status_code == 200:
            self.assertFalse(self.s.active(w.service, tokens["access_token"]))

    # ---- metadata and keys
    def test_MD_01_both_documents_agree(self):
        openid = self.s.get("/.well-known/openid-configuration").json()
        for key in set(self.meta) & set(openid):
            self.assertEqual(self.meta[key], openid[key], key)
        self.assertEqual(self.meta["issuer"], self.s.url)

    def test_MD_03_tells_the_truth(self):
        m = self.meta
        self.assertEqual(m["authorization_endpoint"], self.s.url + "/oauth/authorize")
        self.assertEqual(m["token_endpoint"], self.s.url + "/oauth/token")
        self.assertEqual(m["introspection_endpoint"], self.s.url + "/oauth/introspect")
        self.assertEqual(m["revocation_endpoint"], self.s.url + "/oauth/revoke")
        self.assertEqual(m["code_challenge_methods_supported"], ["S256"])  # PK-09
        self.assertEqual(m["response_types_supported"], ["code"])
        self.assertTrue(m["authorization_response_iss_parameter_supported"])
        self.assertLessEqual({"authorization_code", "password", "client_credentials", "refresh_token"}, set(m["grant_types_supported"]))
        self.assertLessEqual({"client_secret_basic", "client_secret_post", "none"}, set(m["token_endpoint_auth_methods_supported"]))
        self.assertIn("read", m["scopes_supported"])
        for key, value in m.items():
            if key.endswith("_endpoint") or key == "jwks_uri":
                status = self.s.get(value[len(self.s.url):]).status_code
                self.assertNotEqual(status, 404, key)

    def test_MD_02_issuer_comes_from_configuration(self):
        for headers in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}, {"X-Forwarded-Proto": "http"}):
            self.assertEqual(self.s.get("/.well-known/oauth-authorization-server", headers=headers).json(), self.meta)
        answer = self.s.get("/.well-known/oauth-authorization-server", headers={"Host": "evil.example"})
        self.assertIn(answer.status_code, (400, 421))  # IN-04
        self.assertNotIn("evil.example", answer.text)

    def test_AT_10_keys_are_public(self):
        answer = self.s.get("/oauth/jwks")
        keys = answer.json()["keys"]
        self.assertTrue(keys)
        self.assertEqual(len({k["kid"] for k in keys}), len(keys))
        for key in keys:
            self.assertFalse({"d", "p", "q", "dp", "dq", "qi", "k"} & set(key))
            self.assertEqual(key["use"], "sig")
            self.assertIn(key["alg"], ("ES256", "RS256", "EdDSA"))
        self.assertIn("max-age", answer.headers["Cache-Control"])

    # ---- JWT access tokens
    def jwt(self, alg="ES256"):
        uri = "https://api.example/" + alg.lower()
        try:
            self.s.cli("resource", "add", uri, "--name", "Orders " + alg, "--alg", alg)
        except Exception as failed:
            if "already" not in str(failed) and "exist" not in str(failed):
                raise
        answer = self.s.token(self.w.service, "client_credentials", resource=uri, scope="read")
        self.assertEqual(answer.status_code, 200, answer.text)
        return uri, answer.json()["access_token"]

    def test_AT_02_profile_and_jose_agrees(self):
        for alg in ("ES256", "RS256", "EdDSA"):
            with self.subTest(alg=alg):
                uri, token = self.jwt(alg)
                head, body = part(token, 0), part(token, 1)
                self.assertEqual((head["typ"], head["alg"]), ("at+jwt", alg))
                self.assertIn("kid", head)
                self.assertEqual((body["iss"], body["aud"], body["sub"], body["client_id"], body["scope"]),
                                 (self.s.url, uri, "client:" + self.w.service.id, self.w.service.id, "read"))
                self.assertTrue(body["jti"])
                self.assertEqual((type(body["exp"]), type(body["iat"]), body["exp"] - body["iat"]), (int, int, 3600))  # AT-12
                told = subprocess.run(["node", os.path.join(E2E, "samples", "verify_jwt.mjs"), self.s.url, uri], input=token, text=True,
                                      capture_output=True, timeout=60, env=clean_environment(NODE_EXTRA_CA_CERTS=self.s.ca))
                self.assertEqual(told.returncode, 0, told.stderr)
                self.assertEqual(json.loads(told.stdout)["payload"], body)

    def test_AT_03_token_for_another_resource_is_refused_by_the_api(self):
        self.assertEqual(self.s.api("GET", "/users/me", self.jwt()[1]).status_code, 401)

    def test_IR_02_only_the_resource_may_ask(self):
        self.assertEqual(self.s.introspect(self.w.web, self.jwt()[1]).json(), {"active": False})

    def test_unknown_resource_is_invalid_target(self):
        for uri in ("https://unknown.example/", "relative", "https://api.example/es256#f", ""):
            with self.subTest(uri=uri):
                answer = self.s.token(self.w.service, "client_credentials", resource=uri)
                if uri:
                    self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_target"))

    def test_AT_05_forged_tokens_are_refused(self):
        _, token = self.jwt()
        head, body, seal = token.split(".")
        b64 = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=").decode()
        real = part(token, 0)
        forged = [b64({**real, "alg": a}) + "." + body + "." + s for a in ("none", "None", "nOnE", "", "HS256", "RS256") for s in ("", seal)]
        forged += [head + "." + b64({**part(token, 1), "aud": self.s.url}) + "." + seal, head + "." + body + "." + seal + "=", token + ".x",
                   head + "." + body, token[:-2], b64({**real, "crit": ["x"], "x": 1}) + "." + body + "." + seal]
        for bad in forged:
            with self.subTest(bad=bad[:40]):
                self.assertEqual(self.s.introspect(self.w.service, bad).json(), {"active": False})
                self.assertEqual(self.s.api("GET", "/users/me", bad).status_code, 401)

    def test_AT_11_rotation_keeps_old_tokens(self):
        uri, token = self.jwt()
        before = {k["kid"] for k in self.s.get("/oauth/jwks").json()["keys"]}
        sealed = self.w.password_tokens()["access_token"]
        self.s.cli("key", "rotate", "--now")
        after = {k["kid"] for k in self.s.get("/oauth/jwks").json()["keys"]}
        _, later = self.jwt()
        self.assertNotEqual(part(token, 0)["kid"], part(later, 0)["kid"])
        self.assertIn(part(later, 0)["kid"], before)  # published before use
        self.assertIn(part(token, 0)["kid"], after)
        self.assertTrue(self.s.active(self.w.service, sealed))
        self.assertTrue(self.s.active(self.w.service, self.w.password_tokens()["access_token"]))


if __name__ == "__main__":
    unittest.main()
