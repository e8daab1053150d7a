# SPDX-License-Identifier: MIT
"""Every page in another language: the program with a catalogue that has each text in ⟦brackets⟧, from right to left. What a person can
read and what is neither a name, a time nor code must stand in brackets; so must what the API says, and nothing that OAuth says."""
import html.parser
import json
import os
import re
import subprocess
import time
import unittest
import urllib.parse

import harness
from harness import CALLBACK, ROOT, Browser, World, basic
from jwcrypto import jwk, jwt

VARIANT = os.environ.get("JETON_VARIANT", "release")
PSEUDO = os.path.join(ROOT, "build", VARIANT, "jeton-pseudo")
SILENT = {"script", "style", "code", "pre", "textarea", "bdi", "time"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
READ = ("title", "aria-label", "placeholder", "alt", "data-label", "data-confirm", "data-copy", "data-copied")
# Names and data: the program's, browsers', methods, scopes, words of the configuration.
DATA = re.compile(r"jeton|Python|\b[a-z_]+\.[a-z_]+\b|https?://\S+|\b[\w.-]+@[\w.-]+|\bES256\b|\bRS256\b|\bEdDSA\b|\bA256GCM\b|\b[a-z][a-z0-9.:*]*(?:[_-][a-z0-9.:]+)+\b|"
                  r"\b(?:python-requests|localhost|password|ciba|jwt|sealed|read|write|openid|profile|email|address|phone)\b|\bEurope/Paris\b")
NAMES = {"alice", "bob", "boss", "root", "Alice Example", "The Administrator", "Read your documents", "Change your documents", "Orders", "Web", "Signer"}


class Reader(html.parser.HTMLParser):
    """What a person reads, outside of brackets."""

    def __init__(self):
        super().__init__()
        self.open, self.depth, self.loose, self.links, self.root, self.times = [], 0, [], [], {}, []
        self.word = None  # the value of an option: what is chosen by its very word is code

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag == "html":
            self.root = named
        if tag == "a" and named.get("href", "").startswith("/"):
            self.links.append(named["href"])
        self.word = named.get("value") if tag == "option" else None
        if tag == "time":
            self.times.append(named.get("datetime", ""))
        for name in READ:
            value = named.get(name) or ""
            if value and not (name == "title" and value in NAMES):
                self.judge(re.sub("⟦.*?⟧", "", value))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def judge(self, text):
        rest = DATA.sub("", text).strip(" ·\n,;:.")
        if re.search(r"[^\W\d_]", rest) and rest not in NAMES:
            self.loose.append(text.strip())

    def handle_data(self, data):
        outside = ""
        for c in data:
            if c == "⟦":
                self.depth += 1
            elif c == "⟧":
                self.depth -= 1
            elif self.depth == 0:
                outside += c
        if not SILENT & set(self.open) and data.strip() != self.word:
            self.judge(outside)


def read(text):
    reader = Reader()
    reader.feed(text)
    return reader


class Languages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "BUILD=" + VARIANT, PSEUDO[len(ROOT) + 1:]], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        cls.usual, harness.BIN = harness.BIN, PSEUDO
        cls.w = World(env={"JETON_REGISTRATION": "open", "JETON_ADDRESS_TRIES": "100000", "JETON_ACCOUNT_TRIES": "3"})
        cls.s = cls.w.server
        cls.s.cli("resource", "add", "https://orders.example", "--name", "Orders")

    @classmethod
    def tearDownClass(cls):
        try:
            assert cls.s.stop() == 0
        finally:
            harness.BIN = cls.usual

    def browser(self, accept="qaa"):
        b = Browser(self.s)
        b.http.headers["Accept-Language"] = accept
        return b

    def whole(self, answer):
        reader = read(answer.text)
        self.assertEqual((reader.root.get("lang"), reader.root.get("dir")), ("qaa", "rtl"), answer.url)
        self.assertEqual(reader.loose, [], answer.url)
        return reader

    def walk(self, person, *begin):
        b = self.browser()
        b.login(person)
        due, seen = list(begin), set()
        while due:
            address = due.pop(0)
            shape = re.sub(r"[0-9a-f-]{36}|\?.*", "", address)
            if shape in seen or address.startswith("/assets/"):
                continue
            seen.add(shape)
            answer = b.get(address)
            self.assertEqual(answer.status_code, 200, address)
            due += self.whole(answer).links
        return seen

    def test_every_page_that_a_person_comes_to_is_in_their_language(self):
        self.s.tokens(self.w.web, self.w.alice, scope="read")
        self.w.alice.pat()
        seen = self.walk(self.w.alice, "/account", "/logout", "/login?again=1")
        self.assertGreater(len(seen), 9, seen)

    def test_every_page_that_an_administrator_comes_to_is_in_their_language(self):
        seen = self.walk(self.w.admin, "/admin", "/admin/registrations", "/admin/keys/rotate", "/admin/resources/edit?uri=https%3A%2F%2Forders.example",
                         "/admin/resources/remove?uri=https%3A%2F%2Forders.example", "/admin/scopes/remove?name=read",
                         "/admin/clients/%s" % self.w.web.id, "/admin/clients/%s/remove" % self.w.web.id, "/admin/users/%s" % self.w.bob.id,
                         "/admin/users/%s/remove" % self.w.bob.id)
        self.assertGreater(len(seen), 18, seen)

    def test_consent_asks_and_form_errors_complain_in_the_language(self):
        b = self.browser()
        b.login(self.w.bob)
        self.whole(b.get(b.authorize_url(self.w.web, scope="read write", resource="https://orders.example")))
        self.assertIn("⟦Service⟧", b.response.text)
        self.assertRegex(b.response.text, "⟦[0-5]:[0-9]+ (hours?|minutes?)⟧")
        b.get("/account")
        answer = b.submit(b.form("full_name"), full_name="x" * 300, zoneinfo="nowhere at all", birthdate="soon")
        self.assertEqual(answer.status_code, 422)
        self.whole(answer)
        self.assertIn("⟦⟦The full name⟧ must have 0 to 255 characters; it has 300.⟧", answer.text)

    def test_a_new_client_is_refused_in_the_language_with_its_arguments(self):
        b = self.browser()
        b.login(self.w.admin)
        b.get("/admin/new-client")
        answer = b.submit(b.form("redirect_uris"), name="", redirect_uris="ftp://x", contacts="", jwks="{}", client_uri="nothing")
        self.assertEqual(answer.status_code, 422)
        self.whole(answer)
        self.assertIn("⟦⟦The name⟧ is required.⟧", answer.text)
        self.assertIn("⟦`ftp://x` cannot be registered: ⟦", answer.text)

    def test_a_throttled_login_tells_the_time_and_the_right_plural(self):
        victim = self.s.user("victim")
        b = self.browser()
        b.get("/login")
        for _ in range(8):
            answer = b.login(victim, "wrong")
            self.whole(answer)
            if answer.status_code == 429:
                break
        self.assertEqual(answer.status_code, 429)
        self.assertRegex(answer.text, r'⟦[0-5]:Too many attempts\. Try again in \d+ (second|minute)s?, at <time datetime="[^"]+Z">[^<]+ UTC</time>\.⟧')

    def test_the_api_speaks_the_language_and_oauth_english(self):
        token = self.w.whole(self.w.admin)
        with self.s.http() as http:
            said = http.get(self.s.url + "/api/1.0/users?nonsense=1", timeout=20,
                            headers={"Authorization": "Bearer " + token, "Accept-Language": "de, qaa;q=0.5"}).json()
        self.assertEqual(said["message"], "⟦The given data was invalid.⟧")
        self.assertRegex(said["errors"]["query"][0], "^⟦The parameter nonsense is unknown here; .*⟧$")
        plain = self.s.api("GET", "/users?nonsense=1", token).json()
        self.assertEqual(plain["message"], "The given data was invalid.")
        self.assertRegex(plain["errors"]["query"][0], "^The parameter nonsense is unknown here; ")
        refused = self.s.token(self.w.service, "nothing", headers={"Accept-Language": "qaa"})
        self.assertEqual(refused.json()["error_description"], "This server does not know this grant_type; grant_types_supported in its metadata lists those that it supports.")
        with self.s.http() as http:
            lost = http.get(self.s.url + "/api/1.0/nosuch", headers={"Accept-Language": "qaa"}, timeout=20).json()
        self.assertEqual((lost["error"], lost["message"]), ("Not Found", "⟦Not Found⟧"))

    def test_ui_locales_go_before_the_header_and_last_over_a_login(self):
        b = self.browser("en")
        self.assertEqual(read(b.get("/login").text).root, {"lang": "en", "dir": "ltr"})
        self.whole(b.get("/login?ui_locales=xx+qaa-Latn+en"))
        b.get(b.authorize_url(self.w.web, scope="read", ui_locales="qaa"))
        self.assertIn("/login", b.at)
        self.whole(b.response)
        wrong = b.login(self.w.alice, "wrong")
        self.assertEqual(wrong.status_code, 401)
        self.whole(wrong)
        b.login(self.w.alice)
        self.whole(b.response) if not b.outside else None
        self.assertEqual(read(b.get("/account").text).root["lang"], "en")

    def signer(self):
        """A client that signs its requests."""
        key = jwk.JWK.generate(kty="EC", crv="P-256", kid="k1", use="sig", alg="ES256")
        path = os.path.join(self.s.scratch, "languages-jwks.json")
        with open(path, "w") as f:
            json.dump({"keys": [json.loads(key.export_public())]}, f)
        client = self.s.client("Signer", "authorization_code", redirect=CALLBACK, scope="read", options=["--jwks", path])
        claims = {"iss": client.id, "aud": self.s.url, "client_id": client.id, "response_type": "code", "redirect_uri": CALLBACK, "scope": "read",
                  "state": "s", "exp": int(time.time()) + 300, "ui_locales": "xx qaa"}
        token = jwt.JWT(header={"alg": "ES256", "kid": "k1"}, claims=claims)
        token.make_signed_token(key)
        return client, token.serialize()

    def login_and_consent(self, person, address):
        b = self.browser("en")
        b.get(address)
        self.assertIn("/login", b.at)
        self.whole(b.response)
        wrong = b.login(person, "wrong")
        self.assertEqual(wrong.status_code, 401)
        self.whole(wrong)
        b.login(person)
        self.assertIn("pending", b.response.text)
        self.whole(b.response)
        undecided = b.submit(b.form("pending"), button=None)
        self.assertEqual(undecided.status_code, 400)
        self.whole(undecided)
        return b

    def test_ui_locales_count_wherever_the_request_stands(self):
        client, signed = self.signer()
        fields = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "read", "state": "s"}
        pushed = [self.s.post("/oauth/par", form, headers={"Authorization": basic(client.id, client.secret)}).json()["request_uri"]
                  for form in ({**fields, "ui_locales": "xx qaa"}, {"request": signed}, fields)]
        people = (self.w.alice, self.w.bob, self.w.admin)
        for person, more in zip(people, ({"request_uri": pushed[0]}, {"request_uri": pushed[1]}, {"request": signed, "ui_locales": "en"})):
            with self.subTest(more=list(more)):
                b = self.login_and_consent(person, "/oauth/authorize?" + urllib.parse.urlencode({"client_id": client.id, **more}))
                self.assertNotIn("xx", b.at)  # PR-04: no parameter, but the language that was found
        b = self.browser("en")
        b.get("/oauth/authorize?" + urllib.parse.urlencode({"client_id": client.id, "request_uri": pushed[2], "ui_locales": "qaa"}))
        self.assertEqual(read(b.response.text).root["lang"], "en")  # PR-05: what stands beside a pushed request counts for nothing

    def test_the_metadata_names_the_languages(self):
        self.assertEqual(self.s.get("/.well-known/openid-configuration").json()["ui_locales_supported"], ["en", "qaa"])

    def test_unreadable_wishes_are_english(self):
        for wish in ("qaa;q=0", "q\x7f", "*", "qaaa", "-qaa", "qaa-", ",,,;;;", "x" * 5000, "zz," * 40 + "qaa"):
            b = self.browser("en")
            b.http.headers["Accept-Language"] = wish
            answer = b.get("/login")
            if answer.status_code == 200:
                self.assertEqual(read(answer.text).root["lang"], "en", wish)
            answer = b.get("/login?ui_locales=" + urllib.parse.quote(wish))
            if answer.status_code == 200:
                self.assertEqual(read(answer.text).root["lang"], "en", wish)

    def test_every_time_is_a_time_element_in_utc(self):
        b = self.browser("en")
        b.login(self.w.admin)
        for address in ("/account", "/account/sessions", "/admin/events", "/admin/keys", "/admin/users", "/admin/clients", "/admin/clients/%s" % self.w.web.id):
            text = b.get(address).text
            reader = read(text)
            self.assertTrue(reader.times, address)
            for exact in reader.times:
                self.assertRegex(exact, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertNotRegex(re.sub(r"<time .*?</time>|<code>.*?</code>", "", text), r"\d{4}-\d\d-\d\d \d\d:\d\d", address)


if __name__ == "__main__":
    unittest.main()
