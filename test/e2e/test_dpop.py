# SPDX-License-Identifier: MIT
"""Tokens that only the holder of a key can use (RFC 9449; DP-01 to DP-04), at the token endpoint, userinfo and jeton's own API."""
import json
import time
import unittest

from harness import CALLBACK, Browser, Server, basic, world
from prover import Prover, hmac_sign, rsa_prover


class Bound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.p = Prover(cls.s)
        cls.me = "/api/1.0/users/me"
        cls.bound = cls.p.token(cls.w.trusted, "password", username="alice", password=cls.w.alice.password).json()

    def test_TE_10_the_answer_and_introspection_say_what_it_is_bound_to(self):
        self.assertEqual(self.bound["token_type"], "DPoP")
        told = self.s.introspect(self.w.service, self.bound["access_token"]).json()
        self.assertEqual((told["active"], told["token_type"], told["cnf"]), (True, "DPoP", {"jkt": self.p.jkt}))

    def test_a_machines_token_with_rsa(self):
        p = rsa_prover(self.s)
        answer = p.token(self.w.service, "client_credentials", proof=p.proof("POST", self.s.url + "/oauth/token", nonce=self.p.nonce,
                                                                             header={"alg": "RS256"}))
        self.assertEqual((answer.status_code, answer.json()["token_type"]), (200, "DPoP"))

    def test_DP_02_the_api_takes_it_from_its_holder_alone(self):
        token, other = self.bound["access_token"], Prover(self.s)
        other.nonce = self.p.nonce
        good = self.p.call("GET", self.me, token)
        self.assertEqual((good.status_code, good.json()["id"]), (200, self.w.alice.id))
        for path in (self.me, "/api/1.0/users", "/oauth/userinfo"):
            tries = {
                "as Bearer, without a proof": self.p.call("GET", path, token, scheme="Bearer", proof=""),
                "as Bearer, with a proof": self.p.call("GET", path, token, scheme="Bearer"),
                "without a proof": self.p.call("GET", path, token, proof=""),
                "another key": other.call("GET", path, token),
                "proof for another method": self.p.call("GET", path, token, htm="POST"),
                "proof for another address": self.p.call("GET", path, token, htu=self.s.url + "/oauth/token"),
                "proof for another token": self.p.call("GET", path, token, ath="x" * 43),
                "proof for no token": self.p.call("GET", path, token, ath=None),
            }
            for what, answer in tries.items():
                with self.subTest(path=path, what=what):
                    self.assertEqual(answer.status_code, 401, answer.text)
                    challenges = answer.headers["WWW-Authenticate"]
                    self.assertIn("DPoP ", challenges)
                    self.assertIn("Bearer ", challenges)
                    self.assertIn('algs="ES256 ', challenges)
                    self.assertRegex(challenges, 'error="(invalid_token|invalid_dpop_proof)"')
        self.assertEqual(self.p.call("POST", "/oauth/userinfo", token, htm="GET").status_code, 401)

    def test_nothing_sent_is_told_both_ways_and_no_error(self):  # RFC 6750 3.1
        answer = self.s.get("/oauth/userinfo")
        self.assertEqual(answer.status_code, 401)
        self.assertNotIn("error=", answer.headers["WWW-Authenticate"])
        self.assertIn("DPoP ", answer.headers["WWW-Authenticate"])

    def test_a_proof_is_good_once_at_resources_too(self):
        token = self.bound["access_token"]
        proof = self.p.proof("GET", self.s.url + self.me, token)
        self.assertEqual(self.p.call("GET", self.me, token, proof=proof).status_code, 200)
        again = self.p.call("GET", self.me, token, proof=proof)
        self.assertEqual(again.status_code, 401)
        self.assertIn('error="invalid_dpop_proof"', again.headers["WWW-Authenticate"])

    def test_an_unbound_token_is_no_dpop_token(self):
        token = self.w.password_tokens()["access_token"]
        self.assertEqual(self.p.call("GET", self.me, token, scheme="Bearer", proof="").status_code, 200)
        self.assertEqual(self.p.call("GET", self.me, token).status_code, 401)

    def test_personal_tokens_can_be_bound(self):  # CVE-2024-49755
        token = self.w.alice.pat("--dpop-jkt", self.p.jkt, name="bound")
        self.assertEqual(self.s.api("GET", "/users/me", token).status_code, 401)
        self.assertEqual(self.p.call("GET", self.me, token, proof="").status_code, 401)
        self.assertEqual(self.p.call("GET", self.me, token).status_code, 200)
        told = self.s.introspect(self.w.service, token).json()
        self.assertEqual((told["token_type"], told["cnf"]), ("DPoP", {"jkt": self.p.jkt}))

    def test_DP_01_malformed_proofs(self):
        p, url, rsa = self.p, self.s.url + "/oauth/token", rsa_prover(self.s)
        private = dict(p.jwk, d="AAAA")
        x = p.jwk["x"]
        good = p.proof("POST", url)
        now = int(time.time())
        proofs = {
            "no token": "x", "two parts": ".".join(good.split(".")[:2]), "four parts": good + ".x", "padding": good + "=",
            "typ missing": p.proof("POST", url, header={"typ": None}), "typ JWT": p.proof("POST", url, header={"typ": "JWT"}),
            "alg none": p.proof("POST", url, header={"alg": "none"}, signature=""),
            "alg nOnE": p.proof("POST", url, header={"alg": "nOnE"}, signature=""),
            "alg HS256": p.proof("POST", url, header={"alg": "HS256"}, sign=hmac_sign(json.dumps(p.jwk).encode())),
            "symmetric key": p.proof("POST", url, header={"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}, sign=hmac_sign(b"\0\0\0")),
            "alg of another key": p.proof("POST", url, header={"alg": "RS256"}),
            "no jwk": p.proof("POST", url, header={"jwk": None}), "private jwk": p.proof("POST", url, header={"jwk": private}),
            "jwk off the curve": p.proof("POST", url, header={"jwk": dict(p.jwk, y=x)}),
            "jwk of somebody else": p.proof("POST", url, header={"jwk": rsa.jwk, "alg": "RS256"}),
            "crit": p.proof("POST", url, header={"crit": ["x"], "x": 1}),
            "no jti": p.proof("POST", url, jti=None), "empty jti": p.proof("POST", url, jti=""), "long jti": p.proof("POST", url, jti="x" * 300),
            "jti a number": p.proof("POST", url, jti=7),
            "no htm": p.proof("POST", url, htm=None), "wrong htm": p.proof("GET", url), "htm in lower case": p.proof("post", url),
            "no htu": p.proof("POST", url, htu=None), "wrong htu": p.proof("POST", url + "/x"),
            "htu elsewhere": p.proof("POST", "https://evil.example/oauth/token"),
            "no iat": p.proof("POST", url, iat=None), "iat a string": p.proof("POST", url, iat=str(now)),
            "too old": p.proof("POST", url, iat=now - 400), "from the future": p.proof("POST", url, iat=now + 120),
            "nonce a number": p.proof("POST", url, nonce=7),
            "broken signature": good[:-6] + ("AAAAAA" if good[-6:] != "AAAAAA" else "BBBBBB"),
            "signature of another": p.proof("POST", url, sign=Prover(self.s).sign),
        }
        self.assertGreaterEqual(len(proofs), 25)
        for what, proof in proofs.items():
            with self.subTest(what=what):
                answer = p.token(self.w.service, "client_credentials", proof=proof)
                self.assertEqual((answer.status_code, answer.json().get("error")), (400, "invalid_dpop_proof"), answer.text)
        self.assertEqual(p.token(self.w.service, "client_credentials", proof=p.proof("POST", url + "?x=1#y")).status_code, 200)  # 4.3 9
        self.assertEqual(p.token(self.w.service, "client_credentials", proof=good).status_code, 200)
        self.assertEqual(p.token(self.w.service, "client_credentials", proof=good).json()["error"], "invalid_dpop_proof")

    def test_two_proofs_are_none(self):
        import http.client
        import ssl
        import urllib.parse
        at = urllib.parse.urlsplit(self.s.url)
        connection = http.client.HTTPSConnection(at.hostname, at.port, context=ssl.create_default_context(cafile=self.s.ca), timeout=20)
        body = "grant_type=client_credentials"
        connection.putrequest("POST", "/oauth/token")
        connection.putheader("Authorization", basic(self.w.service.id, self.w.service.secret))
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", str(len(body)))
        for _ in range(2):
            connection.putheader("DPoP", self.p.proof("POST", self.s.url + "/oauth/token"))
        connection.endheaders(body.encode())
        self.assertEqual(connection.getresponse().status, 400)
        connection.close()

    def test_DP_04_a_public_clients_refresh_token_is_its_keys(self):
        w, p, thief = self.w, Prover(self.s), Prover(self.s)
        p.nonce = thief.nonce = self.p.nonce
        from harness import pkce
        verifier, challenge = pkce()
        code = Browser(self.s).authorize(w.native, w.alice, code_challenge=challenge, code_challenge_method="S256")["code"]
        spoiled = p.token(w.native, "authorization_code", auth="id", code=code, redirect_uri=w.native.redirect, code_verifier=verifier,
                          proof="x")
        self.assertEqual(spoiled.json()["error"], "invalid_dpop_proof")  # and the code is not spent
        tokens = p.token(w.native, "authorization_code", auth="id", code=code, redirect_uri=w.native.redirect, code_verifier=verifier).json()
        self.assertEqual(tokens["token_type"], "DPoP")
        refresh = tokens["refresh_token"]
        self.assertEqual(thief.token(w.native, "refresh_token", auth="id", refresh_token=refresh).json()["error"], "invalid_grant")
        self.assertEqual(self.s.token(w.native, "refresh_token", auth="id", refresh_token=refresh).json()["error"], "invalid_grant")
        self.assertEqual(p.token(w.native, "refresh_token", auth="id", refresh_token=refresh).json()["token_type"], "DPoP")


class Nonces(unittest.TestCase):
    """DP-03, and what a process has forgotten when it starts again."""

    def test_nonces_are_demanded_handed_out_and_outlive_no_restart(self):
        s = Server(args=["--dpop-nonce", "on"])
        machine = s.client("Machine", "client_credentials")
        s.user("root", "--admin")
        s.start()
        p = Prover(s)
        url = s.url + "/oauth/token"
        first = s.token(machine, "client_credentials", headers={"DPoP": p.proof("POST", url)})
        self.assertEqual((first.status_code, first.json()["error"]), (400, "use_dpop_nonce"))
        p.learn(first)
        proof = p.proof("POST", url)
        good = s.token(machine, "client_credentials", headers={"DPoP": proof})
        self.assertEqual(good.status_code, 200)
        self.assertTrue(good.headers["DPoP-Nonce"])
        stale = s.token(machine, "client_credentials", headers={"DPoP": p.proof("POST", url, nonce="A" * 38)})
        self.assertEqual(stale.json()["error"], "use_dpop_nonce")
        plain = s.token(machine, "client_credentials")
        self.assertEqual((plain.status_code, plain.headers.get("DPoP-Nonce")), (200, None))
        token = good.json()["access_token"]
        there = p.call("GET", "/oauth/userinfo", token, proof=p.proof("GET", s.url + "/oauth/userinfo", token, nonce=None))
        self.assertEqual(there.status_code, 401)
        self.assertIn('error="use_dpop_nonce"', there.headers["WWW-Authenticate"])
        self.assertTrue(there.headers["DPoP-Nonce"])
        s.stop()
        s.start()
        again = s.token(machine, "client_credentials", headers={"DPoP": proof})
        self.assertNotEqual(again.status_code, 200)
        s.stop()

    def test_a_proof_is_not_good_again_after_a_restart(self):
        s = Server()
        machine = s.client("Machine", "client_credentials")
        s.user("root", "--admin")
        s.start()
        p = Prover(s)
        url = s.url + "/oauth/token"
        proof = p.proof("POST", url)  # nobody served this store before: nothing can have been forgotten
        self.assertEqual(s.token(machine, "client_credentials", headers={"DPoP": proof}).status_code, 200)
        s.stop()
        s.start()
        self.assertEqual(s.token(machine, "client_credentials", headers={"DPoP": proof}).json()["error"], "use_dpop_nonce")
        s.stop()


if __name__ == "__main__":
    unittest.main()
