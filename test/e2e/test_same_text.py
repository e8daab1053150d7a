# SPDX-License-Identifier: MIT
"""Text that is the same to a person is the same to us (RFC 8265), and what people compare by eye is compared by eye (UTS 39)."""
import unicodedata
import unittest

import requests

from harness import CALLBACK, Browser, Failed, Person, World, remember


class SameText(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World(env={"JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "1000", "JETON_REGISTRATION": "open", "JETON_REGISTRATION_TRIES": "1000"})
        cls.s = cls.w.server

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def test_a_password_is_the_same_from_every_keyboard(self):
        typed = "Zoë’s Straße über Ålesund"
        nfc, nfd, spaces = unicodedata.normalize("NFC", typed), unicodedata.normalize("NFD", typed), typed.replace(" ", "\u00a0")
        remember(nfc, nfd, spaces)
        for name, first in (("zoe1", nfc), ("zoe2", nfd), ("zoe3", spaces)):
            self.s.user(name, password=first)
            for again in (nfc, nfd, spaces):
                self.assertEqual(self.s.token(self.w.house, "password", username=name, password=again).status_code, 200, (name, again))
                browser = Browser(self.s)
                browser.login(Person(self.s, name, again, None))
                self.assertTrue(browser.logged_in(), (name, again))
            for wrong in (nfc.upper(), nfc + " ", nfc.replace("ë", "e"), nfc.replace("’", "'")):
                self.assertEqual(self.s.token(self.w.house, "password", username=name, password=wrong).status_code, 400, (name, wrong))

    def test_a_new_password_is_too(self):
        person = self.s.user("noel")
        token = self.w.password_tokens(person, self.w.house)["access_token"]
        nfd = unicodedata.normalize("NFD", "Noël liegt im Café")
        remember(nfd, unicodedata.normalize("NFC", nfd))
        self.assertEqual(self.s.api("PUT", "/users/" + person.id, token, json={"password": nfd, "current_password": person.password}).status_code, 204)
        self.assertEqual(self.s.token(self.w.house, "password", username="noel", password=unicodedata.normalize("NFC", nfd)).status_code, 200)
        token = self.s.token(self.w.house, "password", username="noel", password=nfd).json()["access_token"]
        same = self.s.api("PUT", "/users/" + person.id, token, json={"password": unicodedata.normalize("NFC", nfd), "current_password": nfd})
        self.assertEqual(same.status_code, 422)  # the same again is no change

    def register(self, name):
        return requests.post(self.s.url + "/oauth/register", json={"client_name": name, "redirect_uris": ["https://soft.example/cb"]}, verify=self.s.ca, timeout=20)

    def test_software_does_not_look_like_an_administrators_client(self):
        self.s.client("Bank of Houses", "authorization_code", redirect=CALLBACK)
        for name in ("House", "HOUSE", " House ", "Ho\u200buse", "Ho\u00aduse", "\uff28\uff4f\uff55\uff53\uff45", "H\u043euse", "Hous\u0435", "H0use", "\u202eHouse", "Ηouse",
                     "Bank  of Houses", "Bank of Нouses", "Bank\u00a0of Houses"):
            answer = self.register(name)
            there = [c["name"] for c in self.s.cli("client", "list")]
            if answer.status_code == 201:  # left out of what was registered, and never shown
                self.assertNotEqual(answer.json()["client_name"], name, name)
            self.assertNotIn(name, [n for n in there if n not in ("House", "Bank of Houses")], name)
        for name in ("Hausbank", "家", "Mouse", "Houses"):
            answer = self.register(name)
            self.assertEqual((answer.status_code, answer.json()["client_name"]), (201, name), answer.text)

    def test_administrators_clients_of_one_name(self):
        for name in ("house", "HOUSE ", "Ｈｏｕｓｅ"):
            with self.assertRaises(Failed):
                self.s.client(name, "password")
        self.s.client("Grouse", "password")

    def test_what_nobody_sees_and_what_turns_text_is_refused(self):
        admin = self.w.whole(self.w.admin)
        for bad in ("a\u202eb", "a\u2066b", "a\u200bb", "a\u00adb", "a\ufeffb", "a\u200fb", "a\u061cb", "a\u2028b"):
            for path, body in (("/clients", {"name": bad, "grants": ["password"]}), ("/scopes", {"name": "s1", "description": bad}), ("/users", {"username": "u1", "full_name": bad}),
                               ("/users/%s/tokens" % self.w.admin.id, {"name": bad})):
                answer = self.s.api("POST", path, admin, json=body)
                self.assertEqual(answer.status_code, 422, (path, bad, answer.text))
        made = self.s.api("POST", "/users", admin, json={"username": "persian", "full_name": "می\u200cخواهم"})  # a joiner that the script needs
        self.assertEqual(made.status_code, 201, made.text)

    def test_names_are_isolated_on_pages(self):
        self.s.client("تطبيق", "authorization_code", redirect=CALLBACK, scope="read")
        browser = Browser(self.s)
        browser.login(self.w.admin)
        browser.get("/admin/clients")
        self.assertIn("<bdi>تطبيق</bdi>", browser.response.text)


if __name__ == "__main__":
    unittest.main()
