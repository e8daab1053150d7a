# SPDX-License-Identifier: MIT
"""What the token endpoint and userinfo tell of a person (OpenID Connect Core 2, 3.1.3, 5, 12; AT-03, AT-04, AT-13, AT-15, RF-11, TE-08)."""
import base64
import hashlib
import json
import time
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness import CALLBACK, Browser, basic, world


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(token, i):
    return json.loads(unb64(token.split(".")[i]))


class Told(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.rp = cls.s.client("Relying", "authorization_code", "refresh_token", "client_credentials", "password", redirect=CALLBACK,
                              scope="openid profile email address phone offline_access read")
        cls.tokens = cls.login(scope="openid profile email", nonce="n-0S6_WzA2Mj")

    @classmethod
    def login(cls, **parameters):
        return cls.s.tokens(cls.rp, cls.w.alice, **parameters)

    def verified(self, token):
        """The claims of an RS256 token that a published key signed (OpenID Connect Core 3.1.3.7)."""
        header = part(token, 0)
        self.assertEqual((header["alg"], set(header)), ("RS256", {"alg", "typ", "kid"}))
        key = next(k for k in self.s.get("/oauth/jwks").json()["keys"] if k["kid"] == header["kid"])
        public = rsa.RSAPublicNumbers(int.from_bytes(unb64(key["e"]), "big"), int.from_bytes(unb64(key["n"]), "big")).public_key()
        text, signature = token.rsplit(".", 1)
        public.verify(unb64(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return part(token, 1)

    def userinfo(self, token=None, method="GET", data=None, path="/oauth/userinfo", headers=None):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + token
        with self.s.http() as http:
            return http.request(method, self.s.url + path, headers=headers, data=data, timeout=20)

    def test_AT_13_the_id_token_is_whole(self):
        claims = self.verified(self.tokens["id_token"])
        now = time.time()
        self.assertEqual((claims["iss"], claims["sub"], claims["aud"], claims["nonce"]), (self.s.url, self.w.alice.id, self.rp.id, "n-0S6_WzA2Mj"))
        self.assertLess(abs(claims["iat"] - now), 60)
        self.assertEqual(claims["exp"] - claims["iat"], 3600)
        self.assertLessEqual(claims["auth_time"], claims["iat"])
        half = hashlib.sha256(self.tokens["access_token"].encode()).digest()[:16]
        self.assertEqual(unb64(claims["at_hash"]), half)
        self.assertEqual((type(claims["acr"]), claims["amr"]), (str, ["pwd"]))
        self.assertNotIn("sid", claims)  # for clients that hear of logouts
        self.assertNotIn("azp", claims)
        self.assertNotIn("email", claims)  # 5.4: told by userinfo

    def test_no_openid_no_id_token(self):
        self.assertNotIn("id_token", self.login(scope="read"))
        self.assertNotIn("id_token", self.s.token(self.rp, "client_credentials", scope="openid").json())  # TE-07

    def test_RF_11_a_refreshed_id_token_is_of_the_same_login(self):
        first = self.login(scope="openid", nonce="n2")
        answer = self.s.token(self.rp, "refresh_token", refresh_token=first["refresh_token"]).json()
        one, two = part(first["id_token"], 1), self.verified(answer["id_token"])
        for name in ("iss", "sub", "aud", "auth_time"):
            self.assertEqual(one[name], two[name], name)
        self.assertNotIn("nonce", two)
        self.assertEqual(unb64(two["at_hash"]), hashlib.sha256(answer["access_token"].encode()).digest()[:16])

    def test_AT_15_userinfo_by_every_lawful_way(self):
        token = self.tokens["access_token"]
        ways = [self.userinfo(token), self.userinfo(token, "POST"), self.userinfo(method="POST", data={"access_token": token})]
        for answer in ways:
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            told = answer.json()
            self.assertEqual((told["sub"], told["name"], told["preferred_username"], told["email"], told["email_verified"]),
                             (self.w.alice.id, "Alice Example", "alice", "alice@example.org", False))
            self.assertIsInstance(told["updated_at"], int)
            self.assertNotIn("phone_number", told)
            self.assertNotIn("password_hash", told)

    def test_AT_15_and_by_no_other(self):
        token = self.tokens["access_token"]
        self.assertEqual(self.userinfo(path="/oauth/userinfo?access_token=" + token).status_code, 401)
        self.assertEqual(self.userinfo(method="POST", path="/oauth/userinfo?access_token=" + token).status_code, 401)
        twice = self.userinfo(token, "POST", data={"access_token": token})
        self.assertEqual((twice.status_code, twice.json()["error"]), (400, "invalid_request"))
        wrong = self.userinfo("wrong")
        self.assertEqual((wrong.status_code, wrong.json()["error"]), (401, "invalid_token"))
        self.assertIn('Bearer realm="jeton", error="invalid_token"', wrong.headers["WWW-Authenticate"])
        narrow = self.userinfo(self.login(scope="read")["access_token"])
        self.assertEqual((narrow.status_code, narrow.json()["error"]), (403, "insufficient_scope"))
        self.assertIn('error="insufficient_scope"', narrow.headers["WWW-Authenticate"])
        self.assertEqual(self.userinfo(self.s.token(self.rp, "client_credentials", scope="read").json()["access_token"]).status_code,
                         401)  # TE-08

    def test_AT_04_no_credential_passes_for_another(self):
        w, s = self.w, self.s
        cookie = Browser(s)
        cookie.login(w.alice)
        session = next(c.value for c in cookie.http.cookies if c.name == "__Host-jeton")
        secret = self.rp.secret
        signed_userinfo = s.post("/oauth/introspect", {"token": self.tokens["access_token"]},
                                 headers={"Authorization": basic(w.service.id, w.service.secret),
                                          "Accept": "application/token-introspection+jwt"}).text
        code = s.code(self.rp, w.alice, scope="openid")
        wrong = {"id token": self.tokens["id_token"], "refresh token": self.tokens["refresh_token"], "code": code, "client secret": secret,
                 "session": session, "introspection answer": signed_userinfo}
        for what, credential in wrong.items():
            with self.subTest(what=what):
                self.assertEqual(self.userinfo(credential).status_code, 401)
                self.assertEqual(s.api("GET", "/users/me", credential).status_code, 401)
                if what != "refresh token":
                    self.assertEqual(s.introspect(self.rp, credential).json(), {"active": False})
                self.assertEqual(s.token(self.rp, "refresh_token", refresh_token=credential).json().get("error"),
                                 None if what == "refresh token" else "invalid_grant")
        for what, credential in {**wrong, "access token": self.tokens["access_token"]}.items():
            if what != "code":
                with self.subTest(what=what + " as a code"):
                    self.assertEqual(s.token(self.rp, "authorization_code", code=credential, redirect_uri=CALLBACK).json()["error"], "invalid_grant")

    def test_AT_03_a_token_for_a_resource_is_not_for_userinfo(self):
        self.s.cli("resource", "add", "https://oidc.example", "--name", "R", "--client", self.w.service.id, "--token-format", "jwt", "--alg", "ES256")
        tokens = self.login(scope="openid", resource="https://oidc.example")
        self.assertEqual(part(tokens["access_token"], 0)["typ"], "at+jwt")
        self.assertEqual(part(tokens["access_token"], 1)["aud"], "https://oidc.example")
        self.assertEqual(unb64(part(tokens["id_token"], 1)["at_hash"]), hashlib.sha256(tokens["access_token"].encode()).digest()[:16])
        self.assertEqual(self.userinfo(tokens["access_token"]).status_code, 401)

    def test_signed_introspection_is_a_jwt_of_its_own_kind(self):  # RFC 9701 5
        w = self.w
        answer = self.s.post("/oauth/introspect", {"token": self.tokens["access_token"]},
                             headers={"Authorization": basic(w.service.id, w.service.secret), "Accept": "application/token-introspection+jwt"})
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (200, "application/token-introspection+jwt"))
        self.assertEqual(part(answer.text, 0)["typ"], "token-introspection+jwt")
        claims = self.verified(answer.text)
        self.assertEqual((claims["iss"], claims["aud"], claims["token_introspection"]["active"]), (self.s.url, w.service.id, True))
        self.assertNotIn("exp", claims)
        self.assertNotIn("sub", claims)
        dead = self.s.post("/oauth/introspect", {"token": "x"},
                           headers={"Authorization": basic(w.service.id, w.service.secret), "Accept": "application/token-introspection+jwt"})
        self.assertEqual(self.verified(dead.text)["token_introspection"], {"active": False})

    def test_many_logins_at_once_each_get_their_own(self):
        from concurrent.futures import ThreadPoolExecutor
        refresh = [self.login(scope="openid", nonce="n%d" % i) for i in range(4)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda t: self.s.token(self.rp, "refresh_token", refresh_token=t["refresh_token"]).json(), refresh * 2))
        for answer in answers:
            claims = self.verified(answer["id_token"])
            self.assertEqual(unb64(claims["at_hash"]), hashlib.sha256(answer["access_token"].encode()).digest()[:16])


if __name__ == "__main__":
    unittest.main()
