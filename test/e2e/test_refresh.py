# SPDX-License-Identifier: MIT
"""Refresh tokens: rotation, the retry that is no theft, family revocation (RF; contract 5); one winner in races (AC-04, RF-03)."""
import concurrent.futures
import json
import unittest

from harness import CALLBACK, Client, world
from stores import held, postgres_only


class Refresh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server

    def refresh(self, token, client=None, auth="basic", **fields):
        return self.s.token(client or self.w.trusted, "refresh_token", auth=auth, refresh_token=token, **fields)

    def ok(self, answer):
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def invalid_grant(self, answer):
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"), answer.text)

    def test_rotation(self):
        first = self.w.password_tokens(scope="read")
        second = self.ok(self.refresh(first["refresh_token"]))
        self.assertEqual(set(second), {"token_type", "expires_in", "access_token", "refresh_token", "scope"})
        self.assertNotEqual(first["refresh_token"], second["refresh_token"])
        self.assertNotEqual(first["access_token"], second["access_token"])
        self.assertEqual(second["scope"], "read")
        self.assertEqual(self.s.api("GET", "/users/me", second["access_token"]).status_code, 200)
        self.ok(self.refresh(second["refresh_token"]))

    def test_as_json_like_axios(self):
        first, c = self.w.password_tokens(), self.w.trusted
        self.ok(self.s.post("/oauth/token", json.dumps({"grant_type": "refresh_token", "refresh_token": first["refresh_token"],
                                                        "client_id": c.id, "client_secret": c.secret}),
                            headers={"Content-Type": "application/json", "Accept": "application/json, text/plain, */*"}))

    def test_RF_05_a_retry_is_not_a_theft(self):
        first = self.w.password_tokens()
        one = self.ok(self.refresh(first["refresh_token"]))
        two = self.ok(self.refresh(first["refresh_token"]))
        self.assertEqual(one["refresh_token"], two["refresh_token"])
        self.assertTrue(self.s.active(self.w.service, one["access_token"]))
        self.assertTrue(self.s.active(self.w.service, two["access_token"]))
        self.ok(self.refresh(one["refresh_token"]))

    def test_RF_02_old_one_after_its_successor_was_used_ends_the_family(self):
        first = self.w.password_tokens()
        second = self.ok(self.refresh(first["refresh_token"]))
        third = self.ok(self.refresh(second["refresh_token"]))
        self.invalid_grant(self.refresh(first["refresh_token"]))
        for tokens in (first, second, third):
            self.assertEqual(self.s.introspect(self.w.service, tokens["access_token"]).json(), {"active": False})
            self.invalid_grant(self.refresh(tokens["refresh_token"]))

    def test_RF_01_bound_to_the_client(self):
        first = self.w.password_tokens()
        self.invalid_grant(self.refresh(first["refresh_token"], self.w.every))
        self.invalid_grant(self.refresh(first["refresh_token"], self.w.web))

    def test_wrong_secret_is_invalid_client(self):
        first = self.w.password_tokens()
        answer = self.refresh(first["refresh_token"], Client(self.w.trusted.id, "wrong"))
        self.assertEqual((answer.status_code, answer.json()["error"]), (401, "invalid_client"))
        self.ok(self.refresh(first["refresh_token"]))

    def test_RF_06_scope_narrows_and_never_widens(self):
        first = self.w.password_tokens(scope="read write")
        narrow = self.ok(self.refresh(first["refresh_token"], scope="read"))
        self.assertEqual(narrow["scope"], "read")
        whole = self.ok(self.refresh(narrow["refresh_token"]))
        self.assertEqual(whole["scope"], "read write")
        little = self.w.password_tokens(scope="read")
        answer = self.refresh(little["refresh_token"], scope="read write")
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_scope"))
        self.ok(self.refresh(little["refresh_token"]))  # a refused request uses nothing up

    def test_no_refresh_when_told_so(self):
        client = self.s.client("Without", "password", options=["--no-refresh"])
        tokens = self.w.password_tokens(client=client)
        self.assertNotIn("refresh_token", tokens)

    def test_public_client_rotates_without_a_secret(self):
        from harness import Browser, pkce
        verifier, challenge = pkce()
        answer = Browser(self.s).authorize(self.w.native, self.w.alice, code_challenge=challenge, code_challenge_method="S256")
        tokens = self.s.token(self.w.native, "authorization_code", auth="id", code=answer["code"], redirect_uri=self.w.native.redirect,
                              code_verifier=verifier).json()
        self.ok(self.refresh(tokens["refresh_token"], self.w.native, auth="id"))

    # ---- races
    def race(self, attempts, go):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            return [f.result() for f in [pool.submit(go) for _ in range(attempts)]]

    def test_AC_04_hundred_at_once_one_winner(self):
        w = self.w
        code = self.s.code(w.web, w.alice)
        answers = self.race(100, lambda: self.s.token(w.web, "authorization_code", code=code, redirect_uri=CALLBACK))
        won = [a for a in answers if a.status_code == 200]
        self.assertEqual(len(won), 1)
        self.assertEqual({a.status_code for a in answers}, {200, 400})
        self.assertFalse(self.s.active(w.service, won[0].json()["access_token"]))  # replayed: all ended

    def test_RF_03_hundred_refreshes_at_once_one_successor(self):
        first = self.w.password_tokens()["refresh_token"]
        answers = self.race(100, lambda: self.refresh(first))
        self.assertEqual({a.status_code for a in answers}, {200})
        successors = {a.json()["refresh_token"] for a in answers}
        self.assertEqual(len(successors), 1)
        self.ok(self.refresh(successors.pop()))
        self.invalid_grant(self.refresh(first))

    @postgres_only("several write at once")
    def test_RF_03_all_that_read_the_row_before_one_of_them_changed_it_get_its_successor(self):
        first = self.w.password_tokens()["refresh_token"]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            with held(self.s.data, "SELECT count(*) FROM (SELECT 1 FROM grants FOR UPDATE) AS held") as waiting:
                answers = [pool.submit(lambda: self.refresh(first)) for _ in range(4)]
                waiting(4)
            answers = [a.result() for a in answers]
        self.assertEqual([a.status_code for a in answers], [200] * 4, [a.text for a in answers])
        self.assertEqual(len({a.json()["refresh_token"] for a in answers}), 1)
        self.ok(self.refresh(answers[0].json()["refresh_token"]))


if __name__ == "__main__":
    unittest.main()
