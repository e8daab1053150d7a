# SPDX-License-Identifier: MIT
"""Second factors: an authenticator app (RFC 6238, judged by oathtool) and recovery codes, at the login page and at every side door."""
import html
import re
import subprocess
import time
import urllib.parse

import unittest

from harness import CALLBACK, Browser, Failed, World, query_of, remember

MFA = "https://refeds.org/profile/mfa"
METHODS = "/account/sign-in-methods"


class App:
    """What is on the phone: each code is shown once, the next one is that of the next half minute."""

    def __init__(self, uri):
        self.uri = uri
        self.secret = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
        self.shown = 0

    def code(self, again=False):
        step = int(time.time()) // 30
        self.shown = self.shown if again else max(step, self.shown + 1)
        run = subprocess.run(["oathtool", "--totp", "--base32", "--now", f"@{self.shown * 30}", self.secret], capture_output=True, text=True, check=True)
        return run.stdout.strip()


def offered(browser):
    """The app from what the page shows: the key as text, which is what the QR code says too."""
    form = browser.form("offer")
    key = re.search(r'id="key"[^>]*value="([^"]+)"', browser.response.text).group(1).replace(" ", "")
    remember(key)
    qr = re.search(r'src="data:image/svg\+xml,([^"]+)"', browser.response.text)
    assert qr and "<path" in urllib.parse.unquote(html.unescape(qr.group(1)))
    return form, App("otpauth://totp/x?secret=" + key)


def add_app(browser, name="phone"):
    browser.get(METHODS + "/new")
    form, app = offered(browser)
    browser.submit(form, name=name, code=app.code())
    codes = re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){5})</code>", browser.response.text)
    remember(*codes)
    return app, codes


class SecondFactor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.s = cls.w.server

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def enrolled(self, name):
        person = self.s.user(name)
        browser = Browser(self.s)
        browser.login(person)
        app, codes = add_app(browser)
        self.assertEqual(browser.response.status_code, 200)
        return person, browser, app, codes

    def at_code(self, browser):
        self.assertTrue(browser.form("attempt").has("code"))

    def test_an_app_is_added_and_asked_for(self):
        person, browser, app, codes = self.enrolled("adds")
        self.assertEqual(len(set(codes)), 10)
        self.assertEqual(self.s.cli("user", "show", "adds")["second_factors"], ["totp", "recovery"])
        other = Browser(self.s)
        other.login(person)
        self.at_code(other)
        other.submit(other.form("attempt"), code=app.code(again=True))  # what was shown to add it opens nothing
        self.assertEqual(other.response.status_code, 401)
        self.at_code(other)
        other.submit(other.form("attempt"), code="000000")
        self.assertEqual(other.response.status_code, 401)
        code = app.code()
        other.submit(other.form("attempt"), code=code[:3] + " " + code[3:])
        self.assertTrue(other.logged_in())
        third = Browser(self.s)
        third.login(person)
        third.submit(third.form("attempt"), code=app.code(again=True))  # no code twice
        self.assertEqual(third.response.status_code, 401)

    def test_a_wrong_password_tells_nothing_of_factors(self):
        person, *_ = self.enrolled("quiet")
        plain = self.s.user("plain")
        pages = []
        for who in (person, plain):
            browser = Browser(self.s)
            browser.login(who, "wrong password of mine")
            self.assertEqual(browser.response.status_code, 401)
            pages.append(re.sub(r'value="[^"]*"', "", browser.response.text))
        self.assertEqual(pages[0], pages[1])

    def test_recovery_codes_work_once_and_are_counted(self):
        person, browser, _, codes = self.enrolled("lost")
        other = Browser(self.s)
        other.login(person)
        other.submit(other.form("attempt"), choose="recovery")
        self.at_code(other)
        other.submit(other.form("attempt"), code=codes[3].upper().replace("-", " "))
        self.assertTrue(other.logged_in())
        self.assertEqual(self.s.api("GET", f"/users/{person.id}/authenticators", self.w.whole(self.w.admin)).json()["recovery_codes"], 9)
        third = Browser(self.s)
        third.login(person)
        third.submit(third.form("attempt"), choose="recovery")
        third.submit(third.form("attempt"), code=codes[3])
        self.assertEqual(third.response.status_code, 401)
        other.get(METHODS)
        other.submit([f for f in other.page.forms if f.action.endswith("/account/recovery-codes")][0])
        fresh = re.findall(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){5})</code>", other.response.text)
        remember(*fresh)
        self.assertEqual(len(set(fresh) - set(codes)), 10)
        third.submit(third.form("attempt"), code=codes[4])  # those before are gone
        self.assertEqual(third.response.status_code, 401)

    def test_it_is_told_to_clients(self):
        person, _, app, _ = self.enrolled("told")
        web = self.s.client("Tells", "authorization_code", redirect=CALLBACK, scope="openid")
        browser = Browser(self.s)
        browser.get(browser.authorize_url(web, scope="openid", state="s"))
        browser.login(person)
        browser.submit(browser.form("attempt"), code=app.code())
        answer = browser.go_on(person)
        self.assertIn("code", answer, browser.response.text)
        tokens = self.s.token(web, "authorization_code", code=answer["code"], redirect_uri=CALLBACK).json()
        told = self.s.introspect(self.w.service, tokens["access_token"]).json()
        self.assertEqual(told["acr"], MFA)
        self.assertIn(MFA, self.s.get("/.well-known/openid-configuration").json()["acr_values_supported"])
        import base64
        import json
        claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
        self.assertEqual((claims["acr"], sorted(claims["amr"])), (MFA, ["mfa", "otp", "pwd"]))

    def test_the_password_grant_is_no_side_door(self):
        person, *_ = self.enrolled("grants")
        answer = self.s.token(self.w.house, "password", username="grants", password=person.password)
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"))
        self.s.cli("client", "edit", self.w.house.id, "--password-grant-single-factor")
        self.assertEqual(self.s.token(self.w.house, "password", username="grants", password=person.password).status_code, 200)
        self.s.cli("client", "edit", self.w.house.id, "--no-password-grant-single-factor")
        self.assertEqual(self.s.token(self.w.house, "password", username="grants", password=person.password).status_code, 400)

    def test_adding_ends_the_other_sessions(self):
        person = self.s.user("two-places")
        old = Browser(self.s)
        old.login(person)
        here = Browser(self.s)
        here.login(person)
        add_app(here)
        old.get("/account")
        self.assertFalse(old.logged_in())
        here.get("/account")
        self.assertTrue(here.logged_in())

    def test_removing_gives_the_password_back_its_place(self):
        person, browser, *_ = self.enrolled("removes")
        browser.get(METHODS)
        place = re.search(r'href="([^"]+/sign-in-methods/[0-9a-f-]{36}/remove)"', browser.response.text).group(1)
        stranger = Browser(self.s)
        stranger.login(self.s.user("stranger"))
        stranger.get(place)
        self.assertEqual(stranger.response.status_code, 404)
        browser.get(place)
        browser.submit([f for f in browser.page.forms if f.action.endswith("/remove")][0])
        self.assertEqual(self.s.cli("user", "show", "removes")["second_factors"], [])
        again = Browser(self.s)
        again.login(person)
        self.assertTrue(again.logged_in())

    def test_an_administrator_resets_with_a_reason(self):
        person, browser, *_ = self.enrolled("phoneless")
        whole = self.w.whole(self.w.admin)
        path = f"/users/{person.id}/authenticators"
        listed = self.s.api("GET", path, whole).json()
        self.assertEqual([row["kind"] for row in listed["authenticators"]], ["totp"])
        self.assertNotIn("secret", str(listed))
        self.assertEqual(self.s.api("POST", path + "/reset", whole, json={"reason": " "}).status_code, 422)
        self.assertEqual(self.s.api("POST", path + "/reset", person.pat(), json={"reason": "me"}).status_code, 403)
        self.assertEqual(self.s.api("POST", path + "/reset", whole, json={"reason": "called from the office phone"}).status_code, 204)
        self.assertIn("called from the office phone", str(self.s.events("user.factors_reset")))
        browser.get("/account")
        self.assertFalse(browser.logged_in())
        again = Browser(self.s)
        again.login(person)
        self.assertTrue(again.logged_in())
        with self.assertRaises(Failed):
            self.s.cli("user", "reset-factors", "phoneless", "--reason", "nothing left")

    def test_an_offer_of_another_browser_is_worth_nothing(self):
        one, two = self.s.user("offer-one"), self.s.user("offer-two")
        first, second = Browser(self.s), Browser(self.s)
        first.login(one)
        second.login(two)
        first.get(METHODS + "/new")
        form, app = offered(first)
        second.get(METHODS + "/new")
        mine, _ = offered(second)
        second.submit(mine, name="theirs", code=app.code(), offer=dict(form.fields)["offer"])
        self.assertEqual(self.s.cli("user", "show", "offer-two")["second_factors"], [])
        second.submit(mine, name="mine", code="123456")
        self.assertEqual(second.response.status_code, 422)
        self.assertEqual(self.s.cli("user", "show", "offer-two")["second_factors"], [])

class Guesses(unittest.TestCase):
    def test_guesses_at_the_code_are_throttled(self):
        w = World(env={})
        person = w.server.user("guessed")
        browser = Browser(w.server)
        browser.login(person)
        add_app(browser)
        other = Browser(w.server)
        other.login(person)
        for guess in range(12):
            other.submit(other.form("attempt"), code=f"{guess:06}")
            if other.response.status_code == 429:
                break
        self.assertEqual((other.response.status_code, other.form("attempt").has("code")), (429, True))
        w.server.stop_for_good()


class Required(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World(args=["--second-factor", "required"])
        cls.s = cls.w.server

    @classmethod
    def tearDownClass(cls):
        cls.s.stop_for_good()

    def test_everybody_adds_one_before_anything_else(self):
        person = self.s.user("newcomer")
        for path in ("/account", "/account/tokens", "/admin", "/oauth/device"):
            browser = Browser(self.s)
            browser.get(path)
            browser.login(person)
            self.assertIn(METHODS + "/new", browser.at, path)
        answer = self.s.token(self.w.house, "password", username="newcomer", password=person.password)
        self.assertEqual((answer.status_code, answer.json()["error"]), (400, "invalid_grant"))
        silent = Browser(self.s)
        silent.login(person)
        silent.get(silent.authorize_url(self.w.web, scope="read", prompt="none"))
        self.assertEqual(query_of(silent.outside)["error"], "interaction_required")
        flow = Browser(self.s)
        flow.get(flow.authorize_url(self.w.web, scope="read", state="s1"))
        flow.login(person)
        form, app = offered(flow)
        flow.submit(form, name="phone", code=app.code())
        flow.get(html.unescape(re.search(r'class="button" href="([^"]+)"', flow.response.text).group(1)))
        answer = flow.go_on(person)
        self.assertEqual(answer["state"], "s1")
        self.assertIn("code", answer)


if __name__ == "__main__":
    unittest.main()
