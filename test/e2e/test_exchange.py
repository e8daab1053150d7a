# SPDX-License-Identifier: MIT
"""Token exchange (RFC 8693) under a client's policy."""
import base64
import json
import unittest

from harness import World

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPE = "urn:ietf:params:oauth:token-type:"
FILES = "https://files.example"


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Exchange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.s = s = cls.w.server
        cls.files = s.client("Files", "client_credentials", scope="read")
        s.cli("resource", "add", FILES, "--name", "Files", "--client", cls.files.id)
        cls.gate = s.client("Gate", "token_exchange", "client_credentials", scope="read write",
                            options=["--exchange-modes", "impersonation delegation", "--exchange-subjects", cls.w.trusted.id,
                                     "--exchange-audiences", FILES])

    def swap(self, token, **fields):
        return self.s.token(self.gate, GRANT, subject_token=token, **{"subject_token_type": TYPE + "access_token", **fields})

    def refused(self, answer, error, status=400):
        self.assertEqual((answer.status_code, answer.json()["error"]), (status, error), answer.text)

    def test_impersonation(self):
        token = self.w.password_tokens(scope="read")["access_token"]
        answer = self.swap(token)
        self.assertEqual(answer.status_code, 200, answer.text)
        body = answer.json()
        self.assertEqual((body["issued_token_type"], body["token_type"], body["scope"]), (TYPE + "access_token", "Bearer", "read"))
        self.assertNotIn("refresh_token", body)
        truth = self.s.introspect(self.gate, body["access_token"]).json()
        self.assertEqual((truth["sub"], truth["client_id"]), (self.w.alice.id, self.gate.id))
        self.refused(self.swap(token, scope="write"), "invalid_scope")

    def test_delegation_for_a_service_names_the_actor(self):
        actor = self.s.token(self.gate, "client_credentials").json()["access_token"]
        answer = self.swap(self.w.password_tokens()["access_token"], audience=self.files.id, actor_token=actor,
                           actor_token_type=TYPE + "access_token", requested_token_type=TYPE + "jwt")
        self.assertEqual(answer.status_code, 200, answer.text)
        said = claims(answer.json()["access_token"])
        self.assertEqual((said["aud"], said["sub"], said["act"]), (FILES, self.w.alice.id, {"sub": "client:" + self.gate.id}))
        self.assertTrue(self.s.events("token.delegated"))

    def test_the_grants_end_ends_it(self):
        tokens = self.w.password_tokens()
        token = self.swap(tokens["access_token"]).json()["access_token"]
        self.assertTrue(self.s.active(self.gate, token))
        self.s.revoke(self.w.trusted, tokens["refresh_token"])
        self.assertFalse(self.s.active(self.gate, token))
        self.refused(self.swap(tokens["access_token"]), "invalid_request")

    def test_policy(self):
        foreign = self.w.password_tokens(client=self.w.every)["access_token"]
        own = self.w.password_tokens()["access_token"]
        self.refused(self.swap(foreign), "invalid_request")
        self.refused(self.swap(own, resource="https://nosuch.example"), "invalid_target")
        self.refused(self.swap(own, audience="nosuch"), "invalid_target")
        self.refused(self.s.token(self.w.trusted, GRANT, subject_token=own, subject_token_type=TYPE + "access_token"), "unauthorized_client")
        self.refused(self.swap(self.w.alice.pat("--scope", "read")), "invalid_request")
        self.refused(self.swap("x" * 20000), "invalid_request")
        self.refused(self.swap(own, actor_token="", actor_token_type=TYPE + "access_token"), "invalid_request")  # CVE-2026-9704
        self.refused(self.swap(own, subject_token_type=TYPE + "saml2"), "invalid_request")


if __name__ == "__main__":
    unittest.main()
