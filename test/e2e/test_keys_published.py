# SPDX-License-Identifier: MIT
"""Keys are published for algorithms that something uses: readers that know no OKP fail on a set that holds one (AT-10)."""
import unittest

from harness import CALLBACK, World


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


if __name__ == "__main__":
    unittest.main()
