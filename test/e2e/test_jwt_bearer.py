# SPDX-License-Identifier: MIT
"""The JWT bearer grant (RFC 7523 2.1) with an issuer whose key openssl made."""
import base64
import json
import os
import secrets
import subprocess
import time
import unittest

from harness import Failed, World

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER = "https://idp.example"


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Key:
    """RSA by openssl."""

    def __init__(self, folder, name):
        self.file = os.path.join(folder, name + ".pem")
        subprocess.run(["openssl", "genrsa", "-out", self.file, "2048"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.file, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
        self.jwk = {"kty": "RSA", "kid": name, "n": b64(bytes.fromhex(modulus.strip().split("=")[1])), "e": "AQAB"}
        self.name = name

    def sign(self, claims):
        text = b64(json.dumps({"alg": "RS256", "kid": self.name}).encode()) + "." + b64(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.file], input=text.encode(), check=True, capture_output=True).stdout
        return text + "." + b64(signature)


class JwtBearer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.s = s = cls.w.server
        cls.key, cls.stranger = Key(s.scratch, "idp"), Key(s.scratch, "stranger")
        cls.app = s.client("App", "jwt_bearer", scope="read write")
        jwks = os.path.join(s.scratch, "jwks.json")
        with open(jwks, "w") as f:
            json.dump({"keys": [cls.key.jwk]}, f)
        cls.jwks = jwks
        s.cli("user", "edit", "alice", "--email-verified", "true")
        s.cli("issuer", "add", ISSUER, "--jwks", jwks, "--subject-is", "email", "--client", cls.app.id, "--scope", "read", "--life-max", "120")

    def claims(self, **other):
        made = {"iss": ISSUER, "aud": self.s.url, "sub": "alice@example.org", "jti": secrets.token_hex(8), "exp": int(time.time()) + 60, **other}
        return {k: v for k, v in made.items() if v is not None}

    def bring(self, assertion, client=None, **fields):
        return self.s.token(client or self.app, GRANT, assertion=assertion, **fields)

    def refused(self, answer, error="invalid_grant", status=400):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)

    def test_an_assertion_becomes_a_token_once(self):
        assertion = self.key.sign(self.claims())
        answer = self.bring(assertion)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["scope"], "read")
        self.assertNotIn("refresh_token", answer.json())
        self.assertEqual(self.s.introspect(self.app, answer.json()["access_token"]).json()["sub"], self.w.alice.id)
        self.refused(self.bring(assertion))

    def test_refusals(self):
        for other in ({"aud": "https://other.example"}, {"iss": "https://other.example"}, {"sub": "nobody@example.org"}, {"sub": "alice"},
                      {"exp": int(time.time()) - 60}, {"exp": int(time.time()) + 3600}, {"jti": None}, {"exp": None}, {"sub": None}):
            self.refused(self.bring(self.key.sign(self.claims(**other))))
        self.refused(self.bring(self.stranger.sign(self.claims())))
        self.refused(self.bring("x"))
        self.refused(self.bring(self.key.sign(self.claims()), scope="write"), "invalid_scope")
        self.refused(self.bring(self.key.sign(self.claims()), client=self.w.service), "unauthorized_client")
        self.refused(self.s.token(self.app, GRANT), "invalid_request")

    def test_a_blocked_person_gets_nothing(self):
        self.s.user("gone", "--email", "gone@example.org", "--email-verified", "true")
        self.s.cli("user", "block", "gone")
        self.refused(self.bring(self.key.sign(self.claims(sub="gone@example.org"))))  # CVE-2026-1609

    def test_issuers_are_listed_and_judged(self):
        self.assertEqual([(i["issuer"], i["subject_is"], i["scopes"]) for i in self.s.cli("issuer", "list")], [(ISSUER, "email", ["read"])])
        with self.assertRaises(Failed):
            self.s.cli("issuer", "add", "https://b.example", "--jwks", self.jwks, "--subject-is", "email", "--client", "nosuch", "--scope", "read")
        self.s.cli("issuer", "add", "https://b.example", "--jwks", self.jwks, "--subject-is", "email", "--client", self.app.id, "--scope", "read")
        self.s.cli("issuer", "remove", "https://b.example")
        with self.assertRaises(Failed):
            self.s.cli("issuer", "remove", "https://b.example")


if __name__ == "__main__":
    unittest.main()
