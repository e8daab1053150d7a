# SPDX-License-Identifier: MIT
"""Standard claims (OpenID Connect Core 5.1): edited on the pages, over the API and by command, seen by applications; who may say that an
address is verified (AD-04), edits that overtake each other (AD-05), and nothing left of a person who was removed (ST-06)."""
import html
import secrets
import unittest

from harness import Browser, Failed, world

ALL = {"given_name": "Ada", "family_name": "Lovelace", "middle_name": "King", "nickname": "Countess",
       "profile": "https://people.example/ada", "picture": "https://people.example/ada.png", "website": "http://ada.example/",
       "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "locale": "en-GB", "phone_number": "+44 20 7946 0000",
       "address": {"formatted": "12 St James's Square\nLondon", "street_address": "12 St James's Square", "locality": "London",
                   "region": "Greater London", "postal_code": "SW1Y 4JH", "country": "UK"}}


class Claims(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server
        cls.app = cls.s.client("Claims", "authorization_code", redirect="https://app.example/claims",
                               scope="openid profile email address phone")
        cls.admin = cls.w.admin.pat("--scope", "view-users edit-users create-users")

    def setUp(self):
        self.email = "first-%s@example.org" % secrets.token_hex(4)
        self.person = self.s.user("c" + secrets.token_hex(6), "--email", self.email)
        self.browser = Browser(self.s)

    def path(self):
        return "/users/" + self.person.id

    def seen(self):
        tokens = self.s.tokens(self.app, self.person, scope="openid profile email address phone")
        answer = self.s.get("/oauth/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_every_claim_goes_in_over_the_api_and_out_to_an_application(self):
        answer = self.s.api("PUT", self.path(), self.admin, json={**ALL, "email_verified": True, "phone_number_verified": True})
        self.assertEqual(answer.status_code, 204, answer.text)
        kept = self.s.api("GET", self.path(), self.admin).json()
        told = self.seen()
        for name, value in {**ALL, "email_verified": True, "phone_number_verified": True}.items():
            self.assertEqual((kept[name], told[name]), (value, value), name)
        self.assertEqual((told["preferred_username"], told["email"]), (self.person.name, self.email))
        self.assertIsInstance(told["updated_at"], int)
        shown = self.s.cli("user", "show", self.person.name)
        self.assertEqual((shown["address"], shown["email_verified"]), (ALL["address"], True))

    def test_wrong_forms_are_named_by_field_and_change_nothing(self):
        wrong = {"birthdate": "10.12.1815", "website": "javascript:alert(1)", "zoneinfo": "../x", "locale": "?", "phone_number": "call me",
                 "email_verified": "true", "address": {"planet": "Earth"}, "picture": 7}
        for name, value in wrong.items():
            answer = self.s.api("PUT", self.path(), self.admin, json={name: value, "nickname": "x"})
            self.assertEqual(answer.status_code, 422, (name, answer.text))
            self.assertIn(name, answer.text)
        self.assertNotIn("nickname", self.s.api("GET", self.path(), self.admin).json())

    def test_null_takes_a_claim_away(self):
        self.s.api("PUT", self.path(), self.admin, json=ALL)
        self.assertEqual(self.s.api("PUT", self.path(), self.admin, json={"nickname": None, "address": None}).status_code, 204)
        kept = self.s.api("GET", self.path(), self.admin).json()
        self.assertNotIn("nickname", kept)
        self.assertNotIn("address", kept)
        self.assertEqual(kept["given_name"], "Ada")

    def test_an_edit_that_was_overtaken_is_refused(self):  # AD-05
        version = self.s.api("GET", self.path(), self.admin).json()["version"]
        self.assertEqual(self.s.api("PUT", self.path(), self.admin, json={"nickname": "a", "version": version}).status_code, 204)
        self.assertEqual(self.s.api("PUT", self.path(), self.admin, json={"nickname": "b", "version": version}).status_code, 409)
        self.assertEqual(self.s.api("GET", self.path(), self.admin).json()["nickname"], "a")

    def test_the_person_edits_the_own_page_but_vouches_for_nothing(self):  # AD-04
        self.s.cli("user", "edit", self.person.name, "--email-verified", "true")
        self.browser.get("/account")
        self.browser.login(self.person)
        self.browser.get("/account")
        form = self.browser.form("given_name")
        self.assertFalse(form.has("email_verified"))
        self.browser.submit(form, given_name='"><b>Eve', street_address="1 Road\r\nHouse", email_verified="true", phone_number_verified="true",
                            phone_number="+41 44 668 18 00")
        kept = self.s.api("GET", self.path(), self.admin).json()
        self.assertEqual((kept["given_name"], kept["email_verified"], kept["phone_number_verified"]), ('"><b>Eve', True, False))
        self.assertIn(html.escape('"><b>Eve', quote=False).replace('"', "&quot;"), self.browser.get("/account").text)
        self.browser.submit(self.browser.form("given_name"), email="second@example.org")
        self.assertFalse(self.s.api("GET", self.path(), self.admin).json()["email_verified"])

    def test_a_wrong_value_comes_back_as_it_was_typed(self):
        self.browser.get("/account")
        self.browser.login(self.person)
        self.browser.get("/account")
        answer = self.browser.submit(self.browser.form("given_name"), birthdate="yesterday", nickname="Kit")
        self.assertEqual(answer.status_code, 422)
        self.assertIn('value="yesterday"', answer.text)
        self.assertIn('value="Kit"', answer.text)
        self.assertIn("birthdate-problem", answer.text)

    def test_an_administrator_edits_them_on_the_page(self):
        self.browser.get("/admin/users/" + self.person.id)
        self.browser.login(self.w.admin)
        self.browser.get("/admin/users/" + self.person.id)
        self.browser.submit(self.browser.form("given_name"), given_name="Grace", email_verified="true")
        kept = self.s.api("GET", self.path(), self.admin).json()
        self.assertEqual((kept["given_name"], kept["email_verified"]), ("Grace", True))

    def test_commands_set_show_and_refuse(self):
        self.s.cli("user", "edit", self.person.name, "--given-name", "Ada", "--address-formatted", "here", "--phone-number-verified", "true")
        self.assertEqual(self.s.cli("user", "show", self.person.name)["given_name"], "Ada")
        with self.assertRaises(Failed) as refused:
            self.s.cli("user", "edit", self.person.name, "--birthdate", "1815-02-30")
        self.assertIn("birthdate", refused.exception.err)
        self.s.cli("user", "edit", self.person.name, "--given-name", "")
        self.assertNotIn("given_name", self.s.cli("user", "show", self.person.name))


if __name__ == "__main__":
    unittest.main()
