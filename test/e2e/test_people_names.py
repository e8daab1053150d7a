# SPDX-License-Identifier: MIT
"""How people are called and reached: user names of any script (RFC 8265 UsernameCaseMapped), look-alike names (UTS 39), e-mail addresses without
regard to case, one verified address for one person, login with it (LS-21, LS-22, LS-11, LS-16, RL-01, RL-02, RL-03)."""
import json
import os
import sqlite3
import subprocess
import tempfile
import threading
import unicodedata
import unittest
from urllib.parse import quote

from harness import BIN, Browser, Failed, Person, Server, clean_environment
from stores import sqlite_only

NAMES = {  # as made: as others type it
    "Ада Лавлейс": ["ада лавлейс", "  АДА ЛАВЛЕЙС ", "Ада  Лавлейс"],
    "Nguyễn": [unicodedata.normalize("NFD", "NGUYỄN"), "nguyễn "],
    "李小龍": ["李小龍", "　李小龍"],
    "דוד בן": ["דוד בן", " דוד  בן"],
    "محمد١": ["محمد١"],
    "Straße": ["STRASSE", "straße", "STRAẞE"][1:],
    "Ｗｉｄｅ": ["wide", "WIDE", "ｗｉｄｅ"],
    "Müller@firma.de": ["müller@FIRMA.de"],
    "Two Words": ["two words", "TWO  WORDS "],
}


class People(unittest.TestCase):
    """A server with an administrator, an application for the password grant, and whom the class adds."""
    args, env = (), {}

    @classmethod
    def setUpClass(cls):
        cls.s = Server(args=cls.args, env={"JETON_ADDRESS_TRIES": "100000", **cls.env})
        cls.admin = cls.s.user("root", "--admin")
        cls.direct = cls.s.client("Direct", "password", options=["--first-party"])
        cls.add_people()
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def grant(self, name, password):
        return self.s.token(self.direct, "password", username=name, password=password)

    def administrator(self):
        return self.grant("root", self.admin.password).json()["access_token"]


class Names(People):
    env = {"JETON_ACCOUNT_TRIES": "1000"}

    @classmethod
    def add_people(cls):
        cls.people = {name: cls.s.user(name) for name in NAMES}

    def test_everybody_logs_in_however_they_type_it(self):
        for name, others in NAMES.items():
            for typed in [name, *others]:
                with self.subTest(name=name, typed=typed):
                    self.assertEqual(self.grant(typed, self.people[name].password).status_code, 200)
            browser = Browser(self.s)
            browser.login(Person(self.s, others[-1], self.people[name].password, None))
            self.assertTrue(browser.logged_in(), name)
            self.assertIn("<bdi>%s</bdi>" % unicodedata.normalize("NFC", name), browser.response.text)

    def test_what_is_another_name(self):
        for name, typed in (("Straße", "strasse"), ("Two Words", "twowords"), ("李小龍", "李小龙"), ("Ｗｉｄｅ", "wídé"), ("Two Words", "two\twords"), ("Two Words", "two\u00a0words")):
            with self.subTest(typed=typed):
                self.assertEqual(self.grant(typed, self.people[name].password).json()["error"], "invalid_grant")

    def test_the_name_is_told_as_it_was_made_everywhere(self):
        name = "Ада Лавлейс"
        person = self.people[name]
        self.assertEqual(self.s.cli("user", "show", "ада лавлейс")["username"], name)
        token = self.grant(name, person.password).json()["access_token"]
        self.assertEqual(self.s.api("GET", "/users/me", token).json()["username"], name)
        admin = self.administrator()
        self.assertEqual([u["username"] for u in self.s.api("GET", "/users?filter=" + quote("ЛАВЛ"), admin).json()["data"]], [name])
        browser = Browser(self.s)
        browser.login(self.admin)
        browser.get("/admin/users?filter=" + quote("лавлейс"))
        self.assertIn("<bdi>%s</bdi>" % name, browser.response.text)
        browser.get("/admin/users/" + person.id)
        self.assertIn(name, browser.response.text)
        self.s.cli("user", "edit", name, "--full-name", "Éva Ångström")
        for word in ("Éva", "Ångström", "NGSTR"):
            self.assertEqual([u["username"] for u in self.s.api("GET", "/users?filter=" + quote(word), admin).json()["data"]], [name], word)

    def test_names_that_are_refused_say_why(self):
        for bad, word in (("a%b", "any script"), ("a/b", "any script"), ("a\u200bb", "any script"), ("a\u00a0b", "any script"), ("\u202eabc", "any script"), ("ﬁnn", "any script"),
                          ("😀😀", "any script"), ("1דוד", "left to right"), ("דוadam", "left to right"), ("a\u200db", "joiner"), ("x", "2 characters"), ("ж" * 200, "255 bytes")):
            with self.subTest(bad=bad):
                with self.assertRaises(Failed) as refused:
                    self.s.cli("user", "add", bad, "--generate")
                self.assertIn(word, str(refused.exception))

    def test_the_same_name_is_taken(self):
        for taken in ("АДА лавлейс", "WIDE", unicodedata.normalize("NFD", "nguyễn"), "TWO words", "straße"):
            with self.subTest(taken=taken):
                with self.assertRaises(Failed) as refused:
                    self.s.cli("user", "add", taken, "--generate")
                self.assertIn("taken", str(refused.exception))

    def test_a_name_that_looks_like_anothers(self):
        self.s.cli("user", "add", "paypal", "--generate")
        self.s.cli("user", "add", "modern", "--generate")
        for alike in ("paypa1", "рaypal", "PAYPAl", "paypаl", "ρaypal", "rnodern", "Ｍodern1"[:-1]):
            with self.subTest(alike=alike):
                with self.assertRaises(Failed) as refused:
                    self.s.cli("user", "add", alike, "--generate")
                self.assertRegex(str(refused.exception), "looks like `(paypal|modern)`|taken")
        self.s.cli("user", "add", "paypa1", "--generate", "--allow-look-alike")
        event = self.s.events("user.added")[0]
        self.assertIn("may look like", event["detail"])
        self.s.cli("user", "edit", "paypa1", "--full-name", "Still to be changed")  # what is there can be edited
        with self.assertRaises(Failed):
            self.s.cli("user", "edit", "modern", "--username", "paypaI")
        self.s.cli("user", "add", "paypai", "--generate")
        with self.assertRaises(Failed):  # the same name but for case, and another look
            self.s.cli("user", "edit", "paypai", "--username", "paypaI")

    def test_the_look_alike_rule_in_the_api_and_on_the_page(self):
        self.s.cli("user", "add", "bill", "--generate")
        admin = self.administrator()
        answer = self.s.api("POST", "/users", admin, json={"username": "bi11"})
        self.assertEqual(answer.status_code, 422)
        self.assertIn("allow_look_alike", answer.text)
        self.assertEqual(self.s.api("POST", "/users", admin, json={"username": "bi11", "allow_look_alike": True}).status_code, 201)
        browser = Browser(self.s)
        browser.login(self.admin)
        browser.get("/admin/new-user")
        self.assertNotIn('name="allow_look_alike"', browser.response.text)
        browser.submit(next(f for f in browser.page.forms if f.has("full_name")), username="Ьill")
        self.assertEqual(browser.response.status_code, 422)
        self.assertIn("looks like", browser.response.text)
        browser.submit(next(f for f in browser.page.forms if f.has("full_name")), allow_look_alike="1")
        self.assertEqual(browser.response.status_code, 200, browser.response.text[:2000])
        self.assertEqual(self.s.cli("user", "show", "Ьill")["username"], "Ьill")

    def test_two_at_once(self):
        """One of two that look alike is made, never both."""
        admin = self.administrator()
        for i in range(6):
            results = []
            both = [threading.Thread(target=lambda name=name: results.append(self.s.api("POST", "/users", admin, json={"username": name}).status_code))
                    for name in ("racer%dO" % i, "racer%d0" % i)]
            for t in both:
                t.start()
            for t in both:
                t.join()
            self.assertEqual(sorted(results), [201, 422])


class Email(People):
    args = ("--login-with-email", "on")
    env = {"JETON_ACCOUNT_TRIES": "4", "JETON_ACCOUNT_DELAY": "600", "JETON_ACCOUNT_DELAY_MAX": "900"}

    @classmethod
    def add_people(cls):
        cls.ada = cls.s.user("ada", "--email", "Ada.Lovelace@Example.ORG", "--email-verified", "true")
        cls.bob = cls.s.user("bob", "--email", "bob@example.org")
        cls.zoe = cls.s.user("zoe", "--email", "zoë@exämple.org", "--email-verified", "true")

    def refused(self, word, *command):
        with self.assertRaises(Failed) as refused:
            self.s.cli(*command)
        self.assertIn(word, str(refused.exception))

    def test_a_verified_address_logs_in(self):
        for typed in ("ada", "ada.lovelace@example.org", "ADA.LOVELACE@EXAMPLE.ORG", " Ada.Lovelace@Example.ORG "):
            with self.subTest(typed=typed):
                self.assertEqual(self.grant(typed, self.ada.password).status_code, 200)
        for typed in ("zoë@exämple.org", unicodedata.normalize("NFD", "ZOË@EXÄMPLE.ORG")):
            self.assertEqual(self.grant(typed, self.zoe.password).status_code, 200)
        browser = Browser(self.s)
        browser.get("/login")
        self.assertIn("Username or e-mail address", browser.response.text)
        browser.login(Person(self.s, "ada.lovelace@example.org", self.ada.password, None))
        self.assertTrue(browser.logged_in())

    def test_letters_that_differ_are_other_mailboxes(self):
        """straße.de is not strasse.de: a domain of its own."""
        one = self.s.user("strasse", "--email", "otto@strasse.example", "--email-verified", "true")
        two = self.s.user("sharp.s", "--email", "otto@straße.example", "--email-verified", "true")
        for typed, right, wrong in (("OTTO@strasse.example", one, two), ("Otto@STRAẞE.example".replace("ẞ", "ß"), two, one)):
            self.assertEqual(self.grant(typed, right.password).status_code, 200, typed)
            self.assertEqual(self.grant(typed, wrong.password).json()["error"], "invalid_grant")
        self.assertEqual(self.grant("ﬀ@strasse.example", one.password).json()["error"], "invalid_grant")

    def test_RL_03_an_address_that_nobody_has_is_counted_alike(self):
        somebody = self.s.user("obrien", "--email", "O'Brien@example.org", "--email-verified", "true")
        for first, second in (("O'Brien@example.org", "o'brien@EXAMPLE.org"), ("O'Nobody@example.org", "o'nobody@EXAMPLE.org")):
            answers = [self.grant(typed, "wrong").status_code for typed in (first, second) * 3]
            self.assertEqual(answers, [400] * 4 + [429] * 2, first)
        self.assertEqual(self.grant("obrien", somebody.password).status_code, 429)

    def test_an_unverified_one_does_not(self):
        self.assertEqual(self.grant("bob@example.org", self.bob.password).json()["error"], "invalid_grant")
        blocked = self.s.user("blocked", "--email", "blocked@example.org", "--email-verified", "true")
        self.s.cli("user", "block", "blocked")
        self.assertEqual(self.grant("blocked@example.org", blocked.password).json(), self.grant("nobody@example.org", "x").json())

    def test_off_unless_it_is_set(self):
        s = Server()
        try:
            person = s.user("ada", "--email", "ada@example.org", "--email-verified", "true")
            direct = s.client("Direct", "password", options=["--first-party"])
            s.start()
            self.assertEqual(s.token(direct, "password", username="ada@example.org", password=person.password).json()["error"], "invalid_grant")
            self.assertEqual(s.token(direct, "password", username="ada", password=person.password).status_code, 200)
            self.assertNotIn("e-mail", s.get("/login").text)
        finally:
            s.stop()

    def test_RL_01_one_budget_for_name_and_address(self):
        person = self.s.user("guessed", "--email", "guessed@example.org", "--email-verified", "true")
        for typed in ("guessed", "guessed@example.org", "GUESSED", "Guessed@Example.org"):
            self.assertEqual(self.grant(typed, "wrong").status_code, 400)
        for typed in ("guessed", "guessed@example.org"):
            answer = self.grant(typed, person.password)
            self.assertEqual(answer.status_code, 429, typed)
            self.assertIn("Retry-After", answer.headers)
        for _ in range(4):  # RL-03: a name that nobody has, the same
            self.assertEqual(self.grant("never@example.org", "wrong").status_code, 400)
        self.assertEqual(self.grant("NEVER@example.org ", "wrong").status_code, 429)

    def test_two_people_cannot_share_a_verified_address(self):
        self.refused("verified e-mail address of `ada`", "user", "add", "eve", "--generate", "--email", "ada.lovelace@EXAMPLE.org", "--email-verified", "true")
        self.s.cli("user", "add", "mallory", "--generate", "--email", "ada.lovelace@example.org")  # given, and nobody says that it is so
        self.refused("verified e-mail address of `ada`", "user", "edit", "mallory", "--email-verified", "true")
        self.assertEqual(self.grant("ada.lovelace@example.org", self.ada.password).status_code, 200)
        admin = self.administrator()
        mallory = self.s.cli("user", "show", "mallory")["id"]
        answer = self.s.api("PUT", "/users/" + mallory, admin, json={"email_verified": True})
        self.assertEqual(answer.status_code, 422)
        self.assertIn("email", answer.text)

    def test_a_name_is_nobody_elses_address(self):
        self.refused("verified e-mail address of `ada`", "user", "add", "ADA.lovelace@example.org", "--generate")
        self.refused("verified e-mail address of `zoe`", "user", "add", "ZOË@exämple.org", "--generate")
        self.refused("verified e-mail address of `ada`", "user", "edit", "bob", "--username", "ada.lovelace@example.org")
        self.s.cli("user", "add", "name@example.org", "--generate", "--email", "name@example.org", "--email-verified", "true")  # the own one
        self.s.cli("user", "add", "squatter@example.org", "--generate")
        self.refused("username of `squatter@example.org`", "user", "add", "late", "--generate", "--email", "SQUATTER@example.org", "--email-verified", "true")

    def test_at_the_same_moment(self):
        """Two people's addresses become verified at once: one of them."""
        admin = self.administrator()
        for i in range(6):
            results = []
            both = [threading.Thread(target=lambda name=name: results.append(
                self.s.api("POST", "/users", admin, json={"username": name, "email": "race%d@example.org" % i, "email_verified": True}).status_code))
                for name in ("left%d.a" % i, "right%d.b" % i)]
            for t in both:
                t.start()
            for t in both:
                t.join()
            self.assertEqual(sorted(results), [201, 422])

    def test_a_person_who_moves_loses_the_verdict(self):
        mover = self.s.user("mover", "--email", "before@example.org", "--email-verified", "true")
        browser = Browser(self.s)
        browser.login(mover)
        browser.get("/account")
        browser.submit(browser.form("email"), email="bob@example.org")
        shown = self.s.cli("user", "show", "mover")
        self.assertEqual((shown["email"], shown.get("email_verified", False)), ("bob@example.org", False))
        self.assertEqual(self.grant("before@example.org", mover.password).status_code, 400)
        self.s.cli("user", "add", "next", "--generate", "--email", "before@example.org", "--email-verified", "true")  # it is free


def without_icu(folder):
    """An environment in which ICU's libraries cannot be loaded: the loader finds empty files first."""
    for name in ("libicui18n.so.72", "libicuuc.so.72"):
        with open(os.path.join(folder, name), "wb"):
            pass
    return {"LD_LIBRARY_PATH": folder}


def to_the_layout_before(database):
    with sqlite3.connect(database) as db:
        for line in ("DROP INDEX users_verified_email", "DROP INDEX users_email", "DROP INDEX users_skeleton", "ALTER TABLE users DROP COLUMN username_skeleton",
                     "ALTER TABLE users DROP COLUMN email_key", "ALTER TABLE users DROP COLUMN email_verified", "DELETE FROM migrations WHERE version >= 12",
                     *("ALTER TABLE %s DROP COLUMN %s" % (t, c) for t in ("sessions", "grants") for c in ("amr", "acr")),
                     "DROP TABLE authenticators", "DROP TABLE recovery_codes", "ALTER TABLE users DROP COLUMN second_factors",
                     "DELETE FROM counters WHERE name = 'authenticator'", "DROP TABLE changes", "DELETE FROM counters WHERE name = 'change'",
                     "UPDATE users SET claims = '{\"email_verified\":true,\"locale\":\"fr\"}' WHERE email <> ''"):
            db.execute(line)
    db.close()


@sqlite_only("there was no such layout elsewhere")
class Upgrade(unittest.TestCase):
    def test_people_from_before(self):
        """A store of the layout before: names keep their people; of a shared verified address the first keeps it, and the log says so."""
        s = Server()
        try:
            for name, email in (("ada", "same@example.org"), ("bob", "SAME@example.org"), ("eve@example.org", ""), ("carl", "Eve@Example.org"), ("dora", "dora@example.org")):
                s.cli("user", "add", name, "--generate", *(["--email", email] if email else []))
            database = os.path.join(s.data, "jeton.db")
            to_the_layout_before(database)
            done = subprocess.run([BIN, "user", "show", "ADA", "--data", s.data, "--json"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("no_longer_verified=2", done.stderr)
            told = {name: s.cli("user", "show", name) for name in ("ada", "bob", "carl", "dora")}
            self.assertEqual({n: t.get("email_verified", False) for n, t in told.items()}, {"ada": True, "bob": False, "carl": False, "dora": True})
            self.assertEqual({t["locale"] for t in told.values()}, {"fr"})
            with self.assertRaises(Failed) as refused:
                s.cli("user", "add", "dоra", "--generate")  # Cyrillic o
            self.assertIn("looks like `dora`", str(refused.exception))
            with self.assertRaises(Failed):
                s.cli("user", "edit", "bob", "--email-verified", "true")
            self.assertEqual(s.cli("check")["ok"], True)
        finally:
            s.stop()

    def old_store(self, *people):
        s = Server()
        self.addCleanup(s.stop)
        for name in people:
            s.cli("user", "add", name, "--generate", "--email", "%s@example.org" % name)
        to_the_layout_before(os.path.join(s.data, "jeton.db"))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        bare = clean_environment(**without_icu(folder.name))
        return s, lambda *args: subprocess.run([BIN, *args, "--data", s.data, "--json"], capture_output=True, text=True, timeout=60, env=bare)

    def test_without_icu_a_store_is_upgraded_and_people_are_blocked(self):
        """What ICU is needed for is refused and named; what an administrator must be able to do at any time goes on."""
        s, jeton = self.old_store("ada")
        shown = jeton("user", "show", "ADA")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("store.names_unlooked", shown.stderr)
        for word, blocked in (("block", True), ("unblock", False), ("block", True)):
            done = jeton("user", word, "ada")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(jeton("user", "show", "ada").stdout)["blocked"], blocked)
        refused = jeton("user", "add", "carl", "--generate")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("libicu72", refused.stderr)
        refused = jeton("user", "edit", "ada", "--zoneinfo", "Europe/Paris")
        self.assertIn("libicu72", refused.stderr)
        self.assertNotIn("zoneinfo", s.cli("user", "show", "ada"))
        self.assertIn("libicu72", jeton("check").stderr)
        self.assertTrue(s.cli("user", "show", "ada")["blocked"])
        self.assertEqual(s.cli("check")["ok"], True)

    def test_a_store_whose_names_need_icu_waits_for_it_unchanged(self):
        s, jeton = self.old_store("ada", "Ädä")
        refused = jeton("user", "show", "ada")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("install the package libicu72", refused.stderr)
        with sqlite3.connect(os.path.join(s.data, "jeton.db")) as db:
            self.assertEqual(db.execute("SELECT max(version) FROM migrations").fetchone()[0], 11)
        db.close()
        self.assertEqual(s.cli("user", "show", "ädä")["username"], "Ädä")
        self.assertEqual(s.cli("check")["ok"], True)


if __name__ == "__main__":
    unittest.main()
