# SPDX-License-Identifier: MIT
"""Keys are published for algorithms that something uses: readers that know no OKP fail on a set that holds one (AT-10)."""
import json
import os
import subprocess
import unittest

from harness import CALLBACK, E2E, ROOT, World, clean_environment


class KeysPublished(unittest.TestCase):
    def setUp(self):
        self.w = World()
        self.s = self.w.server
        self.addCleanup(self.s.stop_for_good)

    def algs(self):
        return [k["alg"] for k in self.s.get("/oauth/jwks").json()["keys"]]

    def test_AT_10_what_something_uses(self):
        self.assertEqual(set(self.algs()), {"RS256"})
        resource = "https://files.example"
        self.s.cli("resource", "add", resource, "--name", "Files", "--alg", "ES256")
        self.assertEqual(set(self.algs()), {"RS256", "ES256"})
        client = self.s.client("Ed", "authorization_code", redirect=CALLBACK, scope="openid", options=["--id-token-signed-response-alg", "EdDSA"])
        algs = self.algs()
        self.assertEqual(set(algs), {"RS256", "ES256", "EdDSA"})
        self.assertEqual(algs[0], "RS256")  # first, for readers that try one after the other
        self.assertTrue(self.s.tokens(client, self.w.alice, scope="openid")["id_token"])
        self.s.cli("client", "remove", client.id)
        self.assertEqual(set(self.algs()), {"RS256", "ES256"})
        self.s.client("Bank", "client_credentials", options=["--profile", "fapi2-security", "--auth-method", "private_key_jwt", "--jwks-uri", "https://bank.example/jwks"])
        self.s.cli("resource", "remove", resource)
        self.assertEqual(set(self.algs()), {"RS256", "ES256"})
        meta = self.s.get("/.well-known/openid-configuration").json()
        self.assertLessEqual({"RS256", "ES256", "EdDSA"}, set(meta["id_token_signing_alg_values_supported"]))  # what may be registered


    def judged(self, library, token, audience, alg="RS256"):
        return subprocess.run([os.path.join(ROOT, "build", "judges", "bin", "python"), os.path.join(E2E, "samples", "verify_jose.py"), library,
                               self.s.url + "/oauth/jwks", audience, self.s.url, alg], input=token, text=True, capture_output=True, timeout=60, env=clean_environment(CA=self.s.ca))

    def test_readers_that_try_the_whole_set(self):
        """python-jose tries the keys in their order and gives up at one of another type; PyJWT takes the one of the token's kid."""
        client = self.s.client("Reader", "authorization_code", redirect=CALLBACK, scope="openid")
        token = self.s.tokens(client, self.w.alice, scope="openid")["id_token"]
        forged = token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")
        for more in (None, "ES256", "EdDSA"):
            if more:
                self.s.cli("resource", "add", "https://%s.example" % more.lower(), "--name", more, "--alg", more)
            for library in ("python-jose", "PyJWT"):
                with self.subTest(library=library, beside=more):
                    told = self.judged(library, token, client.id)
                    self.assertEqual(told.returncode, 0, told.stderr)
                    self.assertEqual(json.loads(told.stdout)["aud"], client.id)
                    self.assertNotEqual(self.judged(library, forged, client.id).returncode, 0)
                    self.assertNotEqual(self.judged(library, token, "somebody-else").returncode, 0)
        service = self.s.client("Signer", "client_credentials", scope="read")
        signed = self.s.token(service, "client_credentials", resource="https://es256.example", scope="read").json()["access_token"]
        self.assertEqual(self.judged("PyJWT", signed, "https://es256.example", "ES256").returncode, 0)


if __name__ == "__main__":
    unittest.main()
