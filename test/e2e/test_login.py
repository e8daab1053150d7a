# SPDX-License-Identifier: MIT
"""Login, sessions, cookies, CSRF, headers, throttling (LS, RL, AZ-20)."""
import concurrent.futures
import re
import unittest

from harness import CALLBACK, Browser, World, free_port, world


class Login(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = world()
        cls.s = cls.w.server

    def test_login_and_out(self):
        b = Browser(self.s)
        b.login(self.w.alice)
        self.assertTrue(b.logged_in())
        self.assertIn("Alice Example", b.response.text)
        b.submit(next(f for f in b.page.forms if f.action.endswith("/logout")))
        self.assertFalse(b.logged_in())

    def test_account_needs_a_login_and_comes_back(self):
        b = Browser(self.s)
        b.get("/account/tokens")
        b.login(self.w.alice)
        self.assertTrue(b.at.endswith("/account/tokens"), b.at)

    def test_LS_11_wrong_and_unknown_answer_alike(self):
        texts = []
        for name, word in (("alice", "wrong"), ("nobody-such", "wrong")):
            b = Browser(self.s)
            b.get("/login")
            b.submit(b.form("password"), username=name, password=word)
            self.assertIn("Error:", b.response.text)
            self.assertIn("error", b.page.ids)
            texts.append((b.response.status_code, "".join(b.page.text)))
        self.assertEqual(texts[0], texts[1])
        self.assertIn(texts[0][0], (200, 400, 401, 403, 422))

    def test_LS_02_cookie_attributes(self):
        b = Browser(self.s)
        b.get("/login")
        b.submit(b.form("password"), username="alice", password=self.w.alice.password)
        with self.s.http() as http:
            answer = http.get(self.s.url + "/login")
            for header in answer.raw.headers.getlist("Set-Cookie"):
                self.assertRegex(header, r"^__Host-")
                for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
                    self.assertIn(word, header)
                self.assertNotIn("Domain", header)
        for cookie in b.http.cookies:
            self.assertTrue(cookie.secure and cookie.name.startswith("__Host-"))

    def test_LS_01_a_new_session_at_login(self):
        b = Browser(self.s)
        b.get("/login")
        before = {c.name: c.value for c in b.http.cookies}
        b.login(self.w.alice)
        first = {c.name: c.value for c in b.http.cookies}
        self.assertFalse(set(before.values()) & set(first.values()))
        b.get("/login?again=1")
        b.login(self.w.alice)
        second = {c.name: c.value for c in b.http.cookies if c.name == "__Host-jeton"}
        self.assertNotEqual(first["__Host-jeton"], second["__Host-jeton"])
        answer = self.s.get("/account", headers={"Cookie": "__Host-jeton=" + first["__Host-jeton"]})
        self.assertEqual(answer.status_code, 303)

    def test_LS_06_login_needs_its_token(self):
        for csrf in (None, "", "x" * 43):
            b = Browser(self.s)
            b.get("/login")
            b.submit(b.form("password"), username="alice", password=self.w.alice.password, csrf=csrf)
            self.assertFalse(b.logged_in())

    def test_LS_06_token_of_another_browser(self):
        one, two = Browser(self.s), Browser(self.s)
        one.get("/login")
        two.get("/login")
        foreign = dict(one.form("password").fields)["csrf"]
        two.submit(two.form("password"), username="alice", password=self.w.alice.password, csrf=foreign)
        self.assertFalse(two.logged_in())

    def test_LS_06_foreign_origin_is_refused(self):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}):
            b = Browser(self.s)
            b.get("/login")
            b.submit(b.form("password"), username="alice", password=self.w.alice.password, headers=headers)
            with self.subTest(headers=headers):
                self.assertGreaterEqual(b.response.status_code, 400)
                self.assertFalse(b.logged_in())

    def test_LS_06_every_form_of_account_and_admin_is_closed(self):
        b = Browser(self.s)
        b.login(self.w.admin)
        for path in ("/account", "/account/password", "/account/tokens", "/account/sessions", "/admin/new-client", "/admin/new-user", "/admin/scopes", "/admin/keys"):
            b.get(path)
            for form in [f for f in b.page.forms if f.method == "post" and not f.action.endswith("/logout")]:
                with self.subTest(path=path, action=form.action):
                    self.assertTrue(form.has("csrf"))
                    b.at = self.s.url + path
                    b.submit(form, csrf="x" * 43)
                    self.assertGreaterEqual(b.response.status_code, 400)

    def test_AD_01_admin_pages_are_for_administrators(self):
        b = Browser(self.s)
        b.login(self.w.alice)
        for path in ("/admin", "/admin/clients", "/admin/users", "/admin/scopes", "/admin/resources", "/admin/events", "/admin/keys", "/admin/new-client",
                     "/admin/clients/" + self.w.web.id, "/admin/users/" + self.w.bob.id):
            with self.subTest(path=path):
                b.get(path)
                self.assertIn(b.response.status_code, (403, 404))
                self.assertIn("Error:", b.response.text)

    def test_LS_20_odd_cookies(self):
        for cookie in ("__Host-jeton=x", "__Host-jeton=; __Host-jeton=", "=", ";;;;", "a" * 7000, "__Host-jeton=" + "A" * 4000, "__Host-jeton=\xe9", "; ".join("a%d=b" % i for i in range(200)),
                       "__Host-jeton=jtn_se_" + "A" * 60, '__Host-jeton="x"', "__Host-jeton"):
            with self.subTest(cookie=cookie[:40]):
                answer = self.s.get("/login", headers={"Cookie": cookie.encode("latin-1")})
                self.assertIn(answer.status_code, (200, 400, 431))

    # ---- headers
    def pages(self):
        b = Browser(self.s)
        yield "login", b.get("/login")
        yield "error", b.get("/oauth/authorize?client_id=nosuch")
        yield "404", b.get("/nosuch")
        b.login(self.w.admin)
        for path in ("/account", "/account/password", "/account/tokens", "/account/applications", "/account/sessions", "/admin", "/admin/clients", "/admin/new-client",
                     "/admin/clients/" + self.w.web.id, "/admin/users", "/admin/new-user", "/admin/users/" + self.w.bob.id, "/admin/scopes", "/admin/resources",
                     "/admin/events", "/admin/keys"):
            yield path, b.get(path)
        client = self.s.client("For headers", "authorization_code", redirect=CALLBACK, scope="read") if not hasattr(self, "_c") else self._c
        yield "consent", b.get(b.authorize_url(client))

    def test_LS_07_LS_08_LS_10_headers_of_every_page(self):
        for name, answer in self.pages():
            with self.subTest(page=name):
                self.assertTrue(answer.headers["Content-Type"].startswith("text/html"), answer.headers)
                self.assertEqual(answer.status_code, {"404": 404, "error": answer.status_code}.get(name, 200))
                h = answer.headers
                self.assertEqual((h["X-Frame-Options"], h["X-Content-Type-Options"], h["Referrer-Policy"]), ("DENY", "nosniff", "no-referrer"))
                csp = h["Content-Security-Policy"]
                for word in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action"):
                    self.assertIn(word, csp)
                self.assertNotIn("unsafe", csp)
                self.assertNotIn("*", csp)
                self.assertIn("no-store", h["Cache-Control"])
                self.assertEqual(h["Cross-Origin-Opener-Policy"], "same-origin")
                self.assertNotIn("Server", h)
                self.assertNotRegex(answer.text, r'<(script|style)[^>]*>[^<]|\son[a-z]+="|\sstyle="|javascript:')
                self.assertFalse([u for u in re.findall(r'(?:src|href|action)="(https?:[^"]*)"', answer.text) if not u.startswith(self.s.url)])  # AZ-20

    def test_HSTS(self):
        port = free_port()
        own = World(args=["--issuer", "https://auth.example.org"], listen="127.0.0.1:%d" % port)
        with own.server.http() as http:
            answer = http.get("https://localhost:%d/login" % port, headers={"Host": "auth.example.org"}, allow_redirects=False)
        self.assertRegex(answer.headers.get("Strict-Transport-Security", ""), r"max-age=(3153600\d|[4-9]\d{7})")
        own.server.stop()

    # ---- password page through the pages
    def test_LS_12_password_rules(self):
        b = Browser(self.s)
        person = self.s.user("rules")
        b.login(person)
        for bad in ("short", "password123", "rules", "12345678"):
            with self.subTest(bad=bad):
                b.get("/account/password")
                form = next(f for f in b.page.forms if sum(k == "password" for k in f.types.values()) >= 2)
                values = {n: (person.password if "current" in n else bad) for n, k in form.types.items() if k == "password"}
                b.submit(form, **values)
                self.assertIn("rror", b.response.text)
        self.w.password_tokens(person)

    def test_LS_12_long_and_unicode_passwords(self):
        for i, word in enumerate(("пароль из многих слов и ещё немного", "x" * 64 + "y", "correct horse battery 🐎 staple", "a" * 200 + "b")):
            with self.subTest(word=word[:20]):
                self.s.user("uni%d" % i, password=word)
                answer = self.s.token(self.w.trusted, "password", username="uni%d" % i, password=word)
                self.assertEqual(answer.status_code, 200, answer.text)
                answer = self.s.token(self.w.trusted, "password", username="uni%d" % i, password=word[:-1])  # the 72-byte trap
                self.assertEqual(answer.status_code, 400)


class Throttle(unittest.TestCase):
    """RL: guessing is slowed by account and by address; the owner is not locked out for good. Short waits by settings."""

    @classmethod
    def setUpClass(cls):
        cls.w = World(env={"JETON_ACCOUNT_TRIES": "3", "JETON_ACCOUNT_DELAY": "4", "JETON_ACCOUNT_DELAY_MAX": "4", "JETON_ADDRESS_TRIES": "1000"})
        cls.s = cls.w.server

    @classmethod
    def tearDownClass(cls):
        cls.s.stop()

    def guess(self, name, word="wrong"):
        return self.s.token(self.w.trusted, "password", username=name, password=word)

    def test_RL_01_429_with_retry_after_and_it_heals(self):
        import time
        person = self.s.user("victim")
        answers = [self.guess("victim") for _ in range(3)]
        self.assertEqual({a.status_code for a in answers}, {400})
        answers = [self.guess("victim") for _ in range(2)]
        held = [a for a in answers if a.status_code == 429]
        self.assertTrue(held)
        self.assertEqual(held[0].json()["error"], "invalid_grant")
        self.assertGreaterEqual(int(held[0].headers["Retry-After"]), 1)
        self.assertEqual(self.guess("VICTIM", person.password).status_code, 429)  # RL-03: any spelling
        b = Browser(self.s)
        b.login(person)
        self.assertFalse(b.logged_in())  # LS-16: the page obeys the same count
        end, healed = time.monotonic() + 20, None
        while healed != 200 and time.monotonic() < end:
            answer = self.guess("victim", person.password)
            healed = answer.status_code
            time.sleep(int(answer.headers.get("Retry-After", 0)))
        self.assertEqual(healed, 200)  # RL-02

    def test_page_says_when_to_try_again(self):
        self.s.user("pageguess")
        b = Browser(self.s)
        for _ in range(6):
            b.get("/login")
            b.submit(b.form("password"), username="pageguess", password="wrong")
            if b.response.status_code == 429:
                break
        self.assertEqual(b.response.status_code, 429)
        self.assertIn("Retry-After", b.response.headers)
        self.assertIn("Error:", b.response.text)

    def test_RL_unknown_names_are_throttled_alike(self):
        self.assertIn(429, [self.guess("no-such-person").status_code for _ in range(6)])

    def test_RL_01_hundred_at_once_count_too(self):
        self.s.user("parallel")
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            codes = [f.result().status_code for f in [pool.submit(self.guess, "parallel") for _ in range(60)]]
        self.assertLessEqual(codes.count(400), 5, codes)
        self.assertLessEqual(set(codes), {400, 429, 503})

    def test_RL_02_known_device_is_apart(self):
        person = self.s.user("owner")
        b = Browser(self.s)
        b.login(person)
        b.get("/account")
        b.submit(next(f for f in b.page.forms if f.action.endswith("/logout")))
        for _ in range(6):
            self.guess("owner")
        b.login(person)
        self.assertTrue(b.logged_in())

    def test_RL_03_counts_survive_a_restart(self):
        own = World(env={"JETON_ACCOUNT_TRIES": "2", "JETON_ACCOUNT_DELAY": "600", "JETON_ACCOUNT_DELAY_MAX": "900"})
        for _ in range(4):
            last = own.server.token(own.trusted, "password", username="bob", password="wrong")
        self.assertEqual(last.status_code, 429)
        own.server.stop()
        own.server.start()
        last = own.server.token(own.trusted, "password", username="bob", password=own.bob.password)
        self.assertEqual(last.status_code, 429)
        own.server.stop()

    def test_RL_address(self):
        own = World(env={"JETON_ADDRESS_TRIES": "4", "JETON_ADDRESS_DELAY": "60", "JETON_ACCOUNT_TRIES": "100"})
        codes = [own.server.token(own.trusted, "password", username="n%d" % i, password="wrong", headers={"X-Forwarded-For": "9.9.9.%d" % i}).status_code
                 for i in range(8)]  # RL-04: a header from nobody we trust
        self.assertIn(429, codes)
        own.server.stop()


if __name__ == "__main__":
    unittest.main()
