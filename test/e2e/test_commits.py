# SPDX-License-Identifier: MIT
"""How often a person on the way from the login form to the code waits for the disk: jeton_store_commits_total counts it."""
import re
import time
import unittest

from harness import CALLBACK, Browser, Server, basic, pkce
from stores import ENGINE

# On PostgreSQL events follow what they tell of, in transactions that nobody waits for: one for the login, one for the code.
ASIDE = 0 if ENGINE == "sqlite" else 1


class Commits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server().start()
        cls.alice = cls.s.user("alice")
        cls.own = cls.s.client("Own", "authorization_code", redirect=CALLBACK, scope="openid profile",
                               options=["--first-party", "--id-token-signed-response-alg", "ES256"])
        cls.asks = cls.s.client("Asks", "authorization_code", redirect=CALLBACK, scope="openid profile")

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def commits(self):
        """Once nothing is waiting to be written: the events of the flow before are not of the next one."""
        end = time.monotonic() + 10
        while True:
            said = self.s.get("/metrics").text
            if re.search(r"^jeton_store_queued 0$", said, re.M) or time.monotonic() > end:
                return int(re.search(r"^jeton_store_commits_total (\d+)$", said, re.M).group(1))

    def pushed(self, client):
        verifier, challenge = pkce()
        answer = self.s.post("/oauth/par", {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid profile", "nonce": "n", "state": "s",
                                            "code_challenge": challenge, "code_challenge_method": "S256"},
                             headers={"Authorization": basic(client.id, client.secret)})
        self.assertEqual(answer.status_code, 201, answer.text)
        return "/oauth/authorize?client_id=%s&request_uri=%s" % (client.id, answer.json()["request_uri"]), verifier

    def waited(self, browser, client):
        """Commits from the login form to the code; then the code is good for an ID token."""
        address, verifier = self.pushed(client)
        browser.get(address)
        before = self.commits()
        code = browser.go_on(self.alice)["code"]
        after = self.commits()
        tokens = self.s.token(client, "authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=verifier)
        self.assertEqual(tokens.status_code, 200, tokens.text)
        self.assertIn("id_token", tokens.json())
        return after - before

    def test_from_the_login_form_to_the_code_it_is_two(self):
        self.waited(Browser(self.s), self.own)  # the first login of a server may learn something
        self.assertLessEqual(self.waited(Browser(self.s), self.own), 2 + 2 * ASIDE)

    def test_a_question_costs_nothing_more(self):
        self.waited(Browser(self.s), self.own)
        self.assertLessEqual(self.waited(Browser(self.s), self.asks), 2 + 2 * ASIDE)  # asked
        self.assertLessEqual(self.waited(Browser(self.s), self.asks), 2 + 2 * ASIDE)  # remembered

    def test_whoever_is_logged_in_waits_once(self):
        browser = Browser(self.s)
        self.waited(browser, self.own)
        self.assertLessEqual(self.waited(browser, self.own), 1 + ASIDE)


if __name__ == "__main__":
    unittest.main()
