# SPDX-License-Identifier: MIT
"""Two ways to the same place obey the same rules (LS-16): the current password at /account/password and over the API is checked as a login
is: the same counters, the same events, 429 with Retry-After."""
import unittest

from harness import Browser, World


class TwoWays(unittest.TestCase):
    def setUp(self):
        self.w = World(env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "3", "JETON_DEVICE_TRIES": "3"})
        self.s = self.w.server
        self.addCleanup(self.s.stop_for_good)

    def change(self, token, current):
        return self.s.api("PUT", "/users/" + self.w.alice.id, token, json={"current_password": current, "password": "another fine password 7"})

    def count(self, name, least=1):
        return len(self.s.events(name, least))

    def test_by_the_api(self):
        token = self.w.whole(self.w.alice)
        for _ in range(3):
            self.assertEqual(list(self.change(token, "wrong").json()["errors"]), ["current_password"])
        slow = self.change(token, "wrong")
        self.assertEqual(slow.status_code, 429, slow.text)
        self.assertGreater(int(slow.headers["Retry-After"]), 0)
        self.assertEqual(slow.json()["error"], "too_many_requests")
        self.assertEqual(self.s.token(self.w.trusted, "password", username="alice", password=self.w.alice.password).status_code, 429)  # one counter
        self.assertEqual(self.count("password_change.failed", 4), 4)

    def test_by_the_page(self):
        for _ in range(2):
            self.s.token(self.w.trusted, "password", username="alice", password="wrong")
        browser = Browser(self.s)
        browser.login(self.w.alice)
        for _ in range(3):
            browser.get("/account/password")
            browser.submit(browser.form("current"), current="wrong", password="another fine password 7")
            self.assertEqual(browser.response.status_code, 422)
        browser.get("/account/password")
        browser.submit(browser.form("current"), current=self.w.alice.password, password="another fine password 7")
        self.assertEqual(browser.response.status_code, 429)
        self.assertIn("Retry-After", browser.response.headers)
        self.assertIn("Too many wrong passwords", "".join(browser.page.text))
        self.assertGreaterEqual(self.count("password_change.failed", 4), 4)

    def test_a_success_gives_the_attempts_back(self):
        token = self.w.whole(self.w.alice)
        for _ in range(2):
            self.change(token, "wrong")
        self.assertEqual(self.change(token, self.w.alice.password).status_code, 204)
        for _ in range(2):
            self.assertEqual(self.s.token(self.w.trusted, "password", username="alice", password="wrong").status_code, 400)
        self.assertEqual(self.s.token(self.w.trusted, "password", username="alice", password="another fine password 7").status_code, 200)
        self.assertEqual(self.count("password_change.ok"), 1)


if __name__ == "__main__":
    unittest.main()
